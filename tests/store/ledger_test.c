#include "fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>

static void
refused(const char *path, enum ledger_mode mode, int status, const char *why)
{
	struct error e = { .text = "" };

	assert(ledger_open(path, mode, &e) == NULL);
	if (e.status != status || strstr(e.text, why) == NULL)
		fprintf(stderr, "%d %s\n", e.status, e.text);
	assert(e.status == status);
	assert(strstr(e.text, why) != NULL);
}

static int64_t
append(struct ledger *l, const char *op, const char *data)
{
	return append_json(l, op, data, strlen(data));
}

static void
is_text(struct ledger *l, const char *sql, const char *expected)
{
	struct ledger_rows *r = ledger_select(l, sql, "");
	const char *s;

	assert(ledger_next(r));
	s = ledger_text(r, 0);
	if (s == NULL || expected == NULL)
		assert(s == expected);
	else {
		if (strcmp(s, expected) != 0)
			fprintf(stderr, "%s: %s\n", sql, s);
		assert(strcmp(s, expected) == 0);
	}
	assert(!ledger_next(r));
	ledger_end(r);
}

#define PUT_CONSENT "{\"hash\": \"h1\", \"scope\": \"all\", " \
	"\"state\": \"out\", \"how\": \"keyword\"}"

static void
test_create_and_open(void)
{
	struct ledger *l;
	struct stat st;

	refused("none.db", LEDGER_READ, EX_UNAVAILABLE, "omni-ledger init");
	refused("none.db", LEDGER_WRITE, EX_UNAVAILABLE, "omni-ledger init");
	assert(access("none.db", F_OK) == -1);
	assert(access("none.db.lock", F_OK) == -1);
	set_now("2026-11-23T23:00:00Z");
	l = opened("deep/er/a.db", LEDGER_CREATE);
	assert(strcmp(ledger_path(l), "deep/er/a.db") == 0);
	assert(!ledger_is_open(l));
	is_text(l, "SELECT count(*) FROM journal", "1");
	is_text(l, "SELECT op || ' ' || at || ' ' || by FROM journal",
	    "ledger.created 2026-11-23T23:00:00Z ledger_test");
	is_text(l, "SELECT created_at FROM site", "2026-11-23T23:00:00Z");
	is_text(l, "PRAGMA journal_mode", "wal");
	is_text(l, "PRAGMA synchronous", "2");
	is_text(l, "PRAGMA foreign_keys", "1");
	ledger_close(l);
	assert(stat("deep/er/a.db.key", &st) == 0);
	assert(st.st_size == 32);
	assert((st.st_mode & 0137) == 0);
	/* Made once: a second time only opens it. */
	l = opened("deep/er/a.db", LEDGER_CREATE);
	is_text(l, "SELECT count(*) FROM journal", "1");
	ledger_close(l);
	l = opened("deep/er/a.db", LEDGER_READ);
	is_text(l, "SELECT count(*) FROM inbox", "0");
	ledger_close(l);
	ledger_close(NULL);
}

