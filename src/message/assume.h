#ifndef OMNI_ASSUME_H
#define OMNI_ASSUME_H

#include "base/clock.h"
#include "base/config.h"

/*
 * What people are taken to do in a simulation, a line each:
 *
 *	30% confirm after sms		of those who get one
 *	10% decline after email in 45m	so long after it was sent
 *	5% stop after whatsapp
 *	40% read whatsapp		it is read, and nothing is said
 *	2% fail sms			the provider refuses it
 *	appointment-42 confirm at 2026-11-24T10:00:00-06:00
 *
 * Empty lines and those that begin with # are left out.  What is taken to
 * happen to a message depends on its id alone: twice gives the same.
 */
enum assume_act { ASSUME_CONFIRM, ASSUME_DECLINE, ASSUME_STOP, ASSUME_READ,
	ASSUME_FAIL };

struct assume_rule {
	enum assume_act act;
	int share;			/* in hundredths of a percent */
	char channel[16];
	int64_t delay;			/* seconds */
	/* Or of one reminder: */
	char reminder[160];
	instant at;
	size_t line;
};

struct assume {
	struct assume_rule *rules;
	size_t count;
};

/* -1 and EX_DATAERR name the file and the line. */
int assume_load(struct assume *a, const char *file, struct error *e);
void assume_release(struct assume *a);

/*
 * The first rule from *next on that applies to this message of a channel type;
 * *next is then the one after it.  NULL: none is left.
 */
const struct assume_rule *assume_of(const struct assume *a, const char *id,
    const char *channel, size_t *next);

#endif
