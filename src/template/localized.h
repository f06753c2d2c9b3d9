#ifndef OMNI_TEMPLATE_LOCALIZED_H
#define OMNI_TEMPLATE_LOCALIZED_H

#include <stdbool.h>
#include <stdint.h>
#include <unicode/umachine.h>

#include "template/decimal.h"
#include "template/filter.h"

/*
 * Numbers as the reader's language writes them.  What is a matter of course in
 * Spanish and English is written by the filters themselves; here is ICU.
 */
#define LOCALE_MAX	40	/* longer than what locale_is_valid() takes */
#define CODE_MAX	4	/* "MXN" and a NUL */

/*
 * Where 1,234.50 is what everybody writes.  A plain "es" is Mexico's; Spain
 * and the south of America have it the other way round, and India its lakhs.
 */
bool localized_is_home(const struct call *c);
/*
 * Adds the number, or the amount in the currency `code`, which is NULL for a
 * number that is no money.  False when there is no such language.
 */
bool localized_number(const struct call *c, const struct decimal *d,
    int decimals, const char *code, struct buf *out);
/*
 * Adds what ICU wrote.  Spaces become plain ones: in an SMS U+00A0 and U+202F
 * double its price.
 */
bool localized_add(struct buf *out, UChar *text, int32_t len);
/* filter_fail() for a language that there is not. */
int localized_fail(struct call *c, struct tval otherwise, struct tval *out);

#endif
