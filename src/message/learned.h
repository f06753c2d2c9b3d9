#ifndef OMNI_LEARNED_H
#define OMNI_LEARNED_H

#include "message/consent.h"

/*
 * What a provider's answer or receipt teaches of the person whom a message
 * went to.  Not to be asked of an attempt that [test] redirect sent elsewhere.
 * All of this inside a transaction; what is known already changes nothing.
 */

/* Its reader wants no more of them: opts out the address, of `scope`. */
void learned_opt_out(struct ledger *l, const char *message, const char *scope,
    enum consent_how how);
/* The address that it went to is none; `code` says so. */
void learned_dead(struct ledger *l, const char *message, const char *code);
/* The same of an address that something else has told of. */
void learned_address_dead(struct ledger *l, const char *type,
    const char *hash, const char *reason);

#endif
