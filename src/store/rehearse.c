#include "ledger.h"

#include <sqlite3.h>
#include <sysexits.h>

#include "ledger_impl.h"

static int
copy_into(struct ledger *l, sqlite3 *to, struct error *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", l->db, "main");
	int rc = SQLITE_ERROR;

	if (b != NULL) {
		rc = sqlite3_backup_step(b, -1);
		sqlite3_backup_finish(b);
	}
	if (b != NULL && rc == SQLITE_DONE)
		return 0;
	return error_set(e, rc == SQLITE_NOMEM ? EX_OSERR : EX_IOERR,
	    "%.300s: no copy in memory: %s", l->path, sqlite3_errmsg(to));
}

/*
 * What keeps a ledger right is left out, since the statements are those that
 * keep to it in a real one, and nobody reads this one: the checks, the keys
 * into other tables, the triggers, one transaction for each change.
 */
int
ledger_rehearse(struct ledger *l, struct error *e)
{
	sqlite3 *to;

	if (!l->has_key)
		return error_set(e, EX_NOPERM, "%.300s.key: may not be read, "
		    "and a rehearsal needs it", l->path);
	if (sqlite3_open_v2(":memory:", &to, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return error_set(e, EX_OSERR, "no database in memory: %s",
		    sqlite3_errmsg(to));
	if (copy_into(l, to, e) == -1) {
		sqlite3_close(to);
		return -1;
	}
	for (size_t i = 0; i < l->used; i++)
		sqlite3_finalize(l->rows[i].stmt);
	l->used = 0;
	sqlite3_close(l->db);
	l->db = to;
	l->mode = LEDGER_WRITE;
	l->rehearsal = true;
	sqlite3_extended_result_codes(l->db, 1);
	ledger_exec(l, l->db, "PRAGMA synchronous = OFF; "
	    "PRAGMA secure_delete = OFF; PRAGMA ignore_check_constraints = ON; "
	    "PRAGMA temp_store = MEMORY; DROP TRIGGER journal_grows; "
	    "DROP TRIGGER journal_keeps_rows; "
	    "DROP TRIGGER journal_keeps_values; DROP TRIGGER message_day_new; "
	    "DROP TRIGGER message_day_state; DROP TRIGGER message_day_again; "
	    "DROP TRIGGER cost_day_attempt; BEGIN");
	return 0;
}
