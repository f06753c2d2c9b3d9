#ifndef OMNI_SIMULATE_IMPL_H
#define OMNI_SIMULATE_IMPL_H

#include "base/arena.h"
#include "base/program.h"
#include "message/escalate.h"
#include "message/normalize.h"
#include "message/policy.h"
#include "message/queue.h"
#include "message/render.h"
#include "message/route.h"
#include "message/simulate.h"

enum stage { STAGE_NORMALIZE, STAGE_ROUTE, STAGE_RENDER, STAGE_QUEUE, STAGES };

/* What somebody is taken to do, at a time. */
struct act {
	instant at;
	uintmax_t number;	/* of two at one time the first comes first */
	enum assume_act act;
	char *message;		/* that is answered, or the reminder */
	bool of_reminder;
};

struct acts {
	struct act *heap;
	size_t count, size;
	uintmax_t next;
};

#define SUMS	64		/* of channels */

struct play {
	const struct simulation *what;
	struct config *config;
	struct ledger *ledger;
	struct escalator escalator;
	struct normalizer normalizer;
	struct router router;
	struct renderer renderer;
	struct queue queue;
	struct filter stages[STAGES];
	struct error refusal;	/* what a stage said last */
	struct spending spending[SUMS];	/* of each configured channel */
	struct acts acts;
	struct arena mem, sums;
	uintmax_t emitted;	/* records of this round */
	struct {
		uintmax_t messages, segments;
		const char *cost;
	} sum[SUMS];
	uintmax_t counted[16];	/* by what happened; see simulate_print.c */
};

/* Puts a record of omni-escalate through the pipe. */
void simulate_pipe_open(struct play *p);
void simulate_pipe_close(struct play *p);
void simulate_pipe(void *play, const struct record *r);

void acts_put(struct acts *a, instant at, enum assume_act act,
    const char *message, bool of_reminder);
/* The first; NULL when there is none. */
const struct act *acts_first(const struct acts *a);
void acts_drop(struct acts *a);
/* Applies what is due by now. */
void simulate_acts(struct play *p);

enum happened { HAPPENED_SENT, HAPPENED_FAILED, HAPPENED_WAITS, HAPPENED_HELD,
	HAPPENED_CANCELLED, HAPPENED_EXPIRED, HAPPENED_REFUSED,
	HAPPENED_SKIPPED, HAPPENED_FLAG, HAPPENED_ANSWER, HAPPENED_READ,
	HAPPENED_KINDS };

/* A line of the timeline about a message, with a reason or NULL. */
void simulate_tell(struct play *p, enum happened what, const char *message,
    const char *reason);
/* The same about a reminder, of which there is no message. */
void simulate_tell_reminder(struct play *p, enum happened what,
    const struct record *r, const char *reason);
void simulate_summary(struct play *p);

#endif
