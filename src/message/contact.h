#ifndef OMNI_CONTACT_H
#define OMNI_CONTACT_H

#include "base/config.h"
#include "message/consent.h"
#include "store/ledger.h"

/*
 * Contacts in the ledger.  What changes them runs inside a transaction.
 */

enum contact_action {
	CONTACT_UNCHANGED,
	CONTACT_CREATED,
	CONTACT_CHANGED
};

const char *contact_action_name(enum contact_action a);

/*
 * What is said of a person.  A member that `contact` lacks stays as it is, one
 * that is null is taken away.  Addresses are given all or none: any of email,
 * phone, whatsapp, push and addresses replaces them all.
 */
struct contact_input {
	const struct config *config;
	const struct value *contact;
	/* What omni-normalize makes of email, phone, whatsapp and push. */
	const struct value *address;
	/*
	 * More addresses, behind those: {"channel", "to"} and, if known,
	 * "line", "primary" and "verified".  Or NULL.
	 */
	const struct value *places;
	const char *language;	/* of a new contact that says none; or NULL */
	/*
	 * A calendar's export, which comes again and again: where it says the
	 * same as the last time, what was changed by hand since stays.
	 */
	bool again;
	/* The message with which the person said so themselves; or NULL. */
	const char *source;
};

/*
 * Journals the contact where it is not as the ledger has it, and the opt-outs
 * that are kept with it for the addresses that are new.  `changes`, which
 * may be NULL, gets an object of each member that changed, with its values
 * "from" and "to"; it is the caller's then, and NULL when nothing changed.
 */
enum contact_action contact_put(struct ledger *l,
    const struct contact_input *in, struct arena *mem,
    struct value **changes);

bool contact_is_known(struct ledger *l, const char *id);
bool contact_was_forgotten(struct ledger *l, const char *id);
/* Puts what is kept with the contact to all of its addresses. */
void contact_carry(struct ledger *l, const struct config *c, const char *id);

/*
 * The person as omni-contact shows it: "id", "name", "language", "timezone",
 * "addresses", "preferences", "tags".  NULL when there is none.
 */
struct value *contact_state(struct ledger *l, const char *id,
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
/* A member of the preferences that nobody knows, and would be lost; or NULL. */
const char *contact_unknown_preference(const struct value *contact);

/* So many at most, of all channels together, or in one list of channels. */
#define CONTACT_ADDRESSES	64
#define CONTACT_CHANNELS	16
#define CONTACT_TAGS		64

/* The object `contact` of a record, as the ledger knows the person. */
struct value *contact_record(struct ledger *l, const char *id);

#endif
