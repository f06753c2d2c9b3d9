/*
 * Numbers, money and lists, as a person writes them.  All arithmetic is on
 * decimal digits: no amount passes through a double that did not come as one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ulistformatter.h>
#include <unicode/unum.h>
#include <unicode/ustring.h>

#include "base/zone.h"
#include "template/filter.h"

#define DIGITS_MAX	64	/* of a number that is read */
#define DECIMALS_MAX	1000	/* that a template may ask for */
#define EXPONENT_MAX	400	/* more than a double has */
#define DJANGO_MAX	200	/* digits that Django's floatformat writes */
#define NUMBER_MAX	2048	/* bytes of a number: all of the above */
#define LOCALE_MAX	40	/* longer than what locale_is_valid() takes */
#define CODE_MAX	4	/* "MXN" and a NUL */

/* The number is digits * 10^exponent; none is zero. */
struct decimal {
	bool negative;
	char digits[DIGITS_MAX + 1];	/* room for a carry */
	int count;
	int exponent;
};

static const char *
language(const struct call *c)
{
	return c->env->language == NULL ? "en" : c->env->language;
}

static bool
is_language(const char *name, const char *code)
{
	size_t len = strlen(code);

	return strncmp(name, code, len) == 0 && strchr("-_", name[len]) != NULL;
}

/*
 * Where 1,234.50 is what everybody writes.  A plain "es" is Mexico's; Spain
 * and the south of America have it the other way round, and India its lakhs.
 */
static bool
is_home(const char *name)
{
	static const char *const homes[] = { "es", "es-MX", "es_MX", "es-US",
	    "es_US", "en", "en-US", "en_US", "en-MX", "en_MX", "en-GB",
	    "en_GB", "en-CA", "en_CA" };

	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++)
		if (strcmp(name, homes[i]) == 0)
			return true;
	return false;
}

/* Decimal numbers. */

static const char *
skip_digits(const char *s, const char *end)
{
	while (s < end && *s >= '0' && *s <= '9')
		s++;
	return s;
}

static bool
add_digits(struct decimal *d, const char *s, const char *end)
{
	for (; s < end; s++) {
		if (d->count == 0 && *s == '0')
			continue;
		if (d->count == DIGITS_MAX)
			return false;
		d->digits[d->count++] = *s;
	}
	return true;
}

/* "e+22"; `s` is left at what follows. */
static bool
read_exponent(const char **s, const char *end, int *exponent)
{
	int sign = 1, n = 0;
	const char *p = *s;

	if (p == end || (*p != 'e' && *p != 'E'))
		return true;
	p++;
	if (p < end && (*p == '+' || *p == '-'))
		sign = *p++ == '-' ? -1 : 1;
	if (skip_digits(p, end) == p)
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (*p - '0');
		if (n > EXPONENT_MAX)
			return false;
	}
	*exponent += sign * n;
	*s = p;
	return true;
}

/* "-12.50", and "1e+22" with `exponents`.  Not ".5", "1_000" or "1,000". */
static bool
decimal_read(struct decimal *d, const char *s, const char *end, bool exponents)
{
	const char *rest;

	*d = (struct decimal){ .count = 0 };
	if (s < end && (*s == '-' || *s == '+'))
		d->negative = *s++ == '-';
	rest = skip_digits(s, end);
	if (rest == s || !add_digits(d, s, rest))
		return false;
	if (rest < end && *rest == '.') {
		s = rest + 1;
		rest = skip_digits(s, end);
		if (rest == s || rest - s > DIGITS_MAX ||
		    !add_digits(d, s, rest))
			return false;
		d->exponent = -(int)(rest - s);
	}
	if (exponents && !read_exponent(&rest, end, &d->exponent))
		return false;
	return rest == end;
}

/* Forgets zeros at the end of the decimals, but keeps as many as `least`. */
static void
decimal_trim(struct decimal *d, int least)
{
	while (-d->exponent > least &&
	    (d->count == 0 || d->digits[d->count - 1] == '0')) {
		if (d->count > 0)
			d->count--;
		d->exponent++;
	}
}

/* Half away from zero. */
static void
decimal_round(struct decimal *d, int decimals)
{
	int drop = -d->exponent - decimals, i;
	bool up;

	if (drop <= 0)
		return;
	d->exponent = -decimals;
	up = drop <= d->count && d->digits[d->count - drop] >= '5';
	d->count = drop < d->count ? d->count - drop : 0;
	if (!up)
		return;
	for (i = d->count - 1; i >= 0 && d->digits[i] == '9'; i--)
		d->digits[i] = '0';
	if (i >= 0) {
		d->digits[i]++;
		return;
	}
	memmove(d->digits + 1, d->digits, (size_t)d->count);
	d->digits[0] = '1';
	d->count++;
}

