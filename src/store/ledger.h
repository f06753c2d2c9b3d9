#ifndef OMNI_LEDGER_H
#define OMNI_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/record.h"

/*
 * The ledger: a journal, and the tables that are made from it.  The format is
 * omni-ledger(5); above this layer nothing knows SQLite.
 *
 * Writers take a blocking lock on LEDGER.lock and then BEGIN IMMEDIATE, so
 * that nobody ever waits on a busy database, and never keep a transaction
 * open while they wait for input or the network.  Readers see a snapshot for
 * the length of one select, or of one ledger_look(), and page by key.
 *
 * A database that fails in the middle of something (full disk, damaged file)
 * ends the program: nothing sensible can go on without the truth, and an open
 * transaction dies with the process.  The status is EX_TEMPFAIL for what a
 * retry can cure (full disk, locked), EX_DATAERR for a damaged file, EX_NOPERM
 * for a file that may not be written, EX_IOERR for the rest.
 */
struct ledger;

enum ledger_mode {
	LEDGER_READ,	/* works as an ordinary user of the staff's group */
	LEDGER_WRITE,
	LEDGER_RENEW,	/* the same, and of an earlier omni: to rebuild it */
	LEDGER_CREATE	/* makes what is missing: file, key, tables */
};

struct ledger *ledger_open(const char *path, enum ledger_mode mode,
    struct error *e);
/*
 * The ledger of the configuration, for a program that writes (LEDGER_WRITE) or
 * acts on what it reads (LEDGER_READ) in the ordinary course: with the clock's
 * guard, ledger_check_time().  A writer's start is noted in the spool's run.
 * Upkeep by hand uses ledger_open().
 */
struct ledger *ledger_start(struct config *c, enum ledger_mode mode,
    struct error *e);
void ledger_close(struct ledger *l);
const char *ledger_path(const struct ledger *l);
/* False for staff, who may read the ledger but not its key. */
bool ledger_has_key(const struct ledger *l);

/* Transactions.  ledger_begin() waits for other writers. */
void ledger_begin(struct ledger *l);
bool ledger_is_open(const struct ledger *l);	/* inside a transaction */
void ledger_commit(struct ledger *l);
void ledger_rollback(struct ledger *l);
/* A part that can be undone alone, for one record of a batch. */
void ledger_savepoint(struct ledger *l);
void ledger_release(struct ledger *l);
void ledger_undo(struct ledger *l);

/*
 * Writes one journal row and applies it to the projections.  `data` is taken;
 * "v": LEDGER_ROW is added to it, so that apply.sql can tell what an older
 * omni wrote, and replay it as that one did.  The row's time is clock_now(), or
 * that of the last row if that is later.  Returns the row's number.
 */
#define LEDGER_ROW	3	/* since 2 an answer resolves flags, since 3
				   staff answers and merged ones are one */
int64_t ledger_append_take(struct ledger *l, const char *op,
    struct value *data);

/*
 * Keeps a body under the key kind/HASH, HASH being a keyed hash of the body,
 * and returns that key in `key`.  The same body twice is one row.
 */
#define LEDGER_KEY	(16 + DIGEST_HEX)
void ledger_content_put(struct ledger *l, const char *kind, const char *body,
    size_t len, char key[LEDGER_KEY]);
/* NULL when there is none or it was erased. */
char *ledger_content(struct ledger *l, const char *key, struct arena *mem);
/* Empties it; its key, and all that refers to it, stays.  True if there was. */
bool ledger_content_erase(struct ledger *l, const char *key);
/* The keyed hash of an address: what consent and address rows go by. */
char *ledger_hash(const struct ledger *l, const char *text,
    char out[DIGEST_HEX]);

/*
 * Queries.  `sql` must be a string constant: prepared statements are kept by
 * its address.  `types` has a letter for each parameter: s a string or NULL,
 * i an int64_t.  Text that is lent stays valid until the next ledger_next().
 * End every select, also one that was not read to its end.
 */
struct ledger_rows;
/*
 * What rows of the journal, as j, tell of one person, in the words of their
 * index journal_person: "... INDEXED BY journal_person WHERE" LEDGER_PERSON
 * "= ? AND" LEDGER_PERSONAL.
 */
#define LEDGER_PERSON	" coalesce(j.data ->> '$.contact', j.data ->> '$.id') "
#define LEDGER_PERSONAL	" (j.op = 'contact.put' OR " \
    "j.op = 'contact.consent' OR j.op = 'contact.forgotten' OR " \
    "j.op = 'reminder.put' OR j.op = 'message.refused') "
/*
 * Between these two all selects see one state, and cost less.  What lasts
 * pins the write-ahead log: no input, no network and no transaction between.
 * Within a transaction, which is one state anyway, they do nothing.
 */
void ledger_look(struct ledger *l);
void ledger_look_end(struct ledger *l);
struct ledger_rows *ledger_select(struct ledger *l, const char *sql,
    const char *types, ...);
bool ledger_next(struct ledger_rows *r);
const char *ledger_text(struct ledger_rows *r, int column);	/* or NULL */
int64_t ledger_int(struct ledger_rows *r, int column);
int ledger_columns(struct ledger_rows *r);
void ledger_end(struct ledger_rows *r);
/* The first column of the first row, 0 when there is no row. */
int64_t ledger_count(struct ledger *l, const char *sql, const char *types,
    ...);

/* Whom the journal's "by" and "run" name; `run` NULL: from OMNI_RUN or now. */
void ledger_set_run(struct ledger *l, const char *program, const char *run);
const char *ledger_run(const struct ledger *l);

/*
 * A clock that jumped must not become the ledger's own.
 *
 * Both give 0, or -1 and EX_TEMPFAIL: when the clock is further than `max_gap`
 * seconds from the last journal row and from the last time a person confirmed
 * it; when the ledger is older than its own export in `journal_dir`, or has not
 * got the row that LEDGER.seen tells of (a restored file).  A person confirms
 * either one with omni-ledger confirm.
 */
int ledger_check_time(struct ledger *l, int64_t max_gap, struct error *e);
int ledger_check_export(struct ledger *l, const char *journal_dir,
    struct error *e);
/* Journals that a person confirmed both, for the exports there are now. */
void ledger_confirm(struct ledger *l, const char *journal_dir);

/* Maintenance, for omni-ledger(1). */

/*
 * Replays the journal into an empty database and compares each projection,
 * and each body of `content` with its key (as far as the key may be read).
 * For each table that differs `report` is called with its name and the number
 * of rows that are only in one of the two.  Returns how many tables differ.
 */
int ledger_verify(struct ledger *l, void (*report)(void *, const char *table,
    int64_t rows), void *ctx, int64_t *replayed);
/*
 * Drops all tables, views and indexes but the journal's and the content's rows,
 * and makes those of this omni from the journal, in one transaction.
 */
int64_t ledger_rebuild(struct ledger *l);
/*
 * Makes sure that what was erased is nowhere in the files any more, neither in
 * free pages nor in the log: rewrites the whole database.  -1 and EX_TEMPFAIL
 * when a reader kept the log from being emptied.
 */
int ledger_scrub(struct ledger *l, struct error *e);
/*
 * Makes of a ledger that was opened for reading a copy in memory, which may be
 * written to and goes with the process.  Its rows have the time of the clock,
 * whatever the last one had.  Nothing may be selected before.
 */
int ledger_rehearse(struct ledger *l, struct error *e);
/* A consistent copy, key included, for a ledger that is in use. */
int ledger_backup(struct ledger *l, const char *to, struct error *e);

#endif
