#include "memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "error.h"

static bool no_hooks;

void
memory_skip_hooks(void)
{
	no_hooks = true;
}

/* A thread of a library must not run the exit hooks of what works beside it. */
static void *
checked(void *p)
{
	if (p != NULL)
		return p;
	if (!no_hooks && gettid() == getpid())
		die(EX_OSERR, "out of memory");
	diag("out of memory");
	_exit(EX_OSERR);
}

/* Nothing at all may be asked for, and has an address too. */
static size_t
some(size_t len)
{
	return len == 0 ? 1 : len;
}

void *
memory_get(size_t len)
{
	return checked(malloc(some(len)));
}

void *
memory_zero(size_t count, size_t len)
{
	return checked(calloc(some(count), some(len)));
}

void *
memory_again(void *p, size_t len)
{
	return checked(realloc(p, some(len)));
}

char *
memory_copy(const char *s)
{
	return checked(strdup(s));
}
