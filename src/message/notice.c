#include "notice.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "message/contact.h"

#define PAGE	200	/* reminders read at a time; nothing stays pinned */

static const char *const kinds[] = { "moved", "cancelled" };

const char *
notice_template(const struct config *c, struct templates *t,
    const char *type, const char *kind, char out[NOTICE_TEMPLATE])
{
	const char *named = config_string(c, "ladder", type, kind);
	const struct template_set *set;
	struct error e;

	if (named != NULL && strcmp(named, "none") == 0)
		return NULL;
	if (named != NULL)
		snprintf(out, NOTICE_TEMPLATE, "%s", named);
	else
		snprintf(out, NOTICE_TEMPLATE, "%.64s_%s", type, kind);
	set = templates_get(t, out, &e);
	/* One that is only broken will be mended; omni-render says how. */
	if (set == NULL)
		return e.status == EX_TEMPFAIL ? out : NULL;
	return set->meta->active ? out : NULL;
}

int
notice_check(const struct config *c, struct templates *t, const char *type,
    struct error *e)
{
	struct error why;
	const char *name;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		name = config_string(c, "ladder", type, kinds[i]);
		if (name != NULL && strcmp(name, "none") != 0 &&
		    templates_get(t, name, &why) == NULL)
			return error_set(e, EX_CONFIG, "[ladder %.60s] %s: "
			    "%.300s", type, kinds[i], why.text);
	}
	return 0;
}

/* A reminder with a notice, copied, so that no select is open meanwhile. */
struct pending {
	const char *id, *type, *contact, *zone, *content, *related_type,
	    *related_id, *kind, *event_at, *old_at;
	int64_t revision;
};

/*
 * Those that may be due at ?1.  One that was queued by hand under its id is not
 * emitted for ever.
 */
#define PENDING	"reminder r WHERE notice IS NOT NULL AND event_at > ?1 AND " \
	"NOT EXISTS (SELECT 1 FROM message m WHERE m.id = r.id || '.r' || " \
	"r.revision || '/' || r.notice AND m.state <> 'refused') "

static size_t
read_page(struct escalator *s, const char *now, const char *after_event,
    const char *after_id, struct pending page[PAGE])
{
	struct ledger_rows *r;
	size_t n = 0;

	r = ledger_select(s->ledger, "SELECT id, type, contact, timezone, "
	    "content, related_type, related_id, notice, event_at, old_at, "
	    "revision FROM " PENDING "AND (event_at, id) > (?2, ?3) "
	    "ORDER BY event_at, id LIMIT 200", "sss", now, after_event,
	    after_id);
	while (n < PAGE && ledger_next(r)) {
		struct pending *p = &page[n++];
		const char **text[] = { &p->id, &p->type, &p->contact,
		    &p->zone, &p->content, &p->related_type, &p->related_id,
		    &p->kind, &p->event_at, &p->old_at };

		for (int i = 0; i < 10; i++)
			*text[i] = ledger_text(r, i) == NULL ? NULL :
			    arena_strdup(&s->mem, ledger_text(r, i));
		p->revision = ledger_int(r, 10);
	}
	ledger_end(r);
	return n;
}

static bool
is_cancelled(const struct pending *p)
{
	return strcmp(p->kind, "cancelled") == 0;
}

/* The new time of what moved, and of what is cancelled the one they know. */
static instant
time_of(const struct pending *p)
{
	instant t = 0;

	if (!is_cancelled(p) || p->old_at == NULL ||
	    !clock_parse(p->old_at, &t))
		clock_parse(p->event_at, &t);
	return t;
}

static void
set_vars(struct escalator *s, struct record *r, const struct pending *p)
{
	struct value *vars = escalate_vars(s, r, p->content, p->zone,
	    time_of(p));

	if (!is_cancelled(p) && p->old_at != NULL)
		value_set_string(vars, "old_at", p->old_at);
	record_set_take(r, "vars", vars);
}

static void
set_reminder(struct record *r, const struct pending *p)
{
	struct value *v = value_new_object();

	value_set_string(v, "id", p->id);
	value_set_integer(v, "revision", p->revision);
	value_set_integer(v, "step", 0);
	value_set_string(v, "notice", p->kind);
	record_set_take(r, "reminder", v);
	if (p->related_type == NULL || p->related_id == NULL)
		return;
	v = value_new_object();
	value_set_string(v, "type", p->related_type);
	value_set_string(v, "id", p->related_id);
	record_set_take(r, "related", v);
}

static bool
is_listed(const char *list, const char *type)
{
	char word[32];

	for (size_t i = 0; config_word(list, i, word, sizeof(word)); i++)
		if (strcmp(word, type) == 0)
			return true;
	return false;
}

/*
 * The class says by which channels.  Who was reached by another one, which a
 * step of the ladder named, may have no other: by that one then.
 */
static void
set_channel(struct escalator *s, struct record *r, const struct pending *p,
    const char *class)
{
	const char *list = config_string(s->config, "class", class,
	    "channels");
	struct ledger_rows *rows;

	if (list == NULL)
		list = config_string(s->config, "site", NULL, "channels");
	rows = ledger_select(s->ledger, "SELECT channel_type FROM message "
	    "WHERE reminder = ? AND direction = 'outbound' AND sent_at IS NOT "
	    "NULL ORDER BY rowid DESC LIMIT 1", "s", p->id);
	if (ledger_next(rows) && ledger_text(rows, 0) != NULL &&
	    !is_listed(list, ledger_text(rows, 0)))
		record_set_string(r, "channel", ledger_text(rows, 0));
	ledger_end(rows);
}

