#ifndef OMNI_INBOUND_H
#define OMNI_INBOUND_H

#include "base/config.h"
#include "store/ledger.h"

/*
 * What came back, applied to the ledger: an answer confirms, declines, opts
 * out or goes to staff; a receipt joins the others of its attempt.
 *
 * `event` is what a provider's hook reader made.  Runs inside a transaction.
 * What was done is added to `event`: "applied" (recorded, duplicate,
 * unmatched, ignored; waiting: for a person to confirm it), and for answers
 * "message", "contact", "intent", "reminder", "action" (confirmed, declined,
 * opted_out, opted_in, flagged, none).  A preference has an "action", too, and
 * so has a link, with "changed" for preferences.
 */
void inbound_apply(struct ledger *l, struct config *c,
    struct value *event, struct arena *mem);

#endif
