#include "tval.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define NUMBER_TEXT	64	/* bytes of a number as text */

struct tval
tval_from(const struct value *v)
{
	struct tval t = { .type = TVAL_MISSING };
	struct arena mem;

	switch (value_type(v)) {
	case VALUE_ABSENT:
		break;
	case VALUE_NULL:
		t.type = TVAL_NONE;
		break;
	case VALUE_BOOL:
		t.type = TVAL_BOOL;
		t.b = value_is_true(v);
		break;
	case VALUE_INTEGER:
		t.type = TVAL_INTEGER;
		value_integer(v, &t.n);
		break;
	case VALUE_REAL:
		t.type = TVAL_REAL;
		mem = (struct arena)ARENA_INIT(1024);
		t.d = strtod(value_scalar_text(v, &mem), NULL);
		arena_release(&mem);
		break;
	case VALUE_STRING:
		t.type = TVAL_STRING;
		t.text = value_string(v);
		t.len = strlen(t.text);
		break;
	case VALUE_ARRAY:
		t.type = TVAL_LIST;
		t.json = v;
		t.items = NULL;
		t.count = value_count(v);
		break;
	case VALUE_OBJECT:
		t.type = TVAL_OBJECT;
		t.object = v;
		break;
	}
	return t;
}

struct tval
tval_bool(bool b)
{
	return (struct tval){ .type = TVAL_BOOL, .b = b };
}

bool
tval_is_true(const struct tval *v)
{
	switch (v->type) {
	case TVAL_MISSING:
	case TVAL_NONE:
		return false;
	case TVAL_BOOL:
		return v->b;
	case TVAL_INTEGER:
		return v->n != 0;
	case TVAL_REAL:
		return v->d != 0;
	case TVAL_STRING:
		return v->len > 0;
	case TVAL_LIST:
		return v->count > 0;
	case TVAL_OBJECT:
		return value_count(v->object) > 0;
	case TVAL_LOOP:
	case TVAL_SUPER:
		break;
	}
	return true;
}

const char *
tval_type_name(const struct tval *v)
{
	static const char *const names[] = {
		[TVAL_MISSING] = "missing", [TVAL_NONE] = "null",
		[TVAL_BOOL] = "true or false", [TVAL_INTEGER] = "a number",
		[TVAL_REAL] = "a number", [TVAL_STRING] = "a text",
		[TVAL_LIST] = "a list", [TVAL_OBJECT] = "an object",
		[TVAL_LOOP] = "a loop", [TVAL_SUPER] = "a block"
	};

	return names[v->type];
}

/* Sequences. */

bool
tval_is_sequence(const struct tval *v)
{
	return v->type == TVAL_STRING || v->type == TVAL_LIST ||
	    v->type == TVAL_OBJECT;
}

size_t
tval_count(const struct tval *v)
{
	if (v->type == TVAL_STRING)
		return utf8_count(v->text, v->len);
	if (v->type == TVAL_LIST)
		return v->count;
	return v->type == TVAL_OBJECT ? value_count(v->object) : 0;
}

struct tval
tval_at(const struct tval *v, size_t i)
{
	struct value_iter it = { 0 };
	size_t start;

	if (v->type == TVAL_STRING) {
		start = utf8_offset(v->text, v->len, i);
		return TVAL_TEXT(v->text + start,
		    utf8_length(v->text + start, v->len - start));
	}
	if (v->type == TVAL_LIST && v->json != NULL)
		return tval_from(value_at(v->json, i));
	if (v->type == TVAL_LIST)
		return v->items != NULL ? v->items[i] : TVAL_OF(TVAL_MISSING);
	while (value_next(v->object, &it))
		if (i-- == 0)
			return TVAL_TEXT(it.key, strlen(it.key));
	return TVAL_OF(TVAL_MISSING);
}

size_t
tval_weight(const struct tval *v)
{
	struct value_iter it = { 0 };
	struct tval item;
	size_t n = 1;

	if (v->type == TVAL_STRING)
		return 1 + v->len;
	for (size_t i = 0; v->type == TVAL_LIST && i < v->count; i++) {
		item = tval_at(v, i);
		n += tval_weight(&item);
	}
	while (v->type == TVAL_OBJECT && value_next(v->object, &it)) {
		item = tval_from(it.value);
		n += tval_weight(&item);
	}
	return n;
}

