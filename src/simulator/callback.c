#include "callback.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

#define AT_ONCE		128	/* requests under way */
#define RETRY_MS	200	/* doubled each time */
#define TIMEOUT_MS	15000L
#define BATCH_MS	100	/* what is due so soon goes along */
#define BATCH_MAX	50
#define LATE		10	/* times the delay */
#define KEYS_MAX	20	/* times that one call asks for */
#define ANSWER_MAX	(64 * 1024)	/* that Twilio reads of TwiML */

struct callbacks {
	struct simulator *sim;
	pthread_t thread;
	pthread_mutex_t lock;
	CURLM *multi;
	struct step **heap;	/* by `due`, then `number` */
	size_t count, size;
	size_t active;
	uint64_t planned;
	uintmax_t told, failed, given_up;
	int dir;		/* or -1: over HTTP */
	time_t started;		/* so that a later run goes on after us */
	uintmax_t written;
	bool stopping;
};

/*
 * What waits, the earliest first
 */

static bool
is_before(const struct step *a, const struct step *b)
{
	return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static void
swap(struct step **a, struct step **b)
{
	struct step *t = *a;

	*a = *b;
	*b = t;
}

static void
push(struct callbacks *c, struct step *e)
{
	size_t i = c->count++;

	if (c->count > c->size) {
		c->size = c->size == 0 ? 256 : 2 * c->size;
		c->heap = reallocarray(c->heap, c->size, sizeof(*c->heap));
		if (c->heap == NULL)
			die(EX_OSERR, "out of memory");
	}
	c->heap[i] = e;
	for (; i > 0 && is_before(c->heap[i], c->heap[(i - 1) / 2]);
	    i = (i - 1) / 2)
		swap(&c->heap[i], &c->heap[(i - 1) / 2]);
}

static struct step *
pop(struct callbacks *c)
{
	struct step *e = c->heap[0];
	size_t i = 0, child;

	c->heap[0] = c->heap[--c->count];
	while ((child = 2 * i + 1) < c->count) {
		if (child + 1 < c->count &&
		    is_before(c->heap[child + 1], c->heap[child]))
			child++;
		if (!is_before(c->heap[child], c->heap[i]))
			break;
		swap(&c->heap[i], &c->heap[child]);
		i = child;
	}
	return e;
}

static void
free_step(struct step *e)
{
	if (e == NULL)
		return;
	free_step(e->batch);
	hook_release(&e->hook);
	buf_release(&e->answer);
	free(e->action);
	free(e);
}

/*
 * The plan
 */

static void
move(struct callbacks *c, struct message *m, const char *status, int error)
{
	pthread_mutex_lock(&c->sim->store.lock);
	m->status = status;
	if (m->sent == 0 && strcmp(status, "queued") != 0)
		m->sent = clock_now();
	if (error != 0)
		m->error = error;
	pthread_mutex_unlock(&c->sim->store.lock);
}

static struct step *
step_new(struct callbacks *c, struct message *m, const char *status)
{
	struct step *e;

	e = calloc(1, sizeof(*e));
	if (e == NULL)
		die(EX_OSERR, "out of memory");
	e->message = m;
	e->status = status;
	e->number = ++c->planned;
	e->answer = (struct buf)BUF_INIT(ANSWER_MAX);
	return e;
}

/* When the nth step is due: one after the other, or in any order. */
static int64_t
due_at(const struct callbacks *c, const struct message *m, size_t n)
{
	const struct settings *set = &c->sim->set;
	int64_t delay = set->callback_delay_ms * (set->late ? LATE : 1);
	uint64_t place;

	if (set->early)
		return 0;
	if (!set->shuffled)
		return clock_monotonic_ms() + delay * (int64_t)(n + 1);
	place = hash_text(n, m->id) % STEPS_MAX;
	return clock_monotonic_ms() + delay * (int64_t)(place + 1) +
	    (int64_t)n;
}

static void
put_step(struct callbacks *c, struct step *e, struct step **before)
{
	if (*before == NULL || c->sim->set.shuffled)
		push(c, e);
	else
		(*before)->then = e;
	*before = e;
}

/* Where the call asks for a key: what is pressed, or that nothing is. */
static struct step *
key_step(struct callbacks *c, struct message *m, const char *twiml, int keys)
{
	char *action = call_gather(twiml, call_key(m, keys) != '\0');
	struct step *e;

	if (action == NULL)
		return NULL;
	e = step_new(c, m, "in-progress");
	e->action = action;
	e->keys = keys;
	return e;
}

static void
make_steps(struct callbacks *c, struct message *m, const struct plan *p,
    uint64_t ticket)
{
	struct step *before = NULL, *e;

	for (size_t n = 0; n < p->count; n++) {
		e = step_new(c, m, p->status[n]);
		e->due = due_at(c, m, n);
		e->sequence = (int)n;
		if (n + 1 == p->count) {
			e->error = p->error;
			e->ticket = ticket;
		}
		put_step(c, e, &before);
		if (strcmp(p->status[n], "in-progress") != 0)
			continue;
		e = key_step(c, m, m->body, 0);
		if (e != NULL) {
			e->due = due_at(c, m, n);
			put_step(c, e, &before);
		}
	}
}

void
callbacks_plan(struct callbacks *c, struct message *m, uint64_t ticket)
{
	struct plan p = plan_of(m);

	if (p.count > 0 && c->sim->set.callbacks) {
		pthread_mutex_lock(&c->lock);
		make_steps(c, m, &p, ticket);
		pthread_mutex_unlock(&c->lock);
		curl_multi_wakeup(c->multi);
		return;
	}
	if (p.count > 0)
		move(c, m, p.status[p.count - 1], p.error);
	if (ticket != 0)
		hold_let_go(&c->sim->hold, ticket);
}

/*
 * A step is over
 */

static void
over(struct callbacks *c, struct step *e)
{
	struct step *batch = e->batch;

	if (e->then != NULL) {
		if (e->then->due < clock_monotonic_ms())
			e->then->due = clock_monotonic_ms();
		push(c, e->then);
	}
	if (e->ticket != 0)
		hold_let_go(&c->sim->hold, e->ticket);
	e->batch = NULL;
	free_step(e);
	if (batch != NULL)
		over(c, batch);
}

/* The TwiML that came back may ask for another key. */
static void
go_on(struct callbacks *c, struct step *e)
{
	struct step *next;

	if (e->action == NULL || e->repeated)
		return;
	next = key_step(c, e->message, buf_text(&e->answer), e->keys + 1);
	if (next == NULL || e->keys >= KEYS_MAX) {
		free_step(next);
		return;
	}
	next->due = clock_monotonic_ms() + c->sim->set.callback_delay_ms;
	next->then = e->then;
	e->then = next;
}

/* Told, once; perhaps it is to be told again. */
static void
told(struct callbacks *c, struct step *e)
{
	c->told++;
	go_on(c, e);
	if (c->sim->set.twice && !e->repeated) {
		e->repeated = true;
		e->tried = 0;
		e->due = clock_monotonic_ms();
		push(c, e);
	} else
		over(c, e);
}

static void
failed(struct callbacks *c, struct step *e, bool again)
{
	c->failed++;
	if (again && e->tried < e->hook.tries) {
		e->due = clock_monotonic_ms() +
		    ((int64_t)RETRY_MS << (e->tried - 1));
		push(c, e);
		return;
	}
	c->given_up++;
	over(c, e);
}

/*
 * Telling
 */

/* Whole or not at all for who looks on, but not synced. */
static void
write_file(struct callbacks *c, const char *name, const struct buf *raw)
{
	const char *dir = c->sim->set.callback_dir;
	char tmp[80];
	int fd;

	snprintf(tmp, sizeof(tmp), ".%s", name);
	fd = openat(c->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0666);
	if (fd == -1 || io_write_all(fd, raw->data, raw->len) == -1 ||
	    close(fd) == -1 || renameat(c->dir, tmp, c->dir, name) == -1)
		die(EX_IOERR, "%s/%s: %s", dir, name, strerror(errno));
}

static void
tell_file(struct callbacks *c, struct step *e)
{
	struct buf raw = BUF_INIT(BODY_MAX);
	char name[64];

	hook_write(&e->hook, &raw);
	snprintf(name, sizeof(name), "%jd-%08ju-%s.request",
	    (intmax_t)c->started, ++c->written,
	    scope_name(e->message->provider));
	write_file(c, name, &raw);
	buf_release(&raw);
	told(c, e);
}

static size_t
keep_answer(char *data, size_t size, size_t count, void *ctx)
{
	struct step *e = ctx;

	if (e->action != NULL)
		buf_add(&e->answer, data, size * count);
	return size * count;
}

static void
set_options(CURL *h, struct step *e, const char *url)
{
	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, e->hook.body.data);
	curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, (long)e->hook.body.len);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, e->headers);
	curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, keep_answer);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, e);
	curl_easy_setopt(h, CURLOPT_PRIVATE, e);
}

