#ifndef OMNI_OBJECTION_H
#define OMNI_OBJECTION_H

#include "base/clock.h"
#include "base/config.h"
#include "store/ledger.h"

/*
 * Whether a program may answer by itself what somebody wrote: two machines
 * that answer each other never end.
 */
struct asker {
	const struct value *event;	/* as the drain understood it */
	const char *from, *type, *hash;	/* the address, its channel's type */
	const char *contact;		/* or NULL */
};

/* When it was written, by the provider's clock if it tells; not after now. */
instant objection_time(const struct value *event);

/*
 * Why nobody is to be answered, in words; or NULL.  What is older than `age`
 * seconds is not.
 */
const char *objection_to_answer(struct ledger *l, const struct config *c,
    const struct asker *q, int64_t age, struct arena *mem);

#endif
