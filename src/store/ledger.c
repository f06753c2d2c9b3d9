#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/io.h"
#include "ledger_impl.h"
#include "library.h"
#include "schema.h"

#define BUSY_MS		10000	/* for a reader while a writer checkpoints */

static int
sqlite_status(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_NOMEM:
		return EX_TEMPFAIL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EX_DATAERR;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return EX_NOPERM;
	case SQLITE_CONSTRAINT:
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
		return EX_SOFTWARE;
	default:
		return EX_IOERR;
	}
}

void
ledger_fail(const struct ledger *l, sqlite3 *db, const char *what)
{
	int rc = sqlite3_extended_errcode(db), status = sqlite_status(rc);

	/* SQLite reports a write cut short by a full disk as an I/O error. */
	if ((rc & 0xff) == SQLITE_IOERR && (sqlite3_system_errno(db) == ENOSPC ||
	    sqlite3_system_errno(db) == EDQUOT))
		status = EX_TEMPFAIL;
	die(status, "%s: %s: %s", l->path, what, sqlite3_errmsg(db));
}

void
ledger_exec(const struct ledger *l, sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		ledger_fail(l, db, "exec");
}

sqlite3_stmt *
ledger_prepare(const struct ledger *l, sqlite3 *db, const char *sql,
    const char **tail)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
	    tail) != SQLITE_OK)
		ledger_fail(l, db, "prepare");
	return stmt;
}

static int64_t
pragma(struct ledger *l, const char *sql)
{
	sqlite3_stmt *stmt = ledger_prepare(l, l->db, sql, NULL);
	int64_t n = 0;
	int rc;

	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	else if (rc != SQLITE_DONE)
		ledger_fail(l, l->db, "pragma");
	sqlite3_finalize(stmt);
	return n;
}

int
ledger_write_key(const struct ledger *l, const char *path, struct error *e)
{
	struct buf b = BUF_INIT(KEY_LEN);
	char parent[PATH_MAX + 8], tmp[PATH_MAX + 16], *slash;
	int dir, fd, rc;

	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash != NULL)
		*slash = '\0';
	dir = io_open_dir(slash == NULL ? "." : *parent == '\0' ? "/" :
	    parent, 0750, e);
	if (dir == -1)
		return -1;
	path = slash == NULL ? path : path + (slash - parent) + 1;
	buf_add(&b, l->key, KEY_LEN);
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	rc = fd == -1 ? error_errno(e, "%s", tmp) :
	    io_finish(dir, fd, tmp, path, &b, e);
	close(dir);
	if (b.data != NULL)
		explicit_bzero(b.data, b.size);
	buf_release(&b);
	return rc;
}

/* The key that makes hashes of addresses worthless to who has no key. */
static int
key_open(struct ledger *l, struct error *e)
{
	struct buf b = BUF_INIT(KEY_LEN);
	char path[PATH_MAX + 8];
	int rc;

	snprintf(path, sizeof(path), "%s.key", l->path);
	if (l->mode == LEDGER_CREATE && access(path, F_OK) == -1 &&
	    errno == ENOENT) {
		/* A new key would make strangers of all known addresses. */
		if (pragma(l, "PRAGMA user_version") != 0)
			return error_set(e, EX_CONFIG, "%.400s: the ledger's "
			    "key is gone: put it back from the backup", path);
		digest_random(l->key, KEY_LEN);
		l->has_key = ledger_write_key(l, path, e) == 0;
		return l->has_key ? 0 : -1;
	}
	/* Staff may read the ledger, but not who an erased person was. */
	if (l->mode == LEDGER_READ && access(path, R_OK) == -1 &&
	    errno == EACCES)
		return 0;
	rc = guard_path(path, GUARD_READ, e);
	if (rc == 0) {
		rc = io_read_file(AT_FDCWD, path, &b, e);
		if (rc == -1 && errno == ENOENT)
			e->status = EX_CONFIG;
	}
	if (rc == 0 && b.len != KEY_LEN)
		rc = error_set(e, EX_DATAERR, "%s: not a ledger's key", path);
	if (rc == 0) {
		memcpy(l->key, b.data, KEY_LEN);
		l->has_key = true;
	}
	buf_release(&b);
	return rc;
}

static void
fingerprint(const struct ledger *l, char out[DIGEST_HEX])
{
	digest_hmac_sha256(l->key, KEY_LEN, "fingerprint", 11, out);
}