/* Under the ladder's class, so that it waits for the morning as steps do. */
static void
emit(struct escalator *s, const struct pending *p, const char *template,
    const char *class)
{
	const struct ladder *l = &s->ladder;
	struct record r = RECORD_INIT;
	char text[CLOCK_TEXT];

	record_new(&r);
	record_set_string(&r, "id", arena_printf(&s->mem, "%s.r%lld/%s", p->id,
	    (long long)p->revision, p->kind));
	record_set_string(&r, "type", arena_printf(&s->mem, "%s_%s", p->type,
	    p->kind));
	set_reminder(&r, p);
	if (l->topic != NULL)
		record_set_string(&r, "topic", l->topic);
	record_set_string(&r, "class", l->class != NULL ? l->class : class);
	record_set_string(&r, "template", template);
	set_channel(s, &r, p, l->class != NULL ? l->class : class);
	record_set_take(&r, "contact", contact_record(s->ledger, p->contact));
	set_vars(s, &r, p);
	record_set_string(&r, "expires_at", clock_format(time_of(p), text));
	escalate_put(s, &r);
	record_release(&r);
}

/* False when nothing was emitted: a step of the ladder goes out as ever. */
static bool
emit_if_due(struct escalator *s, const struct pending *p,
    struct templates *t)
{
	const struct template_set *set = NULL;
	char name[NOTICE_TEMPLATE];
	struct error e;

	if (time_of(p) <= clock_now() ||
	    notice_template(s->config, t, p->type, p->kind, name) == NULL)
		return false;
	if (ladder_load(s->config, p->type, &s->ladder, &e) == -1 ||
	    (set = templates_get(t, name, &e)) == NULL) {
		diag("%s: %s", p->id, e.text);
		s->faults++;
		return false;
	}
	emit(s, p, name, set->meta->class);
	return true;
}

static void
note(struct escalator *s, const char *id)
{
	if (s->noticed == NULL)
		s->noticed = idset_new();
	idset_add(s->noticed, id);
}

void
notices(struct escalator *s)
{
	static struct pending page[PAGE];
	struct templates *t = templates_new(s->config);
	char now[CLOCK_TEXT], event[CLOCK_TEXT] = "", id[512] = "";
	size_t n;

	clock_format(clock_now(), now);
	do {
		arena_reset(&s->mem);
		n = read_page(s, now, event, id, page);
		for (size_t i = 0; i < n; i++)
			if (emit_if_due(s, &page[i], t))
				note(s, page[i].id);
		if (n > 0) {
			snprintf(event, sizeof(event), "%s",
			    page[n - 1].event_at);
			snprintf(id, sizeof(id), "%s", page[n - 1].id);
		}
	} while (n == PAGE);
	templates_free(t);
}

int64_t
notices_due(struct config *c, struct ledger *l)
{
	struct templates *t = NULL;
	char now[CLOCK_TEXT], name[NOTICE_TEMPLATE];
	struct ledger_rows *r;
	int64_t n = 0;

	/* A cancelled one is of use until the time that the person knows of. */
	r = ledger_select(l, "SELECT type, notice, count(*) FROM " PENDING
	    "AND (notice <> 'cancelled' OR old_at IS NULL OR old_at > ?1) "
	    "GROUP BY type, notice", "s", clock_format(clock_now(), now));
	while (ledger_next(r)) {
		if (t == NULL)
			t = templates_new(c);
		if (notice_template(c, t, ledger_text(r, 0),
		    ledger_text(r, 1), name) != NULL)
			n += ledger_int(r, 2);
	}
	ledger_end(r);
	if (t != NULL)
		templates_free(t);
	return n;
}

const char *
notice_of(const struct record *r)
{
	const char *s = value_get_string(record_get(r, "reminder"), "notice");

	for (size_t i = 0; s != NULL && i < sizeof(kinds) / sizeof(kinds[0]);
	    i++)
		if (strcmp(kinds[i], s) == 0)
			return kinds[i];
	return NULL;
}

/* Until when a step that is due waits: not beyond the event. */
static instant
pause_end(struct ledger *l, const char *reminder, instant due)
{
	struct ledger_rows *r;
	instant event = due, left;

	r = ledger_select(l, "SELECT event_at FROM reminder WHERE id = ?", "s",
	    reminder);
	if (ledger_next(r))
		clock_parse(ledger_text(r, 0), &event);
	ledger_end(r);
	left = event > due ? (event - due) / 2 : 0;
	return due + (left < NOTICE_PAUSE ? left : NOTICE_PAUSE);
}

bool
notice_put(struct ledger *l, const struct record *r, struct value *data,
    instant due)
{
	const struct value *reminder = record_get(r, "reminder");
	const char *kind = notice_of(r), *id;
	char text[CLOCK_TEXT];
	struct value *own;
	int64_t revision = 0;

	id = value_get_string(reminder, "id");
	if (kind == NULL || id == NULL)
		return false;
	value_integer(value_get(reminder, "revision"), &revision);
	own = value_new_object();
	value_set_string(own, "id", id);
	value_set_integer(own, "revision", revision);
	value_set_string(own, "notice", kind);
	value_set_take(data, "reminder", own);
	if (strcmp(kind, "moved") == 0)
		value_set_string(data, "next_due_at", clock_format(pause_end(l,
		    id, due), text));
	return true;
}
