#include "queue.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "message/attach.h"
#include "message/contact.h"
#include "message/contact_check.h"
#include "message/links.h"
#include "message/notice.h"
#include "message/policy.h"
#include "message/queue_impl.h"
#include "store/spool.h"

#define ORDERS_MAX	(64 * 1024 * 1024)

/* Links that end later say nothing else. */
static void
carry_masked(struct value *v, const char *field, const struct record *r)
{
	const char *s = record_string(r, field);
	struct buf b = BUF_INIT(8 * RECORD_MAX);

	if (s == NULL)
		return;
	links_mask(s, &b);
	value_set_string(v, field, buf_text(&b));
	buf_release(&b);
}

/* What the person would read, and where: the same id must mean the same. */
static char *
fingerprint(struct queue *q, const struct record *r, char out[DIGEST_HEX])
{
	static const char *const fields[] = { "channel", "to", "subject",
	    "text", "html" };
	struct value *v = value_new_object();
	struct buf b = BUF_INIT(8 * RECORD_MAX);

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		carry_masked(v, fields[i], r);
	/* As it was asked for: the same file may be gone, or another by now. */
	if (value_count(record_get(r, "attachments")) > 0)
		value_set_take(v, "attachments", value_copy(record_get(r,
		    "attachments")));
	value_write(v, &b);
	ledger_hash(q->ledger, buf_text(&b), out);
	buf_release(&b);
	value_free(v);
	return out;
}

/* The state of a message of this id, or NULL; its fingerprint in `print`. */
static const char *
known_state(struct queue *q, const char *id, char print[DIGEST_HEX],
    struct arena *mem)
{
	struct ledger_rows *r;
	const char *state = NULL;

	r = ledger_select(q->ledger, "SELECT state, fingerprint FROM message "
	    "WHERE id = ?", "s", id);
	print[0] = '\0';
	if (ledger_next(r)) {
		state = arena_strdup(mem, ledger_text(r, 0));
		if (ledger_text(r, 1) != NULL)
			snprintf(print, DIGEST_HEX, "%s", ledger_text(r, 1));
	}
	ledger_end(r);
	return state;
}

static void
put_content(struct queue *q, const struct record *r,
    struct value *attachments, struct value *data)
{
	struct buf b = BUF_INIT(16 * RECORD_MAX);
	char key[LEDGER_KEY];

	attach_write(r, attachments, &b);
	ledger_content_put(q->ledger, "message", buf_text(&b), b.len, key);
	value_set_string(data, "content", key);
	buf_release(&b);
}

static void
put_common(struct queue *q, const struct record *r, struct value *data)
{
	static const char *const fields[] = { "id", "type", "topic", "class",
	    "template", "language", "timezone", "parent", "currency", "cost",
	    "author" };
	const struct value *related = record_get(r, "related");

	(void)q;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		value_carry(data, fields[i], r->root, fields[i]);
	value_carry(data, "contact", record_get(r, "contact"), "id");
	value_carry(data, "channel_type", r->root, "channel");
	if (value_type(related) == VALUE_OBJECT)
		value_set_take(data, "related", value_copy(related));
}

/*
 * Whether another channel is to be tried should this one fail: omni-route named
 * some, or it takes the place of one that failed.  A ladder goes on by its own
 * steps.
 */
static bool
may_fail_over(const struct record *r)
{
	const char *parent = record_string(r, "parent");

	if (value_type(record_get(r, "reminder")) == VALUE_OBJECT &&
	    notice_of(r) == NULL)
		return false;
	return (parent != NULL && *parent != '\0') ||
	    value_string(value_at(record_get(r, "fallback"), 0)) != NULL;
}

static void
put_fallback(const struct record *r, struct value *data, struct arena *mem)
{
	if (record_get(r, "fallback") != NULL)
		value_set_string(data, "fallback", value_json(record_get(r,
		    "fallback"), mem));
	if (may_fail_over(r))
		value_set_integer(data, "failover", 1);
}

