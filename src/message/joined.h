#ifndef OMNI_JOINED_H
#define OMNI_JOINED_H

#include "store/ledger.h"

/*
 * One conversation for each contact: what was said with an address before
 * anybody knew whose it is, becomes part of its owner's.  An address that
 * several contacts share stays apart.  Within a transaction, after whatever
 * gives a contact an address.
 */
void joined_conversations(struct ledger *l, const char *contact);

#endif
