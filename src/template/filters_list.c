#include <stdint.h>
#include <string.h>
#include <unicode/utf8.h>

#include "base/text.h"
#include "template/filter.h"

/*
 * Filters of lists, and of texts as lists of characters; as Django 3.2 has
 * them (django/template/defaultfilters.py).
 */
static const struct tval nothing = { .type = TVAL_STRING, .text = "" };

static int
not_a_list(struct call *c, const struct tval *in, struct tval *out,
    struct tval otherwise)
{
	return filter_fail(c, out, otherwise, "is %s, not a list, as needed "
	    "by the filter %s", tval_type_name(in), c->self->name);
}

/* Joining. */

struct joining {
	struct call *c;
	struct buf out;
	struct tval between;
	bool any, blank;
	/* The first item that nobody could read. */
	struct tval odd;
};

static bool
is_readable(const struct tval *v)
{
	return v->type == TVAL_STRING || v->type == TVAL_INTEGER ||
	    v->type == TVAL_REAL;
}

static void
add_escaped(struct buf *out, const struct tval *text, bool escape)
{
	if (escape && !text->safe)
		html_escape(out, text->text, text->len);
	else
		buf_add(out, text->text, text->len);
}

static int
join_one(struct joining *j, struct tval item)
{
	struct tval text;

	if (!is_readable(&item) && is_readable(&j->odd))
		j->odd = item;
	if (filter_text(j->c, &item, &text) == -1)
		return -1;
	/* Django escapes it even where values are not. */
	if (j->any)
		add_escaped(&j->out, &j->between, j->c->env->html);
	j->any = true;
	add_escaped(&j->out, &text, j->c->autoescape);
	return 0;
}

static int
join_list(struct joining *j, const struct tval *v)
{
	struct tval item;

	for (size_t i = 0; i < v->count && !j->out.full; i++) {
		item = tval_at(v, i);
		if (item.type == TVAL_STRING &&
		    text_is_blank(item.text, item.len))
			j->blank = true;
		if (join_one(j, item) == -1)
			return -1;
	}
	return 0;
}

static int
join_characters(struct joining *j, const struct tval *v)
{
	int32_t start, end = 0, len = (int32_t)v->len;

	while (end < len && !j->out.full) {
		start = end;
		U8_FWD_1((const uint8_t *)v->text, end, len);
		if (join_one(j, TVAL_TEXT(v->text + start,
		    (size_t)(end - start))) == -1)
			return -1;
	}
	return 0;
}

static int
join_keys(struct joining *j, const struct tval *v)
{
	struct value_iter it = { 0 };

	while (value_next(v->object, &it) && !j->out.full)
		if (join_one(j, TVAL_TEXT(it.key, strlen(it.key))) == -1)
			return -1;
	return 0;
}

/* Numbers are joined also where Django, without escaping, shows the list. */
static int
filter_join(struct call *c, const struct tval *in, struct tval *out)
{
	struct joining j = { .c = c, .out = BUF_INIT(TEMPLATE_VALUE_MAX),
	    .odd = nothing };
	int rc;

	if (!tval_is_sequence(in))
		return not_a_list(c, in, out, *in);
	if (filter_text(c, &c->arg, &j.between) == -1)
		return -1;
	if (in->type == TVAL_LIST)
		rc = join_list(&j, in);
	else
		rc = in->type == TVAL_STRING ? join_characters(&j, in) :
		    join_keys(&j, in);
	if (rc == -1) {
		buf_release(&j.out);
		return -1;
	}
	if (filter_take(c, &j.out, out) == -1)
		return -1;
	out->safe = true;
	if (j.blank)
		return filter_fail(c, out, *out, "has an item that is empty");
	return is_readable(&j.odd) ? 0 : filter_fail(c, out, *out, "has an "
	    "item that is %s, which nobody could read",
	    tval_type_name(&j.odd));
}

/* Counting and choosing. */

/* What is not there has no length to print, and is no error in a condition. */
static int
filter_length(struct call *c, const struct tval *in, struct tval *out)
{
	*out = TVAL_INT(0);
	if (tval_is_sequence(in)) {
		*out = TVAL_INT((int64_t)tval_count(in));
		return 0;
	}
	if (in->type != TVAL_NONE && in->type != TVAL_MISSING)
		return not_a_list(c, in, out, *out);
	if (c->env->missing == NULL)
		*out = TVAL_OF(TVAL_NONE);
	return 0;
}

static int
choose(struct call *c, const struct tval *in, struct tval *out, bool last)
{
	size_t count;

	if (in->type != TVAL_LIST && in->type != TVAL_STRING)
		return not_a_list(c, in, out, nothing);
	count = tval_count(in);
	*out = count == 0 ? nothing : tval_at(in, last ? count - 1 : 0);
	return 0;
}

static int
filter_first(struct call *c, const struct tval *in, struct tval *out)
{
	return choose(c, in, out, false);
}

static int
filter_last(struct call *c, const struct tval *in, struct tval *out)
{
	return choose(c, in, out, true);
}

/* Slices. */

/* Python's [start:stop:step], of which any may not be given. */
struct slice {
	int64_t bound[3];
	bool given[3];
};