static void
add_hash(struct queue *q, struct value *list, const char *to)
{
	char hash[DIGEST_HEX];

	if (to != NULL)
		value_append_take(list, value_new_string(contact_address_hash(
		    q->ledger, to, hash)));
}

/* Whom it was for, of nobody that is known: so that it can be forgotten. */
static void
put_hashes(struct queue *q, const struct record *r, struct value *data)
{
	const struct value *address = record_get(r, "address");
	struct value *list;

	if (value_get(data, "contact") != NULL)
		return;
	list = value_new_array();
	add_hash(q, list, record_string(r, "to"));
	for (struct value_iter it = { 0 }; value_next(address, &it); )
		add_hash(q, list, value_get_string(it.value, "to"));
	if (value_count(list) > 0)
		value_set_take(data, "hashes", list);
	else
		value_free(list);
}

/*
 * A refused record is entered too: staff sees it among the failed, and a
 * ladder goes on with its next step at once.  The reason may hold personal
 * data, so the journal has its code only and the content the rest.
 */
static void
enter_refused(struct queue *q, struct filter *f, struct record *r)
{
	const struct value *error = record_get(r, "error");
	const char *id = record_string(r, "id"), *state;
	struct value *data;
	char print[DIGEST_HEX];

	if (id == NULL || *id == '\0' || record_get(r, "raw") != NULL) {
		queue_say(r, "refused", NULL);
		return;
	}

	state = known_state(q, id, print, &f->mem);
	if (state != NULL) {
		queue_say(r, strcmp(state, "refused") == 0 ? "refused" :
		    "duplicate", NULL);
		return;
	}
	queue_say(r, "refused", NULL);
	if (q->dry)
		return;
	data = value_new_object();
	put_common(q, r, data);
	put_content(q, r, NULL, data);
	value_carry(data, "code", error, "code");
	value_carry(data, "stage", error, "stage");
	value_carry(data, "field", error, "field");
	/* What never was in the ledger has nothing to fail over from. */
	if (record_string(r, "parent") != NULL)
		put_fallback(r, data, &f->mem);
	put_hashes(q, r, data);
	if (queue_knows_reminder(q, r))
		queue_put_reminder(q, r, data, clock_now(), true);
	if (value_get(data, "reminder") != NULL &&
	    value_get(data, "next_step") == NULL &&
	    record_string(r, "parent") == NULL)
		queue_flag(q, r, "unreachable", value_get_string(error, "code"));
	ledger_append_take(q->ledger, "message.refused", data);
}

/*
 * The end of a chain of channels.  Where somebody was to be reached staff takes
 * over: then the message is failed, whatever became of its last one.
 */
static void
enter_failover(struct queue *q, struct record *r)
{
	const struct value *failover = record_get(r, "failover");
	const char *kind = value_get_string(failover, "flag");
	const char *last = record_string(r, "parent");
	struct value *data, *end;

	/* Entered before, or delivered since omni-escalate looked? */
	if (last == NULL || ledger_count(q->ledger, "SELECT count(*) FROM "
	    "message WHERE id = ? AND failover = 'due'", "s", last) == 0) {
		queue_say(r, "duplicate", NULL);
		return;
	}
	queue_say(r, "queued", NULL);
	if (q->dry)
		return;
	end = value_new_object();
	value_set_string(end, "id", last);
	value_carry(end, "reason", failover, "reason");
	if (kind != NULL) {
		value_set_string(end, "state", "failed");
		data = value_new_object();
		value_set_string(data, "kind", kind);
		value_carry(data, "contact", record_get(r, "contact"), "id");
		value_carry(data, "message", failover, "of");
		value_carry(data, "reason", failover, "reason");
		ledger_append_take(q->ledger, "flag.put", data);
	}
	ledger_append_take(q->ledger, "failover.ended", end);
}

