/*
 * One provider's wire.  Networks have threads of their own, so that they go on
 * while the ledger is synced; what is on this machine is done at once.
 *
 * HTTP has one thread for all its connections, SMTP one for each: libcurl (as
 * of 7.88) does nothing else while it waits for the reply to a mail's final
 * dot, which is where a server takes its time.
 */
#include "wire_impl.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"

/*
 * Mails that are intended while all connections are busy, so that none of them
 * waits for a commit.  They are in doubt, too, after a crash: few are enough.
 */
#define AHEAD		8
/*
 * What waited for so long goes back: by now it may be night where its reader
 * is, or they may have opted out.
 */
#define STALE_MS	30000
#define LOOK_MS		1000	/* at most, after a stop was asked for */

struct list {
	struct transfer *first, **last;
};

struct worker {
	struct wire *wire;
	struct lines *lines;
	pthread_t thread;
	bool hungry;		/* has a connection free; under the lock */
};

struct wire {
	struct local *local;
	struct worker *workers;
	size_t count, room;
	bool (*stopping)(void);
	/* Shared with the threads, under the lock: */
	pthread_mutex_t lock;
	pthread_cond_t came_back;
	struct list todo, done;
	size_t away;		/* on the wire, or waiting for a connection */
	bool closing;
};

static void
list_put(struct list *l, struct transfer *t)
{
	t->next = NULL;
	*l->last = t;
	l->last = &t->next;
}

static struct transfer *
list_take(struct list *l)
{
	struct transfer *t = l->first;

	if (t == NULL)
		return NULL;
	l->first = t->next;
	if (l->first == NULL)
		l->last = &l->first;
	return t;
}

static void
come_back(struct wire *w, struct transfer *t)
{
	pthread_mutex_lock(&w->lock);
	list_put(&w->done, t);
	pthread_cond_signal(&w->came_back);
	pthread_mutex_unlock(&w->lock);
}

/* What has no connection yet was never sent. */
static void
give_up(struct wire *w, struct transfer *t, const char *why)
{
	t->response.failed = t->response.untried = true;
	snprintf(t->response.text, sizeof(t->response.text), "%s", why);
	come_back(w, t);
}

/* Fills the free connections; false: the wire is closed, and nothing left. */
static bool
fill(struct worker *k)
{
	struct wire *w = k->wire;
	bool stop = w->stopping(), open;
	struct transfer *t;

	do {
		pthread_mutex_lock(&w->lock);
		open = !w->closing;
		k->hungry = lines_idle(k->lines) > 0;
		t = stop || k->hungry ? list_take(&w->todo) : NULL;
		pthread_mutex_unlock(&w->lock);
		if (t != NULL && stop)
			give_up(w, t, "stopped before it was sent");
		else if (t != NULL && clock_monotonic_ms() - t->since >
		    STALE_MS)
			give_up(w, t, "waited for a connection for too long");
		else if (t != NULL)
			lines_start(k->lines, t);
	} while (t != NULL);
	return open;
}

static void *
work(void *ctx)
{
	struct worker *k = ctx;
	struct transfer *t;

	while (fill(k)) {
		t = lines_wait(k->lines, LOOK_MS);
		for (; t != NULL; t = lines_wait(k->lines, 0))
			come_back(k->wire, t);
	}
	return NULL;
}

