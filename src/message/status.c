#include "status.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"

#define DAY		86400
#define SHARE_LEAST	20	/* a share of fewer messages says nothing */
#define MIB		(1024 * 1024)

/*
 * Where a value comes from: a query of one number, with ?1 the channel, ?2 now
 * and ?3 a day ago, as far as it asks for them; or a function, after the
 * queries.  Each query is answered from an index of what is open or of the last
 * day, never from all that ever was: a partial index is taken only where its own
 * condition stands in the query.
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
static int64_t inbound_files(struct status *, const struct status_place *);
static int64_t inbound_age(struct status *, const struct status_place *);
static int64_t inbound_bad(struct status *, const struct status_place *);
static int64_t refused(struct status *, const struct status_place *);
static int64_t refused_age(struct status *, const struct status_place *);
static int64_t refused_day(struct status *, const struct status_place *);
static int64_t run_age(struct status *, const struct status_place *);
static int64_t ledger_bytes(struct status *, const struct status_place *);
static int64_t disk_free(struct status *, const struct status_place *);

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
	    "channel = ?1 AND due_at <= ?2", "ss", NULL },
	{ { "due_age", "oldest", "For how long the oldest of them has been "
	    "due.", STATUS_SECONDS, "due_age" },
	    AGE("due_at", "message WHERE state = 'queued' AND channel = ?1 "
	    "AND due_at <= ?2"), "ss", NULL },
	{ { "held", "held", "Messages that wait for a person to release them.",
	    STATUS_COUNT, "held" },
	    "SELECT count(*) FROM message WHERE state IN ('failed', 'refused', "
	    "'held') AND state = 'held' AND channel = ?1", "s", NULL },
	{ { "in_doubt", "doubt", "Attempts of which nobody knows whether they "
	    "arrived.", STATUS_COUNT, "doubt" },
	    "SELECT count(*) FROM attempt WHERE state IN ('open', 'in_doubt') "
	    "AND channel = ?1 AND state = 'in_doubt'", "s", NULL },
	{ { "in_doubt_age", "oldest", "For how long the oldest of them has "
	    "been in doubt.", STATUS_SECONDS, "doubt_age" },
	    AGE("doubted_at", "attempt WHERE state IN ('open', 'in_doubt') AND "
	    "channel = ?1 AND state = 'in_doubt'"), "ss", NULL },
	{ { "open", "open", "Attempts on their way, or of a sender that died.",
	    STATUS_COUNT, NULL },
	    "SELECT count(*) FROM attempt WHERE state IN ('open', 'in_doubt') "
	    "AND channel = ?1 AND state = 'open'", "s", NULL },
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
	    "day is reached.", STATUS_YES, NULL }, NULL, "", is_limited },
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
	{ { "flags", "flags", "Open flags: what a person must look at.",
	    STATUS_COUNT, "flags" },
	    "SELECT count(*) FROM flag WHERE resolved_at IS NULL", "", NULL },
	{ { "unread", "unread", "Answers that a person must read.",
	    STATUS_COUNT, "unread" },
	    "SELECT count(*) FROM message WHERE is_unread = 1", "", NULL },
	{ { "run_age", "last omni-run", "How long ago omni-run was last "
	    "started.", STATUS_SECONDS, "run_age" }, NULL, "", run_age },
	{ { "ledger_bytes", "ledger", "Size of the ledger with its log.",
	    STATUS_BYTES, NULL }, NULL, "", ledger_bytes },
	{ { "disk_free_bytes", "disk free", "Room left where the spool is.",
	    STATUS_BYTES, "disk_free" }, NULL, "", disk_free },
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

static const char *
spool_path(struct status *s, const char *below)
{
	return arena_printf(s->mem, "%s/%s", config_path(s->config, "paths",
	    NULL, "spool"), below);
}

/* Counts files; their names begin with the second they were made in. */
static int64_t
count_files(struct status *s, const char *below, int64_t *oldest)
{
	DIR *dir = opendir(spool_path(s, below));
	struct dirent *d;
	int64_t n = 0, t;

	if (dir == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' || strstr(d->d_name, ".reason") != NULL)
			continue;
		n++;
		t = strtoll(d->d_name, NULL, 10);
		if (oldest != NULL && t > 0 && t < *oldest)
			*oldest = t;
	}
	closedir(dir);
	return n;
}

static int64_t
inbound_files(struct status *s, const struct status_place *p)
{
	(void)p;
	return count_files(s, "inbound/new", NULL) +
	    count_files(s, "inbound/cur", NULL);
}

static int64_t
age_of(instant t)
{
	return t > clock_now() ? 0 : clock_now() - t;
}

static int64_t
inbound_age(struct status *s, const struct status_place *p)
{
	int64_t oldest = INT64_MAX;

	(void)p;
	count_files(s, "inbound/new", &oldest);
	count_files(s, "inbound/cur", &oldest);
	return oldest == INT64_MAX ? STATUS_NONE : age_of(oldest);
}

static int64_t
inbound_bad(struct status *s, const struct status_place *p)
{
	(void)p;
	return count_files(s, "inbound/bad", NULL);
}

struct refusals {
	int64_t all, day;
	instant first;		/* if there are any */
};

