/*
 * Mails that came in, as GMime takes them apart.  Strangers write them: parts
 * and their nesting have limits, beyond which nothing is looked at.
 */
#include "mail_hook.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "message/email.h"
#include "provider/mail_report.h"
#include "provider/mail_text.h"
#include "provider/mail_words.h"
#include "provider/provider_impl.h"

#define DEPTH_MAX	10	/* multiparts in each other */
#define PARTS_MAX	200
#define TEXT_MAX	(1024 * 1024)	/* bytes of text that are looked at */
#define WORDS_MAX	(32 * 1024)	/* and kept of a person's */
#define HEAD_MAX	(64 * 1024)
#define SUBJECT_BYTES	1000	/* a token has up to 620 */
#define NAME_BYTES	256
#define MEDIA_MAX_SHOWN	20
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct reading {
	const struct mail_envelope *env;
	GMimeMessage *message;
	struct buf text, html;		/* of the first part of each */
	struct buf report, feedback;	/* parts of a report */
	struct buf original;		/* head of the mail that came back */
	struct value *media, *recipients, *tokens, *ids;
	bool disposition;		/* it tells that somebody has read it */
	int parts;
	char key[DIGEST_HEX];
};

/* Never NULL. */
static const char *
header(const struct reading *r, const char *name)
{
	const char *s = g_mime_object_get_header(GMIME_OBJECT(r->message),
	    name);

	return s == NULL ? "" : s;
}

/*
 * Parts
 */

static void
take_bytes(GMimePart *part, struct buf *out)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *mem = g_mime_stream_mem_new();
	GByteArray *bytes;
	size_t room = out->max - out->len;

	if (content != NULL)
		g_mime_data_wrapper_write_to_stream(content, mem);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	if (bytes->len > 0)
		buf_add(out, bytes->data, bytes->len < room ? bytes->len :
		    room);
	/* What is read as text must end where it seems to. */
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '\0')
			out->data[i] = ' ';
	g_object_unref(mem);
}

/* As UTF-8; an unknown charset leaves the bytes as they are. */
static void
take_text(GMimePart *part, struct buf *out)
{
	char *text;

	if (!GMIME_IS_TEXT_PART(part)) {
		take_bytes(part, out);
		return;
	}
	text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
	if (text != NULL)
		buf_add(out, text, strnlen(text, out->max - out->len));
	g_free(text);
}

static void
take_media(struct reading *r, GMimePart *part, const char *type)
{
	const char *filename = g_mime_part_get_filename(part);
	struct value *one;

	if (value_count(r->media) >= MEDIA_MAX_SHOWN)
		return;
	one = value_new_object();
	value_set_string(one, "type", type);
	if (filename != NULL && strlen(filename) <= NAME_BYTES &&
	    text_fault(filename, strlen(filename), true) == NULL)
		value_set_string(one, "filename", filename);
	value_append_take(r->media, one);
}

static bool
is_one_of(const char *s, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	return false;
}

static void
take_leaf(struct reading *r, GMimePart *part, const char *type)
{
	static const char *const deliveries[] = { "message/delivery-status",
	    "message/global-delivery-status" };
	static const char *const heads[] = { "text/rfc822-headers",
	    "text/rfc822-header", "message/rfc822-headers",
	    "message/global-headers" };
	static const char *const dispositions[] = {
	    "message/disposition-notification",
	    "message/global-disposition-notification" };
	const char *where = g_mime_object_get_disposition(GMIME_OBJECT(part));
	bool attached = where != NULL && strcasecmp(where, "attachment") == 0;

	if (is_one_of(type, deliveries, COUNT(deliveries)))
		take_bytes(part, &r->report);
	else if (strcasecmp(type, "message/feedback-report") == 0)
		take_bytes(part, &r->feedback);
	else if (is_one_of(type, dispositions, COUNT(dispositions)))
		r->disposition = true;
	else if (is_one_of(type, heads, COUNT(heads)))
		take_bytes(part, &r->original);
	else if (!attached && strcasecmp(type, "text/plain") == 0)
		take_text(part, &r->text);
	else if (!attached && strcasecmp(type, "text/html") == 0)
		take_text(part, &r->html);
	else
		take_media(r, part, type);
}

/* The head is enough: it names the mail. */
static void
take_original(struct reading *r, GMimeMessagePart *part)
{
	GMimeMessage *m = g_mime_message_part_get_message(part);
	char *head;

	if (m == NULL || r->original.len > 0)
		return;
	head = g_mime_object_get_headers(GMIME_OBJECT(m), NULL);
	if (head != NULL)
		buf_add(&r->original, head, strnlen(head, HEAD_MAX));
	g_free(head);
}