static void
add_headers(struct step *e)
{
	char type[96];

	snprintf(type, sizeof(type), "Content-Type: %s", e->hook.type);
	e->headers = curl_slist_append(NULL, type);
	e->headers = curl_slist_append(e->headers, e->hook.header);
	e->headers = curl_slist_append(e->headers, "Expect:");
	if (e->hook.host[0] != '\0')
		e->headers = curl_slist_append(e->headers, e->hook.host);
}

/* A rehearsal says nothing to the world: only loopback is asked. */
static void
tell_http(struct callbacks *c, struct step *e)
{
	struct buf url = BUF_INIT(BODY_MAX);
	CURL *h;

	if (!hook_target(&e->hook, c->sim->set.callback_to, &url)) {
		buf_release(&url);
		failed(c, e, false);
		return;
	}
	h = curl_easy_init();
	if (h == NULL)
		die(EX_OSERR, "out of memory");
	add_headers(e);
	set_options(h, e, buf_text(&url));
	buf_release(&url);
	buf_clear(&e->answer);
	e->tried++;
	c->active++;
	curl_multi_add_handle(c->multi, h);
}

/* Puts others that are due along with the first. */
static void
gather(struct callbacks *c, struct step *e)
{
	int64_t until = clock_monotonic_ms() + BATCH_MS;
	struct step *tail = e;

	for (int n = 1; n < BATCH_MAX && c->count > 0 &&
	    c->heap[0]->due <= until; n++) {
		if (c->heap[0]->message->provider != SCOPE_WHATSAPP ||
		    c->heap[0]->hook.type != NULL || c->heap[0]->error != 0)
			return;
		tail->batch = pop(c);
		tail = tail->batch;
		move(c, tail->message, tail->status, tail->error);
	}
}

