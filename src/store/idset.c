#include "idset.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/error.h"
#include "library.h"

/* The name "" makes a file of SQLite's own; nothing of it need survive. */
#define SETUP	"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" \
		"PRAGMA cache_size = -8000; PRAGMA temp_store = FILE;" \
		"CREATE TABLE seen(id TEXT PRIMARY KEY) WITHOUT ROWID; BEGIN"

struct idset {
	sqlite3 *db;
	sqlite3_stmt *add, *has;
};

static _Noreturn void
fail(const struct idset *s)
{
	int rc = sqlite3_errcode(s->db);

	die(rc == SQLITE_FULL || rc == SQLITE_NOMEM || rc == SQLITE_IOERR ?
	    EX_TEMPFAIL : EX_SOFTWARE, "the list of ids: %s",
	    sqlite3_errmsg(s->db));
}

static sqlite3_stmt *
prepare(const struct idset *s, const char *sql)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail(s);
	return stmt;
}

struct idset *
idset_new(void)
{
	struct idset *s = calloc(1, sizeof(*s));

	if (s == NULL)
		die(EX_OSERR, "out of memory");
	library_start();
	if (sqlite3_open_v2("", &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
	    sqlite3_exec(s->db, SETUP, NULL, NULL, NULL) != SQLITE_OK)
		fail(s);
	s->add = prepare(s, "INSERT OR IGNORE INTO seen(id) VALUES (?)");
	s->has = prepare(s, "SELECT 1 FROM seen WHERE id = ?");
	return s;
}

void
idset_free(struct idset *s)
{
	if (s == NULL)
		return;
	sqlite3_finalize(s->add);
	sqlite3_finalize(s->has);
	sqlite3_close(s->db);
	free(s);
}

static int
run(const struct idset *s, sqlite3_stmt *stmt, const char *id)
{
	int rc;

	rc = sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		fail(s);
	sqlite3_reset(stmt);
	return rc;
}

bool
idset_add(struct idset *s, const char *id)
{
	run(s, s->add, id);
	return sqlite3_changes(s->db) > 0;
}

bool
idset_has(struct idset *s, const char *id)
{
	return run(s, s->has, id) == SQLITE_ROW;
}