static void
take_part(struct reading *r, GMimeObject *object, int depth)
{
	GMimeMultipart *multi;
	char *type;

	if (object == NULL || r->parts++ >= PARTS_MAX || depth > DEPTH_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		multi = GMIME_MULTIPART(object);
		for (int i = 0; i < g_mime_multipart_get_count(multi) &&
		    r->parts < PARTS_MAX; i++)
			take_part(r, g_mime_multipart_get_part(multi, i),
			    depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object))
		take_original(r, GMIME_MESSAGE_PART(object));
	else if (GMIME_IS_PART(object)) {
		type = g_mime_content_type_get_mime_type(
		    g_mime_object_get_content_type(object));
		take_leaf(r, GMIME_PART(object), type);
		g_free(type);
	}
}

/* Who sends HTML alone has written it. */
static const char *
body_text(struct reading *r)
{
	if (text_is_blank(buf_text(&r->text), r->text.len) &&
	    r->html.len > 0) {
		buf_clear(&r->text);
		mail_html_text(r->html.data, r->html.len, &r->text);
	}
	return buf_text(&r->text);
}

/*
 * Whom it is for, and what it names
 */

static void
add_recipient(struct reading *r, const char *s)
{
	char addr[256];

	mail_report_tokens(s, r->tokens);
	if (value_count(r->recipients) < MAIL_MARKS_MAX &&
	    mail_report_address(s, strlen(s), addr))
		value_append_take(r->recipients, value_new_string(addr));
}

static void
take_recipients(struct reading *r)
{
	static const char *const names[] = { "X-Original-To", "Delivered-To",
	    "Envelope-To", "To", "Cc" };
	InternetAddressList *to = g_mime_message_get_addresses(r->message,
	    GMIME_ADDRESS_TYPE_TO);

	for (size_t i = 0; i < r->env->count; i++)
		add_recipient(r, r->env->recipients[i]);
	for (size_t i = 0; i < COUNT(names); i++)
		add_recipient(r, header(r, names[i]));
	for (int i = 0; i < internet_address_list_length(to) &&
	    i < MAIL_MARKS_MAX; i++) {
		InternetAddress *a = internet_address_list_get_address(to, i);

		if (INTERNET_ADDRESS_IS_MAILBOX(a) &&
		    internet_address_mailbox_get_addr(
		    INTERNET_ADDRESS_MAILBOX(a)) != NULL)
			add_recipient(r, internet_address_mailbox_get_addr(
			    INTERNET_ADDRESS_MAILBOX(a)));
	}
}

/* Of an answer: what it says it answers, the nearest first. */
static void
take_thread(struct reading *r)
{
	mail_report_id_list(header(r, "In-Reply-To"), r->ids);
	mail_report_id_list(header(r, "References"), r->ids);
}

/* Of a report: what came back with it. */
static void
take_returned(struct reading *r)
{
	mail_report_tokens(buf_text(&r->feedback), r->tokens);
	mail_report_tokens(buf_text(&r->original), r->tokens);
	mail_report_ids(buf_text(&r->original), r->ids);
	take_thread(r);
	mail_report_tokens(buf_text(&r->text), r->tokens);
	mail_report_ids(buf_text(&r->text), r->ids);
}

/*
 * Who wrote it
 */

static bool
from_address(struct reading *r, char out[256])
{
	InternetAddressList *from = g_mime_message_get_from(r->message);
	InternetAddress *a = internet_address_list_length(from) > 0 ?
	    internet_address_list_get_address(from, 0) : NULL;
	const char *addr = a != NULL && INTERNET_ADDRESS_IS_MAILBOX(a) ?
	    internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a)) :
	    NULL;

	if (addr == NULL)
		addr = header(r, "From");
	return mail_report_address(addr, strlen(addr), out);
}

static bool
is_local(const char *addr, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(addr, name, n) == 0 &&
	    (addr[n] == '@' || addr[n] == '+' || addr[n] == '\0');
}

