#ifndef OMNI_SCHEDULE_H
#define OMNI_SCHEDULE_H

#include "base/program.h"
#include "message/address.h"
#include "store/ledger.h"

/*
 * A calendar's export, row by row: contacts and opt-outs are taken in, and
 * reminders kept in step.  What moves or changes hands gets a new revision,
 * and nothing queued for an earlier one goes out any more.
 */
struct scheduler {
	struct config *config;
	struct ledger *ledger;
	struct phonebook *phones;
	bool dry;		/* say what would change; write nothing */
};

/* For filter_run(): f->ctx is the scheduler. */
void schedule_prepare(struct filter *f, const struct record *r);
void schedule_record(struct filter *f, struct record *r);
void schedule_commit(struct filter *f);

#endif
