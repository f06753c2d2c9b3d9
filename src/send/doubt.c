/*
 * What a dead sender left open is in doubt: evidence first, then a time of
 * grace, then what the channel's owner decided.
 */
#include "engine_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/*
 * What a provider's list does not show after this time it does not have: a
 * message may appear there a little later than it was taken.
 */
#define SETTLED		120

static void
finish_doubt(struct engine *n, const char *id, int attempt,
    const char *outcome, const char *state, const char *reason,
    const char *provider_id)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", id);
	value_set_integer(data, "attempt", attempt);
	value_set_string(data, "outcome", outcome);
	value_set_string(data, "state", state);
	if (reason != NULL)
		value_set_string(data, "reason", reason);
	if (provider_id != NULL && *provider_id != '\0')
		value_set_string(data, "provider_id", provider_id);
	ledger_append_take(n->ledger, "attempt.finished", data);
	outcome_hear(n, id);
}

/* A receipt for it came while nobody was sending. */
static bool
has_receipt(struct engine *n, const char *id, int attempt,
    char provider_id[256])
{
	char number[16];
	struct ledger_rows *r;
	bool found;

	snprintf(number, sizeof(number), "%d", attempt);
	r = ledger_select(n->ledger, "SELECT provider_id FROM event WHERE "
	    "message = ? AND attempt = CAST(? AS INTEGER) ORDER BY key "
	    "LIMIT 1", "ss", id, number);
	found = ledger_next(r);
	if (found)
		snprintf(provider_id, 256, "%s", ledger_text(r, 0));
	ledger_end(r);
	return found;
}

/* No evidence came: after the grace, what the channel's owner decided. */
static void
lose_patience(struct engine *n, const struct job *j)
{
	const char *policy = config_string(n->config, "channel", n->name,
	    "doubt");

	if (clock_now() - j->doubted < config_duration(n->config, "channel",
	    n->name, "doubt_grace"))
		return;
	if (strcmp(policy, "resend") == 0) {
		finish_doubt(n, j->id, j->attempt, "unknown", "queued",
		    "sent again in doubt", NULL);
		return;
	}
	finish_doubt(n, j->id, j->attempt, "unknown", "failed", "in doubt",
	    NULL);
	outcome_flag(n, "in_doubt", j->id, "may have been sent or not: "
	    "nothing came back");
}

/* What can be told without asking anybody; false: nothing. */
static bool
settle_here(struct engine *n, const struct job *j)
{
	struct flight f = { .job = *j, .attempt = j->attempt };
	char theirs[256];
	int sent = -1;

	if (has_receipt(n, j->id, j->attempt, theirs)) {
		finish_doubt(n, j->id, j->attempt, "accepted", "sent", NULL,
		    theirs);
		return true;
	}
	if (order_build(n, &f) == 0)
		sent = wire_was_sent(n->wire, f.transfer.request.name);
	if (sent == 1)
		finish_doubt(n, j->id, j->attempt, "accepted", "sent", NULL,
		    f.transfer.request.provider_id);
	else if (sent == 0)
		finish_doubt(n, j->id, j->attempt, "later", "queued",
		    "not sent by the sender that died", NULL);
	buf_release(&f.transfer.request.body);
	return sent != -1;
}

static bool
is_known(struct engine *n, const char *provider_id)
{
	return ledger_count(n->ledger, "SELECT count(*) FROM attempt WHERE "
	    "provider = ? AND provider_id = ?", "ss", n->provider->kind,
	    provider_id) > 0;
}

void
doubt_settle(struct engine *n, struct flight *f)
{
	const struct job *j = &f->job;
	char theirs[256];

	if (has_receipt(n, j->id, j->attempt, theirs)) {
		finish_doubt(n, j->id, j->attempt, "accepted", "sent", NULL,
		    theirs);
		return;
	}
	for (size_t i = 0; i < f->found_count; i++)
		if (!is_known(n, f->found[i])) {
			finish_doubt(n, j->id, j->attempt, "accepted", "sent",
			    NULL, f->found[i]);
			return;
		}
	if (f->answered && clock_now() - j->doubted >= SETTLED)
		finish_doubt(n, j->id, j->attempt, "later", "queued",
		    "the provider does not have it", NULL);
	else if (!f->answered && f->verdict.outcome != OUTCOME_SETUP)
		lose_patience(n, j);
}

