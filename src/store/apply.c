/*
 * Applies journal rows to the projections.
 *
 * share/ledger/apply.sql is the whole logic: sections "-- op NAME" of SQL
 * statements with the parameters :seq :at :by :run :data, "-- op *" for every
 * row, "-- part NAME" for what several of them share, "-- include NAME" for the
 * statements of a part or of another operation ("-- include NAME of PART": with
 * the expression that PART is in place of :data), and "-- when" for a SELECT
 * without whose row the next statement is left out.  The same
 * statements run when a row is written and when it is replayed, so the two
 * cannot differ.
 *
 * Reading JSON is what a row would cost most: a message that is queued asks
 * for eighty members in ten statements, and SQLite reads the text once for
 * each statement.  So ":data ->> '$.a.b'" becomes the parameter :data_a_b, and
 * what all of them stand for is read once a row, by one SELECT per operation.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ledger_impl.h"
#include "schema.h"

#define OPS		48
#define STATEMENTS_OP	24
#define PARAMETERS	64	/* of one statement */
#define MEMBERS		64	/* of `data`, that one operation asks for */
#define MEMBER		" ->> '$."

/* The columns of a journal row, before the members of its data. */
enum { ROW_SEQ, ROW_AT, ROW_BY, ROW_RUN, ROW_DATA, ROW_MEMBERS };

struct statement {
	sqlite3_stmt *stmt;
	bool is_guard;		/* of the next one only: "-- when" */
	int from[PARAMETERS];	/* of each parameter: a column of the row */
	int parameters;
};

struct op {
	char name[32];
	struct statement stmt[STATEMENTS_OP];
	size_t count;
	char member[MEMBERS][48];	/* "reminder.id" */
	int members;
	sqlite3_stmt *reader;		/* of the members, in that order */
};

struct applier {
	const struct ledger *ledger;
	sqlite3 *db;
	struct op ops[OPS];
	size_t count;
};

/* Up to the next line "-- op NAME" or "-- part NAME". */
static size_t
section_length(const char *text)
{
	const char *p = text - 1;	/* it may be the next line */

	while ((p = strstr(p, "\n-- ")) != NULL) {
		if (strncmp(p, "\n-- op ", 7) == 0 ||
		    strncmp(p, "\n-- part ", 9) == 0)
			return (size_t)(p + 1 - text);
		p++;
	}
	return strlen(text);
}

/* The text behind the line "-- KIND NAME". */
static const char *
section(const char *kind, const char *name)
{
	char head[64];
	const char *p;

	snprintf(head, sizeof(head), "\n-- %s %s\n", kind, name);
	p = strstr(apply_sql, head);
	return p == NULL ? NULL : p + strlen(head);
}

static void prepare_section(struct applier *a, struct op *op,
    const char *text, const char *data);
static const char *included(const char *name);

/* The number of a member among those that the operation asks for. */
static int
find_member(struct op *op, const char *path, size_t len)
{
	int i;

	for (i = 0; i < op->members; i++)
		if (strlen(op->member[i]) == len &&
		    memcmp(op->member[i], path, len) == 0)
			return i;
	if (op->members == MEMBERS || len >= sizeof(op->member[0]))
		die(EX_SOFTWARE, "apply.sql: %s asks for too much", op->name);
	snprintf(op->member[i], sizeof(op->member[i]), "%.*s", (int)len,
	    path);
	return op->members++;
}

/* The statement with ":data_a_b" for each ":data ->> '$.a.b'". */
static void
name_members(struct op *op, const char *sql, struct buf *out)
{
	const char *p, *path;
	size_t len;

	while ((p = strstr(sql, ":data" MEMBER)) != NULL) {
		path = p + strlen(":data" MEMBER);
		len = strcspn(path, "'");
		find_member(op, path, len);
		buf_add(out, sql, (size_t)(p - sql));
		buf_str(out, ":data_");
		for (size_t i = 0; i < len; i++)
			buf_char(out, path[i] == '.' ? '_' : path[i]);
		sql = path + len + 1;
	}
	buf_str(out, sql);
}

