#ifndef OMNI_TEMPLATE_DECIMAL_H
#define OMNI_TEMPLATE_DECIMAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "template/tval.h"

/*
 * Decimal numbers.  All arithmetic is on their digits: no amount passes
 * through a double that did not come as one.
 */
#define DECIMAL_DIGITS_MAX	64	/* of a number that is read */
#define DECIMALS_MAX	1000	/* that a template may ask for */
#define EXPONENT_MAX	400	/* more than a double has */
#define DECIMAL_TEXT_MAX	2048	/* bytes of a number: all of these */

/* The number is digits * 10^exponent; none is zero. */
struct decimal {
	bool negative;
	char digits[DECIMAL_DIGITS_MAX + 1];	/* room for a carry */
	int count;
	int exponent;
};

/* "-12.50", and "1e+22" with `exponents`.  Not ".5", "1_000" or "1,000". */
bool decimal_read(struct decimal *d, const char *s, const char *end,
    bool exponents);
/*
 * A number of the data; false for a text.  1e400 is no number that a person
 * wrote; a real may be 1e+22, because that is the shortest text for it.
 */
bool decimal_from(const struct tval *v, struct decimal *d);
/* Forgets zeros at the end of the decimals, but keeps as many as `least`. */
void decimal_trim(struct decimal *d, int least);
/* Half away from zero. */
void decimal_round(struct decimal *d, int decimals);
/* Without the sign; in thousands with `group`. */
void decimal_print(const struct decimal *d, int decimals, bool group,
    struct buf *out);
bool decimal_is_negative(const struct decimal *d);
/* How many decimals it has. */
int decimal_places(const struct decimal *d);

/* A part of a text without the blanks around it. */
struct part {
	const char *s, *end;
};

struct part part_trimmed(const char *s, const char *end);

#endif