/* One page of what is in doubt, and where it goes on. */
struct questions {
	struct job jobs[PAGE];
	size_t count, at;
	char last[256];
};

static bool
next_question(struct engine *n, struct job *job)
{
	struct questions *s = n->source;

	if (s->at == s->count)
		return false;
	*job = s->jobs[s->at++];
	return true;
}

static void
read_page(struct engine *n, struct questions *s)
{
	struct ledger_rows *r;
	struct job *j;

	s->count = s->at = 0;
	r = ledger_select(n->ledger, "SELECT message, number, started_at, "
	    "doubted_at FROM attempt WHERE channel = ? AND state = 'in_doubt' "
	    "AND message > ? ORDER BY message LIMIT 200", "ss", n->name,
	    s->last);
	while (s->count < PAGE && ledger_next(r)) {
		j = &s->jobs[s->count++];
		*j = (struct job){ .kind = JOB_ASK,
		    .attempt = (int)ledger_int(r, 1),
		    .started = clock_now(), .doubted = clock_now() };
		snprintf(j->id, sizeof(j->id), "%s", ledger_text(r, 0));
		clock_parse(ledger_text(r, 2), &j->started);
		if (ledger_text(r, 3) != NULL)
			clock_parse(ledger_text(r, 3), &j->doubted);
	}
	ledger_end(r);
	if (s->count > 0)
		snprintf(s->last, sizeof(s->last), "%s",
		    s->jobs[s->count - 1].id);
}

/* What only the provider can tell stays on the page. */
static void
settle_page(struct engine *n, struct questions *s)
{
	size_t left = 0;

	ledger_begin(n->ledger);
	for (size_t i = 0; i < s->count; i++) {
		if (settle_here(n, &s->jobs[i]))
			continue;
		if (n->provider->ask != NULL)
			s->jobs[left++] = s->jobs[i];
		else
			lose_patience(n, &s->jobs[i]);
	}
	ledger_commit(n->ledger);
	arena_reset(&n->mem);
	s->count = left;
}

/* Every attempt of this channel that is open belongs to a dead sender. */
static void
doubt_open(struct engine *n)
{
	struct questions *page = n->source;
	struct ledger_rows *r;

	do {
		page->count = 0;
		r = ledger_select(n->ledger, "SELECT message, number FROM "
		    "attempt WHERE channel = ? AND state = 'open' LIMIT 200",
		    "s", n->name);
		while (page->count < PAGE && ledger_next(r)) {
			snprintf(page->jobs[page->count].id,
			    sizeof(page->jobs[0].id), "%s", ledger_text(r, 0));
			page->jobs[page->count++].attempt =
			    (int)ledger_int(r, 1);
		}
		ledger_end(r);
		if (page->count == 0)
			break;
		ledger_begin(n->ledger);
		for (size_t i = 0; i < page->count; i++)
			outcome_doubt(n, page->jobs[i].id,
			    page->jobs[i].attempt, "its sender died");
		ledger_commit(n->ledger);
	} while (page->count == PAGE);
}

void
doubt_recover(struct engine *n)
{
	struct questions *s = calloc(1, sizeof(*s));

	if (s == NULL)
		die(EX_OSERR, "out of memory");
	n->source = s;
	n->next = next_question;
	doubt_open(n);
	do {
		read_page(n, s);
		if (s->count == 0)
			break;
		settle_page(n, s);
		engine_run(n);
	} while (!engine_is_stopping());
	n->source = NULL;
	free(s);
}

/* Nobody else looks at what waits on a channel that is not worked on. */
void
engine_expire(struct engine *n)
{
	struct arena keep = ARENA_INIT((size_t)16 * 1024 * 1024);
	const char *ids[PAGE];
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	size_t count;

	do {
		arena_reset(&keep);
		count = 0;
		ledger_begin(n->ledger);
		r = ledger_select(n->ledger, "SELECT id FROM message WHERE "
		    "state IN ('queued', 'held') AND expires_at <= ? AND "
		    "channel_type = ? ORDER BY expires_at, id LIMIT 200",
		    "ss", clock_format(clock_now(), now), n->type);
		while (count < PAGE && ledger_next(r))
			ids[count++] = arena_strdup(&keep, ledger_text(r, 0));
		ledger_end(r);
		for (size_t i = 0; i < count; i++)
			outcome_journal(n, "message.expired", ids[i], "too late",
			    NULL, false);
		ledger_commit(n->ledger);
	} while (count == PAGE);
	arena_release(&keep);
}
