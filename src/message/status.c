#include "status.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>

#include "base/clock.h"
#include "message/notice.h"

#define DAY		86400
#define SHARE_LEAST	20	/* a share of fewer messages says nothing */
#define MIB		(1024 * 1024)

/*
 * Where a value comes from: a query of one number, with ?1 the channel, ?2 now
 * and ?3 a day ago, as far as it asks for them; or a function, after the
 * queries.  Each query is answered from an index of what is open or of the last
 * day, never from all that ever was: a partial index is taken only where its own
 * condition stands in the query, and attempt_open where it is named besides.
 */
struct source {
	struct status_measure measure;
	const char *sql, *types;
	int64_t (*function)(struct status *, const struct status_place *);
};

#define AGE(time, from)	"SELECT strftime('%s', ?2) - strftime('%s', min(" \
	time ")) FROM " from

static int64_t failed_share(struct status *, const struct status_place *);
static int64_t is_limited(struct status *, const struct status_place *);
static int64_t count_notices(struct status *, const struct status_place *);
static int64_t inbound_files(struct status *, const struct status_place *);
static int64_t inbound_age(struct status *, const struct status_place *);
static int64_t inbound_bad(struct status *, const struct status_place *);
static int64_t refused(struct status *, const struct status_place *);
static int64_t refused_age(struct status *, const struct status_place *);
static int64_t refused_day(struct status *, const struct status_place *);
static int64_t subscriptions(struct status *, const struct status_place *);
static int64_t run_age(struct status *, const struct status_place *);
static int64_t schedule_age(struct status *, const struct status_place *);
static int64_t cost_of_all(struct status *, const struct status_place *);
static int64_t full_readers(struct status *, const struct status_place *);
static int64_t is_spent(struct status *, const struct status_place *);
static int64_t wal_bytes(struct status *, const struct status_place *);
static int64_t ledger_bytes(struct status *, const struct status_place *);
static int64_t disk_free(struct status *, const struct status_place *);

#define OPEN	"attempt INDEXED BY attempt_open WHERE state IN ('open', " \
	"'in_doubt') AND "
#define OF_DAY	"FROM attempt a JOIN message m ON m.id = a.message AND " \
	"m.attempts = a.number WHERE a.channel = ?1 AND a.started_at > ?3"