/*
 * Everybody's health and telephone number is in it.  What root writes to
 * another's ledger leaves locks that the other cannot open.
 */
static int
file_check(const struct ledger *l, struct error *e)
{
	int fd, rc = guard_path(l->path, GUARD_READ, e);

	if (rc == -1 || l->mode == LEDGER_READ)
		return rc;
	fd = open(l->path, O_PATH | O_CLOEXEC);
	if (fd == -1)
		return 0;
	rc = guard_root(fd, l->path, "would leave files that it cannot open",
	    e);
	close(fd);
	return rc;
}

/* SQLite says of each file that it cannot open only that. */
static int
tell_unopened(struct ledger *l, struct error *e)
{
	int rc = sqlite3_errcode(l->db), why = sqlite3_system_errno(l->db);

	return error_set(e, sqlite_status(rc), "%.400s: %s%s%s", l->path,
	    sqlite3_errmsg(l->db), rc == SQLITE_CANTOPEN && why != 0 ? ": " :
	    "", rc == SQLITE_CANTOPEN && why != 0 ? strerror(why) : "");
}

static int
file_open(struct ledger *l, struct error *e)
{
	int flags = l->mode == LEDGER_READ ? SQLITE_OPEN_READONLY :
	    SQLITE_OPEN_READWRITE, on = 1;

	if (l->mode == LEDGER_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	else if (access(l->path, F_OK) == -1 && errno == ENOENT)
		return error_set(e, EX_UNAVAILABLE, "%.400s: no ledger there; "
		    "make one with omni-ledger init", l->path);
	library_start();
	if (sqlite3_open_v2(l->path, &l->db, flags | SQLITE_OPEN_NOMUTEX,
	    NULL) != SQLITE_OK)
		return tell_unopened(l, e);
	if (l->mode != LEDGER_READ && sqlite3_db_readonly(l->db, "main") == 1)
		return error_set(e, EX_NOPERM, "%.400s: may not be written",
		    l->path);
	sqlite3_extended_result_codes(l->db, 1);
	sqlite3_busy_timeout(l->db, BUSY_MS);
	sqlite3_db_config(l->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(l->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(l->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* That would lock the file, and tell staff so who come just then. */
	sqlite3_db_config(l->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	/* Staff may only read: -wal and -shm must be there for them. */
	sqlite3_file_control(l->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	return 0;
}

static void
configure(struct ledger *l)
{
	if (l->mode != LEDGER_READ)
		ledger_exec(l, l->db, "PRAGMA journal_mode = WAL");
	ledger_exec(l, l->db, "PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON; PRAGMA cache_size = -16000;"
	    "PRAGMA temp_store = MEMORY; PRAGMA recursive_triggers = ON");
}

void
ledger_set_version(struct ledger *l)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA_VERSION);
	ledger_exec(l, l->db, sql);
}

static void
create_tables(struct ledger *l)
{
	struct value *data = value_new_object();
	char print[DIGEST_HEX];

	ledger_begin(l);
	if (pragma(l, "PRAGMA user_version") != 0) {
		value_free(data);
		ledger_rollback(l);
		return;
	}
	ledger_exec(l, l->db, schema_sql);
	ledger_exec(l, l->db, views_sql);
	ledger_set_version(l);
	fingerprint(l, print);
	value_set_string(data, "key_fingerprint", print);
	ledger_append_take(l, "ledger.created", data);
	ledger_commit(l);
}

static int
check_version(struct ledger *l, struct error *e)
{
	int64_t version = pragma(l, "PRAGMA user_version");

	if (version == 0 && l->mode != LEDGER_CREATE)
		return error_set(e, EX_UNAVAILABLE, "%.400s: empty; make a "
		    "ledger with omni-ledger init", l->path);
	if (version > SCHEMA_VERSION)
		return error_set(e, EX_CONFIG, "%.400s: of a later omni "
		    "(version %d, this one knows %d)", l->path, (int)version,
		    SCHEMA_VERSION);
	/* The journal is the same; what follows from it can be made anew. */
	if (version != 0 && version < SCHEMA_VERSION && l->mode !=
	    LEDGER_RENEW)
		return error_set(e, EX_CONFIG, "%.400s: of an earlier omni "
		    "(version %d, this one makes %d); omni-ledger rebuild "
		    "makes its tables anew, from the journal", l->path,
		    (int)version, SCHEMA_VERSION);
	return 0;
}

static int
check_key(struct ledger *l, struct error *e)
{
	struct ledger_rows *r;
	char print[DIGEST_HEX];
	bool same;

	if (!l->has_key)
		return 0;
	fingerprint(l, print);
	r = ledger_select(l, "SELECT key_fingerprint FROM site", "");
	same = ledger_next(r) && digest_equal(print, ledger_text(r, 0));
	ledger_end(r);
	if (!same)
		return error_set(e, EX_CONFIG, "%.400s.key: not the key of "
		    "this ledger", l->path);
	return 0;
}

static int
prepare_all(struct ledger *l, struct error *e)
{
	if (file_check(l, e) == -1 || file_open(l, e) == -1 || key_open(l, e) == -1)
		return -1;
	configure(l);
	if (check_version(l, e) == -1)
		return -1;
	if (l->mode == LEDGER_CREATE)
		create_tables(l);
	return check_key(l, e);
}

void
ledger_lock_wait(struct ledger *l, short how)
{
	struct flock f = { .l_type = how, .l_whence = SEEK_SET };
	int rc;

	/*
	 * An open-file-description lock: unlike flock(2) over NFS it is also
	 * local, and unlike plain fcntl(2) closing another descriptor of the
	 * file does not drop it.
	 */
	do
		rc = fcntl(l->lock, F_OFD_SETLKW, &f);
	while (rc == -1 && errno == EINTR);
	if (rc == -1)
		die(errno_status(errno), "%s.lock: %s", l->path,
		    strerror(errno));
}

/* The directory must be there before SQLite, which would not say why. */
static int
lock_open(struct ledger *l, struct error *e)
{
	char path[PATH_MAX + 8], dir[PATH_MAX], *slash;

	snprintf(dir, sizeof(dir), "%s", l->path);
	slash = strrchr(dir, '/');
	if (l->mode == LEDGER_CREATE && slash != NULL) {
		*slash = '\0';
		if (*dir != '\0' && io_make_dirs(dir, 0750, e) == -1)
			return -1;
	}
	snprintf(path, sizeof(path), "%s.lock", l->path);
	l->lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW |
	    (l->mode == LEDGER_CREATE ? O_CREAT : 0), 0660);
	if (l->lock == -1 && errno == ENOENT && access(l->path, F_OK) == 0)
		l->lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW |
		    O_CREAT, 0660);
	if (l->lock == -1 && errno == ENOENT)
		return error_set(e, EX_UNAVAILABLE, "%.400s: no ledger there; "
		    "make one with omni-ledger init", l->path);
	if (l->lock == -1)
		return error_errno(e, "%.400s", path);
	return 0;
}

struct ledger *
ledger_open(const char *path, enum ledger_mode mode, struct error *e)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l == NULL)
		die(EX_OSERR, "out of memory");
	l->lock = -1;
	l->mode = mode;
	if (snprintf(l->path, sizeof(l->path), "%s", path) >=
	    (int)sizeof(l->path)) {
		error_set(e, EX_CONFIG, "%.60s...: path too long", path);
		goto fail;
	}
	ledger_set_run(l, program_invocation_short_name, NULL);
	if (mode != LEDGER_READ && lock_open(l, e) == -1)
		goto fail;
	/* Of two that make the ledger at once, one waits and finds it. */
	if (mode == LEDGER_CREATE)
		ledger_lock_wait(l, F_WRLCK);
	if (prepare_all(l, e) == -1)
		goto fail;
	if (mode == LEDGER_CREATE)
		ledger_lock_wait(l, F_UNLCK);
	return l;
fail:
	ledger_close(l);
	return NULL;
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	if (l->appended && !l->open && !l->rehearsal)
		ledger_see(l, false);
	for (size_t i = 0; i < l->used; i++)
		sqlite3_finalize(l->rows[i].stmt);
	applier_close(l->applier);
	if (l->has_key && l->mode != LEDGER_READ && !l->rehearsal && !l->open)
		ledger_rest(l);
	sqlite3_close(l->db);
	if (l->lock != -1)
		close(l->lock);
	explicit_bzero(l->key, sizeof(l->key));
	free(l);
}

