#ifndef OMNI_FAILOVER_H
#define OMNI_FAILOVER_H

#include "message/escalate.h"

/*
 * Each message outside a ladder that has failed for good, anew as a record for
 * the next channel of its `fallback`; or, when none is left, as one for staff.
 *
 * That a message is due is in the ledger (column failover): apply.sql sets it
 * where an attempt, a receipt or the gate ends it, and takes it back as soon as
 * another message with it as `parent` is entered, queued or refused.  A chain
 * of them is one message to its reader, known by the id of its first.
 */
#define FAILOVER_CHAIN	16	/* messages; there are five types of channel */

void failover(struct escalator *s);

#endif
