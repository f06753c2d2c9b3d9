#include "mailhead.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "message/attachment.h"

#define UNSUBSCRIBE	"List-Unsubscribe"
#define ONE_CLICK	"List-Unsubscribe-Post"
#define MAILTO_ROOM	(LINKS_MAILTO_MAX + LINK_TOKEN_SIZE + 32)

/* C0, DEL and the C1 controls of valid UTF-8 (U+0085 is a line end too). */
static bool
has_control(const char *s)
{
	const unsigned char *p;

	for (p = (const unsigned char *)s; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f ||
		    (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f))
			return true;
	return false;
}

int
mail_text_check(const char *field, const char *s, struct error *e)
{
	if (!utf8_valid(s, strlen(s)))
		return error_set(e, EX_DATAERR, "%s: not UTF-8", field);
	if (has_control(s))
		return error_set(e, EX_DATAERR,
		    "%s: control character or line end", field);
	return 0;
}

static bool
is_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return len > 0 && len <= MAIL_HEADER_NAME && s[len] == '\0' &&
	    s[0] != '-';
}

static bool
is_reserved(const char *name)
{
	static const char *const names[] = {
		"From", "To", "Cc", "Bcc", "Sender", "Reply-To", "Subject",
		"Date", "Message-ID", "MIME-Version", "Return-Path",
		"Received", "X-Omni-ID"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return strncasecmp(name, "Content-", 8) == 0 ||
	    strncasecmp(name, "Resent-", 7) == 0;
}

/* Only text beyond ASCII is encoded, and then folds anywhere. */
static bool
can_fold(const char *s)
{
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return true;
	for (size_t len; *s != '\0'; s += len) {
		s += strspn(s, " ");
		len = strcspn(s, " ");
		if (len > MAIL_HEADER_WORD)
			return false;
	}
	return true;
}

int
mail_header_check(const char *name, const struct value *value,
    struct error *e)
{
	const char *s = value_string(value);
	char field[MAIL_HEADER_NAME + 16];

	if (!is_name(name))
		return error_set(e, EX_DATAERR, "headers: bad name: %.100s",
		    name);
	snprintf(field, sizeof(field), "headers.%s", name);
	if (is_reserved(name))
		return error_set(e, EX_DATAERR, "%s: may not be set", field);
	if (s == NULL)
		return error_set(e, EX_DATAERR, "%s: not a string", field);
	if (mail_text_check(field, s, e) == -1)
		return -1;
	if (*s == '\0' || *s == ' ' || s[strlen(s) - 1] == ' ')
		return error_set(e, EX_DATAERR,
		    "%s: empty, or a space at an end", field);
	if (!can_fold(s))
		return error_set(e, EX_DATAERR,
		    "%s: word longer than %d bytes", field, MAIL_HEADER_WORD);
	return 0;
}

int
mail_message_id(const char *s, char out[MAIL_HEADER_WORD], struct error *e)
{
	size_t len = strlen(s);

	if (len > 2 && s[0] == '<' && s[len - 1] == '>') {
		s++;
		len -= 2;
	}
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f || s[i] == '<' || s[i] == '>')
			len = 0;
	if (len == 0 || len + 3 > MAIL_HEADER_WORD)
		return error_set(e, EX_DATAERR,
		    "in_reply_to: not one message id");
	snprintf(out, MAIL_HEADER_WORD, "<%.*s>", (int)len, s);
	return 0;
}

static bool
check_reply(struct filter *f, struct record *r)
{
	enum value_type type = value_type(record_get(r, "in_reply_to"));
	const char *s = record_string(r, "in_reply_to");
	char id[MAIL_HEADER_WORD];
	struct error e;

	if (type == VALUE_ABSENT || type == VALUE_NULL ||
	    mail_message_id(s == NULL ? "" : s, id, &e) == 0)
		return true;
	filter_refuse(f, r, "bad_reply", "in_reply_to", "%s", e.text);
	return false;
}

/* Files are read by omni-queue: here it is only what is said of them. */
static bool
check_attachments(struct filter *f, struct record *r)
{
	struct attachment all[ATTACHMENTS_MAX];
	const char *html = record_string(r, "html");
	struct error e;
	int count = attachments_read(r, all, &e);

	if (count != -1 && (html == NULL || attachments_check_html(all,
	    (size_t)count, html, &e) == 0))
		return true;
	filter_refuse(f, r, "bad_attachment", arena_strndup(&f->mem, e.text,
	    strcspn(e.text, ":")), "%s", e.text);
	return false;
}

static bool
check_subject(struct filter *f, struct record *r)
{
	const char *subject = record_string(r, "subject");
	struct error e;

	if (subject == NULL || mail_text_check("subject", subject, &e) == 0)
		return true;
	filter_refuse(f, r, "bad_subject", "subject", "%s", e.text);
	return false;
}

