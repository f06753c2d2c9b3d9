/* omni-escalate - each reminder step that is due now, as a record */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/output.h"
#include "base/program.h"
#include "message/contact.h"
#include "message/ladder.h"
#include "message/templates.h"
#include "store/ledger.h"

#define PAGE	200	/* reminders read at a time; nothing stays pinned */

/* A due reminder, copied, so that no select is open while we write. */
struct due {
	char *id, *type, *contact, *zone, *content, *related_type,
	    *related_id, *next_due_at;
	int64_t revision, step;
	instant event;
	bool attempted;		/* some channel was tried */
};

struct escalator {
	struct config *config;
	struct ledger *ledger;
	struct arena mem;
	struct ladder ladder;
	uintmax_t faults;
	bool quiet;
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

static void
set_vars(struct escalator *s, struct record *r, const struct due *d)
{
	const char *body = ledger_content(s->ledger, d->content, &s->mem);
	struct value *content = NULL, *vars;
	const struct value *kept = NULL;
	char text[CLOCK_TEXT];
	struct error e;

	if (body != NULL)
		content = value_parse(body, strlen(body), &e);
	kept = value_get(content, "vars");
	vars = value_type(kept) == VALUE_OBJECT ? value_copy(kept) :
	    value_new_object();
	value_set_string(vars, "at", clock_format(d->event, text));
	value_set_string(vars, "timezone", d->zone);
	record_set_take(r, "vars", vars);
	value_free(content);
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
	if (*step->template != '\0')
		record_set_string(r, "template", step->template);
	else
		record_set_string(r, "template", l->template != NULL ?
		    l->template : arena_printf(&s->mem, "%s_reminder",
		    d->type));
	if (strcmp(step->channel, "preferred") != 0)
		record_set_string(r, "channel", step->channel);
	record_set_take(r, "contact", contact_record(s->ledger, d->contact));
	set_vars(s, r, d);
	if (d->related_type != NULL && d->related_id != NULL) {
		related = value_new_object();
		value_set_string(related, "type", d->related_type);
		value_set_string(related, "id", d->related_id);
		record_set_take(r, "related", related);
	}
	record_set_string(r, "expires_at", clock_format(d->event, text));
}

static void
put(struct escalator *s, const struct record *r)
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
	put(s, &r);
	record_release(&r);
}

static void
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
			emit(s, &page[i]);
		if (n > 0) {
			snprintf(due, sizeof(due), "%s",
			    page[n - 1].next_due_at);
			snprintf(id, sizeof(id), "%s", page[n - 1].id);
		}
	} while (n == PAGE);
}

/*
 * A ladder that names a template which is not there, or broken, would be
 * refused record by record: better nothing, and one clear word.
 */
static void
check_templates(struct config *c)
{
	struct templates *t = templates_new(config_path(c, "paths", NULL,
	    "templates"), config_string(c, "site", NULL, "language"));
	const char *type, *name;
	char fallback[128];
	struct ladder l;
	struct error e;

	for (size_t i = 0; (type = config_name(c, "ladder", i)) != NULL; i++) {
		if (ladder_load(c, type, &l, &e) == -1)
			die(EX_CONFIG, "%s", e.text);
		snprintf(fallback, sizeof(fallback), "%.100s_reminder", type);
		for (int k = 0; k < l.count; k++) {
			name = *l.steps[k].template != '\0' ?
			    l.steps[k].template : l.template != NULL ?
			    l.template : fallback;
			if (strcmp(l.steps[k].channel, "flag") != 0 &&
			    templates_get(t, name, &e) == NULL)
				die(EX_CONFIG, "[ladder %s] step.%d: %s", type,
				    l.steps[k].number, e.text);
		}
	}
	templates_free(t);
}

int
main(int argc, char *argv[])
{
	struct program p = { .usage = ">records", .help = "" };
	struct escalator s = { .mem = ARENA_INIT((size_t)1 << 30) };
	struct error e;

	program_start(&p, argc, argv);
	s.config = p.config;
	s.quiet = p.quiet;
	s.ledger = ledger_open(config_path(p.config, "paths", NULL, "ledger"),
	    LEDGER_READ, &e);
	if (s.ledger == NULL || ledger_check_time(s.ledger,
	    config_duration(p.config, "clock", NULL, "max_gap"), &e) == -1)
		die(e.status, "%s", e.text);
	check_templates(p.config);
	escalate(&s);
	ledger_close(s.ledger);
	arena_release(&s.mem);
	program_end(&p);
	return s.faults > 0 ? EX_REFUSED : EX_OK;
}
