#ifndef OMNI_SIMULATOR_HOLD_H
#define OMNI_SIMULATOR_HOLD_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Requests whose answer waits: until a moment, until somebody lets it go, or
 * for ever.  A thread of its own watches them, and resumes the request too
 * when its client has gone.
 */
#define HOLD_FOREVER	INT64_MAX

struct hold {
	pthread_mutex_t lock;
	pthread_t thread;
	int wake;		/* eventfd(2) */
	bool stopping;
	struct held *list;
	struct pollfd *fds;
	size_t count, size;
};

void hold_start(struct hold *h);
/* Resumes all, and takes no more. */
void hold_stop(struct hold *h);
void hold_release(struct hold *h);

/*
 * Suspends the connection, which must be in its handler; `until` is of
 * clock_monotonic_ms().  `ticket` names it for hold_let_go(), unless it is 0.
 * False after hold_stop(): nothing was suspended.
 */
bool hold_add(struct hold *h, struct MHD_Connection *c, int64_t until,
    uint64_t ticket);
void hold_let_go(struct hold *h, uint64_t ticket);

#endif
