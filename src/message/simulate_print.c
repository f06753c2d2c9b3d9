#include <stdio.h>
#include <string.h>

#include "base/output.h"
#include "base/zone.h"
#include "message/simulate_impl.h"

#define LINE_MAX_LEN	4096

/* What is told of a message, lent from p->mem. */
struct told {
	const char *id, *name, *channel, *template, *reminder, *cost,
	    *account;
	int64_t segments;
};

static const char *const words[HAPPENED_KINDS] = {
	[HAPPENED_SENT] = "sent", [HAPPENED_FAILED] = "failed",
	[HAPPENED_WAITS] = "waits", [HAPPENED_HELD] = "held",
	[HAPPENED_CANCELLED] = "cancelled", [HAPPENED_EXPIRED] = "expired",
	[HAPPENED_REFUSED] = "refused", [HAPPENED_SKIPPED] = "skipped",
	[HAPPENED_FLAG] = "flag", [HAPPENED_ANSWER] = "answer",
	[HAPPENED_READ] = "read"
};

static void
put_json(enum happened what, const struct told *t, const char *reason)
{
	struct buf line = BUF_INIT(LINE_MAX_LEN);
	struct value *v = value_new_object();
	const struct { const char *key, *text; } list[] = {
		{ "message", t->id }, { "reminder", t->reminder },
		{ "person", t->name }, { "channel", t->channel },
		{ "account", t->account }, { "template", t->template },
		{ "cost", t->cost }, { "reason", reason }
	};
	char now[CLOCK_TEXT];

	value_set_string(v, "at", clock_format(clock_now(), now));
	value_set_string(v, "what", words[what]);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].text != NULL)
			value_set_string(v, list[i].key, list[i].text);
	value_write(v, &line);
	output_put(&line);
	value_free(v);
	buf_release(&line);
}

/* The day of the week helps who plans; the offset tells what clocks do. */
static void
put_time(const struct play *p, struct buf *line)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat" };
	const char *zone = config_string(p->config, "site", NULL, "timezone");
	int offset = zone_offset(zone, clock_now());
	struct civil c;

	if (!zone_to_local(zone, clock_now(), &c))
		civil_from_utc(clock_now(), &c);
	buf_printf(line, "%s %04d-%02d-%02d %02d:%02d%c%02d:%02d",
	    days[c.weekday], c.year, c.month, c.day, c.hour, c.minute,
	    offset < 0 ? '-' : '+', (offset < 0 ? -offset : offset) / 60,
	    (offset < 0 ? -offset : offset) % 60);
}

static void
put_line(const struct play *p, enum happened what, const struct told *t,
    const char *reason)
{
	struct buf line = BUF_INIT(LINE_MAX_LEN);

	put_time(p, &line);
	buf_printf(&line, "  %-9s %-8s  %-20s  %s", words[what],
	    t->channel == NULL ? "-" : t->channel,
	    t->name == NULL ? "-" : t->name, t->id == NULL ? t->reminder :
	    t->id);
	if (t->template != NULL)
		buf_printf(&line, "  %s", t->template);
	if (t->cost != NULL && what == HAPPENED_SENT)
		buf_printf(&line, "  %s", t->cost);
	if (reason != NULL && *reason != '\0')
		buf_printf(&line, "  (%s)", reason);
	output_put(&line);
	buf_release(&line);
}

static void
put(struct play *p, enum happened what, const struct told *t,
    const char *reason)
{
	p->counted[what]++;
	if (p->what->json)
		put_json(what, t, reason);
	else
		put_line(p, what, t, reason);
	if (output_pending() > 64 * 1024)
		output_flush();
}

static const char *
lend(struct play *p, struct ledger_rows *r, int column)
{
	const char *s = ledger_text(r, column);

	return s == NULL ? NULL : arena_strdup(&p->mem, s);
}

static void
add(struct play *p, const struct told *t)
{
	const char *name;

	for (size_t i = 0; i < SUMS && (name = config_name(p->config,
	    "channel", i)) != NULL; i++) {
		if (t->account == NULL || strcmp(name, t->account) != 0)
			continue;
		p->sum[i].messages++;
		p->sum[i].segments += (uintmax_t)t->segments;
		if (t->cost != NULL)
			p->sum[i].cost = decimal_add(p->sum[i].cost == NULL ?
			    "0.00" : p->sum[i].cost, t->cost, &p->sums);
	}
}