/* What servers call themselves; Postfix calls nobody so for a pipe. */
static bool
is_server(const char *addr)
{
	static const char *const names[] = { "mailer-daemon", "postmaster",
	    "mail-daemon", "mailerdaemon", "mmdf", "bounce", "bounces" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (is_local(addr, names[i]))
			return true;
	return false;
}

static bool
is_from_nobody(const struct reading *r)
{
	const char *s = r->env->sender, *path = header(r, "Return-Path");

	return (s != NULL && (s[0] == '\0' || strcmp(s, "<>") == 0 ||
	    is_local(s, "mailer-daemon"))) || strcmp(path, "<>") == 0 ||
	    strncasecmp(path, "<MAILER-DAEMON", 14) == 0;
}

static bool
is_role(const char *addr)
{
	static const char *const names[] = { "no-reply", "noreply",
	    "no_reply", "donotreply", "do-not-reply", "no-responder",
	    "noresponder", "listserv", "majordomo" };
	size_t n = strcspn(addr, "@");

	if (strncasecmp(addr, "owner-", 6) == 0 ||
	    (n > 8 && strncasecmp(addr + n - 8, "-request", 8) == 0) ||
	    (n > 6 && strncasecmp(addr + n - 6, "-owner", 6) == 0))
		return true;
	for (size_t i = 0; i < COUNT(names); i++)
		if (is_local(addr, names[i]))
			return true;
	return is_server(addr);
}

/* RFC 3834, and what was there before it: NULL, or what gives it away. */
static const char *
automatic_header(const struct reading *r)
{
	static const char *const any[] = { "List-Id", "List-Unsubscribe",
	    "List-Post", "X-Autoreply", "X-Autorespond", "X-AutoReply-From",
	    "X-Mail-Autoreply", "X-Autogenerated", "X-Loop",
	    "X-MS-Exchange-Inbox-Rules-Loop", "Feedback-ID" };
	static const char *const precedences[] = { "bulk", "list", "junk",
	    "auto_reply", "auto-reply" };
	const char *s = header(r, "Auto-Submitted");

	if (s[0] != '\0' && (strncasecmp(s, "no", 2) != 0 ||
	    (s[2] != '\0' && strchr(" ;(", s[2]) == NULL)))
		return "Auto-Submitted";
	if (is_one_of(header(r, "Precedence"), precedences,
	    COUNT(precedences)))
		return "Precedence";
	if (strcasecmp(header(r, "Delivered-To"), "Autoresponder") == 0)
		return "Delivered-To";
	if (strcasestr(header(r, "X-Auto-Response-Suppress"), "All") != NULL)
		return "X-Auto-Response-Suppress";
	for (size_t i = 0; i < COUNT(any); i++)
		if (g_mime_object_get_header(GMIME_OBJECT(r->message),
		    any[i]) != NULL)
			return any[i];
	return NULL;
}

static const char *
automatic(const struct reading *r, const char *from)
{
	const char *why = automatic_header(r);
	GMimeObject *top = g_mime_message_get_mime_part(r->message);

	if (why != NULL)
		return why;
	if (is_from_nobody(r))
		return "no return path";
	if (top != NULL && g_mime_content_type_is_type(
	    g_mime_object_get_content_type(top), "multipart", "report"))
		return "multipart/report";
	if (mail_words_is_absence(header(r, "Subject")))
		return "Subject";
	return is_role(from) ? "From" : NULL;
}

/*
 * Events
 */

static struct value *
event_new(const struct reading *r, const char *kind, size_t number)
{
	struct value *event = value_new_object(), *mail = value_new_object();
	char key[64];

	value_set_string(event, "kind", kind);
	value_set_string(event, "provider", "mail");
	value_set_string(event, "channel_type", "email");
	snprintf(key, sizeof(key), "mail:%.32s:%zu", r->key, number);
	value_set_string(event, "key", key);
	value_set_take(mail, "recipients", value_copy(r->recipients));
	value_set_take(mail, "tokens", value_copy(r->tokens));
	value_set_take(mail, "ids", value_copy(r->ids));
	value_set_take(event, "mail", mail);
	return event;
}

/* 4.4.7 is a try that was given up: another day it may arrive. */
static const char *
status_of(const char *action, const char *code)
{
	static const char *const names[][2] = {
		{ "delayed", "accepted" }, { "delivered", "delivered" },
		{ "relayed", "sent" }, { "expanded", "sent" }
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i][0], action) == 0)
			return names[i][1];
	return code != NULL && code[0] == '4' ? "failed" : "bounced";
}

static bool
is_dead(const char *code)
{
	int class, subject, detail;

	return code != NULL && sscanf(code, "%1d.%3d.%3d", &class, &subject,
	    &detail) == 3 && class == 5 && smtp_is_dead(subject, detail);
}

static void
put_subject(const struct reading *r, struct value *event)
{
	char text[SUBJECT_BYTES + 1];
	const char *s = header(r, "Subject");

	if (s[0] != '\0')
		value_set_string(event, "subject", text_escape(text,
		    sizeof(text), s, strlen(s)));
}

