#ifndef OMNI_POLICY_H
#define OMNI_POLICY_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/record.h"
#include "store/ledger.h"

/*
 * The one gate.  Consent, quiet hours, expiry and limits are decided here and
 * nowhere else: by omni-route when a message is composed, and by the senders
 * in the transaction that writes "attempt started".
 */

/*
 * Consent goes by the hash of the address, so that a STOP silences everybody
 * who has it.  False when the person may be written to; else true and in
 * `why` the scope, since when and how.  `topic` and `contact` may be NULL.
 */
bool policy_is_opted_out(struct ledger *l, const struct config *c,
    const char *hash, const char *type, const char *topic,
    const char *contact, char *why, size_t size);

/*
 * Whether `t` lies in quiet hours for a message of this class; then *until is
 * their end.  `start` and `end` are the contact's own, in minutes after
 * midnight, -1 for none.  Hours are those of `zone`; a zone that does not
 * exist counts as the site's.
 */
bool policy_is_quiet(const struct config *c, const char *class,
    const char *zone, int start, int end, instant t, instant *until);

/* Decimal strings, of up to six places. */
char *decimal_add(const char *a, const char *b, struct arena *mem);
char *decimal_multiply(const char *a, int64_t n, struct arena *mem);

enum gate_verdict {
	GATE_GO,
	GATE_SKIP,	/* no longer queued, or not yet due: leave it alone */
	GATE_DEFER,	/* later, at `until` */
	GATE_HOLD,	/* a person must release it */
	GATE_CANCEL,	/* the reason to send it is gone */
	GATE_EXPIRE	/* too late */
};

struct gate {
	enum gate_verdict verdict;
	instant until;
	char reason[160];
	bool bring_forward;	/* a ladder goes on with its next step */
};

/*
 * What 24 hours have cost, kept by a sender from one look to the next: counted
 * wholly at first and before a message is held, and in between only what is
 * new.
 */
struct spending {
	bool primed;
	int64_t last;		/* rowid of the last attempt that is in it */
	int64_t sum;		/* millionths */
};

/*
 * The last look, inside the transaction.  `channel` is the configured channel
 * of the sender.
 */
void gate_look(struct ledger *l, const struct config *c, const char *id,
    const char *channel, struct spending *spent, struct gate *g);

#endif
