#ifndef OMNI_REMINDER_H
#define OMNI_REMINDER_H

#include "base/config.h"
#include "message/ladder.h"
#include "store/ledger.h"

/*
 * The end of a reminder: somebody answered, or the calendar says so.  Its
 * messages that have not gone out are cancelled; of one that was confirmed the
 * steps that are taken always remain.
 */
struct reminder_end {
	const char *id;
	int64_t revision;
	const char *state;		/* confirmed, declined, cancelled ... */
	const char *how;		/* "sms answer", "export" */
	const char *message;		/* that said so, or NULL */
	const char *answered_at;	/* or NULL: now */
};

/* The ladder as this contact wants it: ladder_suit() by their preferences. */
void reminder_suit(struct ledger *l, const char *contact,
    struct ladder *ladder);
/*
 * Into the data of a journal row "reminder.closed": the step that is still to be
 * taken of one that was confirmed.  `hours` may be NULL: they are read when
 * they are needed.
 */
void reminder_put_next(struct ledger *l, struct config *c,
    const struct hours *hours, const char *id, int64_t revision,
    const char *state, struct value *data);
void reminder_close(struct ledger *l, struct config *c,
    const struct reminder_end *end);

/*
 * Flags for staff, once, a reminder whose last step failed: where no step comes
 * after it, nobody would hear of it.  To be called inside a transaction, after
 * each row that may have ended the message: attempt.finished, event.received,
 * message.cancelled, message.expired.
 */
void reminder_check_end(struct ledger *l, const char *message);

#endif
