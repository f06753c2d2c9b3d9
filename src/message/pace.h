#ifndef OMNI_PACE_H
#define OMNI_PACE_H

#include "message/policy.h"

/*
 * Part of the gate: two steps of one ladder do not go out together.  What
 * waited, for the morning or for a run that came late, may be due at the moment
 * of the step after it.  That one then pauses, as after a notice, and where it
 * went out first what waited is not sent any more.  True: `g` says so.
 */
bool pace_holds(struct ledger *l, const char *id, instant now,
    instant expires, struct gate *g);

#endif
