/* What is on its way: intents, transfers, and what comes back. */
#include "engine_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/output.h"
#include "message/reminder.h"

#define HTTP_OK		200
#define WAIT_MS		1000
/* A pace is kept on the average; a commit in between may be caught up with. */
#define CATCH_UP_US	50000
/* A longer pause than this is not waited for: the run ends. */
#define PAUSE_MAX_S	10
#define CHANNEL_PAUSE_MAX	3600	/* whatever it says */

/* Set by a signal; the threads of the wire look at it, too. */
static volatile _Atomic sig_atomic_t stopping;

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
	io_set_stop(engine_is_stopping);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
}

bool
engine_is_blocked(const struct engine *n)
{
	return n->setup_failed || n->breaker.blocked;
}

static bool
is_closing(const struct engine *n)
{
	return stopping || n->output_gone || engine_is_blocked(n);
}

static bool
has_next(struct engine *n)
{
	if (!n->has_job && !n->dry) {
		n->has_job = n->next(n, &n->job);
		n->dry = !n->has_job;
	}
	return n->has_job;
}

/* How long the next transfer has to wait for its turn. */
static int64_t
turn_in_ms(const struct engine *n)
{
	int64_t now = clock_monotonic_ms(), ms = 0;

	if (n->pause_us > 0)
		ms = (n->next_us - now * 1000 + 999) / 1000;
	if (n->paused_until_ms - now > ms)
		ms = n->paused_until_ms - now;
	return ms < 0 ? 0 : ms;
}

static void
take_turn(struct engine *n)
{
	int64_t now_us = clock_monotonic_ms() * 1000;

	if (n->next_us < now_us - CATCH_UP_US)
		n->next_us = now_us - CATCH_UP_US;
	n->next_us += n->pause_us;
}

static bool
may_start(struct engine *n)
{
	return !is_closing(n) && n->busy < n->limit && turn_in_ms(n) == 0 &&
	    has_next(n);
}

/* What the gate says, journalled; whether the message may go. */
static bool
pass_gate(struct engine *n, const char *id, struct gate *g)
{
	char until[CLOCK_TEXT];

	gate_look(n->ledger, &n->quiet_times, id, n->name, &n->spending, g);
	switch (g->verdict) {
	case GATE_GO:
		if (!hosts_wait(n, id, &g->until))
			return true;
		outcome_journal(n, "message.deferred", id, "its push service "
		    "asks for a pause", clock_format(g->until, until), false);
		break;
	case GATE_DEFER:
		outcome_journal(n, "message.deferred", id, g->reason,
		    clock_format(g->until, until), false);
		break;
	case GATE_HOLD:
		outcome_journal(n, "message.held", id, g->reason, NULL, false);
		n->held++;
		snprintf(n->held_reason, sizeof(n->held_reason), "%s",
		    g->reason);
		break;
	case GATE_CANCEL:
		outcome_journal(n, "message.cancelled", id, g->reason, NULL,
		    g->bring_forward);
		if (g->bring_forward)
			reminder_check_end(n->ledger, id);
		break;
	case GATE_EXPIRE:
		outcome_journal(n, "message.expired", id, g->reason, NULL,
		    false);
		reminder_check_end(n->ledger, id);
		break;
	case GATE_SKIP:
	default:
		break;
	}
	return false;
}

static struct flight *
free_flight(struct engine *n)
{
	struct flight *f = n->flights;

	while (f->busy)
		f++;
	return f;
}

static void
copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s == NULL ? "" : s);
}

void
engine_load(struct engine *n, struct flight *f, const struct gate *g)
{
	struct ledger_rows *r;

	r = ledger_select(n->ledger, "SELECT attempts, segments, cost, "
	    "currency, created_at, expires_at FROM message WHERE id = ?", "s",
	    f->job.id);
	if (ledger_next(r)) {
		f->attempt = (int)ledger_int(r, 0) + 1;
		f->segments = (int)ledger_int(r, 1);
		copy(f->cost, sizeof(f->cost), ledger_text(r, 2));
		copy(f->currency, sizeof(f->currency), ledger_text(r, 3));
		clock_parse(ledger_text(r, 4), &f->created);
		clock_parse(ledger_text(r, 5), &f->expires);
	}
	ledger_end(r);
	f->window = g->window;
	order_name(n, f);
	/* What was not forecast is reserved at the channel's price. */
	if (f->cost[0] == '\0' && g->cost[0] != '\0') {
		copy(f->cost, sizeof(f->cost), g->cost);
		copy(f->currency, sizeof(f->currency), config_string(n->config,
		    "site", NULL, "currency"));
	}
}

