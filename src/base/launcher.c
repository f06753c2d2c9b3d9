#include "launcher.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* What it is asked, a byte each, and what it says to that. */
enum { RUN = 'r', ENDED = 'e', STOP = 's' };

struct reply {
	bool good;
	int status;
	struct error why;
};

#define ENDS	2	/* of a helper: where to write, where to read */

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(ENDS * sizeof(int))];
};

/* The launcher's side */

static void
send_reply(const struct reply *r, const int ends[ENDS])
{
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct reply copy = *r;
	union control control;
	struct cmsghdr *c;
	ssize_t n;

	iov = (struct iovec){ .iov_base = &copy, .iov_len = sizeof(copy) };
	if (ends != NULL) {
		memset(&control, 0, sizeof(control));
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(ENDS * sizeof(int));
		memcpy(CMSG_DATA(c), ends, ENDS * sizeof(int));
	}
	do
		n = sendmsg(STDIN_FILENO, &m, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	/* Who waits for it sees that nobody is there; so does the helper. */
	if (n == -1)
		_exit(EX_OSERR);
}

static void
run(struct coprocess *helper, bool *running, const char *const argv[])
{
	struct reply r = { .good = false };
	int ends[ENDS];

	if (*running)
		coprocess_stop(helper);
	*running = coprocess_start(helper, argv, &r.why) == 0;
	r.good = *running;
	ends[0] = helper->to;
	ends[1] = helper->from;
	send_reply(&r, r.good ? ends : NULL);
	/* The other side has them now: that it closes them must show. */
	if (*running)
		coprocess_forget_ends(helper);
}

static _Noreturn void
serve(const char *const argv[])
{
	struct coprocess helper;
	struct reply r;
	bool running = false;
	char what;
	ssize_t n;

	while ((n = recv(STDIN_FILENO, &what, 1, 0)) == 1 ||
	    (n == -1 && errno == EINTR)) {
		memset(&r, 0, sizeof(r));
		if (n == -1)
			continue;
		if (what == RUN) {
			run(&helper, &running, argv);
			continue;
		}
		r.good = running;
		if (running && what == STOP)
			coprocess_stop(&helper);
		else if (running)
			r.good = coprocess_ended(&helper, &r.status);
		running = running && what == ENDED && !r.good;
		send_reply(&r, NULL);
	}
	if (running)
		coprocess_stop(&helper);
	_exit(EX_OK);
}

void
launcher_start(struct launcher *l, const char *const argv[])
{
	int pair[2];

	*l = (struct launcher){ .fd = -1, .pid = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ==
	    -1) {
		error_errno(&l->why, "a socket to start %.200s", argv[0]);
		return;
	}
	l->pid = fork();
	if (l->pid == -1)
		error_errno(&l->why, "a process to start %.200s", argv[0]);
	if (l->pid == 0) {
		/*
		 * Neither input nor output is its own: who reads the output
		 * must see its end, whatever becomes of this process.
		 */
		if (dup2(pair[1], STDIN_FILENO) == -1 ||
		    dup2(pair[1], STDOUT_FILENO) == -1 ||
		    close_range(STDERR_FILENO + 1, ~0U, 0) == -1)
			_exit(EX_OSERR);
		serve(argv);
	}
	close(pair[1]);
	if (l->pid == -1)
		close(pair[0]);
	else
		l->fd = pair[0];
}

void
launcher_close(struct launcher *l)
{
	if (l->fd == -1)
		return;
	close(l->fd);
	l->fd = -1;
	/* Nobody else might: not every process 1 takes care of orphans. */
	while (waitpid(l->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}

/* The side of who asks */

/* The descriptors that came with a reply; false: none. */
static bool
take_ends(struct msghdr *m, int ends[ENDS])
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c == NULL || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(ENDS * sizeof(int)))
		return false;
	memcpy(ends, CMSG_DATA(c), ENDS * sizeof(int));
	return true;
}

static int
ask(struct launcher *l, char what, struct reply *r, int ends[ENDS])
{
	struct iovec iov = { .iov_base = r, .iov_len = sizeof(*r) };
	union control control;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.room, .msg_controllen =
	    sizeof(control.room) };
	ssize_t n;

	if (l->fd == -1) {
		r->why = l->why;
		return -1;
	}
	do
		n = send(l->fd, &what, 1, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n == 1)
		do
			n = recvmsg(l->fd, &m, MSG_CMSG_CLOEXEC);
		while (n == -1 && errno == EINTR);
	if (n != sizeof(*r))
		return error_set(&r->why, EX_TEMPFAIL, "the process that "
		    "starts helpers is gone");
	if (!r->good)
		return -1;
	if (what == RUN && !take_ends(&m, ends))
		return error_set(&r->why, EX_OSERR, "no descriptors of a "
		    "helper came: too many are open");
	return 0;
}

int
launcher_run(struct launcher *l, int *to, int *from, struct error *e)
{
	struct reply r;
	int ends[ENDS];

	if (ask(l, RUN, &r, ends) == -1) {
		*e = r.why;
		return -1;
	}
	*to = ends[0];
	*from = ends[1];
	return 0;
}

bool
launcher_ended(struct launcher *l, int *status)
{
	struct reply r;

	if (ask(l, ENDED, &r, NULL) == -1)
		return false;
	*status = r.status;
	return true;
}

void
launcher_stop(struct launcher *l)
{
	struct reply r;

	ask(l, STOP, &r, NULL);
}
