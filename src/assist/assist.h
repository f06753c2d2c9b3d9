#ifndef OMNI_ASSIST_H
#define OMNI_ASSIST_H

#include "base/config.h"
#include "base/program.h"
#include "store/ledger.h"

/*
 * The assistant: of what somebody wrote it makes a draft for staff, or an
 * answer, or work for staff.  It asks a language model, which is given nothing
 * but this person's own, and can do nothing but propose a text or leave it to
 * staff.
 */
struct assist;

/* NULL where the configuration names no model, or something is wrong. */
struct assist *assist_open(struct config *c, struct ledger *l,
    struct error *e);
void assist_close(struct assist *a);

/*
 * For filter_run(): an event of the drain becomes a record for omni-queue, or
 * goes on with "assist", which says why it has none.  f->ctx is the assist.
 */
void assist_record(struct filter *f, struct record *r);
/*
 * The same of what is in the ledger, unread, and has had nothing done for it:
 * prints the records that are not empty, emergencies first, or those alone,
 * and returns the exit status.
 */
int assist_waiting(struct assist *a, bool quiet, bool emergencies);

/* EX_OK, or why nothing could be asked: a person must act first. */
int assist_status(const struct assist *a);

#endif
