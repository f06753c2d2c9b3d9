#include "crypto.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "memory.h"

const int crypto_has_memory = 1;

static void *
get(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return memory_get(len);
}

static void *
again(void *p, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return memory_again(p, len);
}

static void
give_back(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

__attribute__((constructor)) static void
give_memory(void)
{
	memory_skip_hooks();
	CRYPTO_set_mem_functions(get, again, give_back);
}
