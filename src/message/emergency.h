#ifndef OMNI_EMERGENCY_H
#define OMNI_EMERGENCY_H

#include <stddef.h>

#include "base/error.h"

/*
 * Whether somebody writes of an emergency, by the phrases that stand below
 * [emergency] in share/words/emergency.words and in the site's own list;
 * omni-words(5).  One phrase anywhere is enough: a wrong alarm costs a look.
 *
 * Both are read when the first text comes, once for the whole process.
 */

/* Adds those of a file, for the rest of the process; -1 and EX_CONFIG. */
int emergency_add(const char *file, struct error *e);

/* The phrase that was found, or NULL. */
const char *emergency_find(const char *utf8, size_t len);

#endif
