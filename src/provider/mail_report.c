/*
 * Reports of servers (RFC 3464, 6533, 5965), and the marks by which a mail
 * names one of ours.
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

/* Where what stands before the '@' begins, which may be "in quotes". */
static const char *
local_start(const char *s, const char *at)
{
	const char *from = at;

	if (from - s >= 2 && from[-1] == '"') {
		for (from -= 2; from > s && *from != '"' && *from >= ' '; )
			from--;
		if (*from == '"')
			return from;
		from = at;
	}
	while (from > s && is_local_byte(from[-1]))
		from--;
	return from;
}

bool
mail_report_address(const char *s, size_t len, char out[256])
{
	const char *end = s + len, *at = s, *from, *to;

	while ((at = memchr(at, '@', (size_t)(end - at))) != NULL) {
		to = at;
		from = local_start(s, at);
		/* A sentence may go on without a blank in the far east. */
		while (to + 1 < end && is_domain_byte(to[1]) &&
		    ((unsigned char)to[1] < 0xe0 ||
		    !isalnum((unsigned char)*to)))
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
 * Lists without doubles
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
	while (isspace((unsigned char)*value))
		value++;
	/* "@smtp.example.net:ana@inside" is a way, not an address. */
	if (*value == '@' || !mail_report_address(value, strlen(value), out))
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

void
mail_report_put(struct value *recipients, const char *to,
    const char *original, const char *action, const char *code,
    const char *title)
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

/* To the last one: its Status, whatever its words are taken for. */
static void
put_stated(struct value *recipients, const char *status)
{
	size_t last = value_count(recipients) - 1;
	struct value *v = value_copy(value_at(recipients, last));

	value_set_string(v, "status", status);
	value_replace_take(recipients, last, v);
}

/* 5.0.0 says nothing that the server's own words do not say better. */
static void
finish_block(struct block *b, struct value *recipients)
{
	struct mail_code found;
	size_t len = strlen(b->code);
	const char *action;
	char stated[16];

	if (!b->any)
		return;
	snprintf(stated, sizeof(stated), "%s", b->code);
	if ((len == 0 || strcmp(b->code + 1, ".0.0") == 0) &&
	    (mail_words_enhanced(b->title, &found) ||
	    mail_words_meaning(b->title, &found)) &&
	    (len == 0 || found.text[0] == b->code[0]))
		snprintf(b->code, sizeof(b->code), "%s", found.text);
	if (b->code[0] == '\0' && mail_words_basic(b->title, &found))
		snprintf(b->code, sizeof(b->code), "%s", found.text);
	action = action_of(b);
	if (value_count(recipients) >= MAIL_RECIPIENTS_MAX)
		return;
	mail_report_put(recipients, b->final[0] != '\0' ? b->final :
	    b->original, b->original, action, b->code, b->title);
	if (stated[0] != '\0')
		put_stated(recipients, stated);
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
mail_report_feedback(const char *text, char type[32], struct value *to)
{
	struct buf value = BUF_INIT(VALUE_MAX);
	char name[NAME_MAX_LEN], addr[256], *s;

	type[0] = '\0';
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
		else if (strcasecmp(name, "Original-Rcpt-To") == 0 ||
		    strcasecmp(name, "Original-Recipient") == 0) {
			read_recipient(s, addr);
			if (addr[0] != '\0')
				append(to, addr, strlen(addr), false);
		}
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
		    (strcasecmp(name, "To") == 0 || strcasecmp(name,
		    "X-HmXmrOriginalRecipient") == 0))
			mail_report_address(buf_text(&value), value.len, to);
	buf_release(&value);
}

/*
 * What names our message
 */

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

/* Some programs leave the brackets out. */
static void
add_bare_id(const char *s, size_t len, struct value *ids)
{
	char id[256];
	size_t n;

	while (len > 0 && isspace((unsigned char)*s)) {
		s++;
		len--;
	}
	for (n = 0; n < len && s[n] > ' ' && s[n] < 0x7f && s[n] != '<' &&
	    s[n] != '>'; )
		n++;
	if (memchr(s, '@', n) == NULL || n > sizeof(id) - 4 || (n < len &&
	    !isspace((unsigned char)s[n])))
		return;
	snprintf(id, sizeof(id), "<%.*s>", (int)n, s);
	append(ids, id, n + 2, false);
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
static void
add_ids_named(const char *text, const char *field, struct value *ids)
{
	const char *s = text, *value;
	size_t n, blank, len = strlen(field);

	for (; *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		blank = strspn(s, " \t>|");
		if (blank >= n || strncasecmp(s + blank, field, len) != 0)
			continue;
		/* A long id stands alone on the next line. */
		if (s[n] == '\n' && (s[n + 1] == ' ' || s[n + 1] == '\t'))
			n += 1 + strcspn(s + n + 1, "\n");
		value = s + blank + len;
		add_ids(value, (size_t)(s + n - value), ids);
		add_bare_id(value, (size_t)(s + n - value), ids);
	}
}

void
mail_report_ids(const char *text, struct value *ids)
{
	add_ids_named(text, "Message-ID:", ids);
	add_ids_named(text, "In-Reply-To:", ids);
	add_ids_named(text, "References:", ids);
}
