#include "escalate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/output.h"
#include "base/zone.h"
#include "message/contact.h"
#include "message/notice.h"
#include "message/templates.h"

#define PAGE	200	/* reminders read at a time; nothing stays pinned */

/* A due reminder, copied, so that no select is open while we write. */
struct due {
	char *id, *type, *contact, *zone, *content, *related_type,
	    *related_id, *next_due_at;
	int64_t revision, step;
	instant event;
	bool attempted;		/* some channel was tried */
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
	    "next_step, event_at, attempted <> '[]' FROM reminder "
	    "WHERE state = 'open' AND "
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
		clock_parse(ledger_text(r, 10), &d->event);
		d->attempted = ledger_int(r, 11) != 0;
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
escalate_vars(struct escalator *s, const char *key, const char *zone,
    instant event)
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
	value_set_string(vars, "at", clock_format(event, text));
	value_set_string(vars, "timezone", zone);
	if (value_get(vars, "due_on") == NULL)
		value_set_string(vars, "due_on", local_date(s, zone, event));
	value_free(content);
	return vars;
}

/* What comes after this step, for omni-queue to write down. */
static struct value *
next_step(const struct escalator *s, const struct due *d, int number)
{
	const struct ladder_step *n = ladder_next(&s->ladder, number,
	    d->event, clock_now());
	char text[CLOCK_TEXT];
	struct value *v;

	if (n == NULL)
		return NULL;
	v = value_new_object();
	value_set_integer(v, "step", n->number);
	if (n->before_event)
		value_set_string(v, "at", clock_format(ladder_due(n, d->event,
		    0), text));
	else
		value_set_integer(v, "after", n->offset);
	return v;
}

static void
set_reminder(const struct escalator *s, struct record *r, const struct due *d,
    const struct ladder_step *step, bool over)
{
	struct value *v = value_new_object(), *next;

	value_set_string(v, "id", d->id);
	value_set_integer(v, "revision", d->revision);
	value_set_integer(v, "step", step == NULL ? d->step : step->number);
	next = over || step == NULL ? NULL : next_step(s, d, step->number);
	if (next != NULL)
		value_set_take(v, "next", next);
	if (over || step == NULL || strcmp(step->channel, "flag") == 0)
		value_set_string(v, "flag", d->attempted ? "unresponsive" :
		    "unreachable");
	if (over)
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
	record_set_take(r, "contact", contact_record(s->ledger, d->contact));
	record_set_take(r, "vars", escalate_vars(s, d->content, d->zone,
	    d->event));
	if (d->related_type != NULL && d->related_id != NULL) {
		related = value_new_object();
		value_set_string(related, "type", d->related_type);
		value_set_string(related, "id", d->related_id);
		record_set_take(r, "related", related);
	}
	record_set_string(r, "expires_at", clock_format(d->event, text));
}

void
escalate_put(const struct escalator *s, const struct record *r)
{
	struct buf line = BUF_INIT(4 * RECORD_MAX);

	if (!s->quiet) {
		record_write(r, &line);
		output_put(&line);
	}
	buf_release(&line);
	if (output_pending() > 64 * 1024)
		output_flush();
}

static void
emit(struct escalator *s, const struct due *d)
{
	struct record r = RECORD_INIT;
	const struct ladder_step *step;
	bool over = d->event <= clock_now(), flag;
	struct error e;

	if (ladder_load(s->config, d->type, &s->ladder, &e) == -1) {
		diag("%s: %s", d->id, e.text);
		s->faults++;
		return;
	}
	/* A ladder that was cut shorter meanwhile: staff is told. */
	step = ladder_step(&s->ladder, (int)d->step);
	flag = over || step == NULL || strcmp(step->channel, "flag") == 0;
	record_new(&r);
	record_set_string(&r, "id", arena_printf(&s->mem, "%s.r%lld/%lld",
	    d->id, (long long)d->revision, (long long)d->step));
	record_set_string(&r, "type", arena_printf(&s->mem, "%s_reminder",
	    d->type));
	set_reminder(s, &r, d, step, over);
	if (flag) {
		record_set_string(&r, "channel", "staff");
		record_set_take(&r, "contact", contact_record(s->ledger,
		    d->contact));
	} else
		set_message(s, &r, d, step);
	escalate_put(s, &r);
	record_release(&r);
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

int
escalate_check(struct config *c, struct error *e)
{
	struct templates *t = templates_new(c);
	const struct ladder_step *step;
	const char *type;
	struct ladder l;
	struct error why;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (type = config_name(c, "ladder", i)) !=
	    NULL; i++) {
		rc = ladder_load(c, type, &l, e);
		if (rc == 0)
			rc = notice_check(c, t, type, e);
		for (step = l.steps; rc == 0 && step < l.steps + l.count;
		    step++)
			if (strcmp(step->channel, "flag") != 0 &&
			    templates_get(t, step->template, &why) == NULL)
				rc = error_set(e, EX_CONFIG, "[ladder %s] "
				    "step.%d: %.300s", type, step->number,
				    why.text);
	}
	templates_free(t);
	return rc;
}
