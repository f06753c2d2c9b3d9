#ifndef OMNI_LADDER_H
#define OMNI_LADDER_H

#include "base/clock.h"
#include "base/config.h"

/*
 * Ladders: what is tried, and when, until somebody confirms.  [ladder TYPE]
 * of omni.conf(5) has steps like "-24h email" (before the event) and "+2h sms"
 * (after the step before was due).
 */
#define LADDER_STEPS	20

struct ladder_step {
	int number;
	bool before_event;	/* offset counts back from the event */
	int64_t offset;		/* seconds */
	char channel[16];	/* email ... push, preferred, flag */
	char template[96];	/* its own, the ladder's or TYPE_reminder */
};

struct ladder {
	const char *type, *topic, *class;
	struct ladder_step steps[LADDER_STEPS];
	int count;
};

/* -1 when the configuration has no ladder of this type, or no step in it. */
int ladder_load(const struct config *c, const char *type, struct ladder *l,
    struct error *e);
/* The step with this number, or NULL. */
const struct ladder_step *ladder_step(const struct ladder *l, int number);
/* The step after `number` (0: the first), or NULL. */
const struct ladder_step *ladder_after(const struct ladder *l, int number);
/* When a step is due: counted from the event, or from `previous`. */
instant ladder_due(const struct ladder_step *s, instant event,
    instant previous);
/*
 * The step to name as next, when `number` is emitted at `now`: steps at fixed
 * times that are over by then are passed over while another one follows, so
 * that a run that comes late never sends a burst.
 */
const struct ladder_step *ladder_next(const struct ladder *l, int number,
    instant event, instant now);

#endif
