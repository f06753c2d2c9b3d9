#undef NDEBUG
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"

static struct coprocess
start(const char *script)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct coprocess c;
	struct error e;

	assert(coprocess_start(&c, argv, &e) == 0);
	return c;
}

static void
asks(struct coprocess *c, const char *question, const char *expected)
{
	const char *answer;
	struct error e;

	coprocess_send(c, question, strlen(question));
	assert(coprocess_answer(c, 10000, &answer, &e) == 0);
	assert(strcmp(answer, expected) == 0);
}

static void
fails(const char *script, int timeout_ms, const char *why)
{
	struct coprocess c = start(script);
	const char *answer;
	struct error e;

	coprocess_send(&c, "a\n", 2);
	assert(coprocess_answer(&c, timeout_ms, &answer, &e) == -1);
	if (strstr(e.text, why) == NULL)
		fprintf(stderr, "[%s] not [%s]\n", e.text, why);
	assert(e.status == EX_TEMPFAIL);
	assert(strstr(e.text, why) != NULL);
	coprocess_stop(&c);
	assert(c.pid == -1);
}

static void
test_coprocess(void)
{
	struct coprocess c;

	c = start("exec cat");
	asks(&c, "one\n", "one");
	asks(&c, "two words\n", "two words");
	asks(&c, "\n", "");
	coprocess_stop(&c);
	/* An answer that comes in pieces. */
	c = start("read x; printf a; sleep 0.1; echo b; read x; echo c");
	asks(&c, "\n", "ab");
	asks(&c, "\n", "c");
	coprocess_stop(&c);
}

static void
test_coprocess_fails(void)
{
	int64_t before = clock_monotonic_ms();

	fails("exit 0", 10000, "helper");
	fails("read x; exit 3", 10000, "died: exit status 3");
	fails("read x; kill -9 $$", 10000, "died: killed by signal 9");
	fails("read x; exec >&-; exec sleep 100", 10000, "closed its output");
	fails("exec <&-; exec sleep 100", 200, "in time");
	fails("exec <&-; exit 4", 10000, "died: exit status 4");
	fails("read x; printf 'a\\0b\\n'; exec sleep 100", 10000, "NUL");
	fails("exec sleep 100", 200, "in time");
	fails("read x; printf abc; exec sleep 100", 200, "in time");
	fails("read x; printf 'a\\nb\\n'; exec sleep 100", 10000,
	    "more than one line");
	fails("read x; exec head -c 5000 /dev/zero", 10000, "too long");
	/* One that will not be asked to end. */
	fails("trap '' TERM; read x; while :; do sleep 0.1; done", 200,
	    "in time");
	assert(clock_monotonic_ms() - before < 30000);
}

/* Line i of the questions, and of the answers of cat(1). */
static size_t
numbered(int i, char line[64])
{
	return (size_t)snprintf(line, 64, "question number %06d\n", i);
}

static void
expect(struct coprocess *c, int i)
{
	const char *answer;
	char line[64];
	struct error e;

	line[numbered(i, line) - 1] = '\0';
	assert(coprocess_answer(c, 10000, &answer, &e) == 0);
	assert(strcmp(answer, line) == 0);
}

/*
 * `ahead` questions are sent before the first answer is read, more than the
 * pipes hold: who only wrote, or only read, would wait for ever.
 */
static void
pipelines(const char *script, int count, int ahead)
{
	struct coprocess c = start(script);
	char line[64];

	for (int i = 0; i < count; i++) {
		coprocess_send(&c, line, numbered(i, line));
		if (i >= ahead)
			expect(&c, i - ahead);
	}
	for (int i = count - ahead; i < count; i++)
		expect(&c, i);
	assert(c.owed == 0);
	coprocess_stop(&c);
}

static void
test_coprocess_ahead(void)
{
	int64_t before = clock_monotonic_ms();

	pipelines("exec cat", 20000, 1);
	pipelines("exec cat", 20000, 100);
	pipelines("exec cat", 60000, 10000);
	/* It takes no input before its output is taken, and the reverse. */
	pipelines("exec dd bs=1 status=none", 3000, 2500);
	/* It reads all before it writes anything. */
	pipelines("exec sed -u '1,4000{H;4000!d;x;s/.//}'", 9000, 8000);
	assert(clock_monotonic_ms() - before < 60000);
}

