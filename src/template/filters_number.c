#include <stdint.h>
#include <stdlib.h>

#include "template/decimal.h"
#include "template/filter.h"
#include "template/localized.h"

/* Numbers, as Django has them and as a person writes them. */
#define DJANGO_MAX	200	/* digits that Django's floatformat writes */

/* floatformat */

/* What repr() says, for what cannot be rounded. */
static int
not_rounded(struct call *c, const struct tval *in, struct tval *out,
    const char *why)
{
	struct tval list = { .type = TVAL_LIST, .items = in, .count = 1 };
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX), repr = b;
	struct tval text;

	/* A list of one item is printed as its repr() in brackets. */
	tval_print(&list, &repr);
	if (repr.len > 2)
		buf_add(&b, repr.data + 1, repr.len - 2);
	buf_release(&repr);
	if (filter_take(c, &b, &text) == -1)
		return -1;
	return filter_fail(c, out, text, "%s", why);
}

/* As many zeros and digits as Decimal counts. */
static bool
is_too_long(const struct decimal *d)
{
	return d->count + abs(d->exponent) > DJANGO_MAX;
}

/* The argument: 2, "-3", "2g", "g". */
static bool
read_places(const struct call *c, int64_t *places, bool *group)
{
	struct tval arg = c->arg;

	*places = -1;
	*group = false;
	if (!c->has_arg)
		return true;
	if (arg.type == TVAL_STRING && arg.len > 0 &&
	    arg.text[arg.len - 1] == 'g') {
		*group = true;
		if (--arg.len == 0)
			return true;
	}
	return tval_to_integer(&arg, places);
}

static int
write_rounded(struct call *c, struct decimal *d, int64_t places, bool group,
    struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	int decimals = (int)(places < 0 ? -places : places);

	decimal_trim(d, 0);
	if (places < 0 && d->exponent >= 0)
		decimals = 0;
	decimal_round(d, decimals);
	if (decimal_is_negative(d))
		buf_char(&b, '-');
	decimal_print(d, decimals, group, &b);
	if (filter_take(c, &b, out) == -1)
		return -1;
	out->safe = true;
	return 0;
}

/*
 * As Django 3.2.25: what is not a number already goes through float(), so
 * that a text has a double's precision.
 */
static int
filter_floatformat(struct call *c, const struct tval *in, struct tval *out)
{
	struct tval number = *in;
	struct decimal d;
	int64_t places;
	bool group;

	if (in->type != TVAL_INTEGER && in->type != TVAL_REAL) {
		number.type = TVAL_REAL;
		if (!tval_to_real(in, &number.d))
			return filter_fail(c, out, TVAL_TEXT("", 0),
			    "is not a number, as needed by the filter "
			    "floatformat");
	}
	if (!read_places(c, &places, &group))
		return not_rounded(c, in, out, "cannot be rounded: the "
		    "argument of floatformat is not a whole number");
	if (!decimal_from(&number, &d) || is_too_long(&d))
		return not_rounded(c, in, out, "is not a number that the "
		    "filter floatformat can write");
	if (places > DECIMALS_MAX || places < -DECIMALS_MAX)
		return filter_fail(c, out, TVAL_TEXT("", 0), "cannot have "
		    "more than %d decimals", DECIMALS_MAX);
	return write_rounded(c, &d, places, group, out);
}

/* number */

static bool
read_any_number(const struct tval *v, struct decimal *d)
{
	struct part p;

	if (v->type != TVAL_STRING)
		return decimal_from(v, d);
	p = part_trimmed(v->text, v->text + v->len);
	return decimal_read(d, p.s, p.end, false);
}

static int
filter_number(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	struct decimal d;
	int64_t decimals;

	if (!read_any_number(in, &d))
		return filter_fail(c, out, *in, "is not a number, as needed "
		    "by the filter number");
	decimals = decimal_places(&d);
	if (c->has_arg && (!tval_to_integer(&c->arg, &decimals) ||
	    decimals < 0 || decimals > DECIMALS_MAX))
		return filter_fail(c, out, *in, "cannot be written: the "
		    "argument of number is not a count of decimals");
	decimal_round(&d, (int)decimals);
	if (localized_is_home(c)) {
		if (decimal_is_negative(&d))
			buf_char(&b, '-');
		decimal_print(&d, (int)decimals, true, &b);
	} else if (!localized_number(c, &d, (int)decimals, NULL, &b)) {
		buf_release(&b);
		return localized_fail(c, *in, out);
	}
	return filter_take(c, &b, out);
}

const struct filter filters_number[] = {
	{ "floatformat", filter_floatformat,
	    FILTER_KEEPS_SAFE | FILTER_ARG_OPTIONAL },
	{ "number", filter_number, FILTER_ARG_OPTIONAL },
	{ NULL, NULL, 0 }
};