static const struct source of_channel[] = {
	{ { "down", "down", "1 while its provider is taken for unreachable.",
	    STATUS_COUNT, "down" },
	    "SELECT count(*) FROM provider_state s JOIN channel c ON "
	    "c.provider = s.name WHERE c.name = ?1 AND s.state = 'down'", "s",
	    NULL },
	{ { "queued", "queued", "Messages that wait to be sent, now or later.",
	    STATUS_COUNT, NULL },
	    "SELECT count(*) FROM message WHERE state = 'queued' AND "
	    "channel = ?1", "s", NULL },
	{ { "due", "due", "Messages that may be sent now.", STATUS_COUNT,
	    NULL },
	    "SELECT count(*) FROM message WHERE state = 'queued' AND "
	    "channel = ?1 AND priority IN (0, 1, 2) AND due_at <= ?2", "ss", NULL },
	{ { "due_age", "oldest", "For how long the oldest of them has been "
	    "due.", STATUS_SECONDS, "due_age" },
	    AGE("due_at", "message WHERE state = 'queued' AND channel = ?1 "
	    "AND priority IN (0, 1, 2) AND due_at <= ?2"), "ss", NULL },
	{ { "held", "held", "Messages that wait for a person to release them.",
	    STATUS_COUNT, "held" },
	    "SELECT count(*) FROM message WHERE state = 'held' AND "
	    "channel = ?1", "s", NULL },
	{ { "in_doubt", "doubt", "Attempts of which nobody knows whether they "
	    "arrived.", STATUS_COUNT, "doubt" },
	    "SELECT count(*) FROM " OPEN "channel = ?1 AND state = 'in_doubt'", "s", NULL },
	{ { "in_doubt_age", "oldest", "For how long the oldest of them has "
	    "been in doubt.", STATUS_SECONDS, "doubt_age" },
	    AGE("doubted_at", OPEN "channel = ?1 AND state = 'in_doubt'"), "ss", NULL },
	{ { "open", "open", "Attempts on their way, or of a sender that died.",
	    STATUS_COUNT, NULL },
	    "SELECT count(*) FROM " OPEN "channel = ?1 AND state = 'open'", "s", NULL },
	{ { "sent_day", "sent", "Messages last tried in 24 hours that were "
	    "sent.", STATUS_COUNT, NULL },
	    "SELECT count(*) " OF_DAY " AND m.state = 'sent'", "sss", NULL },
	{ { "failed_day", "failed", "Messages last tried in 24 hours that "
	    "failed.", STATUS_COUNT, NULL },
	    "SELECT count(*) " OF_DAY " AND m.state = 'failed'", "sss", NULL },
	{ { "failed_share", "share", "What failed of both, in percent.",
	    STATUS_PERCENT, "failed_share" }, NULL, "", failed_share },
	{ { "cost_day", "cost", "What the attempts of 24 hours cost.",
	    STATUS_MONEY, NULL },
	    "SELECT coalesce(sum(CAST(round(1000000 * coalesce(a.cost, "
	    "m.cost, '0')) AS INTEGER)), 0) " OF_DAY " AND "
	    "coalesce(a.outcome, 'accepted') IN ('accepted', 'unknown')",
	    "sss", NULL },
	{ { "limited", "limit", "Whether the channel's limit of an hour or a "
	    "day is reached.", STATUS_YES, "limited" }, NULL, "", is_limited },
};
#define OF_CHANNEL	(sizeof(of_channel) / sizeof(of_channel[0]))
_Static_assert(OF_CHANNEL <= STATUS_MEASURES, "too many measures");

