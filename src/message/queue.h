#ifndef OMNI_QUEUE_H
#define OMNI_QUEUE_H

#include "base/program.h"
#include "message/hours.h"
#include "store/ledger.h"

/*
 * The gate into the system: a record is entered in the ledger once for each
 * id, and after the commit what is due now is also written down as work
 * orders, which decide nothing.
 */
#define QUEUE_ACCOUNTS	16	/* channels one run writes work orders for */

struct orders {
	char account[64];
	struct buf lines;
};

struct queue {
	struct config *config;
	struct ledger *ledger;
	struct orders orders[QUEUE_ACCOUNTS];
	size_t accounts;
	bool dry, new_ids;
	bool rehearsal;		/* no work orders: nothing will be sent */
	const char *hold;
	int spool_status;	/* of the last work order that failed */
	uintmax_t queued;
	char cost[64];		/* forecast of all that was queued */
	struct hours hours;	/* once a ladder asks for them */
	bool has_hours;
};

#define QUEUE_INIT { .cost = "0.00" }

/* For filter_run(): f->ctx is the queue.  It takes refused records, too. */
void queue_record(struct filter *f, struct record *r);
void queue_commit(struct filter *f);
/*
 * hold, release, cancel: one journal row of `op` for each id whose state is
 * named in `from`, and a word for the others.  EX_OK or EX_REFUSED.
 */
int queue_change(struct queue *q, const char *op, const char *from,
    const char *const *ids, size_t count);
/*
 * One of these, within a transaction; `data` is taken, and may have more for
 * the row.  -1 and EX_REFUSED: it is in another state.
 */
int queue_change_one(struct ledger *l, const char *op, const char *from,
    const char *id, struct value *data, struct error *e);
void queue_release(struct queue *q);

#endif
