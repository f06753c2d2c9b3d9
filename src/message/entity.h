#ifndef OMNI_ENTITY_H
#define OMNI_ENTITY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether what stands between "&" and ";", as "eacute", "#233" or "#xE9", is a
 * character that a text may have and every mail reader knows.
 */
bool entity_is_known(const char *s, size_t len);

#endif
