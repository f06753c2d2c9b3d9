/*
 * Reports of servers (RFC 3464, 6533, 5965), and the letters of those that
 * keep to no standard.
 */
#include "mail_report.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "provider/mail_words.h"

#define NAME_MAX_LEN	64
#define VALUE_MAX	2000
#define TITLE_MAX	400
#define KEYED_TOKEN	26	/* as links.h makes them: with a key */
#define PLAIN_TOKEN	24	/* without */

static bool
is_local_byte(int c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool
is_domain_byte(int c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	    c == '-' || c == '.';
}

bool
mail_report_address(const char *s, size_t len, char out[256])
{
	const char *end = s + len, *at = s, *from, *to;

	while ((at = memchr(at, '@', (size_t)(end - at))) != NULL) {
		from = to = at;
		while (from > s && is_local_byte(from[-1]))
			from--;
		while (to + 1 < end && is_domain_byte(to[1]))
			to++;
		while (to > at && (*to == '.' || *to == '-'))
			to--;
		at++;
		if (from == at - 1 || to == at - 1 || to - from >= 255)
			continue;
		snprintf(out, 256, "%.*s", (int)(to - from + 1), from);
		return true;
	}
	return false;
}

/*
 * Fields
 */

/*
 * The field at *at, unfolded; false at an empty line or the end, which *at is
 * then behind.  A line that is no field has an empty name.
 */
static bool
next_field(const char **at, char name[NAME_MAX_LEN], struct buf *value)
{
	const char *s = *at, *colon;
	size_t n = strcspn(s, "\n"), blank = strspn(s, " \t\r"), len;

	buf_clear(value);
	name[0] = '\0';
	if (*s == '\0' || blank >= n) {
		*at = s + n + (s[n] == '\n');
		return false;
	}
	colon = memchr(s, ':', n);
	if (colon != NULL && colon - s < NAME_MAX_LEN)
		snprintf(name, NAME_MAX_LEN, "%.*s", (int)(colon - s), s);
	len = colon == NULL ? 0 : (size_t)(colon + 1 - s);
	buf_add(value, s + len, n - len);
	s += n + (s[n] == '\n');
	while ((*s == ' ' || *s == '\t') && strspn(s, " \t\r") <
	    strcspn(s, "\n")) {
		while (value->len > 0 && value->data[value->len - 1] == '\r')
			value->data[--value->len] = '\0';
		blank = strspn(s, " \t");
		n = strcspn(s, "\n");
		buf_char(value, ' ');
		buf_add(value, s + blank, n - blank);
		s += n + (s[n] == '\n');
	}
	*at = s;
	return true;
}

/* Without blanks around it; lent from the buffer. */
static char *
trimmed(struct buf *value)
{
	char *s = value->data, *end;

	if (s == NULL)
		return NULL;
	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

/* "\x{E9}" of RFC 6533 as UTF-8, in its place. */
static void
decode_unicode(char *s)
{
	char *to = s, *end;
	unsigned long c;

	for (; *s != '\0'; s++) {
		c = strncmp(s, "\\x{", 3) == 0 ? strtoul(s + 3, &end, 16) : 0;
		if (c < 0x21 || c > 0x10ffff || *end != '}') {
			*to++ = *s;
			continue;
		}
		if (c < 0x80)
			*to++ = (char)c;
		else if (c < 0x800)
			*to++ = (char)(0xc0 | c >> 6);
		else if (c < 0x10000)
			*to++ = (char)(0xe0 | c >> 12);
		else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 63));
		}
		if (c >= 0x800)
			*to++ = (char)(0x80 | (c >> 6 & 63));
		if (c >= 0x80)
			*to++ = (char)(0x80 | (c & 63));
		s = end;
	}
	*to = '\0';
}

/* Of "rfc822; <ana@example.net>" and "utf-8;jos\x{E9}@ejemplo.mx". */
static void
read_recipient(char *value, char out[256])
{
	char *semicolon = strchr(value, ';');

	if (semicolon != NULL) {
		decode_unicode(semicolon);
		value = semicolon + 1;
	}
	if (!mail_report_address(value, strlen(value), out))
		out[0] = '\0';
}

