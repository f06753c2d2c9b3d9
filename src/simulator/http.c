/*
 * Requests over HTTP: libmicrohttpd's threads collect one, it is checked and
 * acted upon, a fault may change the answer, and a line tells what happened.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "callback.h"
#include "emit.h"
#include "simulator.h"
#include "twilio.h"

#define CONNECTIONS_MAX	8192
#define FORM_MAX	(256 * 1024)	/* bytes */
#define REQUEST_MEMORY	(16 * 1024 * 1024)	/* for a form and the like */
#define HUGE_SIZE	(10 * 1024 * 1024)
#define EARLY_MOST_MS	10000	/* that an answer waits for callbacks */
#define LOG_MAX		(4 * 1024 * 1024)

/*
 * A request begins and ends
 */

static void *
exchange_new(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *x;

	x = calloc(1, sizeof(*x));
	if (x == NULL || (x->target = strdup(uri)) == NULL)
		die(EX_OSERR, "out of memory");
	x->sim = cls;
	x->connection = connection;
	x->mem = (struct arena)ARENA_INIT(REQUEST_MEMORY);
	x->body = (struct buf)BUF_INIT(BODY_MAX);
	x->answer = (struct buf)BUF_INIT(BODY_MAX);
	x->mail = (struct buf)BUF_INIT(BODY_MAX);
	x->type = "application/json";
	return x;
}

static void
exchange_end(void *cls, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *state;

	(void)cls;
	(void)connection;
	(void)why;
	if (x == NULL)
		return;
	value_free(x->json);
	buf_release(&x->body);
	buf_release(&x->answer);
	buf_release(&x->mail);
	arena_release(&x->mem);
	free(x->target);
	free(x);
	*state = NULL;
}

/*
 * The line in requests.ndjson
 */

static enum MHD_Result
log_header(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	(void)kind;
	if (strcasecmp(name, "Authorization") != 0 &&
	    strcasecmp(name, "x-api-key") != 0 &&
	    strcasecmp(name, "X-Amz-Security-Token") != 0)
		emit_string(cls, name, value);
	return MHD_YES;
}

static bool
named_before(const struct form *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(f->pairs[i].name, f->pairs[n].name) == 0)
			return true;
	return false;
}

/* A name that is there several times gets an array. */
static void
log_form(struct buf *b, const char *key, const struct form *f)
{
	const char *name;

	emit_open(b, key, '{');
	for (size_t i = 0; i < f->count; i++) {
		name = f->pairs[i].name;
		if (named_before(f, i))
			continue;
		if (form_count(f, name) == 1) {
			emit_string(b, name, f->pairs[i].value);
			continue;
		}
		emit_open(b, name, '[');
		for (size_t n = i; n < f->count; n++)
			if (strcmp(f->pairs[n].name, name) == 0)
				emit_string(b, NULL, f->pairs[n].value);
		emit_close(b, ']');
	}
	emit_close(b, '}');
}

static void
log_body(const struct exchange *x, struct buf *b)
{
	struct buf json = BUF_INIT(LOG_MAX / 2);

	if (x->form.count > 0)
		log_form(b, "form", &x->form);
	else if (x->json != NULL) {
		value_write(x->json, &json);
		if (!json.full)
			emit_raw(b, "json", buf_text(&json));
	} else if (x->body.len > 0) {
		buf_add(&json, x->body.data, x->body.len < KEPT_MAX ?
		    x->body.len : KEPT_MAX);
		/* What is no text is kept as base64url by its provider. */
		emit_string(b, "body", x->route != NULL && x->route->scope ==
		    SCOPE_PUSH ? x->text : buf_text(&json));
	}
	buf_release(&json);
}

static void
log_unknown(const struct exchange *x, struct buf *b)
{
	if (x->unknown_count == 0)
		return;
	emit_open(b, "unknown", '[');
	for (size_t i = 0; i < x->unknown_count; i++)
		emit_string(b, NULL, x->unknown[i]);
	emit_close(b, ']');
}

static void
log_request(struct exchange *x)
{
	struct simulator *s = x->sim;
	struct buf b = BUF_INIT(LOG_MAX);
	char now[CLOCK_TEXT];

	emit_open(&b, NULL, '{');
	emit_string(&b, "time", clock_format(clock_now(), now));
	emit_integer(&b, "ms", clock_monotonic_ms() - s->start_ms);
	emit_string(&b, "provider", x->route == NULL ? NULL :
	    scope_name(x->route->scope));
	emit_string(&b, "method", x->method);
	emit_string(&b, "path", x->path);
	log_form(&b, "query", &x->query);
	emit_open(&b, "headers", '{');
	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, log_header,
	    &b);
	emit_close(&b, '}');
	emit_bool(&b, "authorized", x->authorized);
	log_body(x, &b);
	log_unknown(x, &b);
	emit_string(&b, "fault", x->draw.fault == FAULT_NONE ? NULL :
	    fault_name(x->draw.fault));
	emit_integer(&b, "delay", x->draw.delay_ms);
	emit_integer(&b, "status", x->status);
	emit_string(&b, "accepted", x->accepted == NULL ? NULL :
	    x->accepted->id);
	emit_close(&b, '}');
	if (s->requests.fd != -1)
		journal_put(&s->requests, &b);
	buf_release(&b);
}

