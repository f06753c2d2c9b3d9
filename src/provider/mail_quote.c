#include "mail_quote.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FOLDED		4	/* lines that an announcement is folded over */
#define ANNOUNCE_MAX	600	/* bytes of one */
#define HEAD		8	/* lines in which a head goes on */
#define ACROSS		20	/* bytes of a line that goes across the page */
#define DEVICE_MAX	100
#define NAME_MAX_LEN	60
#define DEVICE_WORDS	9
#define WIDE_COLON	"\xef\xbc\x9a"

/*
 * Lines
 */

/* Bytes of the blank at `s`, also one that does not break. */
static size_t
blank_at(const char *s, size_t len)
{
	if (len > 0 && isspace((unsigned char)*s))
		return 1;
	if (len > 1 && memcmp(s, "\xc2\xa0", 2) == 0)
		return 2;
	return len > 2 && (memcmp(s, "\xe2\x80\xaf", 3) == 0 ||
	    memcmp(s, "\xe2\x80\x8b", 3) == 0 ||
	    memcmp(s, "\xe2\x80\x8e", 3) == 0 ||
	    memcmp(s, "\xef\xbb\xbf", 3) == 0) ? 3 : 0;
}

static size_t
blank_before(const char *s, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++)
		if (blank_at(s + len - n, n) == n)
			return n;
	return 0;
}

struct mail_line
mail_line_at(const char *s)
{
	size_t n = strcspn(s, "\n"), blank;
	struct mail_line l = { .next = s + n + (s[n] == '\n') };

	while ((blank = blank_before(s, n)) > 0)
		n -= blank;
	while ((blank = blank_at(s, n)) > 0) {
		s += blank;
		n -= blank;
	}
	l.s = s;
	l.len = n;
	return l;
}

bool
mail_line_begins(const struct mail_line *l, const char *words)
{
	size_t n = strlen(words);

	return l->len >= n && strncasecmp(l->s, words, n) == 0;
}

static bool
ends(const char *s, size_t len, const char *words)
{
	size_t n = strlen(words);

	return len >= n && strncasecmp(s + len - n, words, n) == 0;
}

bool
mail_line_is_quoted(const struct mail_line *l)
{
	return l->len > 0 && (l->s[0] == '>' || mail_line_begins(l, "|>"));
}

/* Without what is at its ends: stars of bold type, dashes. */
static struct mail_line
stripped(struct mail_line l, const char *bytes)
{
	size_t blank;

	while (l.len > 0 && ((blank = blank_at(l.s, l.len)) > 0 ||
	    strchr(bytes, *l.s) != NULL)) {
		blank = blank > 0 ? blank : 1;
		l.s += blank;
		l.len -= blank;
	}
	while (l.len > 0 && ((blank = blank_before(l.s, l.len)) > 0 ||
	    strchr(bytes, l.s[l.len - 1]) != NULL))
		l.len -= blank > 0 ? blank : 1;
	return l;
}

/*
 * Announcements
 */

struct announcement {
	struct mail_line text;	/* without dashes around it, and the colon */
	bool colon, moment, address, verb, verb_last;
};

static bool
is_letter(unsigned char c)
{
	return isalpha(c) || c >= 0x80;
}

/* "12:00", "20/11", "18.30", "20h15", "2026", or a year of the far east. */
static bool
has_moment(const struct mail_line *l)
{
	const char *end = l->s + l->len;
	int digits = 0;

	for (const char *s = l->s; s < end; s++) {
		if (!isdigit((unsigned char)*s)) {
			digits = 0;
			continue;
		}
		digits++;
		if (digits <= 2 && end - s > 2 && strchr(":./-h", s[1]) !=
		    NULL && isdigit((unsigned char)s[2]))
			return true;
		if (digits == 4 && (s + 1 == end || !is_letter(
		    (unsigned char)s[1]) || (unsigned char)s[1] >= 0x80) &&
		    (strncmp(s - 3, "20", 2) == 0 ||
		    strncmp(s - 3, "19", 2) == 0))
			return true;
	}
	return false;
}

static bool
has_address(const struct mail_line *l)
{
	for (size_t i = 1; i + 1 < l->len; i++)
		if (l->s[i] == '@' && isgraph((unsigned char)l->s[i - 1]) &&
		    isalnum((unsigned char)l->s[i + 1]))
			return true;
	return false;
}

