#include <string.h>

#include "template/decimal.h"
#include "template/filter.h"
#include "template/localized.h"

/* Money, as a person writes it. */

struct money {
	struct decimal amount;
	char code[CODE_MAX];	/* "" when it names no currency */
};

/*
 * Signs that are in the alphabet of SMS and that a reader knows.  All others
 * are written with their code alone.
 */
static const char *
sign_of(const char *code)
{
	static const struct {
		const char *sign, *codes;
	} signs[] = {
		{ "$", "MXN USD CAD AUD NZD ARS CLP COP UYU" },
		{ "\xe2\x82\xac", "EUR" },
		{ "\xc2\xa3", "GBP" },
		{ "\xc2\xa5", "JPY CNY" }
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(signs[i].codes, code) != NULL)
			return signs[i].sign;
	return NULL;
}

/* ISO 4217, list one; two decimals where it says nothing else. */
static int
decimals_of_currency(const char *code)
{
	static const struct {
		int decimals;
		const char *codes;
	} units[] = {
		{ 0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV "
		    "XAF XOF XPF" },
		{ 3, "BHD IQD JOD KWD LYD OMR TND" },
		{ 4, "CLF UYW" }
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strstr(units[i].codes, code) != NULL)
			return units[i].decimals;
	return 2;
}

/* Three capital letters at `s`. */
static bool
read_code(const char *s, const char *end, char code[CODE_MAX])
{
	if (end - s < 3)
		return false;
	for (int i = 0; i < 3; i++)
		if (s[i] < 'A' || s[i] > 'Z')
			return false;
	memcpy(code, s, 3);
	code[3] = '\0';
	return true;
}

/* "350.00", "350.00 MXN" or "MXN 350.00". */
static bool
read_money_text(const struct tval *v, struct money *m)
{
	struct part p = part_trimmed(v->text, v->text + v->len);

	if (read_code(p.s, p.end, m->code))
		p.s += 3;
	else if (p.end - p.s > 3 && read_code(p.end - 3, p.end, m->code))
		p.end -= 3;
	p = part_trimmed(p.s, p.end);
	return decimal_read(&m->amount, p.s, p.end, false);
}

static bool
read_money(const struct tval *v, struct money *m)
{
	*m = (struct money){ .code = "" };
	return v->type == TVAL_STRING ? read_money_text(v, m) :
	    decimal_from(v, &m->amount);
}

/* The argument's, else the value's own, else the site's.  Or why not. */
static const char *
find_currency(const struct call *c, struct money *m)
{
	const char *home = c->env->currency;
	char code[CODE_MAX];

	if (c->has_arg) {
		if (c->arg.type != TVAL_STRING || c->arg.len != 3 ||
		    !read_code(c->arg.text, c->arg.text + 3, code))
			return "cannot be written: the argument of money is "
			    "no currency like MXN";
		if (*m->code != '\0' && strcmp(code, m->code) != 0)
			return "is in another currency than the argument of "
			    "money says";
		memcpy(m->code, code, CODE_MAX);
	}
	if (*m->code == '\0' && (home == NULL || strlen(home) != 3 ||
	    !read_code(home, home + 3, m->code)))
		return "has no currency, as needed by the filter money";
	return NULL;
}

static void
print_money(const struct money *m, int decimals, const char *home,
    struct buf *out)
{
	const char *sign = sign_of(m->code);

	if (decimal_is_negative(&m->amount))
		buf_char(out, '-');
	if (sign != NULL)
		buf_str(out, sign);
	decimal_print(&m->amount, decimals, true, out);
	if (sign == NULL || home == NULL || strcmp(home, m->code) != 0)
		buf_printf(out, " %s", m->code);
}

static int
filter_money(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	const char *why;
	struct money m;
	int decimals;

	if (!read_money(in, &m))
		return filter_fail(c, out, *in, "is not an amount of money, "
		    "as needed by the filter money");
	why = find_currency(c, &m);
	if (why != NULL)
		return filter_fail(c, out, *in, "%s", why);
	decimals = decimals_of_currency(m.code);
	/* 350.0000 is what a database says; only zeros may go. */
	decimal_trim(&m.amount, decimals);
	if (decimal_places(&m.amount) > decimals)
		return filter_fail(c, out, *in, "has more decimals than %s "
		    "has", m.code);
	if (filter_language_is(c, "en") || localized_is_home(c))
		print_money(&m, decimals, c->env->currency, &b);
	else if (!localized_number(c, &m.amount, decimals, m.code, &b)) {
		buf_release(&b);
		return localized_fail(c, *in, out);
	}
	return filter_take(c, &b, out);
}

const struct filter filters_money[] = {
	{ "money", filter_money, FILTER_ARG_OPTIONAL },
	{ NULL, NULL, 0 }
};
