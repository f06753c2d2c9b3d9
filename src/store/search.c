#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ledger_impl.h"

#define VERSION		1
#define BATCH		10000	/* messages of one transaction */
#define BUSY_MS		10000
#define MODE		0640	/* what people wrote is in it, word by word */

static const char make_tables_sql[] = "BEGIN IMMEDIATE; DROP TABLE IF EXISTS "
    "words; DROP TABLE IF EXISTS known; CREATE TABLE known(one INTEGER "
    "PRIMARY KEY CHECK (one = 1), row INTEGER NOT NULL, message TEXT); INSERT "
    "INTO known VALUES (1, 0, NULL); CREATE VIRTUAL TABLE words USING "
    "fts5(text, content='', tokenize='unicode61 remove_diacritics 2'); PRAGMA "
    "user_version = 1; COMMIT";

struct search {
	struct ledger *ledger;
	sqlite3 *db;		/* NULL: there is none that could be read */
	sqlite3 *aside;		/* what is not in it; or NULL */
	char path[PATH_MAX];
	int lock;		/* -1: there is nothing that could be locked */
};

static int
fail(struct search *s, sqlite3 *db, struct error *e)
{
	int rc = sqlite3_errcode(db) & 0xff;

	return error_set(e, rc == SQLITE_READONLY || rc == SQLITE_CANTOPEN ||
	    rc == SQLITE_PERM ? EX_NOPERM : rc == SQLITE_BUSY || rc ==
	    SQLITE_FULL ? EX_TEMPFAIL : EX_IOERR, "%.300s: %s", s->path,
	    sqlite3_errmsg(db));
}

/* SQLITE_ERROR: its tables are not those that were made. */
static bool
is_damaged(sqlite3 *db)
{
	int rc = sqlite3_errcode(db) & 0xff;

	return rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ||
	    rc == SQLITE_ERROR;
}

static int
run(struct search *s, sqlite3 *db, const char *sql, struct error *e)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	fail(s, db, e);
	if (sqlite3_get_autocommit(db) == 0)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

/* A number of one row; -1: it could not be read. */
static int64_t
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

/*
 * Its file
 */

static void
name_beside(const char *path, const char *what, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.*s%s", PATH_MAX - 16, path, what);
}

/* -1: it cannot be locked, as it can neither be made nor read. */
static int
lock(const char *path)
{
	char name[PATH_MAX];
	int fd, how = LOCK_EX;

	name_beside(path, ".lock", name);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, MODE);
	if (fd == -1) {
		fd = open(name, O_RDONLY | O_CLOEXEC);
		how = LOCK_SH;
	}
	while (fd != -1 && flock(fd, how) == -1)
		if (errno != EINTR) {
			close(fd);
			return -1;
		}
	return fd;
}

static int
remove_files(const char *path, struct error *e)
{
	static const char *const ends[] = { "", "-journal" };
	char name[PATH_MAX];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		name_beside(path, ends[i], name);
		if (unlink(name) == -1 && errno != ENOENT)
			return error_errno(e, "%s", name);
	}
	return 0;
}

/* -1: `db` is NULL, and what there is can neither be read nor made. */
static int
open_file(struct search *s, struct error *e)
{
	mode_t before = umask(0777 & ~MODE);
	int rc;

	rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL);
	umask(before);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(s->db, BUSY_MS);
		return 0;
	}
	fail(s, s->db, e);
	sqlite3_close(s->db);
	s->db = NULL;
	return -1;
}

static int
open_anew(struct search *s, struct error *e)
{
	sqlite3_close(s->db);
	s->db = NULL;
	if (remove_files(s->path, e) == -1 || open_file(s, e) == -1)
		return -1;
	return run(s, s->db, make_tables_sql, e);
}

struct search *
search_open(struct ledger *l, const char *path)
{
	struct search *s = calloc(1, sizeof(*s));

	if (s == NULL)
		die(EX_OSERR, "out of memory");
	s->ledger = l;
	snprintf(s->path, sizeof(s->path), "%s", path);
	s->lock = lock(path);
	return s;
}

