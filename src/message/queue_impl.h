#ifndef OMNI_QUEUE_IMPL_H
#define OMNI_QUEUE_IMPL_H

#include "message/queue.h"

/* What became of the record, as its field "queue"; `due` may be NULL. */
void queue_say(struct record *r, const char *state, const char *due);
/* Tells staff about the record. */
void queue_flag(struct queue *q, const struct record *r, const char *kind,
    const char *reason);

/* A refused record may name anything: its ladder counts only if it is one. */
bool queue_knows_reminder(struct queue *q, const struct record *r);
/* Refuses a record whose reminder is none. */
bool queue_reminder_is_sound(struct queue *q, struct filter *f,
    struct record *r);
/*
 * The reminder, without what only omni-queue needs to know, and what comes
 * after this step: counted from `due`, or then at once.
 */
void queue_put_reminder(struct queue *q, const struct record *r,
    struct value *data, instant due, bool bring_forward);
/* A step without a message: a flag for staff, or one that is not taken. */
void queue_enter_step(struct queue *q, struct record *r);

/*
 * A record of omni-assist: the flag that it is to have for staff.  True when it
 * is an event and no message, and dealt with.
 */
bool queue_take_assist(struct queue *q, struct record *r);

#endif