static const struct source of_site[] = {
	{ { "steps_due", "steps due", "Steps of reminders that wait for "
	    "omni-escalate.", STATUS_COUNT, NULL },
	    "SELECT count(*) FROM reminder WHERE state = 'open' AND "
	    "next_due_at IS NOT NULL AND next_due_at <= ?2", "ss", NULL },
	{ { "steps_due_age", "oldest step due", "For how long the oldest of "
	    "them has been due.", STATUS_SECONDS, "due_age" },
	    AGE("next_due_at", "reminder WHERE state = 'open' AND "
	    "next_due_at IS NOT NULL AND next_due_at <= ?2"), "ss", NULL },
	{ { "notices_due", "notices due", "People to be told by omni-escalate "
	    "that the calendar moved or cancelled what they know of.",
	    STATUS_COUNT, NULL }, NULL, "", count_notices },
	{ { "failovers_due", "failovers due", "Failed messages that wait for "
	    "omni-escalate to try another channel.", STATUS_COUNT, NULL },
	    "SELECT count(*) FROM message WHERE failover = 'due'", "", NULL },
	{ { "inbound", "inbound files", "Webhooks and mails not yet in the "
	    "ledger.", STATUS_COUNT, NULL }, NULL, "", inbound_files },
	{ { "inbound_age", "oldest inbound", "For how long the oldest of them "
	    "has waited.", STATUS_SECONDS, "inbound_age" }, NULL, "",
	    inbound_age },
	{ { "inbound_bad", "inbound set aside", "Inbound files that could not "
	    "be read.", STATUS_COUNT, "inbound_bad" }, NULL, "", inbound_bad },
	{ { "refused", "refused webhooks", "Webhooks that nobody had signed, as "
	    "far back as they are counted.", STATUS_COUNT, NULL }, NULL, "",
	    refused },
	{ { "refused_age", "since", "How long ago the first of them came.",
	    STATUS_SECONDS, NULL }, NULL, "", refused_age },
	{ { "refused_day", "refused today", "Of these, those of 24 hours.",
	    STATUS_COUNT, "refused" }, NULL, "", refused_day },
	{ { "subscriptions", "subscriptions", "Topics of Amazon SNS that wait "
	    "to be confirmed by a person.", STATUS_COUNT, "subscriptions" },
	    NULL, "", subscriptions },
	{ { "cost_day", "cost of a day", "What the attempts of 24 hours cost, "
	    "on all channels.", STATUS_MONEY, NULL }, NULL, "", cost_of_all },
	{ { "limited", "spending limit", "Whether the spending limit of a day "
	    "is reached.", STATUS_YES, "limited" }, NULL, "", is_spent },
	{ { "full_recipients", "full recipients", "People who were written "
	    "to as often in 24 hours as they may be.", STATUS_COUNT, NULL },
	    NULL, "", full_readers },
	{ { "flags", "flags", "Open flags: what a person must look at.",
	    STATUS_COUNT, "flags" },
	    "SELECT count(*) FROM flag WHERE resolved_at IS NULL", "", NULL },
	{ { "flag_age", "oldest flag", "For how long the oldest of them has "
	    "been open.", STATUS_SECONDS, "flag_age" },
	    AGE("created_at", "flag WHERE resolved_at IS NULL AND ?1 IS "
	    "NULL"), "ss", NULL },
	{ { "unread", "unread", "Answers that a person must read.",
	    STATUS_COUNT, "unread" },
	    "SELECT count(*) FROM message WHERE is_unread = 1", "", NULL },
	{ { "run_age", "last omni-run", "How long ago omni-run was last "
	    "started.", STATUS_SINCE, "run_age" }, NULL, "", run_age },
	{ { "schedule_age", "last omni-schedule", "How long ago omni-schedule "
	    "was last started.", STATUS_SINCE, "schedule_age" }, NULL, "",
	    schedule_age },
	{ { "ledger_bytes", "ledger", "Size of the ledger with its log.",
	    STATUS_BYTES, NULL }, NULL, "", ledger_bytes },
	{ { "wal_bytes", "its log", "Size of the ledger's log: it grows "
	    "while somebody reads without an end.", STATUS_BYTES, "wal" },
	    NULL, "", wal_bytes },
	{ { "disk_free_bytes", "disk free", "Room left where the spool is.",
	    STATUS_ROOM, "disk_free" }, NULL, "", disk_free },
};
#define OF_SITE		(sizeof(of_site) / sizeof(of_site[0]))
_Static_assert(OF_SITE <= STATUS_MEASURES, "too many measures");

const struct status_measure *
status_of_channel(size_t i)
{
	return i < OF_CHANNEL ? &of_channel[i].measure : NULL;
}

const struct status_measure *
status_of_site(size_t i)
{
	return i < OF_SITE ? &of_site[i].measure : NULL;
}

static int64_t
value_of(const struct source *sources, size_t count,
    const struct status_place *p, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(sources[i].measure.name, name) == 0)
			return p->values[i];
	return STATUS_NONE;
}

static int64_t
failed_share(struct status *s, const struct status_place *p)
{
	int64_t sent = value_of(of_channel, OF_CHANNEL, p, "sent_day");
	int64_t failed = value_of(of_channel, OF_CHANNEL, p, "failed_day");

	(void)s;
	return sent + failed < SHARE_LEAST ? STATUS_NONE :
	    100 * failed / (sent + failed);
}

static bool
is_full(struct status *s, const char *channel, const char *key,
    int64_t seconds)
{
	int64_t limit = config_integer(s->config, "channel", channel, key);
	char since[CLOCK_TEXT];

	return limit > 0 && ledger_count(s->ledger, "SELECT count(*) FROM "
	    "attempt WHERE channel = ? AND started_at > ?", "ss", channel,
	    clock_format(clock_now() - seconds, since)) >= limit;
}

static int64_t
is_limited(struct status *s, const struct status_place *p)
{
	return p->type != NULL && (is_full(s, p->name, "per_hour", 3600) ||
	    is_full(s, p->name, "per_day", DAY));
}

static int64_t
count_notices(struct status *s, const struct status_place *p)
{
	(void)p;
	return notices_due(s->config, s->ledger);
}

static int64_t
inbound_files(struct status *s, const struct status_place *p)
{
	(void)p;
	return status_files(s, "inbound/new", NULL) +
	    status_files(s, "inbound/cur", NULL);
}

