#ifndef OMNI_TWICE_H
#define OMNI_TWICE_H

#include "store/ledger.h"

/*
 * Flags for staff, once, a message of which two attempts were taken: the
 * person may have it twice.  To be called inside a transaction, after each row
 * that says of an attempt that it was taken: event.received, attempt.finished.
 */
void twice_check(struct ledger *l, const char *message);

#endif
