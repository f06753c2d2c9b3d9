#ifndef OMNI_TRY_WEBHOOK_H
#define OMNI_TRY_WEBHOOK_H

#include "base/program.h"

/*
 * omni-ingest --try webhook: reads a file of the inbound spool from standard
 * input and prints the events that the drain would apply.  No ledger, no
 * network, nothing written.  Returns the exit status.
 */
int try_webhook(const struct program *p);

#endif
