#ifndef OMNI_FORM_H
#define OMNI_FORM_H

#include <stddef.h>

#include "arena.h"
#include "buf.h"
#include "error.h"

/*
 * application/x-www-form-urlencoded: the body of a web form, and the query of
 * a URL.
 *
 * Names and values are decoded: '+' is a space, %XX a byte.  A '%' without two
 * hexadecimal digits stays as it is, which is what the URL standard says
 * (url.spec.whatwg.org, "percent-decode") and what Node and Python do; a
 * signature over decoded values then comes out as the sender's did.  The
 * result need not be UTF-8.
 *
 * Pairs keep their order and repeated names; empty pieces ("a=1&&b=2") are
 * none.  Everything is lent from the arena given to form_parse(), which needs
 * about the length of the body and 64 bytes for each pair.
 */
#define FORM_PAIRS_MAX	500

struct form_pair {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};

struct form {
	struct form_pair *pairs;
	size_t count;
};

/*
 * Refuses more than FORM_PAIRS_MAX pairs, and NUL in a name or value: what
 * comes out can be handled as a string.
 */
int form_parse(struct form *f, const char *body, size_t len,
    struct arena *mem, struct error *e);
/* The first value of that name, or NULL. */
const char *form_get(const struct form *f, const char *name);
/* How many there are. */
size_t form_count(const struct form *f, const char *name);

/*
 * Writing: adds "name=value" to a form, with '&' before it if `out` has
 * anything yet.  Letters, digits and "*-._" stay, a space becomes '+', any
 * other byte %XX (url.spec.whatwg.org, "application/x-www-form-urlencoded
 * serializer").
 */
void form_add(struct buf *out, const char *name, const char *value);
/*
 * Adds `s` as one piece of a URL's path or query: letters, digits and "-._~"
 * stay (RFC 3986, unreserved), any other byte becomes %XX.
 */
void percent_encode(struct buf *out, const char *s);

#endif