/*
 * What is in it
 */

/* The last row that it has: 0 for none, -1 where it is not of this ledger. */
static int64_t
known_row(struct search *s)
{
	struct ledger_rows *r;
	sqlite3_stmt *stmt = NULL;
	int64_t row = -1;

	if (number(s->db, "PRAGMA user_version") != VERSION)
		return -1;
	if (sqlite3_prepare_v2(s->db, "SELECT row, message FROM known", -1,
	    &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		row = sqlite3_column_int64(stmt, 0);
		r = ledger_select(s->ledger, "SELECT 1 WHERE ?1 = 0 OR EXISTS "
		    "(SELECT 1 FROM message WHERE rowid = ?1 AND id = ?2)",
		    "is", row, (const char *)sqlite3_column_text(stmt, 1));
		if (!ledger_next(r))
			row = -1;
		ledger_end(r);
	}
	sqlite3_finalize(stmt);
	return row;
}

/* Takes in the next messages behind `last`; how many, -1 where it failed. */
static int
add_batch(struct search *s, int64_t last, sqlite3_stmt *put,
    sqlite3_stmt *known)
{
	struct ledger_rows *r;
	int n = 0, rc = SQLITE_DONE;

	r = ledger_select(s->ledger, "SELECT m.rowid, m.id, coalesce("
	    "c.body ->> '$.subject', '') || ' ' || coalesce(c.body ->> "
	    "'$.text', '') FROM message m LEFT JOIN content c ON c.key = "
	    "m.content WHERE m.rowid > ? ORDER BY m.rowid LIMIT 10000", "i",
	    last);
	for (; rc == SQLITE_DONE && ledger_next(r); n++) {
		sqlite3_bind_int64(put, 1, ledger_int(r, 0));
		sqlite3_bind_text(put, 2, ledger_text(r, 2), -1,
		    SQLITE_TRANSIENT);
		rc = sqlite3_step(put);
		sqlite3_reset(put);
		sqlite3_bind_int64(known, 1, ledger_int(r, 0));
		sqlite3_bind_text(known, 2, ledger_text(r, 1), -1,
		    SQLITE_TRANSIENT);
	}
	ledger_end(r);
	if (rc == SQLITE_DONE && n > 0) {
		rc = sqlite3_step(known);
		sqlite3_reset(known);
	}
	return rc == SQLITE_DONE ? n : -1;
}

/* One transaction each. */
static int
add_batches(struct search *s, sqlite3 *db, sqlite3_stmt *put,
    sqlite3_stmt *known, struct error *e)
{
	int n;

	do {
		if (run(s, db, "BEGIN IMMEDIATE", e) == -1)
			return -1;
		n = add_batch(s, number(db, "SELECT row FROM known"), put,
		    known);
		if (n == -1) {
			fail(s, db, e);
			sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
			return -1;
		}
		if (run(s, db, "COMMIT", e) == -1)
			return -1;
	} while (n == BATCH);
	return 0;
}

static int
add_all(struct search *s, sqlite3 *db, struct error *e)
{
	sqlite3_stmt *put = NULL, *known = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(db, "INSERT INTO words(rowid, text) VALUES "
	    "(?, ?)", -1, &put, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "UPDATE known SET row = ?, message = ?", -1,
	    &known, NULL) == SQLITE_OK)
		rc = add_batches(s, db, put, known, e);
	else
		fail(s, db, e);
	sqlite3_finalize(put);
	sqlite3_finalize(known);
	return rc;
}

/* The file, made or brought up to date; -1 and `e`: it cannot be. */
static int
update(struct search *s, struct error *e)
{
	if (s->db == NULL && open_file(s, e) == -1)
		return -1;
	if (known_row(s) == -1 && !is_damaged(s->db) && run(s, s->db,
	    make_tables_sql, e) == -1 && !is_damaged(s->db))
		return -1;
	if (!is_damaged(s->db) && add_all(s, s->db, e) == 0)
		return 0;
	if (!is_damaged(s->db) || open_anew(s, e) == -1)
		return -1;
	return add_all(s, s->db, e);
}

