#include "decimal.h"

#include <string.h>

#include "template/chars.h"

static bool
add_digits(struct decimal *d, const char *s, const char *end)
{
	for (; s < end; s++) {
		if (d->count == 0 && *s == '0')
			continue;
		if (d->count == DECIMAL_DIGITS_MAX)
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
	if (char_skip_digits(p, end) == p)
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

bool
decimal_read(struct decimal *d, const char *s, const char *end, bool exponents)
{
	const char *rest;

	*d = (struct decimal){ .count = 0 };
	if (s < end && (*s == '-' || *s == '+'))
		d->negative = *s++ == '-';
	rest = char_skip_digits(s, end);
	if (rest == s || !add_digits(d, s, rest))
		return false;
	if (rest < end && *rest == '.') {
		s = rest + 1;
		rest = char_skip_digits(s, end);
		if (rest == s || rest - s > DECIMAL_DIGITS_MAX ||
		    !add_digits(d, s, rest))
			return false;
		d->exponent = -(int)(rest - s);
	}
	if (exponents && !read_exponent(&rest, end, &d->exponent))
		return false;
	return rest == end;
}

void
decimal_trim(struct decimal *d, int least)
{
	while (-d->exponent > least &&
	    (d->count == 0 || d->digits[d->count - 1] == '0')) {
		if (d->count > 0)
			d->count--;
		d->exponent++;
	}
}

void
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

void
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

bool
decimal_is_negative(const struct decimal *d)
{
	return d->negative && d->count > 0;
}

int
decimal_places(const struct decimal *d)
{
	return d->exponent < 0 ? -d->exponent : 0;
}

bool
decimal_from(const struct tval *v, struct decimal *d)
{
	struct buf text = BUF_INIT(DECIMAL_TEXT_MAX);
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

struct part
part_trimmed(const char *s, const char *end)
{
	while (s < end && *s == ' ')
		s++;
	while (end > s && end[-1] == ' ')
		end--;
	return (struct part){ s, end };
}
