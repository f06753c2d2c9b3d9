#include "engine.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/output.h"
#include "message/contact.h"
#include "message/policy.h"
#include "provider/provider.h"
#include "send/transport.h"
#include "store/spool.h"

#define GROUP_MAX	64	/* attempts open at once */
#define PAGE		200	/* due messages read at a time */
#define BACKOFF_FIRST	60	/* seconds */
#define BACKOFF_MAX	3600
#define SWEEP_AGE	(36 * 3600)	/* of files in tmp/ */

/* One attempt on its way. */
struct flight {
	char id[256];
	int attempt;
	struct request request;
	struct response response;
	struct verdict verdict;
	bool built, flown;
	int segments;
	char cost[32], currency[16];
	instant created;
};

struct engine {
	struct config *config;
	struct ledger *ledger;
	const char *type, *name, *provider_name;
	const struct provider *provider;
	struct wire *wire;
	struct arena mem;
	struct flight flights[GROUP_MAX];
	size_t count, size;	/* open now; most at once */
	int64_t pause_ms, last_ms;
	bool quiet, setup_failed, again;
	char setup[ERROR_MAX];
};

static volatile sig_atomic_t stopping;
static const char *const nothing[] = { NULL };

static void
on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

static void
journal_state(struct engine *n, const char *op, const char *id,
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

static void
raise_flag(struct engine *n, const char *kind, const char *id,
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

	r = ledger_select(n->ledger, "SELECT hash FROM message WHERE id = ?",
	    "s", f->id);
	if (ledger_next(r) && ledger_text(r, 0) != NULL)
		snprintf(hash, sizeof(hash), "%s", ledger_text(r, 0));
	ledger_end(r);
	if (*hash == '\0')
		return;
	if (f->verdict.outcome == OUTCOME_OPTOUT) {
		consent_put(n->ledger, hash, "all", "out", "provider", f->id);
		return;
	}
	data = value_new_object();
	value_set_string(data, "type", n->type);
	value_set_string(data, "hash", hash);
	value_set_string(data, "reason", f->verdict.code);
	ledger_append_take(n->ledger, "address.dead", data);
}

/* Lost on the way: the attempt stays open until something is known. */
static void
doubt(struct engine *n, const char *id, int attempt, const char *reason)
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
		doubt(n, f->id, f->attempt, "no answer");
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
	if (f->verdict.outcome == OUTCOME_ADDRESS ||
	    f->verdict.outcome == OUTCOME_OPTOUT)
		learn_of_address(n, f);
}

static struct value *
result_of(const struct engine *n, const struct flight *f)
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
	value_set_take(v, "result", result_of(n, f));
	value_write(v, &line);
	output_put(&line);
	value_free(v);
	buf_release(&line);
}

