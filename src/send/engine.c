#include "engine_impl.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/output.h"
#include "message/consent.h"
#include "message/policy.h"

static volatile sig_atomic_t stopping;

static void
on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

bool
engine_is_stopping(void)
{
	return stopping != 0;
}

void
engine_catch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal };

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
}

void
engine_journal(struct engine *n, const char *op, const char *id,
    const char *reason, const char *due, bool bring_forward)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", id);
	value_set_string(data, "reason", reason);
	if (due != NULL)
		value_set_string(data, "due_at", due);
	if (bring_forward)
		value_set_integer(data, "bring_forward", 1);
	ledger_append_take(n->ledger, op, data);
}

void
engine_flag(struct engine *n, const char *kind, const char *id,
    const char *reason)
{
	struct value *data = value_new_object();
	struct ledger_rows *r;

	value_set_string(data, "kind", kind);
	value_set_string(data, "message", id);
	value_set_string(data, "reason", reason);
	r = ledger_select(n->ledger, "SELECT reminder, contact FROM message "
	    "WHERE id = ?", "s", id);
	if (ledger_next(r)) {
		if (ledger_text(r, 0) != NULL)
			value_set_string(data, "reminder", ledger_text(r, 0));
		if (ledger_text(r, 1) != NULL)
			value_set_string(data, "contact", ledger_text(r, 1));
	}
	ledger_end(r);
	ledger_append_take(n->ledger, "flag.put", data);
}

/*
 * Full jitter would be random; ours comes from the id, so that a replay gives
 * the same times: between half and the whole of 1, 2, 4 ... minutes.
 */
static instant
retry_at(const struct flight *f, instant now)
{
	int64_t wait = BACKOFF_FIRST;
	char hash[DIGEST_HEX];

	for (int i = 1; i < f->attempt && wait < BACKOFF_MAX; i++)
		wait *= 2;
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	digest_sha256(f->id, strlen(f->id), hash);
	hash[6] = '\0';
	return now + wait / 2 + strtoll(hash, NULL, 16) % (wait / 2 + 1);
}

/* The message's next state, and what the ledger learns besides. */
static const char *
decide(struct engine *n, const struct flight *f, struct value *data)
{
	int64_t max_age = config_duration(n->config, "channel", n->name,
	    "max_age");
	instant now = clock_now();
	char text[CLOCK_TEXT];

	switch (f->verdict.outcome) {
	case OUTCOME_ACCEPTED:
		return "sent";
	case OUTCOME_LATER:
		if (max_age > 0 && now - f->created >= max_age) {
			value_set_string(data, "reason", "gave up after "
			    "max_age");
			return "failed";
		}
		value_set_string(data, "retry_at",
		    clock_format(retry_at(f, now), text));
		value_set_string(data, "reason", "to be tried again");
		return "queued";
	case OUTCOME_SETUP:
		value_set_string(data, "reason", "the provider's set-up");
		return "queued";
	default:
		value_set_string(data, "reason",
		    outcome_name(f->verdict.outcome));
		return "failed";
	}
}

static void
learn_of_address(struct engine *n, const struct flight *f)
{
	struct ledger_rows *r;
	struct value *data;
	char hash[DIGEST_HEX] = "";

	if (f->verdict.outcome == OUTCOME_OPTOUT) {
		consent_revoked(n->ledger, f->id, CONSENT_PROVIDER);
		return;
	}
	r = ledger_select(n->ledger, "SELECT hash FROM message WHERE id = ?",
	    "s", f->id);
	if (ledger_next(r) && ledger_text(r, 0) != NULL)
		snprintf(hash, sizeof(hash), "%s", ledger_text(r, 0));
	ledger_end(r);
	if (*hash == '\0')
		return;
	data = value_new_object();
	value_set_string(data, "type", n->type);
	value_set_string(data, "hash", hash);
	value_set_string(data, "reason", f->verdict.code);
	ledger_append_take(n->ledger, "address.dead", data);
}

