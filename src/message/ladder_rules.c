#include "ladder_rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/config.h"
#include "base/output.h"
#include "base/reader.h"
#include "base/record.h"
#include "message/ladder.h"

#define RULES_MAX	2000
#define HOURS_MAX	(366 * 24)
#define STEP_LAST	98	/* of 99: behind it comes the flag */

struct rule {
	char type[64];
	const char *channel;
	int64_t step, wait;
	bool active;
};

struct rules {
	struct rule *list;
	size_t count;
	uintmax_t line, bad;
};

static bool bad(struct rules *all, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
bad(struct rules *all, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	diag("line %ju: %s", all->line, what);
	all->bad++;
	return false;
}

/* The name of a section, with nothing that ends one. */
static bool
is_name(const char *s)
{
	return s != NULL && *s != '\0' && strlen(s) < 60 &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_-") == strlen(s);
}

/*
 * As databases write it: true or 1.  Without it a row is active; any other
 * word could mean the one or the other.
 */
static bool
read_active(struct rules *all, const struct value *row, struct rule *r)
{
	const char *name = value_get(row, "is_active") != NULL ? "is_active" :
	    "active";
	const struct value *v = value_get(row, name);
	int64_t n = -1;

	value_integer(v, &n);
	r->active = v == NULL || value_is_true(v) || n == 1;
	if (v != NULL && value_type(v) != VALUE_BOOL && n != 0 && n != 1)
		return bad(all, "%s: neither true, false, 1 nor 0", name);
	return true;
}

static bool
read_type(struct rules *all, const struct value *row, struct rule *r)
{
	const char *type = value_get_string(row, "reminder_type");

	if (!is_name(type))
		return bad(all, "reminder_type: missing, or no name of "
		    "letters, digits, - and _");
	snprintf(r->type, sizeof(r->type), "%s", type);
	return true;
}

static bool
read_rule(struct rules *all, const struct value *row, struct rule *r)
{
	const char *channel = value_get_string(row, "channel");

	if (!read_type(all, row, r))
		return false;
	r->channel = config_channel_type_of(channel);
	if (r->channel == NULL)
		return bad(all, "channel: %.60s is none", channel == NULL ?
		    "what is missing" : channel);
	if (!value_integer(value_get(row, "step"), &r->step) || r->step < 1 ||
	    r->step > STEP_LAST)
		return bad(all, "step: not a whole number from 1 to %d",
		    STEP_LAST);
	if (!value_integer(value_get(row, "wait_hours"), &r->wait) ||
	    r->wait < 0 || r->wait > HOURS_MAX)
		return bad(all, "wait_hours: not a whole number from 0 to %d",
		    HOURS_MAX);
	return true;
}

static void
take(struct rules *all, const char *line, size_t len)
{
	struct rule rule;
	struct value *row;
	struct error e;

	row = value_parse(line, len, &e);
	if (row == NULL)
		bad(all, "%s", e.text);
	else if (value_type(row) != VALUE_OBJECT)
		bad(all, "not an object");
	else if (read_active(all, row, &rule) && (!rule.active ?
	    read_type(all, row, &rule) : read_rule(all, row, &rule))) {
		if (all->count == RULES_MAX)
			bad(all, "more than %d rows", RULES_MAX);
		else
			all->list[all->count++] = rule;
	}
	value_free(row);
}

static int
compare(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	int order = strcmp(x->type, y->type);

	return order != 0 ? order : (x->step > y->step) - (x->step < y->step);
}

/* What is wrong with the rows of one type, which all are active. */
static void
check_type(struct rules *all, const struct rule *r, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += r[i].wait;
		if (i > 0 && r[i].step == r[i - 1].step) {
			diag("%s: step %lld is there twice", r->type,
			    (long long)r[i].step);
			all->bad++;
		}
	}
	if (n >= LADDER_STEPS) {
		diag("%s: more than %d steps", r->type, LADDER_STEPS - 1);
		all->bad++;
	}
	if (sum == 0) {
		diag("%s: wait_hours are all 0: nothing would come before the "
		    "event", r->type);
		all->bad++;
	}
}

/* Leaves out those that are not active; says which types have no other. */
static void
keep_active(struct rules *all)
{
	size_t kept = 0, before = 0;

	for (size_t i = 0; i < all->count; i++) {
		struct rule *r = &all->list[i];
		bool last = i + 1 == all->count ||
		    strcmp(r[1].type, r->type) != 0;

		if (last && !r->active && kept == before)
			diag("%s: no row is active, so there is no ladder",
			    r->type);
		if (r->active)
			all->list[kept++] = *r;
		if (last)
			before = kept;
	}
	all->count = kept;
}

/* Who has not answered by then is for staff, while there is time to call. */
static void
print_flag(const struct rule *last, struct buf *out)
{
	if (last->wait > 0)
		buf_printf(out, "step.%lld = -%lldm flag\n",
		    (long long)last->step + 1, (long long)last->wait * 30);
}

/* The rows of one type, which begin at `from`; returns where they end. */
static size_t
print_ladder(struct rules *all, size_t from, struct buf *out)
{
	const struct rule *r = all->list + from;
	int64_t sum = 0, wait;
	size_t n = 0;

	for (; from + n < all->count && strcmp(r[n].type, r->type) == 0; n++)
		sum += r[n].wait;
	check_type(all, r, n);
	buf_printf(out, "%s[ladder %s]\n", from == 0 ? "" : "\n", r->type);
	for (size_t i = 0; i < n; i++) {
		wait = i == 0 ? sum : r[i - 1].wait;
		buf_printf(out, "step.%lld = %c%lldh %s\n",
		    (long long)r[i].step, i == 0 ? '-' : '+',
		    (long long)wait, r[i].channel);
	}
	print_flag(&r[n - 1], out);
	return from + n;
}

static int
print_all(struct rules *all)
{
	struct buf out = BUF_INIT(1024 * 1024);

	qsort(all->list, all->count, sizeof(*all->list), compare);
	keep_active(all);
	if (all->count == 0 && all->bad == 0) {
		diag("no row, no ladder");
		all->bad++;
	}
	for (size_t i = 0; i < all->count; )
		i = print_ladder(all, i, &out);
	if (all->bad == 0)
		output_put(&out);
	buf_release(&out);
	output_flush();
	return all->bad > 0 ? EX_DATAERR : EX_OK;
}

int
ladder_rules(void)
{
	struct rules all = { .list = calloc(RULES_MAX, sizeof(*all.list)) };
	enum reader_status status;
	struct reader in;
	size_t len;
	char *line;
	int rc;

	if (all.list == NULL)
		die(EX_OSERR, "out of memory");
	reader_init(&in, STDIN_FILENO, RECORD_MAX, NULL, NULL);
	while ((status = reader_next(&in, &line, &len)) == READER_LINE ||
	    status == READER_TOO_LONG || status == READER_TRUNCATED) {
		all.line = in.lineno;
		if (status == READER_TOO_LONG)
			bad(&all, "too long");
		else if (strspn(line, " \t\r") < len)
			take(&all, line, len);
	}
	if (status == READER_ERROR)
		die(EX_IOERR, "stdin: %s", strerror(errno));
	reader_release(&in);
	rc = print_all(&all);
	free(all.list);
	return rc;
}
