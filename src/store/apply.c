/*
 * Applies journal rows to the projections.
 *
 * share/ledger/apply.sql is the whole logic: sections "-- op NAME" of SQL
 * statements with the parameters :seq :at :by :run :data, "-- op *" for every
 * row, and "-- include NAME" for the statements of another section.  The same
 * statements run when a row is written and when it is replayed, so the two
 * cannot differ.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ledger_impl.h"
#include "schema.h"

#define OPS		48
#define STATEMENTS_OP	16

struct op {
	char name[32];
	sqlite3_stmt *stmt[STATEMENTS_OP];
	size_t count;
};

struct applier {
	const struct ledger *ledger;
	sqlite3 *db;
	struct op ops[OPS];
	size_t count;
};

/* The text behind the line "-- op NAME", up to the next such line. */
static const char *
section(const char *name, size_t *len)
{
	char head[64];
	const char *p, *end;

	snprintf(head, sizeof(head), "\n-- op %s\n", name);
	p = strstr(apply_sql, head);
	if (p == NULL)
		return NULL;
	p += strlen(head);
	end = strstr(p - 1, "\n-- op ");
	*len = end == NULL ? strlen(p) : (size_t)(end - p + 1);
	return p;
}

static void prepare_section(struct applier *a, struct op *op,
    const char *name);

/* Statements end at ";" and a newline; comments between them are skipped. */
static void
prepare_text(struct applier *a, struct op *op, const char *sql)
{
	const char *tail = sql;
	sqlite3_stmt *stmt;
	char name[32];

	while (*tail != '\0') {
		tail += strspn(tail, " \t\n");
		if (sscanf(tail, "-- include %31s", name) == 1) {
			prepare_section(a, op, name);
			tail += strcspn(tail, "\n");
			continue;
		}
		if (strncmp(tail, "--", 2) == 0) {
			tail += strcspn(tail, "\n");
			continue;
		}
		if (*tail == '\0')
			break;
		stmt = ledger_prepare(a->ledger, a->db, tail, &tail);
		if (op->count == STATEMENTS_OP)
			die(EX_SOFTWARE, "apply.sql: too many statements");
		op->stmt[op->count++] = stmt;
	}
}

static void
prepare_section(struct applier *a, struct op *op, const char *name)
{
	const char *text;
	char *copy;
	size_t len;

	text = section(name, &len);
	if (text == NULL)
		die(EX_SOFTWARE, "apply.sql has no operation %s", name);
	copy = strndup(text, len);
	if (copy == NULL)
		die(EX_OSERR, "out of memory");
	prepare_text(a, op, copy);
	free(copy);
}

static struct op *
find_op(struct applier *a, const char *name)
{
	struct op *op;

	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->ops[i].name, name) == 0)
			return &a->ops[i];
	if (a->count == OPS || strlen(name) >= sizeof(op->name))
		die(EX_SOFTWARE, "apply.sql: too many operations");
	op = &a->ops[a->count++];
	snprintf(op->name, sizeof(op->name), "%s", name);
	prepare_section(a, op, name);
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
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < a->ops[i].count; k++)
			sqlite3_finalize(a->ops[i].stmt[k]);
	free(a);
}

static void
bind_text(struct applier *a, sqlite3_stmt *stmt, const char *name,
    const char *value)
{
	int i = sqlite3_bind_parameter_index(stmt, name);

	if (i > 0 && sqlite3_bind_text(stmt, i, value, -1, SQLITE_STATIC) !=
	    SQLITE_OK)
		ledger_fail(a->ledger, a->db, "bind");
}

/* A SELECT without a row ends the operation: see apply.sql. */
static void
run_op(struct applier *a, const struct op *op, const struct journal_row *row)
{
	sqlite3_stmt *stmt;
	bool more = true;
	int i, rc;

	for (size_t k = 0; more && k < op->count; k++) {
		stmt = op->stmt[k];
		i = sqlite3_bind_parameter_index(stmt, ":seq");
		if (i > 0)
			sqlite3_bind_int64(stmt, i, row->seq);
		bind_text(a, stmt, ":at", row->at);
		bind_text(a, stmt, ":by", row->by);
		bind_text(a, stmt, ":run", row->run);
		bind_text(a, stmt, ":data", row->data);
		rc = sqlite3_step(stmt);
		if (rc != SQLITE_DONE && rc != SQLITE_ROW)
			ledger_fail(a->ledger, a->db, row->op);
		more = rc == SQLITE_ROW || sqlite3_column_count(stmt) == 0;
		sqlite3_reset(stmt);
		sqlite3_clear_bindings(stmt);
	}
}

void
applier_apply(struct applier *a, const struct journal_row *row)
{
	run_op(a, find_op(a, "*"), row);
	run_op(a, find_op(a, row->op), row);
}
