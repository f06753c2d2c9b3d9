#ifndef OMNI_QUIET_H
#define OMNI_QUIET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/config.h"
#include "message/holidays.h"

/*
 * When people are left alone: quiet hours and holidays, of the reader's own
 * clock and calendar.
 *
 * The clock on the wall decides, at every instant.  Quiet hours that begin or
 * end in the gap of a change of clocks do so when the clocks change; an hour
 * that comes twice is quiet both times or neither.
 */
struct quiet {
	struct config *config;
	struct holidays *holidays;
};

/*
 * Reads the calendar.  -1 and EX_CONFIG when it cannot, or when [class
 * marketing] is not to keep quiet.
 */
int quiet_open(struct quiet *q, struct config *c, struct error *e);
void quiet_close(struct quiet *q);

struct quiet_reader {
	const char *class, *topic;	/* of the message, may be NULL */
	const char *channel;		/* its type, or NULL: not chosen yet */
	const char *zone;		/* none, or a wrong one: the site's */
	int start, end;			/* their own, in minutes; or -1 */
};

/*
 * A telephone that rings wakes whoever it is for: in quiet hours nobody is
 * called, whatever the class says.
 *
 * Whether the reader is to be left alone at `t`; then *until is the first
 * instant after it at which they are not, and `why` says what is waited for:
 * "quiet hours; holiday: Navidad".
 */
bool quiet_holds(const struct quiet *q, const struct quiet_reader *who,
    instant t, instant *until, char *why, size_t size);

#endif
