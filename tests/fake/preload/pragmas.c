/*
 * LD_PRELOAD: what a ledger was opened with, by each program that does.
 *
 * Before each COMMIT, and when a database is closed, one line goes to the file
 * $PRAGMAS: program, when, whether it may write, journal_mode, synchronous,
 * foreign_keys and recursive_triggers as SQLite has them for that connection,
 * divided by spaces.  Databases without a file are left out.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int close_function(sqlite3 *);
typedef int exec_function(sqlite3 *, const char *,
    int (*)(void *, int, char **, char **), void *, char **);

static void
add(FILE *to, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		fprintf(to, " %s", sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
}

static void
tell(sqlite3 *db, const char *when)
{
	static const char *const pragmas[] = { "PRAGMA journal_mode",
	    "PRAGMA synchronous", "PRAGMA foreign_keys",
	    "PRAGMA recursive_triggers" };
	const char *path = getenv("PRAGMAS");
	const char *file = sqlite3_db_filename(db, "main");
	FILE *to;

	if (path == NULL || file == NULL || *file == '\0')
		return;
	to = fopen(path, "a");
	if (to == NULL)
		return;
	fprintf(to, "%s %s %s", program_invocation_short_name, when,
	    sqlite3_db_readonly(db, "main") == 1 ? "read" : "write");
	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++)
		add(to, db, pragmas[i]);
	fputc('\n', to);
	fclose(to);
}

int
sqlite3_exec(sqlite3 *db, const char *sql,
    int (*callback)(void *, int, char **, char **), void *ctx, char **error)
{
	static exec_function *real;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_exec");
	if (strcmp(sql, "COMMIT") == 0)
		tell(db, "commit");
	return real(db, sql, callback, ctx, error);
}

int
sqlite3_close(sqlite3 *db)
{
	static close_function *real;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_close");
	if (db != NULL)
		tell(db, "close");
	return real(db);
}
