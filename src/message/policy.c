#include "policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"

#define DAY	86400

static bool
find_opt_out(struct ledger *l, const char *hash, const char *scope, char *why,
    size_t size)
{
	struct ledger_rows *r;
	bool out;

	r = ledger_select(l, "SELECT at, how FROM consent WHERE hash = ? "
	    "AND scope = ? AND state = 'out'", "ss", hash, scope);
	out = ledger_next(r);
	if (out)
		snprintf(why, size, "opted out (%s) on %.10s by %s", scope,
		    ledger_text(r, 0), ledger_text(r, 1));
	ledger_end(r);
	return out;
}

/* What a person did not ask for must have been asked for: marketing. */
static bool
lacks_opt_in(struct ledger *l, const char *hash, const char *scope,
    const char *topic, const char *contact)
{
	struct ledger_rows *r;
	bool in;

	r = ledger_select(l, "SELECT 1 FROM consent WHERE hash = ? AND "
	    "scope = ? AND state = 'in' UNION ALL SELECT 1 FROM preference "
	    "WHERE contact = ? AND json_valid(topics) AND "
	    "json_extract(topics, '$.' || ?) = 1",
	    "ssss", hash, scope, contact, topic);
	in = ledger_next(r);
	ledger_end(r);
	return !in;
}

bool
policy_is_opted_out(struct ledger *l, const struct config *c,
    const char *hash, const char *type, const char *topic,
    const char *contact, char *why, size_t size)
{
	char scope[96];

	if (find_opt_out(l, hash, "all", why, size))
		return true;
	snprintf(scope, sizeof(scope), "channel:%s", type);
	if (find_opt_out(l, hash, scope, why, size))
		return true;
	if (topic == NULL)
		return false;
	snprintf(scope, sizeof(scope), "topic:%.80s", topic);
	if (find_opt_out(l, hash, scope, why, size))
		return true;
	if (config_has(c, "topic", topic) &&
	    !config_bool(c, "topic", topic, "default") &&
	    lacks_opt_in(l, hash, scope, topic, contact)) {
		snprintf(why, size, "never opted in to %s", topic);
		return true;
	}
	return false;
}

/* The instant at which the local clock next shows `minutes` after midnight. */
static instant
next_time_of_day(const char *zone, instant t, int minutes)
{
	struct civil day;
	instant at = t;

	for (int i = 0; i < 3; i++) {
		zone_to_local(zone, t + i * (instant)DAY, &day);
		day.hour = minutes / 60;
		day.minute = minutes % 60;
		day.second = 0;
		if (zone_from_local(zone, &day, &at) && at > t)
			return at;
	}
	return t + DAY;
}

bool
policy_is_quiet(const struct config *c, const char *class, const char *zone,
    int start, int end, instant t, instant *until)
{
	struct civil now;
	bool quiet;
	int minute;

	if (class != NULL && config_has(c, "class", class) &&
	    !config_bool(c, "class", class, "quiet"))
		return false;
	if (start < 0 || end < 0) {
		start = config_time_of_day(c, "quiet", NULL, "start");
		end = config_time_of_day(c, "quiet", NULL, "end");
	}
	if (zone == NULL || !zone_is_valid(zone))
		zone = config_string(c, "site", NULL, "timezone");
	if (start == end)
		return false;
	zone_to_local(zone, t, &now);
	minute = now.hour * 60 + now.minute;
	quiet = start < end ? minute >= start && minute < end :
	    minute >= start || minute < end;
	if (quiet)
		*until = next_time_of_day(zone, t, end);
	return quiet;
}

/* In millionths; the configuration and omni-render keep to six places. */
static int64_t
millionths(const char *s)
{
	int64_t n = 0;
	int places = -1;

	for (; s != NULL && *s != '\0' && places < 6; s++) {
		if (*s == '.' && places == -1)
			places = 0;
		else if (*s >= '0' && *s <= '9') {
			n = n * 10 + (*s - '0');
			if (places >= 0)
				places++;
		} else
			break;
	}
	for (places = places < 0 ? 0 : places; places < 6; places++)
		n *= 10;
	return n;
}

static char *
decimal_text(int64_t n, struct arena *mem)
{
	char *s = arena_printf(mem, "%" PRId64 ".%06" PRId64, n / 1000000,
	    n % 1000000);
	size_t len = strlen(s);

	/* Two places at least, as money is written. */
	while (s[len - 1] == '0' && s[len - 3] != '.')
		s[--len] = '\0';
	return s;
}