/* The digit that stands for 10^power. */
static char
digit_at(const struct decimal *d, int power)
{
	int i = d->count - 1 - (power - d->exponent);

	return i >= 0 && i < d->count ? d->digits[i] : '0';
}

/* Without the sign. */
static void
decimal_print(const struct decimal *d, int decimals, bool group,
    struct buf *out)
{
	int power = d->count == 0 ? 0 : d->count + d->exponent - 1;

	for (power = power < 0 ? 0 : power; power >= 0; power--) {
		buf_char(out, digit_at(d, power));
		if (group && power > 0 && power % 3 == 0)
			buf_char(out, ',');
	}
	if (decimals > 0)
		buf_char(out, '.');
	for (power = -1; power >= -decimals; power--)
		buf_char(out, digit_at(d, power));
}

static bool
is_negative(const struct decimal *d)
{
	return d->negative && d->count > 0;
}

/* How many decimals it has. */
static int
decimals_of(const struct decimal *d)
{
	return d->exponent < 0 ? -d->exponent : 0;
}

/*
 * A number of the data.  1e400 of a text is no number that a person wrote; a
 * real may be 1e+22, because that is the shortest text for it.
 */
static bool
read_number(const struct tval *v, struct decimal *d)
{
	struct buf text = BUF_INIT(NUMBER_MAX);
	bool ok;

	if (v->type != TVAL_INTEGER && v->type != TVAL_REAL)
		return false;
	tval_print(v, &text);
	ok = decimal_read(d, buf_text(&text), buf_text(&text) + text.len,
	    true);
	buf_release(&text);
	if (v->type == TVAL_REAL)
		decimal_trim(d, 0);
	return ok;
}

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
	if (is_negative(d))
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
	if (!read_number(&number, &d) || is_too_long(&d))
		return not_rounded(c, in, out, "is not a number that the "
		    "filter floatformat can write");
	if (places > DECIMALS_MAX || places < -DECIMALS_MAX)
		return filter_fail(c, out, TVAL_TEXT("", 0), "cannot have "
		    "more than %d decimals", DECIMALS_MAX);
	return write_rounded(c, &d, places, group, out);
}

/* Other languages, by ICU. */

/* Making a formatter costs a hundred times what using it does. */
#define FORMATTERS	8
struct formatter {
	char locale[LOCALE_MAX];
	UNumberFormatStyle style;
	UNumberFormat *format;
};
static struct formatter formatters[FORMATTERS];
static size_t oldest;

/* NULL when there is no such language. */
static UNumberFormat *
formatter_open(const char *locale, UNumberFormatStyle style)
{
	UErrorCode rc = U_ZERO_ERROR;
	UNumberFormat *format;
	struct formatter *f;

	if (!locale_is_valid(locale))
		return NULL;
	for (f = formatters; f < formatters + FORMATTERS; f++)
		if (f->format != NULL && f->style == style &&
		    strcmp(f->locale, locale) == 0)
			return f->format;
	format = unum_open(style, NULL, 0, locale, NULL, &rc);
	if (U_FAILURE(rc))
		return NULL;
	f = &formatters[oldest++ % FORMATTERS];
	if (f->format != NULL)
		unum_close(f->format);
	f->format = format;
	f->style = style;
	snprintf(f->locale, sizeof(f->locale), "%s", locale);
	return format;
}

/* Spaces become plain ones: in an SMS U+00A0 and U+202F double its price. */
static bool
add_utf16(struct buf *out, UChar *text, int32_t len)
{
	char utf8[3 * NUMBER_MAX];
	UErrorCode rc = U_ZERO_ERROR;

	for (int32_t i = 0; i < len; i++)
		if (text[i] == 0xa0 || text[i] == 0x202f)
			text[i] = ' ';
	u_strToUTF8(utf8, sizeof(utf8), &len, text, len, &rc);
	if (U_FAILURE(rc))
		return false;
	buf_add(out, utf8, (size_t)len);
	return true;
}