static void
put_bounces(const struct reading *r, const struct value *told,
    struct value *events)
{
	const struct value *one;
	const char *action, *code, *status;
	struct value *event;
	char of_copy[256];

	/* Who tells of nobody has sent back what was for somebody. */
	mail_report_to(buf_text(&r->original), of_copy);
	for (size_t i = 0; i < value_count(told); i++) {
		one = value_at(told, i);
		action = value_get_string(one, "action");
		code = value_get_string(one, "code");
		status = status_of(action, code);
		event = event_new(r, "status", i);
		value_set_string(event, "status", status);
		value_set_string(event, "raw_status", action);
		value_carry(event, "code", one, "code");
		value_carry(event, "title", one, "title");
		if (value_get(one, "to") != NULL || of_copy[0] != '\0')
			value_set_string(event, "to", value_get(one, "to") !=
			    NULL ? value_get_string(one, "to") : of_copy);
		value_carry(event, "original_to", one, "original_to");
		value_set_integer(event, "among",
		    (int64_t)value_count(told));
		if (strcmp(status, "bounced") == 0 && is_dead(code))
			value_set_bool(event, "dead", true);
		value_append_take(events, event);
	}
}

/* RFC 5965 7.3: some of them tell of other things than complaints. */
static void
put_complaint(const struct reading *r, struct value *events)
{
	static const char *const complaints[] = { "abuse", "fraud", "virus",
	    "other", "opt-out", "opt-out-list", "miscategorized", "" };
	char type[32], to[256];
	struct value *event;

	mail_report_feedback(buf_text(&r->feedback), type, to);
	if (!is_one_of(type, complaints, COUNT(complaints))) {
		event = event_new(r, "other", 0);
		value_set_string(event, "reason", type);
	} else {
		event = event_new(r, "status", 0);
		value_set_string(event, "status", "complained");
		value_set_string(event, "raw_status", type[0] == '\0' ?
		    "abuse" : type);
	}
	if (to[0] == '\0')
		mail_report_to(buf_text(&r->original), to);
	if (to[0] != '\0')
		value_set_string(event, "to", to);
	value_append_take(events, event);
}

static void
put_time(const struct reading *r, struct value *event)
{
	GDateTime *date = g_mime_message_get_date(r->message);
	char text[CLOCK_TEXT];
	int64_t t = date == NULL ? 0 : g_date_time_to_unix(date);

	/* Before 2001 or after 2100 it is no time of a mail. */
	if (t >= 978307200 && t <= 4102444800)
		value_set_string(event, "at", clock_format(t, text));
}

static void
put_name(struct reading *r, struct value *event)
{
	InternetAddressList *from = g_mime_message_get_from(r->message);
	const char *name = internet_address_list_length(from) > 0 ?
	    internet_address_get_name(internet_address_list_get_address(from,
	    0)) : NULL;

	if (name != NULL && name[0] != '\0' && strlen(name) <= NAME_BYTES &&
	    text_fault(name, strlen(name), true) == NULL)
		value_set_string(event, "name", name);
}

/* Cut between two characters where it must be. */
static void
put_text(struct value *event, const char *text)
{
	struct buf words = BUF_INIT(TEXT_MAX + 1);
	struct buf kept = BUF_INIT(WORDS_MAX + 1);
	size_t len;

	mail_own_words(text, &words);
	len = words.len;
	if (len > WORDS_MAX) {
		len = WORDS_MAX;
		while (len > 0 && ((unsigned char)words.data[len] & 0xc0) ==
		    0x80)
			len--;
		value_set_bool(event, "cut", true);
	}
	buf_add(&kept, buf_text(&words), len);
	value_set_string(event, "text", buf_text(&kept));
	buf_release(&words);
	buf_release(&kept);
}

static void
put_message(struct reading *r, const char *raw_from, struct value *events)
{
	struct arena mem = ARENA_INIT(64 * 1024);
	const char *from, *why, *reason = automatic(r, raw_from);
	struct value *event;

	take_thread(r);
	if (!email_read(raw_from, &mem, &from, &why)) {
		event = event_new(r, "other", 0);
		value_set_string(event, "reason", "nobody can be told from "
		    "its From");
	} else {
		event = event_new(r, "message", 0);
		value_set_string(event, "from", from);
		put_name(r, event);
		if (value_count(r->recipients) > 0)
			value_set_string(event, "to", value_string(value_at(
			    r->recipients, 0)));
		put_text(event, body_text(r));
		value_set_take(event, "media", value_copy(r->media));
		put_time(r, event);
		if (reason != NULL)
			value_set_string(event, "automatic", reason);
	}
	put_subject(r, event);
	if (r->env->cut)
		value_set_bool(event, "cut", true);
	value_append_take(events, event);
	arena_release(&mem);
}

