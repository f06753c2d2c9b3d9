#ifndef OMNI_NOTICE_H
#define OMNI_NOTICE_H

#include "base/record.h"
#include "message/escalate.h"
#include "message/templates.h"

/*
 * Notices: who was told of an appointment, or confirmed it, is told when the
 * calendar moves or cancels it.  omni-schedule notes in the reminder that a
 * notice is due (its column `notice`, and in `old_at` the time that the person
 * knows of); omni-escalate emits it with the template of the ladder's `moved`
 * or `cancelled`; omni-queue enters it, and then it is no longer due.
 *
 * A notice is no step of the ladder, but asks as one does: a step that is due
 * then is put off, by NOTICE_PAUSE or half the time that is left.
 */
#define NOTICE_PAUSE	(2 * 3600)
#define NOTICE_TEMPLATE	96

/*
 * The template for notices of this kind, "moved" or "cancelled", of reminders
 * of this type; NULL when there is none, or the ladder says "none".
 */
const char *notice_template(const struct config *c, struct templates *t,
    const char *type, const char *kind, char out[NOTICE_TEMPLATE]);
/* -1 when [ladder TYPE] names one that is not there, or broken. */
int notice_check(const struct config *c, struct templates *t,
    const char *type, struct error *e);

/*
 * Each that is due, as a record on standard output; its reminder's step is not
 * emitted by the same run.
 */
void notices(struct escalator *s);
/* How many there are now, as notices() would emit them. */
int64_t notices_due(struct config *c, struct ledger *l);

/* "moved" or "cancelled", if the record is a notice; else NULL. */
const char *notice_of(const struct record *r);
/*
 * For omni-queue: what the journal row of a notice that goes out at `due` says
 * of its reminder.  False when it is none.
 */
bool notice_put(struct ledger *l, const struct record *r, struct value *data,
    instant due);

#endif
