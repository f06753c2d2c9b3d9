#ifndef OMNI_SCHEDULE_H
#define OMNI_SCHEDULE_H

#include "base/program.h"
#include "message/address.h"
#include "message/hours.h"
#include "message/templates.h"
#include "store/idset.h"
#include "store/ledger.h"

/*
 * A calendar's export, row by row: contacts and opt-outs are taken in, and
 * reminders kept in step.  What moves or changes hands gets a new revision,
 * and nothing queued for an earlier one goes out any more.
 *
 * A full export also speaks of what it does not mention: reminders ahead that
 * came from the same source, within its window, are cancelled at the end, if
 * the export is whole and they are not suspiciously many.
 */
#define SCHEDULE_STATES	14

struct scheduler {
	struct config *config;
	struct ledger *ledger;
	struct phonebook *phones;
	struct hours hours;	/* if a ladder counts by them */
	bool dry;		/* say what would change; write nothing */
	bool full, force;
	const char *source;	/* the export's name; NULL: none */
	int64_t announced;	/* rows by --count; -1: none was given */
	instant from, to;	/* events the export speaks for; to: exclusive */
	/* Of the run: */
	struct idset *seen;
	struct templates *templates;
	instant started;
	int64_t ahead;		/* reminders spoken for, before the first row */
	uintmax_t rows, told[SCHEDULE_STATES];
	bool ended;		/* the line with the count came */
	char broken[256];	/* why the export is not whole; or "" */
};

#define SCHEDULER_INIT	{ .announced = -1, .from = INT64_MIN, .to = INT64_MAX }

/*
 * A date, local time or RFC 3339, for `from` and `to`; in the site's zone.
 * False when it is none.
 */
bool schedule_time(const struct config *c, const char *text, instant *t);
void schedule_start(struct scheduler *s);
void schedule_end(struct scheduler *s);

/* For filter_run(), with take_refused: f->ctx is the scheduler. */
void schedule_prepare(struct filter *f, const struct record *r);
void schedule_record(struct filter *f, struct record *r);
void schedule_commit(struct filter *f);

/*
 * After filter_run() gave `rc`: cancels what a full export does not mention,
 * and says what was done.  Returns the exit status.
 */
int schedule_finish(struct scheduler *s, const struct filter *f, int rc);

#endif
