#include "search.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ledger_impl.h"

#define VERSION		1
#define BATCH		2000	/* messages of one transaction */
#define BUSY_MS		10000

struct search {
	struct ledger *ledger;
	sqlite3 *db;
	char path[PATH_MAX];
	bool reads_only;
};

static int
fail(struct search *s, struct error *e)
{
	int rc = sqlite3_errcode(s->db) & 0xff;

	return error_set(e, rc == SQLITE_READONLY || rc == SQLITE_CANTOPEN ||
	    rc == SQLITE_PERM ? EX_NOPERM : rc == SQLITE_BUSY || rc ==
	    SQLITE_FULL ? EX_TEMPFAIL : EX_IOERR, "%.300s: %s; it may be "
	    "removed at any time, and is made anew", s->path,
	    sqlite3_errmsg(s->db));
}

static int
run(struct search *s, const char *sql, struct error *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 :
	    fail(s, e);
}

static int64_t
number(struct search *s, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static int
make_tables(struct search *s, struct error *e)
{
	return run(s, "BEGIN IMMEDIATE; DROP TABLE IF EXISTS words; DROP TABLE "
	    "IF EXISTS known; CREATE TABLE known(one INTEGER PRIMARY KEY CHECK "
	    "(one = 1), row INTEGER NOT NULL, message TEXT); INSERT INTO known "
	    "VALUES (1, 0, NULL); CREATE VIRTUAL TABLE words USING fts5(text, "
	    "content='', tokenize='unicode61 remove_diacritics 2'); "
	    "PRAGMA user_version = 1; COMMIT", e);
}

/* Whether the last message that is indexed is still the row that it was. */
static bool
is_of_this_ledger(struct search *s)
{
	struct ledger_rows *r;
	sqlite3_stmt *stmt = NULL;
	bool same = false;

	if (sqlite3_prepare_v2(s->db, "SELECT row, message FROM known", -1,
	    &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		r = ledger_select(s->ledger, "SELECT ?1 = 0 OR EXISTS (SELECT "
		    "1 FROM message WHERE rowid = ?1 AND id = ?2)", "is",
		    (int64_t)sqlite3_column_int64(stmt, 0),
		    (const char *)sqlite3_column_text(stmt, 1));
		same = ledger_next(r) && ledger_int(r, 0) != 0;
		ledger_end(r);
	}
	sqlite3_finalize(stmt);
	return same;
}

struct search *
search_open(struct ledger *l, const char *path, struct error *e)
{
	struct search *s = calloc(1, sizeof(*s));
	mode_t before;
	int rc;

	if (s == NULL)
		die(EX_OSERR, "out of memory");
	s->ledger = l;
	snprintf(s->path, sizeof(s->path), "%s", path);
	/* What people wrote is in it, word by word. */
	before = umask(0027);
	rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, NULL);
	umask(before);
	s->reads_only = rc == SQLITE_OK && sqlite3_db_readonly(s->db,
	    "main") == 1;
	sqlite3_busy_timeout(s->db, BUSY_MS);
	if (rc == SQLITE_OK && (s->reads_only || number(s, "PRAGMA "
	    "user_version") == VERSION || make_tables(s, e) == 0))
		return s;
	if (rc != SQLITE_OK || s->reads_only)
		fail(s, e);
	search_close(s);
	return NULL;
}

/* Indexes the next messages behind `last`; how many, -1 where it failed. */
static int
add_batch(struct search *s, int64_t last, sqlite3_stmt *put,
    sqlite3_stmt *known)
{
	struct ledger_rows *r;
	const char *text;
	int n = 0, rc = SQLITE_DONE;

	r = ledger_select(s->ledger, "SELECT m.rowid, m.id, coalesce("
	    "c.body ->> '$.subject', '') || ' ' || coalesce(c.body ->> "
	    "'$.text', '') FROM message m LEFT JOIN content c ON c.key = "
	    "m.content WHERE m.rowid > ? ORDER BY m.rowid LIMIT 2000", "i",
	    last);
	for (; rc == SQLITE_DONE && ledger_next(r); n++) {
		text = ledger_text(r, 2);
		sqlite3_bind_int64(put, 1, ledger_int(r, 0));
		sqlite3_bind_text(put, 2, text, -1, SQLITE_TRANSIENT);
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

static int
add_all(struct search *s, struct error *e)
{
	sqlite3_stmt *put = NULL, *known = NULL;
	int n = -1;

	if (sqlite3_prepare_v2(s->db, "INSERT INTO words(rowid, text) VALUES "
	    "(?, ?)", -1, &put, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(s->db, "UPDATE known SET row = ?, message = ?",
	    -1, &known, NULL) == SQLITE_OK)
		do {
			n = run(s, "BEGIN IMMEDIATE", e);
			if (n == 0)
				n = add_batch(s, number(s, "SELECT row FROM "
				    "known"), put, known);
			if (n == -1) {
				fail(s, e);
				sqlite3_exec(s->db, "ROLLBACK", NULL, NULL,
				    NULL);
			} else if (run(s, "COMMIT", e) == -1)
				n = -1;
		} while (n == BATCH);
	else
		fail(s, e);
	sqlite3_finalize(put);
	sqlite3_finalize(known);
	return n == -1 ? -1 : 0;
}

int
search_update(struct search *s, struct error *e)
{
	if (s->reads_only)
		return 0;
	if (!is_of_this_ledger(s) && make_tables(s, e) == -1)
		return -1;
	return add_all(s, e);
}

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

size_t
search_find(struct search *s, const char *words, int64_t *rows, size_t max)
{
	struct buf query = BUF_INIT(RECORD_MAX);
	sqlite3_stmt *stmt = NULL;
	size_t n = 0;

	write_query(words, &query);
	if (query.len > 0 && !query.full && sqlite3_prepare_v2(s->db, "SELECT "
	    "rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT "
	    "?", -1, &stmt, NULL) == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, buf_text(&query), -1,
		    SQLITE_TRANSIENT);
		sqlite3_bind_int64(stmt, 2, (int64_t)max);
		while (n < max && sqlite3_step(stmt) == SQLITE_ROW)
			rows[n++] = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	buf_release(&query);
	return n;
}

void
search_close(struct search *s)
{
	if (s == NULL)
		return;
	sqlite3_close(s->db);
	free(s);
}

int
search_remove(const char *path, struct error *e)
{
	char journal[PATH_MAX + 16];

	snprintf(journal, sizeof(journal), "%s-journal", path);
	if (unlink(path) == -1 && errno != ENOENT)
		return error_errno(e, "%s", path);
	if (unlink(journal) == -1 && errno != ENOENT)
		return error_errno(e, "%s", journal);
	return 0;
}
