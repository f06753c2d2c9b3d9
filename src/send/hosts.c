/*
 * Where each message names its own server, as with Web Push, one of them that
 * asks for a pause says nothing of the others: what is due there is put off,
 * and the rest goes on.
 */
#include "engine_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define HTTP_TOO_MANY	429
#define PAUSE_MAX	3600	/* whatever it says */

static struct host_pause *
find(struct engine *n, const char *server)
{
	for (size_t i = 0; i < n->pause_count; i++)
		if (strcmp(n->pauses[i].server, server) == 0)
			return &n->pauses[i];
	return NULL;
}

/* With too many of them the pause that ends first is forgotten. */
static struct host_pause *
add(struct engine *n, const char *server)
{
	struct host_pause *p = &n->pauses[0];

	if (n->pause_count < HOSTS_MAX)
		p = &n->pauses[n->pause_count++];
	else
		for (size_t i = 1; i < HOSTS_MAX; i++)
			if (n->pauses[i].until < p->until)
				p = &n->pauses[i];
	*p = (struct host_pause){ .until = 0 };
	snprintf(p->server, sizeof(p->server), "%s", server);
	return p;
}

bool
hosts_note(struct engine *n, const struct flight *f)
{
	int64_t s = f->transfer.response.retry_after;
	char server[SERVER_MAX];
	struct host_pause *p;

	if (n->provider->server == NULL || f->transfer.response.failed ||
	    f->transfer.response.code != HTTP_TOO_MANY ||
	    !n->provider->server(n->config, f->to, server))
		return false;
	s = s < BACKOFF_FIRST ? BACKOFF_FIRST : s > PAUSE_MAX ? PAUSE_MAX : s;
	p = find(n, server);
	if (p == NULL)
		p = add(n, server);
	if (p->until < clock_now() + s)
		p->until = clock_now() + s;
	return true;
}

bool
hosts_wait(struct engine *n, const char *id, instant *until)
{
	struct record r = RECORD_INIT;
	const struct host_pause *p = NULL;
	char server[SERVER_MAX];
	struct error ignored;
	const char *to;

	/* Who asked for nothing costs nothing. */
	if (n->pause_count == 0)
		return false;
	if (order_load(n, id, &r, &ignored) == 0) {
		to = record_string(&r, "to");
		if (to != NULL && n->provider->server(n->config, to, server))
			p = find(n, server);
	}
	record_release(&r);
	if (p == NULL || p->until <= clock_now())
		return false;
	*until = p->until;
	return true;
}
