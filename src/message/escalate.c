#include "escalate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/output.h"
#include "base/zone.h"
#include "message/contact.h"
#include "message/notice.h"
#include "message/reminder.h"

#define PAGE	200	/* reminders read at a time; nothing stays pinned */

/* A due reminder, copied, so that no select is open while we write. */
struct due {
	char *id, *type, *contact, *zone, *content, *related_type,
	    *related_id, *next_due_at;
	int64_t revision, step, taken;	/* the last one that was taken */
	struct ladder_event event;
	bool attempted;		/* by some channel they may have heard */
	bool confirmed;
};

static size_t
read_page(struct escalator *s, const char *now, const char *after_due,
    const char *after_id, struct due page[PAGE])
{
	struct ledger_rows *r;
	char **text[] = { NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL };
	size_t n = 0;

	r = ledger_select(s->ledger, "SELECT id, type, contact, timezone, "
	    "content, related_type, related_id, next_due_at, revision, "
	    "next_step, event_at, EXISTS (SELECT 1 FROM message m WHERE "
	    "m.reminder = r.id AND m.revision = r.revision AND m.direction = "
	    "'outbound' AND m.state IN ('queued', 'held', 'sending', "
	    "'in_doubt', 'sent')), state = 'confirmed', step FROM reminder r "
	    "WHERE "
	    "next_due_at IS NOT NULL AND next_due_at <= ? AND "
	    "(next_due_at, id) > (?, ?) ORDER BY next_due_at, id LIMIT 200",
	    "sss", now, after_due, after_id);
	while (n < PAGE && ledger_next(r)) {
		struct due *d = &page[n++];

		text[0] = &d->id;
		text[1] = &d->type;
		text[2] = &d->contact;
		text[3] = &d->zone;
		text[4] = &d->content;
		text[5] = &d->related_type;
		text[6] = &d->related_id;
		text[7] = &d->next_due_at;
		for (int i = 0; i < 8; i++)
			*text[i] = ledger_text(r, i) == NULL ? NULL :
			    arena_strdup(&s->mem, ledger_text(r, i));
		d->revision = ledger_int(r, 8);
		d->step = ledger_int(r, 9);
		clock_parse(ledger_text(r, 10), &d->event.at);
		d->event.zone = d->zone;
		d->attempted = ledger_int(r, 11) != 0;
		d->confirmed = ledger_int(r, 12) != 0;
		d->taken = ledger_int(r, 13);
	}
	ledger_end(r);
	return n;
}

/* The day of the event, where it takes place: "2026-11-24". */
static const char *
local_date(struct escalator *s, const char *zone, instant event)
{
	struct civil c;

	if (!zone_to_local(zone, event, &c))
		civil_from_utc(event, &c);
	return arena_printf(&s->mem, "%04d-%02d-%02d", c.year, c.month, c.day);
}

struct value *
escalate_vars(struct escalator *s, struct record *r, const char *key,
    const char *zone, instant event)
{
	const char *body = ledger_content(s->ledger, key, &s->mem);
	struct value *content = NULL, *vars;
	const struct value *kept = NULL;
	char text[CLOCK_TEXT];
	struct error e;

	if (body != NULL)
		content = value_parse(body, strlen(body), &e);
	kept = value_get(content, "vars");
	vars = value_type(kept) == VALUE_OBJECT ? value_copy(kept) :
	    value_new_object();
	if (value_get(content, "metadata") != NULL)
		record_set_take(r, "metadata", value_copy(value_get(content,
		    "metadata")));
	value_set_string(vars, "at", clock_format(event, text));
	value_set_string(vars, "timezone", zone);
	if (value_get(vars, "due_on") == NULL)
		value_set_string(vars, "due_on", local_date(s, zone, event));
	value_free(content);
	return vars;
}

/*
 * The steps that are left out, whose time has passed or that gave way: since
 * the last one that was taken, and if nothing comes next those to the end.
 */
static void
set_passed(const struct escalator *s, struct value *v, const struct due *d,
    const struct ladder_step *step, bool is_last)
{
	const struct ladder_step *t = ladder_after(&s->ladder, (int)d->taken);
	struct value *list = value_new_array();

	for (; t != NULL && (t->number < step->number || is_last);
	    t = ladder_after(&s->ladder, t->number))
		if (t->number != step->number && (!d->confirmed ||
		    t->condition == STEP_ALWAYS))
			value_append_take(list, value_new_integer(t->number));
	if (value_count(list) > 0)
		value_set_take(v, "passed", list);
	else
		value_free(list);
}

static void
set_reminder(const struct escalator *s, struct record *r, const struct due *d,
    const struct ladder_step *step, const char *skip)
{
	struct value *v = value_new_object(), *next = NULL;
	bool over = d->event.at <= clock_now();

	value_set_string(v, "id", d->id);
	value_set_integer(v, "revision", d->revision);
	value_set_integer(v, "step", step == NULL ? d->step : step->number);
	if (!over && step != NULL) {
		next = ladder_next(&s->ladder, step->number, &d->event,
		    clock_now(), d->confirmed);
		set_passed(s, v, d, step, next == NULL);
		if (step->condition != STEP_UNCONFIRMED)
			value_set_string(v, "if", step_condition_name(
			    step->condition));
	}
	if (next != NULL)
		value_set_take(v, "next", next);
	if (skip != NULL)
		value_set_string(v, "skip", skip);
	else if (over || step == NULL || ladder_is_flag(step))
		value_set_string(v, "flag", d->attempted ? "unresponsive" :
		    "unreachable");
	if (over && skip == NULL)
		value_set_string(v, "close", "lapsed");
	record_set_take(r, "reminder", v);
}

