#include "onepass.h"

#define MEMORY	((size_t)64 * 1024 * 1024)

int
onepass_open(struct onepass *p, struct config *c, struct ledger *l,
    struct error *e)
{
	*p = (struct onepass){ .queue = QUEUE_INIT };
	p->router = (struct router){ .config = c, .ledger = l,
	    .templates = templates_new(c) };
	p->renderer = (struct renderer){ .config = c, .templates =
	    p->router.templates, .site = render_site(c) };
	p->queue.config = c;
	p->queue.ledger = l;
	p->has_quiet = quiet_open(&p->router.quiet, c, e) == 0;
	if (!p->has_quiet)
		return -1;
	p->has_links = links_init(&p->renderer.links, c, e) == 0;
	return p->has_links ? 0 : -1;
}

void
onepass_close(struct onepass *p)
{
	if (p->has_quiet)
		quiet_close(&p->router.quiet);
	if (p->has_links)
		links_release(&p->renderer.links);
	templates_free(p->router.templates);
	value_free(p->renderer.site);
	queue_release(&p->queue);
}

/* As each program does it with each record. */
void
onepass_record(struct onepass *p, struct record *r, bool enter_refused,
    struct error *why)
{
	static const char *const names[] = { "route", "render", "queue" };
	static void (*const each[])(struct filter *, struct record *) = {
	    route_record, render_record, queue_record };
	void *const ctx[] = { &p->router, &p->renderer, &p->queue };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) -
	    p->unqueued; i++) {
		struct filter f = { .stage = names[i], .ctx = ctx[i],
		    .refusal = why, .mem = ARENA_INIT(MEMORY) };

		if (!record_is_refused(r) ||
		    (enter_refused && each[i] == queue_record))
			each[i](&f, r);
		arena_release(&f.mem);
	}
}

void
onepass_commit(struct onepass *p)
{
	struct filter f = { .stage = "queue", .ctx = &p->queue };

	queue_commit(&f);
}
