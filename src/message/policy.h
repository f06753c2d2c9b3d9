#ifndef OMNI_POLICY_H
#define OMNI_POLICY_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/record.h"
#include "message/quiet.h"
#include "store/ledger.h"

/*
 * The one gate.  Consent, quiet hours, expiry and limits are decided here and
 * nowhere else: by omni-route when a message is composed, and by the senders
 * in the transaction that writes "attempt started".
 */

/* Whom a message is for, and what it is. */
struct policy_reader {
	const char *hash, *type;	/* of the address */
	const char *topic, *class, *contact;	/* or NULL */
};

/*
 * Consent goes by the hash of the address, so that a STOP silences everybody
 * who has it.  False when the person may be written to; else true and in
 * `why` the scope, since when and how.
 */
bool policy_is_opted_out(struct ledger *l, const struct config *c,
    const struct policy_reader *who, char *why, size_t size);

/*
 * WhatsApp takes free text until 24 hours after the person wrote, and from
 * that very second on only templates.
 */
#define POLICY_WINDOW	(24 * 3600)
bool policy_window_is_open(instant last_inbound, instant t);

/*
 * A call takes longer than a message: nobody is called again before this time
 * is over, whatever [channel] pair_seconds says.
 */
#define POLICY_CALL_GAP	300

/*
 * Marketing, by its class or by that of its topic, is never spoken: a call
 * cannot be put aside and read later.
 */
bool policy_is_marketing(const struct config *c, const char *class,
    const char *topic);

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
	char cost[32];		/* the forecast, to be reserved; or "" */
	bool window;		/* WhatsApp takes free text now */
};

/*
 * What 24 hours, or this run, have cost, kept by a sender from one look to the
 * next: counted wholly at first and before a message is held, and in between
 * only what is new.
 */
struct spent {
	int64_t last;		/* the last row that is in it */
	int64_t sum;		/* millionths */
	int64_t seen;		/* journal row up to which it was counted ... */
	instant counted;	/* ... wholly, and when */
};

/* The attempts of a channel within an hour or a day; kept in the same way. */
struct counted {
	int64_t last, count;
	int64_t put_off;	/* how many since wait for its next room */
};

struct spending {
	struct spent day, run;
	struct counted hour_attempts, day_attempts;
};

/*
 * The last look, inside the transaction.  `channel` is the configured channel
 * of the sender.
 */
void gate_look(struct ledger *l, const struct quiet *quiet, const char *id,
    const char *channel, struct spending *spent, struct gate *g);

#endif
