#ifndef OMNI_CONTACT_H
#define OMNI_CONTACT_H

#include "base/config.h"
#include "store/ledger.h"

/*
 * Contacts in the ledger.  Both functions run inside a transaction.
 */

/*
 * Journals the contact where it is not as the ledger has it; `address` is the
 * field that omni-normalize makes, or NULL.  Whether anything changed.
 */
bool contact_put(struct ledger *l, const struct value *contact,
    const struct value *address, const char *language, const char *timezone,
    struct arena *mem);

/*
 * An address in the ledger: the keyed hash of its identity, which consent and
 * address rows go by; and its body, kept under `key`.  The latter returns the
 * hash, as part of `key`.
 */
char *contact_address_hash(const struct ledger *l, const char *to,
    char out[DIGEST_HEX]);
const char *contact_address_put(struct ledger *l, const char *to,
    char key[LEDGER_KEY]);

/* What is wrong with `contact.preferences`, in words; NULL when nothing is. */
const char *contact_fault(const struct value *contact);

/*
 * Journals the opt-outs of `contact.opt_out`, a list of "all", "email", "sms",
 * "whatsapp", "voice", "push" or the name of a topic, for each address of the
 * contact.  One that is already there is left alone, and an import never lifts
 * one: only the person can.  Returns how many are new; -1 when an entry is
 * none of these, then *bad is it.
 */
int contact_put_opt_outs(struct ledger *l, const struct config *c,
    const struct value *contact, const struct value *address,
    const char *source, const char **bad);

/*
 * One consent row, unless the state is already that, or an import would change
 * what the person said.  Whether it is new.
 */
bool consent_put(struct ledger *l, const char *hash, const char *scope,
    const char *state, const char *how, const char *source);

/* The object `contact` of a record, as the ledger knows the person. */
struct value *contact_record(struct ledger *l, const char *id);

#endif
