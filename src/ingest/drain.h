#ifndef OMNI_DRAIN_H
#define OMNI_DRAIN_H

#include "base/program.h"

/*
 * Applies what lies in the inbound spool to the ledger, and writes what it
 * applied to standard output.  With `confirming` it then tells SNS that the
 * topics which asked are wanted.  Returns the exit status.
 */
int drain(struct program *p, bool confirming);

#endif