/*
 * The lines that the CGI has written, each of one webhook: see the description
 * of inbound/refused in omni-spool(5).
 */
static void
count_refused(struct status *s, const char *below, struct refusals *r)
{
	FILE *f = fopen(spool_path(s, below), "re");
	char line[128];
	instant at;

	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, " \n")] = '\0';
		if (!clock_parse(line, &at))
			continue;
		if (r->all == 0 || at < r->first)
			r->first = at;
		r->all++;
		r->day += at > clock_now() - DAY;
	}
	fclose(f);
}

static struct refusals
refusals_of(struct status *s)
{
	struct refusals r = { .all = 0 };

	count_refused(s, "inbound/refused.1", &r);
	count_refused(s, "inbound/refused", &r);
	return r;
}

static int64_t
refused(struct status *s, const struct status_place *p)
{
	(void)p;
	return refusals_of(s).all;
}

static int64_t
refused_age(struct status *s, const struct status_place *p)
{
	struct refusals r = refusals_of(s);

	(void)p;
	return r.all == 0 ? STATUS_NONE : age_of(r.first);
}

static int64_t
refused_day(struct status *s, const struct status_place *p)
{
	(void)p;
	return refusals_of(s).day;
}

/*
 * A night in which nothing changes leaves no row in the ledger, but each run
 * empties the file of its lock anew.
 */
static int64_t
run_age(struct status *s, const struct status_place *p)
{
	struct stat st;

	(void)p;
	if (stat(spool_path(s, "run/run.lock"), &st) == -1)
		return STATUS_NONE;
	return age_of(st.st_mtime);
}

static int64_t
ledger_bytes(struct status *s, const struct status_place *p)
{
	const char *path = ledger_path(s->ledger);
	struct stat st;
	int64_t n = 0;

	(void)p;
	if (stat(path, &st) == 0)
		n += st.st_size;
	if (stat(arena_printf(s->mem, "%s-wal", path), &st) == 0)
		n += st.st_size;
	return n;
}

static int64_t
disk_free(struct status *s, const struct status_place *p)
{
	struct statvfs v;

	(void)p;
	if (statvfs(config_path(s->config, "paths", NULL, "spool"), &v) == -1)
		return STATUS_NONE;
	return (int64_t)(v.f_bavail * v.f_frsize);
}

/* What a person wrote in [status], in the measure's unit; 0 is no limit. */
static int64_t
limit_of(struct status *s, const struct status_measure *m)
{
	if (m->unit == STATUS_SECONDS)
		return config_duration(s->config, "status", NULL, m->limit);
	return config_integer(s->config, "status", NULL, m->limit) *
	    (m->unit == STATUS_BYTES ? MIB : 1);
}

static void
judge(struct status *s, const struct status_place *p,
    const struct status_measure *m, int64_t value)
{
	int64_t limit = m->limit == NULL ? 0 : limit_of(s, m);
	struct status_excess *x;

	if (limit == 0 || value == STATUS_NONE)
		return;
	/* Of room there can be too little, of all else too much. */
	if (m->unit == STATUS_BYTES ? value >= limit : value < limit)
		return;
	x = arena_alloc(s->mem, sizeof(*x));
	*x = (struct status_excess){ .place = p, .measure = m, .value = value,
	    .limit = limit };
	*s->last_excess = x;
	s->last_excess = &x->next;
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

/* Of each program the last run that changed something, of the last thousand. */
static void
find_runs(struct status *s)
{
	struct status_run **at = &s->runs, *run;
	struct ledger_rows *r;
	instant t;

	r = ledger_select(s->ledger, "SELECT program, max(last_at), changes "
	    "FROM (SELECT * FROM run ORDER BY rowid DESC LIMIT 1000) "
	    "GROUP BY program ORDER BY program", "");
	while (ledger_next(r)) {
		run = arena_alloc(s->mem, sizeof(*run));
		*run = (struct status_run){
		    .program = arena_strdup(s->mem, ledger_text(r, 0)),
		    .at = arena_strdup(s->mem, ledger_text(r, 1)),
		    .changes = ledger_int(r, 2) };
		if (clock_parse(run->at, &t))
			run->age = age_of(t);
		*at = run;
		at = &run->next;
	}
	ledger_end(r);
}

static void
check_clock(struct status *s)
{
	struct error e;

	if (ledger_check_time(s->ledger, config_duration(s->config, "clock",
	    NULL, "max_gap"), &e) == -1 || ledger_check_export(s->ledger,
	    spool_path(s, "journal"), &e) == -1)
		s->clock = arena_strdup(s->mem, e.text);
}

void
status_take(struct status *s)
{
	s->last_excess = &s->excesses;
	clock_format(clock_now(), s->at);
	ledger_look(s->ledger);
	find_channels(s);
	for (struct status_place *p = s->channels; p != NULL; p = p->next)
		measure(s, of_channel, OF_CHANNEL, p);
	measure(s, of_site, OF_SITE, &s->site);
	find_runs(s);
	check_clock(s);
	ledger_look_end(s->ledger);
}

bool
status_is_well(const struct status *s)
{
	return s->excesses == NULL && s->clock == NULL;
}
