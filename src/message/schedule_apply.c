/* What a row of an export does to its reminder. */

#include "schedule_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "message/notice.h"
#include "message/reminder.h"

static void
copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s == NULL ? "" : s);
}

void
schedule_look_up(struct ledger *l, const char *id, struct known *k)
{
	struct ledger_rows *r;

	*k = (struct known){ .found = false };
	r = ledger_select(l, "SELECT state, revision, "
	    "event_at, content, source_at, contact, type, reason, source, "
	    "old_at, step, next_step, next_due_at FROM reminder "
	    "WHERE id = ?", "s", id);
	k->found = ledger_next(r);
	if (k->found) {
		copy(k->state, sizeof(k->state), ledger_text(r, 0));
		k->revision = ledger_int(r, 1);
		clock_parse(ledger_text(r, 2), &k->event);
		copy(k->content, sizeof(k->content), ledger_text(r, 3));
		copy(k->source_at, sizeof(k->source_at), ledger_text(r, 4));
		copy(k->contact, sizeof(k->contact), ledger_text(r, 5));
		copy(k->type, sizeof(k->type), ledger_text(r, 6));
		k->by_export = ledger_text(r, 7) != NULL &&
		    strcmp(ledger_text(r, 7), "export") == 0;
		copy(k->source, sizeof(k->source), ledger_text(r, 8));
		if (ledger_text(r, 9) != NULL)
			clock_parse(ledger_text(r, 9), &k->old);
		k->step = ledger_int(r, 10);
		k->next_step = ledger_int(r, 11);
		if (ledger_text(r, 12) != NULL)
			clock_parse(ledger_text(r, 12), &k->next_due);
	}
	ledger_end(r);
}

static bool
is_state(const struct known *k, const char *state)
{
	return k->found && strcmp(k->state, state) == 0;
}

/*
 * Whether the row is older than what the ledger has: rows of one export may
 * tell of one appointment twice, and the newer counts.
 */
static bool
is_stale(const struct entry *n)
{
	instant known;

	return n->known.found && n->updated != INT64_MIN &&
	    clock_parse(n->known.source_at, &known) && n->updated < known;
}

void
schedule_answer(struct entry *n, const char *state, int64_t revision)
{
	struct value *v = value_new_object();

	value_set_string(v, "state", state);
	if (revision > 0)
		value_set_integer(v, "revision", revision);
	record_set_take(n->record, "schedule", v);
	schedule_tell(n->scheduler, state);
}

/*
 * What the person was told
 */

/* What went out, or is on its way, of this revision. */
static bool
was_sent(struct ledger *l, const char *id, const struct known *k)
{
	return ledger_count(l, "SELECT 1 FROM message WHERE reminder = ? AND "
	    "revision = ? AND direction = 'outbound' AND "
	    "coalesce(notice, '') <> 'cancelled' AND (state = 'sent' OR "
	    "state = 'sending' OR state = 'in_doubt' OR (state = 'failed' AND "
	    "reason = 'in doubt')) LIMIT 1", "si", id, k->revision) > 0;
}

static bool
knows_it_is_cancelled(struct ledger *l, const char *id, const struct known *k)
{
	return ledger_count(l, "SELECT 1 FROM message WHERE reminder = ? AND "
	    "revision = ? AND notice = 'cancelled' AND (state = 'sent' OR "
	    "state = 'sending' OR state = 'in_doubt') LIMIT 1", "si", id,
	    k->revision) > 0;
}

/*
 * The time that the person believes in; 0 when there is none, or it is over.
 * Of a reminder that moved and moved again before they heard of it, that is
 * the first one.
 */
static instant
believed(struct scheduler *s, const char *id, const struct known *k)
{
	instant t;

	if (is_state(k, "cancelled") && knows_it_is_cancelled(s->ledger, id,
	    k))
		return 0;
	t = is_state(k, "confirmed") || was_sent(s->ledger, id, k) ?
	    k->event : k->old;
	return t > clock_now() ? t : 0;
}

static bool
has_template(struct scheduler *s, const char *type, const char *kind)
{
	char name[NOTICE_TEMPLATE];

	if (s->templates == NULL)
		s->templates = templates_new(s->config);
	return notice_template(s->config, s->templates, type, kind, name) !=
	    NULL;
}

