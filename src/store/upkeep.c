/* What keeps a ledger trustworthy: checks, verify, rebuild, backup. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "ledger_impl.h"
#include "schema.h"

/* All tables but journal and content, in the order they can be emptied. */
static const char *const projections[] = { "flag", "reminder_step",
	"assist", "inbound_media", "event", "attempt", "message",
	"conversation_tag", "conversation",
	"reminder", "consent", "contact_opt_out", "preference",
	"contact_address", "address", "contact", "channel", "provider_state",
	"run", "site_offset", "site", "message_day", "cost_day" };
/* A log that is worth the wait for those who read; and the wait. */
#define LOG_LONG	(64 * 1024 * 1024)
#define TRIM_MS		500

#define PROJECTIONS	(sizeof(projections) / sizeof(projections[0]))

int
ledger_check_time(struct ledger *l, int64_t max_gap, struct error *e)
{
	struct ledger_rows *r;
	char now[CLOCK_TEXT], last[CLOCK_TEXT] = "";
	instant t = clock_now(), then;
	bool near;

	if (max_gap == 0)
		return 0;
	/* A row's own time never goes back; what was confirmed may be less. */
	r = ledger_select(l, "SELECT data ->> '$.now' FROM journal WHERE op = "
	    "'clock.confirmed' ORDER BY seq DESC LIMIT 1", "");
	near = ledger_next(r) && ledger_text(r, 0) != NULL &&
	    clock_parse(ledger_text(r, 0), &then) && t - then <= max_gap &&
	    then - t <= max_gap;
	ledger_end(r);
	r = ledger_select(l, "SELECT at FROM journal ORDER BY seq DESC LIMIT "
	    "1", "");
	if (ledger_next(r) && ledger_text(r, 0) != NULL)
		snprintf(last, sizeof(last), "%s", ledger_text(r, 0));
	ledger_end(r);
	if (near || !clock_parse(last, &then) ||
	    (t - then <= max_gap && then - t <= max_gap))
		return 0;
	return error_set(e, EX_TEMPFAIL, "it is %s, but the ledger's last "
	    "entry is of %s: if the clock is right, say so with omni-ledger "
	    "confirm", clock_format(t, now), last);
}

/*
 * When this program was last started, for omni-status: a run in which nothing
 * changes leaves no row.  Its time is that of decisions.  Where it cannot be
 * written only that is not known.
 */
static void
note_start(struct config *c)
{
	const struct timespec now = { .tv_sec = clock_now() };
	char path[PATH_MAX + NAME_MAX];
	struct error e;
	int fd;

	snprintf(path, sizeof(path), "%s/run", config_path(c, "paths", NULL,
	    "spool"));
	if (io_make_dirs(path, 0750, &e) == -1)
		return;
	snprintf(path + strlen(path), NAME_MAX, "/%.200s.started",
	    program_invocation_short_name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd == -1)
		return;
	futimens(fd, (const struct timespec[]){ now, now });
	close(fd);
}

struct ledger *
ledger_start(struct config *c, enum ledger_mode mode, struct error *e)
{
	struct ledger *l = ledger_open(config_path(c, "paths", NULL,
	    "ledger"), mode, e);

	if (l != NULL && ledger_check_time(l, config_duration(c, "clock",
	    NULL, "max_gap"), e) == -1) {
		ledger_close(l);
		return NULL;
	}
	if (l != NULL && mode != LEDGER_READ)
		note_start(c);
	return l;
}

/* The highest number in names like 000000000001-000000000420.ndjson. */
static int64_t
exported_to(const char *dir)
{
	struct dirent *d;
	const char *dash;
	int64_t n, max = 0;
	DIR *handle;

	handle = opendir(dir);
	if (handle == NULL && errno == ENOENT)
		return 0;
	/* It guards against an old ledger, and must not be passed by. */
	if (handle == NULL)
		die(errno_status(errno), "%s: %s", dir, strerror(errno));
	while ((errno = 0, d = readdir(handle)) != NULL) {
		dash = strchr(d->d_name, '-');
		if (dash == NULL || d->d_name[0] < '0' || d->d_name[0] > '9' ||
		    strstr(dash, ".ndjson") == NULL)
			continue;
		n = strtoll(dash + 1, NULL, 10);
		if (n > max)
			max = n;
	}
	if (errno != 0)
		die(errno_status(errno), "%s: %s", dir, strerror(errno));
	closedir(handle);
	return max;
}

