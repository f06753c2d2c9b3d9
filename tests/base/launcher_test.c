/*
 * A process that starts a helper for one that may not do so itself.
 */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/launcher.h"

#define WAIT_MS	20000

static const char *const cat[] = { "cat", NULL };

static void
ask(struct coprocess *c, const char *line)
{
	const char *answer;
	struct error e;

	coprocess_send(c, line, strlen(line));
	assert(coprocess_answer(c, WAIT_MS, &answer, &e) == 0);
	assert(strncmp(answer, line, strlen(answer)) == 0);
}

static void
test_helper(void)
{
	struct coprocess c;
	struct launcher l;
	struct error e;

	launcher_start(&l, cat);
	assert(l.fd != -1);
	for (int i = 0; i < 3; i++) {
		assert(coprocess_start_by(&c, &l, &e) == 0);
		ask(&c, "one\n");
		ask(&c, "two\n");
		coprocess_stop(&c);
	}
	launcher_close(&l);
	assert(waitpid(l.pid, NULL, 0) == -1 && errno == ECHILD);
}

/* How it died is told, and the next one is another. */
static void
test_death(void)
{
	static const char *const argv[] = { "sh", "-c",
	    "read -r line; kill -9 $$", NULL };
	struct coprocess c;
	struct launcher l;
	const char *answer;
	struct error e;

	launcher_start(&l, argv);
	for (int i = 0; i < 2; i++) {
		assert(coprocess_start_by(&c, &l, &e) == 0);
		coprocess_send(&c, "x\n", 2);
		assert(coprocess_answer(&c, WAIT_MS, &answer, &e) == -1);
		assert(strcmp(e.text,
		    "the helper died: killed by signal 9 (Killed)") == 0);
		assert(e.status == EX_TEMPFAIL);
		coprocess_stop(&c);
	}
	launcher_close(&l);
	assert(waitpid(l.pid, NULL, 0) == -1 && errno == ECHILD);
}

static void
test_not_there(void)
{
	static const char *const argv[] = { "/nowhere/helper", NULL };
	struct coprocess c;
	struct launcher l;
	struct error e;

	launcher_start(&l, argv);
	for (int i = 0; i < 2; i++) {
		assert(coprocess_start_by(&c, &l, &e) == -1);
		assert(strcmp(e.text, "/nowhere/helper: No such file or "
		    "directory") == 0);
		assert(e.status == EX_UNAVAILABLE);
	}
	launcher_close(&l);
	assert(waitpid(l.pid, NULL, 0) == -1 && errno == ECHILD);
}

static void
test_launcher_gone(void)
{
	struct coprocess c;
	struct launcher l;
	struct error e;

	launcher_start(&l, cat);
	kill(l.pid, SIGKILL);
	assert(waitpid(l.pid, NULL, 0) == l.pid);
	assert(coprocess_start_by(&c, &l, &e) == -1);
	assert(e.status == EX_TEMPFAIL);
	launcher_close(&l);
	/* And none at all. */
	assert(coprocess_start_by(&c, &l, &e) == -1);
}

/* The helper ends with who asked for it, however that ends. */
static void
test_no_orphans(void)
{
	int pipe_of[2];
	struct pollfd over;
	struct coprocess c;
	struct launcher l;
	struct error e;
	pid_t pid;

	assert(pipe(pipe_of) == 0);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		static const char *const argv[] = { "sleep", "60",
		    NULL };

		/* Standard error goes to launcher and helper. */
		dup2(pipe_of[1], STDERR_FILENO);
		close(pipe_of[0]);
		close(pipe_of[1]);
		launcher_start(&l, argv);
		if (coprocess_start_by(&c, &l, &e) == -1)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	close(pipe_of[1]);
	assert(waitpid(pid, NULL, 0) == pid);
	over = (struct pollfd){ .fd = pipe_of[0], .events = POLLIN };
	assert(poll(&over, 1, WAIT_MS) == 1 && (over.revents & POLLHUP) != 0);
	close(pipe_of[0]);
}

static void
test_confined(void)
{
	const struct confine_files none = { .count = 0 };
	struct coprocess c;
	struct launcher l;
	struct error e;
	int status;
	pid_t pid = fork();

	assert(pid != -1);
	if (pid == 0) {
		launcher_start(&l, cat);
		confine_reading(&none, true);
		assert(coprocess_start_by(&c, &l, &e) == 0);
		ask(&c, "one\n");
		coprocess_stop(&c);
		assert(coprocess_start_by(&c, &l, &e) == 0);
		ask(&c, "two\n");
		coprocess_stop(&c);
		launcher_close(&l);
		_exit(0);
	}
	assert(waitpid(pid, &status, 0) == pid);
	assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int
main(void)
{
	test_helper();
	test_death();
	test_not_there();
	test_launcher_gone();
	test_no_orphans();
	test_confined();
	return 0;
}
