#include "unicode.h"

#include <stdlib.h>
#include <unicode/uclean.h>

#include "memory.h"

const int unicode_has_memory = 1;

static void *U_CALLCONV
get(const void *context, size_t len)
{
	(void)context;
	return memory_get(len);
}

static void *U_CALLCONV
again(const void *context, void *p, size_t len)
{
	(void)context;
	return memory_again(p, len);
}

static void U_CALLCONV
give_back(const void *context, void *p)
{
	(void)context;
	free(p);
}

__attribute__((constructor)) static void
give_memory(void)
{
	UErrorCode rc = U_ZERO_ERROR;

	u_setMemoryFunctions(NULL, get, again, give_back, &rc);
}
