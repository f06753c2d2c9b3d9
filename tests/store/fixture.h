/*
 * For the unit tests of the ledger: a directory of their own to work in, and
 * what opens and reads a ledger or fails the test.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#undef NDEBUG
#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../remove_tree.h"
#include "store/ledger.h"

static char fixture_home[] = "/tmp/omni-store-XXXXXX";

static inline void
set_now(const char *now)
{
	assert(setenv("OMNI_NOW", now, 1) == 0);
	clock_init();
}

static inline struct ledger *
opened(const char *path, enum ledger_mode mode)
{
	struct error e = { .text = "" };
	struct ledger *l;

	umask(027);	/* as the programs have it */
	l = ledger_open(path, mode, &e);
	if (l == NULL)
		fprintf(stderr, "%s\n", e.text);
	assert(l != NULL);
	return l;
}

/* The row of the journal with this JSON. */
static inline int64_t
append_json(struct ledger *l, const char *op, const char *data, size_t len)
{
	struct error e = { .text = "" };
	struct value *v = value_parse(data, len, &e);

	if (v == NULL)
		fprintf(stderr, "%s: %s\n", data, e.text);
	assert(v != NULL);
	return ledger_append_take(l, op, v);
}

/* With sqlite3 itself, as if somebody did it by hand. */
static inline void
by_hand(const char *path, const char *sql)
{
	char *message = NULL;
	sqlite3 *db;

	assert(sqlite3_open(path, &db) == SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fprintf(stderr, "%s: %s\n", sql, message);
	assert(message == NULL);
	sqlite3_close(db);
}

static inline void
enter_home(void)
{
	record_setup();
	unsetenv("OMNI_RUN");
	assert(mkdtemp(fixture_home) != NULL && chdir(fixture_home) == 0);
}

static inline void
remove_home(void)
{
	assert(chdir("/") == 0);
	remove_tree(fixture_home);
}

#endif