/* The column of a row that a parameter stands for. */
static int
column_of(const struct op *op, const char *name)
{
	static const char *const columns[] = { ":seq", ":at", ":by", ":run",
	    ":data" };
	char own[64];

	for (int i = 0; i < ROW_MEMBERS; i++)
		if (strcmp(name, columns[i]) == 0)
			return i;
	for (int i = 0; i < op->members; i++) {
		snprintf(own, sizeof(own), ":data_%s", op->member[i]);
		for (char *p = own; *p != '\0'; p++)
			if (*p == '.')
				*p = '_';
		if (strcmp(name, own) == 0)
			return ROW_MEMBERS + i;
	}
	die(EX_SOFTWARE, "apply.sql: %s: no parameter %s", op->name, name);
}

/* Prepares the first statement of `sql`; returns what follows it. */
static const char *
add_statement(struct applier *a, struct op *op, const char *sql)
{
	struct statement *s = &op->stmt[op->count];
	const char *tail;

	if (op->count == STATEMENTS_OP)
		die(EX_SOFTWARE, "apply.sql: too many statements");
	s->stmt = ledger_prepare(a->ledger, a->db, sql, &tail);
	s->parameters = sqlite3_bind_parameter_count(s->stmt);
	if (s->parameters > PARAMETERS)
		die(EX_SOFTWARE, "apply.sql: too many parameters");
	for (int i = 0; i < s->parameters; i++)
		s->from[i] = column_of(op, sqlite3_bind_parameter_name(s->stmt,
		    i + 1));
	op->count++;
	return tail;
}

/* Statements end at ";" and a newline; comments between them are skipped. */
static void
prepare_text(struct applier *a, struct op *op, const char *sql)
{
	const char *tail = sql;
	bool when = false;
	char name[32], data[32];
	int words;

	while (*tail != '\0') {
		tail += strspn(tail, " \t\n");
		words = sscanf(tail, "-- include %31s of %31s", name, data);
		if (words >= 1) {
			prepare_section(a, op, included(name), words == 2 ?
			    included(data) : NULL);
			tail += strcspn(tail, "\n");
			continue;
		}
		if (strncmp(tail, "--", 2) == 0) {
			when = strncmp(tail, "-- when\n", 8) == 0;
			tail += strcspn(tail, "\n");
			continue;
		}
		if (*tail == '\0')
			break;
		op->stmt[op->count].is_guard = when;
		when = false;
		tail = add_statement(a, op, tail);
	}
}

/* What "-- include NAME" is about: a part, or all that an operation does. */
static const char *
included(const char *name)
{
	const char *text = section("part", name);

	if (text == NULL)
		text = section("op", name);
	if (text == NULL)
		die(EX_SOFTWARE, "apply.sql has no part %s", name);
	return text;
}

/* The section that begins at `text`, with the section `data` for :data. */
static void
copy_section(const char *text, const char *data, struct buf *out)
{
	const char *end = text + section_length(text), *p;

	while (data != NULL && (p = strstr(text, ":data")) != NULL && p < end) {
		buf_add(out, text, (size_t)(p - text));
		copy_section(data, NULL, out);
		text = p + strlen(":data");
	}
	buf_add(out, text, (size_t)(end - text));
}

/* The same, prepared; `data` may be NULL. */
static void
prepare_section(struct applier *a, struct op *op, const char *text,
    const char *data)
{
	struct buf copy = BUF_INIT(256 * 1024), named = BUF_INIT(256 * 1024);

	copy_section(text, data, &copy);
	name_members(op, buf_text(&copy), &named);
	prepare_text(a, op, buf_text(&named));
	buf_release(&named);
	buf_release(&copy);
}

/* SELECT ?1 ->> '$.id', ?1 ->> '$.reminder.id', ... */
static void
prepare_reader(struct applier *a, struct op *op)
{
	struct buf sql = BUF_INIT(16 * 1024);

	if (op->members == 0)
		return;
	for (int i = 0; i < op->members; i++)
		buf_printf(&sql, "%s ?1" MEMBER "%s'", i == 0 ? "SELECT" : ",",
		    op->member[i]);
	op->reader = ledger_prepare(a->ledger, a->db, buf_text(&sql), NULL);
	buf_release(&sql);
}