/* Journals the intent; the gate was passed in this very transaction. */
static void
intend(struct engine *n, struct flight *f, const struct gate *g)
{
	const char *sender = config_string(n->config, "channel", n->name,
	    "from");
	struct value *data = value_new_object();
	char reference[300];

	engine_load(n, f, g);
	snprintf(reference, sizeof(reference), "%s.%d", f->job.id, f->attempt);
	value_set_string(data, "id", f->job.id);
	value_set_integer(data, "attempt", f->attempt);
	value_set_string(data, "channel", n->name);
	value_set_string(data, "provider", n->provider->kind);
	value_set_string(data, "reference", reference);
	if (sender != NULL)
		value_set_string(data, "sender", sender);
	if (f->token[0] != '\0')
		value_set_string(data, "token", f->token);
	if (config_string(n->config, "test", NULL, "redirect") != NULL)
		value_set_integer(data, "redirected", 1);
	if (f->cost[0] != '\0')
		value_set_string(data, "cost", f->cost);
	if (f->currency[0] != '\0')
		value_set_string(data, "currency", f->currency);
	ledger_append_take(n->ledger, "attempt.started", data);
}

/* The next job, if the gate lets it pass; it flies after the commit. */
static void
start(struct engine *n)
{
	struct flight *f = free_flight(n);
	struct gate g;

	n->has_job = false;
	*f = (struct flight){ .job = n->job, .attempt = n->job.attempt,
	    .expires = INT64_MAX };
	if (f->job.kind == JOB_SEND) {
		if (!pass_gate(n, f->job.id, &g))
			return;
		intend(n, f, &g);
	}
	take_turn(n);
	f->number = ++n->breaker.started;
	f->busy = true;
	n->busy++;
}

/* A pause that is short is waited for; a long one ends the run. */
static void
obey_pause(struct engine *n, const struct flight *f)
{
	int64_t s = f->transfer.response.retry_after;

	if ((f->verdict.outcome != OUTCOME_LATER && !f->verdict.outage) ||
	    s <= 0)
		return;
	if (s > CHANNEL_PAUSE_MAX)
		s = CHANNEL_PAUSE_MAX;
	if (s > PAUSE_MAX_S) {
		n->breaker.blocked = true;
		n->breaker.retry_after = s;
	} else
		n->paused_until_ms = clock_monotonic_ms() + s * 1000;
}

/* What this answer says of the provider, before anything else is started. */
static void
note(struct engine *n, struct flight *f)
{
	f->landed = true;
	/*
	 * A question that was answered says all that is to be said, and no
	 * message waits because a mark could not be made.
	 */
	if (f->job.kind == JOB_READ || (f->job.kind == JOB_ASK &&
	    f->answered))
		return;
	if (f->flown)
		n->provider->read(&f->transfer.response, &f->verdict);
	/* Something is to be set up, but others can be sent without it. */
	if (f->verdict.outcome == OUTCOME_SETUP && f->verdict.bring_forward)
		f->verdict.outcome = OUTCOME_REFUSED;
	if (!hosts_note(n, f)) {
		breaker_count(n, f);
		obey_pause(n, f);
	}
	if (f->verdict.outcome == OUTCOME_SETUP) {
		n->setup_failed = true;
		copy(n->setup, sizeof(n->setup), f->verdict.text);
		copy(n->setup_id, sizeof(n->setup_id), f->job.id);
	}
}

static void
let_go(struct flight *f)
{
	buf_release(&f->transfer.request.body);
	buf_release(&f->transfer.request.headers);
	buf_release(&f->transfer.response.body);
}

/* Builds what was intended and sends it off; what cannot be built is back. */
static void
launch(struct engine *n)
{
	static int (*const build[])(struct engine *, struct flight *) = {
		[JOB_SEND] = order_build, [JOB_ASK] = order_ask,
		[JOB_READ] = order_mark_read
	};
	struct flight *f;

	for (f = n->flights; f < n->flights + n->room; f++) {
		if (!f->busy || f->landed || f->flown)
			continue;
		if (build[f->job.kind](n, f) == 0) {
			wire_start(n->wire, &f->transfer);
			f->flown = true;
		} else
			note(n, f);
	}
}

