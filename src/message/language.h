#ifndef OMNI_LANGUAGE_H
#define OMNI_LANGUAGE_H

#include <stdbool.h>

#define LANGUAGE_MAX	36		/* of a language's name, with its NUL */

/* Languages' names: "es-MX" and "ES_mx" are one. */
bool language_equal(const char *a, const char *b);
/* Letters, then parts set apart by - or _: the shape of BCP 47. */
bool language_is_tag(const char *s);
/* Cuts "es-MX" to "es"; false when there is nothing left to cut. */
bool language_widen(char *tag);

#endif
