#ifndef OMNI_STEP_H
#define OMNI_STEP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One step of a ladder, as [ladder TYPE] of omni.conf(5) has it:
 *
 *	WHEN CHANNEL [TEMPLATE] [if CONDITION]
 *
 *	-24h email			before the event
 *	+2h sms				after the step before
 *	+2h open sms			the same, of opening hours
 *	-1d at 09:00 email		by the clock, days before the event's
 *	+1d at 09:00 sms short if unread
 */
enum step_condition {
	STEP_UNCONFIRMED,	/* the reminder is open: without a condition */
	STEP_UNDELIVERED,	/* and none of its messages was delivered */
	STEP_UNREAD,		/* and none was read */
	STEP_ALWAYS		/* open or confirmed */
};

struct step_when {
	bool before_event;	/* else it counts from the step before */
	bool open;		/* only opening hours count */
	int clock;		/* minutes after midnight; -1: none */
	int64_t offset;		/* seconds; whole days with a clock */
};

struct step {
	struct step_when when;
	char channel[16];	/* email ... push, preferred, flag */
	char template[96];	/* or "" */
	enum step_condition condition;
};

bool step_parse(const char *text, struct step *out);
/* "unread"; of STEP_UNCONFIRMED too. */
const char *step_condition_name(enum step_condition c);
/* False when there is no such condition, or no name. */
bool step_condition_of(const char *name, enum step_condition *out);

#endif
