#ifndef OMNI_CONSENT_H
#define OMNI_CONSENT_H

#include "base/config.h"
#include "store/ledger.h"

/*
 * Consent as evidence.  It belongs to an address, so that a family with one
 * telephone is silenced together; each change is a journal row that says when,
 * how and from where, and the table `consent` has the last word for each
 * address and scope.
 *
 * Who said it decides what may change it.  The person's own word (a keyword, a
 * link, a provider that will not deliver to them any more, a complaint) is
 * only ever lifted by the person; what staff entered, by staff too; an import
 * lifts nothing at all.
 */
enum consent_how {
	CONSENT_IMPORT,
	CONSENT_STAFF,
	CONSENT_KEYWORD,	/* from here on the person's own word */
	CONSENT_LINK,
	CONSENT_PROVIDER,
	CONSENT_COMPLAINT,
	CONSENT_HOW_MAX
};

enum consent_how consent_how_read(const char *name); /* CONSENT_HOW_MAX: none */

#define CONSENT_SCOPE	96

struct consent {
	const char *hash;	/* of the address */
	const char *scope;	/* all, channel:sms, topic:marketing */
	bool in;
	enum consent_how how;
	/* Or NULL: */
	const char *contact;	/* whom it was said of, not just the address */
	const char *source;	/* the message or record it came with */
	const char *by;		/* the operator */
	const char *note;	/* what the operator wrote; may be personal */
	const char *given_at;	/* when, if it was not now */
	bool imported;		/* from a file, whatever `how` says */
	bool forced;		/* an opt-out whatever was said before */
};

enum consent_result {
	CONSENT_NEW,
	CONSENT_SAME,		/* it is so already, nothing was written */
	CONSENT_REFUSED		/* only a stronger word could change it */
};

/* Journals it where it changes something.  Inside a transaction. */
enum consent_result consent_put(struct ledger *l, const struct consent *c);

/*
 * "all", a type of channel or a topic, as people write a scope, or a scope as
 * the ledger has it.  False when it is none of these.
 */
bool consent_scope(const struct config *c, const char *word,
    char out[CONSENT_SCOPE]);
/* "channel:sms" concerns the SMS address only; all else every address. */
bool consent_concerns(const char *scope, const char *type);

/*
 * The same as consent_put() for what is kept with `c->contact`, and not with an address: it
 * holds for addresses that say nothing themselves, and is put to those that
 * the contact gets later.  Lifting what is not kept is CONSENT_SAME.
 */
enum consent_result consent_keep(struct ledger *l, const struct consent *c);
/*
 * Puts to an address that is new to the contact what is kept with it; `whole`:
 * also what does not concern the channel alone.
 */
void consent_carry(struct ledger *l, const struct config *c,
    const char *contact, const char *type, const char *hash, bool whole);

/*
 * Journals what `contact` says: the opt-outs of `opt_out`, a list of scopes or
 * one, which are kept with the contact, too; `preferences.topics`; and
 * `entries`, the list that omni-contact export has as `consent`, with
 * addresses as the ledger keeps them.  What is there already is left alone,
 * and no opt-out is ever lifted.
 */
struct consent_import {
	const struct config *config;
	const struct value *contact, *entries;	/* the latter may be NULL */
	const char *source;
};

struct consent_report {
	int count;		/* how many are new */
	/* {"address", "scope", "state"} of what was not taken; the caller's */
	struct value *not_taken;
	const char *field, *bad;	/* of an entry that makes no sense */
};

/* False when an entry makes no sense.  `r->not_taken` must be freed. */
bool consent_import(struct ledger *l, const struct consent_import *in,
    struct arena *mem, struct consent_report *r);

/*
 * The whole history of an address, oldest first, as an array of objects; and
 * of what is kept with a contact that none of its addresses tells of.
 */
struct value *consent_history(struct ledger *l, const char *hash,
    struct arena *mem);
struct value *consent_history_kept(struct ledger *l, const char *contact,
    struct arena *mem);

#endif
