#include "simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/confined.h"
#include "base/output.h"
#include "message/failover.h"
#include "message/inbound.h"
#include "message/ladder_check.h"
#include "message/notice.h"
#include "message/simulate_impl.h"

#define PROVIDER	"simulated"
#define ROUNDS		20	/* as omni-run: a step that fails brings the next */
#define PAGE		200

static instant
read_time(const char *s, size_t len)
{
	char text[64];
	instant t;

	if (len == 0 || len >= sizeof(text) - 4)
		return INT64_MIN;
	memcpy(text, s, len);
	text[len] = '\0';
	if (clock_parse(text, &t))
		return t;
	/* "2026-11-20T00:00Z", "2026-11-20T00:00-06:00" */
	if (len < 17 || strlen(text) < 17)
		return INT64_MIN;
	memmove(text + 19, text + 16, len - 16 + 1);
	memcpy(text + 16, ":00", 3);
	return clock_parse(text, &t) ? t : INT64_MIN;
}

bool
simulate_span(const char *text, instant *from, instant *to)
{
	const char *dots = strstr(text, "..");

	if (dots == NULL)
		return false;
	*from = read_time(text, (size_t)(dots - text));
	*to = read_time(dots + 2, strlen(dots + 2));
	return *from != INT64_MIN && *to > *from;
}

/* An event of a provider, on what is known as this message. */
static void
deliver(struct play *p, const char *id)
{
	struct value *event = value_new_object();
	char now[CLOCK_TEXT];

	value_set_string(event, "kind", "status");
	value_set_string(event, "provider", PROVIDER);
	value_set_string(event, "provider_id", id);
	value_set_string(event, "status", "delivered");
	value_set_string(event, "key", arena_printf(&p->mem, "delivered/%s",
	    id));
	value_set_string(event, "received_at", clock_format(clock_now(), now));
	inbound_apply(p->ledger, p->config, event, &p->mem);
	value_free(event);
}

/* What is assumed of it: whether it fails; the rest happens later. */
static bool
assume(struct play *p, const char *id, const char *type)
{
	const struct assume_rule *r;
	bool fails = false;
	size_t next = 0;

	while (p->what->assume != NULL && (r = assume_of(p->what->assume, id,
	    type, &next)) != NULL) {
		if (r->act == ASSUME_FAIL)
			fails = true;
		else
			acts_put(&p->acts, clock_now() + r->delay, r->act, id,
			    false);
		/* Nobody says yes and no to the same message. */
		if (r->act != ASSUME_READ)
			break;
	}
	return fails;
}

/* As a sender does: the intent, and what the provider said. */
static void
send_one(struct play *p, const char *id, const char *channel)
{
	const char *type = config_string(p->config, "channel", channel,
	    "type");
	struct value *data = value_new_object();
	bool fails = assume(p, id, type);
	int64_t attempt = 1 + ledger_count(p->ledger, "SELECT attempts FROM "
	    "message WHERE id = ?", "s", id);

	value_set_string(data, "id", id);
	value_set_integer(data, "attempt", attempt);
	value_set_string(data, "channel", channel);
	value_set_string(data, "provider", PROVIDER);
	value_set_string(data, "reference", id);
	ledger_append_take(p->ledger, "attempt.started", data);
	data = value_new_object();
	value_set_string(data, "id", id);
	value_set_integer(data, "attempt", attempt);
	value_set_string(data, "outcome", fails ? "refused" : "accepted");
	value_set_string(data, "state", fails ? "failed" : "sent");
	if (fails)
		value_set_string(data, "code", "assumed");
	else
		value_set_string(data, "provider_id", id);
	ledger_append_take(p->ledger, "attempt.finished", data);
	simulate_tell(p, fails ? HAPPENED_FAILED : HAPPENED_SENT, id, NULL);
	if (!fails)
		deliver(p, id);
}

static void
journal(struct play *p, const char *op, const char *id, const struct gate *g)
{
	struct value *data = value_new_object();
	char until[CLOCK_TEXT];

	value_set_string(data, "id", id);
	value_set_string(data, "reason", g->reason);
	if (g->verdict == GATE_DEFER)
		value_set_string(data, "due_at", clock_format(g->until,
		    until));
	if (g->bring_forward)
		value_set_integer(data, "bring_forward", 1);
	ledger_append_take(p->ledger, op, data);
}

static void
look(struct play *p, const char *id, const char *channel, size_t number)
{
	static const struct { const char *op; enum happened what; } ops[] = {
		[GATE_DEFER] = { "message.deferred", HAPPENED_WAITS },
		[GATE_HOLD] = { "message.held", HAPPENED_HELD },
		[GATE_CANCEL] = { "message.cancelled", HAPPENED_CANCELLED },
		[GATE_EXPIRE] = { "message.expired", HAPPENED_EXPIRED }
	};
	char why[256], until[CLOCK_TEXT];
	struct gate g;

	gate_look(p->ledger, &p->router.quiet, id, channel,
	    &p->spending[number], &g);
	if (g.verdict == GATE_GO) {
		send_one(p, id, channel);
		return;
	}
	if (g.verdict == GATE_SKIP)
		return;
	journal(p, ops[g.verdict].op, id, &g);
	snprintf(why, sizeof(why), g.verdict == GATE_DEFER ? "until %s: %s" :
	    "%.0s%s", clock_format(g.until, until), g.reason);
	simulate_tell(p, ops[g.verdict].what, id, why);
}

