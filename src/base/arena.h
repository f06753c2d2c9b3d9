#ifndef OMNI_ARENA_H
#define OMNI_ARENA_H

#include <stddef.h>

/*
 * Memory that lives exactly as long as one record.
 *
 * A program owns one arena, allocates from it while it works on a record and
 * resets it before the next.  Nothing taken from an arena is ever passed to
 * free(3), and no pointer into it may outlive the reset.
 *
 * Allocation does not fail: no memory, or more than `limit` bytes between two
 * resets, end the program with EX_OSERR.
 */
struct arena {
	struct arena_block *head;
	size_t used;
	size_t limit;
};

#define ARENA_INIT(max) { .limit = (max) }

/* Zeroed and aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *a);
void arena_release(struct arena *a);

#endif