/* Receipts that came before the answer they belong to: is one a complaint? */
void
engine_hear(struct engine *n, const char *id)
{
	struct ledger_rows *r;
	bool complaint = false, unsubscribed = false;

	r = ledger_select(n->ledger, "SELECT provider, status, code FROM event "
	    "WHERE message = ? ORDER BY key", "s", id);
	while (ledger_next(r)) {
		complaint = complaint || strcmp(ledger_text(r, 1),
		    "complained") == 0;
		unsubscribed = unsubscribed || (ledger_text(r, 2) != NULL &&
		    provider_code_is_optout(ledger_text(r, 0),
		    ledger_text(r, 2)));
	}
	ledger_end(r);
	if (complaint || unsubscribed)
		consent_revoked(n->ledger, id, complaint ? CONSENT_COMPLAINT :
		    CONSENT_PROVIDER);
}

/* Lost on the way: the attempt stays open until something is known. */
void
engine_doubt(struct engine *n, const char *id, int attempt, const char *reason)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", id);
	value_set_integer(data, "attempt", attempt);
	value_set_string(data, "reason", reason);
	ledger_append_take(n->ledger, "attempt.doubted", data);
}

static void
finish(struct engine *n, const struct flight *f)
{
	struct value *data;
	char key[LEDGER_KEY];

	if (f->verdict.outcome == OUTCOME_UNKNOWN) {
		engine_doubt(n, f->id, f->attempt, "no answer");
		return;
	}
	data = value_new_object();
	value_set_string(data, "id", f->id);
	value_set_integer(data, "attempt", f->attempt);
	value_set_string(data, "outcome", outcome_name(f->verdict.outcome));
	value_set_string(data, "state", decide(n, f, data));
	if (f->verdict.outcome == OUTCOME_ACCEPTED &&
	    f->request.provider_id[0] != '\0')
		value_set_string(data, "provider_id", f->request.provider_id);
	if (f->verdict.code[0] != '\0')
		value_set_string(data, "code", f->verdict.code);
	if (f->verdict.text[0] != '\0') {
		ledger_content_put(n->ledger, "response", f->verdict.text,
		    strlen(f->verdict.text), key);
		value_set_string(data, "response", key);
	}
	if (f->segments > 0)
		value_set_integer(data, "segments", f->segments);
	if (f->cost[0] != '\0')
		value_set_string(data, "cost", f->cost);
	if (f->currency[0] != '\0')
		value_set_string(data, "currency", f->currency);
	ledger_append_take(n->ledger, "attempt.finished", data);
	engine_hear(n, f->id);
	if (f->verdict.outcome == OUTCOME_ADDRESS ||
	    f->verdict.outcome == OUTCOME_OPTOUT)
		learn_of_address(n, f);
}

struct value *
engine_result(const struct engine *n, const struct flight *f)
{
	struct value *v = value_new_object();
	char text[CLOCK_TEXT];

	value_set_integer(v, "attempt", f->attempt);
	value_set_string(v, "provider", n->provider->kind);
	value_set_string(v, "outcome", outcome_name(f->verdict.outcome));
	if (f->verdict.outcome == OUTCOME_ACCEPTED)
		value_set_string(v, "provider_id", f->request.provider_id);
	if (f->verdict.code[0] != '\0')
		value_set_string(v, "code", f->verdict.code);
	if (f->verdict.text[0] != '\0')
		value_set_string(v, "message", f->verdict.text);
	value_set_string(v, "at", clock_format(clock_now(), text));
	if (f->segments > 0)
		value_set_integer(v, "segments", f->segments);
	if (f->cost[0] != '\0')
		value_set_string(v, "cost", f->cost);
	if (f->currency[0] != '\0')
		value_set_string(v, "currency", f->currency);
	return v;
}

static void
print_result(const struct engine *n, const struct flight *f)
{
	struct buf line = BUF_INIT(RECORD_MAX);
	struct value *v = value_new_object();

	value_set_string(v, "id", f->id);
	value_set_string(v, "channel", n->type);
	value_set_string(v, "account", n->name);
	value_set_take(v, "result", engine_result(n, f));
	value_write(v, &line);
	output_put(&line);
	value_free(v);
	buf_release(&line);
}

/*
 * An outage costs some probes, not one long wait for each message: after so
 * many in a row that did not even get through, the rest stays due.
 */
