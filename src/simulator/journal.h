#ifndef OMNI_SIMULATOR_JOURNAL_H
#define OMNI_SIMULATOR_JOURNAL_H

#include <pthread.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * A file of lines that only grows.  Each line is one write(2), under a lock,
 * so that lines of several threads never mix and a reader sees whole ones.
 * Nothing is synced: it shall outlive this process, not the machine.
 */
struct journal {
	pthread_mutex_t lock;
	int fd;			/* -1: nothing is kept */
	const char *name;
};

/* Opens DIR/name to append.  dir -1: nothing will be kept. */
int journal_open(struct journal *j, int dir, const char *name,
    struct error *e);
/*
 * Adds the newline itself.  Ends the program when it cannot be written, since
 * what this file lacks was, for its reader, never accepted.
 */
void journal_put(struct journal *j, struct buf *line);
void journal_close(struct journal *j);

#endif
