#ifndef OMNI_CONTACTS_H
#define OMNI_CONTACTS_H

#include "base/program.h"
#include "message/address.h"
#include "store/ledger.h"

/*
 * What omni-contact does with one record: each is the `each` of a filter whose
 * context is a struct contacts.  A record gets the field `contact`, an object
 * with "action" (created, changed, unchanged, merged, forgotten) and what
 * belongs to it; or an error.
 */
struct contacts {
	struct ledger *ledger;
	struct config *config;
	struct phonebook *phones;
	bool dry;		/* write nothing, say what would be done */
	const char *by, *how, *scope;	/* of the command line, or NULL */
	bool forgot;		/* somebody was forgotten, now or earlier */
};

/* A contact with all its members; see omni-record(5). */
void contacts_import(struct filter *f, struct record *r);
/* The `prepare` of that. */
void contacts_expect(struct filter *f, const struct record *r);
/* {"id", "set": {"language": "en", …}}, texts as on the command line. */
void contacts_set(struct filter *f, struct record *r);
/* {"id", "channel"} and, where there are several, "address". */
void contacts_verify(struct filter *f, struct record *r);
/* {"from", "into"} */
void contacts_merge(struct filter *f, struct record *r);
/* {"id"} */
void contacts_forget(struct filter *f, struct record *r);
/* {"id" or "address"} and, if not of the command line, "scope", "by", "how" */
void contacts_opt_in(struct filter *f, struct record *r);
void contacts_opt_out(struct filter *f, struct record *r);

/* The `commit` of the filter. */
void contacts_commit(struct filter *f);

/* What the functions above share, in contacts.c. */

/*
 * Opens the transaction if need be, and a savepoint for this record: before
 * anything is looked up in the ledger, and after telephones were asked about.
 */
struct ledger *contacts_begin(struct filter *f);
/* Ends it: with what was done undone ... */
void contacts_undo(struct filter *f);
/* ... or with the field `contact`; `more` is taken, and may be NULL. */
void contacts_answer(struct filter *f, struct record *r, const char *action,
    struct value *more);
/*
 * The contact that a member names, looked up between these; NULL after
 * refusing the record and undoing.
 */
const char *contacts_known(struct filter *f, struct record *r,
    const char *member);
/*
 * What they sent, files and all: those of the contact's messages, and of those
 * that came from one of `hashes`, a list as JSON.  -1: a file could not be
 * removed; the record is refused for now, and undone.
 */
int contacts_forget_media(struct filter *f, struct record *r, const char *id,
    const char *hashes);
/*
 * An address as a person writes it, in the form that the ledger keeps; for
 * this type of channel, or NULL.  NULL after refusing the record.
 */
const char *contacts_address(struct filter *f, struct record *r,
    const char *type, const char *raw, const char **line);
/*
 * email, phone and whatsapp as omni-normalize makes them, NULL where none can
 * be used.  What cannot be is told, or (`strict`) refuses the record: false.
 */
bool contacts_read(struct filter *f, struct record *r,
    const struct value *contact, bool strict, struct value **address);

#endif