static int64_t
inbound_age(struct status *s, const struct status_place *p)
{
	int64_t oldest = INT64_MAX;

	(void)p;
	status_files(s, "inbound/new", &oldest);
	status_files(s, "inbound/cur", &oldest);
	return oldest == INT64_MAX ? STATUS_NONE : status_age(oldest);
}

static int64_t
inbound_bad(struct status *s, const struct status_place *p)
{
	(void)p;
	return status_files(s, "inbound/bad", NULL);
}

static int64_t
subscriptions(struct status *s, const struct status_place *p)
{
	(void)p;
	return status_files(s, "inbound/subscriptions", NULL);
}

/*
 * A night in which nothing changes leaves no row in the ledger, but each run
 * empties the file of its lock anew.
 */
static int64_t
run_age(struct status *s, const struct status_place *p)
{
	(void)p;
	return status_file_age(s, "run.lock");
}

static int64_t
schedule_age(struct status *s, const struct status_place *p)
{
	(void)p;
	return status_file_age(s, "omni-schedule.started");
}

static int64_t
cost_of_all(struct status *s, const struct status_place *p)
{
	int64_t sum = 0, n;

	(void)p;
	for (const struct status_place *c = s->channels; c != NULL;
	    c = c->next) {
		n = value_of(of_channel, OF_CHANNEL, c, "cost_day");
		sum += n == STATUS_NONE ? 0 : n;
	}
	return sum;
}

static int64_t
refused(struct status *s, const struct status_place *p)
{
	(void)p;
	return status_refusals(s).all;
}

static int64_t
refused_age(struct status *s, const struct status_place *p)
{
	struct status_refusals r = status_refusals(s);

	(void)p;
	return r.all == 0 ? STATUS_NONE : status_age(r.first);
}

static int64_t
refused_day(struct status *s, const struct status_place *p)
{
	(void)p;
	return status_refusals(s).day;
}

static int64_t
is_spent(struct status *s, const struct status_place *p)
{
	const char *limit = config_string(s->config, "limits", NULL,
	    "spend_day");

	return limit != NULL && value_of(of_site, OF_SITE, p, "cost_day") >=
	    (int64_t)(strtod(limit, NULL) * 1e6 + 0.5);
}

/* As the gate counts: first attempts, whatever became of them. */
static int64_t
full_readers(struct status *s, const struct status_place *p)
{
	int64_t limit = config_integer(s->config, "limits", NULL,
	    "recipient_day"), n = 0;
	char since[CLOCK_TEXT];
	struct ledger_rows *r;

	(void)p;
	if (limit == 0)
		return 0;
	r = ledger_select(s->ledger, "SELECT count(*) FROM (SELECT 1 FROM "
	    "channel c CROSS JOIN attempt a ON a.channel = c.name AND "
	    "a.started_at > ?1 AND a.number = 1 JOIN message m ON m.id = "
	    "a.message GROUP BY m.hash HAVING count(*) >= ?2)", "si",
	    clock_format(clock_now() - DAY, since), limit);
	if (ledger_next(r))
		n = ledger_int(r, 0);
	ledger_end(r);
	return n;
}

static int64_t
size_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return st.st_size;
	die_unless_absent(path);
	return 0;
}

static int64_t
wal_bytes(struct status *s, const struct status_place *p)
{
	(void)p;
	return size_of(arena_printf(s->mem, "%s-wal",
	    ledger_path(s->ledger)));
}

static int64_t
ledger_bytes(struct status *s, const struct status_place *p)
{
	return size_of(ledger_path(s->ledger)) + wal_bytes(s, p);
}

static int64_t
disk_free(struct status *s, const struct status_place *p)
{
	const char *path = config_path(s->config, "paths", NULL, "spool");
	struct statvfs v;

	(void)p;
	if (statvfs(path, &v) == 0)
		return (int64_t)(v.f_bavail * v.f_frsize);
	die_unless_absent(path);
	return STATUS_NONE;
}

