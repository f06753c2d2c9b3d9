#ifndef OMNI_LADDER_CHECK_H
#define OMNI_LADDER_CHECK_H

#include "base/config.h"
#include "message/ladder.h"

/*
 * What is wrong with the ladders of the configuration, found without any
 * reminder.  An error is a step that can never be taken, or that nothing could
 * be made of: no such template, no channel, after the event, or after a later
 * step.  A doubt is one that only some events leave time for, or that quiet
 * hours will move.
 *
 * `tell` gets each in turn, as "[ladder TYPE] step.N: what".  Returns how many
 * errors there are.
 */
struct ladder_complaint {
	bool error;
	char text[512];
};
int ladder_check(struct config *c, void (*tell)(const struct
    ladder_complaint *what, void *ctx), void *ctx);

/*
 * The opening hours, if a ladder counts by them; `h` is empty without.  -1 and
 * EX_CONFIG when they or the holidays are no good.
 */
int ladder_hours(struct config *c, struct hours *h, struct error *e);

#endif