/*
 * Faults
 */

/* What the message is about, and so what decides about its fate. */
static const char *
fate_key(struct exchange *x)
{
	if (x->reference != NULL)
		return x->reference;
	if (x->to == NULL)
		return x->target;
	return arena_printf(&x->mem, "%s\n%.2000s", x->to,
	    x->text == NULL ? "" : x->text);
}

static void
draw_fault(struct exchange *x)
{
	struct simulator *s = x->sim;
	const char *key = fate_key(x);

	pthread_mutex_lock(&s->lock);
	x->draw = faults_draw(&s->faults, x->route->sends ? x->route->scope :
	    SCOPE_READ, key);
	s->played[x->draw.fault]++;
	pthread_mutex_unlock(&s->lock);
}

/* Down for everything but the control of the simulator itself. */
static bool
is_down(struct simulator *s, const char *url)
{
	bool down;

	if (strcmp(url, "/_control") == 0)
		return false;
	pthread_mutex_lock(&s->lock);
	down = fault_is_certain(&s->faults, SCOPE_ALL, FAULT_DOWN);
	s->played[FAULT_DOWN] += down;
	pthread_mutex_unlock(&s->lock);
	return down;
}

static void
spoil_answer(struct exchange *x)
{
	int64_t now = clock_monotonic_ms();

	switch (x->draw.fault) {
	case FAULT_ERROR_500_AFTER:
		answer_fault(x, FAULT_ERROR_500_AFTER);
		break;
	case FAULT_MALFORMED:
		buf_clear(&x->answer);
		buf_str(&x->answer, "{\"sid\": <html>502 Bad Gateway");
		break;
	case FAULT_TIMEOUT_AFTER:
		x->hold_until = HOLD_FOREVER;
		break;
	default:
		break;
	}
	if (x->draw.delay_ms > 0 && x->hold_until == 0)
		x->hold_until = now + x->draw.delay_ms;
}

static void
act(struct exchange *x)
{
	if (!x->route->sends && x->route->scope == SCOPE_ALL) {
		x->route->act(x);	/* the control of the simulator */
		return;
	}
	draw_fault(x);
	if (fault_is_before(x->draw.fault)) {
		answer_fault(x, x->draw.fault);
		spoil_answer(x);
		return;
	}
	x->route->act(x);
	spoil_answer(x);
}

/*
 * The answer
 */

struct spoilt {
	size_t len, total;
	char text[];
};