struct block {
	char final[256], original[256], action[16], code[16];
	char title[TITLE_MAX];
	bool any;
};

static void
read_status(const char *value, char code[16])
{
	struct mail_code found;

	if (mail_words_enhanced(value, &found))
		snprintf(code, 16, "%s", found.text);
}

static void
read_field(struct block *b, const char *name, char *value)
{
	size_t n;

	if (strcasecmp(name, "Final-Recipient") == 0) {
		read_recipient(value, b->final);
		b->any = true;
	} else if (strcasecmp(name, "Original-Recipient") == 0)
		read_recipient(value, b->original);
	else if (strcasecmp(name, "Action") == 0) {
		n = strcspn(value, " \t(;");
		for (size_t i = 0; i < n; i++)
			value[i] = (char)tolower((unsigned char)value[i]);
		snprintf(b->action, sizeof(b->action), "%.*s",
		    (int)(n > 15 ? 15 : n), value);
		b->any = true;
	} else if (strcasecmp(name, "Status") == 0) {
		read_status(value, b->code);
		b->any = true;
	} else if (strcasecmp(name, "Diagnostic-Code") == 0)
		text_escape(b->title, sizeof(b->title), value, strlen(value));
}

static const char *
action_of(const struct block *b)
{
	static const char *const actions[] = { "failed", "delayed",
	    "delivered", "relayed", "expanded" };

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(b->action, actions[i]) == 0)
			return actions[i];
	/* Some say only how it ended. */
	return b->code[0] == '2' ? "delivered" : b->code[0] == '4' ?
	    "delayed" : "failed";
}

static void
put_recipient(struct value *recipients, const char *to, const char *original,
    const char *action, const char *code, const char *title)
{
	struct value *v;

	if (value_count(recipients) >= MAIL_RECIPIENTS_MAX)
		return;
	v = value_new_object();
	if (to[0] != '\0')
		value_set_string(v, "to", to);
	/* Forwarded by the recipient: we know whom we wrote to. */
	if (original[0] != '\0' && strcasecmp(original, to) != 0)
		value_set_string(v, "original_to", original);
	value_set_string(v, "action", action);
	if (code[0] != '\0')
		value_set_string(v, "code", code);
	if (title[0] != '\0')
		value_set_string(v, "title", title);
	value_append_take(recipients, v);
}

/* 5.0.0 says nothing that the server's own words do not say better. */
static void
finish_block(struct block *b, struct value *recipients)
{
	struct mail_code found;
	size_t len = strlen(b->code);

	if (!b->any)
		return;
	if ((len == 0 || strcmp(b->code + 1, ".0.0") == 0) &&
	    (mail_words_enhanced(b->title, &found) ||
	    mail_words_meaning(b->title, &found)) &&
	    (len == 0 || found.text[0] == b->code[0]))
		snprintf(b->code, sizeof(b->code), "%s", found.text);
	if (b->code[0] == '\0' && mail_words_basic(b->title, &found))
		snprintf(b->code, sizeof(b->code), "%s", found.text);
	put_recipient(recipients, b->final[0] != '\0' ? b->final :
	    b->original, b->original, action_of(b), b->code, b->title);
}

void
mail_report_delivery(const char *text, struct value *recipients)
{
	struct buf value = BUF_INIT(VALUE_MAX);
	struct block b = { .any = false };
	char name[NAME_MAX_LEN];

	while (*text != '\0') {
		if (next_field(&text, name, &value)) {
			if (!value.full && value.len > 0)
				read_field(&b, name, trimmed(&value));
			value.full = false;
			continue;
		}
		finish_block(&b, recipients);
		memset(&b, 0, sizeof(b));
	}
	finish_block(&b, recipients);
	buf_release(&value);
}

