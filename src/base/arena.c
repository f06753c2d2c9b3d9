#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "error.h"

#define BLOCK	(16 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) char bytes[];
};

static struct arena_block *
block_new(size_t size, struct arena_block *next)
{
	struct arena_block *b;

	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		die(EX_OSERR, "out of memory");
	b->next = next;
	b->size = size;
	b->used = 0;
	return b;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	void *p;

	if (size > a->limit || a->used > a->limit - size)
		die(EX_OSERR, "one record needs more than %zu bytes of memory",
		    a->limit);
	a->used += size;
	size = (size + align - 1) / align * align;
	if (a->head == NULL || a->head->size - a->head->used < size)
		a->head = block_new(size > BLOCK ? size : BLOCK, a->head);
	p = a->head->bytes + a->head->used;
	a->head->used += size;
	return memset(p, 0, size);
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	memcpy(p, s, len);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		die(EX_SOFTWARE, "bad format: %s", fmt);
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

/* Keeps one ordinary block: most records need no more than that. */
void
arena_reset(struct arena *a)
{
	struct arena_block *next;

	a->used = 0;
	while (a->head != NULL &&
	    (a->head->next != NULL || a->head->size > BLOCK)) {
		next = a->head->next;
		free(a->head);
		a->head = next;
	}
	if (a->head != NULL)
		a->head->used = 0;
}

void
arena_release(struct arena *a)
{
	struct arena_block *next;

	for (; a->head != NULL; a->head = next) {
		next = a->head->next;
		free(a->head);
	}
	a->used = 0;
}