/* At its end, or as a word within it.  Chinese has no blanks. */
static void
find_verb(struct announcement *a)
{
	const char *end = a->text.s + a->text.len, *at;
	size_t n;

	for (size_t i = 0; mail_verbs[i] != NULL; i++) {
		n = strlen(mail_verbs[i]);
		for (at = a->text.s; (size_t)(end - at) >= n; at++) {
			if (strncasecmp(at, mail_verbs[i], n) != 0)
				continue;
			if ((unsigned char)*mail_verbs[i] < 0xe0 &&
			    ((at > a->text.s && is_letter((unsigned char)
			    at[-1]) && !ends(a->text.s, (size_t)(at -
			    a->text.s), "\xc2\xa0")) || (at + n < end &&
			    is_letter((unsigned char)at[n]))))
				continue;
			a->verb = true;
			a->verb_last |= at + n == end;
		}
	}
}

static bool
begins_with_word(const struct mail_line *l, const char *const *words)
{
	size_t n;

	for (; *words != NULL; words++) {
		n = strlen(*words);
		if (mail_line_begins(l, *words) && (l->len == n ||
		    blank_at(l->s + n, l->len - n) > 0 ||
		    (unsigned char)(*words)[0] >= 0xd7))
			return true;
	}
	return false;
}

static struct announcement
look_at(const char *s, size_t len)
{
	struct announcement a = { .colon = false };
	struct mail_line l = { .s = s, .len = len };

	l = stripped(l, "-*_");
	a.colon = ends(l.s, l.len, ":") || ends(l.s, l.len, WIDE_COLON);
	if (a.colon)
		l.len -= l.s[l.len - 1] == ':' ? 1 : strlen(WIDE_COLON);
	a.text = stripped(l, "*");
	a.moment = has_moment(&a.text);
	a.address = has_address(&a.text);
	find_verb(&a);
	return a;
}

static bool
announces(const struct announcement *a)
{
	size_t n = a->text.len;

	if (n == 0 || n > ANNOUNCE_MAX)
		return false;
	if (!a->colon)
		return a->verb_last && a->moment && a->address;
	if (a->verb_last)
		return a->moment || a->address;
	if (a->address && (a->verb || begins_with_word(&a->text,
	    mail_quotings)))
		return true;
	/* "30.09.2026, 18.30, "Sol" <citas@clinic.example>:" */
	if (a->moment && a->address && strchr(">)]", a->text.s[n - 1]) != NULL)
		return true;
	/* "Sol schrieb am 20.11.2026 um 12:00:", "Op 20-11 schreef Sol:" */
	return a->moment && a->verb && (isdigit((unsigned char)
	    a->text.s[n - 1]) || begins_with_word(&a->text, mail_openings));
}

/*
 * Whether what begins on the first of several lines has not begun on the
 * second, the first being the person's.
 */
static bool
begins_on_first(const struct mail_line *first, const char *rest, size_t len)
{
	struct announcement a = look_at(rest, len);

	/* No program begins with the address: above it stands the name. */
	if (a.text.len > 0 && a.text.s[0] == '<' && first->len <= NAME_MAX_LEN)
		return true;
	if (!announces(&a) || !a.moment)
		return memchr(first->s, '<', first->len) != NULL ||
		    memchr(first->s, '@', first->len) != NULL ||
		    has_moment(first) || begins_with_word(first,
		    mail_openings) || begins_with_word(first, mail_quotings);
	return begins_with_word(first, mail_openings) && has_moment(first) &&
	    !begins_with_word(&a.text, mail_openings);
}

int
mail_quote_announcement(const char *s)
{
	struct mail_line first = mail_line_at(s), l = first;
	char text[ANNOUNCE_MAX + 8];
	struct announcement a;
	size_t len = 0;

	for (int n = 1; n <= FOLDED && l.len > 0; n++) {
		/* ">:" is what was left of the address. */
		if (mail_line_is_quoted(&l) && (n == 1 || l.len > 3 ||
		    !ends(l.s, l.len, ":")))
			break;
		if (len + l.len + 2 > sizeof(text))
			break;
		if (n > 1 && l.s[0] != '>')
			text[len++] = ' ';
		memcpy(text + len, l.s, l.len);
		len += l.len;
		a = look_at(text, len);
		if (announces(&a) && (n == 1 || begins_on_first(&first,
		    text + first.len, len - first.len)))
			return n;
		l = mail_line_at(l.next);
	}
	return 0;
}