void
mail_report_feedback(const char *text, char type[32], char to[256])
{
	struct buf value = BUF_INIT(VALUE_MAX);
	char name[NAME_MAX_LEN], *s;

	type[0] = to[0] = '\0';
	while (*text != '\0') {
		if (!next_field(&text, name, &value) || value.full ||
		    value.len == 0) {
			value.full = false;
			continue;
		}
		s = trimmed(&value);
		if (strcasecmp(name, "Feedback-Type") == 0 && type[0] == '\0')
			for (size_t i = 0; i < 31 && (isalnum((unsigned char)
			    s[i]) || s[i] == '-'); i++) {
				type[i] = (char)tolower((unsigned char)s[i]);
				type[i + 1] = '\0';
			}
		else if (to[0] == '\0' &&
		    (strcasecmp(name, "Original-Rcpt-To") == 0 ||
		    strcasecmp(name, "Original-Recipient") == 0))
			read_recipient(s, to);
	}
	buf_release(&value);
}

void
mail_report_to(const char *head, char to[256])
{
	struct buf value = BUF_INIT(VALUE_MAX);
	char name[NAME_MAX_LEN];

	to[0] = '\0';
	while (*head != '\0' && to[0] == '\0')
		if (next_field(&head, name, &value) && !value.full &&
		    strcasecmp(name, "To") == 0)
			mail_report_address(buf_text(&value), value.len, to);
	buf_release(&value);
}

/*
 * What names our message
 */

static bool
has(const struct value *list, const char *text)
{
	for (size_t i = 0; i < value_count(list); i++)
		if (strcmp(value_string(value_at(list, i)), text) == 0)
			return true;
	return false;
}

static void
append(struct value *list, const char *s, size_t len, bool fold)
{
	char text[256];

	if (len >= sizeof(text) || value_count(list) >= MAIL_MARKS_MAX)
		return;
	memcpy(text, s, len);
	text[len] = '\0';
	for (char *p = text; fold && *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!has(list, text))
		value_append_take(list, value_new_string(text));
}

/* Behind "bounce+", or alone, as $EXTENSION has it. */
void
mail_report_tokens(const char *text, struct value *tokens)
{
	const char *s = text;
	size_t n;

	for (; *s != '\0'; s += n == 0 ? 1 : n) {
		n = 0;
		while (isalnum((unsigned char)s[n]))
			n++;
		if ((n == KEYED_TOKEN || n == PLAIN_TOKEN) &&
		    (s == text || s[-1] == '+') &&
		    (s[n] == '\0' || s[n] == '@' || s[n] == '='))
			append(tokens, s, n, true);
	}
}

static void
add_ids(const char *s, size_t len, struct value *ids)
{
	const char *end = s + len, *open = s, *close;

	while ((open = memchr(open, '<', (size_t)(end - open))) != NULL) {
		close = open + 1;
		while (close < end && *close > ' ' && *close < 0x7f &&
		    *close != '>' && *close != '<')
			close++;
		if (close < end && *close == '>' &&
		    memchr(open, '@', (size_t)(close - open)) != NULL)
			append(ids, open, (size_t)(close + 1 - open), false);
		open = close;
	}
}

void
mail_report_id_list(const char *value, struct value *ids)
{
	const char *last = strrchr(value, '<');

	if (last != NULL)
		add_ids(last, strlen(last), ids);
	add_ids(value, strlen(value), ids);
}

/* Also where a server has quoted or indented them. */
void
mail_report_ids(const char *text, struct value *ids)
{
	static const char *const names[] = { "Message-ID:", "In-Reply-To:",
	    "References:" };
	const char *s = text;
	size_t n, blank;

	for (; *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		blank = strspn(s, " \t>|");
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) &&
		    blank < n; i++)
			if (strncasecmp(s + blank, names[i],
			    strlen(names[i])) == 0) {
				/* A long id stands alone on the next line. */
				if (s[n] == '\n' && (s[n + 1] == ' ' ||
				    s[n + 1] == '\t'))
					n += 1 + strcspn(s + n + 1, "\n");
				add_ids(s, n, ids);
			}
	}
}

/*
 * Letters that keep to no standard
 */