/* What the file lacks, in memory; `e` says why that is so. */
static int
update_aside(struct search *s, struct error *e)
{
	int64_t row = s->db == NULL ? -1 : known_row(s), behind;
	const struct error why = *e;
	char from[64];

	behind = ledger_count(s->ledger, "SELECT count(*) FROM (SELECT 1 FROM "
	    "message WHERE rowid > ? LIMIT 100001)", "i", row == -1 ? 0 : row);
	if (behind > SEARCH_ASIDE)
		return error_set(e, why.status, "%.300s; more than %d "
		    "messages are not in it: let somebody who may write it "
		    "search once", why.text, SEARCH_ASIDE);
	if (row == -1) {
		sqlite3_close(s->db);
		s->db = NULL;
		row = 0;
	}
	if (sqlite3_open(":memory:", &s->aside) != SQLITE_OK || run(s,
	    s->aside, make_tables_sql, e) == -1)
		return fail(s, s->aside, e);
	snprintf(from, sizeof(from), "UPDATE known SET row = %lld",
	    (long long)row);
	if (run(s, s->aside, from, e) == -1)
		return -1;
	return add_all(s, s->aside, e);
}

/*
 * What is looked for
 */

/* Each word of a person's in quotes, so that none is an operator. */
static void
write_query(const char *words, struct buf *out)
{
	const char *blank = " \t\r\n\"", *p = words;
	size_t len;

	for (p += strspn(p, blank); *p != '\0'; p += strspn(p, blank)) {
		len = strcspn(p, blank);
		buf_printf(out, "%s\"%.*s\" *", out->len == 0 ? "" : " ",
		    (int)len, p);
		p += len;
	}
}

struct seeking {
	const char *query;
	bool (*take)(void *ctx, int64_t row);
	void *ctx;
	bool enough, any;
};

static int
find_in(struct search *s, sqlite3 *db, struct seeking *q, struct error *e)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db, "SELECT rowid FROM words WHERE words "
	    "MATCH ? ORDER BY rowid DESC", -1, &stmt, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, q->query, -1, SQLITE_STATIC);
		while (!q->enough && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
			q->any = true;
			q->enough = !q->take(q->ctx, sqlite3_column_int64(stmt,
			    0));
		}
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		fail(s, db, e);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

/* The newest are aside. */
static int
find(struct search *s, struct seeking *q, struct error *e)
{
	if (s->aside != NULL && find_in(s, s->aside, q, e) == -1)
		return -1;
	if (s->db == NULL || q->enough || find_in(s, s->db, q, e) == 0)
		return 0;
	/* Found out only here; nothing was given away yet. */
	if (!is_damaged(s->db) || q->any || s->aside != NULL ||
	    open_anew(s, e) == -1 || add_all(s, s->db, e) == -1)
		return -1;
	return find_in(s, s->db, q, e);
}

int
search_find(struct search *s, const char *words,
    bool (*take)(void *ctx, int64_t row), void *ctx, struct error *e)
{
	struct buf query = BUF_INIT(4 * RECORD_MAX);
	struct seeking q = { .take = take, .ctx = ctx };
	int rc = 0;

	write_query(words, &query);
	q.query = buf_text(&query);
	if (query.full)
		rc = error_set(e, EX_DATAERR, "search: too many words");
	else if (query.len > 0 && (update(s, e) == 0 || update_aside(s, e) ==
	    0))
		rc = find(s, &q, e);
	else if (query.len > 0)
		rc = -1;
	buf_release(&query);
	return rc;
}

void
search_close(struct search *s)
{
	if (s == NULL)
		return;
	sqlite3_close(s->db);
	sqlite3_close(s->aside);
	if (s->lock != -1)
		close(s->lock);
	free(s);
}

int
search_remove(const char *path, struct error *e)
{
	int fd = lock(path), rc = remove_files(path, e);

	if (fd != -1)
		close(fd);
	return rc;
}
