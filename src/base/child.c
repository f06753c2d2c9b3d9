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
#include "launcher.h"

#define STOP_MS		1000	/* from SIGTERM to SIGKILL */
/*
 * Questions go out in pieces of this size, so that each side has work while
 * the other does its own; read(2) takes as many answers as there are.
 */
#define SEND_AT		2048
#define READ_SIZE	(16 * 1024)

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

/* Descriptor -1 means /dev/null.  The child gets its signals back. */
static int
spawn(pid_t *pid, const char *const argv[], int in, int out, int err,
    struct error *e)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int rc = 0, fds[3] = { in, out, err };

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGXFSZ);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	/* These need memory; without one of them it would take another's file. */
	for (int fd = 0; rc == 0 && fd < 3; fd++) {
		if (fds[fd] == -1)
			rc = posix_spawn_file_actions_addopen(&actions, fd,
			    "/dev/null", O_RDWR, 0);
		else if (fds[fd] != fd)
			rc = posix_spawn_file_actions_adddup2(&actions,
			    fds[fd], fd);
	}
	if (rc == 0)
		rc = posix_spawnp(pid, argv[0], &actions, &attr,
		    arguments(argv), environ);
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

static struct coprocess
new_coprocess(int to, int from, struct launcher *by)
{
	return (struct coprocess){ .pid = -1, .to = to, .from = from,
	    .out = BUF_INIT(COPROCESS_AHEAD_MAX),
	    .in = BUF_INIT(COPROCESS_LINE_MAX + READ_SIZE), .by = by };
}

int
coprocess_start_by(struct coprocess *c, struct launcher *by, struct error *e)
{
	int to, from;

	if (launcher_run(by, &to, &from, e) == -1)
		return -1;
	*c = new_coprocess(to, from, by);
	return 0;
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
	*c = new_coprocess(in[1], out[0], NULL);
	if (spawn(&c->pid, argv, in[0], out[1], STDERR_FILENO, e) == -1) {
		close_pair(in);
		close_pair(out);
		return -1;
	}
	close(in[0]);
	close(out[1]);
	/* Of our ends only: the child's are other open files. */
	fcntl(c->to, F_SETFL, O_NONBLOCK);
	fcntl(c->from, F_SETFL, O_NONBLOCK);
	return 0;
}

static bool
ends_within(pid_t pid, int ms)
{
	struct pollfd over = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	bool ended = over.fd != -1 && poll(&over, 1, ms) == 1;

	if (over.fd != -1)
		close(over.fd);
	return ended;
}

static int
collect(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	return status;
}

void
coprocess_forget_ends(struct coprocess *c)
{
	close(c->to);
	close(c->from);
	c->to = c->from = -1;
}

bool
coprocess_ended(struct coprocess *c, int *status)
{
	if (!ends_within(c->pid, STOP_MS))
		return false;
	*status = collect(c->pid);
	c->pid = -1;
	return true;
}

void
coprocess_stop(struct coprocess *c)
{
	if (c->to != -1)
		coprocess_forget_ends(c);
	buf_release(&c->out);
	buf_release(&c->in);
	if (c->by != NULL)
		launcher_stop(c->by);
	if (c->pid == -1)
		return;
	/* It may hang: closing its input is not enough. */
	kill(c->pid, SIGTERM);
	if (!ends_within(c->pid, STOP_MS))
		kill(c->pid, SIGKILL);
	collect(c->pid);
	c->pid = -1;
}

static void
drop(struct buf *b, size_t n)
{
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

/* Writes what the pipe takes now. */
static void
push(struct coprocess *c)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	ssize_t n;

	if (c->out.len == 0)
		return;
	sigaction(SIGPIPE, &ignore, &before);
	n = write(c->to, c->out.data, c->out.len);
	if (n > 0)
		drop(&c->out, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		buf_clear(&c->out);	/* it reads no more */
	sigaction(SIGPIPE, &before, NULL);
}

void
coprocess_send(struct coprocess *c, const char *line, size_t len)
{
	buf_add(&c->out, line, len);
	if (c->out.full)
		die(EX_SOFTWARE, "too many questions to a helper");
	c->owed++;
	if (c->out.len >= SEND_AT)
		push(c);
}

static int
tell_death(struct coprocess *c, struct error *e)
{
	char text[128];
	int status;

	if (c->by == NULL ? !coprocess_ended(c, &status) :
	    !launcher_ended(c->by, &status))
		return error_set(e, EX_TEMPFAIL, "the helper closed its "
		    "output");
	child_status_text(status, text, sizeof(text));
	return error_set(e, EX_TEMPFAIL, "the helper died: %s", text);
}

static int
read_more(struct coprocess *c, struct error *e)
{
	char chunk[READ_SIZE];
	ssize_t n;

	n = io_read(c->from, chunk, sizeof(chunk));
	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return tell_death(c, e);
	if (c->taken > 0)
		drop(&c->in, c->taken);
	c->taken = 0;
	buf_add(&c->in, chunk, (size_t)n);
	return 0;
}

/* Moves bytes in either direction, or waits until some can be moved. */
static int
exchange(struct coprocess *c, int64_t deadline, struct error *e)
{
	struct pollfd p[2] = { { .fd = c->from, .events = POLLIN },
	    { .fd = -1, .events = POLLOUT } };
	int64_t left = deadline - clock_monotonic_ms();
	int rc;

	push(c);
	if (c->out.len > 0)
		p[1].fd = c->to;
	rc = left <= 0 ? 0 : poll(p, 2, (int)left);
	if (rc == 0)
		return error_set(e, EX_TEMPFAIL, "the helper did not answer "
		    "in time");
	return rc > 0 && p[0].revents != 0 ? read_more(c, e) : 0;
}

/* The line that comes next, or NULL while it is not whole. */
static char *
next_line(struct coprocess *c, size_t *len)
{
	char *line, *nl;

	*len = c->in.len - c->taken;
	if (*len == 0)
		return NULL;
	line = c->in.data + c->taken;
	nl = memchr(line, '\n', *len);
	if (nl == NULL)
		return NULL;
	*nl = '\0';
	*len = (size_t)(nl - line);
	c->taken += *len + 1;
	return line;
}

int
coprocess_answer(struct coprocess *c, int timeout_ms, const char **answer,
    struct error *e)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms;
	char *line;
	size_t len;

	while ((line = next_line(c, &len)) == NULL &&
	    len <= COPROCESS_LINE_MAX)
		if (exchange(c, deadline, e) == -1)
			return -1;
	if (len > COPROCESS_LINE_MAX)
		return error_set(e, EX_TEMPFAIL, "the helper's answer is too "
		    "long");
	if (strlen(line) != len)
		return error_set(e, EX_TEMPFAIL, "the helper's answer holds a "
		    "NUL");
	c->owed--;
	/* A line that no question asked for would be taken for the next. */
	if (c->owed == 0 && c->taken != c->in.len)
		return error_set(e, EX_TEMPFAIL, "the helper sent more than "
		    "one line for a question");
	*answer = line;
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
