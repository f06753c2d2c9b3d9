/*
 * One mail, and what omni understands of it.
 */
#include "try_mail.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/output.h"
#include "ingest/mail_take.h"
#include "ingest/try_reply.h"
#include "message/inbound_mail.h"
#include "message/reply.h"
#include "provider/mail_hook.h"

static void
set_or_null(struct value *out, const char *key, const char *s)
{
	if (s != NULL && s[0] != '\0')
		value_set_string(out, key, s);
	else
		value_set_null(out, key);
}

/* A delay is none of both yet, and what arrived has nothing to last. */
static void
set_permanent(struct value *out, const char *status)
{
	if (strcmp(status, "bounced") == 0)
		value_set_bool(out, "permanent", true);
	else if (strcmp(status, "failed") == 0 ||
	    strcmp(status, "accepted") == 0)
		value_set_bool(out, "permanent", false);
	else
		value_set_null(out, "permanent");
}

static struct value *
recipient(const struct value *event, const char *address)
{
	const char *status = value_get_string(event, "status");
	struct value *v = value_new_object();
	bool told = status != NULL && strcmp(status, "complained") != 0;

	value_set_string(v, "address", address);
	set_or_null(v, "action", told ? value_get_string(event, "raw_status") :
	    NULL);
	set_or_null(v, "status", value_get_string(event, value_get(event,
	    "mail_status") != NULL ? "mail_status" : "code"));
	set_permanent(v, told ? status : "");
	set_or_null(v, "reason", value_get_string(event, told ? "title" :
	    status != NULL ? "raw_status" : "reason"));
	return v;
}

/*
 * Whom a server or a provider tells of, by address; who wants no mails any
 * more is told of by the mail itself.
 */
static struct value *
recipients(const struct value *events, const char *kind)
{
	struct value *all = value_new_array();
	const struct value *event;
	const char *address;

	for (size_t i = 0; i < value_count(events); i++) {
		event = value_at(events, i);
		address = strcmp(kind, "unsubscribe") == 0 ?
		    value_get_string(event, "from") :
		    strcmp(value_get_string(event, "kind"), "message") == 0 ?
		    NULL : value_get_string(event, "to");
		if (address != NULL)
			value_append_take(all, recipient(event, address));
	}
	return all;
}

/* Without the brackets, which are no part of an id (RFC 5322, 3.6.4). */
static void
set_original(struct value *out, const struct value *mail, struct arena *mem)
{
	const char *id = value_get_string(mail, "original");

	if (id == NULL)
		value_set_null(out, "original_message_id");
	else
		value_set_string(out, "original_message_id",
		    arena_strndup(mem, id + 1, strlen(id) - 2));
}

static const char *
kind_of(struct value *event, const struct links *links,
    struct config *c, struct arena *mem)
{
	const char *kind = value_get_string(event, "kind");

	if (strcmp(kind, "status") == 0)
		return strcmp(value_get_string(event, "status"),
		    "complained") == 0 ? "complaint" : "bounce";
	if (strcmp(kind, "message") != 0)
		return "other";
	return inbound_mail_kind(c, links, event, mem);
}

/* Of what a person wrote, or a program in the place of one. */
static void
set_words(struct value *out, const struct value *event, bool reply)
{
	const char *text = value_get_string(event, "text");

	set_or_null(out, "text", NULL);
	if (text == NULL)
		return;
	value_set_string(out, "text", text);
	if (reply)
		value_set_string(out, "intent", try_reply_intent(
		    reply_classify(text, strlen(text))));
}

static struct value *
understood(struct config *c, const struct links *links,
    const struct value *events, struct arena *mem)
{
	struct value *event = value_copy(value_at(events, 0));
	struct value *out = value_new_object();
	const char *kind = kind_of(event, links, c, mem);

	value_set_string(out, "kind", kind);
	value_set_take(out, "recipients", recipients(events, kind));
	set_original(out, value_get(event, "mail"), mem);
	set_words(out, event, strcmp(kind, "reply") == 0);
	value_carry(out, "subject", event, "subject");
	value_carry(out, "automatic", event, "automatic");
	value_carry(out, "reason", event, "reason");
	if (value_count(value_get(event, "attachments")) > 0)
		value_set_take(out, "attachments", value_copy(value_get(event,
		    "attachments")));
	if (value_is_true(value_get(event, "cut")))
		value_set_bool(out, "cut", true);
	value_free(event);
	return out;
}

static void
print(struct config *c, const struct value *events)
{
	struct buf line = BUF_INIT(MAIL_TAKE_MAX);
	struct arena mem = ARENA_INIT(1024 * 1024);
	struct links links = { .on = false };
	struct value *v;
	struct error e;

	/* Who tries may not read the key; then a token is only not checked. */
	if (links_init(&links, c, &e) == -1 || links.mailto == NULL)
		links.mailto = config_string(c, "links", NULL, "mailto");
	v = understood(c, &links, events, &mem);
	value_write(v, &line);
	output_put(&line);
	value_free(v);
	links_release(&links);
	arena_release(&mem);
	buf_release(&line);
}

int
try_mail(const struct program *p)
{
	struct mail_envelope env = { .sender = NULL };
	struct buf mail = BUF_INIT(MAIL_TAKE_MAX);
	struct value *events = NULL;
	struct error e;
	int rc;

	rc = mail_take_read(p->config, &mail, &env.cut, &e);
	if (rc == 0)
		rc = mail_hook_read(buf_text(&mail), mail.len, &env, &events,
		    &e);
	buf_release(&mail);
	if (rc == -1) {
		diag("%s", e.text);
		return e.status;
	}
	if (!p->quiet)
		print(p->config, events);
	value_free(events);
	return EX_OK;
}
