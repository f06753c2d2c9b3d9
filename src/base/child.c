#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "io.h"

#define STOP_MS		1000	/* from SIGTERM to SIGKILL */

extern char **environ;

static int
make_pipe(int p[2], struct error *e)
{
	if (pipe2(p, O_CLOEXEC) == -1)
		return error_errno(e, "pipe");
	return 0;
}

static void
close_pair(int p[2])
{
	close(p[0]);
	close(p[1]);
}

/* posix_spawn wants char *const[]; it does not write through it. */
static char *const *
arguments(const char *const argv[])
{
	union { const char *const *from; char *const *to; } cast;

	cast.from = argv;
	return cast.to;
}

/* Descriptor -1 means /dev/null.  The child gets SIGPIPE's default back. */
static int
spawn(pid_t *pid, const char *const argv[], int in, int out, int err,
    struct error *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int rc, fds[3] = { in, out, err };

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	for (int fd = 0; fd < 3; fd++) {
		if (fds[fd] == -1)
			posix_spawn_file_actions_addopen(&actions, fd,
			    "/dev/null", O_RDWR, 0);
		else if (fds[fd] != fd)
			posix_spawn_file_actions_adddup2(&actions, fds[fd],
			    fd);
	}
	rc = posix_spawnp(pid, argv[0], &actions, &attr, arguments(argv),
	    environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (rc == 0)
		return 0;
	errno = rc;
	error_errno(e, "%s", argv[0]);
	if (rc == ENOENT)
		e->status = EX_UNAVAILABLE;
	return -1;
}

int
coprocess_start(struct coprocess *c, const char *const argv[],
    struct error *e)
{
	int in[2], out[2];

	if (make_pipe(in, e) == -1)
		return -1;
	if (make_pipe(out, e) == -1) {
		close_pair(in);
		return -1;
	}
	if (spawn(&c->pid, argv, in[0], out[1], STDERR_FILENO, e) == -1) {
		close_pair(in);
		close_pair(out);
		return -1;
	}
	close(in[0]);
	close(out[1]);
	c->to = in[1];
	c->from = out[0];
	c->pending = (struct buf)BUF_INIT(COPROCESS_LINE_MAX);
	return 0;
}

void
coprocess_stop(struct coprocess *c)
{
	struct pollfd over = { .fd = pidfd_open(c->pid, 0),
	    .events = POLLIN };
	int status;

	close(c->to);
	close(c->from);
	buf_release(&c->pending);
	/* It may hang: closing its input is not enough. */
	kill(c->pid, SIGTERM);
	if (poll(&over, 1, STOP_MS) != 1)
		kill(c->pid, SIGKILL);
	if (over.fd != -1)
		close(over.fd);
	while (waitpid(c->pid, &status, 0) == -1 && errno == EINTR)
		continue;
	c->pid = -1;
}

static int
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int rc;

	do {
		left = deadline - clock_monotonic_ms();
		rc = poll(&p, 1, left < 0 ? 0 : (int)left);
	} while (rc == -1 && errno == EINTR);
	return rc;
}

/* A request is shorter than PIPE_BUF, so that one write takes all of it. */
static int
send_line(struct coprocess *c, const char *line, size_t len, int64_t deadline,
    struct error *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	int rc = 0;

	sigaction(SIGPIPE, &ignore, &before);
	if (wait_for(c->to, POLLOUT, deadline) != 1)
		rc = error_set(e, EX_TEMPFAIL, "the helper takes no input");
	else if (io_write_all(c->to, line, len) == -1)
		rc = error_set(e, EX_TEMPFAIL, "the helper is gone: %s",
		    strerror(errno));
	sigaction(SIGPIPE, &before, NULL);
	return rc;
}

static int
read_more(struct coprocess *c, int64_t deadline, struct error *e)
{
	char chunk[1024];
	ssize_t n;

	if (wait_for(c->from, POLLIN, deadline) != 1)
		return error_set(e, EX_TEMPFAIL, "the helper did not answer "
		    "in time");
	n = io_read(c->from, chunk, sizeof(chunk));
	if (n <= 0)
		return error_set(e, EX_TEMPFAIL, "the helper died");
	buf_add(&c->pending, chunk, (size_t)n);
	if (c->pending.full)
		return error_set(e, EX_TEMPFAIL, "the helper's answer is too "
		    "long");
	return 0;
}

