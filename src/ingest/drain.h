#ifndef OMNI_DRAIN_H
#define OMNI_DRAIN_H

#include "base/program.h"

struct drain_task {
	bool confirming;	/* then tell SNS that its topics are wanted */
	bool replay;		/* first take back what lies in bad/ */
	bool list;		/* with that: only say what lies there */
};

/*
 * Applies what lies in the inbound spool to the ledger, and writes what it
 * applied to standard output.  The arguments of `p` are names of files to
 * replay.  Returns the exit status.
 */
int drain(struct program *p, const struct drain_task *task);

#endif
