/* The day: who comes and who confirmed, what goes out, what failed. */
#include "desk_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/zone.h"

#define FIRST		500
#define GOOD		" class=\"good\""
#define BAD		" class=\"bad\""
#define DAY_TEXT	11	/* "2026-11-24" and a NUL */

struct day {
	char name[DAY_TEXT], next[DAY_TEXT], previous[DAY_TEXT];
	char from[CLOCK_TEXT], to[CLOCK_TEXT];	/* in UTC */
	instant wall;		/* its noon, as if the zone were UTC */
};

static void
name_day(instant wall, char out[DAY_TEXT])
{
	char text[CLOCK_TEXT];

	snprintf(out, DAY_TEXT, "%.10s", clock_format(wall, text));
}

static void
midnight(struct desk *d, const char *day, char out[CLOCK_TEXT])
{
	const char *zone = config_string(d->config, "site", NULL, "timezone");
	char text[DAY_TEXT + 6];
	struct civil c;
	instant t = 0;

	snprintf(text, sizeof(text), "%sT00:00", day);
	if (civil_parse(text, &c) && !zone_from_local(zone, &c, &t))
		t = civil_to_utc(&c);
	clock_format(t, out);
}

/* The day that the query names, or that of the site now. */
static void
find_day(struct desk *d, struct day *day)
{
	const char *zone = config_string(d->config, "site", NULL, "timezone");
	const char *asked = form_get(&d->query, "day");
	struct civil c;

	if (asked == NULL || strlen(asked) != 10 || !civil_parse(
	    arena_printf(d->mem, "%sT12:00", asked), &c) || c.year < 1000)
		if (!zone_to_local(zone, clock_now(), &c))
			civil_from_utc(clock_now(), &c);
	c.hour = 12;
	c.minute = c.second = 0;
	day->wall = civil_to_utc(&c);
	name_day(day->wall, day->name);
	name_day(day->wall + 86400, day->next);
	name_day(day->wall - 86400, day->previous);
	midnight(d, day->name, day->from);
	midnight(d, day->next, day->to);
}

static void
put_days(struct desk *d, const struct day *day)
{
	char text[128];

	if (!wall_date_text(d->english ? "en-GB" : "es-MX", day->wall,
	    "EEEEdMMMMy", false, text, sizeof(text)))
		snprintf(text, sizeof(text), "%s", day->name);
	html(d, "<h1>%t: %s</h1>\n<nav class=\"tabs\" aria-label=\"%t\">\n"
	    "<ul>\n<li><a href=\"day?day=%s\">%t</a></li>\n<li><a "
	    "href=\"day\">%t</a></li>\n<li><a href=\"day?day=%s\">%t</a></li>"
	    "\n</ul>\n</nav>\n", T_DAY, text, T_OTHER_DAYS, day->previous,
	    T_PREVIOUS_DAY, T_TODAY, day->next, T_NEXT_DAY);
}

/* What a table of the day shows, of a select: its time, contact and person. */
struct table {
	const char *id;
	enum desk_text title, last, none;
	void (*put)(struct desk *d, struct ledger_rows *r);
};

static void
put_person(struct desk *d, const char *contact, const char *person)
{
	html(d, "<td>");
	if (contact != NULL)
		html(d, "<a href=\"conversation?id=contact%%3A%q\">", contact);
	html(d, "<bdi>%s</bdi>%r</td>", person == NULL || *person == '\0' ?
	    desk_say(d, T_NO_NAME) : person, contact != NULL ? "</a>" : "");
}

/* A row's beginning: the columns 0 to 2, and the next cell is open. */
static void
open_row(struct desk *d, struct ledger_rows *r, const char *class)
{
	html(d, "<tr%r><td>", class);
	html_hour(d, ledger_text(r, 0));
	html(d, "</td>");
	put_person(d, ledger_text(r, 1), ledger_text(r, 2));
	html(d, "<td>");
}

static void
put_table(struct desk *d, const struct table *t, struct ledger_rows *r)
{
	int64_t n = 0;

	html(d, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%t</h2>\n",
	    t->id, t->id, t->title);
	for (; ledger_next(r); n++) {
		if (n == 0)
			html(d, "<table>\n<thead>\n<tr><th scope=\"col\">%t"
			    "</th><th scope=\"col\">%t</th><th scope=\"col\">"
			    "%t</th><th scope=\"col\">%t</th></tr>\n</thead>\n"
			    "<tbody>\n", T_HOUR, T_PERSON, T_WHAT, t->last);
		t->put(d, r);
	}
	ledger_end(r);
	if (n == 0)
		html(d, "<p class=\"empty\">%t</p>\n", t->none);
	else
		html(d, "</tbody>\n</table>\n");
	if (n == FIRST)
		html(d, "<p>%t</p>\n", T_FIRST_ONES);
	html(d, "</section>\n");
}

/* "email,sms", as the ledger has it. */
static void
put_channels(struct desk *d, const char *list)
{
	char type[32];

	html(d, ", %t", T_ASKED_BY);
	for (size_t i = 0; config_word(list, i, type, sizeof(type)); i++) {
		html(d, i == 0 ? " " : ", ");
		html_word(d, type);
	}
}

