#ifndef OMNI_SCHEDULE_IMPL_H
#define OMNI_SCHEDULE_IMPL_H

/* Shared by schedule*.c only. */

#include "message/ladder.h"
#include "message/schedule.h"

/* A reminder as the ledger has it. */
struct known {
	bool found;
	char state[16], content[LEDGER_KEY], source_at[40], contact[256];
	char type[64], source[72];
	int64_t revision;
	int64_t step, next_step;	/* of the ladder; step 0: none yet */
	instant next_due;
	instant event;
	instant old;		/* the time that the person knows of; 0: none */
	bool by_export;		/* it was an export that closed it */
};

/* One row of the export, checked. */
struct entry {
	struct scheduler *scheduler;
	struct filter *filter;
	struct record *record;
	const char *id, *type, *status, *contact_id, *timezone, *language;
	const struct value *contact, *address;
	const char *unusable;	/* why the contact has no address at all */
	struct ladder ladder;
	instant event;
	instant updated;	/* when the calendar changed it; INT64_MIN: it
				   does not say */
	char event_local[32];
	bool again;		/* the export had a row of this id before */
	struct known known;
};

/* schedule_apply.c: rows and the ledger */
void schedule_look_up(struct ledger *l, const char *id, struct known *k);
void schedule_answer(struct entry *n, const char *state, int64_t revision);
void schedule_apply_open(struct entry *n);	/* scheduled, confirmed */
void schedule_apply_closed(struct entry *n);	/* cancelled, done */
/* Ends it; returns "cancelled" when the person is to be told, or NULL. */
const char *schedule_close(struct scheduler *s, const char *id,
    const struct known *k, const char *state, const char *how);

/* schedule_full.c: the export as a whole */
/* Whether it was the line with the count. */
bool schedule_take_end(struct entry *n);
void schedule_mention(struct entry *n);
void schedule_tell(struct scheduler *s, const char *state);

#endif