/* A server writes, and not because somebody is on holiday. */
static bool
read_guess(struct reading *r, const char *from, struct value *told)
{
	const char *failed = header(r, "X-Failed-Recipients");
	const char *subject = header(r, "Subject");
	const char *kind = header(r, "Auto-Submitted");
	bool server = is_server(from) || is_from_nobody(r) ||
	    strcasestr(header(r, "From"), "MAILER-DAEMON") != NULL;

	if ((!server && failed[0] == '\0') || mail_words_is_absence(subject) ||
	    strcasestr(kind, "vacation") != NULL || r->disposition)
		return false;
	return mail_report_guess(subject, body_text(r), failed, told);
}

static void
read_events(struct reading *r, struct value *events)
{
	struct value *told = value_new_array();
	char from[256] = "";

	take_recipients(r);
	take_part(r, g_mime_message_get_mime_part(r->message), 0);
	from_address(r, from);
	if (r->feedback.len > 0) {
		take_returned(r);
		put_complaint(r, events);
	} else {
		if (r->report.len > 0)
			mail_report_delivery(buf_text(&r->report), told);
		if (value_count(told) == 0)
			read_guess(r, from, told);
		if (value_count(told) > 0) {
			take_returned(r);
			put_bounces(r, told, events);
		} else
			put_message(r, from, events);
	}
	value_free(told);
}

/*
 * The same mail, delivered once more, has other lines of servers at its top
 * and is the same in what its writer wrote.
 */
static void
make_key(struct reading *r, const char *raw, size_t len)
{
	static const char *const names[] = { "Message-ID", "Date", "From",
	    "Subject" };
	struct buf all = BUF_INIT(len + 4 * HEAD_MAX);
	const char *body = memmem(raw, len, "\n\n", 2);
	const char *crlf = memmem(raw, len, "\r\n\r\n", 4);

	if (crlf != NULL && (body == NULL || crlf < body))
		body = crlf;
	for (size_t i = 0; i < COUNT(names); i++)
		buf_printf(&all, "%.60000s\n", header(r, names[i]));
	if (body != NULL)
		buf_add(&all, body, len - (size_t)(body - raw));
	digest_sha256(buf_text(&all), all.len, r->key);
	buf_release(&all);
}

static GMimeMessage *
parse(const char *raw, size_t len)
{
	GMimeParser *parser;
	GMimeStream *in;
	GMimeMessage *m;

	in = g_mime_stream_mem_new_with_buffer(raw, len);
	parser = g_mime_parser_new_with_stream(in);
	m = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(in);
	return m;
}

/* "From ana@example.net Fri Nov 20 ...", as some deliver to a pipe. */
static void
skip_mbox_line(const char **raw, size_t *len)
{
	const char *end;

	if (*len < 5 || memcmp(*raw, "From ", 5) != 0)
		return;
	end = memchr(*raw, '\n', *len);
	if (end == NULL)
		return;
	*len -= (size_t)(end + 1 - *raw);
	*raw = end + 1;
}

int
mail_hook_read(const char *raw, size_t len, const struct mail_envelope *env,
    struct value **events, struct error *e)
{
	struct reading r = { .env = env,
	    .text = BUF_INIT(TEXT_MAX), .html = BUF_INIT(TEXT_MAX),
	    .report = BUF_INIT(TEXT_MAX), .feedback = BUF_INIT(TEXT_MAX),
	    .original = BUF_INIT(TEXT_MAX) };

	*events = NULL;
	skip_mbox_line(&raw, &len);
	g_mime_init();
	r.message = len == 0 ? NULL : parse(raw, len);
	if (r.message == NULL)
		return error_set(e, EX_DATAERR, "no mail");
	r.media = value_new_array();
	r.recipients = value_new_array();
	r.tokens = value_new_array();
	r.ids = value_new_array();
	*events = value_new_array();
	make_key(&r, raw, len);
	read_events(&r, *events);
	g_object_unref(r.message);
	value_free(r.media);
	value_free(r.recipients);
	value_free(r.tokens);
	value_free(r.ids);
	buf_release(&r.text);
	buf_release(&r.html);
	buf_release(&r.report);
	buf_release(&r.feedback);
	buf_release(&r.original);
	return 0;
}
