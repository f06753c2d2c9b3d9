/* Without memory, or descriptors, a program ends: it must not guess. */
#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/record.h"
#include "base/zone.h"

#define LONG	((size_t)64 * 1024 * 1024)

static void
limit(int what, rlim_t most)
{
	struct rlimit r = { .rlim_cur = most, .rlim_max = most };

	assert(setrlimit(what, &r) == 0);
}

/* The status of a child that does so. */
static int
status_of(void (*act)(void))
{
	pid_t pid = fork();
	int status;

	assert(pid != -1);
	if (pid == 0) {
		act();
		_exit(0);
	}
	assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
many_bytes(void)
{
	limit(RLIMIT_AS, LONG);
	free(memory_get(2 * LONG));
}

static void
more_bytes(void)
{
	char *p = memory_copy("a few");

	limit(RLIMIT_AS, LONG);
	free(memory_again(p, 2 * LONG));
}

static void
no_bytes(void)
{
	void *p = memory_get(0), *q = memory_zero(0, 8);

	if (p == NULL || q == NULL)
		_exit(1);
	free(p);
	free(q);
}

/* A record that is valid, and that jansson has no memory for. */
static void
long_record(void)
{
	struct record r = RECORD_INIT;
	char *line = malloc(LONG);
	struct error why;

	assert(line != NULL);
	memset(line, 'x', LONG);
	memcpy(line, "{\"a\":\"", 6);
	memcpy(line + LONG - 2, "\"}", 2);
	limit(RLIMIT_AS, 2 * LONG);
	if (record_parse(&r, line, LONG, &why) == -1)
		_exit(EX_DATAERR);
}

/* A zone that there is, and that cannot be looked at. */
static void
no_descriptor(void)
{
	limit(RLIMIT_NOFILE, 3);
	_exit(zone_is_valid("America/Mexico_City") ? 0 : 1);
}

int
main(void)
{
	record_setup();
#ifdef __SANITIZE_ADDRESS__
	printf("# skip a sanitizer needs the room, and descriptors at its end\n");
#else
	assert(status_of(many_bytes) == EX_OSERR);
	assert(status_of(more_bytes) == EX_OSERR);
	assert(status_of(long_record) == EX_OSERR);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	assert(status_of(no_descriptor) == EX_TEMPFAIL);
#endif
	assert(status_of(no_bytes) == 0);
	assert(zone_is_valid("America/Mexico_City"));
	assert(!zone_is_valid("America/Nowhere") && !zone_is_valid("America"));
	return 0;
}
