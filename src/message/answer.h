#ifndef OMNI_ANSWER_H
#define OMNI_ANSWER_H

#include "base/config.h"
#include "store/ledger.h"

/*
 * What somebody wrote, applied to the ledger: a part of inbound.h, which says
 * what is added to `event`.
 */
void answer_apply(struct ledger *l, const struct config *c,
    struct value *event, struct arena *mem);

#endif
