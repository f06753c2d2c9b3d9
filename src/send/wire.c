#include "wire_impl.h"

#include <stdlib.h>
#include <sysexits.h>

struct wire {
	struct local *local;
	struct lines *lines;
	size_t room;
	struct transfer *done;	/* local ones, until they are asked for */
};

struct wire *
wire_open(struct config *c, const char *provider, const struct provider *p,
    size_t connections, bool (*stopping)(void), struct error *e)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (w == NULL)
		die(EX_OSERR, "out of memory");
	if (p->transport == TRANSPORT_SMTP || p->transport == TRANSPORT_HTTP) {
		w->room = connections;
		w->lines = lines_open(c, provider, p, connections, stopping, e);
	} else {
		w->room = 1;
		w->local = local_open(c, provider, p->transport, e);
	}
	if (w->lines != NULL || w->local != NULL)
		return w;
	free(w);
	return NULL;
}

void
wire_close(struct wire *w)
{
	if (w == NULL)
		return;
	local_close(w->local);
	lines_close(w->lines);
	free(w);
}

size_t
wire_room(const struct wire *w)
{
	return w->room;
}

void
wire_start(struct wire *w, struct transfer *t)
{
	t->response = (struct response){ .retry_after = -1,
	    .body = BUF_INIT(RESPONSE_MAX) };
	if (w->lines != NULL) {
		lines_start(w->lines, t);
		return;
	}
	local_send(w->local, &t->request, &t->response);
	t->next = w->done;
	w->done = t;
}

struct transfer *
wire_wait(struct wire *w, int64_t ms)
{
	struct transfer *t = w->done;

	if (w->lines != NULL)
		return lines_wait(w->lines, ms);
	if (t != NULL)
		w->done = t->next;
	return t;
}

int
wire_was_sent(struct wire *w, const char *name)
{
	return w->local == NULL ? -1 : local_was_sent(w->local, name);
}