static void
count_outages(struct engine *n, const struct flight *f)
{
	if (f->flown && f->verdict.outcome == OUTCOME_LATER &&
	    f->response.failed)
		n->outages++;
	else if (f->flown)
		n->outages = 0;
}

bool
engine_is_blocked(const struct engine *n)
{
	return n->setup_failed || n->outages >= OUTAGE_LIMIT;
}

static void
report(struct engine *n, const struct flight *f)
{
	count_outages(n, f);
	switch (f->verdict.outcome) {
	case OUTCOME_ACCEPTED:
		return;
	case OUTCOME_SETUP:
		n->setup_failed = true;
		snprintf(n->setup, sizeof(n->setup), "%s", f->verdict.text);
		return;
	default:
		diag("%s: attempt %d: %s%s%s", f->id, f->attempt,
		    outcome_name(f->verdict.outcome),
		    f->verdict.text[0] == '\0' ? "" : ": ", f->verdict.text);
	}
}

/* The record that omni-queue took, as the ledger kept it. */
int
engine_build(struct engine *n, struct flight *f)
{
	struct order o = { .id = f->id, .channel = n->name,
	    .provider = n->provider_name, .attempt = f->attempt,
	    .config = n->config, .now = clock_now() };
	struct record r = RECORD_INIT;
	struct ledger_rows *rows;
	char *body = NULL;
	struct error e;
	int rc = -1;

	rows = ledger_select(n->ledger, "SELECT b.body FROM message m JOIN "
	    "content b ON b.key = m.content WHERE m.id = ?", "s", f->id);
	if (ledger_next(rows) && ledger_text(rows, 0) != NULL)
		body = arena_strdup(&n->mem, ledger_text(rows, 0));
	ledger_end(rows);
	f->request.body = (struct buf)BUF_INIT(REQUEST_MAX);
	if (body == NULL)
		error_set(&e, EX_DATAERR, "its content was erased");
	else if (record_parse(&r, body, strlen(body), &e) == 0) {
		o.record = &r;
		rc = n->provider->build(&o, &f->request, &e);
	}
	if (rc == -1) {
		f->verdict.outcome = e.status == EX_CONFIG ? OUTCOME_SETUP :
		    OUTCOME_REFUSED;
		snprintf(f->verdict.code, sizeof(f->verdict.code), "build");
		snprintf(f->verdict.text, sizeof(f->verdict.text), "%s",
		    e.text);
	}
	f->built = rc == 0;
	record_release(&r);
	return rc;
}

/* Journals the intent; the gate was passed in this very transaction. */
static void
start(struct engine *n, const char *id, const struct gate *g)
{
	struct flight *f = &n->flights[n->count];
	struct value *data = value_new_object();
	struct ledger_rows *r;
	char reference[300];

	*f = (struct flight){ .attempt = 1 };
	snprintf(f->id, sizeof(f->id), "%s", id);
	r = ledger_select(n->ledger, "SELECT attempts, segments, cost, "
	    "currency, created_at FROM message WHERE id = ?", "s", id);
	if (ledger_next(r)) {
		f->attempt = (int)ledger_int(r, 0) + 1;
		f->segments = (int)ledger_int(r, 1);
		snprintf(f->cost, sizeof(f->cost), "%s",
		    ledger_text(r, 2) == NULL ? "" : ledger_text(r, 2));
		snprintf(f->currency, sizeof(f->currency), "%s",
		    ledger_text(r, 3) == NULL ? "" : ledger_text(r, 3));
		clock_parse(ledger_text(r, 4), &f->created);
	}
	ledger_end(r);
	/* What was not forecast is reserved at the channel's price. */
	if (f->cost[0] == '\0' && g->cost[0] != '\0') {
		snprintf(f->cost, sizeof(f->cost), "%s", g->cost);
		snprintf(f->currency, sizeof(f->currency), "%s",
		    config_string(n->config, "site", NULL, "currency"));
	}
	snprintf(reference, sizeof(reference), "%s.%d", id, f->attempt);
	value_set_string(data, "id", id);
	value_set_integer(data, "attempt", f->attempt);
	value_set_string(data, "channel", n->name);
	value_set_string(data, "provider", n->provider->kind);
	value_set_string(data, "reference", reference);
	if (f->cost[0] != '\0')
		value_set_string(data, "cost", f->cost);
	if (f->currency[0] != '\0')
		value_set_string(data, "currency", f->currency);
	ledger_append_take(n->ledger, "attempt.started", data);
	n->count++;
}

