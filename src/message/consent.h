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

const char *consent_how_name(enum consent_how how);
enum consent_how consent_how_read(const char *name); /* CONSENT_HOW_MAX: none */

#define CONSENT_SCOPE	96

struct consent {
	const char *hash;	/* of the address */
	const char *scope;	/* all, channel:sms, topic:marketing */
	bool in;
	enum consent_how how;
	/* Or NULL: */
	const char *source;	/* the message or record it came with */
	const char *by;		/* the operator */
	const char *note;	/* what the operator wrote; may be personal */
	const char *given_at;	/* when, if it was not now */
	bool imported;		/* from a file, whatever `how` says */
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
 * The provider said of this message that its reader wants no more of them.
 * Opts out the address that it went to, of everything.
 */
void consent_revoked(struct ledger *l, const char *message,
    enum consent_how how);

/*
 * Journals what `contact` says: the opt-outs of `opt_out`, a list of scopes or
 * one; `preferences.topics`; and `consent`, as omni-contact export has it.
 * `address` is the field that omni-normalize makes; NULL: the addresses that
 * the ledger knows of the contact.  What is there already is left alone, and
 * no opt-out is ever lifted.  How many are new; -1 when an entry makes no
 * sense, then *field names it and *bad says what is wrong.
 */
int consent_import(struct ledger *l, const struct config *c,
    const struct value *contact, const char *source, struct arena *mem,
    const char **field, const char **bad);

/* The whole history of an address, oldest first, as an array of objects. */
struct value *consent_history(struct ledger *l, const char *hash,
    struct arena *mem);

#endif
