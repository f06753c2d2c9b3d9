/*
 * LD_PRELOAD: how SQLite answers each statement that a program prepares.
 *
 * For every line of EXPLAIN QUERY PLAN one line goes to the file $SQLPLANS:
 * program, "plan", the plan and the statement, divided by tabs.  The plan is
 * that of the program's own connection, so nothing has to be copied out of the
 * sources.  When a statement is done with, a line has "steps" and how many of
 * SQLite's own it took: a time that does not depend on the machine.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int prepare_function(sqlite3 *, const char *, int, unsigned int,
    sqlite3_stmt **, const char **);

static char *
one_line(const char *sql, int length)
{
	char *copy = strndup(sql, (size_t)length);

	for (char *p = copy; p != NULL && *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	return copy;
}

static void
tell(const char *what, const char *text, const char *sql)
{
	const char *path = getenv("SQLPLANS");
	FILE *to = path == NULL ? NULL : fopen(path, "a");
	char *line = one_line(sql, (int)strlen(sql));

	if (to != NULL && line != NULL)
		fprintf(to, "%s\t%s\t%s\t%s\n",
		    program_invocation_short_name, what, text, line);
	free(line);
	if (to != NULL)
		fclose(to);
}

static void
explain(prepare_function *prepare, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *plan = NULL;
	char *question = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);

	if (prepare(db, question, -1, 0, &plan, NULL) == SQLITE_OK)
		while (sqlite3_step(plan) == SQLITE_ROW)
			tell("plan", (const char *)sqlite3_column_text(plan,
			    3), sql);
	sqlite3_finalize(plan);
	sqlite3_free(question);
}

int
sqlite3_finalize(sqlite3_stmt *statement)
{
	int (*finalize)(sqlite3_stmt *);
	const char *sql = statement == NULL ? NULL : sqlite3_sql(statement);
	char steps[32];

	*(void **)&finalize = dlsym(RTLD_NEXT, "sqlite3_finalize");
	if (sql != NULL && strncmp(sql, "EXPLAIN", 7) != 0) {
		snprintf(steps, sizeof(steps), "%d", sqlite3_stmt_status(
		    statement, SQLITE_STMTSTATUS_VM_STEP, 0));
		tell("steps", steps, sql);
	}
	return finalize(statement);
}

int
sqlite3_prepare_v3(sqlite3 *db, const char *sql, int length,
    unsigned int flags, sqlite3_stmt **statement, const char **tail)
{
	prepare_function *prepare;
	const char *end;
	char *alone;
	int rc;

	*(void **)&prepare = dlsym(RTLD_NEXT, "sqlite3_prepare_v3");
	rc = prepare(db, sql, length, flags, statement, &end);
	if (rc == SQLITE_OK) {
		alone = strndup(sql, (size_t)(end - sql));
		explain(prepare, db, alone);
		free(alone);
	}
	if (tail != NULL)
		*tail = end;
	return rc;
}