/* Numbers. */

static bool
is_number(const struct tval *v)
{
	return v->type == TVAL_BOOL || v->type == TVAL_INTEGER ||
	    v->type == TVAL_REAL;
}

static double
as_real(const struct tval *v)
{
	if (v->type == TVAL_BOOL)
		return v->b;
	return v->type == TVAL_INTEGER ? (double)v->n : v->d;
}

/* The text without blanks around it, as a C string; false: too long. */
static bool
number_text(const struct tval *v, char out[NUMBER_TEXT])
{
	const char *s = v->text, *end = v->text + v->len;

	while (s < end && strchr(" \t\n\r\f\v", *s) != NULL && *s != '\0')
		s++;
	while (end > s && end[-1] != '\0' &&
	    strchr(" \t\n\r\f\v", end[-1]) != NULL)
		end--;
	if (end == s || end - s >= NUMBER_TEXT)
		return false;
	memcpy(out, s, (size_t)(end - s));
	out[end - s] = '\0';
	return true;
}

bool
tval_to_integer(const struct tval *v, int64_t *n)
{
	char text[NUMBER_TEXT], *end;
	long long parsed;

	switch (v->type) {
	case TVAL_BOOL:
		*n = v->b;
		return true;
	case TVAL_INTEGER:
		*n = v->n;
		return true;
	case TVAL_REAL:
		if (!(v->d > -9.2e18 && v->d < 9.2e18))
			return false;
		*n = (int64_t)v->d;
		return true;
	case TVAL_STRING:
		if (!number_text(v, text) ||
		    text[strspn(text, "+-0123456789")] != '\0')
			return false;
		errno = 0;
		parsed = strtoll(text, &end, 10);
		if (errno != 0 || *end != '\0' || end == text)
			return false;
		*n = parsed;
		return true;
	default:
		return false;
	}
}

bool
tval_to_real(const struct tval *v, double *d)
{
	char text[NUMBER_TEXT], *end;

	if (is_number(v)) {
		*d = as_real(v);
		return true;
	}
	/* strtod() knows hexadecimal and "nan(x)", Python does not. */
	if (v->type != TVAL_STRING || !number_text(v, text) ||
	    strpbrk(text, "xX()pP") != NULL)
		return false;
	*d = strtod(text, &end);
	return *end == '\0' && end != text;
}

/* Comparison. */

static int
compare_numbers(const struct tval *a, const struct tval *b)
{
	double x, y;

	if (a->type == TVAL_INTEGER && b->type == TVAL_INTEGER)
		return (a->n > b->n) - (a->n < b->n);
	x = as_real(a);
	y = as_real(b);
	return (x > y) - (x < y);
}

static int
compare_texts(const struct tval *a, const struct tval *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len == 0 ? 0 : memcmp(a->text, b->text, len);

	if (order != 0)
		return order < 0 ? -1 : 1;
	return (a->len > b->len) - (a->len < b->len);
}

static bool
equal_objects(const struct value *a, const struct value *b)
{
	struct value_iter it = { 0 };
	struct tval x, y;

	if (value_count(a) != value_count(b))
		return false;
	while (value_next(a, &it)) {
		x = tval_from(it.value);
		y = tval_from(value_get(b, it.key));
		if (!tval_equal(&x, &y))
			return false;
	}
	return true;
}

static bool
equal_lists(const struct tval *a, const struct tval *b)
{
	struct tval x, y;

	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		x = tval_at(a, i);
		y = tval_at(b, i);
		if (!tval_equal(&x, &y))
			return false;
	}
	return true;
}

bool
tval_equal(const struct tval *a, const struct tval *b)
{
	if (is_number(a) && is_number(b))
		return compare_numbers(a, b) == 0;
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case TVAL_STRING:
		return compare_texts(a, b) == 0;
	case TVAL_LIST:
		return equal_lists(a, b);
	case TVAL_OBJECT:
		return equal_objects(a->object, b->object);
	case TVAL_LOOP:
	case TVAL_SUPER:
		return a->special == b->special;
	default:
		return true;
	}
}

