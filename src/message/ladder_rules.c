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

struct rule {
	char type[64];
	const char *channel;
	int64_t step, wait;
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

/* A flag of a database: true, 1; without one the row is active. */
static bool
is_active(const struct value *row)
{
	const struct value *v = value_get(row, "is_active");
	int64_t n;

	if (v == NULL)
		v = value_get(row, "active");
	return v == NULL || value_is_true(v) ||
	    (value_integer(v, &n) && n != 0);
}

static bool
read_rule(struct rules *all, const struct value *row, struct rule *r)
{
	const char *type = value_get_string(row, "reminder_type");
	const char *channel = value_get_string(row, "channel");

	if (!is_name(type))
		return bad(all, "reminder_type: missing, or no name of "
		    "letters, digits, - and _");
	snprintf(r->type, sizeof(r->type), "%s", type);
	r->channel = config_channel_type_of(channel);
	if (r->channel == NULL)
		return bad(all, "channel: %.60s is none", channel == NULL ?
		    "what is missing" : channel);
	if (!value_integer(value_get(row, "step"), &r->step) || r->step < 1 ||
	    r->step > 99)
		return bad(all, "step: not a whole number from 1 to 99");
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
	else if (is_active(row) && read_rule(all, row, &rule)) {
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

/* The rows of one type, which begin at `from`; returns where they end. */
static size_t
print_ladder(struct rules *all, size_t from, struct buf *out)
{
	const struct rule *r = all->list + from;
	int64_t sum = 0, wait;
	size_t n = 0;

	for (; from + n < all->count && strcmp(r[n].type, r->type) == 0; n++) {
		sum += r[n].wait;
		if (n > 0 && r[n].step == r[n - 1].step) {
			diag("%s: step %lld is there twice", r->type,
			    (long long)r[n].step);
			all->bad++;
		}
	}
	if (n > LADDER_STEPS) {
		diag("%s: more than %d steps", r->type, LADDER_STEPS);
		all->bad++;
	}
	if (sum == 0) {
		diag("%s: wait_hours are all 0: nothing would come before the "
		    "event", r->type);
		all->bad++;
	}
	buf_printf(out, "%s[ladder %s]\n", from == 0 ? "" : "\n", r->type);
	for (size_t i = 0; i < n; i++) {
		wait = i == 0 ? sum : r[i - 1].wait;
		buf_printf(out, "step.%lld = %c%lldh %s\n",
		    (long long)r[i].step, i == 0 ? '-' : '+',
		    (long long)wait, r[i].channel);
	}
	return from + n;
}

static int
print_all(struct rules *all)
{
	struct buf out = BUF_INIT(1024 * 1024);

	qsort(all->list, all->count, sizeof(*all->list), compare);
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
		else if (len > 0)
			take(&all, line, len);
	}
	if (status == READER_ERROR)
		die(EX_IOERR, "stdin: %s", strerror(errno));
	reader_release(&in);
	rc = print_all(&all);
	free(all.list);
	return rc;
}
