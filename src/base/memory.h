#ifndef OMNI_MEMORY_H
#define OMNI_MEMORY_H

#include <stddef.h>

/*
 * malloc(3) and the others, for libraries that let their caller choose: no
 * memory ends the program with EX_OSERR.  What such a library makes of it is
 * no better: jansson takes a record for no JSON, ICU a word for no word, and
 * libcurl leaves an option away.  What they give is freed by free(3).
 */
void *memory_get(size_t len);
void *memory_zero(size_t count, size_t len);
void *memory_again(void *p, size_t len);
char *memory_copy(const char *s);

/*
 * From here on without exit hooks: one of OpenSSL's would wait for a lock that
 * OpenSSL held when it asked for memory.
 */
void memory_skip_hooks(void);

#endif
