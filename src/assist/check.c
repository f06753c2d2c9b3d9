/*
 * What must not reach a reader, whoever talked the model into it: links that
 * are not ours, other people's numbers and addresses, what cannot be seen.
 */
#include <ctype.h>
#include <libpsl.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "assist_impl.h"
#include "base/text.h"
#include "base/unicode.h"

#define DIGITS		"0123456789"
#define CHARACTERS	1000	/* of an answer */
#define NUMBER_MIN	7	/* digits of a telephone number */
#define NUMBER_MAX	64
#define APART		6	/* bytes from one digit of it to the next */
#define WORD_SIZE	512
#define WORD_ENDS	" \t\r\n"
#define AROUND		"\"'()<>[]{},;!?*_"

/* What stands on both sides of a word in a sentence is no part of it. */
static bool
take_word(const char **at, char out[WORD_SIZE])
{
	size_t n, skip;

	*at += strspn(*at, WORD_ENDS);
	n = strcspn(*at, WORD_ENDS);
	if (n == 0)
		return false;
	skip = strspn(*at, AROUND);
	if (skip > n)
		skip = n;
	while (n > skip && strchr(AROUND ".:", (*at)[n - 1]) != NULL)
		n--;
	/* None that is ours is so long. */
	memcpy(out, *at + skip, n - skip < WORD_SIZE ? n - skip :
	    WORD_SIZE - 1);
	out[n - skip < WORD_SIZE ? n - skip : WORD_SIZE - 1] = '\0';
	*at += n + strcspn(*at + n, WORD_ENDS);
	return true;
}

