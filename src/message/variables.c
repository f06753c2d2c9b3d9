#include "variables.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unicode/utf8.h>

#include "base/clock.h"
#include "base/text.h"

#define SHOWN_MAX	60	/* bytes of a value in a message */

bool
variable_is_empty(const struct value *v)
{
	const char *s;

	switch (value_type(v)) {
	case VALUE_ABSENT:
	case VALUE_NULL:
		return true;
	case VALUE_STRING:
		s = value_string(v);
		return text_is_blank(s, strlen(s));
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		return value_count(v) == 0;
	default:
		return false;
	}
}

static bool
is_number(const struct value *v)
{
	return value_type(v) == VALUE_INTEGER || value_type(v) == VALUE_REAL;
}

/* The length of "-450.00" at the start of `s`; 0 when there is none. */
static size_t
decimal_length(const char *s)
{
	size_t n = *s == '-' || *s == '+', digits, places;

	digits = strspn(s + n, "0123456789");
	if (digits == 0)
		return 0;
	n += digits;
	if (s[n] != '.')
		return n;
	places = strspn(s + n + 1, "0123456789");
	return places == 0 ? 0 : n + 1 + places;
}

static bool
is_decimal(const char *s)
{
	size_t n = decimal_length(s);

	return n > 0 && s[n] == '\0';
}

static bool
is_currency(const char *s)
{
	return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") >= 3;
}

/* "450.00", "450.00 MXN", "MXN 450.00" */
static bool
is_money(const char *s)
{
	size_t n;

	if (is_currency(s)) {
		s += 3;
		return is_decimal(s + strspn(s, " "));
	}
	n = decimal_length(s);
	if (n == 0)
		return false;
	s += n;
	if (*s == '\0')
		return true;
	s += strspn(s, " ");
	return is_currency(s) && s[3] == '\0';
}

static bool
is_time(const char *s)
{
	struct civil local;
	instant t;

	return clock_parse(s, &t) || civil_parse(s, &local);
}

static bool
is_date(const char *s)
{
	struct civil local;
	char text[24];

	if (strlen(s) != strlen("2026-11-24"))
		return is_time(s);
	snprintf(text, sizeof(text), "%sT00:00", s);
	return civil_parse(text, &local);
}

/* http or https with a host; nothing that a program would cut it at. */
static bool
is_url(const char *s)
{
	const uint8_t *bytes = (const uint8_t *)s;
	int32_t i = 0, len = (int32_t)strlen(s);
	UChar32 c;

	if (strncmp(s, "https://", 8) == 0)
		s += 8;
	else if (strncmp(s, "http://", 7) == 0)
		s += 7;
	else
		return false;
	if (strchr("/?#:@", *s) != NULL)	/* or the end */
		return false;
	while (i < len) {
		U8_NEXT(bytes, i, len, c);
		if (c < 0 || text_is_unseen(c))
			return false;
	}
	return true;
}

static bool
is_text(const struct value *v)
{
	return value_string(v) != NULL || is_number(v);
}

const char *
variable_misfit(enum variable_type type, const struct value *v)
{
	const char *s = value_string(v);

	switch (type) {
	case VARIABLE_TEXT:
		return is_text(v) ? NULL : "is not a text";
	case VARIABLE_NUMBER:
		return is_number(v) || (s != NULL && is_decimal(s)) ? NULL :
		    "is not a number";
	case VARIABLE_MONEY:
		return is_number(v) || (s != NULL && is_money(s)) ? NULL :
		    "is not an amount of money";
	case VARIABLE_TIME:
		return s != NULL && is_time(s) ? NULL : "is not a time";
	case VARIABLE_DATE:
		return s != NULL && is_date(s) ? NULL : "is not a date";
	case VARIABLE_URL:
		return s != NULL && is_url(s) ? NULL :
		    "is not an address of the web";
	case VARIABLE_FLAG:
		return value_type(v) == VALUE_BOOL ? NULL :
		    "is neither true nor false";
	case VARIABLE_LIST:
		return value_type(v) == VALUE_ARRAY ? NULL : "is not a list";
	case VARIABLE_OBJECT:
		return value_type(v) == VALUE_OBJECT ? NULL :
		    "is not an object";
	case VARIABLE_TYPES:
	default:
		return "is of no type";
	}
}

/* The value as JSON, cut after a whole character. */
static void
show(const struct value *v, char out[SHOWN_MAX + 8])
{
	struct buf b = BUF_INIT(4 * RECORD_MAX);
	size_t len;

	value_write(v, &b);
	len = b.len;
	if (len > SHOWN_MAX)
		for (len = SHOWN_MAX; len > 0 &&
		    ((unsigned char)b.data[len] & 0xc0) == 0x80; len--)
			continue;
	snprintf(out, SHOWN_MAX + 8, "%.*s%s", (int)len, buf_text(&b),
	    len < b.len ? "..." : "");
	buf_release(&b);
}

static int
refuse(struct misfit *why, const char *code, const struct template_set *set,
    const struct variable *d, const char *what)
{
	char field[META_KEY_MAX + 8];

	snprintf(field, sizeof(field), "vars.%s", d->name);
	return misfit_set(why, code, field, "template %s: variable %s %s",
	    set->name, d->name, what);
}

static int
refuse_value(struct misfit *why, const struct template_set *set,
    const struct variable *d, const char *what, const struct value *v)
{
	char text[128], shown[SHOWN_MAX + 8];

	show(v, shown);
	snprintf(text, sizeof(text), "%s: %s", what, shown);
	return refuse(why, "bad_variable", set, d, text);
}

static int
fill(const struct template_set *set, const struct variable *d,
    struct value *vars, struct misfit *why)
{
	const struct value *v = value_get(vars, d->name);
	const char *what;

	if (variable_is_empty(v)) {
		if (d->required)
			return v == NULL ? refuse(why, "missing_variable", set,
			    d, "is missing") : refuse(why, "empty_variable",
			    set, d, "is empty");
		value_remove(vars, d->name);
		if (d->fallback != NULL)
			value_set_take(vars, d->name,
			    value_copy(d->fallback));
		return 0;
	}
	what = variable_misfit(d->type, v);
	return what == NULL ? 0 : refuse_value(why, set, d, what, v);
}

struct value *
variables_fill(const struct template_set *set, const struct value *vars,
    struct misfit *why)
{
	struct value *filled;

	if (value_type(vars) != VALUE_OBJECT &&
	    value_type(vars) != VALUE_ABSENT &&
	    value_type(vars) != VALUE_NULL) {
		misfit_set(why, "bad_variable", "vars", "vars is not an "
		    "object");
		return NULL;
	}
	filled = value_type(vars) == VALUE_OBJECT ? value_copy_shallow(vars) :
	    value_new_object();
	for (const struct variable *d = set->meta->variables; d != NULL;
	    d = d->next)
		if (fill(set, d, filled, why) == -1) {
			value_free(filled);
			return NULL;
		}
	return filled;
}