int
ledger_check_export(struct ledger *l, const char *journal_dir,
    struct error *e)
{
	int64_t have, exported = exported_to(journal_dir), seen;

	seen = ledger_seen(l);
	if (seen > 0)
		return error_set(e, EX_TEMPFAIL, "%.300s has lost its entry "
		    "%lld: an older file was put in its place. What it does "
		    "not know might be sent again; see omni-ledger(1), "
		    "confirm", l->path, (long long)seen);
	have = ledger_count(l, "SELECT max(seq) FROM journal", "");
	if (have >= exported || ledger_count(l, "SELECT max(data ->> "
	    "'$.exported_to') FROM journal WHERE op = 'clock.confirmed'",
	    "") >= exported)
		return 0;
	return error_set(e, EX_TEMPFAIL, "%.300s has %lld entries but was "
	    "exported up to %lld: an older file was put in its place. What it "
	    "does not know might be sent again; see omni-ledger(1), confirm",
	    l->path, (long long)have, (long long)exported);
}

void
ledger_confirm(struct ledger *l, const char *journal_dir)
{
	struct value *data = value_new_object();

	char now[CLOCK_TEXT];

	value_set_integer(data, "exported_to", exported_to(journal_dir));
	value_set_string(data, "now", clock_format(clock_now(), now));
	ledger_begin(l);
	ledger_append_take(l, "clock.confirmed", data);
	ledger_commit(l);
	ledger_see(l, true);
}

static void
replay(const struct ledger *l, sqlite3_stmt *journal, struct applier *a,
    int64_t *count)
{
	struct journal_row row;
	int rc;

	while ((rc = sqlite3_step(journal)) == SQLITE_ROW) {
		row.seq = sqlite3_column_int64(journal, 0);
		row.at = ledger_column(l, journal, 1);
		row.by = ledger_column(l, journal, 2);
		row.run = ledger_column(l, journal, 3);
		row.op = ledger_column(l, journal, 4);
		row.data = ledger_column(l, journal, 5);
		applier_apply(a, &row);
		(*count)++;
	}
	if (rc != SQLITE_DONE)
		ledger_fail(l, l->db, "read the journal");
}

#define JOURNAL	"SELECT seq, at, by, run, op, data FROM journal ORDER BY seq"

/* An empty database in a temporary file, with the ledger attached to it. */
static sqlite3 *
copy_open(const struct ledger *l)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	if (sqlite3_open_v2("", &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		ledger_fail(l, db, "open a temporary database");
	ledger_exec(l, db, "PRAGMA synchronous = OFF");
	stmt = ledger_prepare(l, db, "ATTACH ? AS live", NULL);
	if (sqlite3_bind_text(stmt, 1, l->path, -1, SQLITE_STATIC) !=
	    SQLITE_OK || sqlite3_step(stmt) != SQLITE_DONE)
		ledger_fail(l, db, "attach");
	sqlite3_finalize(stmt);
	ledger_exec(l, db, schema_sql);
	return db;
}

/* Rows that are in one of the two and not in the other. */
static int64_t
difference(const struct ledger *l, sqlite3 *db, const char *table)
{
	struct buf sql = BUF_INIT(4096);
	sqlite3_stmt *stmt;
	int64_t n;

	buf_printf(&sql, "SELECT count(*) FROM (SELECT * FROM ("
	    "SELECT * FROM live.%s EXCEPT SELECT * FROM main.%s) UNION ALL "
	    "SELECT * FROM (SELECT * FROM main.%s EXCEPT "
	    "SELECT * FROM live.%s))", table, table, table, table);
	stmt = ledger_prepare(l, db, buf_text(&sql), NULL);
	if (sqlite3_step(stmt) != SQLITE_ROW)
		ledger_fail(l, db, "compare");
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	buf_release(&sql);
	return n;
}

/* Bodies that are not what their key says: changed behind our back. */
static int64_t
changed_content(struct ledger *l)
{
	struct ledger_rows *r;
	char hash[DIGEST_HEX];
	const char *slash;
	int64_t bad = 0;

	r = ledger_select(l, "SELECT key, body FROM content WHERE body IS NOT "
	    "NULL", "");
	while (ledger_next(r)) {
		slash = strrchr(ledger_text(r, 0), '/');
		ledger_hash(l, ledger_text(r, 1), hash);
		if (slash == NULL || strcmp(slash + 1, hash) != 0)
			bad++;
	}
	ledger_end(r);
	return bad;
}

int
ledger_verify(struct ledger *l, void (*report)(void *, const char *, int64_t),
    void *ctx, int64_t *replayed)
{
	sqlite3 *db = copy_open(l);
	sqlite3_stmt *journal;
	struct applier *a;
	int64_t n;
	int bad = 0;

	/* One snapshot of the ledger for both reading and comparing. */
	ledger_exec(l, db, "BEGIN");
	journal = ledger_prepare(l, db, "SELECT seq, at, by, run, op, data "
	    "FROM live.journal ORDER BY seq", NULL);
	a = applier_open(l, db);
	*replayed = 0;
	replay(l, journal, a, replayed);
	sqlite3_finalize(journal);
	applier_close(a);
	for (size_t i = 0; i < PROJECTIONS; i++) {
		n = difference(l, db, projections[i]);
		if (n > 0) {
			report(ctx, projections[i], n);
			bad++;
		}
	}
	ledger_exec(l, db, "COMMIT");
	sqlite3_close(db);
	n = l->has_key ? changed_content(l) : 0;
	if (n > 0) {
		report(ctx, "content", n);
		bad++;
	}
	return bad;
}

/* All but the two tables that are the truth; their indexes and triggers too. */
static void
drop_all(struct ledger *l)
{
	struct buf sql = BUF_INIT(256 * 1024);
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT type, name FROM sqlite_schema WHERE sql IS "
	    "NOT NULL AND name NOT LIKE 'sqlite%' AND NOT (type = 'table' AND "
	    "name IN ('journal', 'content')) ORDER BY type = 'trigger' DESC, "
	    "type = 'view' DESC, type = 'index' DESC", "");
	while (ledger_next(r))
		buf_printf(&sql, "DROP %s \"%s\";", ledger_text(r, 0),
		    ledger_text(r, 1));
	ledger_end(r);
	ledger_exec(l, l->db, buf_text(&sql));
	buf_release(&sql);
}