/*
 * Where on its line the announcement begins: "Sí On Fri, Sol wrote:", as some
 * telephones leave no line between.  A word that opens one, which is written
 * large and has no date, no address and no verb before it.
 */
size_t
mail_quote_lead(const struct mail_line *l)
{
	struct announcement a;
	size_t i = 0;

	for (const char *s = l->s; s + 1 < l->s + l->len; s++) {
		i = (size_t)(s + 1 - l->s);
		if (*s != ' ' && *s != '-')
			continue;
		if (!isupper((unsigned char)s[1]))
			continue;
		a = look_at(s + 1, l->len - i);
		if (a.moment && announces(&a) && begins_with_word(&a.text,
		    mail_openings))
			break;
		i = 0;
	}
	if (i == 0 || i + 1 >= l->len)
		return 0;
	a = look_at(l->s, i);
	return a.moment || a.address || a.verb || begins_with_word(&a.text,
	    mail_openings) ? 0 : i;
}

/* "2026/11/20 Sol <citas@clinic.example>", which says something above '>'. */
bool
mail_quote_is_dated(const struct mail_line *l)
{
	return l->len > 0 && isdigit((unsigned char)l->s[0]) && has_moment(l) &&
	    has_address(l) && l->s[l->len - 1] == '>';
}

/*
 * Heads
 */

/* The longest name that fits: "De la", not "De". */
static enum mail_field
field_at(const char *s, size_t len)
{
	enum mail_field found = MAIL_FIELD_NONE;
	struct mail_line l = { .s = s, .len = len }, rest;
	size_t n;

	l = stripped(l, "*");
	for (const struct mail_field_name *f = mail_field_names;
	    f->name != NULL; f++) {
		n = strlen(f->name);
		if (!mail_line_begins(&l, f->name))
			continue;
		rest = (struct mail_line){ .s = l.s + n, .len = l.len - n };
		rest = stripped(rest, "*");
		if (rest.len > 0 && (rest.s[0] == ':' || mail_line_begins(
		    &rest, WIDE_COLON)))
			found = f->field;
	}
	return found;
}

/* "From: Sol Sent: Friday To: Ana", as HTML without its lines comes out. */
static bool
has_more_fields(const struct mail_line *l)
{
	enum mail_field f;

	for (size_t i = 1; i < l->len; i++) {
		if (l->s[i - 1] != ' ' || l->s[i] == ' ')
			continue;
		f = field_at(l->s + i, l->len - i);
		if (f == MAIL_FIELD_DATE || f == MAIL_FIELD_SUBJECT)
			return true;
	}
	return false;
}

/* "<ana@example.net>", "[mailto:ana@example.net]", or nothing else. */
static bool
is_all_address(const struct mail_line *l)
{
	const char *colon = memchr(l->s, ':', l->len);
	struct mail_line value;

	if (colon == NULL || !has_address(l))
		return false;
	value = (struct mail_line){ .s = colon + 1,
	    .len = (size_t)(l->s + l->len - colon - 1) };
	value = stripped(value, "*");
	return value.len > 0 && (strchr(">]", value.s[value.len - 1]) != NULL ||
	    (memchr(value.s, ' ', value.len) == NULL && has_address(&value)));
}

bool
mail_quote_head(const char *s)
{
	struct mail_line l = mail_line_at(s);
	enum mail_field first = field_at(l.s, l.len), f;
	unsigned int seen = 1u << first, kinds = 0;

	if (first == MAIL_FIELD_NONE)
		return false;
	if (first == MAIL_FIELD_FROM && (is_all_address(&l) ||
	    has_more_fields(&l)))
		return true;
	for (int i = 0; i < HEAD && *l.next != '\0'; i++) {
		l = mail_line_at(l.next);
		f = field_at(l.s, l.len);
		if (f != MAIL_FIELD_NONE)
			seen |= 1u << f;
	}
	for (unsigned int bits = seen; bits != 0; bits &= bits - 1)
		kinds++;
	return (seen & 1u << MAIL_FIELD_FROM) != 0 && (seen & (1u <<
	    MAIL_FIELD_DATE | 1u << MAIL_FIELD_SUBJECT)) != 0 &&
	    kinds >= (first == MAIL_FIELD_FROM ? 2 : 3);
}

