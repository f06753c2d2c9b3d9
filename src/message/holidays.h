#ifndef OMNI_HOLIDAYS_H
#define OMNI_HOLIDAYS_H

#include "base/clock.h"
#include "base/config.h"

/*
 * The calendar of days on which some classes of messages are held back; the
 * file and its lines are omni-holidays(5).
 */
struct holidays;

/*
 * The calendar that [paths] holidays names, an empty one if it names none.
 * NULL: a file that is missing or has a line that is no holiday, which the
 * error names; EX_CONFIG.
 */
struct holidays *holidays_load(struct config *c, struct error *e);
void holidays_free(struct holidays *h);

/* What that day is called, perhaps ""; NULL when it is none. */
const char *holidays_on(const struct holidays *h, const struct civil *day);

#endif