/* The first or second word of a key of [status], in the measure's unit. */
static int64_t
limit_of(struct status *s, const struct status_measure *m, size_t word)
{
	const char *words = config_string(s->config, "status", NULL, m->limit);
	int64_t n = 0;
	char text[32];

	if (words == NULL || !config_word(words, word, text, sizeof(text)))
		return 0;
	if (m->unit == STATUS_SECONDS || m->unit == STATUS_SINCE)
		duration_parse(text, &n);
	else
		n = strtoll(text, NULL, 10);
	return n * (m->unit == STATUS_BYTES || m->unit == STATUS_ROOM ?
	    MIB : 1);
}

/* Of room there can be too little, of all else too much; 0 is no limit. */
static bool
is_beyond(const struct status_measure *m, int64_t value, int64_t limit)
{
	if (limit == 0)
		return false;
	return m->unit == STATUS_ROOM ? value < limit : value >= limit;
}

static void
judge(struct status *s, const struct status_place *p,
    const struct status_measure *m, int64_t value)
{
	struct status_excess *x;
	int64_t limit;
	size_t level;

	for (level = STATUS_CRITICAL; m->limit != NULL && level > 0; level--) {
		limit = limit_of(s, m, level - 1);
		if (value == STATUS_NONE || !is_beyond(m, value, limit))
			continue;
		x = arena_alloc(s->mem, sizeof(*x));
		*x = (struct status_excess){ .place = p, .measure = m,
		    .level = (enum status_level)level, .value = value,
		    .limit = limit };
		*s->last_excess = x;
		s->last_excess = &x->next;
		return;
	}
}

/* What is critical must not come before its warning. */
static int
check_limits(struct status *s, const struct source *sources, size_t count,
    struct error *e)
{
	const struct status_measure *m;
	int64_t warning, critical;

	for (size_t i = 0; i < count; i++) {
		m = &sources[i].measure;
		if (m->limit == NULL)
			continue;
		warning = limit_of(s, m, 0);
		critical = limit_of(s, m, 1);
		if (warning == 0 || critical == 0 || (m->unit == STATUS_ROOM ?
		    critical <= warning : critical >= warning))
			continue;
		return error_set(e, EX_CONFIG, "%s: [status] %s = %s: the "
		    "second, which is critical, would be reached first",
		    config_file(s->config), m->limit, config_string(s->config,
		    "status", NULL, m->limit));
	}
	return 0;
}

static int64_t
ask(struct status *s, const struct source *from, const struct status_place *p,
    const char *day_ago)
{
	struct ledger_rows *r;
	int64_t n = STATUS_NONE;

	if (from->function != NULL)
		return from->function(s, p);
	r = ledger_select(s->ledger, from->sql, from->types, p->name, s->at,
	    day_ago);
	if (ledger_next(r) && ledger_text(r, 0) != NULL)
		n = ledger_int(r, 0);
	ledger_end(r);
	return n;
}

static void
measure(struct status *s, const struct source *sources, size_t count,
    struct status_place *p)
{
	char day_ago[CLOCK_TEXT];

	clock_format(clock_now() - DAY, day_ago);
	for (size_t i = 0; i < count; i++)
		p->values[i] = ask(s, &sources[i], p, day_ago);
	for (size_t i = 0; i < count; i++)
		judge(s, p, &sources[i].measure, p->values[i]);
}

static void
add_channel(struct status *s, const char *name)
{
	struct status_place **at = &s->channels, *p;
	const struct config *c = s->config;

	for (; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->name, name) == 0)
			return;
	p = arena_alloc(s->mem, sizeof(*p));
	*p = (struct status_place){ .name = arena_strdup(s->mem, name) };
	if (config_has(c, "channel", name)) {
		p->type = config_string(c, "channel", name, "type");
		p->active = config_bool(c, "channel", name, "active");
	}
	*at = p;
}

