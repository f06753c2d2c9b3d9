#ifndef OMNI_NEAR_H
#define OMNI_NEAR_H

#include <stddef.h>

/*
 * "Did you mean …?": the known name that is most like one that is not known.
 * Give it every known name; `best` is then the nearest, or NULL when none is
 * near enough to be meant.
 */
#define NEAR_NAME_MAX	64	/* longer names are like nothing */

struct near {
	const char *name;
	size_t len;
	const char *best;
	size_t distance;
};

#define NEAR_INIT(s, n) { .name = (s), .len = (n) }

/* `known` is lent for as long as `best` is used. */
void near_consider(struct near *n, const char *known);

#endif
