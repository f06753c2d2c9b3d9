#ifndef OMNI_LEDGER_IMPL_H
#define OMNI_LEDGER_IMPL_H

/* Shared by the files of the ledger only. */

#include <limits.h>
#include <sqlite3.h>

#include "store/ledger.h"

#define STATEMENTS	96	/* prepared queries kept by one program */
#define KEY_LEN		32

struct ledger_rows {
	sqlite3_stmt *stmt;
	struct ledger *ledger;
	const char *sql;
	bool busy;
};

struct ledger {
	sqlite3 *db;
	char path[PATH_MAX];
	unsigned char key[KEY_LEN];
	bool has_key;			/* staff has not */
	enum ledger_mode mode;
	int lock;
	bool open;			/* inside a transaction */
	bool wrote;
	bool rehearsal;			/* a copy in memory */
	bool appended;			/* rows, of which some may be undone */
	char program[64], run[128];
	struct ledger_rows rows[STATEMENTS];
	size_t used;
	struct applier *applier;
};

/* Ends the program, after what SQLite says about `db`. */
_Noreturn void ledger_fail(const struct ledger *l, sqlite3 *db,
    const char *what);
void ledger_exec(const struct ledger *l, sqlite3 *db, const char *sql);
/* What create_tables() and ledger_rebuild() make is of this version. */
void ledger_set_version(struct ledger *l);
void ledger_lock_wait(struct ledger *l, short how);
sqlite3_stmt *ledger_prepare(const struct ledger *l, sqlite3 *db,
    const char *sql, const char **tail);
/* A text, or NULL for NULL; SQLite says NULL for out of memory as well. */
const char *ledger_column(const struct ledger *l, sqlite3_stmt *stmt,
    int column);

/*
 * seen.c.  The number of the row that was seen last, if this ledger has not got
 * it: it is an older one.  Else 0.
 */
int64_t ledger_seen(struct ledger *l);
/* Notes the last row there is; `anew`: of an older one, too. */
void ledger_see(struct ledger *l, bool anew);
/* Before it is closed: what was written goes from the log into the file. */
void ledger_rest(struct ledger *l);
/* Whole or not at all: a cut-off key would lock everybody out. */
int ledger_write_key(const struct ledger *l, const char *path,
    struct error *e);

/* apply.c: the one function that changes projections. */
struct journal_row {
	int64_t seq;
	const char *at, *by, *run, *op, *data;
};
struct applier *applier_open(const struct ledger *l, sqlite3 *db);
void applier_close(struct applier *a);
void applier_apply(struct applier *a, const struct journal_row *row);

#endif
