#ifndef OMNI_ANSWER_H
#define OMNI_ANSWER_H

#include "base/config.h"
#include "store/ledger.h"

#define ANSWER_MEDIA_MAX	32	/* of one message */
#define ANSWER_TYPE_MAX		64	/* bytes of what its sender calls one */

/*
 * What somebody wrote, applied to the ledger: a part of inbound.h, which says
 * what is added to `event`.
 */
void answer_apply(struct ledger *l, struct config *c, struct value *event,
    struct arena *mem);

#endif
