/* The export as a whole: is all of it here, and what does it not mention? */

#include "schedule_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/zone.h"

#define PAGE	500	/* reminders read at a time, and of one transaction */
#define FEW	5	/* so many may always be missing */
#define SHOWN	20	/* of what is missing, by name */
#define ID_MAX	150

/* In the order in which they are told. */
static const char *const states[SCHEDULE_STATES] = { "new", "moved",
	"reassigned", "reopened", "changed", "confirmed", "cancelled", "done",
	"unchanged", "past", "stale", "not_known", "end", NULL };

void
schedule_tell(struct scheduler *s, const char *state)
{
	for (size_t i = 0; i < SCHEDULE_STATES && states[i] != NULL; i++)
		if (strcmp(states[i], state) == 0)
			s->told[i]++;
}

/* The first reason counts: others follow from it. */
__attribute__((format(printf, 2, 3)))
static void
break_off(struct scheduler *s, const char *fmt, ...)
{
	va_list ap;

	if (*s->broken != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(s->broken, sizeof(s->broken), fmt, ap);
	va_end(ap);
}

bool
schedule_take_end(struct entry *n)
{
	struct scheduler *s = n->scheduler;
	int64_t count;

	if (!value_is_true(record_get(n->record, "end")) ||
	    record_get(n->record, "id") != NULL ||
	    record_is_refused(n->record))
		return false;
	if (s->ended)
		break_off(s, "it has two ends; the second is line %ju",
		    n->filter->line);
	s->ended = true;
	if (!value_integer(record_get(n->record, "count"), &count) ||
	    count < 0) {
		filter_refuse(n->filter, n->record, "bad_count", "count",
		    "count: not a number of rows");
		break_off(s, "its end does not say how many rows it has");
	} else if ((uintmax_t)count != s->rows) {
		filter_refuse(n->filter, n->record, "bad_count", "count",
		    "count: %" PRId64 " rows, but %ju came", count, s->rows);
		break_off(s, "it has %" PRId64 " rows, but %ju came", count,
		    s->rows);
	} else
		schedule_answer(n, "end", 0);
	return true;
}

/* Also a row that is refused says that its appointment is still there. */
void
schedule_mention(struct entry *n)
{
	struct scheduler *s = n->scheduler;

	s->rows++;
	if (s->ended)
		break_off(s, "line %ju comes after its end", n->filter->line);
	if (n->id != NULL && *n->id != '\0' && strlen(n->id) <= ID_MAX)
		n->again = !idset_add(s->seen, n->id);
	else if (!n->filter->truncated)
		break_off(s, "line %ju has no id that can be read",
		    n->filter->line);
}

bool
schedule_time(const struct config *c, const char *text, instant *t)
{
	const char *zone = config_string(c, "site", NULL, "timezone");
	char whole[64];
	struct civil local;

	snprintf(whole, sizeof(whole), "%.40sT00:00", text);
	if (civil_parse(text, &local) || civil_parse(whole, &local))
		return zone_from_local(zone, &local, t);
	return clock_parse(text, t);
}

/*
 * What the export speaks for
 */

struct page {
	struct { char id[ID_MAX + 106], event_at[CLOCK_TEXT], local[32]; }
	    rows[PAGE];
	size_t count;
};

/* From here on: nothing is cancelled whose time has come. */
static const char *
scope_start(const struct scheduler *s, char out[CLOCK_TEXT])
{
	instant now = clock_now() + 1;

	return clock_format(s->from > now ? s->from : now, out);
}

static const char *
scope_end(const struct scheduler *s, char out[CLOCK_TEXT])
{
	/* Texts of times compare like times, with years of four digits. */
	if (s->to == INT64_MAX)
		snprintf(out, CLOCK_TEXT, "9999-12-31T23:59:59Z");
	else
		clock_format(s->to, out);
	return out;
}

#define SCOPE	"source = ?1 AND (state = 'open' OR state = 'confirmed') AND " \
		"event_at >= ?2 AND event_at < ?3 "

static int64_t
count_ahead(const struct scheduler *s)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];
	struct ledger_rows *r;
	int64_t n;

	r = ledger_select(s->ledger, "SELECT count(*) FROM reminder WHERE "
	    SCOPE, "sss", s->source == NULL ? "" : s->source,
	    scope_start(s, from), scope_end(s, to));
	n = ledger_next(r) ? ledger_int(r, 0) : 0;
	ledger_end(r);
	return n;
}