static void
set_message(struct escalator *s, struct record *r, const struct due *d,
    const struct ladder_step *step)
{
	const struct ladder *l = &s->ladder;
	char text[CLOCK_TEXT];
	struct value *related;

	if (l->topic != NULL)
		record_set_string(r, "topic", l->topic);
	if (l->class != NULL)
		record_set_string(r, "class", l->class);
	record_set_string(r, "template", step->template);
	if (strcmp(step->channel, "preferred") != 0)
		record_set_string(r, "channel", step->channel);
	record_set_take(r, "vars", escalate_vars(s, r, d->content, d->zone,
	    d->event.at));
	if (d->related_type != NULL && d->related_id != NULL) {
		related = value_new_object();
		value_set_string(related, "type", d->related_type);
		value_set_string(related, "id", d->related_id);
		record_set_take(r, "related", related);
	}
	record_set_string(r, "expires_at", clock_format(d->event.at, text));
}

void
escalate_put(const struct escalator *s, const struct record *r)
{
	struct buf line = BUF_INIT(4 * RECORD_MAX);

	if (s->take != NULL) {
		s->take(s->ctx, r);
		return;
	}
	if (!s->quiet) {
		record_write(r, &line);
		output_put(&line);
	}
	buf_release(&line);
	if (output_pending() > 64 * 1024)
		output_flush();
}

/* Why this step is not taken, in a word; NULL: it is. */
static const char *
why_not(struct escalator *s, const struct due *d,
    const struct ladder_step *step)
{
	struct ledger_rows *r;
	const char *why = NULL;

	/* Nothing is left for who has confirmed. */
	if (d->confirmed && (step == NULL || step->condition != STEP_ALWAYS ||
	    d->event.at <= clock_now()))
		return "confirmed";
	if (step == NULL || d->event.at <= clock_now() ||
	    (step->condition != STEP_UNDELIVERED &&
	    step->condition != STEP_UNREAD))
		return NULL;
	r = ledger_select(s->ledger, "SELECT max(read_at IS NOT NULL), "
	    "max(delivered_at IS NOT NULL) FROM message WHERE reminder = ? "
	    "AND revision = ? AND direction = 'outbound'", "si", d->id,
	    d->revision);
	if (ledger_next(r)) {
		if (ledger_int(r, 0) != 0)
			why = "read";
		else if (step->condition == STEP_UNDELIVERED &&
		    ledger_int(r, 1) != 0)
			why = "delivered";
	}
	ledger_end(r);
	return why;
}

/*
 * The ladder of its type, as its contact wants it.  Where there is none any
 * more, what is over ends all the same.
 */
static bool
load_ladder(struct escalator *s, const struct due *d)
{
	struct error e;

	if (ladder_load(s->config, d->type, &s->ladder, &e) == -1) {
		s->ladder.count = 0;
		if (d->event.at <= clock_now())
			return true;
		diag("%s: %s", d->id, e.text);
		s->faults++;
		return false;
	}
	s->ladder.hours = &s->hours;
	reminder_suit(s->ledger, d->contact, &s->ladder);
	return true;
}

static void
emit_step(struct escalator *s, const struct due *d, struct value *contact)
{
	bool over = d->event.at <= clock_now();
	const struct ladder_step *step = over && !d->confirmed ?
	    ladder_step(&s->ladder, (int)d->step) : ladder_pick(&s->ladder,
	    (int)d->step, &d->event, clock_now(), d->confirmed, contact);
	const char *skip = why_not(s, d, step);
	struct record r = RECORD_INIT;

	record_new(&r);
	record_set_string(&r, "id", arena_printf(&s->mem, "%s.r%lld/%lld",
	    d->id, (long long)d->revision, step == NULL ? (long long)d->step :
	    (long long)step->number));
	record_set_string(&r, "type", arena_printf(&s->mem, "%s_reminder",
	    d->type));
	set_reminder(s, &r, d, step, skip);
	/* A ladder that was cut shorter meanwhile: staff is told. */
	if (skip != NULL || over || step == NULL || ladder_is_flag(step))
		record_set_string(&r, "channel", "staff");
	else
		set_message(s, &r, d, step);
	record_set_take(&r, "contact", value_copy(contact));
	escalate_put(s, &r);
	record_release(&r);
}

static void
emit(struct escalator *s, const struct due *d)
{
	struct value *contact = contact_record(s->ledger, d->contact);

	if (load_ladder(s, d))
		emit_step(s, d, contact);
	value_free(contact);
}

void
escalate(struct escalator *s)
{
	static struct due page[PAGE];
	char now[CLOCK_TEXT], due[CLOCK_TEXT] = "", id[512] = "";
	size_t n;

	clock_format(clock_now(), now);
	do {
		arena_reset(&s->mem);
		n = read_page(s, now, due, id, page);
		for (size_t i = 0; i < n; i++)
			if (s->noticed == NULL ||
			    !idset_has(s->noticed, page[i].id))
				emit(s, &page[i]);
		if (n > 0) {
			snprintf(due, sizeof(due), "%s",
			    page[n - 1].next_due_at);
			snprintf(id, sizeof(id), "%s", page[n - 1].id);
		}
	} while (n == PAGE);
}