bool
ledger_has_key(const struct ledger *l)
{
	return l->has_key;
}

const char *
ledger_path(const struct ledger *l)
{
	return l->path;
}

void
ledger_set_run(struct ledger *l, const char *program, const char *run)
{
	char now[CLOCK_TEXT];

	snprintf(l->program, sizeof(l->program), "%s", program);
	if (run == NULL)
		run = getenv("OMNI_RUN");
	if (run != NULL && *run != '\0')
		snprintf(l->run, sizeof(l->run), "%s", run);
	else
		snprintf(l->run, sizeof(l->run), "%s/%s", l->program,
		    clock_format(clock_now(), now));
}

const char *
ledger_run(const struct ledger *l)
{
	return l->run;
}

void
ledger_begin(struct ledger *l)
{
	if (l->mode == LEDGER_READ)
		die(EX_SOFTWARE, "%s: opened for reading only", l->path);
	l->open = true;
	/* It is one transaction from beginning to end. */
	if (l->rehearsal)
		return;
	ledger_lock_wait(l, F_WRLCK);
	ledger_exec(l, l->db, "BEGIN IMMEDIATE");
}

bool
ledger_is_open(const struct ledger *l)
{
	return l->open;
}

void
ledger_commit(struct ledger *l)
{
	l->open = false;
	if (l->rehearsal)
		return;
	ledger_exec(l, l->db, "COMMIT");
	l->wrote = true;
	ledger_lock_wait(l, F_UNLCK);
}