char *
decimal_add(const char *a, const char *b, struct arena *mem)
{
	return decimal_text(millionths(a) + millionths(b), mem);
}

char *
decimal_multiply(const char *a, int64_t n, struct arena *mem)
{
	return decimal_text(millionths(a) * n, mem);
}

struct facts {
	char type[32], hash[DIGEST_HEX], topic[64], class[64], zone[64];
	char contact[256], cost[32], reminder[256];
	bool has_topic, has_class, has_reminder;
	int64_t revision, step;
	instant due, expires;
	int quiet_start, quiet_end;
};

static void
copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s == NULL ? "" : s);
}

static bool
load_facts(struct ledger *l, const char *id, const char *channel,
    struct facts *f)
{
	struct ledger_rows *r;
	bool found;

	r = ledger_select(l, "SELECT m.channel_type, m.hash, m.topic, "
	    "m.class, m.timezone, m.contact, m.cost, m.reminder, m.revision, "
	    "m.step, m.due_at, m.expires_at, p.quiet_start, p.quiet_end "
	    "FROM message m LEFT JOIN preference p ON p.contact = m.contact "
	    "WHERE m.id = ? AND m.channel = ? AND m.state = 'queued'", "ss",
	    id, channel);
	found = ledger_next(r);
	if (found) {
		copy(f->type, sizeof(f->type), ledger_text(r, 0));
		copy(f->hash, sizeof(f->hash), ledger_text(r, 1));
		f->has_topic = ledger_text(r, 2) != NULL;
		copy(f->topic, sizeof(f->topic), ledger_text(r, 2));
		f->has_class = ledger_text(r, 3) != NULL;
		copy(f->class, sizeof(f->class), ledger_text(r, 3));
		copy(f->zone, sizeof(f->zone), ledger_text(r, 4));
		copy(f->contact, sizeof(f->contact), ledger_text(r, 5));
		copy(f->cost, sizeof(f->cost), ledger_text(r, 6));
		f->has_reminder = ledger_text(r, 7) != NULL;
		copy(f->reminder, sizeof(f->reminder), ledger_text(r, 7));
		f->revision = ledger_int(r, 8);
		f->step = ledger_int(r, 9);
		if (!clock_parse(ledger_text(r, 10), &f->due) ||
		    !clock_parse(ledger_text(r, 11), &f->expires))
			found = false;
		f->quiet_start = time_of_day_parse(ledger_text(r, 12));
		f->quiet_end = time_of_day_parse(ledger_text(r, 13));
	}
	ledger_end(r);
	return found;
}

static bool
set(struct gate *g, enum gate_verdict verdict, instant until,
    const char *reason)
{
	g->verdict = verdict;
	g->until = until;
	copy(g->reason, sizeof(g->reason), reason);
	return true;
}

/* Has the appointment been answered, moved or cancelled since? */
static bool
reminder_is_over(struct ledger *l, const struct facts *f, struct gate *g)
{
	struct ledger_rows *r;
	char reason[64] = "";

	if (!f->has_reminder)
		return false;
	r = ledger_select(l, "SELECT state, revision FROM reminder "
	    "WHERE id = ?", "s", f->reminder);
	if (!ledger_next(r))
		copy(reason, sizeof(reason), "its reminder is gone");
	else if (strcmp(ledger_text(r, 0), "open") != 0)
		copy(reason, sizeof(reason), ledger_text(r, 0));
	else if (ledger_int(r, 1) != f->revision)
		copy(reason, sizeof(reason), "moved");
	ledger_end(r);
	return *reason != '\0' && set(g, GATE_CANCEL, 0, reason);
}

static bool
address_is_dead(struct ledger *l, const struct facts *f, struct gate *g)
{
	if (ledger_count(l, "SELECT count(*) FROM address WHERE type = ? AND "
	    "hash = ? AND dead_at IS NOT NULL", "ss", f->type, f->hash) == 0)
		return false;
	g->bring_forward = true;
	return set(g, GATE_CANCEL, 0, "the address is dead");
}

static int64_t
attempts_since(struct ledger *l, const char *channel, instant since)
{
	char at[CLOCK_TEXT];

	return ledger_count(l, "SELECT count(*) FROM attempt WHERE channel = "
	    "? AND started_at > ?", "ss", channel, clock_format(since, at));
}