/* A record for staff, if it is one; true when it was dealt with. */
static bool
enter_staff(struct queue *q, struct record *r)
{
	const char *channel = record_string(r, "channel");

	if (channel == NULL || strcmp(channel, "staff") != 0)
		return false;
	if (value_get_string(record_get(r, "reminder"), "id") != NULL)
		queue_enter_step(q, r);
	else if (value_get_string(record_get(r, "failover"), "of") != NULL)
		enter_failover(q, r);
	else
		return false;
	return true;
}

/* What a person said of calls is not asked of an SMS, and the other way. */
static bool
is_of_type(struct filter *f, struct record *r)
{
	const char *account = record_string(r, "account");
	const char *type = config_string(((struct queue *)f->ctx)->config,
	    "channel", account, "type");

	if (strcmp(type, record_string(r, "channel")) == 0)
		return true;
	filter_refuse(f, r, "no_channel", "account", "[channel %.60s] is for "
	    "%s, not for %.60s", account, type, record_string(r, "channel"));
	return false;
}

static bool
is_ready(struct filter *f, struct record *r)
{
	static const char *const needed[] = { "account", "channel", "to",
	    "text", "expires_at" };
	const char *s = contact_id_fault(record_get(r, "contact"));
	instant t;

	if (s != NULL) {
		filter_refuse(f, r, "bad_contact", "contact.id",
		    "contact.id: %s", s);
		return false;
	}

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		s = record_string(r, needed[i]);
		if (s != NULL && *s != '\0')
			continue;
		filter_refuse(f, r, "not_ready", needed[i], "%s is missing; "
		    "it comes from omni-route and omni-render", needed[i]);
		return false;
	}
	if (!clock_parse(record_string(r, "expires_at"), &t)) {
		filter_refuse(f, r, "bad_time", "expires_at",
		    "expires_at: not a time");
		return false;
	}
	if (record_get(r, "not_before") != NULL &&
	    (record_string(r, "not_before") == NULL ||
	    !clock_parse(record_string(r, "not_before"), &t))) {
		filter_refuse(f, r, "bad_time", "not_before",
		    "not_before: not a time");
		return false;
	}
	if (!config_has(((struct queue *)f->ctx)->config, "channel",
	    record_string(r, "account"))) {
		filter_refuse(f, r, "no_channel", "account",
		    "there is no [channel %.60s]", record_string(r,
		    "account"));
		return false;
	}
	return is_of_type(f, r);
}

static int64_t
priority(const struct record *r)
{
	const char *s = record_string(r, "priority");

	if (s != NULL && strcmp(s, "high") == 0)
		return 0;
	return s != NULL && strcmp(s, "bulk") == 0 ? 2 : 1;
}

static void
put_address(struct queue *q, const struct record *r, struct value *data)
{
	const char *to = record_string(r, "to"), *hash;
	char key[LEDGER_KEY], conversation[320];
	const char *contact = value_get_string(record_get(r, "contact"), "id");

	hash = contact_address_put(q->ledger, to, key);
	value_set_string(data, "address", key);
	value_set_string(data, "hash", hash);
	snprintf(conversation, sizeof(conversation), "%s:%.250s",
	    contact != NULL ? "contact" : "address",
	    contact != NULL ? contact : hash);
	value_set_string(data, "conversation", conversation);
}

static struct orders *
orders_for(struct queue *q, const char *account)
{
	struct orders *o;

	for (size_t i = 0; i < q->accounts; i++)
		if (strcmp(q->orders[i].account, account) == 0)
			return &q->orders[i];
	if (q->accounts == QUEUE_ACCOUNTS)
		return NULL;
	o = &q->orders[q->accounts++];
	snprintf(o->account, sizeof(o->account), "%s", account);
	o->lines = (struct buf)BUF_INIT(ORDERS_MAX);
	return o;
}

/* Work orders are a convenience: one that does not fit is left out. */
static void
add_order(struct queue *q, const struct record *r)
{
	struct orders *o = orders_for(q, record_string(r, "account"));

	if (o == NULL)
		return;
	record_write(r, &o->lines);
	buf_char(&o->lines, '\n');
}

