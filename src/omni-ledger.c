/* omni-ledger - make, check, explain and keep the ledger */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/output.h"
#include "base/program.h"
#include "base/who.h"
#include "base/zone.h"
#include "message/why.h"
#include "store/ledger.h"
#include "store/spool.h"

#define EXPORT_CHUNK	(64 * 1024)
#define SWEEP_AGE	(36 * 3600)	/* of an export that was killed */

static int64_t since = 1;

static void
option(int ch, const char *arg, void *ctx)
{
	char *end;

	(void)ctx;
	if (ch != 's')
		return;
	since = strtoll(arg, &end, 10);
	if (end == arg || *end != '\0' || since < 0)
		die(EX_USAGE, "--since %s: not a number", arg);
}

static struct ledger *
open_or_die(struct program *p, enum ledger_mode mode)
{
	struct ledger *l;
	struct error e;

	l = ledger_open(config_path(p->config, "paths", NULL, "ledger"), mode,
	    &e);
	if (l == NULL)
		die(e.status, "%s", e.text);
	return l;
}

static void
add_offset(struct value *offsets, const char *from, int minutes)
{
	struct value *pair = value_new_array();

	value_append_take(pair, value_new_string(from));
	value_append_take(pair, value_new_integer(minutes));
	value_append_take(offsets, pair);
}

/* What the views need for local time: thirty years of changes of clocks. */
static struct value *
site_of(const struct config *c)
{
	const char *zone = config_string(c, "site", NULL, "timezone");
	const char *name = config_string(c, "site", NULL, "name");
	struct value *site = value_new_object(), *offsets = value_new_array();
	instant t, start, change;
	char text[CLOCK_TEXT];

	clock_parse("2020-01-01T00:00:00Z", &start);
	add_offset(offsets, "0000", zone_offset(zone, start));
	for (t = start; zone_next_change(zone, t, &change) &&
	    change < start + (instant)30 * 366 * 86400; t = change)
		add_offset(offsets, clock_format(change, text),
		    zone_offset(zone, change));
	if (name != NULL)
		value_set_string(site, "name", name);
	value_set_string(site, "timezone", zone);
	value_set_take(site, "offsets", offsets);
	return site;
}

/* Journals the site where it is not as the journal's last word has it. */
static void
put_site(struct program *p, struct ledger *l)
{
	struct arena mem = ARENA_INIT(4 * RECORD_MAX);
	struct value *site = site_of(p->config);
	struct ledger_rows *r;
	bool same;

	ledger_begin(l);
	value_set_integer(site, "v", LEDGER_ROW);
	r = ledger_select(l, "SELECT data FROM journal WHERE op = 'site.put' "
	    "ORDER BY seq DESC LIMIT 1", "");
	same = ledger_next(r) && strcmp(ledger_text(r, 0),
	    value_json(site, &mem)) == 0;
	ledger_end(r);
	if (same)
		value_free(site);
	else
		ledger_append_take(l, "site.put", site);
	ledger_commit(l);
	arena_release(&mem);
}

static int
do_init(struct program *p)
{
	struct ledger *l;

	if (!zone_data_is_current())
		die(EX_CONFIG, "the time zone data of this system is older "
		    "than 2022f and wrong for Mexico: update tzdata");
	l = open_or_die(p, LEDGER_CREATE);
	put_site(p, l);
	ledger_close(l);
	return EX_OK;
}

static void
report_table(void *ctx, const char *table, int64_t rows)
{
	(void)ctx;
	if (strcmp(table, "content") == 0)
		diag("content: %lld bodies are not those that were entered",
		    (long long)rows);
	else
		diag("%s: differs from a replay of the journal (%lld rows in "
		    "one of the two only)", table, (long long)rows);
}

static int
do_verify(struct program *p)
{
	struct ledger *l = open_or_die(p, LEDGER_READ);
	int64_t replayed;
	int bad;

	bad = ledger_verify(l, report_table, NULL, &replayed);
	if (!p->quiet)
		printf("%lld journal rows replayed; %s%s\n",
		    (long long)replayed, bad == 0 ?
		    "every projection is equal" : "projections differ",
		    ledger_has_key(l) ? "" :
		    "; bodies not checked (the key may not be read)");
	ledger_close(l);
	if (fflush(stdout) == EOF)
		die(EX_IOERR, "stdout: cannot be written");
	return bad == 0 ? EX_OK : EX_DATAERR;
}