/* Signals are for the thread that the program began with. */
static void
start_threads(struct wire *w)
{
	pthread_condattr_t attr;
	sigset_t all, before;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->came_back, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (size_t i = 0; i < w->count; i++)
		if (pthread_create(&w->workers[i].thread, NULL, work,
		    &w->workers[i]) != 0)
			die(EX_OSERR, "no thread can be started");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
close_lines(struct wire *w)
{
	for (size_t i = 0; i < w->count; i++)
		lines_close(w->workers[i].lines);
	free(w->workers);
}

static int
open_lines(struct wire *w, struct config *c, const char *provider,
    const struct provider *p, size_t connections, struct error *e)
{
	bool smtp = p->transport == TRANSPORT_SMTP;
	size_t workers = smtp ? connections : 1;
	struct worker *k;

	w->room = smtp ? connections + AHEAD : connections;
	w->workers = calloc(workers, sizeof(*w->workers));
	if (w->workers == NULL)
		die(EX_OSERR, "out of memory");
	for (; w->count < workers; w->count++) {
		k = &w->workers[w->count];
		k->wire = w;
		k->lines = lines_open(c, provider, p, connections / workers,
		    w->stopping, e);
		if (k->lines == NULL) {
			close_lines(w);
			return -1;
		}
	}
	start_threads(w);
	return 0;
}

struct wire *
wire_open(struct config *c, const char *provider, const struct provider *p,
    size_t connections, bool (*stopping)(void), struct error *e)
{
	struct wire *w = calloc(1, sizeof(*w));
	int rc = 0;

	if (w == NULL)
		die(EX_OSERR, "out of memory");
	w->stopping = stopping;
	w->todo.last = &w->todo.first;
	w->done.last = &w->done.first;
	w->room = 1;
	if (p->transport == TRANSPORT_SMTP || p->transport == TRANSPORT_HTTP)
		rc = open_lines(w, c, provider, p, connections, e);
	else
		w->local = local_open(c, provider, p->transport, e);
	if (rc == 0 && (w->count > 0 || w->local != NULL))
		return w;
	free(w);
	return NULL;
}

/* Nothing is on its way any more. */
static void
end_threads(struct wire *w)
{
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < w->count; i++)
		lines_wake(w->workers[i].lines);
	for (size_t i = 0; i < w->count; i++)
		pthread_join(w->workers[i].thread, NULL);
	pthread_cond_destroy(&w->came_back);
	pthread_mutex_destroy(&w->lock);
}

void
wire_close(struct wire *w)
{
	if (w == NULL)
		return;
	if (w->local == NULL)
		end_threads(w);
	local_close(w->local);
	close_lines(w);
	free(w);
}

const struct credentials *
wire_credentials(const struct wire *w)
{
	return w->count == 0 ? NULL :
	    lines_credentials(w->workers[0].lines);
}

size_t
wire_room(const struct wire *w)
{
	return w->room;
}

void
wire_start(struct wire *w, struct transfer *t)
{
	size_t i = 0;

	t->response = (struct response){ .retry_after = -1,
	    .body = BUF_INIT(RESPONSE_MAX) };
	if (w->local != NULL) {
		local_send(w->local, &t->request, &t->response);
		list_put(&w->done, t);
		return;
	}
	t->since = clock_monotonic_ms();
	pthread_mutex_lock(&w->lock);
	list_put(&w->todo, t);
	w->away++;
	while (i < w->count && !w->workers[i].hungry)
		i++;
	if (i < w->count)
		w->workers[i].hungry = false;
	pthread_mutex_unlock(&w->lock);
	if (i < w->count)
		lines_wake(w->workers[i].lines);
}

static struct timespec
monotonic_in(int64_t ms)
{
	int64_t at = clock_monotonic_ms() + ms;

	return (struct timespec){ .tv_sec = at / 1000,
	    .tv_nsec = at % 1000 * 1000000 };
}

struct transfer *
wire_wait(struct wire *w, int64_t ms)
{
	struct timespec end = monotonic_in(ms);
	struct transfer *t;
	int rc = 0;

	if (w->local != NULL)
		return list_take(&w->done);
	pthread_mutex_lock(&w->lock);
	while (w->done.first == NULL && w->away > 0 && ms > 0 && rc == 0)
		rc = pthread_cond_timedwait(&w->came_back, &w->lock, &end);
	t = list_take(&w->done);
	if (t != NULL)
		w->away--;
	pthread_mutex_unlock(&w->lock);
	return t;
}

int
wire_was_sent(struct wire *w, const char *name)
{
	return w->local == NULL ? -1 : local_was_sent(w->local, name);
}