/* From here on the server quotes what it got. */
static bool
is_copy(const char *line, size_t len)
{
	static const char *const words[] = { "below this line is a copy",
	    "this is a copy of", "copy of the original message",
	    "original message follows", "original message headers",
	    "unsent message below", "mensaje original", "original message",
	    "returned message follows", "message header follows",
	    "the header of the original", "header of the returned message",
	    "received:", "return-path:", "message-id:" };
	char text[160];

	snprintf(text, sizeof(text), "%.*s", (int)(len > 150 ? 150 : len),
	    line);
	for (char *p = text; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

/* Addresses that a server writes to are its own, or whoever it tells of. */
static bool
is_recipient(const char *addr)
{
	static const char *const not[] = { "mailer-daemon@", "postmaster@",
	    "abuse@", "support@", "helpdesk@", "noreply@", "no-reply@" };

	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		if (strncasecmp(addr, not[i], strlen(not[i])) == 0)
			return false;
	return true;
}

static void
add_address(struct value *found, const char *s, size_t len)
{
	char addr[256];

	if (mail_report_address(s, len, addr) && is_recipient(addr))
		append(found, addr, strlen(addr), false);
}

/* An address that has a line to itself, or begins one, or was tried there. */
static bool
is_told_of(const char *line, size_t len)
{
	static const char *const words[] = { "rcpt to:", "recipient:",
	    "recipient(s)", "delivery to ", "to: ", "to <", "user: " };
	size_t i = strspn(line, " \t*-<\"'");
	char text[160];

	if (i < len && (is_local_byte(line[i]))) {
		while (i < len && is_local_byte(line[i]))
			i++;
		if (line[i] == '@')
			return true;
	}
	snprintf(text, sizeof(text), "%.*s", (int)(len > 150 ? 150 : len),
	    line);
	for (char *p = text; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

/* In two rounds: lines that tell of one, and only then any address at all. */
static size_t
find_addresses(const char *text, struct value *found)
{
	const char *s;
	size_t n = 0;

	for (int round = 0; round < 2 && value_count(found) == 0; round++)
		for (s = text; *s != '\0'; s += n + (s[n] == '\n')) {
			n = strcspn(s, "\n");
			if (is_copy(s, n))
				break;
			if (round == 1 || is_told_of(s, n))
				add_address(found, s, n);
		}
	for (s = text; *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		if (is_copy(s, n))
			break;
	}
	return (size_t)(s - text);
}

/* The line that says why, for people. */
static void
find_title(const char *text, size_t len, char title[TITLE_MAX])
{
	struct mail_code ignored;
	char line[TITLE_MAX];
	size_t n;

	title[0] = '\0';
	for (const char *s = text; s < text + len; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		snprintf(line, sizeof(line), "%.*s",
		    (int)(n >= sizeof(line) ? sizeof(line) - 1 : n), s);
		if (mail_words_enhanced(line, &ignored) ||
		    mail_words_basic(line, &ignored) ||
		    mail_words_meaning(line, &ignored)) {
			s += strspn(s, " \t");
			text_escape(title, TITLE_MAX, s, strcspn(s, "\r\n"));
			return;
		}
	}
}

bool
mail_report_guess(const char *subject, const char *text, const char *failed,
    struct value *recipients)
{
	struct value *found = value_new_array();
	struct buf head = BUF_INIT(256 * 1024);
	struct mail_code code = { .text = "" };
	char title[TITLE_MAX];
	const char *action;
	size_t len;
	bool is;

	add_address(found, failed, strlen(failed));
	len = find_addresses(text, found);
	buf_printf(&head, "%.500s\n", subject);
	buf_add(&head, text, len);
	if (!mail_words_enhanced(buf_text(&head), &code) &&
	    !mail_words_meaning(buf_text(&head), &code))
		mail_words_basic(buf_text(&head), &code);
	is = failed[0] != '\0' || code.text[0] != '\0' ||
	    mail_words_is_failure(buf_text(&head));
	action = mail_words_is_delay(buf_text(&head)) && code.text[0] != '5' ?
	    "delayed" : "failed";
	find_title(text, len, title);
	if (is && value_count(found) == 0)
		put_recipient(recipients, "", "", action, code.text, title);
	for (size_t i = 0; is && i < value_count(found); i++)
		put_recipient(recipients, value_string(value_at(found, i)),
		    "", action, code.text, title);
	buf_release(&head);
	value_free(found);
	return is;
}
