/* A set of ids: what was added is in it, as often as it is asked. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/idset.h"

#define MANY	300000	/* more than its memory holds */

static void
name(long i, char out[64])
{
	snprintf(out, 64, "appointment-%ld", i * 7919 % 1000003);
}

static void
test_many(void)
{
	struct idset *s = idset_new();
	char id[64];

	for (long i = 0; i < MANY; i++) {
		name(i, id);
		assert(idset_add(s, id));
	}
	for (long i = 0; i < MANY; i += 7) {
		name(i, id);
		assert(idset_has(s, id));
		assert(!idset_add(s, id));
		name(i + MANY, id);
		assert(!idset_has(s, id));
	}
	idset_free(s);
}

/* Bytes count, not what they look like. */
static void
test_odd_ids(void)
{
	static const char *const ids[] = { "a", "A", "a ", "1", "01", "1.0",
	    "'); DROP TABLE seen; --", "\xc3\xb1", "n\xcc\x83", "" };
	struct idset *s = idset_new(), *other = idset_new();

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert(idset_add(s, ids[i]));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert(!idset_add(s, ids[i]));
		assert(idset_has(s, ids[i]) && !idset_has(other, ids[i]));
	}
	idset_free(s);
	idset_free(other);
	idset_free(NULL);
}

int
main(void)
{
	test_many();
	test_odd_ids();
	return 0;
}