static void
read_page(const struct scheduler *s, struct page *p)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT], after[CLOCK_TEXT] = "";
	char id[sizeof(p->rows[0].id)] = "";
	struct ledger_rows *r;

	if (p->count > 0) {
		snprintf(after, sizeof(after), "%s",
		    p->rows[p->count - 1].event_at);
		snprintf(id, sizeof(id), "%s", p->rows[p->count - 1].id);
	}
	p->count = 0;
	r = ledger_select(s->ledger, "SELECT id, event_at, event_local FROM "
	    "reminder WHERE " SCOPE "AND (event_at, id) > (?4, ?5) "
	    "ORDER BY event_at, id LIMIT 500", "sssss",
	    s->source == NULL ? "" : s->source, scope_start(s, from),
	    scope_end(s, to), after, id);
	while (p->count < PAGE && ledger_next(r)) {
		snprintf(p->rows[p->count].id, sizeof(id), "%s",
		    ledger_text(r, 0));
		snprintf(p->rows[p->count].event_at, CLOCK_TEXT, "%s",
		    ledger_text(r, 1));
		snprintf(p->rows[p->count++].local, 32, "%s",
		    ledger_text(r, 2));
	}
	ledger_end(r);
}

/*
 * What is missing
 */

struct missing {
	uintmax_t count;
	bool left;		/* too many: nothing was cancelled */
};

static uintmax_t
count_missing(struct scheduler *s)
{
	static struct page p;
	uintmax_t n = 0;

	p.count = 0;
	do {
		read_page(s, &p);
		for (size_t i = 0; i < p.count; i++)
			if (!idset_has(s->seen, p.rows[i].id) &&
			    n++ < SHOWN)
				diag("%s, %s: missing from the export",
				    p.rows[i].id, p.rows[i].local);
	} while (p.count == PAGE);
	if (n > SHOWN)
		diag("and %ju more", n - SHOWN);
	return n;
}

/* What the ledger heard of since this run began is none of its business. */
static bool
is_unchanged_since(const struct scheduler *s, const char *id)
{
	char started[CLOCK_TEXT];

	return ledger_count(s->ledger, "SELECT count(*) FROM reminder WHERE "
	    "id = ? AND (state = 'open' OR state = 'confirmed') AND "
	    "updated_at <= ?", "ss", id, clock_format(s->started, started)) >
	    0;
}

static void
cancel_page(struct scheduler *s, const struct page *p)
{
	struct known k;

	for (size_t i = 0; i < p->count; i++) {
		if (idset_has(s->seen, p->rows[i].id))
			continue;
		if (!ledger_is_open(s->ledger))
			ledger_begin(s->ledger);
		if (!is_unchanged_since(s, p->rows[i].id))
			continue;
		schedule_look_up(s->ledger, p->rows[i].id, &k);
		schedule_close(s, p->rows[i].id, &k, "cancelled",
		    "missing from the export");
	}
	if (ledger_is_open(s->ledger))
		ledger_commit(s->ledger);
}

static void
cancel_missing(struct scheduler *s)
{
	static struct page p;

	p.count = 0;
	do {
		read_page(s, &p);
		cancel_page(s, &p);
	} while (p.count == PAGE);
}

/* An empty export is a fault of who made it, until a person says otherwise. */
static bool
is_suspicious(const struct scheduler *s, uintmax_t missing)
{
	uintmax_t share = (uintmax_t)config_integer(s->config, "schedule",
	    NULL, "max_cancel");

	if (s->force || missing == 0)
		return false;
	return s->rows == 0 || (missing > FEW &&
	    missing * 100 > share * (uintmax_t)s->ahead);
}

/*
 * The flag for staff: one for each source, however often the export comes, and
 * gone as soon as one was taken.
 */
#define FLAG	"export_refused"

static const char *
flag_reason(const struct scheduler *s, char out[160])
{
	snprintf(out, 160, "the full export%s%.64s lacks so many reminders "
	    "that nothing was cancelled", s->source == NULL ? "" : " ",
	    s->source == NULL ? "" : s->source);
	return out;
}

static int64_t
open_flag(const struct scheduler *s)
{
	char reason[160];

	return ledger_count(s->ledger, "SELECT max(id) FROM flag WHERE "
	    "kind = '" FLAG "' AND resolved_at IS NULL AND reason = ?", "s",
	    flag_reason(s, reason));
}

static void
put_flag(struct scheduler *s)
{
	struct value *data;
	char reason[160];

	ledger_begin(s->ledger);
	if (open_flag(s) == 0) {
		data = value_new_object();
		value_set_string(data, "kind", FLAG);
		value_set_string(data, "reason", flag_reason(s, reason));
		ledger_append_take(s->ledger, "flag.put", data);
	}
	ledger_commit(s->ledger);
}