static void
test_key_mismatch(void)
{
	int fd;

	ledger_close(opened("k1.db", LEDGER_CREATE));
	ledger_close(opened("k2.db", LEDGER_CREATE));
	assert(rename("k1.db.key", "saved.key") == 0);
	refused("k1.db", LEDGER_WRITE, EX_CONFIG, "k1.db.key");
	assert(link("k2.db.key", "k1.db.key") == 0);
	refused("k1.db", LEDGER_WRITE, EX_CONFIG, "k1.db.key: not the key of "
	    "this ledger");
	refused("k1.db", LEDGER_READ, EX_CONFIG, "not the key");
	refused("k1.db", LEDGER_CREATE, EX_CONFIG, "not the key");
	assert(unlink("k1.db.key") == 0);
	fd = open("k1.db.key", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert(fd != -1 && write(fd, "short", 5) == 5);
	close(fd);
	refused("k1.db", LEDGER_WRITE, EX_DATAERR, "not a ledger's key");
	assert(rename("saved.key", "k1.db.key") == 0);
	ledger_close(opened("k1.db", LEDGER_WRITE));
}

static void
test_not_ours(void)
{
	int fd;

	ledger_close(opened("v.db", LEDGER_CREATE));
	by_hand("v.db", "PRAGMA user_version = 99");
	refused("v.db", LEDGER_WRITE, EX_CONFIG, "later omni");
	fd = open("empty.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert(fd != -1);
	close(fd);
	assert(link("k1.db.key", "empty.db.key") == 0);
	refused("empty.db", LEDGER_WRITE, EX_UNAVAILABLE, "empty");
}

static void
test_append(void)
{
	struct ledger *l = opened("b.db", LEDGER_CREATE);
	int64_t seq;

	set_now("2026-11-23T23:00:01Z");
	ledger_set_run(l, "omni-test", "run/7");
	ledger_begin(l);
	assert(ledger_is_open(l));
	seq = append(l, "consent.put", PUT_CONSENT);
	assert(seq == 2);
	ledger_commit(l);
	assert(!ledger_is_open(l));
	is_text(l, "SELECT state || ' ' || at || ' ' || seq FROM consent",
	    "out 2026-11-23T23:00:01Z 2");
	is_text(l, "SELECT by || ' ' || run || ' ' || op FROM journal "
	    "WHERE seq = 2", "omni-test run/7 consent.put");
	is_text(l, "SELECT data ->> '$.v' FROM journal WHERE seq = 2", "3");
	is_text(l, "SELECT data ->> '$.hash' FROM journal WHERE seq = 2", "h1");
	is_text(l, "SELECT changes FROM run WHERE id = 'run/7'", "1");
	/* A clock set back does not set the journal back. */
	set_now("2020-01-01T00:00:00Z");
	ledger_begin(l);
	append(l, "clock.confirmed", "{}");
	ledger_commit(l);
	is_text(l, "SELECT at FROM journal WHERE seq = 3",
	    "2026-11-23T23:00:01Z");
	set_now("2026-11-23T23:00:01Z");
	/* What is rolled back never was. */
	ledger_begin(l);
	append(l, "consent.put", "{\"hash\": \"h2\", \"scope\": \"all\", "
	    "\"state\": \"in\", \"how\": \"staff\"}");
	is_text(l, "SELECT count(*) FROM consent", "2");
	ledger_rollback(l);
	is_text(l, "SELECT count(*) FROM consent", "1");
	is_text(l, "SELECT max(seq) FROM journal", "3");
	/* One record of a batch can be undone alone. */
	ledger_begin(l);
	append(l, "clock.confirmed", "{}");
	ledger_savepoint(l);
	append(l, "consent.put", "{\"hash\": \"h3\", \"scope\": \"all\", "
	    "\"state\": \"in\", \"how\": \"staff\"}");
	ledger_undo(l);
	ledger_savepoint(l);
	append(l, "consent.put", "{\"hash\": \"h4\", \"scope\": \"all\", "
	    "\"state\": \"in\", \"how\": \"staff\"}");
	ledger_release(l);
	ledger_commit(l);
	is_text(l, "SELECT group_concat(hash) FROM consent", "h1,h4");
	is_text(l, "SELECT max(seq) FROM journal", "5");
	assert(ledger_count(l, "SELECT count(*) FROM consent WHERE hash = ?",
	    "s", "h4") == 1);
	assert(ledger_count(l, "SELECT count(*) FROM consent WHERE hash = ? "
	    "AND state = ?", "ss", "h4", "out") == 0);
	assert(ledger_count(l, "SELECT seq FROM consent WHERE 0", "") == 0);
	ledger_close(l);
}

static void
fails(sqlite3 *db, const char *sql, const char *why)
{
	char *message = NULL;

	assert(sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK);
	assert(message != NULL);
	if (strstr(message, why) == NULL)
		fprintf(stderr, "%s: %s\n", sql, message);
	assert(strstr(message, why) != NULL);
	sqlite3_free(message);
}

/* Nobody changes the journal, whatever program they use. */
static void
test_append_only(void)
{
	struct ledger *l;
	sqlite3 *db;

	assert(sqlite3_open("b.db", &db) == SQLITE_OK);
	fails(db, "UPDATE journal SET at = '2000-01-01T00:00:00Z'",
	    "append-only");
	fails(db, "UPDATE journal SET op = op WHERE seq = 1", "append-only");
	fails(db, "DELETE FROM journal WHERE seq = 2", "append-only");
	fails(db, "DELETE FROM journal", "append-only");
	assert(sqlite3_exec(db, "PRAGMA recursive_triggers = ON", NULL, NULL,
	    NULL) == SQLITE_OK);
	fails(db, "REPLACE INTO journal SELECT * FROM journal WHERE seq = 2",
	    "append-only");
	fails(db, "INSERT INTO journal VALUES (99, 'x', 'x', 'x', 'x', '{')",
	    "CHECK");
	sqlite3_close(db);
	l = opened("b.db", LEDGER_READ);
	is_text(l, "SELECT count(*) FROM journal", "5");
	ledger_close(l);
}

/* `fault` ends its process with EX_SOFTWARE. */
static void
is_bug(void (*fault)(void))
{
	int status;
	pid_t pid = fork();

	assert(pid != -1);
	if (pid == 0) {
		close(STDERR_FILENO);
		fault();
		_exit(0);
	}
	assert(waitpid(pid, &status, 0) == pid);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == EX_SOFTWARE);
}

static void
append_outside(void)
{
	append(opened("b.db", LEDGER_WRITE), "clock.confirmed", "{}");
}

static void
append_unknown(void)
{
	struct ledger *l = opened("b.db", LEDGER_WRITE);

	ledger_begin(l);
	append(l, "no.such", "{}");
	ledger_commit(l);
}

static void
write_to_reader(void)
{
	ledger_begin(opened("b.db", LEDGER_READ));
}

static void
test_bugs(void)
{
	struct ledger *l;

	is_bug(append_outside);
	is_bug(append_unknown);
	is_bug(write_to_reader);
	l = opened("b.db", LEDGER_READ);
	is_text(l, "SELECT count(*) FROM journal", "5");
	ledger_close(l);
}

static void
test_content(void)
{
	struct ledger *l = opened("b.db", LEDGER_WRITE), *other;
	struct arena mem = ARENA_INIT(100000);
	char a[LEDGER_KEY], b[LEDGER_KEY], hash[DIGEST_HEX], theirs[DIGEST_HEX];

	ledger_begin(l);
	ledger_content_put(l, "message", "Hola", 4, a);
	ledger_content_put(l, "message", "Hola", 4, b);
	assert(strcmp(a, b) == 0 && strncmp(a, "message/", 8) == 0);
	ledger_content_put(l, "message", "Hola!", 5, b);
	assert(strcmp(a, b) != 0);
	ledger_content_put(l, "contact", "Hola", 4, b);
	assert(strcmp(a + 8, b + 8) == 0 && strcmp(a, b) != 0);
	ledger_commit(l);
	is_text(l, "SELECT count(*) FROM content", "3");
	assert(strcmp(ledger_content(l, a, &mem), "Hola") == 0);
	assert(ledger_content(l, "message/none", &mem) == NULL);
	assert(ledger_content(l, NULL, &mem) == NULL);
	/* The key makes the hash: another ledger's is another one. */
	other = opened("k1.db", LEDGER_READ);
	ledger_hash(l, "+525512345678", hash);
	assert(strcmp(ledger_hash(l, "+525512345678", theirs), hash) == 0);
	assert(strcmp(ledger_hash(other, "+525512345678", theirs), hash) != 0);
	ledger_close(other);
	ledger_close(l);
	arena_release(&mem);
}

/* An erased body may come back only by being put again. */
static void
test_erased_content(void)
{
	struct arena mem = ARENA_INIT(100000);
	struct ledger *l;
	char key[LEDGER_KEY];

	by_hand("b.db", "UPDATE content SET body = NULL, erased_at = "
	    "'2026-11-24T00:00:00Z'");
	l = opened("b.db", LEDGER_WRITE);
	ledger_begin(l);
	ledger_content_put(l, "message", "Hola!", 5, key);
	assert(strcmp(ledger_content(l, key, &mem), "Hola!") == 0);
	ledger_commit(l);
	is_text(l, "SELECT count(*) FROM content WHERE body IS NULL", "2");
	ledger_close(l);
	arena_release(&mem);
}

static void
test_check_time(void)
{
	struct ledger *l = opened("b.db", LEDGER_READ);
	struct error e;

	set_now("2026-11-24T23:00:01Z");
	assert(ledger_check_time(l, 86400, &e) == 0);
	set_now("2026-11-24T23:00:02Z");
	assert(ledger_check_time(l, 86400, &e) == -1);
	assert(e.status == EX_TEMPFAIL);
	assert(strstr(e.text, "2026-11-24T23:00:02Z") != NULL);
	assert(strstr(e.text, "2026-11-23T23:00:01Z") != NULL);
	assert(ledger_check_time(l, 0, &e) == 0);
	set_now("2026-11-22T23:00:00Z");
	assert(ledger_check_time(l, 86400, &e) == -1);
	set_now("2026-11-23T23:00:01Z");
	assert(ledger_check_time(l, 1, &e) == 0);
	ledger_close(l);
}

static void
touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert(fd != -1);
	close(fd);
}

