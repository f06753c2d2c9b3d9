#ifndef OMNI_SIMULATE_H
#define OMNI_SIMULATE_H

#include "base/clock.h"
#include "base/config.h"
#include "message/assume.h"

/*
 * Plays what is due from one instant to another on a copy of the ledger in
 * memory, through the very functions of omni-escalate, omni-normalize,
 * omni-route, omni-render, omni-queue, of the gate and of omni-ingest.  What the
 * gate lets through is taken as delivered at once; what people then do is
 * assumed.  Nothing is sent, and nothing is written.
 */
struct simulation {
	struct config *config;
	instant from, to;
	const struct assume *assume;
	bool json;		/* records instead of lines */
};

/* The timeline, and then what it comes to, to standard output.  -1: an error. */
int simulate(const struct simulation *what, struct error *e);

/* "2026-11-20T00:00Z..2026-11-27T00:00Z": seconds may be left out. */
bool simulate_span(const char *text, instant *from, instant *to);

#endif