/* Below [site] public_url, and not only beginning like it. */
static bool
is_ours(const struct config *c, const char *word)
{
	const char *url = config_string(c, "site", NULL, "public_url");
	size_t n;

	if (url == NULL)
		return false;
	n = strlen(url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	return n > 0 && strncmp(word, url, n) == 0 &&
	    (word[n] == '\0' || strchr("/?#", word[n]) != NULL) &&
	    strpbrk(word, "@\\") == NULL && strstr(word, "..") == NULL;
}

/* What stands between two dots of a host; telephones know the full-width ones. */
static bool
is_dot(UChar32 c)
{
	return c == '.' || c == 0x3002 || c == 0xff0e || c == 0xff61;
}

static bool
is_of_host(UChar32 c)
{
	return c == '-' || is_dot(c) || (c > 0 && u_isalnum(c));
}

/* A name of dots and letters: in a top-level domain that there is? */
static bool
is_host(char *host)
{
	const char *dot;

	for (char *p = host; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	for (size_t n = strlen(host); n > 0 && host[n - 1] == '.'; n--)
		host[n - 1] = '\0';
	dot = strrchr(host, '.');
	return dot != NULL && dot != host && dot[1] != '\0' &&
	    dot[1 + strspn(dot + 1, DIGITS)] != '\0' &&
	    psl_is_public_suffix2(psl_builtin(), dot + 1,
	    PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
}

/*
 * "clinic.com", "wa.me/52", and the same between quotation marks or dashes of
 * any script: those who make a link of it do not look for spaces.
 */
static bool
has_host(const char *word)
{
	char host[WORD_SIZE];
	int32_t at = 0, start, len = (int32_t)strlen(word);
	size_t n = 0;
	UChar32 c = 0;

	while (at < len) {
		start = at;
		U8_NEXT((const uint8_t *)word, at, len, c);
		if (is_dot(c))
			host[n++] = '.';
		else if (is_of_host(c)) {
			memcpy(host + n, word + start, (size_t)(at - start));
			n += (size_t)(at - start);
		}
		host[n] = '\0';
		if ((!is_of_host(c) || at == len) && is_host(host))
			return true;
		if (!is_of_host(c))
			n = 0;
	}
	return false;
}

/* Numbers of a net: "10.0.0.1/x". */
static bool
is_net_number(const char *word)
{
	int dots = 0;
	size_t n = strspn(word, DIGITS ".");

	for (size_t i = 0; i < n; i++)
		dots += word[i] == '.';
	return dots == 3 && (word[n] == '\0' || strchr("/:?#", word[n]));
}

/* "https://", "data:", "javascript:", but no "mañana:" or "9:30". */
static bool
has_scheme(const char *word)
{
	static const char *const schemes[] = { "data:", "javascript:", "tel:",
	    "sms:", "mailto:", "whatsapp:", "intent:", "geo:" };

	if (strstr(word, "//") != NULL || strstr(word, "\\\\") != NULL ||
	    strstr(word, "](") != NULL)
		return true;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(word, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return strncasecmp(word, "www.", 4) == 0;
}

/* With nothing of an address on either side: "a@b.mx" is not "ca@b.mx.org". */
static bool
has_address(const char *s, const char *word)
{
	static const char more[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_%+-";
	size_t n = strlen(word);
	const char *end;

	for (const char *p = s; (p = strcasestr(p, word)) != NULL; p++) {
		end = p + n + (p[n] == '.');
		if ((p == s || (strchr(more, p[-1]) == NULL &&
		    p[-1] != '.')) && (*end == '\0' ||
		    strchr(more, *end) == NULL))
			return true;
	}
	return false;
}

/* As it stands in the configuration or in the facts, in any case. */
static bool
is_known_address(const struct config *c, const char *facts, const char *word)
{
	static const char *const keys[][2] = { { "mail", "from" },
	    { "mail", "reply_to" }, { "links", "mailto" } };
	const char *s;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		s = config_string(c, keys[i][0], NULL, keys[i][1]);
		if (s != NULL && has_address(s, word))
			return true;
	}
	return strchr(word, '@') != word && has_address(facts, word);
}

/* The word as a whole stands in the facts, which the clinic wrote. */
static bool
is_in_facts(const char *facts, const char *word)
{
	size_t n = strlen(word);
	const char *p = facts;

	while ((p = strstr(p, word)) != NULL) {
		if ((p == facts || strchr(WORD_ENDS AROUND, p[-1]) != NULL) &&
		    (p[n] == '\0' || strchr(WORD_ENDS AROUND ".:", p[n]) !=
		    NULL))
			return true;
		p++;
	}
	return false;
}

static int
check_words(const struct config *c, const char *facts, const char *text,
    struct error *e)
{
	char word[WORD_SIZE];

	while (take_word(&text, word)) {
		if (is_ours(c, word) || is_in_facts(facts, word))
			continue;
		if (strchr(word, '@') != NULL && strchr(word, '.') != NULL) {
			if (!is_known_address(c, facts, word))
				return error_set(e, EX_DATAERR, "a mail "
				    "address that is not the clinic's");
		} else if (has_scheme(word) || has_host(word) ||
		    is_net_number(word))
			return error_set(e, EX_DATAERR, "a link that is not "
			    "ours");
	}
	return 0;
}

/*
 * Numbers
 */

/* The digits of a text, one after the other; where others stand is told. */
static void
add_digits(const char *s, struct buf *out)
{
	for (; *s != '\0'; s++)
		if (isdigit((unsigned char)*s))
			buf_char(out, *s);
		else if (strchr(" -.()+/", *s) == NULL)
			buf_char(out, '|');
	buf_char(out, '|');
}

/* All numbers that a reader may be given. */
static void
known_numbers(const struct config *c, const char *facts, struct buf *out)
{
	const char *name, *s;

	s = config_string(c, "site", NULL, "emergency");
	add_digits(s == NULL ? "" : s, out);
	for (size_t i = 0; (name = config_name(c, "channel", i)) != NULL;
	    i++) {
		s = config_string(c, "channel", name, "from");
		add_digits(s == NULL ? "" : s, out);
	}
	add_digits(facts, out);
}

/* Of this century, and of a month that there is; "5512-34-56" is neither. */
static bool
is_part_of_date(const char *s, int digits)
{
	int n = 0;

	for (int i = 0; i < digits; i++)
		n = 10 * n + (s[i] - '0');
	return digits == 4 ? n >= 1900 && n < 2100 : n >= 1 && n <= 31;
}

/* "24-11-2026", "2026-11-24", "24.11.2026", "24/11/2026" */
static size_t
date_length(const char *s)
{
	static const int shapes[][3] = { { 4, 2, 2 }, { 2, 2, 4 },
	    { 1, 2, 4 }, { 2, 1, 4 }, { 1, 1, 4 } };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const char *p = s;
		int k = 0;

		while (k < 3 && (int)strspn(p, DIGITS) == shapes[i][k] &&
		    is_part_of_date(p, shapes[i][k])) {
			p += shapes[i][k++];
			if (k < 3 && strchr("-./", *p) == NULL)
				break;
			p += k < 3;
		}
		if (k == 3)
			return (size_t)(p - s);
	}
	return 0;
}

/* Between two digits of one number: dashes and spaces of all kinds. */
static bool
is_between(UChar32 c)
{
	if (c < 0x80)
		return strchr(" -.()+/_*~|'\"`#\n\t", (int)c) != NULL;
	return !u_isalpha(c);
}

/* The digits of what may be a telephone number; how many bytes it is. */
static size_t
take_number(const char *s, char digits[NUMBER_MAX + 1])
{
	int32_t i = 0, end = 0, len = (int32_t)strlen(s);
	size_t n = 0;
	UChar32 c;

	while (i < len && n < NUMBER_MAX) {
		U8_NEXT((const uint8_t *)s, i, len, c);
		if (c >= '0' && c <= '9') {
			digits[n++] = (char)c;
			end = i;
		} else if (c < 0 || !is_between(c) || i > end + APART)
			break;
	}
	digits[n] = '\0';
	return (size_t)end;
}

static int
check_numbers(const struct config *c, const char *facts, const char *text,
    struct error *e)
{
	struct buf known = BUF_INIT(1024 * 1024);
	char digits[NUMBER_MAX + 1];
	size_t n;
	int rc = 0;

	known_numbers(c, facts, &known);
	for (; rc == 0 && *text != '\0'; text += n) {
		n = isdigit((unsigned char)*text) ? date_length(text) : 1;
		if (n > 0)
			continue;
		n = take_number(text, digits);
		if (strlen(digits) >= NUMBER_MIN &&
		    strstr(buf_text(&known), digits) == NULL)
			rc = error_set(e, EX_DATAERR, "a number that is not "
			    "the clinic's");
	}
	buf_release(&known);
	return rc;
}

/* Digits of another script, or of another shape, are read as numbers too. */
static bool
has_other_digits(const char *s)
{
	int32_t i = 0, len = (int32_t)strlen(s);
	UChar32 c;

	while (i < len) {
		U8_NEXT((const uint8_t *)s, i, len, c);
		if (c >= 0x80 && (u_isdigit(c) || u_charType(c) ==
		    U_OTHER_NUMBER) && c != 0xbd && c != 0xbc && c != 0xbe &&
		    c != 0xb2 && c != 0xb3 && c != 0xb9)
			return true;
	}
	return false;
}

/* U+200B within a name makes another one of it, that looks the same. */
static bool
has_unseen(const char *s)
{
	int32_t i = 0, len = (int32_t)strlen(s);
	UChar32 c;

	while (i < len) {
		U8_NEXT((const uint8_t *)s, i, len, c);
		if (c >= 0x80 && c != 0xa0 && c != 0xfe0f &&
		    text_is_unseen(c))
			return true;
	}
	return false;
}

int
check_text(struct config *c, const char *facts, const char *text,
    struct error *e)
{
	size_t len = strlen(text);
	const char *why = text_fault(text, len, false);

	if (why != NULL)
		return error_set(e, EX_DATAERR, "its text %s", why);
	if (text_is_blank(text, len))
		return error_set(e, EX_DATAERR, "an empty answer");
	if (has_unseen(text))
		return error_set(e, EX_DATAERR, "characters that nobody "
		    "sees");
	if (utf8_count(text, len) > CHARACTERS)
		return error_set(e, EX_DATAERR, "longer than %d characters",
		    CHARACTERS);
	if (has_other_digits(text))
		return error_set(e, EX_DATAERR, "digits that are not 0 to 9");
	if (check_words(c, facts, text, e) == -1)
		return -1;
	return check_numbers(c, facts, text, e);
}
