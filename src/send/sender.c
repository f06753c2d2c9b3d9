/* The sender programs: channels, work orders, what is due, standard input. */

#include "engine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confined.h"
#include "base/io.h"
#include "engine_impl.h"
#include "store/spool.h"

/*
 * Where the ids come from: the work orders that a dead sender had taken, those
 * that are new, and then whatever else the ledger says is due.
 */
struct queue {
	enum { TAKEN, NEW, DUE, END } stage;
	int dir, fd;
	char **names;		/* of work orders */
	size_t name_count, name_at;
	const char **ids;	/* of the work order or page at hand */
	size_t count, room, at;
	struct arena keep;
	char last[256];		/* the first one of the page before */
};

static void
add_id(struct queue *s, const char *id)
{
	if (s->count == s->room) {
		s->room = s->room == 0 ? PAGE : s->room * 2;
		s->ids = reallocarray(s->ids, s->room, sizeof(*s->ids));
		if (s->ids == NULL)
			die(EX_OSERR, "out of memory");
	}
	s->ids[s->count++] = arena_strdup(&s->keep, id);
}

static void
forget_ids(struct queue *s)
{
	arena_reset(&s->keep);
	s->count = s->at = 0;
}

/*
 * The ids of one work order; what else it says decides nothing, so that it does
 * not matter whether it is JSON.
 */
static void
read_batch(struct queue *s, const char *name)
{
	struct buf text = BUF_INIT((size_t)256 * 1024 * 1024);
	struct record r = RECORD_INIT;
	const char *p, *nl;
	char id[256];
	struct error e;

	if (io_read_fd(s->fd, name, &text, &e) == -1)
		diag("work order %s: %s", name, e.text);
	for (p = buf_text(&text); (nl = strchr(p, '\n')) != NULL; p = nl + 1)
		if (record_peek(p, (size_t)(nl - p), "id", id, sizeof(id)))
			add_id(s, id);
		else if (record_parse(&r, p, (size_t)(nl - p), &e) == 0 &&
		    record_string(&r, "id") != NULL)
			add_id(s, record_string(&r, "id"));
	record_release(&r);
	buf_release(&text);
}

/* All of its ids have been looked at: the ledger knows the rest. */
static void
end_batch(struct queue *s)
{
	if (s->fd == -1)
		return;
	if (spool_done(s->dir, s->names[s->name_at - 1]) == -1)
		diag("work order %s: %s", s->names[s->name_at - 1],
		    strerror(errno));
	close(s->fd);
	s->fd = -1;
}

static void
list_batches(struct queue *s)
{
	struct error e;

	spool_names_free(s->names, s->name_count);
	s->names = NULL;
	s->name_count = s->name_at = 0;
	if (s->dir != -1 && s->stage < DUE && spool_names(s->dir,
	    s->stage == TAKEN ? "cur" : "new", 10000, &s->names,
	    &s->name_count, &e) == -1)
		diag("%s", e.text);
}

static void
next_batch(struct queue *s)
{
	const char *sub, *name;

	end_batch(s);
	if (s->name_at == s->name_count) {
		s->stage++;
		list_batches(s);
		return;
	}
	sub = s->stage == TAKEN ? "cur" : "new";
	name = s->names[s->name_at++];
	s->fd = spool_claim(s->dir, sub, name);
	/* Else it is gone, or another's, which does not matter. */
	if (s->fd != -1)
		read_batch(s, name);
	else if (errno == EINVAL) {
		diag("work order %s: not a plain file; set aside in bad/",
		    name);
		if (spool_reject(s->dir, sub, name, "not a plain file") == -1)
			diag("work order %s: %s", name, strerror(errno));
	}
}

/*
 * A message that is put off or held is not due any more, and one that is
 * refused for its set-up ends the run, so every page makes progress; one that
 * stays due all the same would not, hence `last`.
 */
static void
next_page(struct engine *n, struct queue *s)
{
	struct ledger_rows *r;
	char now[CLOCK_TEXT];

	/* With each priority named, what is due later is not gone through. */
	r = ledger_select(n->ledger, "SELECT id FROM message WHERE "
	    "channel = ? AND state = 'queued' AND priority IN (0, 1, 2) AND "
	    "due_at <= ? ORDER BY priority, due_at, id LIMIT 200", "ss",
	    n->name, clock_format(clock_now(), now));
	while (ledger_next(r))
		add_id(s, ledger_text(r, 0));
	ledger_end(r);
	if (s->count == 0 || strcmp(s->ids[0], s->last) == 0) {
		s->count = 0;
		s->stage = END;
	} else
		snprintf(s->last, sizeof(s->last), "%s", s->ids[0]);
}

static bool
next_message(struct engine *n, struct job *job)
{
	struct queue *s = n->source;

	while (s->at == s->count) {
		if (s->stage == END)
			return false;
		forget_ids(s);
		if (s->stage == DUE)
			next_page(n, s);
		else
			next_batch(s);
	}
	*job = (struct job){ .attempt = 0 };
	snprintf(job->id, sizeof(job->id), "%s", s->ids[s->at++]);
	return true;
}