static int
do_rebuild(struct program *p)
{
	struct ledger *l = open_or_die(p, LEDGER_RENEW);

	ledger_rebuild(l);
	ledger_close(l);
	return EX_OK;
}

/* One journal row as a line; `data` is valid JSON and goes in as it is. */
static void
export_row(struct ledger_rows *r, struct buf *out)
{
	static const char *const name[] = { "at", "by", "run", "op" };
	struct value *s;

	buf_printf(out, "{\"seq\":%lld", (long long)ledger_int(r, 0));
	for (int i = 0; i < 4; i++) {
		s = value_new_string(ledger_text(r, i + 1));
		buf_printf(out, ",\"%s\":", name[i]);
		value_write(s, out);
		value_free(s);
	}
	buf_printf(out, ",\"data\":%s", ledger_text(r, 5));
	buf_str(out, "}\n");
}

/* Writes the rows up to `last`; what is held back stays in `out`. */
static void
export_rows(struct ledger *l, int64_t last, int fd, const char *name,
    struct buf *out)
{
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT seq, at, by, run, op, data FROM journal "
	    "WHERE seq >= ? AND seq <= ? ORDER BY seq", "ii", since, last);
	while (ledger_next(r)) {
		export_row(r, out);
		if (out->len < EXPORT_CHUNK)
			continue;
		if (io_write_all(fd, buf_text(out), out->len) == -1)
			die(errno_status(errno), "%s: %s", name,
			    strerror(errno));
		buf_clear(out);
	}
	ledger_end(r);
}

/* Into spool/journal/FIRST-LAST.ndjson, durable before the name is there. */
static int
do_export(struct program *p)
{
	struct buf out = BUF_INIT(16 * RECORD_MAX);
	struct ledger *l = open_or_die(p, LEDGER_READ);
	char dir[PATH_MAX], name[64], tmp[80];
	int64_t last;
	struct error e;
	int fd, journal;

	snprintf(dir, sizeof(dir), "%s/journal",
	    config_path(p->config, "paths", NULL, "spool"));
	journal = io_open_dir(dir, 0750, &e);
	if (journal == -1)
		die(e.status, "%s", e.text);
	if (mkdirat(journal, "tmp", 0750) == -1 && errno != EEXIST)
		die(errno_status(errno), "%s/tmp: %s", dir, strerror(errno));
	spool_sweep(journal, SWEEP_AGE);
	last = ledger_count(l, "SELECT max(seq) FROM journal", "");
	if (last >= since) {
		snprintf(name, sizeof(name), "%012lld-%012lld.ndjson",
		    (long long)since, (long long)last);
		snprintf(tmp, sizeof(tmp), "tmp/%s", name);
		fd = io_create(journal, tmp, &e);
		if (fd == -1)
			die(e.status, "%s", e.text);
		export_rows(l, last, fd, tmp, &out);
		if (io_finish(journal, fd, tmp, name, &out, &e) == -1)
			die(e.status, "%s", e.text);
		if (!p->quiet && (printf("%s/%s\n", dir, name) < 0 ||
		    fflush(stdout) == EOF))
			die(EX_IOERR, "stdout: cannot be written");
	}
	buf_release(&out);
	close(journal);
	ledger_close(l);
	return EX_OK;
}

static int
do_backup(struct program *p)
{
	struct ledger *l = open_or_die(p, LEDGER_READ);
	struct error e;

	if (p->argc != 2)
		program_usage(p);
	if (ledger_backup(l, p->argv[1], &e) == -1)
		die(e.status, "%s", e.text);
	ledger_close(l);
	return EX_OK;
}