static void
test_check_export(void)
{
	struct ledger *l = opened("b.db", LEDGER_READ);
	struct error e;

	assert(ledger_check_export(l, "journal", &e) == 0);
	assert(mkdir("journal", 0700) == 0);
	touch("journal/000000000001-000000000005.ndjson");
	touch("journal/notes-000000000099.ndjson");
	touch("journal/000000000001-000000000099.tmp");
	assert(ledger_check_export(l, "journal", &e) == 0);
	touch("journal/000000000006-000000000006.ndjson");
	assert(ledger_check_export(l, "journal", &e) == -1);
	assert(e.status == EX_TEMPFAIL);
	assert(strstr(e.text, "has 5 entries") != NULL);
	ledger_close(l);
}

static void
test_backup(void)
{
	struct ledger *l = opened("b.db", LEDGER_WRITE), *copy;
	struct error e;

	assert(ledger_backup(l, "copy.db", &e) == 0);
	assert(ledger_backup(l, "copy.db", &e) == -1);
	assert(e.status == EX_USAGE);
	copy = opened("copy.db", LEDGER_WRITE);
	is_text(copy, "SELECT group_concat(hash) FROM consent", "h1,h4");
	ledger_close(copy);
	/* One that was killed left this: no hindrance; another's key is. */
	assert(unlink("copy.db") == 0);
	touch("copy.db.tmp");
	assert(ledger_backup(l, "copy.db", &e) == 0);
	assert(access("copy.db.tmp", F_OK) == -1);
	copy = opened("copy.db", LEDGER_READ);
	is_text(copy, "SELECT group_concat(hash) FROM consent", "h1,h4");
	ledger_close(copy);
	assert(unlink("copy.db") == 0 && truncate("copy.db.key", 31) == 0);
	assert(ledger_backup(l, "copy.db", &e) == -1);
	assert(strstr(e.text, "copy.db.key: exists already") != NULL);
	assert(access("copy.db", F_OK) == -1);
	ledger_close(l);
}