/* `code` is NULL for a number that is no money. */
static bool
print_other(const struct decimal *d, int decimals, const char *locale,
    const char *code, struct buf *out)
{
	struct buf plain = BUF_INIT(NUMBER_MAX);
	UErrorCode rc = U_ZERO_ERROR;
	UNumberFormat *f;
	UChar text[NUMBER_MAX], wide[CODE_MAX];
	int32_t len = 0;

	f = formatter_open(locale, code == NULL ? UNUM_DECIMAL :
	    UNUM_CURRENCY);
	if (f == NULL)
		return false;
	if (code != NULL) {
		u_charsToUChars(code, wide, CODE_MAX);
		unum_setTextAttribute(f, UNUM_CURRENCY_CODE, wide, 3, &rc);
	}
	unum_setAttribute(f, UNUM_FRACTION_DIGITS, decimals);
	if (is_negative(d))
		buf_char(&plain, '-');
	decimal_print(d, decimals, false, &plain);
	len = unum_formatDecimal(f, buf_text(&plain), (int32_t)plain.len, text,
	    NUMBER_MAX, NULL, &rc);
	buf_release(&plain);
	return U_SUCCESS(rc) && add_utf16(out, text, len);
}

static int
no_language(struct call *c, struct tval otherwise, struct tval *out)
{
	return filter_fail(c, out, otherwise, "cannot be written in language "
	    "%s", language(c));
}

/* number */

/* A part of a text without the blanks around it. */
struct part {
	const char *s, *end;
};

static struct part
trimmed(const char *s, const char *end)
{
	while (s < end && *s == ' ')
		s++;
	while (end > s && end[-1] == ' ')
		end--;
	return (struct part){ s, end };
}

static bool
read_any_number(const struct tval *v, struct decimal *d)
{
	struct part p;

	if (v->type != TVAL_STRING)
		return read_number(v, d);
	p = trimmed(v->text, v->text + v->len);
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
	decimals = decimals_of(&d);
	if (c->has_arg && (!tval_to_integer(&c->arg, &decimals) ||
	    decimals < 0 || decimals > DECIMALS_MAX))
		return filter_fail(c, out, *in, "cannot be written: the "
		    "argument of number is not a count of decimals");
	decimal_round(&d, (int)decimals);
	if (is_home(language(c))) {
		if (is_negative(&d))
			buf_char(&b, '-');
		decimal_print(&d, (int)decimals, true, &b);
	} else if (!print_other(&d, (int)decimals, language(c), NULL, &b)) {
		buf_release(&b);
		return no_language(c, *in, out);
	}
	return filter_take(c, &b, out);
}

/* money */

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
	struct part p = trimmed(v->text, v->text + v->len);

	if (read_code(p.s, p.end, m->code))
		p.s += 3;
	else if (p.end - p.s > 3 && read_code(p.end - 3, p.end, m->code))
		p.end -= 3;
	p = trimmed(p.s, p.end);
	return decimal_read(&m->amount, p.s, p.end, false);
}

static bool
read_money(const struct tval *v, struct money *m)
{
	*m = (struct money){ .code = "" };
	return v->type == TVAL_STRING ? read_money_text(v, m) :
	    read_number(v, &m->amount);
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

	if (is_negative(&m->amount))
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
	if (decimals_of(&m.amount) > decimals)
		return filter_fail(c, out, *in, "has more decimals than %s "
		    "has", m.code);
	if (is_language(language(c), "en") || is_home(language(c)))
		print_money(&m, decimals, c->env->currency, &b);
	else if (!print_other(&m.amount, decimals, language(c), m.code, &b)) {
		buf_release(&b);
		return no_language(c, *in, out);
	}
	return filter_take(c, &b, out);
}

/* list */

#define BETWEEN_MAX	32

/* What stands between the items. */
struct between {
	char two[BETWEEN_MAX], start[BETWEEN_MAX], middle[BETWEEN_MAX],
	    end[BETWEEN_MAX];
};

/*
 * The letter at `s`: small, and without the acute that Spanish puts on
 * vowels; 0 at the end, '?' for what is none of these.
 */