/* A question whose answer has another page flies once more. */
static void
come_back(struct engine *n, struct flight *f)
{
	if (f->job.kind == JOB_READ)
		f->answered = f->transfer.response.code == HTTP_OK;
	if (f->job.kind == JOB_ASK && order_look(n, f)) {
		let_go(f);
		if (order_ask(n, f) == 0) {
			wire_start(n->wire, &f->transfer);
			return;
		}
	}
	note(n, f);
}

static bool
has_landed(const struct engine *n)
{
	for (size_t i = 0; i < n->room; i++)
		if (n->flights[i].busy && n->flights[i].landed)
			return true;
	return false;
}

/*
 * Waits for what comes back.  What came back during the last commit, when the
 * wire went on, shares the next one.
 */
static void
collect(struct engine *n)
{
	int64_t ms = has_landed(n) ? 0 : WAIT_MS;
	struct transfer *t;
	struct timespec pause;

	if (ms > 0 && !is_closing(n) && n->busy < n->limit && has_next(n) &&
	    turn_in_ms(n) < ms)
		ms = turn_in_ms(n);
	if (n->busy == 0 && ms > 0) {
		pause = (struct timespec){ .tv_nsec = ms % 1000 * 1000000,
		    .tv_sec = ms / 1000 };
		nanosleep(&pause, NULL);
		return;
	}
	for (t = wire_wait(n->wire, ms); t != NULL; t = wire_wait(n->wire, 0))
		come_back(n, (struct flight *)(void *)t);
	arena_reset(&n->mem);
}

static void
print_result(const struct engine *n, const struct flight *f)
{
	struct buf line = BUF_INIT(RECORD_MAX);
	struct value *v = value_new_object();

	value_set_string(v, "id", f->job.id);
	value_set_string(v, "channel", n->type);
	value_set_string(v, "account", n->name);
	value_set_take(v, "result", outcome_result(n, f));
	value_write(v, &line);
	output_put(&line);
	value_free(v);
	buf_release(&line);
}

static void
report(struct engine *n, const struct flight *f)
{
	if (n->keep_result)
		n->result = outcome_result(n, f);
	else if (!n->quiet)
		print_result(n, f);
	if (f->verdict.outcome != OUTCOME_ACCEPTED &&
	    f->verdict.outcome != OUTCOME_SETUP)
		diag("%s: attempt %d: %s%s%s", f->job.id, f->attempt,
		    outcome_name(f->verdict.outcome),
		    f->verdict.text[0] == '\0' ? "" : ": ", f->verdict.text);
}

/*
 * After the commit, so that what is printed is true.  A reader that has gone
 * stops this program, but only when all that is on its way has come back.
 */
static void
retire(struct engine *n)
{
	struct flight *f;

	for (f = n->flights; f < n->flights + n->room; f++) {
		if (!f->busy || !f->landed)
			continue;
		if (f->job.kind == JOB_SEND)
			report(n, f);
		let_go(f);
		f->busy = false;
		n->busy--;
	}
	if (!n->keep_result && !n->output_gone && !output_try()) {
		n->output_gone = true;
		n->output_errno = errno;
	}
}

/*
 * One turn: what has come back and what is intended next are one transaction;
 * then the results are printed, and what was intended goes out.
 */
static void
turn(struct engine *n)
{
	static void (*const land[])(struct engine *, struct flight *) = {
		[JOB_SEND] = outcome_finish, [JOB_ASK] = doubt_settle,
		[JOB_READ] = mark_read_done
	};
	struct flight *f;

	collect(n);
	if (!has_landed(n) && !may_start(n))
		return;
	ledger_begin(n->ledger);
	for (f = n->flights; f < n->flights + n->room; f++)
		if (f->busy && f->landed)
			land[f->job.kind](n, f);
	for (size_t i = 0; i < PAGE && may_start(n); i++)
		start(n);
	ledger_commit(n->ledger);
	retire(n);
	launch(n);
	arena_reset(&n->mem);
}

void
engine_run(struct engine *n)
{
	n->has_job = n->dry = false;
	while (n->busy > 0 || (!is_closing(n) && has_next(n)))
		turn(n);
}