static ssize_t
half_reader(void *cls, uint64_t pos, char *out, size_t max)
{
	struct spoilt *h = cls;
	size_t left = h->len / 2 - (size_t)pos;

	if (left == 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (left > max)
		left = max;
	memcpy(out, h->text + pos, left);
	return (ssize_t)left;
}

/* The right answer and, inside its last bracket, spaces without end. */
static ssize_t
huge_reader(void *cls, uint64_t pos, char *out, size_t max)
{
	struct spoilt *h = cls;
	size_t i, at;

	for (i = 0; i < max && pos + i < h->total; i++) {
		at = (size_t)pos + i;
		out[i] = at + 1 == h->total ? h->text[h->len - 1] :
		    at < h->len - 1 ? h->text[at] : ' ';
	}
	return (ssize_t)i;
}

static struct MHD_Response *
spoilt_response(struct exchange *x)
{
	struct spoilt *h;
	size_t len = x->answer.len;
	bool half = x->draw.fault == FAULT_HALF;

	h = malloc(sizeof(*h) + len);
	if (h == NULL)
		die(EX_OSERR, "out of memory");
	h->len = len;
	h->total = half ? len : len + HUGE_SIZE;
	memcpy(h->text, x->answer.data, len);
	return MHD_create_response_from_callback(h->total, half ? 1024 :
	    65536, half ? half_reader : huge_reader, h, free);
}

static struct MHD_Response *
response(struct exchange *x)
{
	struct MHD_Response *r;

	if (x->answer.len > 1 && (x->draw.fault == FAULT_HALF ||
	    x->draw.fault == FAULT_HUGE))
		return spoilt_response(x);
	r = MHD_create_response_from_buffer(x->answer.len, x->answer.data,
	    MHD_RESPMEM_MUST_FREE);
	if (r != NULL)
		x->answer = (struct buf)BUF_INIT(0);
	return r;
}

static bool
is_answered(const struct exchange *x)
{
	switch (x->draw.fault) {
	case FAULT_DOWN:
	case FAULT_DROP_BEFORE:
	case FAULT_DROP_AFTER:
	case FAULT_TIMEOUT_AFTER:
		return false;
	default:
		return true;
	}
}

/* By the clock that messages get their times from; the library has another. */
static void
add_date(struct MHD_Response *r)
{
	char date[TWILIO_DATE];

	twilio_date(clock_now(), date);
	memcpy(strchr(date, '+'), "GMT", sizeof("GMT"));
	MHD_add_response_header(r, "Date", date);
}

static enum MHD_Result
answer(struct exchange *x)
{
	struct MHD_Response *r;
	enum MHD_Result rc;

	if (!is_answered(x))
		return MHD_NO;
	r = response(x);
	if (r == NULL)
		return MHD_NO;
	if (x->status != MHD_HTTP_NO_CONTENT)
		MHD_add_response_header(r, "Content-Type", x->type);
	add_date(r);
	for (size_t i = 0; i < 2 && x->header[i] != NULL; i++)
		MHD_add_response_header(r, x->header[i], x->header_value[i]);
	rc = MHD_queue_response(x->connection, (unsigned)x->status, r);
	MHD_destroy_response(r);
	return rc;
}

/*
 * The request is whole
 */

static int
read_form(struct exchange *x)
{
	struct error e;

	if (form_parse(&x->form, buf_text(&x->body), x->body.len, &x->mem,
	    &e) == 0)
		return 0;
	answer_error(x, 400, 20001, e.text);
	return -1;
}

static void
read_query(struct exchange *x)
{
	const char *query = strchr(x->target, '?');
	struct error e;

	if (query != NULL && form_parse(&x->query, query + 1,
	    strlen(query + 1), &x->mem, &e) == -1)
		x->query.count = 0;
}

static void
process(struct exchange *x)
{
	struct error e;

	read_query(x);
	x->route = route_find(x);
	if (x->status != 0)
		return;
	if (x->too_large || (x->route->is_form && x->body.len > FORM_MAX)) {
		answer_error(x, 413, 20413, "Request Entity Too Large");
		return;
	}
	if (x->route->is_form && read_form(x) == -1)
		return;
	if (!x->route->is_form && x->body.len > 0 && x->body.data[0] == '{')
		x->json = value_parse(x->body.data, x->body.len, &e);
	if (x->route->check != NULL)
		x->route->check(x);
	if (x->status == 0)
		act(x);
}

/* What the provider tells of the message, and when it answers. */
static enum MHD_Result
follow_up(struct exchange *x)
{
	struct simulator *s = x->sim;
	struct message *m = x->accepted;
	bool told = m != NULL && (m->provider == SCOPE_TWILIO ||
	    m->provider == SCOPE_WHATSAPP);
	uint64_t ticket = 0;

	if (told && s->set.early && x->hold_until == 0) {
		ticket = atomic_fetch_add(&s->tickets, 1) + 1;
		x->hold_until = clock_monotonic_ms() + EARLY_MOST_MS;
	}
	if (x->hold_until != 0) {
		x->held = true;
		if (!hold_add(&s->hold, x->connection, x->hold_until, ticket))
			return MHD_NO;
	}
	if (told)
		callbacks_plan(s->callbacks, m, ticket);
	return x->held ? MHD_YES : answer(x);
}

static enum MHD_Result
whole(struct exchange *x)
{
	struct simulator *s = x->sim;

	process(x);
	pthread_mutex_lock(&s->lock);
	s->requested++;
	pthread_mutex_unlock(&s->lock);
	if (!is_answered(x))
		x->status = 0;
	log_request(x);
	return follow_up(x);
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **state)
{
	struct simulator *s = cls;
	struct exchange *x = *state;

	(void)connection;
	(void)version;
	if (x == NULL)
		return MHD_NO;
	if (x->held)
		return atomic_load(&s->stopping) ? MHD_NO : answer(x);
	if (x->path == NULL) {		/* its headers have come */
		x->path = arena_strdup(&x->mem, url);
		x->method = arena_strdup(&x->mem, method);
		return is_down(s, url) ? MHD_NO : MHD_YES;
	}
	if (*len == 0)
		return whole(x);
	buf_add(&x->body, data, *len);
	x->too_large = x->body.full;
	*len = 0;
	return MHD_YES;
}

struct MHD_Daemon *
http_start(struct simulator *s, int fd)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned threads = cores < 2 ? 2 : cores > 16 ? 16 : (unsigned)cores;

	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
	    MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
	    MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL, handle,
	    s, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_THREAD_POOL_SIZE, threads,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	    MHD_OPTION_URI_LOG_CALLBACK, exchange_new, s,
	    MHD_OPTION_NOTIFY_COMPLETED, exchange_end, s, MHD_OPTION_END);
}
