#include <stdio.h>
#include <string.h>

#include "message/ladder.h"
#include "message/notice.h"
#include "message/queue_impl.h"

void
queue_say(struct record *r, const char *state, const char *due)
{
	struct value *v = value_new_object();

	value_set_string(v, "state", state);
	if (due != NULL)
		value_set_string(v, "due_at", due);
	record_set_take(r, "queue", v);
}

void
queue_flag(struct queue *q, const struct record *r, const char *kind,
    const char *reason)
{
	struct value *data = value_new_object();

	value_set_string(data, "kind", kind);
	value_carry(data, "reminder", record_get(r, "reminder"), "id");
	value_carry(data, "contact", record_get(r, "contact"), "id");
	value_carry(data, "message", r->root, "id");
	if (reason != NULL)
		value_set_string(data, "reason", reason);
	ledger_append_take(q->ledger, "flag.put", data);
}

bool
queue_knows_reminder(struct queue *q, const struct record *r)
{
	const struct value *v = record_get(r, "reminder"), *next;
	const char *id = value_get_string(v, "id");
	int64_t n;

	next = value_get(v, "next");
	return id != NULL && value_integer(value_get(v, "revision"), &n) &&
	    value_integer(value_get(v, "step"), &n) && (next == NULL ||
	    value_integer(value_get(next, "step"), &n)) &&
	    ledger_count(q->ledger, "SELECT count(*) FROM reminder WHERE id = "
	    "?", "s", id) > 0;
}

bool
queue_reminder_is_sound(struct queue *q, struct filter *f, struct record *r)
{
	if (value_type(record_get(r, "reminder")) == VALUE_ABSENT ||
	    queue_knows_reminder(q, r))
		return true;
	filter_refuse(f, r, "bad_reminder", "reminder", "reminder: no reminder "
	    "of the ledger; it needs its id and, as numbers, revision and "
	    "step");
	return false;
}

/* Opening hours are asked for by few ladders. */
static const struct hours *
opening_hours(struct queue *q)
{
	struct error e;

	if (q->has_hours)
		return &q->hours;
	if (hours_load(&q->hours, q->config, &e) == -1) {
		diag("%s", e.text);
		return NULL;
	}
	q->has_hours = true;
	return &q->hours;
}

void
queue_put_reminder(struct queue *q, const struct record *r,
    struct value *data, instant due, bool bring_forward)
{
	const struct value *reminder = record_get(r, "reminder"), *next;
	struct value *own;
	char text[CLOCK_TEXT];
	int64_t step;
	instant at;

	if (value_type(reminder) != VALUE_OBJECT ||
	    notice_put(q->ledger, r, data, due))
		return;
	own = value_copy(reminder);
	value_remove(own, "next");
	value_remove(own, "flag");
	value_remove(own, "close");
	value_remove(own, "skip");
	value_remove(own, "passed");
	value_set_take(data, "reminder", own);
	if (value_get(reminder, "passed") != NULL)
		value_set_take(data, "passed", value_copy(value_get(reminder,
		    "passed")));
	next = value_get(reminder, "next");
	if (!ladder_resolve(next, due, value_is_true(value_get(next,
	    "open")) ? opening_hours(q) : NULL, &step, &at))
		return;
	if (bring_forward) {
		value_integer(value_get(next, "step"), &step);
		at = due;
	}
	value_set_integer(data, "next_step", step);
	value_set_string(data, "next_due_at", clock_format(at, text));
}

/* Answered, moved or taken since omni-escalate looked? */
static bool
is_due(struct queue *q, const struct value *reminder, bool flagged)
{
	int64_t step = 0, revision = 0;

	value_integer(value_get(reminder, "step"), &step);
	value_integer(value_get(reminder, "revision"), &revision);
	return ledger_count(q->ledger, "SELECT count(*) FROM reminder r WHERE "
	    "id = ?1 AND revision = ?2 AND (state = 'open' OR state = "
	    "'confirmed' AND ?4 = 0) AND next_due_at IS NOT NULL AND NOT "
	    "EXISTS (SELECT 1 FROM reminder_step s WHERE s.reminder = r.id "
	    "AND s.revision = r.revision AND s.step = ?3)", "siii",
	    value_get_string(reminder, "id"), revision, step,
	    (int64_t)flagged) > 0;
}

void
queue_enter_step(struct queue *q, struct record *r)
{
	const struct value *reminder = record_get(r, "reminder");
	const char *kind = value_get_string(reminder, "flag");
	const char *skip = value_get_string(reminder, "skip");
	struct value *data;

	if (!is_due(q, reminder, skip == NULL)) {
		queue_say(r, "duplicate", NULL);
		return;
	}
	queue_say(r, skip == NULL ? "queued" : "skipped", NULL);
	if (q->dry)
		return;
	data = value_new_object();
	queue_put_reminder(q, r, data, clock_now(), false);
	if (skip != NULL) {
		value_set_string(data, "reason", skip);
		ledger_append_take(q->ledger, "reminder.skipped", data);
		return;
	}
	value_carry(data, "kind", reminder, "flag");
	value_carry(data, "close", reminder, "close");
	queue_flag(q, r, kind == NULL ? "unresponsive" : kind, kind != NULL &&
	    strcmp(kind, "unreachable") == 0 ? "no channel could be used" :
	    "nobody answered");
	ledger_append_take(q->ledger, "reminder.flagged", data);
}