static _Noreturn void
writer(int number, int rows)
{
	struct ledger *l;
	struct error e;
	char data[128];

	l = ledger_open("both.db", LEDGER_CREATE, &e);
	if (l == NULL) {
		diag("%s", e.text);
		_exit(1);
	}
	for (int i = 0; i < rows; i++) {
		ledger_begin(l);
		for (int k = 0; k < 2; k++) {
			snprintf(data, sizeof(data), "{\"hash\": \"%d-%d-%d\", "
			    "\"scope\": \"all\", \"state\": \"in\", "
			    "\"how\": \"x\"}", number, i, k);
			append(l, "consent.put", data);
		}
		ledger_commit(l);
	}
	ledger_close(l);
	_exit(0);
}

static void
no_difference(void *ctx, const char *table, int64_t rows)
{
	(void)ctx;
	fprintf(stderr, "%s: %lld\n", table, (long long)rows);
}

/* They make the ledger at the same time, too. */
static void
test_writers_at_once(void)
{
	enum { WRITERS = 4, ROWS = 40 };
	struct ledger *l;
	pid_t pid[WRITERS];
	int64_t replayed;
	int status;

	for (int i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		assert(pid[i] != -1);
		if (pid[i] == 0)
			writer(i, ROWS);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert(waitpid(pid[i], &status, 0) == pid[i]);
		assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	l = opened("both.db", LEDGER_WRITE);
	assert(ledger_count(l, "SELECT count(*) FROM consent", "") ==
	    WRITERS * ROWS * 2);
	assert(ledger_count(l, "SELECT max(seq) FROM journal", "") ==
	    WRITERS * ROWS * 2 + 1);
	assert(ledger_count(l, "SELECT count(*) FROM journal", "") ==
	    WRITERS * ROWS * 2 + 1);
	/* The two rows of a transaction stand side by side. */
	assert(ledger_count(l, "SELECT count(*) FROM journal a JOIN journal b "
	    "ON b.seq = a.seq + 1 WHERE a.data ->> '$.hash' LIKE '%-0' AND "
	    "b.data ->> '$.hash' = replace(a.data ->> '$.hash' || '|', '-0|', "
	    "'-1')", "") == WRITERS * ROWS);
	assert(ledger_verify(l, no_difference, NULL, &replayed) == 0);
	assert(replayed == WRITERS * ROWS * 2 + 1);
	ledger_close(l);
}

/* A reader does not hinder a writer, and sees what was when it began. */
static void
test_reader_beside_writer(void)
{
	struct ledger *r = opened("b.db", LEDGER_READ);
	struct ledger *w = opened("b.db", LEDGER_WRITE);
	struct ledger_rows *rows;
	int n = 1;

	rows = ledger_select(r, "SELECT seq FROM journal ORDER BY seq", "");
	assert(ledger_next(rows));
	ledger_begin(w);
	append(w, "clock.confirmed", "{}");
	ledger_commit(w);
	while (ledger_next(rows))
		n++;
	ledger_end(rows);
	assert(n == 5);
	is_text(r, "SELECT count(*) FROM journal", "6");
	ledger_close(w);
	ledger_close(r);
}

static off_t
log_size(void)
{
	struct stat st;

	assert(stat("b.db-wal", &st) == 0);
	return st.st_size;
}

/* A log that a reader made very long is short again when it is gone. */
static void
test_long_log(void)
{
	struct ledger *w = opened("b.db", LEDGER_WRITE);
	sqlite3 *reader;

	assert(sqlite3_open("b.db", &reader) == SQLITE_OK);
	assert(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM journal",
	    NULL, NULL, NULL) == SQLITE_OK);
	by_hand("b.db", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
	    "i + 1 FROM n WHERE i < 70) INSERT INTO content(key, body) SELECT "
	    "'t/long' || i, hex(zeroblob(500000)) FROM n");
	assert(log_size() > 64 * 1024 * 1024);
	ledger_close(w);
	assert(log_size() > 64 * 1024 * 1024);
	assert(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
	ledger_close(opened("b.db", LEDGER_READ));
	assert(log_size() > 64 * 1024 * 1024);
	ledger_close(opened("b.db", LEDGER_WRITE));
	assert(log_size() == 0);
	assert(sqlite3_close(reader) == SQLITE_OK);
	by_hand("b.db", "DELETE FROM content WHERE key LIKE 't/long%'");
}

int
main(void)
{
	enter_home();
	set_now("2026-11-23T23:00:00Z");
	test_create_and_open();
	test_key_mismatch();
	test_not_ours();
	test_append();
	test_append_only();
	test_bugs();
	test_content();
	test_erased_content();
	test_check_time();
	test_check_export();
	test_backup();
	test_writers_at_once();
	test_reader_beside_writer();
	test_long_log();
	remove_home();
	return 0;
}
