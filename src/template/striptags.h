#ifndef OMNI_TEMPLATE_STRIPTAGS_H
#define OMNI_TEMPLATE_STRIPTAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "template/tval.h"

/*
 * Python 3.11's html.parser, as far as Django's striptags needs it: what it
 * calls data.  It is without Python's quadratic searches: what was not found
 * once is not looked for again, and reading in vain has a limit.  The rules
 * are Python's even where HTML's are others.
 */

/*
 * Adds the data of one reading of the text.  False when Python raises an
 * exception, or when too much was read in vain: `*vain` counts, from 0 at the
 * first reading on, what several of them so read.
 */
bool striptags_once(const struct tval *v, struct buf *out, size_t *vain);

#endif