/* Why a person must release it first, or NULL. */
static const char *
hold_of(const struct queue *q, const struct record *r)
{
	const char *s = record_string(r, "hold");

	return q->hold != NULL ? q->hold : s != NULL && *s != '\0' ? s : NULL;
}

/* Both values are given away; `attachments` may be NULL. */
static void
enter(struct queue *q, struct filter *f, struct record *r, const char *print,
    struct value *data, struct value *attachments)
{
	const char *hold = hold_of(q, r);
	int64_t segments;
	instant due = clock_now(), from;
	char text[CLOCK_TEXT];

	if (record_string(r, "not_before") != NULL &&
	    clock_parse(record_string(r, "not_before"), &from) && from > due)
		due = from;
	put_common(q, r, data);
	value_carry(data, "channel", r->root, "account");
	value_set_string(data, "fingerprint", print);
	value_set_string(data, "due_at", clock_format(due, text));
	if (clock_parse(record_string(r, "expires_at"), &from))
		value_set_string(data, "expires_at", clock_format(from, text));
	clock_format(due, text);
	value_set_integer(data, "priority", priority(r));
	put_fallback(r, data, &f->mem);
	if (record_get(r, "route") != NULL)
		value_set_string(data, "route", value_json(record_get(r,
		    "route"), &f->mem));
	if (value_integer(record_get(r, "segments"), &segments))
		value_set_integer(data, "segments", segments);
	if (hold != NULL)
		value_set_string(data, "held", hold);
	queue_put_reminder(q, r, data, due, false);
	queue_say(r, hold != NULL ? "held" : "queued", text);
	q->queued++;
	snprintf(q->cost, sizeof(q->cost), "%s", decimal_add(q->cost,
	    record_string(r, "cost"), &f->mem));
	if (q->dry) {
		value_free(data);
		return;
	}
	put_address(q, r, data);
	put_content(q, r, attachments, data);
	ledger_append_take(q->ledger, "message.queued", data);
	if (hold == NULL && !q->rehearsal && due <= clock_now())
		add_order(q, r);
}

static void
take_new(struct queue *q, struct filter *f, struct record *r,
    const char *print)
{
	struct value *data = value_new_object(), *attachments;

	if (attach_take(q, f, r, &attachments, q->dry ? NULL : data) == 0) {
		enter(q, f, r, print, data, attachments);
		return;
	}
	value_free(data);
	if (!record_is_refused_temporarily(r))
		enter_refused(q, f, r);
}

static void
take_good(struct queue *q, struct filter *f, struct record *r)
{
	const char *id, *state;
	char print[DIGEST_HEX], before[DIGEST_HEX], fresh[DIGEST_HEX];
	unsigned char random[16];

	id = record_string(r, "id");
	if ((id == NULL || *id == '\0') && q->new_ids) {
		digest_random(random, sizeof(random));
		digest_sha256(random, sizeof(random), fresh);
		fresh[26] = '\0';
		record_set_string(r, "id", fresh);
		id = record_string(r, "id");
	}
	if (id == NULL || *id == '\0' || strlen(id) > 200) {
		filter_refuse(f, r, "no_id", "id", "id is missing%s; without "
		    "one the same message could be sent twice (--new-ids "
		    "makes one)", id != NULL && *id != '\0' ?
		    " or longer than 200 bytes" : "");
		queue_say(r, "refused", NULL);
		return;
	}
	if (!queue_reminder_is_sound(q, f, r)) {
		queue_say(r, "refused", NULL);
		return;
	}
	if (enter_staff(q, r))
		return;
	if (!is_ready(f, r)) {
		enter_refused(q, f, r);
		return;
	}
	fingerprint(q, r, print);
	state = known_state(q, id, before, &f->mem);
	if (state != NULL && strcmp(state, "refused") != 0) {
		queue_say(r, strcmp(before, print) == 0 ? "duplicate" : "differs",
		    NULL);
		if (strcmp(before, print) != 0)
			diag("line %ju: %s: queued before with another text; "
			    "that one stays", f->line, id);
	} else
		take_new(q, f, r, print);
}

