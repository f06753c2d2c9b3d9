#ifndef OMNI_WHY_H
#define OMNI_WHY_H

#include "store/ledger.h"

/*
 * Tells the story of a message or a reminder in plain words, from the journal
 * itself: one line an entry, in order; of a message that failed over, with those
 * before and after it.  False when the ledger knows no such id.
 */
bool why_tell(struct ledger *l, const char *id, struct buf *out);

#endif
