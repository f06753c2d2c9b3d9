/*
 * What the fuzz targets say of what they are given: a promise that is broken
 * ends the run, and leaves its input behind.
 */
#ifndef TESTS_FUZZ_PROMISE_H
#define TESTS_FUZZ_PROMISE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
promise(bool kept, const char *what)
{
	if (kept)
		return;
	fprintf(stderr, "promise broken: %s\n", what);
	abort();
}

/* A copy with a NUL behind it, for free(). */
static inline char *
as_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	promise(text != NULL, "there is memory");
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
