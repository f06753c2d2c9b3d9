/*
 * Mails that came in, as GMime takes them apart: what becomes of them.
 */
#include "mail_hook_impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/text.h"
#include "message/email.h"
#include "provider/mail_report.h"
#include "provider/mail_text.h"
#include "provider/provider_impl.h"

#define TEXT_MAX	(1024 * 1024)	/* bytes of text that are looked at */
#define WORDS_MAX	(32 * 1024)	/* and kept of a person's */
#define HEAD_MAX	(64 * 1024)
#define SUBJECT_BYTES	1000	/* a token has up to 620 */
#define NAME_BYTES	256
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

bool
mail_hook_is_one_of(const char *s, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	return false;
}

/*
 * Whom it is for, and what it answers
 */

static void
add_recipient(struct mail_reading *r, const char *s)
{
	char addr[256];

	mail_report_tokens(s, r->tokens);
	if (value_count(r->recipients) < MAIL_MARKS_MAX &&
	    mail_report_address(s, strlen(s), addr))
		value_append_take(r->recipients, value_new_string(addr));
}

static void
take_recipients(struct mail_reading *r)
{
	static const char *const names[] = { "X-Original-To", "Delivered-To",
	    "Envelope-To", "To", "Cc" };
	InternetAddressList *to = g_mime_message_get_addresses(r->message,
	    GMIME_ADDRESS_TYPE_TO);

	for (size_t i = 0; i < r->env->count; i++)
		add_recipient(r, r->env->recipients[i]);
	for (size_t i = 0; i < COUNT(names); i++)
		add_recipient(r, mail_hook_header(r, names[i]));
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
take_thread(struct mail_reading *r)
{
	mail_report_id_list(mail_hook_header(r, "In-Reply-To"), r->ids);
	mail_report_id_list(mail_hook_header(r, "References"), r->ids);
}

/*
 * Events
 */

static struct value *
event_new(const struct mail_reading *r, const char *kind, size_t number)
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
	if (value_count(r->ids) > 0)
		value_set_string(mail, "original", value_string(value_at(
		    r->ids, 0)));
	value_set_take(event, "mail", mail);
	return event;
}