void
simulate_tell(struct play *p, enum happened what, const char *message,
    const char *reason)
{
	struct told t = { .id = message };
	struct ledger_rows *r;

	r = ledger_select(p->ledger, "SELECT coalesce(cc.body ->> '$.name', "
	    "ac.body), m.channel_type, m.template, m.reminder, m.cost, "
	    "m.channel, coalesce(m.segments, 0) FROM message m LEFT JOIN "
	    "contact c ON c.id = m.contact LEFT JOIN content cc ON cc.key = "
	    "c.content LEFT JOIN content ac ON ac.key = m.address WHERE m.id "
	    "= ?", "s", message);
	if (ledger_next(r)) {
		t.name = lend(p, r, 0);
		t.channel = lend(p, r, 1);
		t.template = lend(p, r, 2);
		t.reminder = lend(p, r, 3);
		t.cost = lend(p, r, 4);
		t.account = lend(p, r, 5);
		t.segments = ledger_int(r, 6);
	}
	ledger_end(r);
	put(p, what, &t, reason);
	if (what == HAPPENED_SENT)
		add(p, &t);
}

void
simulate_tell_reminder(struct play *p, enum happened what,
    const struct record *r, const char *reason)
{
	const struct told t = { .id = record_string(r, "id"),
	    .reminder = value_get_string(record_get(r, "reminder"), "id"),
	    .name = value_get_string(record_get(r, "contact"), "name"),
	    .channel = record_string(r, "channel"),
	    .template = record_string(r, "template") };

	put(p, what, &t, reason);
}

static void
summarize_json(struct play *p, const char *total)
{
	struct value *v = value_new_object(), *all = value_new_object(), *c;
	struct buf line = BUF_INIT(64 * 1024);
	const char *name;

	for (size_t i = 0; i < HAPPENED_KINDS; i++)
		value_set_integer(all, words[i], (int64_t)p->counted[i]);
	for (size_t i = 0; i < SUMS && (name = config_name(p->config,
	    "channel", i)) != NULL; i++) {
		if (p->sum[i].messages == 0)
			continue;
		c = value_new_object();
		value_set_integer(c, "messages",
		    (int64_t)p->sum[i].messages);
		value_set_integer(c, "segments",
		    (int64_t)p->sum[i].segments);
		value_set_string(c, "cost", p->sum[i].cost == NULL ? "0.00" :
		    p->sum[i].cost);
		value_set_take(all, name, c);
	}
	value_set_string(all, "cost", total);
	value_set_string(all, "currency", config_string(p->config, "site",
	    NULL, "currency"));
	value_set_take(v, "summary", all);
	value_write(v, &line);
	output_put(&line);
	value_free(v);
	buf_release(&line);
}

static void
summarize_text(struct play *p, const char *total)
{
	const char *currency = config_string(p->config, "site", NULL,
	    "currency"), *name;
	struct buf line = BUF_INIT(LINE_MAX_LEN);

	output_put(&line);
	for (size_t i = 0; i < SUMS && (name = config_name(p->config,
	    "channel", i)) != NULL; i++) {
		if (p->sum[i].messages == 0)
			continue;
		buf_clear(&line);
		buf_printf(&line, "%-12s %7ju messages %7ju segments %12s %s",
		    name, p->sum[i].messages, p->sum[i].segments,
		    p->sum[i].cost == NULL ? "0.00" : p->sum[i].cost,
		    currency);
		output_put(&line);
	}
	buf_clear(&line);
	buf_printf(&line, "%-12s %7ju messages %16s %12s %s", "in all",
	    p->counted[HAPPENED_SENT], "", total, currency);
	for (size_t i = HAPPENED_SENT + 1; i < HAPPENED_KINDS; i++)
		if (p->counted[i] > 0)
			buf_printf(&line, "; %ju %s", p->counted[i],
			    words[i]);
	output_put(&line);
	buf_release(&line);
}

void
simulate_summary(struct play *p)
{
	const char *total = "0.00";

	for (size_t i = 0; i < SUMS; i++)
		if (p->sum[i].cost != NULL)
			total = decimal_add(total, p->sum[i].cost, &p->sums);
	if (p->what->json)
		summarize_json(p, total);
	else
		summarize_text(p, total);
	output_flush();
}