/*
 * Rulers and signatures
 */

static size_t
ruled(const struct mail_line *l)
{
	size_t n = 0;

	while (n < l->len && strchr("-_=*~", l->s[n]) != NULL)
		n++;
	return n;
}

bool
mail_quote_dash(const struct mail_line *l)
{
	return l->len >= 3 && ruled(l) == l->len;
}

bool
mail_quote_ruler(const struct mail_line *l)
{
	struct mail_line inner = stripped(*l, "-_=*~");
	size_t before = ruled(l), after = 0;
	bool marked;

	if (before == l->len)
		return before >= ACROSS;
	while (after < l->len && strchr("-_=*~", l->s[l->len - 1 - after]) !=
	    NULL)
		after++;
	/* Five on both sides: a program's, in whatever language. */
	if (before >= 5 && after >= 5 && l->len < 120)
		return true;
	marked = before >= 2 || ends(l->s, l->len, ":");
	for (size_t i = 0; mail_originals[i] != NULL && marked; i++)
		if (mail_line_begins(&inner, mail_originals[i]) &&
		    inner.len < strlen(mail_originals[i]) + 40)
			return true;
	return false;
}

/* Dashes of typographers, however many. */
static bool
is_long_dash(const struct mail_line *l)
{
	size_t n = 0;

	while (n + 3 <= l->len && (memcmp(l->s + n, "\xe2\x80\x94", 3) == 0 ||
	    memcmp(l->s + n, "\xe2\x80\x93", 3) == 0 ||
	    memcmp(l->s + n, "\xe2\x94\x80", 3) == 0))
		n += 3;
	return n > 0 && n == l->len;
}

bool
mail_quote_signature(const struct mail_line *l)
{
	return is_long_dash(l) || (l->len >= 2 && l->len <= 4 &&
	    (strspn(l->s, "-") >= l->len || strspn(l->s, "_") >= l->len));
}

bool
mail_quote_device(const struct mail_line *l)
{
	struct mail_line text = stripped(*l, "*_-[");
	const char *url = memchr(text.s, '<', text.len);
	size_t words = 1, n = url == NULL ? text.len : (size_t)(url - text.s);

	for (size_t i = 0; i < n; i++)
		words += text.s[i] == ' ';
	if (n == 0 || n > DEVICE_MAX || words > DEVICE_WORDS ||
	    memchr(text.s, '?', n) != NULL)
		return false;
	for (size_t i = 0; mail_devices[i] != NULL; i++)
		if (mail_line_begins(&text, mail_devices[i]))
			return true;
	for (size_t i = 0; mail_device_ends[i] != NULL; i++)
		if (ends(text.s, n, mail_device_ends[i]))
			return true;
	return false;
}

static bool
is_among(const struct mail_line *l, const char *const *words)
{
	for (; *words != NULL; words++)
		if (l->len == strlen(*words) && mail_line_begins(l, *words))
			return true;
	return false;
}

/* Without emoji at its end, and signs that programs show as such. */
static struct mail_line
without_emoji(struct mail_line l)
{
	size_t n;

	for (;;) {
		l = stripped(l, ",.!-*;:");
		for (n = l.len; n > 0 && ((unsigned char)l.s[n - 1] & 0xc0) ==
		    0x80; )
			n--;
		if (n == 0 || n == l.len || ((unsigned char)l.s[n - 1] < 0xf0 &&
		    (unsigned char)l.s[n - 1] != 0xe2 &&
		    (unsigned char)l.s[n - 1] != 0xef))
			return l;
		l.len = n - 1;
	}
}

enum mail_closing
mail_quote_closing(const struct mail_line *l)
{
	struct mail_line text = without_emoji(*l);

	if (is_among(&text, mail_regards))
		return MAIL_REGARDS;
	return is_among(&text, mail_thanks) ? MAIL_THANKS : MAIL_NO_CLOSING;
}