/* Those of the configuration, and others that something still waits for. */
static void
find_channels(struct status *s)
{
	struct ledger_rows *r;
	const char *name;

	for (size_t i = 0; (name = config_name(s->config, "channel", i)) !=
	    NULL; i++)
		add_channel(s, name);
	r = ledger_select(s->ledger, "SELECT DISTINCT channel FROM message "
	    "WHERE state = 'queued' UNION SELECT channel FROM attempt WHERE "
	    "state IN ('open', 'in_doubt') ORDER BY 1", "");
	while (ledger_next(r))
		if (ledger_text(r, 0) != NULL)
			add_channel(s, ledger_text(r, 0));
	ledger_end(r);
}

/*
 * Of each program when it was last started, and the last of the last thousand
 * runs that changed something.
 */
static void
find_runs(struct status *s)
{
	struct status_run **at, *run;
	struct ledger_rows *r;
	instant t;

	status_find_started(s);
	r = ledger_select(s->ledger, "SELECT program, max(last_at), changes "
	    "FROM (SELECT * FROM run ORDER BY rowid DESC LIMIT 1000) "
	    "GROUP BY program ORDER BY program", "");
	while (ledger_next(r)) {
		for (at = &s->runs; *at != NULL && strcmp((*at)->program,
		    ledger_text(r, 0)) < 0; at = &(*at)->next)
			;
		if (*at == NULL || strcmp((*at)->program,
		    ledger_text(r, 0)) != 0) {
			run = arena_alloc(s->mem, sizeof(*run));
			*run = (struct status_run){ .next = *at,
			    .program = arena_strdup(s->mem, ledger_text(r, 0)),
			    .started = STATUS_NONE };
			*at = run;
		}
		(*at)->at = arena_strdup(s->mem, ledger_text(r, 1));
		(*at)->changes = ledger_int(r, 2);
		if (clock_parse((*at)->at, &t))
			(*at)->age = status_age(t);
	}
	ledger_end(r);
}

static void
find_flags(struct status *s)
{
	struct status_flag **at = &s->flags, *f;
	struct ledger_rows *r;
	instant t;

	r = ledger_select(s->ledger, "SELECT kind, count(*), min(created_at) "
	    "FROM flag WHERE resolved_at IS NULL GROUP BY kind ORDER BY kind",
	    "");
	while (ledger_next(r)) {
		f = arena_alloc(s->mem, sizeof(*f));
		*f = (struct status_flag){
		    .kind = arena_strdup(s->mem, ledger_text(r, 0)),
		    .count = ledger_int(r, 1) };
		if (clock_parse(ledger_text(r, 2), &t))
			f->age = status_age(t);
		*at = f;
		at = &f->next;
	}
	ledger_end(r);
}

static void
check_clock(struct status *s)
{
	struct error e;

	if (ledger_check_time(s->ledger, config_duration(s->config, "clock",
	    NULL, "max_gap"), &e) == -1 || ledger_check_export(s->ledger,
	    status_path(s, "journal"), &e) == -1)
		s->clock = arena_strdup(s->mem, e.text);
}

int
status_take(struct status *s, struct error *e)
{
	s->last_excess = &s->excesses;
	if (check_limits(s, of_channel, OF_CHANNEL, e) == -1 ||
	    check_limits(s, of_site, OF_SITE, e) == -1)
		return -1;
	clock_format(clock_now(), s->at);
	ledger_look(s->ledger);
	find_channels(s);
	for (struct status_place *p = s->channels; p != NULL; p = p->next)
		measure(s, of_channel, OF_CHANNEL, p);
	measure(s, of_site, OF_SITE, &s->site);
	find_runs(s);
	find_flags(s);
	check_clock(s);
	ledger_look_end(s->ledger);
	status_find_folders(s);
	return 0;
}

/* While the clock's guard holds, nothing at all is sent. */
enum status_level
status_level(const struct status *s)
{
	enum status_level level = s->clock == NULL ? STATUS_WELL :
	    STATUS_CRITICAL;

	for (const struct status_excess *x = s->excesses; x != NULL;
	    x = x->next)
		level = x->level > level ? x->level : level;
	return level;
}

const char *
status_level_name(enum status_level level)
{
	static const char *const names[] = { "ok", "warning", "critical" };

	return names[level];
}