void
ledger_rollback(struct ledger *l)
{
	if (l->rehearsal)
		die(EX_SOFTWARE, "a rehearsal cannot be taken back");
	ledger_exec(l, l->db, "ROLLBACK");
	l->open = false;
	ledger_lock_wait(l, F_UNLCK);
}

void
ledger_savepoint(struct ledger *l)
{
	ledger_exec(l, l->db, "SAVEPOINT one");
}

void
ledger_release(struct ledger *l)
{
	ledger_exec(l, l->db, "RELEASE one");
}

void
ledger_undo(struct ledger *l)
{
	ledger_exec(l, l->db, "ROLLBACK TO one; RELEASE one");
}

void
ledger_look(struct ledger *l)
{
	/* A transaction sees one state by itself. */
	if (!l->open && !l->rehearsal)
		ledger_exec(l, l->db, "BEGIN");
}

void
ledger_look_end(struct ledger *l)
{
	if (!l->open && !l->rehearsal)
		ledger_exec(l, l->db, "COMMIT");
}

/* The statement, which is prepared once and found by its address. */
static struct ledger_rows *
find_rows(struct ledger *l, const char *sql)
{
	struct ledger_rows *r;

	for (size_t i = 0; i < l->used; i++)
		if (l->rows[i].sql == sql && !l->rows[i].busy)
			return &l->rows[i];
	if (l->used == STATEMENTS)
		die(EX_SOFTWARE, "too many prepared statements");
	r = &l->rows[l->used++];
	r->stmt = ledger_prepare(l, l->db, sql, NULL);
	r->sql = sql;
	r->ledger = l;
	return r;
}

static struct ledger_rows *
select_list(struct ledger *l, const char *sql, const char *types, va_list ap)
{
	struct ledger_rows *r = find_rows(l, sql);
	const char *s;
	int rc;

	r->busy = true;
	for (int i = 1; *types != '\0'; types++, i++) {
		if (*types == 's') {
			s = va_arg(ap, const char *);
			rc = sqlite3_bind_text(r->stmt, i, s, -1,
			    SQLITE_TRANSIENT);
		} else
			rc = sqlite3_bind_int64(r->stmt, i,
			    va_arg(ap, int64_t));
		/* What is not bound is NULL, and other rows are found. */
		if (rc != SQLITE_OK)
			ledger_fail(l, l->db, "bind");
	}
	return r;
}

struct ledger_rows *
ledger_select(struct ledger *l, const char *sql, const char *types, ...)
{
	struct ledger_rows *r;
	va_list ap;

	va_start(ap, types);
	r = select_list(l, sql, types, ap);
	va_end(ap);
	return r;
}

bool
ledger_next(struct ledger_rows *r)
{
	int rc = sqlite3_step(r->stmt);

	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		ledger_fail(r->ledger, r->ledger->db, "read");
	return false;
}

const char *
ledger_column(const struct ledger *l, sqlite3_stmt *stmt, int column)
{
	const char *s = (const char *)sqlite3_column_text(stmt, column);

	if (s == NULL && sqlite3_column_type(stmt, column) != SQLITE_NULL)
		die(EX_TEMPFAIL, "%s: read: out of memory", l->path);
	return s;
}

const char *
ledger_text(struct ledger_rows *r, int column)
{
	return ledger_column(r->ledger, r->stmt, column);
}

int64_t
ledger_int(struct ledger_rows *r, int column)
{
	return sqlite3_column_int64(r->stmt, column);
}

