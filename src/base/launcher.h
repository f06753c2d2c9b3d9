#ifndef OMNI_LAUNCHER_H
#define OMNI_LAUNCHER_H

#include "child.h"

/*
 * A process that starts a helper, as often as it is asked to, for one that has
 * given up starting anything (confine.h).  It runs that one program only, with
 * these arguments, and ends with whoever it works for, the helper with it.
 *
 * Start it before anything confines the process.  Where that fails, the helper
 * cannot be started, which is told then.
 */
struct launcher {
	int fd;			/* -1: there is none */
	pid_t pid;
	struct error why;	/* there is none */
};

void launcher_start(struct launcher *l, const char *const argv[]);
/* Has it end, and the helper with it. */
void launcher_close(struct launcher *l);

/* For child.c: a helper's ends, made non-blocking. */
int launcher_run(struct launcher *l, int *to, int *from, struct error *e);
/* Whether the helper has ended, or soon does: its status. */
bool launcher_ended(struct launcher *l, int *status);
void launcher_stop(struct launcher *l);

#endif
