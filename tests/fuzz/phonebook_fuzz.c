/*
 * What phonenumber(1) answers, made by chance, for libFuzzer or feed.c: neither
 * a line that makes no sense nor a helper that dies may hold omni up, or be
 * taken for a number.
 *
 * An input is what the helper says; a byte 0xff ends it, and what follows is
 * said by the next one that is started.  The helper is no process here: what
 * child.c asks of the system is answered below, or it would be a thousand times
 * slower.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX	(60 * 1024)	/* a pipe takes it at once */
#define ENDS_ITSELF	0xff

static const uint8_t *said;
static size_t said_len, started;
static int last_pipe[2];

static int
fake_pipe(int p[2], int flags)
{
	int rc = pipe2(p, flags);

	memcpy(last_pipe, p, sizeof(last_pipe));
	return rc;
}

/* The last pipe made is that of the answers. */
static int
fake_spawn(pid_t *pid, const char *file, const posix_spawn_file_actions_t *a,
    const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	const uint8_t *end = memchr(said, ENDS_ITSELF, said_len);
	size_t n = end == NULL ? said_len : (size_t)(end - said);

	(void)file, (void)a, (void)attr, (void)argv, (void)envp;
	*pid = 1 << 22;		/* above all that there are */
	started++;
	if (write(last_pipe[1], said, n) != (ssize_t)n)
		abort();
	n += end != NULL;
	said += n;
	said_len -= n;
	return 0;
}

static int
fake_pidfd(pid_t pid, unsigned int flags)
{
	(void)pid, (void)flags;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int
fake_kill(pid_t pid, int sig)
{
	(void)pid, (void)sig;
	return 0;
}

static pid_t
fake_wait(pid_t pid, int *status, int options)
{
	(void)options;
	*status = 0;
	return pid;
}

#define pipe2		fake_pipe
#define posix_spawnp	fake_spawn
#define pidfd_open	fake_pidfd
#define kill		fake_kill
#define waitpid		fake_wait
#include "../../src/base/child.c"
#undef kill

#include "message/phonebook.h"
#include "promise.h"

static void
check_phone(const struct phone *p)
{
	size_t n = strspn(p->e164 + 1, "0123456789");

	promise(p->e164[0] == '+' && p->e164[1 + n] == '\0' && n >= 2 &&
	    n <= 20, "a number is one of phonenumber(1)");
	promise(p->line != NULL && strspn(p->line,
	    "abcdefghijklmnopqrstuvwxyz_") == strlen(p->line),
	    "a line has a kind");
	promise(p->extension == NULL || (*p->extension != '\0' &&
	    strspn(p->extension, "0123456789") == strlen(p->extension)),
	    "an extension is digits");
}

static enum address_result
ask(struct phonebook *b, const char *raw)
{
	struct arena mem = ARENA_INIT((size_t)64 * 1024);
	struct error e = { .text = "" };
	const char *why = NULL;
	struct phone p = { NULL, NULL, NULL };
	enum address_result r = phone_normalize(b, raw, &mem, &p, &why, &e);

	if (r == ADDRESS_OK)
		check_phone(&p);
	else if (r == ADDRESS_REFUSED)
		promise(why != NULL && *why != '\0', "a refusal has a reason");
	else
		promise(utf8_valid(e.text, strlen(e.text)) &&
		    e.text[0] != '\0', "a failure has one");
	arena_release(&mem);
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const numbers[] = { "55 1234 5678",
	    "+1 415 555 0100", "044 55 1234 5678", "no number" };
	const size_t count = sizeof(numbers) / sizeof(numbers[0]);
	enum address_result first[4];
	struct phonebook *b;

	said = data;
	said_len = size < SAID_MAX ? size : SAID_MAX;
	started = 0;
	b = phonebook_new("phonenumber", "MX");
	for (size_t i = 1; i < count; i++)
		phonebook_expect(b, numbers[i]);
	for (size_t i = 0; i < count; i++)
		first[i] = ask(b, numbers[i]);
	promise(started <= 8, "helpers are not started without end");
	/* What has been answered once stays, whoever has died since. */
	for (size_t i = 0; i < count; i++)
		promise(ask(b, numbers[i]) == first[i], "an answer stays");
	promise(ask(b, "1\n2") == ADDRESS_REFUSED, "a line is a line");
	phonebook_free(b);
	return 0;
}