bool
tval_compare(const struct tval *a, const struct tval *b, int *order)
{
	struct tval x, y;

	if (is_number(a) && is_number(b)) {
		*order = compare_numbers(a, b);
		return true;
	}
	if (a->type == TVAL_STRING && b->type == TVAL_STRING) {
		*order = compare_texts(a, b);
		return true;
	}
	if (a->type != TVAL_LIST || b->type != TVAL_LIST)
		return false;
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		x = tval_at(a, i);
		y = tval_at(b, i);
		if (!tval_equal(&x, &y))
			return tval_compare(&x, &y, order);
	}
	*order = (a->count > b->count) - (a->count < b->count);
	return true;
}

/* Printing. */

/* The shortest text that reads back as the same number, as repr() has it. */
static void
print_real(double d, struct buf *out)
{
	char text[NUMBER_TEXT];
	int exponent, digits = 1;

	if (isnan(d) || isinf(d)) {
		buf_str(out, isnan(d) ? "nan" : d < 0 ? "-inf" : "inf");
		return;
	}
	do
		snprintf(text, sizeof(text), "%.*e", digits - 1, d);
	while (strtod(text, NULL) != d && ++digits <= DBL_DECIMAL_DIG);
	exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	if (exponent >= 16 || exponent < -4)
		/* repr() has 1e+16 where %g has it, too. */
		snprintf(text, sizeof(text), "%.*g", digits, d);
	else
		snprintf(text, sizeof(text), "%.*f",
		    digits - 1 - exponent > 1 ? digits - 1 - exponent : 1, d);
	buf_str(out, text);
}

/* A string inside a list, as repr() has it. */
static void
print_quoted(const struct tval *v, struct buf *out)
{
	const char *single = memchr(v->text, '\'', v->len);
	const char *both = memchr(v->text, '"', v->len);
	char quote = single != NULL && both == NULL ? '"' : '\'';
	unsigned char c;

	buf_char(out, quote);
	for (size_t i = 0; i < v->len; i++) {
		c = (unsigned char)v->text[i];
		if (c == (unsigned char)quote || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_str(out, "\\n");
		else if (c == '\r')
			buf_str(out, "\\r");
		else if (c == '\t')
			buf_str(out, "\\t");
		else if (c < ' ' || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_char(out, v->text[i]);
	}
	buf_char(out, quote);
}

static void
print_inside(const struct tval *v, struct buf *out)
{
	if (v->type == TVAL_STRING && v->len > 0)
		print_quoted(v, out);
	else if (v->type == TVAL_STRING)
		buf_str(out, "''");
	else
		tval_print(v, out);
}

static void
print_list(const struct tval *v, struct buf *out)
{
	struct tval item;

	buf_char(out, '[');
	for (size_t i = 0; i < v->count && !out->full; i++) {
		if (i > 0)
			buf_str(out, ", ");
		item = tval_at(v, i);
		print_inside(&item, out);
	}
	buf_char(out, ']');
}

static void
print_object(const struct value *object, struct buf *out)
{
	struct value_iter it = { 0 };
	const char *between = "";
	struct tval key, item;

	buf_char(out, '{');
	while (!out->full && value_next(object, &it)) {
		buf_str(out, between);
		key = TVAL_TEXT(it.key, strlen(it.key));
		print_inside(&key, out);
		buf_str(out, ": ");
		item = tval_from(it.value);
		print_inside(&item, out);
		between = ", ";
	}
	buf_char(out, '}');
}

void
tval_print(const struct tval *v, struct buf *out)
{
	switch (v->type) {
	case TVAL_MISSING:
	case TVAL_NONE:
		buf_str(out, "None");
		break;
	case TVAL_BOOL:
		buf_str(out, v->b ? "True" : "False");
		break;
	case TVAL_INTEGER:
		buf_printf(out, "%lld", (long long)v->n);
		break;
	case TVAL_REAL:
		print_real(v->d, out);
		break;
	case TVAL_STRING:
		buf_add(out, v->text, v->len);
		break;
	case TVAL_LIST:
		print_list(v, out);
		break;
	case TVAL_OBJECT:
		print_object(v->object, out);
		break;
	case TVAL_LOOP:
	case TVAL_SUPER:
		break;
	}
}