/* 4.4.7 is a try that was given up: another day it may arrive. */
static const char *
status_of(const char *action, const char *code)
{
	static const char *const names[][2] = {
		{ "complaint", "complained" }, { "delayed", "accepted" },
		{ "delivered", "delivered" }, { "relayed", "sent" },
		{ "expanded", "sent" }
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
put_subject(const struct mail_reading *r, struct value *event)
{
	char text[SUBJECT_BYTES + 1];
	const char *s = mail_hook_header(r, "Subject");

	if (s[0] != '\0')
		value_set_string(event, "subject", text_escape(text,
		    sizeof(text), s, strlen(s)));
}

static void
put_bounces(const struct mail_reading *r, const struct value *told,
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
		value_carry(event, "mail_status", one, "status");
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

static void
put_complaint_of(const struct mail_reading *r, const char *type,
    const char *to, size_t number, size_t among, struct value *events)
{
	/* RFC 5965 7.3: some of them tell of other things. */
	static const char *const complaints[] = { "abuse", "fraud", "virus",
	    "other", "opt-out", "opt-out-list", "miscategorized", "" };
	struct value *event;

	if (!mail_hook_is_one_of(type, complaints, COUNT(complaints))) {
		event = event_new(r, "other", number);
		value_set_string(event, "reason", type);
	} else {
		event = event_new(r, "status", number);
		value_set_string(event, "status", "complained");
		value_set_string(event, "raw_status", type[0] == '\0' ?
		    "abuse" : type);
		value_set_integer(event, "among", (int64_t)among);
	}
	if (to[0] != '\0')
		value_set_string(event, "to", to);
	value_append_take(events, event);
}

static void
put_complaint(const struct mail_reading *r, struct value *events)
{
	struct value *all = value_new_array();
	size_t count;
	char type[32], to[256];

	mail_report_feedback(buf_text(&r->feedback), type, all);
	count = value_count(all);
	for (size_t i = 0; i < count; i++)
		put_complaint_of(r, type, value_string(value_at(all, i)), i,
		    count, events);
	if (count == 0) {
		mail_report_to(buf_text(&r->original), to);
		put_complaint_of(r, type, to, 0, 1, events);
	}
	value_free(all);
}

static void
put_time(const struct mail_reading *r, struct value *event)
{
	GDateTime *date = g_mime_message_get_date(r->message);
	char text[CLOCK_TEXT];
	int64_t t = date == NULL ? 0 : g_date_time_to_unix(date);

	/* Before 2001 or after 2100 it is no time of a mail. */
	if (t >= 978307200 && t <= 4102444800)
		value_set_string(event, "at", clock_format(t, text));
}

static void
put_name(struct mail_reading *r, struct value *event)
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
	struct buf words = BUF_INIT(WORDS_MAX + 8);
	struct buf kept = BUF_INIT(WORDS_MAX + 1);
	size_t len;

	mail_own_words(text, &words);
	len = words.len;
	if (len > WORDS_MAX) {
		len = WORDS_MAX;
		while (len > 0 && ((unsigned char)words.data[len] & 0xc0) ==
		    0x80)
			len--;
	}
	if (words.full || len < words.len)
		value_set_bool(event, "cut", true);
	buf_add(&kept, buf_text(&words), len);
	value_set_string(event, "text", buf_text(&kept));
	buf_release(&words);
	buf_release(&kept);
}

static void
put_message(struct mail_reading *r, const char *raw_from, struct value *events)
{
	struct arena mem = ARENA_INIT(64 * 1024);
	const char *from, *why, *reason = mail_hook_automatic(r,
	    raw_from);
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
		put_text(event, mail_hook_body(r));
		value_set_take(event, "attachments",
		    value_copy(r->attachments));
		if (mail_hook_header(r, "Message-ID")[0] != '\0')
			value_set_string(event, "message_id",
			    mail_hook_header(r, "Message-ID"));
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

static void
read_events(struct mail_reading *r, struct value *events)
{
	struct value *told = value_new_array();
	char from[256] = "";

	take_recipients(r);
	mail_hook_parts(r);
	mail_hook_from(r, from);
	if (r->feedback.len > 0 || mail_hook_is_bare_complaint(r)) {
		mail_hook_returned(r);
		put_complaint(r, events);
	} else {
		mail_hook_told(r, from, told);
		if (value_count(told) > 0) {
			mail_hook_returned(r);
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
make_key(struct mail_reading *r, const char *raw, size_t len)
{
	static const char *const names[] = { "Message-ID", "Date", "From",
	    "Subject" };
	struct buf all = BUF_INIT(len + 4 * HEAD_MAX);
	const char *body = memmem(raw, len, "\n\n", 2);
	const char *crlf = memmem(raw, len, "\r\n\r\n", 4);

	if (crlf != NULL && (body == NULL || crlf < body))
		body = crlf;
	for (size_t i = 0; i < COUNT(names); i++)
		buf_printf(&all, "%.60000s\n", mail_hook_header(r, names[i]));
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

/* GLib ends the program by a signal when it finds no memory. */
static GLogWriterOutput
on_log(GLogLevelFlags level, const GLogField *fields, gsize count, void *ctx)
{
	const char *text = "";

	for (gsize i = 0; i < count; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			text = fields[i].value;
	if ((level & (G_LOG_FLAG_FATAL | G_LOG_LEVEL_ERROR)) != 0)
		die(EX_OSERR, "GLib: %s", text);
	return g_log_writer_default(level, fields, count, ctx);
}

/* Once: GLib takes a second writer for a bug. */
static void
start_library(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	g_log_set_writer_func(on_log, NULL, NULL);
	g_mime_init();
}

int
mail_hook_read(const char *raw, size_t len, const struct mail_envelope *env,
    struct value **events, struct error *e)
{
	struct mail_reading r = { .env = env,
	    .text = BUF_INIT(TEXT_MAX), .html = BUF_INIT(TEXT_MAX),
	    .report = BUF_INIT(TEXT_MAX), .feedback = BUF_INIT(TEXT_MAX),
	    .original = BUF_INIT(TEXT_MAX), .inner = BUF_INIT(TEXT_MAX),
	    .inner_original = BUF_INIT(TEXT_MAX) };

	*events = NULL;
	skip_mbox_line(&raw, &len);
	r.raw = raw;
	r.len = len;
	start_library();
	r.message = len == 0 ? NULL : parse(raw, len);
	if (r.message == NULL)
		return error_set(e, EX_DATAERR, "no mail");
	r.attachments = value_new_array();
	r.recipients = value_new_array();
	r.tokens = value_new_array();
	r.ids = value_new_array();
	*events = value_new_array();
	make_key(&r, raw, len);
	read_events(&r, *events);
	g_object_unref(r.message);
	value_free(r.attachments);
	value_free(r.recipients);
	value_free(r.tokens);
	value_free(r.ids);
	buf_release(&r.text);
	buf_release(&r.html);
	buf_release(&r.report);
	buf_release(&r.feedback);
	buf_release(&r.original);
	buf_release(&r.inner);
	buf_release(&r.inner_original);
	return 0;
}
