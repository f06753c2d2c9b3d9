/* The sender programs: channels, work orders, what is due, standard input. */

#include "engine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "engine_impl.h"
#include "store/spool.h"

/* The ids of one work order; what else it says decides nothing. */
static void
send_batch(struct engine *n, int dir, const char *name, int fd)
{
	struct buf text = BUF_INIT((size_t)256 * 1024 * 1024);
	const char **ids = NULL, *p, *nl;
	struct arena keep = ARENA_INIT((size_t)256 * 1024 * 1024);
	struct record r = RECORD_INIT;
	size_t count = 0;
	struct error e;

	if (io_read_fd(fd, name, &text, &e) == -1)
		diag("work order %s: %s", name, e.text);
	for (p = buf_text(&text); (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		if (record_parse(&r, p, (size_t)(nl - p), &e) == -1 ||
		    record_string(&r, "id") == NULL)
			continue;
		ids = reallocarray(ids, count + 1, sizeof(*ids));
		if (ids == NULL)
			die(EX_OSERR, "out of memory");
		ids[count++] = arena_strdup(&keep, record_string(&r, "id"));
	}
	record_release(&r);
	buf_release(&text);
	engine_send(n, ids, count);
	if (!engine_is_stopping() && !engine_is_blocked(n) &&
	    spool_done(dir, name) == -1)
		diag("work order %s: %s", name, strerror(errno));
	free(ids);
	arena_release(&keep);
}

static void
send_batches_in(struct engine *n, int dir, const char *sub)
{
	struct error e;
	char **names;
	size_t count;
	int fd;

	if (spool_names(dir, sub, 10000, &names, &count, &e) == -1) {
		diag("%s", e.text);
		return;
	}
	for (size_t i = 0; i < count && !engine_is_stopping() &&
	    !engine_is_blocked(n); i++) {
		fd = spool_claim(dir, sub, names[i]);
		if (fd == -1)
			continue;	/* gone, or another's: no matter */
		send_batch(n, dir, names[i], fd);
		close(fd);
	}
	spool_names_free(names, count);
}

/* Work orders are a convenience: without a spool the ledger tells enough. */
static void
send_batches(struct engine *n)
{
	char path[PATH_MAX];
	struct error e;
	int dir;

	snprintf(path, sizeof(path), "%s/outbound/%s", config_path(n->config,
	    "paths", NULL, "spool"), n->name);
	dir = spool_open(path, &e);
	if (dir == -1) {
		diag("%s", e.text);
		return;
	}
	send_batches_in(n, dir, "cur");
	send_batches_in(n, dir, "new");
	spool_sweep(dir, SWEEP_AGE);
	close(dir);
}

/*
 * Whatever else is due.  A message that is put off or held is not due any
 * more, and one that is refused for its set-up ends the run, so every page
 * makes progress; one that stays due all the same would not, hence `last`.
 */
static void
send_due(struct engine *n)
{
	struct arena keep = ARENA_INIT((size_t)16 * 1024 * 1024);
	const char *ids[PAGE];
	struct ledger_rows *r;
	char now[CLOCK_TEXT], last[256] = "";
	size_t count;

	do {
		arena_reset(&keep);
		count = 0;
		r = ledger_select(n->ledger, "SELECT id FROM message WHERE "
		    "channel = ? AND state = 'queued' AND due_at <= ? "
		    "ORDER BY priority, due_at, id LIMIT 200", "ss", n->name,
		    clock_format(clock_now(), now));
		while (count < PAGE && ledger_next(r))
			ids[count++] = arena_strdup(&keep, ledger_text(r, 0));
		ledger_end(r);
		if (count == 0 || strcmp(ids[0], last) == 0)
			break;
		snprintf(last, sizeof(last), "%s", ids[0]);
		engine_send(n, ids, count);
	} while (!engine_is_stopping() && !engine_is_blocked(n));
	arena_release(&keep);
}

static int64_t
count_due(struct engine *n)
{
	char now[CLOCK_TEXT];

	return ledger_count(n->ledger, "SELECT count(*) FROM message WHERE "
	    "channel = ? AND state = 'queued' AND due_at <= ?", "ss", n->name,
	    clock_format(clock_now(), now));
}

/* The ledger knows the channel as the configuration has it. */
static void
put_channel(struct engine *n)
{
	const struct config *c = n->config;
	struct value *data = value_new_object();
	const char *json, *from = config_string(c, "channel", n->name, "from");
	struct ledger_rows *r;
	bool same;

	value_set_string(data, "name", n->name);
	value_set_string(data, "type", n->type);
	value_set_string(data, "provider", n->provider_name);
	value_set_string(data, "kind", n->provider->kind);
	value_set_integer(data, "active", 1);
	if (from != NULL)
		value_set_string(data, "sender", from);
	value_set_string(data, "cost", config_string(c, "channel", n->name,
	    "cost"));
	value_set_string(data, "currency", config_string(c, "site", NULL,
	    "currency"));
	value_set_integer(data, "per_hour", config_integer(c, "channel",
	    n->name, "per_hour"));
	value_set_integer(data, "per_day", config_integer(c, "channel",
	    n->name, "per_day"));
	json = value_json(data, &n->mem);
	ledger_begin(n->ledger);
	r = ledger_select(n->ledger, "SELECT json_object('name', name, "
	    "'type', type, 'provider', provider, 'kind', kind, 'active', "
	    "active, 'sender', sender, 'cost', cost, 'currency', currency, "
	    "'per_hour', per_hour, 'per_day', per_day) FROM channel WHERE "
	    "name = ?", "s", n->name);
	same = ledger_next(r) && strcmp(ledger_text(r, 0), json) == 0;
	ledger_end(r);
	if (same)
		value_free(data);
	else
		ledger_append_take(n->ledger, "channel.put", data);
	ledger_commit(n->ledger);
}

/* EX_OK, or what is wrong, with a diagnostic. */
static int
channel_open(struct engine *n, const char *name, int *lock)
{
	int64_t rate;
	struct error e;

	n->name = name;
	n->provider_name = config_string(n->config, "channel", name,
	    "provider");
	n->provider = provider_find(config_string(n->config, "provider",
	    n->provider_name, "kind"), n->type);
	if (n->provider == NULL) {
		diag("[channel %s]: a provider of kind %s does not serve %s",
		    name, config_string(n->config, "provider",
		    n->provider_name, "kind"), n->type);
		return EX_CONFIG;
	}
	*lock = spool_lock(config_path(n->config, "paths", NULL, "spool"),
	    name, &e);
	if (*lock == -1) {
		diag("channel %s: %s", name, e.text);
		return e.status;
	}
	n->wire = wire_open(n->config, n->provider_name,
	    n->provider->transport, engine_is_stopping, &e);
	if (n->wire == NULL) {
		diag("channel %s: %s", name, e.text);
		close(*lock);
		return e.status;
	}
	rate = config_integer(n->config, "channel", name, "per_second");
	n->pause_ms = rate > 0 ? 1000 / rate : 0;
	n->outages = 0;
	n->spending = (struct spending){ .day = { .last = 0 } };
	n->held = 0;
	n->setup_failed = false;
	n->count = 0;
	return EX_OK;
}

static int
channel_end(struct engine *n, int lock)
{
	int rc = EX_OK;

	wire_close(n->wire);
	n->wire = NULL;
	close(lock);
	if (n->setup_failed) {
		diag("channel %s: %s: %s; nothing more is sent until this is "
		    "mended", n->name, n->provider->kind, n->setup);
		return EX_CONFIG;
	}
	if (n->outages >= OUTAGE_LIMIT)
		diag("channel %s: %s cannot be reached; %lld messages wait",
		    n->name, n->provider->kind, (long long)count_due(n));
	if (n->held > 0)
		diag("channel %s: %zu messages are held: %s; omni-queue "
		    "release lets them go", n->name, n->held, n->held_reason);
	if (count_due(n) > 0)
		rc = EX_TEMPFAIL;
	return rc;
}

static int
run_channel(struct engine *n, const char *name)
{
	int lock, rc = channel_open(n, name, &lock);

	if (rc != EX_OK)
		return rc;
	put_channel(n);
	engine_recover(n);
	send_batches(n);
	send_due(n);
	return channel_end(n, lock);
}

/* Of a record that the gate, or its state, kept from going out. */
static void
tell_not_sent(struct filter *f, struct engine *n, struct record *r,
    const char *id)
{
	struct value *v = value_new_object();
	struct ledger_rows *rows;
	bool known;

	rows = ledger_select(n->ledger, "SELECT state, reason FROM message "
	    "WHERE id = ?", "s", id);
	known = ledger_next(rows);
	if (known) {
		value_set_string(v, "outcome", "not_sent");
		value_set_string(v, "state", ledger_text(rows, 0));
		if (ledger_text(rows, 1) != NULL)
			value_set_string(v, "message", ledger_text(rows, 1));
	}
	ledger_end(rows);
	if (known) {
		record_set_take(r, "result", v);
		return;
	}
	value_free(v);
	filter_refuse(f, r, "not_queued", "id", "the ledger has no such "
	    "message; omni-queue takes it in");
}

/* With "-": the records of omni-queue, each sent as it comes. */
static void
each(struct filter *f, struct record *r)
{
	struct engine *n = f->ctx;
	const char *id = record_string(r, "id");
	const char *account = record_string(r, "account");

	if (id == NULL || account == NULL || strcmp(account, n->name) != 0 ||
	    engine_is_stopping() || engine_is_blocked(n))
		return;
	engine_turn(n, &id, 1);
	if (n->count == 1)
		record_set_take(r, "result", engine_result(n, &n->flights[0]));
	else
		tell_not_sent(f, n, r, id);
}

static void
commit(struct filter *f)
{
	struct engine *n = f->ctx;
	bool quiet = n->quiet;

	/* The record itself carries the result: no second line for it. */
	n->quiet = true;
	engine_land(n);
	n->quiet = quiet;
}

static int
run_filter(struct engine *n, const char *name)
{
	struct filter f = { .stage = "send", .each = each, .commit = commit,
	    .batch = 1, .quiet = n->quiet, .ctx = n };
	int lock, rc = channel_open(n, name, &lock), end;

	if (rc != EX_OK)
		return rc;
	put_channel(n);
	engine_recover(n);
	rc = filter_run(&f);
	if (engine_is_stopping() && (rc == EX_OK || rc == EX_REFUSED))
		rc = EX_TEMPFAIL;
	end = channel_end(n, lock);
	return end == EX_CONFIG ? end : rc;
}

/* The gravest of several channels' statuses. */
static int
worse(int a, int b)
{
	if (a == EX_OK || b == EX_OK)
		return a == EX_OK ? b : a;
	return a == EX_TEMPFAIL ? b : a;
}

static bool
is_wanted(const struct program *p, const char *name)
{
	if (p->argc == 0 || (p->argc == 1 && strcmp(p->argv[0], "-") == 0 &&
	    strcmp(name, "-") != 0))
		return true;
	for (int i = 0; i < p->argc; i++)
		if (strcmp(p->argv[i], name) == 0)
			return true;
	return false;
}

static void
check_arguments(const struct program *p, const char *type)
{
	for (int i = 0; i < p->argc; i++)
		if (strcmp(p->argv[i], "-") != 0 &&
		    (!config_has(p->config, "channel", p->argv[i]) ||
		    strcmp(config_string(p->config, "channel", p->argv[i],
		    "type"), type) != 0))
			die(EX_USAGE, "%s: no channel of type %s", p->argv[i],
			    type);
}

static int
run(struct engine *n, const struct program *p)
{
	bool stdin_too = is_wanted(p, "-") && p->argc > 0;
	const char *name;
	int rc = EX_OK;

	engine_expire(n);
	for (size_t i = 0; (name = config_name(n->config, "channel", i)) !=
	    NULL; i++) {
		if (strcmp(config_string(n->config, "channel", name, "type"),
		    n->type) != 0 || !config_bool(n->config, "channel", name,
		    "active") || !is_wanted(p, name))
			continue;
		if (engine_is_stopping())
			return worse(rc, EX_TEMPFAIL);
		if (stdin_too)
			return run_filter(n, name);
		rc = worse(rc, run_channel(n, name));
	}
	if (stdin_too) {
		diag("no active channel of type %s: nothing was read", n->type);
		return EX_CONFIG;
	}
	return rc;
}

/* Only who sends could send twice what an older file does not know. */
static int
check_export(struct engine *n, struct error *e)
{
	char journal[PATH_MAX];

	snprintf(journal, sizeof(journal), "%s/journal",
	    config_path(n->config, "paths", NULL, "spool"));
	return ledger_check_export(n->ledger, journal, e);
}

int
engine_main(int argc, char *argv[], const char *type)
{
	static struct engine n;
	struct program p = { .usage = "[-] [channel ...]",
	    .help = "  -                     send what standard input brings\n",
	    .takes_arguments = true };
	struct error e;
	int rc;

	program_start(&p, argc, argv);
	check_arguments(&p, type);
	engine_catch_signals();
	n.config = p.config;
	n.type = type;
	n.quiet = p.quiet;
	n.mem = (struct arena)ARENA_INIT((size_t)256 * 1024 * 1024);
	n.ledger = ledger_start(p.config, LEDGER_WRITE, &e);
	if (n.ledger == NULL || check_export(&n, &e) == -1 ||
	    quiet_open(&n.quiet_times, p.config, &e) == -1)
		die(e.status, "%s", e.text);
	rc = run(&n, &p);
	quiet_close(&n.quiet_times);
	ledger_close(n.ledger);
	arena_release(&n.mem);
	program_end(&p);
	return rc;
}
