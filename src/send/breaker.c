/*
 * The circuit breaker of a provider.  A run that finds nobody there ends at
 * once and leaves word in the ledger; until the time that it names no run
 * tries, and the first one after it sends one message and waits for what
 * becomes of it.
 */
#include "engine_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/*
 * Who refuses a connection is certainly not there; who does not answer, or
 * says 5xx, may be so with this one message only.  So a probe that found nobody
 * is enough, and after one that got no answer another message is tried.
 */
#define STRIKES_MAX	6
#define STRIKES_PROBE	2
#define STRIKE_GONE	2
#define STRIKE_DOUBT	1
#define HTTP_TOO_MANY	429

bool
breaker_open(struct engine *n)
{
	struct ledger_rows *r;
	instant retry = 0;

	n->breaker = (struct breaker){ .failures = 0 };
	r = ledger_select(n->ledger, "SELECT failures, retry_at FROM "
	    "provider_state WHERE name = ? AND state = 'down'", "s",
	    n->provider_name);
	if (ledger_next(r)) {
		n->breaker.failures = (int)ledger_int(r, 0);
		n->breaker.half_open = n->breaker.was_down = true;
		if (!clock_parse(ledger_text(r, 1), &retry))
			retry = 0;
	}
	ledger_end(r);
	n->breaker.until = retry;
	return retry <= clock_now();
}

static void
count_answer(struct engine *n, const struct flight *f)
{
	struct breaker *b = &n->breaker;

	if (f->transfer.response.code == HTTP_TOO_MANY) {
		n->limit = n->limit > 1 ? n->limit / 2 : 1;
		b->strikes += STRIKE_DOUBT;
		b->blocked = b->blocked || b->strikes >= STRIKES_MAX;
		return;
	}
	b->strikes = 0;
	b->half_open = false;
	if (f->number > b->good)
		b->good = f->number;
	n->limit = n->limit * 2 < n->room ? n->limit * 2 : n->room;
}

/*
 * A transfer whose time ran out while later ones were answered says nothing of
 * the provider.
 */
void
breaker_count(struct engine *n, const struct flight *f)
{
	struct breaker *b = &n->breaker;
	bool gone = f->transfer.response.failed &&
	    f->verdict.outcome == OUTCOME_LATER;

	if (!f->flown || f->transfer.response.untried)
		return;
	if (!gone && !f->verdict.outage) {
		count_answer(n, f);
		return;
	}
	if (f->number < b->good)
		return;
	b->strikes += gone ? STRIKE_GONE : STRIKE_DOUBT;
	n->limit = n->limit > 1 ? n->limit / 2 : 1;
	if (b->strikes >= (b->half_open ? STRIKES_PROBE : STRIKES_MAX))
		b->blocked = true;
}

static void
put(struct engine *n, const char *state, instant retry)
{
	struct value *data = value_new_object();
	char text[CLOCK_TEXT];

	value_set_string(data, "name", n->provider_name);
	value_set_string(data, "state", state);
	value_set_integer(data, "failures", n->breaker.failures);
	n->breaker.until = retry;
	if (retry != 0)
		value_set_string(data, "retry_at", clock_format(retry, text));
	ledger_begin(n->ledger);
	ledger_append_take(n->ledger, "provider.state", data);
	ledger_commit(n->ledger);
}

void
breaker_close(struct engine *n)
{
	struct breaker *b = &n->breaker;
	int64_t wait = BACKOFF_FIRST;

	if (b->waits)
		return;
	if (!b->blocked) {
		/* Nothing was due to find it out with: that is no outage. */
		if (b->was_down && (!b->half_open || b->started == 0)) {
			b->failures = 0;
			put(n, "up", 0);
		}
		return;
	}
	if (b->retry_after > 0) {
		put(n, "down", clock_now() + b->retry_after);
		return;
	}
	for (int i = 0; i < b->failures && wait < BACKOFF_MAX / 4; i++)
		wait *= 2;
	b->failures++;
	put(n, "down", clock_now() + wait);
}
