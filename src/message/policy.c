#include "policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/step.h"
#include "message/pace.h"

#define DAY	86400
#define HOUR	3600
/* A sum of what is given back with time is not asked for more often. */
#define RECOUNT	60

/* The topic that is meant by marketing which names none of its own. */
#define MARKETING	"marketing"

/* What speaks for and against it: all, the channel, one topic or two. */
struct scopes {
	char channel[48], topic[96], asked[96];	/* or "" */
	/* Of these two, those that must have been asked for; or NULL. */
	const char *need_topic, *need_asked;
};

static bool
is_marketing(const char *class)
{
	return class != NULL && strcmp(class, MARKETING) == 0;
}

bool
policy_is_marketing(const struct config *c, const char *class,
    const char *topic)
{
	return is_marketing(class) || (topic != NULL && config_has(c, "topic",
	    topic) && is_marketing(config_string(c, "topic", topic, "class")));
}

/*
 * Marketing is of the topic that it names, if that is a topic of marketing,
 * and else of the topic "marketing": no class or topic gets around that.
 */
static void
find_scopes(const struct config *c, const struct policy_reader *who,
    struct scopes *s)
{
	const char *topic = who->topic;
	bool known = topic != NULL && config_has(c, "topic", topic);

	*s = (struct scopes){ .channel = "" };
	snprintf(s->channel, sizeof(s->channel), "channel:%.32s", who->type);
	if (topic != NULL)
		snprintf(s->topic, sizeof(s->topic), "topic:%.80s", topic);
	if (known && !config_bool(c, "topic", topic, "default"))
		s->need_topic = topic;
	if (!is_marketing(who->class) || (known && is_marketing(config_string(
	    c, "topic", topic, "class"))))
		return;
	snprintf(s->asked, sizeof(s->asked), "topic:" MARKETING);
	if (!config_bool(c, "topic", MARKETING, "default"))
		s->need_asked = MARKETING;
}

/* The widest of the scopes that are closed: they sort like that. */
static bool
find_opt_out(struct ledger *l, const char *hash, const struct scopes *s,
    char *why, size_t size)
{
	struct ledger_rows *r;
	bool out;

	r = ledger_select(l, "SELECT scope, at, how FROM consent WHERE "
	    "hash = ? AND (+scope = 'all' OR +scope = ? OR +scope = ? OR "
	    "+scope = ?) AND state = 'out' ORDER BY scope LIMIT 1", "ssss",
	    hash, s->channel, s->topic, s->asked);
	out = ledger_next(r);
	if (out)
		snprintf(why, size, "opted out (%s) on %.10s by %s",
		    ledger_text(r, 0), ledger_text(r, 1), ledger_text(r, 2));
	ledger_end(r);
	return out;
}

/*
 * What is kept with the contact, for addresses that say nothing themselves:
 * an opt-out, or a topic that the preferences turn off.
 */
static bool
contact_is_out(struct ledger *l, const struct policy_reader *who,
    const struct scopes *s, char *why, size_t size)
{
	struct ledger_rows *r;
	bool out;

	if (who->contact == NULL)
		return false;
	r = ledger_select(l, "SELECT scope, how FROM contact_opt_out WHERE "
	    "contact = ?1 AND (+scope = 'all' OR +scope = ?3 OR +scope = ?4 "
	    "OR +scope = ?5) AND NOT EXISTS (SELECT 1 FROM consent k WHERE "
	    "k.hash = ?2 AND k.scope = contact_opt_out.scope) "
	    "ORDER BY scope LIMIT 1", "sssss",
	    who->contact, who->hash, s->channel, s->topic, s->asked);
	out = ledger_next(r);
	if (out && strcmp(ledger_text(r, 1), "preference") == 0)
		snprintf(why, size, "prefers no %s", ledger_text(r, 0) + 6);
	else if (out)
		snprintf(why, size, "opted out (%s) by %s", ledger_text(r, 0),
		    ledger_text(r, 1));
	ledger_end(r);
	return out;
}

/* At this address: a yes that was given for another one is none here. */
static bool
lacks_opt_in(struct ledger *l, const char *hash, const char *topic,
    const char *scope, char *why, size_t size)
{
	if (topic == NULL || ledger_count(l, "SELECT count(*) FROM consent "
	    "WHERE hash = ? AND scope = ? AND state = 'in'", "ss", hash,
	    scope) > 0)
		return false;
	snprintf(why, size, "never opted in to %.80s", topic);
	return true;
}