void
queue_record(struct filter *f, struct record *r)
{
	struct queue *q = f->ctx;

	if (!q->dry && !ledger_is_open(q->ledger))
		ledger_begin(q->ledger);
	if (record_is_refused_temporarily(r))
		return;		/* entered by the run that can tell */
	if (queue_take_assist(q, r))
		return;
	if (record_is_refused(r))
		enter_refused(q, f, r);
	else
		take_good(q, f, r);
}

static int
put_orders(struct queue *q, struct orders *o)
{
	char path[PATH_MAX], name[SPOOL_NAME + 8];
	struct error e;
	int dir, rc = -1;

	snprintf(path, sizeof(path), "%s/outbound/%s", config_path(q->config,
	    "paths", NULL, "spool"), o->account);
	dir = spool_open(path, &e);
	if (dir != -1) {
		spool_name(name);
		snprintf(name + strlen(name), 8, ".ndjson");
		rc = spool_put(dir, name, buf_text(&o->lines), o->lines.len,
		    false, &e);
	}
	if (rc == -1) {
		diag("%s; the messages are queued in the ledger all the same",
		    e.text);
		q->spool_status = e.status;
	}
	close(dir);
	return rc;
}

void
queue_commit(struct filter *f)
{
	struct queue *q = f->ctx;

	if (ledger_is_open(q->ledger))
		ledger_commit(q->ledger);
	for (size_t i = 0; i < q->accounts; i++) {
		if (q->orders[i].lines.len > 0)
			put_orders(q, &q->orders[i]);
		buf_clear(&q->orders[i].lines);
	}
}

/* What is out cannot be called back: it is only kept from a second try. */
static bool
is_noted(const char *op, const char *id, const char *state)
{
	bool doubt = strcmp(state, "in_doubt") == 0;

	if (strcmp(op, "message.cancelled") != 0 || (!doubt &&
	    strcmp(state, "sending") != 0))
		return false;
	diag("%s: noted: it is %s; it will not be sent again", id, doubt ?
	    "in doubt" : "being sent");
	return true;
}

int
queue_change_one(struct ledger *l, const char *op, const char *from,
    const char *id, struct value *data, struct error *e)
{
	struct ledger_rows *r;
	char state[16] = "";

	r = ledger_select(l, "SELECT state FROM message WHERE id = ?", "s", id);
	if (ledger_next(r))
		snprintf(state, sizeof(state), "%s", ledger_text(r, 0));
	ledger_end(r);
	if (state[0] != '\0' && (strstr(from, state) != NULL ||
	    is_noted(op, id, state))) {
		value_set_string(data, "id", id);
		value_set_string(data, "reason", "by hand");
		ledger_append_take(l, op, data);
		return 0;
	}
	value_free(data);
	if (state[0] == '\0')
		return error_set(e, EX_REFUSED, "%.200s: no such message", id);
	return error_set(e, EX_REFUSED, "%.200s: is %s, not %s", id, state,
	    from);
}

int
queue_change(struct queue *q, const char *op, const char *from,
    const char *const *ids, size_t count)
{
	struct error e;
	int rc = EX_OK;

	ledger_begin(q->ledger);
	for (size_t i = 0; i < count; i++)
		if (queue_change_one(q->ledger, op, from, ids[i],
		    value_new_object(), &e) == -1) {
			diag("%s", e.text);
			rc = EX_REFUSED;
		}
	ledger_commit(q->ledger);
	return rc;
}

void
queue_release(struct queue *q)
{
	for (size_t i = 0; i < q->accounts; i++)
		buf_release(&q->orders[i].lines);
	if (q->has_hours)
		hours_release(&q->hours);
}