static void
resolve_flag(struct scheduler *s)
{
	struct value *data;
	int64_t id;

	if (open_flag(s) == 0)
		return;
	ledger_begin(s->ledger);
	id = open_flag(s);
	if (id != 0) {
		data = value_new_object();
		value_set_integer(data, "id", id);
		value_set_string(data, "by", "omni-schedule");
		ledger_append_take(s->ledger, "flag.resolved", data);
	}
	ledger_commit(s->ledger);
}

static void
take_missing(struct scheduler *s, struct missing *m)
{
	m->count = count_missing(s);
	m->left = is_suspicious(s, m->count);
	if (m->left) {
		diag("%ju of %" PRId64 " reminders ahead are missing: %s, so "
		    "none %s cancelled; if the export is right, run it again "
		    "with --force", m->count, s->ahead, s->rows == 0 ?
		    "the export has no rows" :
		    "more than [schedule] max_cancel", s->dry ? "would be" :
		    "was");
		if (!s->dry)
			put_flag(s);
	} else if (!s->dry) {
		cancel_missing(s);
		resolve_flag(s);
	}
}

/*
 * Beginning and end
 */

void
schedule_start(struct scheduler *s)
{
	struct ledger_rows *r;
	instant last;

	s->seen = idset_new();
	s->started = clock_now();
	/* The ledger's own time never goes back. */
	r = ledger_select(s->ledger, "SELECT at FROM journal ORDER BY seq "
	    "DESC LIMIT 1", "");
	if (ledger_next(r) && clock_parse(ledger_text(r, 0), &last) &&
	    last > s->started)
		s->started = last;
	ledger_end(r);
	if (s->full)
		s->ahead = count_ahead(s);
}

void
schedule_end(struct scheduler *s)
{
	idset_free(s->seen);
	if (s->templates != NULL)
		templates_free(s->templates);
}

/* Is what was read all that there is?  A partial export need not say. */
static bool
is_whole(struct scheduler *s, const struct filter *f, int rc)
{
	if (rc == EX_IOERR)
		break_off(s, "it could not be read to its end");
	if (f->truncated)
		break_off(s, "it ends inside a line");
	if (s->announced >= 0 && (uintmax_t)s->announced != s->rows)
		break_off(s, "it has %" PRId64 " rows by --count, but %ju "
		    "came", s->announced, s->rows);
	if (s->announced < 0 && !s->ended)
		break_off(s, "it has no end: neither a last line with the "
		    "count, nor --count");
	return *s->broken == '\0';
}

/* "3 new, 2 moved, 19994 unchanged; 4 missing were cancelled" */
static void
summarize(const struct scheduler *s, const struct filter *f,
    const struct missing *m)
{
	struct buf b = BUF_INIT(2048);

	for (size_t i = 0; i < SCHEDULE_STATES && states[i] != NULL; i++)
		if (s->told[i] > 0 && strcmp(states[i], "end") != 0)
			buf_printf(&b, "%s%ju %s", b.len > 0 ? ", " : "",
			    s->told[i], strcmp(states[i], "not_known") == 0 ?
			    "not known" : states[i]);
	if (f->refused > 0)
		buf_printf(&b, "%s%ju refused", b.len > 0 ? ", " : "",
		    f->refused);
	if (b.len == 0)
		buf_str(&b, "no rows");
	if (s->full && *s->broken == '\0')
		buf_printf(&b, "; %ju %s%s", m->count, m->left ?
		    "missing, " : s->dry ? "would be missing" : "missing",
		    m->left ? "left as they are" :
		    s->dry || m->count == 0 ? "" : ", cancelled");
	diag("%s%s", s->dry ? "nothing is written: " : "", buf_text(&b));
	buf_release(&b);
}

int
schedule_finish(struct scheduler *s, const struct filter *f, int rc)
{
	struct missing m = { .count = 0 };
	bool counted = s->full || s->announced >= 0 || s->ended;
	bool whole = !counted || is_whole(s, f, rc);

	if (!whole) {
		diag("not the whole export: %s%s", s->broken, s->full ?
		    "; what is missing stays as it is" : "");
		if (rc != EX_IOERR && rc != EX_TEMPFAIL)
			rc = EX_DATAERR;
	} else if (s->full)
		take_missing(s, &m);
	if (s->dry || f->refused > 0 || m.count > 0)
		summarize(s, f, &m);
	return m.left ? EX_TEMPFAIL : rc;
}