static void
begin(struct callbacks *c, struct step *e)
{
	if (e->hook.type == NULL) {	/* else it is told once more */
		if (e->action == NULL)
			move(c, e->message, e->status, e->error);
		if (c->sim->set.batched && e->error == 0 &&
		    e->message->provider == SCOPE_WHATSAPP)
			gather(c, e);
		if (!hook_build(c->sim, e)) {
			over(c, e);
			return;
		}
	}
	if (c->dir != -1)
		tell_file(c, e);
	else
		tell_http(c, e);
}

static void
finished(struct callbacks *c, CURL *h, CURLcode result)
{
	struct step *e = NULL;
	long status = 0;

	curl_easy_getinfo(h, CURLINFO_PRIVATE, &e);
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(c->multi, h);
	curl_easy_cleanup(h);
	curl_slist_free_all(e->headers);
	c->active--;
	if (result == CURLE_OK && status >= 200 && status < 300)
		told(c, e);
	else
		failed(c, e, e->hook.any_failure ||
		    result == CURLE_COULDNT_CONNECT ||
		    result == CURLE_COULDNT_RESOLVE_HOST ||
		    result == CURLE_SSL_CONNECT_ERROR);
}

static void
collect(struct callbacks *c)
{
	CURLMsg *m;
	int left;

	curl_multi_perform(c->multi, &left);
	while ((m = curl_multi_info_read(c->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			finished(c, m->easy_handle, m->data.result);
}

/* Takes what is due; returns the milliseconds until the next. */
static int
take_due(struct callbacks *c)
{
	int64_t now = clock_monotonic_ms(), wait;

	while (c->count > 0 && c->active < AT_ONCE && c->heap[0]->due <= now)
		begin(c, pop(c));
	if (c->count == 0 || c->active >= AT_ONCE)
		return 1000;
	wait = c->heap[0]->due - clock_monotonic_ms();
	return wait < 0 ? 0 : wait > 1000 ? 1000 : (int)wait;
}

static void *
run(void *ctx)
{
	struct callbacks *c = ctx;
	bool stop;
	int wait;

	do {
		pthread_mutex_lock(&c->lock);
		collect(c);
		wait = take_due(c);
		stop = c->stopping;
		pthread_mutex_unlock(&c->lock);
		if (!stop)
			curl_multi_poll(c->multi, NULL, 0, wait, NULL);
	} while (!stop);
	return NULL;
}

struct callbacks *
callbacks_start(struct simulator *s)
{
	struct callbacks *c;
	struct error e;

	c = calloc(1, sizeof(*c));
	if (c == NULL || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK ||
	    (c->multi = curl_multi_init()) == NULL)
		die(EX_OSERR, "out of memory");
	c->sim = s;
	c->dir = -1;
	c->started = time(NULL);
	if (s->set.callback_dir != NULL) {
		c->dir = io_open_dir(s->set.callback_dir, 0777, &e);
		if (c->dir == -1)
			die(e.status, "%s", e.text);
	}
	pthread_mutex_init(&c->lock, NULL);
	if (pthread_create(&c->thread, NULL, run, c) != 0)
		die(EX_OSERR, "no thread could be started");
	return c;
}

static void
forget(struct callbacks *c)
{
	struct step *e, *then;

	while (c->count > 0)
		for (e = pop(c); e != NULL; e = then) {
			then = e->then;
			if (e->ticket != 0)
				hold_let_go(&c->sim->hold, e->ticket);
			free_step(e);
		}
}

void
callbacks_reset(struct callbacks *c)
{
	pthread_mutex_lock(&c->lock);
	forget(c);
	c->told = c->failed = c->given_up = 0;
	pthread_mutex_unlock(&c->lock);
}

void
callbacks_show(struct callbacks *c, struct buf *out)
{
	pthread_mutex_lock(&c->lock);
	emit_open(out, "callbacks", '{');
	emit_integer(out, "told", (int64_t)c->told);
	emit_integer(out, "failed", (int64_t)c->failed);
	emit_integer(out, "given_up", (int64_t)c->given_up);
	emit_integer(out, "waiting", (int64_t)(c->count + c->active));
	emit_close(out, '}');
	pthread_mutex_unlock(&c->lock);
}

/* Ends the requests that are under way. */
static void
abandon(struct callbacks *c)
{
	for (int tries = 0; c->active > 0 && tries < 100; tries++) {
		collect(c);
		forget(c);
		if (c->active > 0)
			curl_multi_poll(c->multi, NULL, 0, 20, NULL);
	}
}

void
callbacks_stop(struct callbacks *c)
{
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_mutex_unlock(&c->lock);
	curl_multi_wakeup(c->multi);
	pthread_join(c->thread, NULL);
	forget(c);
	abandon(c);
	curl_multi_cleanup(c->multi);
	curl_global_cleanup();
	pthread_mutex_destroy(&c->lock);
	if (c->dir != -1)
		close(c->dir);
	free(c->heap);
	free(c);
}