/* One page of what is due by now on a channel. */
static size_t
send_page(struct play *p, const char *channel, size_t number)
{
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	char *ids[PAGE];
	size_t n = 0;

	arena_reset(&p->mem);
	r = ledger_select(p->ledger, "SELECT id FROM message WHERE channel = "
	    "? AND state = 'queued' AND priority IN (0, 1, 2) AND due_at <= ? "
	    "ORDER BY priority, due_at, id LIMIT 200", "ss", channel,
	    clock_format(clock_now(), now));
	while (n < PAGE && ledger_next(r))
		ids[n++] = arena_strdup(&p->mem, ledger_text(r, 0));
	ledger_end(r);
	for (size_t i = 0; i < n; i++)
		look(p, ids[i], channel, number);
	return n;
}

static void
send_due(struct play *p)
{
	const char *channel;

	for (size_t i = 0; i < SUMS && (channel = config_name(p->config,
	    "channel", i)) != NULL; i++)
		while (send_page(p, channel, i) == PAGE)
			;
}

/* What omni-run does at one instant. */
static void
cycle(struct play *p)
{
	simulate_acts(p);
	for (int i = 0; i < ROUNDS; i++) {
		p->emitted = 0;
		notices(&p->escalator);
		escalate(&p->escalator);
		failover(&p->escalator);
		idset_free(p->escalator.noticed);
		p->escalator.noticed = NULL;
		send_due(p);
		if (p->emitted == 0)
			break;
	}
}

static void
sooner(instant *next, const char *text)
{
	instant t;

	if (text != NULL && clock_parse(text, &t) && t < *next)
		*next = t;
}

/* When something is due again. */
static instant
next_instant(struct play *p)
{
	const struct act *act = acts_first(&p->acts);
	instant next = act == NULL ? INT64_MAX : act->at;
	struct ledger_rows *r;
	const char *channel;

	r = ledger_select(p->ledger, "SELECT next_due_at FROM reminder WHERE "
	    "next_due_at IS NOT NULL ORDER BY next_due_at LIMIT 1", "");
	if (ledger_next(r))
		sooner(&next, ledger_text(r, 0));
	ledger_end(r);
	for (size_t i = 0; (channel = config_name(p->config, "channel", i)) !=
	    NULL; i++) {
		r = ledger_select(p->ledger, "SELECT (SELECT min(due_at) FROM "
		    "message WHERE channel = ?1 AND state = 'queued' AND "
		    "priority = 0), (SELECT min(due_at) FROM message WHERE "
		    "channel = ?1 AND state = 'queued' AND priority = 1), "
		    "(SELECT min(due_at) FROM message WHERE channel = ?1 AND "
		    "state = 'queued' AND priority = 2)", "s", channel);
		if (ledger_next(r))
			for (int c = 0; c < 3; c++)
				sooner(&next, ledger_text(r, c));
		ledger_end(r);
	}
	/* What could not be done now is not done by looking again. */
	return next <= clock_now() ? clock_now() + 60 : next;
}

static void
play(struct play *p)
{
	const struct simulation *s = p->what;

	for (size_t i = 0; s->assume != NULL && i < s->assume->count; i++)
		if (s->assume->rules[i].reminder[0] != '\0')
			acts_put(&p->acts, s->assume->rules[i].at,
			    s->assume->rules[i].act,
			    s->assume->rules[i].reminder, true);
	for (clock_fix(s->from); clock_now() <= s->to;
	    clock_fix(next_instant(p))) {
		ledger_begin(p->ledger);
		cycle(p);
		ledger_commit(p->ledger);
		output_flush();
	}
	while (acts_first(&p->acts) != NULL)
		acts_drop(&p->acts);
	free(p->acts.heap);
	simulate_summary(p);
}

/* A slip in an id would be an answer that never comes. */
static int
find_reminders(const struct play *p, struct error *e)
{
	const struct assume *a = p->what->assume;
	const struct assume_rule *r;

	for (size_t i = 0; a != NULL && i < a->count; i++) {
		r = &a->rules[i];
		if (r->reminder[0] != '\0' && ledger_count(p->ledger,
		    "SELECT EXISTS (SELECT 1 FROM reminder WHERE id = ?)", "s",
		    r->reminder) == 0)
			return error_set(e, EX_DATAERR, "--assume, line %zu: "
			    "there is no reminder %s", r->line, r->reminder);
	}
	return 0;
}

int
simulate(const struct simulation *what, struct error *e)
{
	static struct play p;

	p = (struct play){ .what = what, .config = what->config,
	    .mem = ARENA_INIT((size_t)1 << 28),
	    .sums = ARENA_INIT((size_t)1 << 28) };
	clock_fix(what->from);
	p.ledger = ledger_open(config_path(what->config, "paths", NULL,
	    "ledger"), LEDGER_READ, e);
	if (p.ledger == NULL || ledger_rehearse(p.ledger, e) == -1 ||
	    find_reminders(&p, e) == -1)
		return -1;
	p.escalator = (struct escalator){ .config = what->config,
	    .ledger = p.ledger, .mem = ARENA_INIT((size_t)1 << 30),
	    .take = simulate_pipe, .ctx = &p };
	if (ladder_hours(what->config, &p.escalator.hours, e) == -1)
		return -1;
	simulate_pipe_open(&p);
	if (confined_filters(p.config))
		normalize_launch(&p.normalizer);
	confined_filter(p.config, CONFINED_TEXTS | CONFINED_ATTACHMENTS |
	    CONFINED_ASKS);
	play(&p);
	simulate_pipe_close(&p);
	hours_release(&p.escalator.hours);
	arena_release(&p.escalator.mem);
	arena_release(&p.mem);
	arena_release(&p.sums);
	ledger_close(p.ledger);
	return 0;
}
