#ifndef OMNI_HOURS_H
#define OMNI_HOURS_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/config.h"
#include "message/holidays.h"

/*
 * When the house is open: [open] of the configuration, by the clock of the
 * place, and never on a holiday of [paths] holidays.
 */
struct hours {
	struct holidays *holidays;
	int count[7];		/* of spans; from Sunday, as in struct civil */
	struct config_span spans[7][CONFIG_SPANS];
	bool any;		/* it is open at some time */
};

/* -1 and EX_CONFIG when the calendar of holidays is no good. */
int hours_load(struct hours *h, struct config *c, struct error *e);
void hours_release(struct hours *h);

/*
 * The instant `seconds` of open time after `t`, or, if negative, before it; a
 * moment at which the house is open unless `seconds` is 0.  False when it is
 * not open for that long within two years, or there is no such zone.
 */
bool hours_add(const struct hours *h, const char *zone, instant t,
    int64_t seconds, instant *out);

#endif
