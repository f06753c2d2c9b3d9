#ifndef OMNI_TEMPLATE_CHARS_H
#define OMNI_TEMPLATE_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <unicode/umachine.h>

#include "template/tval.h"

/*
 * Characters and words of a text, which is a string.  White space and words
 * are those of Python's str, whose idea of them is not ICU's.
 */

/* The one at `*i`, which goes on to the next; negative: not UTF-8. */
UChar32 char_next(const struct tval *v, size_t *i);
/* The one that ends at `*i`, which goes back to its beginning. */
UChar32 char_before(const struct tval *v, size_t *i);
/* str.isspace(): Unicode's, and the separators of ASCII. */
bool char_is_space(UChar32 c);
/* The next run of what is not white space, as str.split() has it. */
bool word_next(const struct tval *v, size_t *i, struct tval *word);

/* Letters and digits of ASCII. */
bool char_is_letter(char c);
bool char_is_digit(char c);
/* To the first that is no digit, or to the end. */
const char *char_skip_digits(const char *s, const char *end);

#endif
