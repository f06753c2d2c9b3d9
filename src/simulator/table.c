#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/error.h"

struct table_entry {
	struct table_entry *next;
	uint64_t hash;
	void *value;
	char key[];
};

uint64_t
hash_text(uint64_t seed, const char *s)
{
	uint64_t h = seed ^ 0xcbf29ce484222325U;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3U;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9U;
	h = (h ^ h >> 27) * 0x94d049bb133111ebU;
	return h ^ h >> 31;
}

static void
grow(struct table *t)
{
	size_t size = t->size == 0 ? 64 : 2 * t->size;
	struct table_entry **buckets, *e, *next;

	buckets = calloc(size, sizeof(*buckets));
	if (buckets == NULL)
		die(EX_OSERR, "out of memory");
	for (size_t i = 0; i < t->size; i++)
		for (e = t->buckets[i]; e != NULL; e = next) {
			next = e->next;
			e->next = buckets[e->hash % size];
			buckets[e->hash % size] = e;
		}
	free(t->buckets);
	t->buckets = buckets;
	t->size = size;
}

static struct table_entry *
find(const struct table *t, const char *key, uint64_t hash)
{
	struct table_entry *e;

	if (t->size == 0)
		return NULL;
	for (e = t->buckets[hash % t->size]; e != NULL; e = e->next)
		if (e->hash == hash && strcmp(e->key, key) == 0)
			return e;
	return NULL;
}

void **
table_at(struct table *t, const char *key)
{
	uint64_t hash = hash_text(0, key);
	size_t len = strlen(key) + 1;
	struct table_entry *e;

	e = find(t, key, hash);
	if (e != NULL)
		return &e->value;
	if (t->count >= t->size)
		grow(t);
	e = malloc(sizeof(*e) + len);
	if (e == NULL)
		die(EX_OSERR, "out of memory");
	memcpy(e->key, key, len);
	e->hash = hash;
	e->value = NULL;
	e->next = t->buckets[hash % t->size];
	t->buckets[hash % t->size] = e;
	t->count++;
	return &e->value;
}

void *
table_get(const struct table *t, const char *key)
{
	struct table_entry *e = find(t, key, hash_text(0, key));

	return e == NULL ? NULL : e->value;
}

void
table_clear(struct table *t, void (*drop)(void *value))
{
	struct table_entry *e, *next;

	for (size_t i = 0; i < t->size; i++)
		for (e = t->buckets[i]; e != NULL; e = next) {
			next = e->next;
			if (drop != NULL)
				drop(e->value);
			free(e);
		}
	free(t->buckets);
	*t = (struct table)TABLE_INIT;
}