bool
policy_is_opted_out(struct ledger *l, const struct config *c,
    const struct policy_reader *who, char *why, size_t size)
{
	struct scopes s;

	find_scopes(c, who, &s);
	return find_opt_out(l, who->hash, &s, why, size) ||
	    contact_is_out(l, who, &s, why, size) ||
	    lacks_opt_in(l, who->hash, s.need_topic, s.topic, why, size) ||
	    lacks_opt_in(l, who->hash, s.need_asked, s.asked, why, size);
}

bool
policy_window_is_open(instant last_inbound, instant t)
{
	return last_inbound > t - POLICY_WINDOW;
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

static void
decimal_print(int64_t n, char *out, size_t size)
{
	size_t len;

	snprintf(out, size, "%" PRId64 ".%06" PRId64, n / 1000000,
	    n % 1000000);
	/* Two places at least, as money is written. */
	for (len = strlen(out); out[len - 1] == '0' && out[len - 3] != '.';)
		out[--len] = '\0';
}

static char *
decimal_text(int64_t n, struct arena *mem)
{
	char out[32];

	decimal_print(n, out, sizeof(out));
	return arena_strdup(mem, out);
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
	char contact[256], cost[32], reminder[256], condition[16];
	bool has_topic, has_class, has_reminder, needs_window, verified;
	bool tells_cancelled;	/* a notice: its reminder must be */
	int64_t revision, step, segments;
	instant due, expires, last_inbound;
	int quiet_start, quiet_end;
};

static void
copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s == NULL ? "" : s);
}

/* SQLite reads a body's JSON only where it can be of use, which is seldom. */
static bool
load_facts(struct ledger *l, const char *id, const char *channel,
    struct facts *f)
{
	struct ledger_rows *r;
	bool found;