/* Those that were answered before it died are not lost. */
static void
test_coprocess_dies_midway(void)
{
	struct coprocess c = start("exec head -n 3");
	const char *answer;
	char line[64];
	struct error e;

	for (int i = 0; i < 5; i++)
		coprocess_send(&c, line, numbered(i, line));
	for (int i = 0; i < 3; i++)
		expect(&c, i);
	assert(coprocess_answer(&c, 10000, &answer, &e) == -1);
	assert(strcmp(e.text, "the helper died: exit status 0") == 0);
	coprocess_stop(&c);
}

static void
test_coprocess_missing(void)
{
	const char *const argv[] = { "/nonexistent/helper", NULL };
	struct coprocess c;
	struct error e;

	assert(coprocess_start(&c, argv, &e) == -1);
	assert(e.status == EX_UNAVAILABLE);
	assert(strcmp(e.text, "/nonexistent/helper: No such file or directory")
	    == 0);
}

static int
run(const char *script, const char *input, size_t len, int timeout_ms,
    const char *expected, int *status)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct buf errors = BUF_INIT(16);
	struct error e = { .text = "" };
	int rc;

	rc = child_run(argv, input, len, &errors, timeout_ms, status, &e);
	if (strcmp(buf_text(&errors), expected) != 0)
		fprintf(stderr, "[%s] not [%s]\n", buf_text(&errors), expected);
	assert(strcmp(buf_text(&errors), expected) == 0);
	assert(rc == 0 || e.status == EX_TEMPFAIL);
	buf_release(&errors);
	return rc;
}

static void
exits(const char *script, const char *expected, int code)
{
	int status;

	assert(run(script, "in", 2, 10000, expected, &status) == 0);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == code);
}

static void
test_run(void)
{
	char text[64];
	int status;

	exits("cat >&2; echo out", "in", 0);
	exits("exit 75", "", 75);
	exits("echo why >&2; exit 1", "why\n", 1);
	/* As much as there is room for. */
	exits("echo 0123456789abcdefghij >&2", "0123456789abcdef", 0);
	exits("head -c 300000 /dev/zero | tr '\\0' x >&2", "xxxxxxxxxxxxxxxx",
	    0);
	assert(run("kill -9 $$", "", 0, 10000, "", &status) == 0);
	assert(WIFSIGNALED(status));
	assert(strcmp(child_status_text(status, text, sizeof(text)),
	    "killed by signal 9 (Killed)") == 0);
	assert(run("exit 75", NULL, 0, 10000, "", &status) == 0);
	assert(strcmp(child_status_text(status, text, sizeof(text)),
	    "exit status 75") == 0);
}

/* More input than a pipe holds arrives whole, however the child behaves. */
static void
test_run_input(void)
{
	static char input[300000];
	int status;

	memset(input, 'x', sizeof(input));
	assert(run("wc -c >&2", input, sizeof(input), 10000, "300000\n",
	    &status) == 0);
	assert(run("exec 2>&-; [ $(wc -c) = 300000 ]", input, sizeof(input),
	    10000, "", &status) == 0);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* It reads none of it: no SIGPIPE for us. */
	assert(run("exit 3", input, sizeof(input), 10000, "", &status) == 0);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	assert(run("exec <&-; sleep 0.1; exit 4", input, sizeof(input), 10000,
	    "", &status) == 0);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 4);
}

static void
test_run_deadline(void)
{
	int64_t before = clock_monotonic_ms();
	int status;

	assert(run("exec sleep 100", "", 0, 200, "", &status) == -1);
	assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert(run("exec 2>&-; exec sleep 100", "", 0, 200, "", &status) == -1);
	assert(WIFSIGNALED(status));
	/* A process left behind keeps standard error open. */
	assert(run("sleep 20 & exit 5", "", 0, 10000, "", &status) == 0);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
	assert(clock_monotonic_ms() - before < 9000);
}

/* What we have open is not open in a child. */
static void
test_descriptors(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), high, status;

	assert(fd > 2);
	high = fcntl(fd, F_DUPFD_CLOEXEC, 99);
	assert(high == 99);
	assert(run("[ -e /dev/fd/2 ] && [ ! -e /dev/fd/99 ]", "", 0, 10000, "",
	    &status) == 0);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(high);
	close(fd);
}

static int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

int
main(void)
{
	int before = open_descriptors();

	test_coprocess();
	test_coprocess_fails();
	test_coprocess_ahead();
	test_coprocess_dies_midway();
	test_coprocess_missing();
	test_run();
	test_run_input();
	test_run_deadline();
	test_descriptors();
	assert(open_descriptors() == before);
	return 0;
}