int
ledger_columns(struct ledger_rows *r)
{
	return sqlite3_column_count(r->stmt);
}

void
ledger_end(struct ledger_rows *r)
{
	sqlite3_reset(r->stmt);
	sqlite3_clear_bindings(r->stmt);
	r->busy = false;
}

int64_t
ledger_count(struct ledger *l, const char *sql, const char *types, ...)
{
	struct ledger_rows *r;
	int64_t n = 0;
	va_list ap;

	va_start(ap, types);
	r = select_list(l, sql, types, ap);
	va_end(ap);
	if (ledger_next(r))
		n = ledger_int(r, 0);
	ledger_end(r);
	return n;
}

/* The last row's number, and its time if that is later than now. */
static int64_t
last_row(struct ledger *l, char at[CLOCK_TEXT])
{
	struct ledger_rows *r;
	int64_t seq = 0;

	clock_format(clock_now(), at);
	r = ledger_select(l,
	    "SELECT seq, at FROM journal ORDER BY seq DESC LIMIT 1", "");
	if (ledger_next(r)) {
		seq = ledger_int(r, 0);
		if (strcmp(ledger_text(r, 1), at) > 0 && !l->rehearsal)
			snprintf(at, CLOCK_TEXT, "%s", ledger_text(r, 1));
	}
	ledger_end(r);
	return seq;
}

int64_t
ledger_append_take(struct ledger *l, const char *op, struct value *data)
{
	struct buf text = BUF_INIT(8 * RECORD_MAX);
	struct journal_row row = { .by = l->program, .run = l->run, .op = op };
	char at[CLOCK_TEXT];
	struct ledger_rows *r;

	if (!l->open)
		die(EX_SOFTWARE, "journal row outside a transaction");
	if (l->applier == NULL)
		l->applier = applier_open(l, l->db);
	l->appended = true;
	row.seq = last_row(l, at) + 1;
	row.at = at;
	value_set_integer(data, "v", LEDGER_ROW);
	value_write(data, &text);
	row.data = buf_text(&text);
	r = ledger_select(l, "INSERT INTO journal(seq, at, by, run, op, data) "
	    "VALUES (?, ?, ?, ?, ?, ?)", "isssss", row.seq, row.at, row.by,
	    row.run, row.op, row.data);
	ledger_next(r);
	ledger_end(r);
	applier_apply(l->applier, &row);
	buf_release(&text);
	value_free(data);
	return row.seq;
}

void
ledger_content_put(struct ledger *l, const char *kind, const char *body,
    size_t len, char key[LEDGER_KEY])
{
	char hash[DIGEST_HEX];
	struct ledger_rows *r;
	int n;

	digest_hmac_sha256(l->key, KEY_LEN, body, len, hash);
	n = snprintf(key, LEDGER_KEY, "%s/%s", kind, hash);
	if (n < 0 || n >= LEDGER_KEY)
		die(EX_SOFTWARE, "content kind %s: too long", kind);
	r = ledger_select(l, "INSERT INTO content(key, body) VALUES (?, ?) "
	    "ON CONFLICT(key) DO UPDATE SET body = excluded.body, "
	    "erased_at = NULL WHERE content.body IS NULL", "ss", key, body);
	ledger_next(r);
	ledger_end(r);
}

char *
ledger_content(struct ledger *l, const char *key, struct arena *mem)
{
	struct ledger_rows *r;
	char *body = NULL;

	if (key == NULL)
		return NULL;
	r = ledger_select(l, "SELECT body FROM content WHERE key = ?", "s",
	    key);
	if (ledger_next(r) && ledger_text(r, 0) != NULL)
		body = arena_strdup(mem, ledger_text(r, 0));
	ledger_end(r);
	return body;
}

bool
ledger_content_erase(struct ledger *l, const char *key)
{
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	bool erased;

	r = ledger_select(l, "UPDATE content SET body = NULL, erased_at = ?2 "
	    "WHERE key = ?1 AND body IS NOT NULL RETURNING 1", "ss", key,
	    clock_format(clock_now(), now));
	erased = ledger_next(r);
	ledger_end(r);
	return erased;
}

char *
ledger_hash(const struct ledger *l, const char *text, char out[DIGEST_HEX])
{
	if (!l->has_key)
		die(EX_NOPERM, "%s.key: may not be read", l->path);
	return digest_hmac_sha256(l->key, KEY_LEN, text, strlen(text), out);
}