/* Columns: 3 type, 4 state, 5 step, 6 channels, 7 how they answered, 8 when. */
static void
put_appointment(struct desk *d, struct ledger_rows *r)
{
	bool open = strcmp(ledger_text(r, 4), "open") == 0;
	enum desk_text state = !open ? T_CONFIRMED : ledger_int(r, 5) > 0 ?
	    T_UNCONFIRMED : T_NOT_ASKED;
	const char *how = ledger_text(r, open ? 6 : 7);

	open_row(d, r, state == T_CONFIRMED ? GOOD :
	    state == T_UNCONFIRMED ? BAD : "");
	html_word(d, ledger_text(r, 3));
	html(d, "</td><td><b>%t</b>", state);
	if (!open && ledger_text(r, 8) != NULL) {
		html(d, " ");
		html_time(d, ledger_text(r, 8));
	}
	if (state == T_UNCONFIRMED && how != NULL)
		put_channels(d, how);
	else if (!open && how != NULL) {
		html(d, ", ");
		html_reason(d, how);
	}
	html(d, "</td></tr>\n");
}

/* One look into the index for each source that there is: they are few. */
#define SOURCES	"WITH RECURSIVE s(source) AS (SELECT min(source) FROM " \
    "reminder INDEXED BY reminder_ahead WHERE state = 'open' OR state = " \
    "'confirmed' UNION ALL SELECT (SELECT min(n.source) FROM reminder n " \
    "INDEXED BY reminder_ahead WHERE (n.state = 'open' OR n.state = " \
    "'confirmed') AND n.source > s.source) FROM s WHERE s.source IS NOT NULL) "

static void
put_appointments(struct desk *d, const struct day *day)
{
	static const struct table table = { "appointments", T_APPOINTMENTS,
	    T_STATE, T_NO_APPOINTMENTS, put_appointment };

	put_table(d, &table, ledger_select(d->inbox.ledger, SOURCES "SELECT "
	    "r.event_at, r.contact, c.body ->> '$.name', r.type, r.state, "
	    "r.step, (SELECT group_concat(value, ', ') FROM "
	    "json_each(r.attempted)), r.reason, r.answered_at FROM s CROSS "
	    "JOIN reminder r INDEXED BY reminder_ahead ON r.source = s.source "
	    "AND (r.state = 'open' OR r.state = 'confirmed') AND r.event_at >= "
	    "?1 AND r.event_at < ?2 LEFT JOIN contact k ON k.id = r.contact "
	    "LEFT JOIN content c ON c.key = k.content ORDER BY r.event_at, "
	    "r.id LIMIT ?3", "ssi", day->from, day->to, (int64_t)FIRST));
}

/* Columns: 3 type, 4 when it is. */
static void
put_reminder(struct desk *d, struct ledger_rows *r)
{
	open_row(d, r, "");
	html_word(d, ledger_text(r, 3));
	html(d, "</td><td>");
	html_time(d, ledger_text(r, 4));
	html(d, "</td></tr>\n");
}

static void
put_due(struct desk *d, const struct day *day)
{
	static const struct table table = { "due", T_DUE, T_APPOINTMENT,
	    T_NONE_DUE, put_reminder };

	put_table(d, &table, ledger_select(d->inbox.ledger, "SELECT "
	    "r.next_due_at, r.contact, c.body ->> '$.name', r.type, r.event_at "
	    "FROM reminder r INDEXED BY reminder_due LEFT JOIN contact k ON "
	    "k.id = r.contact LEFT JOIN content c ON c.key = k.content WHERE "
	    "r.next_due_at >= ?1 AND r.next_due_at < ?2 AND r.state = 'open' "
	    "ORDER BY r.next_due_at, r.id LIMIT ?3", "ssi", day->from, day->to,
	    (int64_t)FIRST));
}

/* Columns: 3 channel, 4 reason, 5 whether another one went instead. */
static void
put_failure(struct desk *d, struct ledger_rows *r)
{
	open_row(d, r, BAD);
	html_channel(d, ledger_text(r, 3));
	html(d, "</td><td>");
	html_reason(d, ledger_text(r, 4));
	if (ledger_int(r, 5))
		html(d, ", %t", T_REPLACED);
	html(d, "</td></tr>\n");
}

static void
put_failed(struct desk *d, const struct day *day)
{
	static const struct table table = { "failed", T_FAILED_DAY, T_REASON,
	    T_NONE_FAILED, put_failure };

	put_table(d, &table, ledger_select(d->inbox.ledger, "SELECT "
	    "coalesce(m.failed_at, m.created_at), m.contact, "
	    "c.body ->> '$.name', m.channel_type, m.reason, EXISTS (SELECT 1 "
	    "FROM message n WHERE n.parent = m.id) FROM message m INDEXED BY "
	    "message_failed LEFT JOIN contact k ON k.id = m.contact LEFT JOIN "
	    "content c ON c.key = k.content WHERE m.state IN ('failed', "
	    "'refused') AND coalesce(m.failed_at, m.created_at) >= ?1 AND "
	    "coalesce(m.failed_at, m.created_at) < ?2 ORDER BY "
	    "coalesce(m.failed_at, m.created_at) LIMIT ?3", "ssi", day->from,
	    day->to, (int64_t)FIRST));
}

_Noreturn void
desk_day(struct desk *d)
{
	struct day day;

	find_day(d, &day);
	desk_open(d, desk_say(d, T_DAY), "day");
	put_days(d, &day);
	put_appointments(d, &day);
	put_due(d, &day);
	put_failed(d, &day);
	desk_close(d, "200 OK");
}
