#include "auto_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "message/contact.h"
#include "message/email.h"
#include "message/objection.h"
#include "message/onepass.h"

#define TYPE		"auto_reply"
#define DAY		86400
#define ID_HEX		32

struct auto_reply {
	struct config *config;
	struct ledger *ledger;
	const char *template;
	int64_t age;		/* older than that nobody is answered */
	struct onepass pass;
	struct arena mem;	/* of one event */
	uintmax_t failed;
};

/* What was written, as the ledger has it. */
struct question {
	struct value *event;
	const char *id, *channel;
	struct asker asker;
	instant at;
};

static int
prepare(struct auto_reply *a, struct error *e)
{
	if (onepass_open(&a->pass, a->config, a->ledger, e) == -1)
		return -1;
	return templates_get(a->pass.router.templates, a->template, e) ==
	    NULL ? -1 : 0;
}

int
auto_reply_open(struct auto_reply **out, struct config *c, struct ledger *l,
    struct error *e)
{
	const char *template = config_string(c, "ingest", NULL, "auto_reply");
	struct error why;

	*out = NULL;
	if (template == NULL)
		return 0;
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		die(EX_OSERR, "out of memory");
	(*out)->config = c;
	(*out)->ledger = l;
	(*out)->template = template;
	(*out)->age = config_duration(c, "ingest", NULL, "auto_reply_age");
	(*out)->mem = (struct arena)ARENA_INIT(64 * 1024 * 1024);
	if (prepare(*out, &why) == 0)
		return 0;
	auto_reply_close(*out);
	*out = NULL;
	return error_set(e, why.status, "[ingest] auto_reply: %.600s",
	    why.text);
}

void
auto_reply_close(struct auto_reply *a)
{
	if (a == NULL)
		return;
	onepass_close(&a->pass);
	arena_release(&a->mem);
	free(a);
}

uintmax_t
auto_reply_failed(const struct auto_reply *a)
{
	return a == NULL ? 0 : a->failed;
}

/*
 * Who is answered
 */

/* False: it is no message that waits for staff. */
static bool
load_question(struct auto_reply *a, struct question *q)
{
	const char *id = value_get_string(q->event, "message");
	const char *applied = value_get_string(q->event, "applied");
	const char *kind = value_get_string(q->event, "kind");
	struct ledger_rows *r;
	bool found;

	if (id == NULL || strcmp(kind, "message") != 0 || applied == NULL ||
	    strcmp(applied, "recorded") != 0)
		return false;
	r = ledger_select(a->ledger, "SELECT channel_type, channel, hash, "
	    "contact FROM message WHERE id = ? AND is_unread = 1", "s", id);
	found = ledger_next(r) && ledger_text(r, 1) != NULL;
	if (found) {
		q->id = id;
		q->asker.type = arena_strdup(&a->mem, ledger_text(r, 0));
		q->channel = arena_strdup(&a->mem, ledger_text(r, 1));
		q->asker.hash = arena_strdup(&a->mem, ledger_text(r, 2));
		if (ledger_text(r, 3) != NULL)
			q->asker.contact = arena_strdup(&a->mem,
			    ledger_text(r, 3));
	}
	ledger_end(r);
	q->asker.event = q->event;
	q->asker.from = value_get_string(q->event, "from");
	return found;
}

/* Whatever became of that one: it may yet go. */
static bool
had_one(const struct auto_reply *a, const struct question *q)
{
	char since[CLOCK_TEXT];

	return ledger_count(a->ledger, "SELECT 1 FROM message WHERE type = '"
	    TYPE "' AND direction = 'outbound' AND (hash = ?1 OR contact = "
	    "?2) AND created_at > ?3 LIMIT 1", "sss", q->asker.hash,
	    q->asker.contact, clock_format(clock_now() - DAY, since)) > 0;
}

/* Why nobody is answered, or NULL. */
static const char *
objection(struct auto_reply *a, const struct question *q)
{
	const char *why;

	why = objection_to_answer(a->ledger, a->config, &q->asker, a->age,
	    &a->mem);
	if (why != NULL)
		return why;
	return had_one(a, q) ? "answered within the last 24 hours" : NULL;
}

/*
 * What they get
 */

static void
put_reader(const struct auto_reply *a, const struct question *q,
    struct record *r)
{
	struct value *address = value_new_object(), *one = value_new_object();
	const char *thread = value_get_string(q->event, "message_id");

	value_set_string(one, "to", q->asker.from);
	value_set_take(address, q->asker.type, one);
	record_set_take(r, "address", address);
	if (q->asker.contact != NULL)
		record_set_take(r, "contact", contact_record(a->ledger,
		    q->asker.contact));
	if (email_is_message_id(thread))
		record_set_string(r, "in_reply_to", thread);
}

static void
write_record(struct auto_reply *a, const struct question *q, struct record *r)
{
	const char *key = value_get_string(q->event, "key");
	char hash[DIGEST_HEX], text[CLOCK_TEXT];

	digest_sha256(key, strlen(key), hash);
	record_set_string(r, "id", arena_printf(&a->mem, "auto:%.*s", ID_HEX,
	    hash));
	record_set_string(r, "type", TYPE);
	record_set_string(r, "template", a->template);
	record_set_string(r, "channel", q->channel);
	record_set_string(r, "priority", "high");
	record_set_string(r, "expires_at", clock_format(q->at + a->age, text));
	put_reader(a, q, r);
}

static void
say(struct value *event, const char *state, const char *id,
    const char *reason)
{
	struct value *v = value_new_object();

	value_set_string(v, "state", state);
	if (id != NULL)
		value_set_string(v, "id", id);
	if (reason != NULL)
		value_set_string(v, "reason", reason);
	value_set_take(event, "auto_reply", v);
}

/* One that is refused stands in failed_message, with the reason. */
static void
answer(struct auto_reply *a, const struct question *q)
{
	struct error why = { .text = "" };
	struct record r = RECORD_INIT;
	const char *id;

	record_new(&r);
	write_record(a, q, &r);
	onepass_record(&a->pass, &r, true, &why);
	id = record_string(&r, "id");
	if (record_is_refused(&r)) {
		a->failed++;
		diag("%s: no automatic answer: %s", q->id, why.text);
		say(q->event, "refused", id, why.text);
	} else
		say(q->event, "queued", id, NULL);
	record_release(&r);
}

void
auto_reply_answer(struct auto_reply *a, struct value *event)
{
	struct question q = { .event = event };
	const char *why;

	if (a == NULL)
		return;
	arena_reset(&a->mem);
	if (!load_question(a, &q))
		return;
	q.at = objection_time(event);
	why = objection(a, &q);
	if (why != NULL)
		say(event, "none", NULL, why);
	else
		answer(a, &q);
}

void
auto_reply_commit(struct auto_reply *a)
{
	onepass_commit(&a->pass);
}