/* Adds to a new revision what the person knows, and whether to tell them. */
static bool
put_notice(struct entry *n, struct value *data)
{
	instant old = believed(n->scheduler, n->id, &n->known);
	char text[CLOCK_TEXT];

	if (old == 0)
		return false;
	value_set_string(data, "old_at", clock_format(old, text));
	if (old == n->event || !has_template(n->scheduler, n->type, "moved"))
		return false;
	value_set_string(data, "notice", "moved");
	return true;
}

/*
 * Rows of the journal
 */

/* What the templates will need: vars, and the time of the event. */
static void
put_content(struct entry *n, char key[LEDGER_KEY])
{
	struct value *body = value_new_object();
	const struct value *vars = record_get(n->record, "vars");
	const struct value *related = record_get(n->record, "related");
	const struct value *metadata = record_get(n->record, "metadata");
	const char *json;

	value_set_string(body, "id", n->id);
	value_set_string(body, "type", n->type);
	value_set_string(body, "contact", n->contact_id);
	value_set_string(body, "timezone", n->timezone);
	if (value_type(related) == VALUE_OBJECT)
		value_set_take(body, "related", value_copy(related));
	if (value_count(metadata) > 0)
		value_set_take(body, "metadata", value_copy(metadata));
	value_set_take(body, "vars", value_type(vars) == VALUE_OBJECT ?
	    value_copy(vars) : value_new_object());
	json = value_json(body, &n->filter->mem);
	ledger_content_put(n->scheduler->ledger, "reminder", json, strlen(json),
	    key);
	value_free(body);
}

/* With what the ladder begins, and when. */
static const struct ladder_step *
first_step(const struct entry *n, instant *due)
{
	const struct ladder_event event = { n->event, n->timezone };
	const struct ladder_step *first = ladder_first(&n->ladder, &event);

	*due = ladder_due(&n->ladder, first, &event, n->event);
	return first;
}

static struct value *
reminder_data(const struct entry *n, int64_t revision, const char *content)
{
	const struct value *related = record_get(n->record, "related");
	struct value *data = value_new_object();
	char text[CLOCK_TEXT];
	instant due;

	value_set_string(data, "id", n->id);
	value_set_string(data, "type", n->type);
	value_set_string(data, "contact", n->contact_id);
	value_set_integer(data, "revision", revision);
	value_set_string(data, "event_at", clock_format(n->event, text));
	value_set_string(data, "event_local", n->event_local);
	value_set_string(data, "timezone", n->timezone);
	value_set_string(data, "content", content);
	if (n->updated != INT64_MIN)
		value_set_string(data, "source_at", clock_format(n->updated,
		    text));
	if (n->scheduler->source != NULL)
		value_set_string(data, "source", n->scheduler->source);
	value_set_integer(data, "next_step", first_step(n, &due)->number);
	value_set_string(data, "next_due_at", clock_format(due, text));
	if (value_type(related) == VALUE_OBJECT)
		value_set_take(data, "related", value_copy(related));
	return data;
}

static void
put_reminder(struct entry *n, int64_t revision, const char *content)
{
	ledger_append_take(n->scheduler->ledger, "reminder.put",
	    reminder_data(n, revision, content));
}

/*
 * Whether the ladder would now begin otherwise than was noted: it was changed,
 * or the zone or the opening hours by which it counts.  Once a step was taken
 * it goes on as it began; and one that a notice put off waits.
 */
static bool
begins_otherwise(const struct entry *n)
{
	const struct known *k = &n->known;
	instant due;

	return is_state(k, "open") && k->step == 0 && k->old == 0 &&
	    (first_step(n, &due)->number != k->next_step ||
	    k->next_due != due);
}

/* Without a new revision. */
static void
put_change(struct entry *n, const char *content)
{
	struct value *data = reminder_data(n, n->known.revision, content);

	if (begins_otherwise(n))
		value_set_integer(data, "ladder", 1);
	ledger_append_take(n->scheduler->ledger, "reminder.put", data);
	schedule_answer(n, "changed", n->known.revision);
}

/* True when the person is told of it. */
static bool
put_revision(struct entry *n, const char *content, bool same_reader)
{
	struct value *data = reminder_data(n, n->known.revision + 1, content);
	bool told = same_reader && put_notice(n, data);

	ledger_append_take(n->scheduler->ledger, "reminder.put", data);
	return told;
}

