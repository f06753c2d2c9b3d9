#ifndef OMNI_ONEPASS_H
#define OMNI_ONEPASS_H

#include "message/queue.h"
#include "message/render.h"
#include "message/route.h"

/*
 * A record goes through omni-route, omni-render and omni-queue within this
 * process, for what must be queued in the transaction that is the reason for
 * it: an automatic answer, what staff writes.  The gate is the same.
 */
struct onepass {
	struct router router;
	struct renderer renderer;
	struct queue queue;
	bool has_quiet, has_links;
	bool unqueued;		/* omni-queue will do the rest */
};

/* On failure too onepass_close() is due. */
int onepass_open(struct onepass *p, struct config *c, struct ledger *l,
    struct error *e);
void onepass_close(struct onepass *p);
/*
 * One record.  What refuses it is in `why` and in the record; a record that is
 * refused is entered as such only where `enter_refused` is set.
 */
void onepass_record(struct onepass *p, struct record *r, bool enter_refused,
    struct error *why);
/* Commits what is open, and writes the work orders. */
void onepass_commit(struct onepass *p);

#endif