static bool
channel_is_full(struct ledger *l, const struct config *c,
    const char *channel, instant now, struct gate *g)
{
	int64_t hour, day;

	hour = config_integer(c, "channel", channel, "per_hour");
	day = config_integer(c, "channel", channel, "per_day");
	if (hour > 0 && attempts_since(l, channel, now - 3600) >= hour)
		return set(g, GATE_DEFER, now + 600, "channel's limit an hour");
	if (day > 0 && attempts_since(l, channel, now - DAY) >= day)
		return set(g, GATE_DEFER, now + 3600, "channel's limit a day");
	return false;
}

static bool
recipient_had_enough(struct ledger *l, const struct config *c,
    const struct facts *f, instant now, struct gate *g)
{
	int64_t limit = config_integer(c, "limits", NULL, "recipient_day");
	char at[CLOCK_TEXT];

	if (limit == 0 || ledger_count(l, "SELECT count(*) FROM attempt a "
	    "JOIN message m ON m.id = a.message WHERE m.hash = ? AND "
	    "a.started_at > ? AND a.number = 1", "ss", f->hash,
	    clock_format(now - DAY, at)) < limit)
		return false;
	return set(g, GATE_DEFER, now + 3600, "recipient's limit a day");
}

/* Attempts that are open count: what they will cost is reserved. */
static void
add_spending(struct ledger *l, instant now, struct spending *spent)
{
	struct ledger_rows *r;
	char at[CLOCK_TEXT];

	r = ledger_select(l, "SELECT a.rowid, coalesce(a.cost, m.cost) FROM "
	    "attempt a JOIN message m ON m.id = a.message WHERE a.rowid > ? "
	    "AND a.started_at > ? AND coalesce(a.outcome, 'accepted') IN "
	    "('accepted', 'unknown') ORDER BY a.rowid", "is", spent->last,
	    clock_format(now - DAY, at));
	while (ledger_next(r)) {
		spent->last = ledger_int(r, 0);
		spent->sum += millionths(ledger_text(r, 1));
	}
	ledger_end(r);
	spent->primed = true;
}

static bool
costs_too_much(struct ledger *l, const struct config *c,
    const struct facts *f, instant now, struct gate *g,
    struct spending *spent)
{
	const char *limit = config_string(c, "limits", NULL, "spend_day");
	int64_t cost = millionths(f->cost);

	if (limit == NULL || cost == 0)
		return false;
	add_spending(l, now, spent);
	if (spent->sum + cost <= millionths(limit))
		return false;
	/* What was refused since, or is older than a day, is given back. */
	*spent = (struct spending){ .primed = false };
	add_spending(l, now, spent);
	if (spent->sum + cost <= millionths(limit))
		return false;
	return set(g, GATE_HOLD, 0, "spending limit of the day reached");
}

static bool
is_opted_out(struct ledger *l, const struct config *c, const struct facts *f,
    struct gate *g)
{
	char why[128];

	if (!policy_is_opted_out(l, c, f->hash, f->type,
	    f->has_topic ? f->topic : NULL, f->contact, why, sizeof(why)))
		return false;
	g->bring_forward = true;
	return set(g, GATE_CANCEL, 0, why);
}

static bool
is_quiet(const struct config *c, const struct facts *f, instant now,
    struct gate *g)
{
	instant until;

	if (!policy_is_quiet(c, f->has_class ? f->class : NULL, f->zone,
	    f->quiet_start, f->quiet_end, now, &until))
		return false;
	if (until >= f->expires)
		return set(g, GATE_EXPIRE, 0, "quiet hours last too long");
	return set(g, GATE_DEFER, until, "quiet hours");
}

void
gate_look(struct ledger *l, const struct config *c, const char *id,
    const char *channel, struct spending *spent, struct gate *g)
{
	instant now = clock_now();
	struct facts f;

	*g = (struct gate){ .verdict = GATE_GO };
	if (!load_facts(l, id, channel, &f) || f.due > now) {
		g->verdict = GATE_SKIP;
		return;
	}
	if (reminder_is_over(l, &f, g) || is_opted_out(l, c, &f, g) ||
	    address_is_dead(l, &f, g))
		return;
	if (f.expires <= now) {
		set(g, GATE_EXPIRE, 0, "too late");
		return;
	}
	if (is_quiet(c, &f, now, g) ||
	    channel_is_full(l, c, channel, now, g) ||
	    recipient_had_enough(l, c, &f, now, g) ||
	    costs_too_much(l, c, &f, now, g, spent))
		return;
}