static void
report(struct engine *n, const struct flight *f)
{
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
static int
build(struct engine *n, struct flight *f)
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
start(struct engine *n, const char *id)
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
pass_gate(struct engine *n, const char *id)
{
	char until[CLOCK_TEXT];
	struct gate g;

	gate_look(n->ledger, n->config, id, n->name, &g, &n->mem);
	switch (g.verdict) {
	case GATE_GO:
		return true;
	case GATE_DEFER:
		journal_state(n, "message.deferred", id, g.reason,
		    clock_format(g.until, until), false);
		break;
	case GATE_HOLD:
		journal_state(n, "message.held", id, g.reason, NULL, false);
		break;
	case GATE_CANCEL:
		journal_state(n, "message.cancelled", id, g.reason, NULL,
		    g.bring_forward);
		break;
	case GATE_EXPIRE:
		journal_state(n, "message.expired", id, g.reason, NULL, false);
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
		if (build(n, f) == -1)
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
static size_t
turn(struct engine *n, const char *const *ids, size_t count)
{
	size_t i = 0;

	ledger_begin(n->ledger);
	land(n);
	while (!stopping && !n->setup_failed && i < count &&
	    n->count < n->size)
		if (pass_gate(n, ids[i++]))
			start(n, ids[i - 1]);
	ledger_commit(n->ledger);
	arena_reset(&n->mem);
	fly(n);
	for (size_t k = 0; k < n->count; k++)
		report(n, &n->flights[k]);
	return i;
}

static void
send_ids(struct engine *n, const char *const *ids, size_t count)
{
	size_t at = 0;

	while (at < count && !stopping && !n->setup_failed)
		at += turn(n, ids + at, count - at);
	if (n->count > 0)
		turn(n, nothing, 0);
}

static void
finish_doubt(struct engine *n, const char *id, int attempt,
    const char *outcome, const char *state, const char *reason,
    const char *provider_id)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", id);
	value_set_integer(data, "attempt", attempt);
	value_set_string(data, "outcome", outcome);
	value_set_string(data, "state", state);
	if (reason != NULL)
		value_set_string(data, "reason", reason);
	if (provider_id != NULL && *provider_id != '\0')
		value_set_string(data, "provider_id", provider_id);
	ledger_append_take(n->ledger, "attempt.finished", data);
}

/* A receipt for it came while nobody was sending. */
static bool
has_receipt(struct engine *n, const char *id, int attempt,
    char provider_id[256])
{
	char number[16];
	struct ledger_rows *r;
	bool found;

	snprintf(number, sizeof(number), "%d", attempt);
	r = ledger_select(n->ledger, "SELECT provider_id FROM event WHERE "
	    "message = ? AND attempt = CAST(? AS INTEGER) ORDER BY key "
	    "LIMIT 1", "ss", id, number);
	found = ledger_next(r);
	if (found)
		snprintf(provider_id, 256, "%s", ledger_text(r, 0));
	ledger_end(r);
	return found;
}

/* Evidence first, then grace, then what the channel's owner decided. */
static void
resolve(struct engine *n, const char *id, int attempt, const char *doubted)
{
	struct flight f = { .attempt = attempt };
	const char *policy = config_string(n->config, "channel", n->name,
	    "doubt");
	instant since, now = clock_now();
	char theirs[256];
	int sent = -1;

	snprintf(f.id, sizeof(f.id), "%s", id);
	if (build(n, &f) == 0)
		sent = wire_was_sent(n->wire, f.request.name);
	if (!clock_parse(doubted, &since))
		since = now;
	if (has_receipt(n, id, attempt, theirs))
		finish_doubt(n, id, attempt, "accepted", "sent", NULL, theirs);
	else if (sent == 1)
		finish_doubt(n, id, attempt, "accepted", "sent", NULL,
		    f.request.provider_id);
	else if (sent == 0)
		finish_doubt(n, id, attempt, "later", "queued",
		    "not sent by the sender that died", NULL);
	else if (now - since >= config_duration(n->config, "channel",
	    n->name, "doubt_grace")) {
		if (strcmp(policy, "resend") == 0)
			finish_doubt(n, id, attempt, "unknown", "queued",
			    "sent again in doubt", NULL);
		else {
			finish_doubt(n, id, attempt, "unknown", "failed",
			    "in doubt", NULL);
			raise_flag(n, "in_doubt", id, "may have been sent or "
			    "not: nothing came back");
		}
	}
	buf_release(&f.request.body);
}

struct open_attempt {
	char *id, *doubted;
	int64_t number;
	bool open;
};

/* Every attempt of this channel that is open belongs to a dead sender. */
static void
recover(struct engine *n)
{
	struct arena keep = ARENA_INIT((size_t)64 * 1024 * 1024);
	struct open_attempt page[PAGE];
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	size_t count = 0;

	r = ledger_select(n->ledger, "SELECT message, number, state, "
	    "doubted_at FROM attempt WHERE channel = ? AND state IN ('open', "
	    "'in_doubt') ORDER BY state = 'open' DESC, doubted_at, message "
	    "LIMIT 200", "s", n->name);
	for (; count < PAGE && ledger_next(r); count++) {
		page[count].id = arena_strdup(&keep, ledger_text(r, 0));
		page[count].number = ledger_int(r, 1);
		page[count].open = strcmp(ledger_text(r, 2), "open") == 0;
		page[count].doubted = arena_strdup(&keep,
		    ledger_text(r, 3) == NULL ? "" : ledger_text(r, 3));
	}
	ledger_end(r);
	if (count > 0)
		ledger_begin(n->ledger);
	for (size_t i = 0; i < count; i++) {
		if (page[i].open) {
			doubt(n, page[i].id, (int)page[i].number,
			    "its sender died");
			page[i].doubted = clock_format(clock_now(), now);
		}
		resolve(n, page[i].id, (int)page[i].number, page[i].doubted);
	}
	if (count > 0)
		ledger_commit(n->ledger);
	arena_release(&keep);
	arena_reset(&n->mem);
}

/* The ids of one work order; what else it says decides nothing. */
static void
send_batch(struct engine *n, int dir, const char *name, int fd)
{
	struct buf text = BUF_INIT((size_t)256 * 1024 * 1024);
	const char **ids = NULL, *p, *nl;
	struct arena keep = ARENA_INIT((size_t)256 * 1024 * 1024);
	struct record r = RECORD_INIT;
	size_t count = 0;
	struct error e;

	if (io_read_fd(fd, name, &text, &e) == -1)
		diag("work order %s: %s", name, e.text);
	for (p = buf_text(&text); (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		if (record_parse(&r, p, (size_t)(nl - p), &e) == -1 ||
		    record_string(&r, "id") == NULL)
			continue;
		ids = reallocarray(ids, count + 1, sizeof(*ids));
		if (ids == NULL)
			die(EX_OSERR, "out of memory");
		ids[count++] = arena_strdup(&keep, record_string(&r, "id"));
	}
	record_release(&r);
	buf_release(&text);
	send_ids(n, ids, count);
	if (!stopping && !n->setup_failed && spool_done(dir, name) == -1)
		diag("work order %s: %s", name, strerror(errno));
	free(ids);
	arena_release(&keep);
}

static void
send_batches_in(struct engine *n, int dir, const char *sub)
{
	struct error e;
	char **names;
	size_t count;
	int fd;

	if (spool_names(dir, sub, 10000, &names, &count, &e) == -1) {
		diag("%s", e.text);
		return;
	}
	for (size_t i = 0; i < count && !stopping && !n->setup_failed; i++) {
		fd = spool_claim(dir, sub, names[i]);
		if (fd == -1)
			continue;	/* gone, or another's: no matter */
		send_batch(n, dir, names[i], fd);
		close(fd);
	}
	spool_names_free(names, count);
}

/* Work orders are a convenience: without a spool the ledger tells enough. */
static void
send_batches(struct engine *n)
{
	char path[PATH_MAX];
	struct error e;
	int dir;

	snprintf(path, sizeof(path), "%s/outbound/%s", config_path(n->config,
	    "paths", NULL, "spool"), n->name);
	dir = spool_open(path, &e);
	if (dir == -1) {
		diag("%s", e.text);
		return;
	}
	send_batches_in(n, dir, "cur");
	send_batches_in(n, dir, "new");
	spool_sweep(dir, SWEEP_AGE);
	close(dir);
}

/*
 * Whatever else is due.  A message that is put off or held is not due any
 * more, and one that is refused for its set-up ends the run, so every page
 * makes progress; one that stays due all the same would not, hence `after`.
 */
static void
send_due(struct engine *n)
{
	struct arena keep = ARENA_INIT((size_t)16 * 1024 * 1024);
	const char *ids[PAGE];
	struct ledger_rows *r;
	char now[CLOCK_TEXT], last[256] = "";
	size_t count;

	do {
		arena_reset(&keep);
		count = 0;
		r = ledger_select(n->ledger, "SELECT id FROM message WHERE "
		    "channel = ? AND state = 'queued' AND due_at <= ? "
		    "ORDER BY priority, due_at, id LIMIT 200", "ss", n->name,
		    clock_format(clock_now(), now));
		while (count < PAGE && ledger_next(r))
			ids[count++] = arena_strdup(&keep, ledger_text(r, 0));
		ledger_end(r);
		if (count == 0 || strcmp(ids[0], last) == 0)
			break;
		snprintf(last, sizeof(last), "%s", ids[0]);
		send_ids(n, ids, count);
	} while (!stopping && !n->setup_failed);
	arena_release(&keep);
}

static int64_t
count_due(struct engine *n)
{
	char now[CLOCK_TEXT];

	return ledger_count(n->ledger, "SELECT count(*) FROM message WHERE "
	    "channel = ? AND state = 'queued' AND due_at <= ?", "ss", n->name,
	    clock_format(clock_now(), now));
}

/* The ledger knows the channel as the configuration has it. */
static void
put_channel(struct engine *n)
{
	const struct config *c = n->config;
	struct value *data = value_new_object();
	const char *json, *from = config_string(c, "channel", n->name, "from");
	struct ledger_rows *r;
	bool same;

	value_set_string(data, "name", n->name);
	value_set_string(data, "type", n->type);
	value_set_string(data, "provider", n->provider_name);
	value_set_string(data, "kind", n->provider->kind);
	value_set_integer(data, "active", 1);
	if (from != NULL)
		value_set_string(data, "sender", from);
	value_set_string(data, "cost", config_string(c, "channel", n->name,
	    "cost"));
	value_set_string(data, "currency", config_string(c, "site", NULL,
	    "currency"));
	value_set_integer(data, "per_hour", config_integer(c, "channel",
	    n->name, "per_hour"));
	value_set_integer(data, "per_day", config_integer(c, "channel",
	    n->name, "per_day"));
	json = value_json(data, &n->mem);
	ledger_begin(n->ledger);
	r = ledger_select(n->ledger, "SELECT json_object('name', name, "
	    "'type', type, 'provider', provider, 'kind', kind, 'active', "
	    "active, 'sender', sender, 'cost', cost, 'currency', currency, "
	    "'per_hour', per_hour, 'per_day', per_day) FROM channel WHERE "
	    "name = ?", "s", n->name);
	same = ledger_next(r) && strcmp(ledger_text(r, 0), json) == 0;
	ledger_end(r);
	if (same)
		value_free(data);
	else
		ledger_append_take(n->ledger, "channel.put", data);
	ledger_commit(n->ledger);
}

/* -1 with a diagnostic: this channel cannot be worked on now. */
static int
channel_open(struct engine *n, const char *name, int *lock)
{
	char path[PATH_MAX];
	int64_t rate;
	struct error e;

	n->name = name;
	n->provider_name = config_string(n->config, "channel", name,
	    "provider");
	n->provider = provider_find(config_string(n->config, "provider",
	    n->provider_name, "kind"), n->type);
	if (n->provider == NULL) {
		diag("[channel %s]: a provider of kind %s does not serve %s",
		    name, config_string(n->config, "provider",
		    n->provider_name, "kind"), n->type);
		return EX_CONFIG;
	}
	snprintf(path, sizeof(path), "%s/run", config_path(n->config, "paths",
	    NULL, "spool"));
	if (io_make_dirs(path, 0750, &e) == -1) {
		diag("%s", e.text);
		return e.status;
	}
	snprintf(path + strlen(path), sizeof(path) - strlen(path),
	    "/%s.lock", name);
	*lock = io_lock(path, false, &e);
	if (*lock == -1) {
		diag("channel %s: %s", name, e.text);
		return e.status;
	}
	n->wire = wire_open(n->config, n->provider_name,
	    n->provider->transport, &e);
	if (n->wire == NULL) {
		diag("channel %s: %s", name, e.text);
		close(*lock);
		return e.status;
	}
	rate = config_integer(n->config, "channel", name, "per_second");
	n->pause_ms = rate > 0 ? 1000 / rate : 0;
	n->size = (size_t)config_integer(n->config, "channel", name,
	    "connections");
	if (n->size < 1 || n->size > GROUP_MAX)
		n->size = n->size < 1 ? 1 : GROUP_MAX;
	n->setup_failed = false;
	n->count = 0;
	return EX_OK;
}

static int
channel_end(struct engine *n, int lock)
{
	int rc = EX_OK;

	wire_close(n->wire);
	n->wire = NULL;
	close(lock);
	if (n->setup_failed) {
		diag("channel %s: %s: %s; nothing more is sent until this is "
		    "mended", n->name, n->provider->kind, n->setup);
		return EX_CONFIG;
	}
	if (count_due(n) > 0)
		rc = EX_TEMPFAIL;
	return rc;
}

static int
run_channel(struct engine *n, const char *name)
{
	int lock, rc = channel_open(n, name, &lock);

	if (rc != EX_OK)
		return rc;
	put_channel(n);
	recover(n);
	send_batches(n);
	send_due(n);
	return channel_end(n, lock);
}

/* Of a record that the gate, or its state, kept from going out. */
static void
tell_not_sent(struct filter *f, struct engine *n, struct record *r,
    const char *id)
{
	struct value *v = value_new_object();
	struct ledger_rows *rows;
	bool known;

	rows = ledger_select(n->ledger, "SELECT state, reason FROM message "
	    "WHERE id = ?", "s", id);
	known = ledger_next(rows);
	if (known) {
		value_set_string(v, "outcome", "not_sent");
		value_set_string(v, "state", ledger_text(rows, 0));
		if (ledger_text(rows, 1) != NULL)
			value_set_string(v, "message", ledger_text(rows, 1));
	}
	ledger_end(rows);
	if (known) {
		record_set_take(r, "result", v);
		return;
	}
	value_free(v);
	filter_refuse(f, r, "not_queued", "id", "the ledger has no such "
	    "message; omni-queue takes it in");
}

/* With "-": the records of omni-queue, each sent as it comes. */
static void
each(struct filter *f, struct record *r)
{
	struct engine *n = f->ctx;
	const char *id = record_string(r, "id");
	const char *account = record_string(r, "account");

	if (id == NULL || account == NULL || strcmp(account, n->name) != 0 ||
	    stopping || n->setup_failed)
		return;
	turn(n, &id, 1);
	if (n->count == 1)
		record_set_take(r, "result", result_of(n, &n->flights[0]));
	else
		tell_not_sent(f, n, r, id);
}

static void
commit(struct filter *f)
{
	struct engine *n = f->ctx;
	bool quiet = n->quiet;

	/* The record itself carries the result: no second line for it. */
	n->quiet = true;
	if (n->count > 0)
		turn(n, nothing, 0);
	n->quiet = quiet;
}

static int
run_filter(struct engine *n, const char *name)
{
	struct filter f = { .stage = "send", .each = each, .commit = commit,
	    .batch = 1, .quiet = n->quiet, .ctx = n };
	int lock, rc = channel_open(n, name, &lock), end;

	if (rc != EX_OK)
		return rc;
	put_channel(n);
	recover(n);
	rc = filter_run(&f);
	if (stopping && (rc == EX_OK || rc == EX_REFUSED))
		rc = EX_TEMPFAIL;
	end = channel_end(n, lock);
	return end == EX_CONFIG ? end : rc;
}

/* The gravest of several channels' statuses. */
static int
worse(int a, int b)
{
	if (a == EX_OK || b == EX_OK)
		return a == EX_OK ? b : a;
	return a == EX_TEMPFAIL ? b : a;
}

static bool
is_wanted(const struct program *p, const char *name)
{
	if (p->argc == 0 || (p->argc == 1 && strcmp(p->argv[0], "-") == 0 &&
	    strcmp(name, "-") != 0))
		return true;
	for (int i = 0; i < p->argc; i++)
		if (strcmp(p->argv[i], name) == 0)
			return true;
	return false;
}

static void
check_arguments(const struct program *p, const char *type)
{
	for (int i = 0; i < p->argc; i++)
		if (strcmp(p->argv[i], "-") != 0 &&
		    (!config_has(p->config, "channel", p->argv[i]) ||
		    strcmp(config_string(p->config, "channel", p->argv[i],
		    "type"), type) != 0))
			die(EX_USAGE, "%s: no channel of type %s", p->argv[i],
			    type);
}

/* Nobody else looks at what waits on a channel that is not worked on. */
static void
expire(struct engine *n)
{
	struct arena keep = ARENA_INIT((size_t)16 * 1024 * 1024);
	const char *ids[PAGE];
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	size_t count;

	do {
		arena_reset(&keep);
		count = 0;
		ledger_begin(n->ledger);
		r = ledger_select(n->ledger, "SELECT id FROM message WHERE "
		    "state IN ('queued', 'held') AND expires_at <= ? AND "
		    "channel_type = ? ORDER BY expires_at, id LIMIT 200",
		    "ss", clock_format(clock_now(), now), n->type);
		while (count < PAGE && ledger_next(r))
			ids[count++] = arena_strdup(&keep, ledger_text(r, 0));
		ledger_end(r);
		for (size_t i = 0; i < count; i++)
			journal_state(n, "message.expired", ids[i], "too late",
			    NULL, false);
		ledger_commit(n->ledger);
	} while (count == PAGE);
	arena_release(&keep);
}

static int
run(struct engine *n, const struct program *p)
{
	bool stdin_too = is_wanted(p, "-") && p->argc > 0;
	const char *name;
	int rc = EX_OK;

	expire(n);
	for (size_t i = 0; (name = config_name(n->config, "channel", i)) !=
	    NULL; i++) {
		if (strcmp(config_string(n->config, "channel", name, "type"),
		    n->type) != 0 || !config_bool(n->config, "channel", name,
		    "active") || !is_wanted(p, name))
			continue;
		if (stopping)
			return worse(rc, EX_TEMPFAIL);
		if (stdin_too)
			return run_filter(n, name);
		rc = worse(rc, run_channel(n, name));
	}
	if (stdin_too) {
		diag("no active channel of type %s: nothing was read", n->type);
		return EX_CONFIG;
	}
	return rc;
}

static void
check_ledger(struct engine *n)
{
	char journal[PATH_MAX];
	struct error e;

	snprintf(journal, sizeof(journal), "%s/journal",
	    config_path(n->config, "paths", NULL, "spool"));
	if (ledger_check_time(n->ledger, config_duration(n->config, "clock",
	    NULL, "max_gap"), &e) == -1 ||
	    ledger_check_export(n->ledger, journal, &e) == -1)
		die(e.status, "%s", e.text);
}

int
engine_main(int argc, char *argv[], const char *type)
{
	static struct engine n;
	struct program p = { .usage = "[-] [channel ...]",
	    .help = "  -                     send what standard input brings\n",
	    .takes_arguments = true };
	struct sigaction stop = { .sa_handler = on_signal };
	struct error e;
	int rc;

	program_start(&p, argc, argv);
	check_arguments(&p, type);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	n.config = p.config;
	n.type = type;
	n.quiet = p.quiet;
	n.mem = (struct arena)ARENA_INIT((size_t)256 * 1024 * 1024);
	n.ledger = ledger_open(config_path(p.config, "paths", NULL, "ledger"),
	    LEDGER_WRITE, &e);
	if (n.ledger == NULL)
		die(e.status, "%s", e.text);
	check_ledger(&n);
	rc = run(&n, &p);
	ledger_close(n.ledger);
	arena_release(&n.mem);
	program_end(&p);
	return rc;
}