static int
do_why(struct program *p)
{
	struct ledger *l = open_or_die(p, LEDGER_READ);
	struct buf out = BUF_INIT(16 * RECORD_MAX);
	int rc = EX_OK;

	if (p->argc < 2)
		program_usage(p);
	for (int i = 1; i < p->argc; i++)
		if (!why_tell(l, p->argv[i], &out)) {
			diag("%s: neither a message nor a reminder of this "
			    "ledger", p->argv[i]);
			rc = EX_REFUSED;
		}
	ledger_close(l);
	if (io_write_all(STDOUT_FILENO, buf_text(&out), out.len) == -1)
		die(EX_IOERR, "stdout: cannot be written");
	buf_release(&out);
	return rc;
}

/* Staff has looked at a flag. */
static int
do_resolve(struct program *p)
{
	struct ledger *l = open_or_die(p, LEDGER_WRITE);
	const char *who = who_asks();
	struct value *data;
	int rc = EX_OK;

	if (p->argc < 2)
		program_usage(p);
	ledger_begin(l);
	for (int i = 1; i < p->argc; i++) {
		if (ledger_count(l, "SELECT count(*) FROM flag WHERE "
		    "CAST(id AS TEXT) = ?1 AND resolved_at IS NULL", "s",
		    p->argv[i]) == 0) {
			diag("%s: not an open flag", p->argv[i]);
			rc = EX_REFUSED;
			continue;
		}
		data = value_new_object();
		value_set_integer(data, "id", strtoll(p->argv[i], NULL, 10));
		value_set_string(data, "by", who);
		ledger_append_take(l, "flag.resolved", data);
	}
	ledger_commit(l);
	ledger_close(l);
	return rc;
}

static const char *
setting(struct program *p, const char *name)
{
	char section[64], *key;

	snprintf(section, sizeof(section), "%s", name);
	key = strchr(section, '.');
	if (key == NULL)
		program_usage(p);
	*key++ = '\0';
	if (!config_is_key(section, key))
		die(EX_USAGE, "%s: no such setting without a name", name);
	return config_is_path(section, key) ?
	    config_path(p->config, section, NULL, key) :
	    config_string(p->config, section, NULL, key);
}

/*
 * For scripts: one setting a line, paths made absolute.  Of several each has
 * its line, empty where there is no value.
 */
static int
do_setting(struct program *p)
{
	const char *value;
	int rc = EX_OK;

	if (p->argc < 2)
		program_usage(p);
	for (int i = 1; i < p->argc; i++) {
		value = setting(p, p->argv[i]);
		if (value == NULL)
			rc = EX_REFUSED;
		if (value == NULL && p->argc == 2)
			break;
		printf("%s\n", value == NULL ? "" : value);
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		die(EX_IOERR, "stdout: cannot be written");
	return rc;
}

/* A person says: the clock is right, this file is the one to go on with. */
static int
do_confirm(struct program *p)
{
	struct ledger *l = open_or_die(p, LEDGER_WRITE);
	char journal[PATH_MAX];

	snprintf(journal, sizeof(journal), "%s/journal",
	    config_path(p->config, "paths", NULL, "spool"));
	ledger_confirm(l, journal);
	ledger_close(l);
	return EX_OK;
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int (*run)(struct program *);
		bool takes_arguments;
	} commands[] = {
		{ "init", do_init, false }, { "verify", do_verify, false },
		{ "rebuild", do_rebuild, false },
		{ "export", do_export, false }, { "backup", do_backup, true },
		{ "why", do_why, true }, { "confirm", do_confirm, false },
		{ "setting", do_setting, true },
		{ "resolve", do_resolve, true }
	};
	static const struct option longs[] = {
		{ "since", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = {
		.usage = "init | verify | rebuild | export [--since seq] | "
		    "backup file | why id ... | resolve flag ... | "
		    "confirm | setting section.key ...",
		.help = "  --since seq           export from this journal row "
		    "on\n",
		.longs = longs, .option = option, .takes_arguments = true
	};
	int rc;

	program_start(&p, argc, argv);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (p.argc > 0 && strcmp(p.argv[0], commands[i].name) == 0 &&
		    (p.argc == 1 || commands[i].takes_arguments)) {
			rc = commands[i].run(&p);
			program_end(&p);
			return rc;
		}
	program_usage(&p);
}