/* What the gate says, journalled; whether the message may go. */
static bool
pass_gate(struct engine *n, const char *id, struct gate *g)
{
	char until[CLOCK_TEXT];

	gate_look(n->ledger, &n->quiet_times, id, n->name, &n->spending, g);
	switch (g->verdict) {
	case GATE_GO:
		return true;
	case GATE_DEFER:
		engine_journal(n, "message.deferred", id, g->reason,
		    clock_format(g->until, until), false);
		break;
	case GATE_HOLD:
		engine_journal(n, "message.held", id, g->reason, NULL, false);
		n->held++;
		snprintf(n->held_reason, sizeof(n->held_reason), "%s",
		    g->reason);
		break;
	case GATE_CANCEL:
		engine_journal(n, "message.cancelled", id, g->reason, NULL,
		    g->bring_forward);
		break;
	case GATE_EXPIRE:
		engine_journal(n, "message.expired", id, g->reason, NULL, false);
		break;
	case GATE_SKIP:
	default:
		break;
	}
	return false;
}

static void
wait_turn(struct engine *n)
{
	struct timespec t;
	int64_t wait = n->last_ms + n->pause_ms - clock_monotonic_ms();

	if (n->pause_ms > 0 && n->last_ms > 0 && wait > 0) {
		t.tv_sec = wait / 1000;
		t.tv_nsec = wait % 1000 * 1000000;
		nanosleep(&t, NULL);
	}
	n->last_ms = clock_monotonic_ms();
}

static void
fly(struct engine *n)
{
	struct flight *f;

	for (f = n->flights; f < n->flights + n->count; f++) {
		if (engine_build(n, f) == -1)
			continue;
		wait_turn(n);
		wire_send(n->wire, &f->request, &f->response);
		n->provider->read(&f->response, &f->verdict);
		f->flown = true;
	}
}

/*
 * Journals what the group that just flew brought.  Where it is also printed it
 * is committed first, and before any more is intended: a reader that has gone
 * ends this program.
 */
static void
land(struct engine *n)
{
	size_t flown = n->count;

	for (size_t i = 0; i < flown; i++)
		finish(n, &n->flights[i]);
	n->count = 0;
	if (flown > 0 && !n->quiet) {
		ledger_commit(n->ledger);
		for (size_t i = 0; i < flown; i++)
			print_result(n, &n->flights[i]);
		output_flush();
		ledger_begin(n->ledger);
	}
	for (size_t i = 0; i < flown; i++)
		buf_release(&n->flights[i].request.body);
}

/*
 * One transaction: what the group that just flew brought, and the intents of
 * the next.  `ids` are tried in order until the group is full; returns how
 * many of them were looked at.
 */
size_t
engine_turn(struct engine *n, const char *const *ids, size_t count)
{
	struct gate g;
	size_t i = 0;

	ledger_begin(n->ledger);
	land(n);
	while (!stopping && !engine_is_blocked(n) && i < count &&
	    n->count < GROUP_MAX)
		if (pass_gate(n, ids[i++], &g))
			start(n, ids[i - 1], &g);
	ledger_commit(n->ledger);
	arena_reset(&n->mem);
	fly(n);
	for (size_t k = 0; k < n->count; k++)
		report(n, &n->flights[k]);
	return i;
}

void
engine_land(struct engine *n)
{
	static const char *const nothing[] = { NULL };

	if (n->count > 0)
		engine_turn(n, nothing, 0);
}

void
engine_send(struct engine *n, const char *const *ids, size_t count)
{
	size_t at = 0;

	while (at < count && !stopping && !engine_is_blocked(n))
		at += engine_turn(n, ids + at, count - at);
	engine_land(n);
}
