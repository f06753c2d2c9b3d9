/*
 * [channel] mark_read: who wrote to us sees that it has been read, once staff
 * has, or once it was understood without them.
 */
#include "engine_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* Meta knows messages for 30 days. */
#define DAYS		(29 * 86400)

/*
 * The newest first, and after the first that could not be made none any more
 * in this run: marks are a courtesy.
 */
struct unread {
	struct job jobs[PAGE];
	size_t count, at;
	bool failed;
};

static bool
next_read(struct engine *n, struct job *job)
{
	struct unread *u = n->source;

	if (u->failed || u->at == u->count)
		return false;
	*job = u->jobs[u->at++];
	return true;
}

void
mark_read_done(struct engine *n, struct flight *f)
{
	struct unread *u = n->source;
	struct value *data;

	if (!f->answered) {
		u->failed = true;
		return;
	}
	data = value_new_object();
	value_set_string(data, "id", f->job.id);
	ledger_append_take(n->ledger, "message.marked_read", data);
}

static void
read_page(struct engine *n, struct unread *u)
{
	char since[CLOCK_TEXT];
	struct ledger_rows *r;
	struct job *j;

	r = ledger_select(n->ledger, "SELECT id FROM message WHERE "
	    "direction = 'inbound' AND channel_type = ? AND channel = ? AND "
	    "read_at IS NULL AND is_unread = 0 AND created_at > ? "
	    "ORDER BY created_at DESC LIMIT 200", "sss", n->type, n->name,
	    clock_format(clock_now() - DAYS, since));
	while (u->count < PAGE && ledger_next(r)) {
		j = &u->jobs[u->count++];
		*j = (struct job){ .kind = JOB_READ };
		snprintf(j->id, sizeof(j->id), "%s", ledger_text(r, 0));
	}
	ledger_end(r);
}

void
mark_read(struct engine *n)
{
	struct unread *u;

	if (n->provider->mark_read == NULL || engine_is_blocked(n) ||
	    !config_bool(n->config, "channel", n->name, "mark_read") ||
	    config_string(n->config, "test", NULL, "redirect") != NULL)
		return;
	u = calloc(1, sizeof(*u));
	if (u == NULL)
		die(EX_OSERR, "out of memory");
	read_page(n, u);
	n->source = u;
	n->next = next_read;
	engine_run(n);
	n->source = NULL;
	free(u);
}