static char
letter_at(const char *s, const char *end)
{
	static const struct {
		unsigned char second;
		char letter;
	} acutes[] = { { 0xa1, 'a' }, { 0xa9, 'e' }, { 0xad, 'i' },
	    { 0xb3, 'o' }, { 0xba, 'u' } };

	if (s >= end)
		return '\0';
	if (*s >= 'A' && *s <= 'Z')
		return (char)(*s - 'A' + 'a');
	if ((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9'))
		return *s;
	if ((unsigned char)*s == 0xc3 && s + 1 < end)
		for (size_t i = 0; i < sizeof(acutes) / sizeof(acutes[0]); i++)
			/* Capitals lie 0x20 below. */
			if (((unsigned char)s[1] | 0x20) == acutes[i].second)
				return acutes[i].letter;
	return '?';
}

static bool
is_vowel(char c)
{
	return c != '\0' && strchr("aeiou", c) != NULL;
}

/* Where the first word begins: after quotes and the like. */
static const char *
word_start(const char *s, const char *end)
{
	static const char *const marks[] = { "\"", "'", "(", "\xc2\xbf",
	    "\xc2\xa1", "\xc2\xab", "\xe2\x80\x9c", "\xe2\x80\x98" };
	size_t i = 0, len;

	while (i < sizeof(marks) / sizeof(marks[0])) {
		len = strlen(marks[i]);
		if ((size_t)(end - s) >= len && memcmp(s, marks[i], len) == 0) {
			s += len;
			i = 0;
		} else
			i++;
	}
	return s;
}

/*
 * The Real Academia's rule: e for y before the sound of i, but not before a
 * diphthong as in hierro, nor before the consonant of Yoyo.
 */
static bool
sounds_i(const char *s, const char *end)
{
	char first, second;
	bool acute;

	s = word_start(s, end);
	if (letter_at(s, end) == 'h')
		s++;
	first = letter_at(s, end);
	acute = s < end && (unsigned char)*s == 0xc3;
	second = letter_at(s + (acute ? 2 : 1), end);
	if (first == 'y')	/* Yvonne */
		return second >= 'a' && second <= 'z' && !is_vowel(second);
	return first == 'i' && (acute || second == 'i' || !is_vowel(second));
}

/* u for o before the sound of o, also of ocho and once in figures. */
static bool
sounds_o(const char *s, const char *end)
{
	const char *digits;

	s = word_start(s, end);
	if (letter_at(s, end) == 'h')
		s++;
	else if (s < end && *s == '8')
		return true;
	digits = skip_digits(s, end);
	/* 11 and 11000, not 110. */
	if (digits - s >= 2 && s[0] == '1' && s[1] == '1')
		return (digits - s) % 3 == 2;
	return letter_at(s, end) == 'o';
}

static const char *
spanish_word(bool or, const struct tval *last)
{
	const char *s = last->text, *end = s + last->len;

	if (or)
		return sounds_o(s, end) ? " u " : " o ";
	return sounds_i(s, end) ? " e " : " y ";
}

/* From the end of `a`'s mark to the place of `b`'s. */
static bool
cut_between(const char *text, char a, char b, char out[BETWEEN_MAX])
{
	const char *from = strchr(text, a), *to = strchr(text, b);

	if (from == NULL || to == NULL || from > to ||
	    to - from > BETWEEN_MAX)
		return false;
	memcpy(out, from + 1, (size_t)(to - from) - 1);
	out[to - from - 1] = '\0';
	return true;
}

/* How ICU joins as many marks, \1 \2 \3 \4. */
static bool
join_marks(const UListFormatter *f, int32_t count, struct buf *out)
{
	static const UChar marks[] = { 1, 2, 3, 4 };
	static const UChar *const items[] = { marks, marks + 1, marks + 2,
	    marks + 3 };
	static const int32_t lengths[] = { 1, 1, 1, 1 };
	UErrorCode rc = U_ZERO_ERROR;
	UChar text[NUMBER_MAX];
	int32_t len;

	buf_clear(out);
	len = ulistfmt_format(f, items, lengths, count, text, NUMBER_MAX, &rc);
	return U_SUCCESS(rc) && add_utf16(out, text, len);
}

static bool
ask_between(const char *locale, bool or, struct between *b)
{
	struct buf text = BUF_INIT(NUMBER_MAX);
	UErrorCode rc = U_ZERO_ERROR;
	UListFormatter *f;
	bool ok;

	f = ulistfmt_openForType(locale, or ? ULISTFMT_TYPE_OR :
	    ULISTFMT_TYPE_AND, ULISTFMT_WIDTH_WIDE, &rc);
	if (U_FAILURE(rc))
		return false;
	ok = join_marks(f, 2, &text) &&
	    cut_between(buf_text(&text), 1, 2, b->two) &&
	    join_marks(f, 4, &text) &&
	    cut_between(buf_text(&text), 1, 2, b->start) &&
	    cut_between(buf_text(&text), 2, 3, b->middle) &&
	    cut_between(buf_text(&text), 3, 4, b->end);
	ulistfmt_close(f);
	buf_release(&text);
	return ok;
}

/* The last answer: a run is mostly in one language. */
static struct {
	char locale[LOCALE_MAX];
	bool or;
	struct between b;
} asked;

static bool
other_between(const char *locale, bool or, struct between *b)
{
	if (!locale_is_valid(locale))
		return false;
	if (asked.or != or || strcmp(asked.locale, locale) != 0) {
		*asked.locale = '\0';
		if (!ask_between(locale, or, &asked.b))
			return false;
		asked.or = or;
		snprintf(asked.locale, sizeof(asked.locale), "%s", locale);
	}
	*b = asked.b;
	return true;
}

static bool
find_between(const char *locale, bool or, const struct tval *last,
    struct between *b)
{
	const char *word;

	if (is_language(locale, "es"))
		word = spanish_word(or, last);
	else if (is_language(locale, "en"))
		word = or ? " or " : " and ";
	else
		return other_between(locale, or, b);
	*b = (struct between){ .start = ", ", .middle = ", " };
	snprintf(b->two, sizeof(b->two), "%s", word);
	snprintf(b->end, sizeof(b->end), "%s", word);
	return true;
}

static bool
is_item(const struct tval *v)
{
	return (v->type == TVAL_STRING && v->len > 0) ||
	    v->type == TVAL_INTEGER || v->type == TVAL_REAL;
}

static const char *
between_at(const struct between *b, size_t i, size_t count)
{
	if (i == 0)
		return "";
	if (i + 1 == count)
		return count == 2 ? b->two : b->end;
	return i == 1 ? b->start : b->middle;
}

static int
join(struct call *c, const struct tval *in, const struct between *between,
    struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	size_t count = tval_count(in);
	struct tval item, text;

	for (size_t i = 0; i < count && !b.full; i++) {
		item = tval_at(in, i);
		if (filter_text(c, &item, &text) == -1) {
			buf_release(&b);
			return -1;
		}
		buf_str(&b, between_at(between, i, count));
		if (c->autoescape && !item.safe)
			html_escape(&b, text.text, text.len);
		else
			buf_add(&b, text.text, text.len);
	}
	if (filter_take(c, &b, out) == -1)
		return -1;
	out->safe = true;
	return 0;
}

/* "or", or nothing. */
static bool
read_or(const struct call *c, bool *or)
{
	*or = c->has_arg && c->arg.type == TVAL_STRING && c->arg.len == 2 &&
	    memcmp(c->arg.text, "or", 2) == 0;
	return *or || !c->has_arg;
}

/* The last item as a text, after a look at all of them. */
static int
check_items(struct call *c, const struct tval *in, struct tval *last,
    const char **why)
{
	size_t count = in->type == TVAL_LIST ? tval_count(in) : 0;
	struct tval item;

	*why = in->type != TVAL_LIST ? "is not a list, as needed by the "
	    "filter list" : count == 0 ? "is empty" : NULL;
	for (size_t i = 0; i < count; i++) {
		item = tval_at(in, i);
		if (!is_item(&item))
			*why = "has an item that is neither a text nor a "
			    "number";
	}
	return *why != NULL ? 0 : filter_text(c, &item, last);
}

static int
filter_list(struct call *c, const struct tval *in, struct tval *out)
{
	struct between b = { .two = "" };
	struct tval last, none = TVAL_TEXT("", 0);
	const char *why;
	bool or;

	if (!read_or(c, &or))
		return filter_fail(c, out, none, "cannot be written: the "
		    "argument of list is not \"or\"");
	if (check_items(c, in, &last, &why) == -1)
		return -1;
	if (why != NULL)
		return filter_fail(c, out, none, "%s", why);
	if (tval_count(in) > 1 && !find_between(language(c), or, &last, &b))
		return no_language(c, none, out);
	return join(c, in, &b, out);
}

const struct filter filters_number[] = {
	{ "floatformat", filter_floatformat,
	    FILTER_KEEPS_SAFE | FILTER_ARG_OPTIONAL },
	{ "number", filter_number, FILTER_ARG_OPTIONAL },
	{ "money", filter_money, FILTER_ARG_OPTIONAL },
	{ "list", filter_list, FILTER_ARG_OPTIONAL | FILTER_TAKES_ANY },
	{ NULL, NULL, 0 }
};