/* Work orders are a convenience: without a spool the ledger tells enough. */
static void
send_all(struct engine *n)
{
	struct queue s = { .fd = -1,
	    .keep = ARENA_INIT((size_t)256 * 1024 * 1024) };
	char path[PATH_MAX];
	struct error e;

	snprintf(path, sizeof(path), "%s/outbound/%s", config_path(n->config,
	    "paths", NULL, "spool"), n->name);
	s.dir = spool_open(path, &e);
	if (s.dir == -1)
		diag("%s", e.text);
	list_batches(&s);
	n->source = &s;
	n->next = next_message;
	engine_run(n);
	n->source = NULL;
	/* Else its first message would be the first of each run to come. */
	if (n->setup_failed)
		end_batch(&s);
	if (s.dir != -1) {
		spool_sweep(s.dir, SWEEP_AGE);
		close(s.dir);
	}
	if (s.fd != -1)
		close(s.fd);
	spool_names_free(s.names, s.name_count);
	free(s.ids);
	arena_release(&s.keep);
}

static int64_t
count_due(struct engine *n)
{
	char now[CLOCK_TEXT];

	return ledger_count(n->ledger, "SELECT count(*) FROM message WHERE "
	    "channel = ? AND state = 'queued' AND priority IN (0, 1, 2) AND "
	    "due_at <= ?", "ss", n->name, clock_format(clock_now(), now));
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

static int
find_provider(struct engine *n)
{
	const char *kind = config_string(n->config, "provider",
	    n->provider_name, "kind");

	n->provider = provider_find(kind, n->type);
	if (n->provider != NULL)
		return EX_OK;
	diag("[channel %s]: a provider of kind %s does not serve %s", n->name,
	    kind, n->type);
	return EX_CONFIG;
}

static void
reset_run(struct engine *n)
{
	int64_t rate = config_integer(n->config, "channel", n->name,
	    "per_second");

	n->room = wire_room(n->wire);
	n->flights = calloc(n->room, sizeof(*n->flights));
	if (n->flights == NULL)
		die(EX_OSERR, "out of memory");
	n->limit = 1;
	n->busy = 0;
	n->pause_us = rate > 0 ? 1000000 / rate : 0;
	n->next_us = n->paused_until_ms = 0;
	n->pause_count = 0;
	n->spending = (struct spending){ .day = { .last = 0 } };
	n->held = 0;
	n->setup_failed = false;
}

static size_t
connections(const struct engine *n)
{
	int64_t count = config_integer(n->config, "channel", n->name,
	    "connections");

	return count < 1 ? 1 : count > ROOM_MAX ? ROOM_MAX : (size_t)count;
}

/* EX_OK, or what is wrong, with a diagnostic. */
static int
channel_open(struct engine *n, const char *name, int *lock)
{
	struct error e;

	n->name = name;
	n->provider_name = config_string(n->config, "channel", name,
	    "provider");
	if (find_provider(n) != EX_OK)
		return EX_CONFIG;
	*lock = spool_lock(config_path(n->config, "paths", NULL, "spool"),
	    name, &e);
	if (*lock == -1) {
		diag("channel %s: %s", name, e.text);
		return e.status;
	}
	n->wire = wire_open(n->config, n->provider_name, n->provider,
	    connections(n), engine_is_stopping, &e);
	if (n->wire == NULL) {
		diag("channel %s: %s", name, e.text);
		close(*lock);
		return e.status;
	}
	n->who = wire_credentials(n->wire);
	reset_run(n);
	return EX_OK;
}

/* Nobody was there lately: the run ends where it would begin. */
static void
try_provider(struct engine *n)
{
	if (!breaker_open(n))
		n->breaker.blocked = n->breaker.waits = true;
}

static int
channel_end(struct engine *n, int lock)
{
	char until[CLOCK_TEXT];
	int rc = EX_OK;

	breaker_close(n);
	wire_close(n->wire);
	n->wire = NULL;
	n->who = NULL;
	free(n->flights);
	n->flights = NULL;
	close(lock);
	if (n->output_gone)
		die(EX_IOERR, "stdout: %s", strerror(n->output_errno));
	if (n->setup_failed) {
		diag("channel %s: %s: %s: %s; nothing more is sent until this "
		    "is mended", n->name, n->provider->kind, n->setup_id,
		    n->setup);
		return EX_CONFIG;
	}
	if (n->breaker.blocked)
		diag("channel %s: %s %s; %lld messages wait; it is tried "
		    "again at %s", n->name, n->provider->kind,
		    n->breaker.retry_after > 0 ? "asks for a pause" :
		    "cannot be reached", (long long)count_due(n),
		    clock_format(n->breaker.until, until));
	if (n->held > 0)
		diag("channel %s: %zu messages are held: %s; omni-queue "
		    "release lets them go", n->name, n->held, n->held_reason);
	if (count_due(n) > 0)
		rc = EX_TEMPFAIL;
	return rc;
}

/* Without the lock: it changes nothing, and may run beside a sender. */
static int
try_channel(struct engine *n, const char *name)
{
	n->name = name;
	n->provider_name = config_string(n->config, "channel", name,
	    "provider");
	n->spending = (struct spending){ .day = { .last = 0 } };
	return find_provider(n) == EX_OK ? dry_run(n) : EX_CONFIG;
}

static int
run_channel(struct engine *n, const char *name)
{
	int lock, rc = channel_open(n, name, &lock);

	if (rc != EX_OK)
		return rc;
	put_channel(n);
	try_provider(n);
	doubt_recover(n);
	send_all(n);
	mark_read(n);
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

static bool
next_of_record(struct engine *n, struct job *job)
{
	struct queue *s = n->source;

	if (s->at == s->count)
		return false;
	*job = (struct job){ .attempt = 0 };
	snprintf(job->id, sizeof(job->id), "%s", s->ids[s->at++]);
	return true;
}

/* With "-": the records of omni-queue, each sent as it comes. */
static void
each(struct filter *f, struct record *r)
{
	struct engine *n = f->ctx;
	const char *id = record_string(r, "id");
	const char *account = record_string(r, "account");
	struct queue one = { .ids = &id, .count = 1 };

	if (id == NULL || account == NULL || strcmp(account, n->name) != 0 ||
	    engine_is_stopping() || n->setup_failed)
		return;
	n->source = &one;
	n->next = next_of_record;
	engine_run(n);
	n->source = NULL;
	if (n->result != NULL)
		record_set_take(r, "result", n->result);
	else
		tell_not_sent(f, n, r, id);
	n->result = NULL;
}

static int
run_filter(struct engine *n, const char *name)
{
	struct filter f = { .stage = "send", .each = each, .batch = 1,
	    .quiet = n->quiet, .ctx = n };
	int lock, rc = channel_open(n, name, &lock), end;

	if (rc != EX_OK)
		return rc;
	put_channel(n);
	try_provider(n);
	doubt_recover(n);
	/* The record itself carries the result: no second line for it. */
	n->keep_result = true;
	rc = filter_run(&f);
	n->keep_result = false;
	if ((engine_is_stopping() || n->breaker.blocked) &&
	    (rc == EX_OK || rc == EX_REFUSED))
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

static int
run(struct engine *n, const struct program *p)
{
	bool stdin_too = engine_is_wanted(p, "-") && p->argc > 0;
	const char *name;
	int rc = EX_OK;

	if (!n->dry_run)
		engine_expire(n);
	for (size_t i = 0; (name = config_name(n->config, "channel", i)) !=
	    NULL; i++) {
		if (strcmp(config_string(n->config, "channel", name, "type"),
		    n->type) != 0 || !config_bool(n->config, "channel", name,
		    "active") || !engine_is_wanted(p, name))
			continue;
		if (engine_is_stopping())
			return worse(rc, EX_TEMPFAIL);
		if (stdin_too)
			return run_filter(n, name);
		rc = worse(rc, n->dry_run ? try_channel(n, name) :
		    run_channel(n, name));
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

/* The key is read where a mail would carry what it makes. */
static int
open_tokens(struct engine *n, struct error *e)
{
	const struct config *c = n->config;

	n->tokens = strcmp(n->type, "email") == 0 && (config_string(c, "mail",
	    NULL, "bounce_domain") != NULL || (config_bool(c, "mail", NULL,
	    "reply_token") && config_string(c, "mail", NULL, "reply_to") !=
	    NULL && config_string(c, "links", NULL, "key") != NULL));
	return n->tokens ? links_init(&n->links, n->config, e) : 0;
}

int
engine_main(int argc, char *argv[], const char *type)
{
	static struct engine n;
	struct program p;
	struct error e;
	int rc;

	n.type = type;
	engine_options(&n, &p, argc, argv);
	n.mem = (struct arena)ARENA_INIT((size_t)256 * 1024 * 1024);
	if (n.check) {
		rc = mail_check_run(&n, &p);
		arena_release(&n.mem);
		program_end(&p);
		return rc;
	}
	engine_catch_signals();
	n.ledger = ledger_start(p.config, n.dry_run ? LEDGER_READ :
	    LEDGER_WRITE, &e);
	if (n.ledger == NULL || check_export(&n, &e) == -1 ||
	    quiet_open(&n.quiet_times, p.config, &e) == -1 ||
	    open_tokens(&n, &e) == -1)
		die(e.status, "%s", e.text);
	confined_sender(p.config);
	rc = run(&n, &p);
	quiet_close(&n.quiet_times);
	links_release(&n.links);
	ledger_close(n.ledger);
	arena_release(&n.mem);
	program_end(&p);
	return rc;
}