int
coprocess_ask(struct coprocess *c, const char *line, size_t len,
    int timeout_ms, const char **answer, struct error *e)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms;
	char *nl;

	/* Anything before the question belongs to no question. */
	buf_clear(&c->pending);
	if (send_line(c, line, len, deadline, e) == -1)
		return -1;
	while (c->pending.len == 0 ||
	    (nl = memchr(c->pending.data, '\n', c->pending.len)) == NULL)
		if (read_more(c, deadline, e) == -1)
			return -1;
	*nl = '\0';
	if ((size_t)(nl - c->pending.data) + 1 != c->pending.len)
		return error_set(e, EX_TEMPFAIL, "the helper sent more than "
		    "one line");
	*answer = c->pending.data;
	return 0;
}

enum { ERRORS, INPUT, OVER };

static void
give_input(struct pollfd *p, const char **input, size_t *len)
{
	ssize_t n = write(p->fd, *input, *len);

	if (n > 0) {
		*input += n;
		*len -= (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR)
		*len = 0;	/* it wants no more */
	if (*len == 0) {
		close(p->fd);
		p->fd = -1;
	}
}

static bool
take_errors(struct pollfd *p, struct buf *errors)
{
	size_t room = errors->max - errors->len;
	char chunk[1024];
	ssize_t n;

	n = io_read(p->fd, chunk, sizeof(chunk));
	if (n > 0)
		buf_add(errors, chunk, (size_t)n < room ? (size_t)n : room);
	else if (n == 0 || errno != EAGAIN)
		p->fd = -1;
	return n > 0;
}

/*
 * Moves input to the child and its errors here until it is over: that is not
 * when its standard error is closed, which it may do early, and which a
 * process that it left behind may never do.
 */
static int
pump(struct pollfd p[3], const char *input, size_t len, struct buf *errors,
    int64_t deadline)
{
	int64_t left;

	fcntl(p[ERRORS].fd, F_SETFL, O_NONBLOCK);
	fcntl(p[INPUT].fd, F_SETFL, O_NONBLOCK);
	do {
		left = deadline - clock_monotonic_ms();
		if (left <= 0)
			return -1;
		p[ERRORS].revents = p[INPUT].revents = p[OVER].revents = 0;
		if (poll(p, 3, (int)left) == -1 && errno != EINTR)
			return -1;
		if (p[INPUT].revents != 0)
			give_input(&p[INPUT], &input, &len);
		if (p[ERRORS].revents != 0)
			take_errors(&p[ERRORS], errors);
	} while (p[OVER].revents == 0);
	/* What a pipe holds at most. */
	for (int i = 0; i < 64 && p[ERRORS].fd != -1; i++)
		if (!take_errors(&p[ERRORS], errors))
			break;
	return 0;
}

int
child_run(const char *const argv[], const void *input, size_t len,
    struct buf *errors, int timeout_ms, int *status, struct error *e)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	int in[2], err[2], rc;
	struct pollfd p[3];
	pid_t pid;

	if (make_pipe(in, e) == -1)
		return -1;
	if (make_pipe(err, e) == -1) {
		close_pair(in);
		return -1;
	}
	if (spawn(&pid, argv, in[0], -1, err[1], e) == -1) {
		close_pair(in);
		close_pair(err);
		return -1;
	}
	close(in[0]);
	close(err[1]);
	sigaction(SIGPIPE, &ignore, &before);
	p[ERRORS] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	p[INPUT] = (struct pollfd){ .fd = in[1], .events = POLLOUT };
	p[OVER] = (struct pollfd){ .fd = pidfd_open(pid, 0),
	    .events = POLLIN };
	rc = p[OVER].fd == -1 ? -1 : pump(p, input, len, errors, deadline);
	sigaction(SIGPIPE, &before, NULL);
	close(err[0]);
	if (p[INPUT].fd != -1)
		close(p[INPUT].fd);
	if (p[OVER].fd != -1)
		close(p[OVER].fd);
	if (rc == -1)
		kill(pid, SIGKILL);
	while (waitpid(pid, status, 0) == -1 && errno == EINTR)
		continue;
	if (rc == -1)
		return error_set(e, EX_TEMPFAIL, "%s: no end in %d s", argv[0],
		    timeout_ms / 1000);
	return 0;
}

const char *
child_status_text(int status, char *out, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(out, size, "killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(out, size, "exit status %d", WEXITSTATUS(status));
	return out;
}