	r = ledger_select(l, "SELECT m.channel_type, m.hash, m.topic, "
	    "m.class, m.timezone, m.contact, m.cost, m.reminder, m.revision, "
	    "m.step, m.due_at, m.expires_at, "
	    "coalesce(p.quiet_start, CASE WHEN instr(b.body, "
	    "'\"quiet_start\"') THEN b.body ->> "
	    "'$.contact.preferences.quiet_start' END), "
	    "coalesce(p.quiet_end, CASE WHEN instr(b.body, "
	    "'\"quiet_end\"') THEN b.body ->> "
	    "'$.contact.preferences.quiet_end' END), m.segments, "
	    "CASE m.channel_type WHEN 'whatsapp' THEN b.body -> "
	    "'$.whatsapp.template' IS NULL ELSE 0 END, x.last_inbound_at, "
	    "x.verified, "
	    "m.notice = 'cancelled', m.condition "
	    "FROM message m LEFT JOIN preference p ON p.contact = m.contact "
	    "LEFT JOIN content b ON b.key = m.content "
	    "LEFT JOIN address x ON x.type = m.channel_type AND "
	    "x.hash = m.hash "
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
		f->segments = ledger_int(r, 14);
		f->needs_window = ledger_int(r, 15) != 0;
		if (ledger_text(r, 16) == NULL ||
		    !clock_parse(ledger_text(r, 16), &f->last_inbound))
			f->last_inbound = INT64_MIN / 2;
		f->verified = ledger_int(r, 17) != 0;
		f->tells_cancelled = ledger_int(r, 18) != 0;
		copy(f->condition, sizeof(f->condition), ledger_text(r, 19));
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

/* Of a step that is not taken once another one was delivered, or read. */
static bool
is_needless(struct ledger *l, const char *id, const struct facts *f,
    struct gate *g)
{
	enum step_condition condition;

	if (!f->has_reminder || !step_condition_of(f->condition, &condition) ||
	    (condition != STEP_UNREAD && condition != STEP_UNDELIVERED))
		return false;
	if (ledger_count(l, "SELECT count(*) FROM message WHERE reminder = ? "
	    "AND revision = ? AND id <> ? AND direction = 'outbound' AND "
	    "(read_at IS NOT NULL OR ? AND delivered_at IS NOT NULL)", "sisi",
	    f->reminder, f->revision, id,
	    (int64_t)(condition == STEP_UNDELIVERED)) == 0)
		return false;
	return set(g, GATE_CANCEL, 0, condition == STEP_UNREAD ?
	    "another step was read" : "another step was delivered");
}

/* Has the appointment been answered, moved or cancelled since? */
static bool
reminder_is_over(struct ledger *l, const struct facts *f, struct gate *g)
{
	const char *wanted = f->tells_cancelled ? "cancelled" : "open";
	struct ledger_rows *r;
	char reason[64] = "";

	if (!f->has_reminder)
		return false;
	r = ledger_select(l, "SELECT state, revision FROM reminder "
	    "WHERE id = ?", "s", f->reminder);
	if (!ledger_next(r))
		copy(reason, sizeof(reason), "its reminder is gone");
	else if (strcmp(ledger_text(r, 0), wanted) != 0 &&
	    (strcmp(ledger_text(r, 0), "confirmed") != 0 ||
	    strcmp(f->condition, "always") != 0))
		copy(reason, sizeof(reason), f->tells_cancelled ?
		    "not cancelled any more" : ledger_text(r, 0));
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

static bool
is_unverified(const struct config *c, const char *channel,
    const struct facts *f, struct gate *g)
{
	if (f->verified || !config_bool(c, "channel", channel,
	    "verified_only"))
		return false;
	g->bring_forward = true;
	return set(g, GATE_CANCEL, 0, "the address is not verified");
}

/* At first by the index of times, then by what was added since. */
static void
count_new(struct ledger *l, const char *channel, instant since,
    struct counted *n)
{
	char at[CLOCK_TEXT];
	struct ledger_rows *r;

	clock_format(since, at);
	if (n->last == 0)
		r = ledger_select(l, "SELECT count(*), coalesce(max(rowid), 0) "
		    "FROM attempt WHERE channel = ? AND started_at > ?", "ss",
		    channel, at);
	else
		r = ledger_select(l, "SELECT count(*), coalesce(max(rowid), 0) "
		    "FROM attempt WHERE rowid > ? AND +channel = ? AND "
		    "+started_at > ?", "iss", n->last, channel, at);
	if (ledger_next(r) && ledger_int(r, 0) > 0) {
		n->count += ledger_int(r, 0);
		n->last = ledger_int(r, 1);
	}
	ledger_end(r);
}

/* When it seems to be, all is counted once more: the oldest may be too old. */
static bool
is_full(struct ledger *l, const char *channel, instant now, int64_t window,
    int64_t limit, struct counted *n)
{
	count_new(l, channel, now - window, n);
	if (n->count >= limit && n->put_off == 0) {
		*n = (struct counted){ .last = 0 };
		count_new(l, channel, now - window, n);
	}
	return n->count >= limit;
}

/* Room for the next one; those put off before it in this run go first. */
static instant
room_at(struct ledger *l, const char *channel, instant now, int64_t window,
    int64_t limit, struct counted *n)
{
	int64_t place = n->put_off++;
	char since[CLOCK_TEXT];
	struct ledger_rows *r;
	instant oldest = now;

	r = ledger_select(l, "SELECT started_at FROM attempt WHERE channel = ? "
	    "AND started_at > ? ORDER BY started_at LIMIT 1 OFFSET ?", "ssi",
	    channel, clock_format(now - window, since), place % limit);
	if (ledger_next(r))
		clock_parse(ledger_text(r, 0), &oldest);
	ledger_end(r);
	return oldest + window * (1 + place / limit);
}

static bool
channel_is_full(struct ledger *l, const struct config *c,
    const char *channel, instant now, struct spending *spent, struct gate *g)
{
	int64_t hour, day;

	hour = config_integer(c, "channel", channel, "per_hour");
	day = config_integer(c, "channel", channel, "per_day");
	if (day > 0 && is_full(l, channel, now, DAY, day,
	    &spent->day_attempts))
		return set(g, GATE_DEFER, room_at(l, channel, now, DAY, day,
		    &spent->day_attempts), "channel's limit a day");
	if (hour > 0 && is_full(l, channel, now, HOUR, hour,
	    &spent->hour_attempts))
		return set(g, GATE_DEFER, room_at(l, channel, now, HOUR, hour,
		    &spent->hour_attempts), "channel's limit an hour");
	return false;
}

static bool
is_voice(const struct facts *f)
{
	return strcmp(f->type, "voice") == 0;
}

static bool
is_spoken_marketing(const struct config *c, const struct facts *f,
    struct gate *g)
{
	if (!is_voice(f) || !policy_is_marketing(c, f->has_class ? f->class :
	    NULL, f->has_topic ? f->topic : NULL))
		return false;
	g->bring_forward = true;
	return set(g, GATE_CANCEL, 0, "marketing is never spoken");
}

/*
 * WhatsApp wants some seconds between two messages to the same person, and who
 * is on the telephone cannot take another call, from whatever number.
 */
static bool
follows_too_soon(struct ledger *l, const struct config *c,
    const char *channel, const struct facts *f, instant now, struct gate *g)
{
	int64_t gap = config_integer(c, "channel", channel, "pair_seconds");
	char since[CLOCK_TEXT];
	struct ledger_rows *r;
	instant last = now;
	bool soon;

	if (is_voice(f) && gap < POLICY_CALL_GAP)
		gap = POLICY_CALL_GAP;
	if (gap <= 0)
		return false;
	r = ledger_select(l, "SELECT max(a.started_at) FROM message m JOIN "
	    "attempt a ON a.message = m.id WHERE m.hash = ?1 AND (a.channel = "
	    "?2 OR (?3 AND m.channel_type = 'voice')) AND a.started_at > ?4",
	    "ssis", f->hash, channel, (int64_t)is_voice(f),
	    clock_format(now - gap, since));
	soon = ledger_next(r) && ledger_text(r, 0) != NULL &&
	    clock_parse(ledger_text(r, 0), &last);
	ledger_end(r);
	return soon && set(g, GATE_DEFER, last + gap,
	    "recipient's pause between two");
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

/* A provider that has not said no may ask for its money. */
#define MAY_COST	"coalesce(a.outcome, 'accepted') IN " \
			"('accepted', 'unknown') "

static void
add_rows(struct ledger_rows *r, struct spent *s)
{
	while (ledger_next(r)) {
		s->last = ledger_int(r, 0);
		s->sum += millionths(ledger_text(r, 1));
	}
	ledger_end(r);
}

/*
 * Attempts that are open count: what they will cost is reserved.  Rows are in
 * the order of their times, so nothing before the last old one is looked at.
 */
static void
add_day(struct ledger *l, instant now, struct spent *s)
{
	char at[CLOCK_TEXT];

	if (s->last == 0)
		s->last = ledger_count(l, "SELECT rowid FROM attempt WHERE "
		    "started_at <= ? ORDER BY rowid DESC LIMIT 1", "s",
		    clock_format(now - DAY, at));
	add_rows(ledger_select(l, "SELECT a.rowid, coalesce(a.cost, m.cost) "
	    "FROM attempt a JOIN message m ON m.id = a.message WHERE "
	    "a.rowid > ? AND a.started_at > ? AND " MAY_COST
	    "ORDER BY a.rowid", "is", s->last, clock_format(now - DAY, at)),
	    s);
}

/* The same of this run, which other senders may be part of. */
static void
add_run(struct ledger *l, instant now, struct spent *s)
{
	const char *run = ledger_run(l);

	(void)now;
	if (s->last == 0)
		s->last = ledger_count(l, "SELECT coalesce((SELECT "
		    "first_seq - 1 FROM run WHERE id = ?), (SELECT max(seq) "
		    "FROM journal))", "s", run);
	add_rows(ledger_select(l, "SELECT j.seq, coalesce(a.cost, m.cost) "
	    "FROM journal j JOIN attempt a ON a.message = j.data ->> '$.id' "
	    "AND a.number = j.data ->> '$.attempt' JOIN message m ON "
	    "m.id = a.message WHERE j.seq > ? AND j.run = ? AND "
	    "j.op = 'attempt.started' AND " MAY_COST "ORDER BY j.seq", "is",
	    s->last, run), s);
}

/* Whether a full count may give something back. */
static bool
is_stale(struct ledger *l, instant now, struct spent *s)
{
	struct ledger_rows *r;
	bool first = s->seen == 0, stale;

	r = ledger_select(l, "SELECT (SELECT max(seq) FROM journal), count(*) "
	    "FROM journal WHERE seq > ? AND op = 'attempt.finished'", "i",
	    first ? INT64_MAX : s->seen);
	stale = ledger_next(r) && ledger_int(r, 1) > 0;
	s->seen = ledger_int(r, 0);
	ledger_end(r);
	return first || stale || now >= s->counted + RECOUNT;
}

static bool
exceeds(struct ledger *l, instant now, int64_t cost, const char *limit,
    void (*add)(struct ledger *, instant, struct spent *), struct spent *s)
{
	if (limit == NULL || cost == 0)
		return false;
	add(l, now, s);
	if (s->sum + cost <= millionths(limit))
		return false;
	if (is_stale(l, now, s)) {
		/* What was refused since, or is too old, is given back. */
		*s = (struct spent){ .seen = s->seen, .counted = now };
		add(l, now, s);
	}
	return s->sum + cost > millionths(limit);
}

/* The forecast; a message that nobody rendered has the channel's price. */
static int64_t
forecast(const struct config *c, const char *channel, const struct facts *f)
{
	if (f->cost[0] != '\0')
		return millionths(f->cost);
	return millionths(config_string(c, "channel", channel, "cost")) *
	    (f->segments > 1 ? f->segments : 1);
}

static bool
costs_too_much(struct ledger *l, const struct config *c, int64_t cost,
    instant now, struct gate *g, struct spending *spent)
{
	if (exceeds(l, now, cost, config_string(c, "limits", NULL,
	    "spend_day"), add_day, &spent->day))
		return set(g, GATE_HOLD, 0,
		    "spending limit of the day reached");
	if (exceeds(l, now, cost, config_string(c, "limits", NULL,
	    "spend_run"), add_run, &spent->run))
		return set(g, GATE_HOLD, 0,
		    "spending limit of the run reached");
	return false;
}

static bool
is_opted_out(struct ledger *l, const struct config *c, const struct facts *f,
    struct gate *g)
{
	const struct policy_reader who = { .hash = f->hash, .type = f->type,
	    .topic = f->has_topic ? f->topic : NULL,
	    .class = f->has_class ? f->class : NULL, .contact = f->contact };
	char why[128];

	if (!policy_is_opted_out(l, c, &who, why, sizeof(why)))
		return false;
	g->bring_forward = true;
	return set(g, GATE_CANCEL, 0, why);
}

static bool
window_is_over(const struct facts *f, instant now, struct gate *g)
{
	if (!f->needs_window || policy_window_is_open(f->last_inbound, now))
		return false;
	g->bring_forward = true;
	return set(g, GATE_CANCEL, 0, "no approved template, and nothing was "
	    "received in the last 24 hours");
}

static bool
is_quiet(const struct quiet *q, const struct facts *f, instant now,
    struct gate *g)
{
	const struct quiet_reader who = { .zone = f->zone,
	    .channel = f->type,
	    .class = f->has_class ? f->class : NULL,
	    .topic = f->has_topic ? f->topic : NULL,
	    .start = f->quiet_start, .end = f->quiet_end };
	char why[sizeof(g->reason)];
	instant until;

	if (!quiet_holds(q, &who, now, &until, why, sizeof(why)))
		return false;
	if (until >= f->expires)
		return set(g, GATE_EXPIRE, 0, "quiet hours last too long");
	return set(g, GATE_DEFER, until, why);
}

void
gate_look(struct ledger *l, const struct quiet *quiet, const char *id,
    const char *channel, struct spending *spent, struct gate *g)
{
	const struct config *c = quiet->config;
	instant now = clock_now();
	struct facts f;
	int64_t cost;

	*g = (struct gate){ .verdict = GATE_GO };
	if (!load_facts(l, id, channel, &f) || f.due > now) {
		g->verdict = GATE_SKIP;
		return;
	}
	/* By what it would go, whatever it was queued as. */
	copy(f.type, sizeof(f.type), config_string(c, "channel", channel,
	    "type"));
	if (reminder_is_over(l, &f, g) || is_needless(l, id, &f, g) ||
	    is_opted_out(l, c, &f, g) ||
	    address_is_dead(l, &f, g) || is_unverified(c, channel, &f, g) ||
	    is_spoken_marketing(c, &f, g))
		return;
	if (f.expires <= now) {
		set(g, GATE_EXPIRE, 0, "too late");
		return;
	}
	cost = forecast(c, channel, &f);
	if (cost > 0)
		decimal_print(cost, g->cost, sizeof(g->cost));
	g->window = policy_window_is_open(f.last_inbound, now);
	if ((f.has_reminder && pace_holds(l, id, now, f.expires, g)) ||
	    is_quiet(quiet, &f, now, g) || window_is_over(&f, now, g) ||
	    channel_is_full(l, c, channel, now, spent, g) ||
	    recipient_had_enough(l, c, &f, now, g) ||
	    follows_too_soon(l, c, channel, &f, now, g) ||
	    costs_too_much(l, c, cost, now, g, spent))
		return;
}