const char *
schedule_close(struct scheduler *s, const char *id, const struct known *k,
    const char *state, const char *how)
{
	struct value *data = value_new_object();
	const char *notice = NULL;
	char text[CLOCK_TEXT];
	instant old = 0;

	value_set_string(data, "id", id);
	value_set_integer(data, "revision", k->revision);
	value_set_string(data, "state", state);
	value_set_string(data, "how", how);
	if (strcmp(state, "cancelled") == 0 && (is_state(k, "open") ||
	    is_state(k, "confirmed")))
		old = believed(s, id, k);
	if (old != 0 && has_template(s, k->type, "cancelled") &&
	    !knows_it_is_cancelled(s->ledger, id, k)) {
		notice = "cancelled";
		value_set_string(data, "notice", notice);
		value_set_string(data, "old_at", clock_format(old, text));
	}
	reminder_put_next(s->ledger, s->config, &s->hours, id, k->revision,
	    state, data);
	ledger_append_take(s->ledger, "reminder.closed", data);
	return notice;
}

static void
add_notice(struct entry *n, const char *notice)
{
	struct value *v;

	if (notice == NULL)
		return;
	v = value_copy(record_get(n->record, "schedule"));
	value_set_string(v, "notice", notice);
	record_set_take(n->record, "schedule", v);
}

/*
 * The four states of a row
 */

/* An export with a name takes over what came from one without. */
static bool
is_adopted(const struct entry *n)
{
	return n->scheduler->source != NULL &&
	    strcmp(n->known.source, n->scheduler->source) != 0;
}

static void
apply_past(struct entry *n)
{
	/* Moved to a time that is over: the old one must not go out, nor what
	   who confirmed it gets all the same. */
	if (n->known.event != n->event && (is_state(&n->known, "open") ||
	    is_state(&n->known, "confirmed")))
		schedule_close(n->scheduler, n->id, &n->known, "lapsed",
		    "export");
	schedule_answer(n, "past", n->known.revision);
}

/* Another person's, or another ladder: nothing old must go out. */
static bool
is_given(const struct entry *n)
{
	const struct known *k = &n->known;

	return k->found && (strcmp(k->contact, n->contact_id) != 0 ||
	    strcmp(k->type, n->type) != 0);
}

static void
apply_scheduled(struct entry *n)
{
	const struct known *k = &n->known;
	char content[LEDGER_KEY];
	bool moved = k->found && k->event != n->event, given = is_given(n);
	bool told;

	put_content(n, content);
	if (!k->found) {
		put_reminder(n, 1, content);
		schedule_answer(n, "new", 1);
	} else if (moved || given || is_state(k, "cancelled") ||
	    (is_state(k, "lapsed") && k->by_export) || is_state(k, "done")) {
		told = put_revision(n, content, !given);
		schedule_answer(n, moved ? "moved" : given ? "reassigned" :
		    "reopened", k->revision + 1);
		add_notice(n, told ? "moved" : NULL);
	} else if (strcmp(content, k->content) != 0 || is_adopted(n) ||
	    begins_otherwise(n))
		put_change(n, content);
	else
		schedule_answer(n, "unchanged", k->revision);
}

static void
apply_confirmed(struct entry *n)
{
	struct known *k = &n->known;
	bool same = k->found && k->event == n->event && !is_given(n);
	bool done = same && is_state(k, "confirmed"), changed;
	char content[LEDGER_KEY];

	if (n->event <= clock_now() && !k->found) {
		schedule_answer(n, "past", 0);
		return;
	}
	put_content(n, content);
	/* What it says still goes to them in what is sent always. */
	changed = !same || strcmp(content, k->content) != 0 || is_adopted(n);
	if (!same)
		k->revision++;
	if (changed)
		put_reminder(n, k->revision, content);
	if (!done)
		schedule_close(n->scheduler, n->id, k, "confirmed", "export");
	schedule_answer(n, !done ? "confirmed" : changed ? "changed" :
	    "unchanged", k->revision);
}

void
schedule_apply_open(struct entry *n)
{
	if (is_stale(n))
		schedule_answer(n, "stale", n->known.revision);
	else if (strcmp(n->status, "confirmed") == 0)
		apply_confirmed(n);
	else if (n->event <= clock_now())
		apply_past(n);
	else
		apply_scheduled(n);
}

void
schedule_apply_closed(struct entry *n)
{
	const struct known *k = &n->known;
	const char *notice;

	if (is_stale(n))
		schedule_answer(n, "stale", k->revision);
	else if (!k->found)
		schedule_answer(n, "not_known", 0);
	else if (is_state(k, n->status) || is_state(k, "done"))
		schedule_answer(n, "unchanged", k->revision);
	else {
		notice = schedule_close(n->scheduler, n->id, k, n->status,
		    "export");
		schedule_answer(n, n->status, k->revision);
		add_notice(n, notice);
	}
}
