#include "hold.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

struct held {
	struct held *next;
	struct MHD_Connection *connection;
	int fd;
	int64_t until;
	uint64_t ticket;
};

static void
wake_up(struct hold *h)
{
	uint64_t one = 1;

	if (write(h->wake, &one, sizeof(one)) == -1 && errno != EAGAIN)
		die(EX_OSERR, "eventfd: %s", strerror(errno));
}

static struct held *
held_new(struct MHD_Connection *c, int64_t until, uint64_t ticket)
{
	const union MHD_ConnectionInfo *info;
	struct held *one;

	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	one = malloc(sizeof(*one));
	if (one == NULL)
		die(EX_OSERR, "out of memory");
	*one = (struct held){ .connection = c, .until = until,
	    .ticket = ticket, .fd = info->connect_fd };
	return one;
}

bool
hold_add(struct hold *h, struct MHD_Connection *c, int64_t until,
    uint64_t ticket)
{
	struct held *one;

	pthread_mutex_lock(&h->lock);
	if (h->stopping) {
		pthread_mutex_unlock(&h->lock);
		return false;
	}
	MHD_suspend_connection(c);
	one = held_new(c, until, ticket);
	one->next = h->list;
	h->list = one;
	h->count++;
	pthread_mutex_unlock(&h->lock);
	wake_up(h);
	return true;
}

void
hold_let_go(struct hold *h, uint64_t ticket)
{
	pthread_mutex_lock(&h->lock);
	for (struct held *one = h->list; one != NULL; one = one->next)
		if (one->ticket == ticket)
			one->until = 0;
	pthread_mutex_unlock(&h->lock);
	wake_up(h);
}

/* Room for all that are held, and the eventfd. */
static void
make_room(struct hold *h)
{
	size_t size = h->size == 0 ? 64 : h->size;

	while (size < h->count + 1)
		size *= 2;
	if (size == h->size)
		return;
	h->fds = reallocarray(h->fds, size, sizeof(*h->fds));
	if (h->fds == NULL)
		die(EX_OSERR, "out of memory");
	h->size = size;
}

/* Fills fds in the order of the list; returns poll(2)'s time to wait. */
static int
prepare(struct hold *h)
{
	int64_t now = clock_monotonic_ms(), until = HOLD_FOREVER;
	size_t n = 0;

	make_room(h);
	h->fds[n++] = (struct pollfd){ .fd = h->wake, .events = POLLIN };
	for (struct held *one = h->list; one != NULL; one = one->next) {
		h->fds[n++] = (struct pollfd){ .fd = one->fd,
		    .events = POLLRDHUP };
		if (one->until < until)
			until = one->until;
	}
	if (until == HOLD_FOREVER)
		return -1;
	if (until <= now)
		return 0;
	return until - now > 60000 ? 60000 : (int)(until - now);
}

/*
 * Takes out whose time has come or whose client has gone.  The `n` that were
 * polled stand at the end of the list, since new ones come in at its head.
 */
static struct held *
take_due(struct hold *h, size_t n)
{
	int64_t now = clock_monotonic_ms();
	struct held **place = &h->list, *one, *due = NULL;
	size_t fresh = h->count - n, i = 0;
	bool gone;

	while ((one = *place) != NULL) {
		gone = i >= fresh && (h->fds[1 + i - fresh].revents &
		    (POLLRDHUP | POLLHUP | POLLERR)) != 0;
		i++;
		if (!gone && one->until > now && !h->stopping) {
			place = &one->next;
			continue;
		}
		*place = one->next;
		one->next = due;
		due = one;
		h->count--;
	}
	return due;
}

static void
resume(struct held *due)
{
	struct held *next;

	for (; due != NULL; due = next) {
		next = due->next;
		MHD_resume_connection(due->connection);
		free(due);
	}
}

static void *
watch(void *ctx)
{
	struct hold *h = ctx;
	struct held *due;
	uint64_t sum;
	size_t n;
	int wait;
	bool stop;

	do {
		pthread_mutex_lock(&h->lock);
		wait = prepare(h);
		n = h->count;
		pthread_mutex_unlock(&h->lock);
		if (poll(h->fds, (nfds_t)n + 1, wait) == -1 && errno != EINTR)
			die(EX_OSERR, "poll: %s", strerror(errno));
		if (read(h->wake, &sum, sizeof(sum)) == -1 && errno != EAGAIN)
			die(EX_OSERR, "eventfd: %s", strerror(errno));
		pthread_mutex_lock(&h->lock);
		due = take_due(h, n);
		stop = h->stopping;
		pthread_mutex_unlock(&h->lock);
		resume(due);
	} while (!stop);
	return NULL;
}

void
hold_start(struct hold *h)
{
	*h = (struct hold){ .list = NULL };
	h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->wake == -1)
		die(EX_OSERR, "eventfd: %s", strerror(errno));
	pthread_mutex_init(&h->lock, NULL);
	if (pthread_create(&h->thread, NULL, watch, h) != 0)
		die(EX_OSERR, "no thread could be started");
}

void
hold_stop(struct hold *h)
{
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	pthread_mutex_unlock(&h->lock);
	wake_up(h);
	pthread_join(h->thread, NULL);
}

void
hold_release(struct hold *h)
{
	close(h->wake);
	free(h->fds);
	pthread_mutex_destroy(&h->lock);
}
