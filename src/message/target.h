#ifndef OMNI_TARGET_H
#define OMNI_TARGET_H

#include "message/reply.h"
#include "store/ledger.h"

/*
 * What an answer points at by itself: the reminder whose button was tapped, or
 * to whose message it is a reply.  It then counts for that reminder or for
 * none: whoever taps the button below the old time of an appointment has not
 * said that the new one suits.
 */
struct target {
	bool found;		/* false: look at who wrote instead */
	const char *reminder;	/* lent from the arena; or NULL */
	int64_t revision;	/* that was asked about */
	const char *contact;	/* whom the message was for, or NULL */
	/* Why the answer cannot count, in words for staff; NULL: it can. */
	const char *why;
	bool again;		/* the reminder has this answer already */
};

struct target_asked {
	const char *provider;	/* kind */
	const char *hash;	/* of the address that answered */
	const char *payload;	/* of the button, or NULL */
	const char *context;	/* provider id of our message, or NULL */
	const char *reference;	/* "ID.3", our name of the attempt, or NULL */
	const char *message;	/* ours, whose link it was, or NULL */
	enum reply_intent intent;	/* what the text says */
};

/*
 * "confirm:k7.r2" and "decline:k7.r2", as the buttons of our templates bring
 * them back; see whatsapp.h.  REPLY_MAX: the payload is not one of these.
 */
enum reply_intent target_intent(const char *payload);
/*
 * Whether a message only went where [test] redirect said: its link was then in
 * the hands of others than the person.
 */
bool target_was_redirected(struct ledger *l, const char *message);
#define TARGET_REHEARSAL "a rehearsal: the message went to another address " \
    "than the person's"
void target_find(struct ledger *l, const struct target_asked *a,
    struct arena *mem, struct target *out);

/* Whether an answer can still change t->reminder, at t->revision: why not. */
void target_judge(struct ledger *l, enum reply_intent intent,
    struct arena *mem, struct target *t);

/*
 * Reminders that this person may be answering: not over, and asked about in
 * their present revision, so that an answer to the old time of a moved
 * appointment does not confirm the new one.  `written` demands that one was
 * sent to this very address, if not NULL; `settled`: not those that are open,
 * but those that have their answer.  How many, 2 for more; the first in `out`.
 */
int target_candidates(struct ledger *l, const char *hash, const char *written,
    bool settled, struct arena *mem, struct target *out);

#endif