static void
check_references(const struct ledger *l)
{
	sqlite3_stmt *stmt = ledger_prepare(l, l->db,
	    "PRAGMA foreign_key_check", NULL);

	if (sqlite3_step(stmt) == SQLITE_ROW)
		die(EX_SOFTWARE, "%s: a row of %s refers to nothing", l->path,
		    (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
}

int64_t
ledger_rebuild(struct ledger *l)
{
	sqlite3_stmt *journal;
	int64_t count = 0;

	/* Tables cannot be dropped one by one else; looked at once, below. */
	ledger_exec(l, l->db, "PRAGMA foreign_keys = OFF");
	ledger_begin(l);
	drop_all(l);
	ledger_exec(l, l->db, schema_sql);
	ledger_exec(l, l->db, views_sql);
	ledger_set_version(l);
	if (l->applier == NULL)
		l->applier = applier_open(l, l->db);
	journal = ledger_prepare(l, l->db, JOURNAL, NULL);
	replay(l, journal, l->applier, &count);
	sqlite3_finalize(journal);
	check_references(l);
	ledger_commit(l);
	ledger_exec(l, l->db, "PRAGMA foreign_keys = ON");
	return count;
}

/* SQLite cuts the log off and leaves it to the system when that is so. */
static int
sync_log(const struct ledger *l, struct error *e)
{
	char path[PATH_MAX + 8];
	int fd, rc = -1;

	snprintf(path, sizeof(path), "%s-wal", l->path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd != -1)
		rc = fsync(fd);
	if (rc == -1)
		error_errno(e, "%.400s", path);
	if (fd != -1)
		close(fd);
	return rc;
}

/* Into the ledger with all of the log, which is empty then; false: not now. */
static bool
empty_log(struct ledger *l)
{
	sqlite3_stmt *stmt;
	bool done;

	stmt = ledger_prepare(l, l->db, "PRAGMA wal_checkpoint(TRUNCATE)",
	    NULL);
	done = sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_int(stmt, 0) == 0;
	sqlite3_finalize(stmt);
	return done;
}

/*
 * An empty log makes the file a whole ledger, and the next program has nothing
 * to recover, while which a reader without patience finds it locked.  Who reads
 * just now is in the way, and that is all right; but a log that grew very long,
 * because somebody read for long or many did in turn, is worth a short wait.
 */
void
ledger_rest(struct ledger *l)
{
	char path[PATH_MAX + 8];
	struct stat st;
	bool is_long;

	snprintf(path, sizeof(path), "%s-wal", l->path);
	is_long = stat(path, &st) == 0 && st.st_size >= LOG_LONG;
	if (!l->wrote && !is_long)
		return;
	sqlite3_busy_timeout(l->db, is_long ? TRIM_MS : 0);
	empty_log(l);
}

/*
 * Zeroing what is freed from now on (secure_delete) would not do: a page that
 * was split or merged earlier may keep an old copy of a row.  Table attempt is
 * never deleted from, so that its row numbers, which senders remember, stay.
 */
int
ledger_scrub(struct ledger *l, struct error *e)
{
	bool done;

	ledger_lock_wait(l, F_WRLCK);
	/* A large ledger's copy must not have to fit into memory. */
	ledger_exec(l, l->db, "PRAGMA temp_store = FILE; VACUUM; "
	    "PRAGMA temp_store = MEMORY");
	done = empty_log(l);
	ledger_lock_wait(l, F_UNLCK);
	if (done)
		return sync_log(l, e);
	return error_set(e, EX_TEMPFAIL, "%.400s: somebody is reading it, and "
	    "so the log was not emptied", l->path);
}

/*
 * Left by a backup that was killed: the key as it is, and no ledger.  Another
 * key belongs to another backup.
 */
static bool
is_own_key(const struct ledger *l, const char *path)
{
	struct buf b = BUF_INIT(KEY_LEN);
	struct error e;
	bool own;

	own = io_read_file(AT_FDCWD, path, &b, &e) == 0 && b.len == KEY_LEN &&
	    memcmp(b.data, l->key, KEY_LEN) == 0;
	if (b.data != NULL)
		explicit_bzero(b.data, b.size);
	buf_release(&b);
	return own;
}

static void
remove_part(const char *part)
{
	char journal[PATH_MAX + 16];

	snprintf(journal, sizeof(journal), "%s-journal", part);
	unlink(part);
	unlink(journal);
}

static int
copy_pages(struct ledger *l, const char *to, struct error *e)
{
	sqlite3_backup *b;
	sqlite3 *db;
	int rc;

	remove_part(to);	/* of one that was killed */
	rc = sqlite3_open_v2(to, &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL);
	b = rc == SQLITE_OK ? sqlite3_backup_init(db, "main", l->db, "main") :
	    NULL;
	if (b != NULL) {
		rc = sqlite3_backup_step(b, -1);
		sqlite3_backup_finish(b);
	}
	if (b == NULL || rc != SQLITE_DONE)
		error_set(e, EX_IOERR, "%.300s: %s", to, sqlite3_errmsg(db));
	sqlite3_close(db);
	return b == NULL || rc != SQLITE_DONE ? -1 : 0;
}

static int
sync_parent(const char *path)
{
	char parent[PATH_MAX], *slash;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash != NULL)
		slash[1] = '\0';
	return io_sync_dir(AT_FDCWD, slash == NULL ? "." : parent);
}

/* The ledger gets its name last: who sees it sees a backup that is whole. */
int
ledger_backup(struct ledger *l, const char *to, struct error *e)
{
	char key[PATH_MAX], tmp[PATH_MAX];
	int rc;

	if (snprintf(key, sizeof(key), "%s.key", to) >= (int)sizeof(key) - 8)
		return error_set(e, EX_USAGE, "%.60s...: path too long", to);
	snprintf(tmp, sizeof(tmp), "%s.tmp", to);
	if (!l->has_key)
		return error_set(e, EX_NOPERM, "%.300s.key: may not be read, "
		    "and a backup needs it", l->path);
	if (access(to, F_OK) == 0 ||
	    (access(key, F_OK) == 0 && !is_own_key(l, key)))
		return error_set(e, EX_USAGE, "%.400s%s: exists already", to,
		    access(to, F_OK) == 0 ? "" : ".key");
	rc = copy_pages(l, tmp, e);
	if (rc == 0)
		rc = ledger_write_key(l, key, e);
	if (rc == 0 && rename(tmp, to) == -1)
		rc = error_errno(e, "%.400s", to);
	if (rc == 0 && sync_parent(to) == -1) {
		rc = error_errno(e, "%.400s", to);
		unlink(to);
	}
	if (rc == -1)
		remove_part(tmp);
	return rc;
}
