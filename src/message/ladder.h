#ifndef OMNI_LADDER_H
#define OMNI_LADDER_H

#include "base/clock.h"
#include "base/config.h"
#include "base/record.h"
#include "base/step.h"
#include "message/hours.h"

/*
 * Ladders: what is tried, and when, until somebody confirms; [ladder TYPE] of
 * omni.conf(5).
 */
#define LADDER_STEPS	20

struct ladder_step {
	int number;
	struct step_when when;
	char channel[16];	/* email ... push, preferred, flag */
	char template[96];	/* its own, the ladder's or TYPE_reminder */
	enum step_condition condition;
};

struct ladder {
	const char *type, *topic, *class;
	struct ladder_step steps[LADDER_STEPS];
	int count;
	const struct hours *hours;	/* lent by the caller, or NULL */
};

/* Of what a ladder asks about. */
struct ladder_event {
	instant at;
	const char *zone;
};

/* -1 when the configuration has no ladder of this type, or no step in it. */
int ladder_load(const struct config *c, const char *type, struct ladder *l,
    struct error *e);
/*
 * As this person wants it: `preferences` of the contact may be NULL.  With
 * escalation_after_minutes each step that counts from the one before comes so
 * long after it; with escalation_channels the messages after the first go by
 * these, in turn, and those beyond the list are left out.  The flags stay.
 */
void ladder_suit(struct ladder *l, const struct value *preferences);

/* The step with this number, or NULL. */
const struct ladder_step *ladder_step(const struct ladder *l, int number);
/* The step after `number` (0: the first), or NULL. */
const struct ladder_step *ladder_after(const struct ladder *l, int number);
bool ladder_is_flag(const struct ladder_step *s);

/*
 * When a step is due: counted back from the event, or from `previous`.  Open
 * time that never comes is far away.
 */
instant ladder_due(const struct ladder *l, const struct ladder_step *s,
    const struct ladder_event *event, instant previous);
/* The first step whose time is before the event, or without one the first. */
const struct ladder_step *ladder_first(const struct ladder *l,
    const struct ladder_event *event);
/*
 * The step to take at `now`, when `number` is due: the last message whose own
 * time has come too and for which `contact` has an address, so that a run that
 * comes late sends what fits the moment, and never a burst; but first the flag
 * on the way to it.  Of `confirmed` reminders only the steps count that are
 * taken always; where `number` is another it is returned, to be skipped.  NULL:
 * there is none any more.
 */
const struct ladder_step *ladder_pick(const struct ladder *l, int number,
    const struct ladder_event *event, instant now, bool confirmed,
    const struct value *contact);

/*
 * What comes after step `number`, taken at `now`, for omni-queue to enter; NULL:
 * nothing.  As `next` of the field "reminder":
 *
 *	{"step": 3, "at": "2026-11-24T16:00:00Z"}
 *	{"step": 3, "after": 7200}		after this message is due
 *	{..., "open": true, "timezone": Z}	the same in opening hours
 *	{"step": 3, "days": 1, "clock": "09:00", "timezone": Z}
 *
 * and for the last three, where a later message has a fixed time, that one as
 * `latest`: it comes instead once its time is reached first.
 */
struct value *ladder_next(const struct ladder *l, int number,
    const struct ladder_event *event, instant now, bool confirmed);
/*
 * The step and time that `next` means for a message that is due at `due`;
 * `hours` is for `open`.  False when it is none.
 */
bool ladder_resolve(const struct value *next, instant due,
    const struct hours *hours, int64_t *step, instant *at);

#endif
