#include <string.h>

#include "message/simulate_impl.h"

static void
open_stages(struct play *p)
{
	p->stages[STAGE_NORMALIZE] = (struct filter){ .stage = "normalize",
	    .each = normalize_record, .ctx = &p->normalizer };
	p->stages[STAGE_ROUTE] = (struct filter){ .stage = "route",
	    .each = route_record, .ctx = &p->router };
	p->stages[STAGE_RENDER] = (struct filter){ .stage = "render",
	    .each = render_record, .ctx = &p->renderer };
	p->stages[STAGE_QUEUE] = (struct filter){ .stage = "queue",
	    .each = queue_record, .ctx = &p->queue, .take_refused = true };
	for (size_t i = 0; i < STAGES; i++) {
		p->stages[i].mem = (struct arena)ARENA_INIT((size_t)1 << 28);
		p->stages[i].refusal = &p->refusal;
	}
}

void
simulate_pipe_open(struct play *p)
{
	struct error e;

	normalize_init(&p->normalizer, p->config);
	p->router = (struct router){ .config = p->config,
	    .ledger = p->ledger, .templates = templates_new(p->config) };
	p->renderer = (struct renderer){ .config = p->config,
	    .templates = p->router.templates,
	    .site = render_site(p->config) };
	p->queue = (struct queue)QUEUE_INIT;
	p->queue.config = p->config;
	p->queue.ledger = p->ledger;
	p->queue.rehearsal = true;
	if (quiet_open(&p->router.quiet, p->config, &e) == -1 ||
	    templates_check(p->router.templates, &e) == -1 ||
	    links_init(&p->renderer.links, p->config, &e) == -1)
		die(e.status, "%s", e.text);
	open_stages(p);
}

void
simulate_pipe_close(struct play *p)
{
	for (size_t i = 0; i < STAGES; i++)
		arena_release(&p->stages[i].mem);
	normalize_release(&p->normalizer);
	quiet_close(&p->router.quiet);
	templates_free(p->router.templates);
	value_free(p->renderer.site);
	links_release(&p->renderer.links);
	queue_release(&p->queue);
}

/* What became of it, if that is all that is heard of it. */
static void
tell(struct play *p, const struct record *r)
{
	const struct value *reminder = record_get(r, "reminder");
	const char *state = value_get_string(record_get(r, "queue"), "state");

	if (state == NULL || record_is_refused(r))
		simulate_tell_reminder(p, HAPPENED_REFUSED, r,
		    p->refusal.text);
	else if (strcmp(state, "skipped") == 0)
		simulate_tell_reminder(p, HAPPENED_SKIPPED, r,
		    value_get_string(reminder, "skip"));
	else if (value_get_string(reminder, "flag") != NULL)
		simulate_tell_reminder(p, HAPPENED_FLAG, r,
		    value_get_string(reminder, "flag"));
}

void
simulate_pipe(void *play, const struct record *r)
{
	struct play *p = play;
	struct buf line = BUF_INIT(4 * RECORD_MAX);
	struct record own = RECORD_INIT;
	struct error e;

	/* As each program reads it from the one before. */
	record_write(r, &line);
	if (record_parse(&own, buf_text(&line), line.len, &e) == -1)
		die(EX_SOFTWARE, "a record of omni-escalate: %s", e.text);
	p->refusal.text[0] = '\0';
	for (size_t i = 0; i < STAGES; i++) {
		arena_reset(&p->stages[i].mem);
		if (!record_is_refused(&own) || p->stages[i].take_refused)
			p->stages[i].each(&p->stages[i], &own);
	}
	/* Not what would happen, but that it cannot be told now. */
	if (record_is_refused_temporarily(&own))
		die(EX_TEMPFAIL, "%s", p->refusal.text);
	tell(p, &own);
	p->emitted++;
	record_release(&own);
	buf_release(&line);
}