static bool
check_headers(struct filter *f, struct record *r)
{
	const struct value *headers = record_get(r, "headers");
	struct value_iter it = { 0 };
	struct error e;

	if (headers == NULL)
		return true;
	if (value_type(headers) != VALUE_OBJECT) {
		filter_refuse(f, r, "bad_header", "headers",
		    "headers: not an object");
		return false;
	}
	while (value_next(headers, &it)) {
		int rc = mail_header_check(it.key, it.value, &e);

		/* Every mail of ours says it: two would say nothing. */
		if (rc == 0 && strcasecmp(it.key, "Auto-Submitted") == 0)
			rc = error_set(&e, EX_DATAERR,
			    "headers.%s: may not be set", it.key);
		if (rc == 0)
			continue;
		filter_refuse(f, r, "bad_header", arena_printf(&f->mem,
		    "headers.%s", it.key), "%s", e.text);
		return false;
	}
	return true;
}

/* What stands under that name, written in any case. */
static const char *
find_header(const struct value *headers, const char *name)
{
	struct value_iter it = { 0 };

	while (value_next(headers, &it))
		if (strcasecmp(it.key, name) == 0)
			return value_string(it.value);
	return NULL;
}

static void
remove_header(struct value *headers, const struct value *like,
    const char *name)
{
	struct value_iter it = { 0 };

	while (value_next(like, &it))
		if (strcasecmp(it.key, name) == 0)
			value_remove(headers, it.key);
}

static bool
is_ours(const struct links *l, const char *value)
{
	char start[LINKS_BASE_MAX + 32];
	int n = snprintf(start, sizeof(start), "<%s/%s?t=", l->base,
	    link_name(LINK_UNSUBSCRIBE));

	return l->on && strncmp(value, start, (size_t)n) == 0;
}

/*
 * What people opt out of is a channel or a topic, and either silences every
 * class; but a button "unsubscribe" above a receipt or an alarm is pressed by
 * mistake.  So the class says whether it is shown.
 */
static bool
can_opt_out(const struct config *c, const char *class)
{
	return config_bool(c, "class", class, "unsubscribe");
}

/*
 * As omni-route has it, in case it did not run.  NULL when the record was
 * refused: with a class that is a slip, the way out would be missing.
 */
static const char *
class_of(struct filter *f, struct record *r, const struct config *c,
    const struct meta *meta)
{
	const char *class = record_string(r, "class");
	const char *topic = record_string(r, "topic");

	if (topic == NULL && meta != NULL)
		topic = meta->topic;
	if (class == NULL && meta != NULL)
		class = meta->class;
	if (class == NULL && topic != NULL)
		class = config_string(c, "topic", topic, "class");
	if (class == NULL)
		class = "transactional";
	if (config_has(c, "class", class))
		return class;
	filter_refuse(f, r, "unknown_class", "class",
	    "there is no [class %.60s] in the configuration", class);
	return NULL;
}

/*
 * Two URLs have a space between them, where the line may be folded.  One-Click
 * is a promise that the first of them takes a POST over TLS.
 */
static void
put_unsubscribe(struct value *headers, const struct links *l,
    const struct record *r)
{
	const char *id = record_string(r, "id");
	instant ends = link_expires(l, LINK_UNSUBSCRIBE, r);
	char url[LINK_URL_SIZE], token[LINK_TOKEN_SIZE];
	char text[LINK_URL_SIZE + MAILTO_ROOM];

	if (link_url(l, LINK_UNSUBSCRIBE, id, ends, url) == NULL)
		return;
	if (l->mailto == NULL)
		snprintf(text, sizeof(text), "<%s>", url);
	else
		snprintf(text, sizeof(text), "<%s>, <mailto:%s?subject=%s>",
		    url, l->mailto, link_token(l, LINK_UNSUBSCRIBE, id, ends,
		    token));
	value_set_string(headers, UNSUBSCRIBE, text);
	if (strncmp(url, "https:", 6) == 0)
		value_set_string(headers, ONE_CLICK,
		    "List-Unsubscribe=One-Click");
}

static void
replace_headers(struct record *r, struct value *headers)
{
	if (value_count(headers) > 0) {
		record_set_take(r, "headers", headers);
		return;
	}
	value_free(headers);
	record_remove(r, "headers");
}

bool
mail_headers_set(struct filter *f, struct record *r, const struct links *l,
    const struct config *c, const struct meta *meta)
{
	const struct value *own = record_get(r, "headers");
	const char *channel = record_string(r, "channel");
	const char *brought, *class;
	struct value *headers;
	bool wanted;

	if (channel == NULL || strcmp(channel, "email") != 0)
		return true;
	if (!check_subject(f, r) || !check_headers(f, r) ||
	    !check_reply(f, r) || !check_attachments(f, r))
		return false;
	class = class_of(f, r, c, meta);
	if (class == NULL)
		return false;
	brought = find_header(own, UNSUBSCRIBE);
	wanted = l->on && can_opt_out(c, class);
	/* A record made from another's output is another message: not ours. */
	if (brought == NULL ? !wanted : !is_ours(l, brought))
		return true;
	headers = own == NULL ? value_new_object() : value_copy(own);
	remove_header(headers, own, UNSUBSCRIBE);
	remove_header(headers, own, ONE_CLICK);
	if (wanted)
		put_unsubscribe(headers, l, r);
	replace_headers(r, headers);
	return true;
}