static struct op *
find_op(struct applier *a, const char *name)
{
	const char *text;
	struct op *op;

	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->ops[i].name, name) == 0)
			return &a->ops[i];
	if (a->count == OPS || strlen(name) >= sizeof(op->name))
		die(EX_SOFTWARE, "apply.sql: too many operations");
	op = &a->ops[a->count++];
	snprintf(op->name, sizeof(op->name), "%s", name);
	text = section("op", name);
	if (text == NULL)
		die(EX_SOFTWARE, "apply.sql has no operation %s", name);
	prepare_section(a, op, text, NULL);
	prepare_reader(a, op);
	return op;
}

struct applier *
applier_open(const struct ledger *l, sqlite3 *db)
{
	struct applier *a = calloc(1, sizeof(*a));

	if (a == NULL)
		die(EX_OSERR, "out of memory");
	a->ledger = l;
	a->db = db;
	return a;
}

void
applier_close(struct applier *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->count; i++) {
		for (size_t k = 0; k < a->ops[i].count; k++)
			sqlite3_finalize(a->ops[i].stmt[k].stmt);
		sqlite3_finalize(a->ops[i].reader);
	}
	free(a);
}

/* What the reader found, as it found it; it stays where it is meanwhile. */
static int
bind_member(sqlite3_stmt *stmt, int i, sqlite3_stmt *reader, int column)
{
	switch (sqlite3_column_type(reader, column)) {
	case SQLITE_TEXT:
		return sqlite3_bind_text(stmt, i, (const char *)
		    sqlite3_column_text(reader, column),
		    sqlite3_column_bytes(reader, column), SQLITE_STATIC);
	case SQLITE_INTEGER:
		return sqlite3_bind_int64(stmt, i, sqlite3_column_int64(reader,
		    column));
	case SQLITE_NULL:
		return sqlite3_bind_null(stmt, i);
	default:
		return sqlite3_bind_value(stmt, i, sqlite3_column_value(reader,
		    column));
	}
}

static void
bind_row(struct applier *a, const struct statement *s, const struct op *op,
    const struct journal_row *row)
{
	const char *const text[] = { [ROW_AT] = row->at, [ROW_BY] = row->by,
	    [ROW_RUN] = row->run, [ROW_DATA] = row->data };
	int rc = SQLITE_OK;

	for (int i = 0; rc == SQLITE_OK && i < s->parameters; i++) {
		if (s->from[i] >= ROW_MEMBERS)
			rc = bind_member(s->stmt, i + 1, op->reader,
			    s->from[i] - ROW_MEMBERS);
		else if (s->from[i] == ROW_SEQ)
			rc = sqlite3_bind_int64(s->stmt, i + 1, row->seq);
		else
			rc = sqlite3_bind_text(s->stmt, i + 1,
			    text[s->from[i]], -1, SQLITE_STATIC);
	}
	if (rc != SQLITE_OK)
		ledger_fail(a->ledger, a->db, "bind");
}

static void
read_members(struct applier *a, const struct op *op,
    const struct journal_row *row)
{
	if (op->reader == NULL)
		return;
	if (sqlite3_bind_text(op->reader, 1, row->data, -1, SQLITE_STATIC) !=
	    SQLITE_OK || sqlite3_step(op->reader) != SQLITE_ROW)
		ledger_fail(a->ledger, a->db, row->op);
}

/* A SELECT without a row ends the operation: see apply.sql. */
static void
run_op(struct applier *a, const struct op *op, const struct journal_row *row)
{
	const struct statement *s;
	bool more = true;
	int rc;

	read_members(a, op, row);
	for (size_t k = 0; more && k < op->count; k++) {
		s = &op->stmt[k];
		bind_row(a, s, op, row);
		rc = sqlite3_step(s->stmt);
		if (rc != SQLITE_DONE && rc != SQLITE_ROW)
			ledger_fail(a->ledger, a->db, row->op);
		more = rc == SQLITE_ROW || sqlite3_column_count(s->stmt) == 0;
		sqlite3_reset(s->stmt);
		if (s->is_guard && !more) {
			more = true;
			k++;
		}
	}
	if (op->reader != NULL)
		sqlite3_reset(op->reader);
}

void
applier_apply(struct applier *a, const struct journal_row *row)
{
	if (!a->ledger->rehearsal)	/* nobody asks when it ran */
		run_op(a, find_op(a, "*"), row);
	run_op(a, find_op(a, row->op), row);
}
