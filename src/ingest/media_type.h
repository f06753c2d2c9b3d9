#ifndef OMNI_MEDIA_TYPE_H
#define OMNI_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * What a file that a stranger sent is, by its first bytes and not by what its
 * sender calls it.
 */
struct media_type {
	const char *type;	/* "image/jpeg" */
	const char *ending;	/* "jpg": of our name for it */
};

/*
 * NULL and `why`: it is none that is known, or `claimed`, the server's
 * Content-Type or "", is of another class.  A file that may be sound or film
 * is what the server calls it.
 */
const struct media_type *media_type_find(const void *data, size_t len,
    const char *claimed, struct error *why);

/* Whether the words of [ingest] media allow it. */
bool media_type_allowed(const char *words, const char *type);
/* The first word that means nothing, in `word`; false: there is none. */
bool media_type_unknown(const char *words, char *word, size_t size);

#endif
