#ifndef OMNI_SIMULATOR_TABLE_H
#define OMNI_SIMULATOR_TABLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Pointers found by a string.  The table keeps a copy of the string and does
 * not care what the pointer is.  One thread at a time.
 */
struct table {
	struct table_entry **buckets;
	size_t size, count;
};

#define TABLE_INIT { .buckets = NULL }

/* The place of `key`, holding NULL when it is new.  Until the next change. */
void **table_at(struct table *t, const char *key);
void *table_get(const struct table *t, const char *key);
/* Forgets everything, and hands each pointer to `drop` unless that is NULL. */
void table_clear(struct table *t, void (*drop)(void *value));

/* FNV-1a, finished so that all bits depend on all of the text. */
uint64_t hash_text(uint64_t seed, const char *s);

#endif