enum { START, STOP, STEP };

static bool
parse_slice(const struct tval *text, struct slice *s)
{
	const char *p = text->text, *end = p + text->len, *colon;
	struct tval part;

	*s = (struct slice){ .bound = { [STEP] = 1 } };
	for (size_t n = 0; n < 3; n++, p = colon + 1) {
		colon = p == end ? NULL : memchr(p, ':', (size_t)(end - p));
		part = TVAL_TEXT(p, (size_t)((colon == NULL ? end : colon) -
		    p));
		s->given[n] = part.len > 0;
		if (part.len > 0 && !tval_to_integer(&part, &s->bound[n]))
			return false;
		if (colon != NULL)
			continue;
		if (n == 0) {	/* one number alone is where to stop */
			s->bound[STOP] = s->bound[START];
			s->given[STOP] = s->given[START];
			s->given[START] = false;
		}
		return s->bound[STEP] != 0;
	}
	return false;
}

/* Negative bounds count from the end; all are moved to within `low`..`high`. */
static int64_t
clamp(int64_t bound, int64_t count, int64_t low, int64_t high)
{
	if (bound < 0)
		bound = bound < -count ? low : bound + count;
	if (bound < low)
		return low;
	return bound > high ? high : bound;
}

struct range {
	size_t first, count;
	int64_t step;
};

static struct range
range_of(const struct slice *s, size_t items)
{
	int64_t count = (int64_t)items, step = s->bound[STEP];
	int64_t low = step < 0 ? -1 : 0, high = step < 0 ? count - 1 : count;
	int64_t first = step < 0 ? high : low, end = step < 0 ? low : high;
	int64_t span, stride;

	if (s->given[START])
		first = clamp(s->bound[START], count, low, high);
	if (s->given[STOP])
		end = clamp(s->bound[STOP], count, low, high);
	/* No step of a list of this size is longer; and -step is a number. */
	if (step > count + 1 || step < -count - 1)
		step = step < 0 ? -count - 1 : count + 1;
	stride = step < 0 ? -step : step;
	span = step < 0 ? first - end : end - first;
	if (span <= 0)
		return (struct range){ .step = 1 };
	return (struct range){ .first = (size_t)first, .step = step,
	    .count = (size_t)((span - 1) / stride) + 1 };
}

static int
slice_list(struct call *c, const struct tval *in, struct range range,
    struct tval *out)
{
	struct tval *items = filter_alloc(c, range.count * sizeof(*items));
	int64_t at = (int64_t)range.first;

	if (items == NULL)
		return -1;
	for (size_t i = 0; i < range.count; i++, at += range.step)
		items[i] = tval_at(in, (size_t)at);
	*out = (struct tval){ .type = TVAL_LIST, .items = items,
	    .count = range.count };
	return 0;
}

static int32_t
move(const struct tval *v, int32_t at, int64_t characters)
{
	const uint8_t *s = (const uint8_t *)v->text;
	int32_t len = (int32_t)v->len;

	for (; characters > 0 && at < len; characters--)
		U8_FWD_1(s, at, len);
	for (; characters < 0 && at > 0; characters++)
		U8_BACK_1(s, 0, at);
	return at;
}

static int
slice_text(struct call *c, const struct tval *in, struct range range,
    struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	int32_t at = move(in, 0, (int64_t)range.first), end;

	if (range.step == 1) {
		end = move(in, at, (int64_t)range.count);
		*out = TVAL_TEXT(in->text + at, (size_t)(end - at));
		return 0;
	}
	for (size_t i = 0; i < range.count; i++) {
		end = move(in, at, 1);
		buf_add(&b, in->text + at, (size_t)(end - at));
		at = move(in, at, range.step);
	}
	return filter_take(c, &b, out);
}

static int
filter_slice(struct call *c, const struct tval *in, struct tval *out)
{
	struct range range;
	struct slice slice;
	struct tval text;

	if (in->type != TVAL_LIST && in->type != TVAL_STRING)
		return not_a_list(c, in, out, *in);
	if (filter_text(c, &c->arg, &text) == -1)
		return -1;
	if (!parse_slice(&text, &slice))
		return filter_fail(c, out, *in, "goes to the filter slice, "
		    "whose argument is not START:STOP or START:STOP:STEP");
	range = range_of(&slice, tval_count(in));
	return in->type == TVAL_LIST ? slice_list(c, in, range, out) :
	    slice_text(c, in, range, out);
}

const struct filter filters_list[] = {
	{ "join", filter_join,
	    FILTER_ARG | FILTER_TAKES_ANY | FILTER_KEEPS_SAFE },
	{ "length", filter_length, FILTER_TAKES_ANY | FILTER_TAKES_MISSING },
	{ "first", filter_first, FILTER_TAKES_ANY },
	{ "last", filter_last, FILTER_TAKES_ANY | FILTER_KEEPS_SAFE },
	{ "slice", filter_slice,
	    FILTER_ARG | FILTER_TAKES_ANY | FILTER_KEEPS_SAFE },
	{ NULL, NULL, 0 }
};
