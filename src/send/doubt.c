/*
 * What a dead sender left open is in doubt: evidence first, then a time of
 * grace, then what the channel's owner decided.
 */
#include "engine_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "message/reminder.h"

/*
 * What a provider's list does not show after this time it does not have: a
 * message may appear there a little later than it was taken.
 */
#define SETTLED		120

bool
provider_id_is_anothers(struct engine *n, const char *provider_id,
    const char *id, int attempt)
{
	return ledger_count(n->ledger, "SELECT 1 FROM attempt WHERE "
	    "provider = ?1 AND provider_id = ?2 AND (message <> ?3 OR "
	    "number <> ?4) UNION ALL SELECT 1 FROM event WHERE provider = ?1 "
	    "AND provider_id = ?2 AND message IS NOT NULL AND "
	    "(message <> ?3 OR attempt <> ?4)", "sssi", n->provider->kind,
	    provider_id, id, (int64_t)attempt) > 0;
}

bool
engine_is_too_old(const struct engine *n, instant created)
{
	int64_t max_age = config_duration(n->config, "channel", n->name,
	    "max_age");

	return max_age > 0 && clock_now() - created >= max_age;
}

static bool
is_too_old(struct engine *n, const char *id)
{
	struct ledger_rows *r;
	instant created;
	bool old;

	r = ledger_select(n->ledger, "SELECT created_at FROM message WHERE "
	    "id = ?", "s", id);
	old = ledger_next(r) && clock_parse(ledger_text(r, 0), &created) &&
	    engine_is_too_old(n, created);
	ledger_end(r);
	return old;
}

static void
finish_doubt(struct engine *n, const struct job *j, const char *outcome,
    const char *state, const char *reason, const char *provider_id)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", j->id);
	value_set_integer(data, "attempt", j->attempt);
	value_set_string(data, "outcome", outcome);
	if (strcmp(state, "queued") == 0 && is_too_old(n, j->id)) {
		state = "failed";
		reason = "gave up after max_age";
	}
	value_set_string(data, "state", state);
	if (reason != NULL)
		value_set_string(data, "reason", reason);
	if (provider_id != NULL && *provider_id != '\0') {
		if (provider_id_is_anothers(n, provider_id, j->id,
		    j->attempt))
			outcome_flag(n, "in_doubt", j->id, "the provider "
			    "named another message's id for it");
		else
			value_set_string(data, "provider_id", provider_id);
	}
	ledger_append_take(n->ledger, "attempt.finished", data);
	outcome_hear(n, j->id);
}

/* A receipt for it came while nobody was sending. */
static bool
has_receipt(struct engine *n, const char *id, int attempt,
    char provider_id[256])
{
	struct ledger_rows *r;
	bool found;

	r = ledger_select(n->ledger, "SELECT provider_id FROM event WHERE "
	    "message = ? AND attempt = ? ORDER BY key LIMIT 1", "si", id,
	    (int64_t)attempt);
	found = ledger_next(r);
	if (found)
		snprintf(provider_id, 256, "%s", ledger_text(r, 0));
	ledger_end(r);
	return found;
}

/* Sent again in doubt before?  Once is enough. */
static bool
was_resent(struct engine *n, const struct job *j)
{
	return ledger_count(n->ledger, "SELECT count(*) FROM attempt WHERE "
	    "message = ? AND outcome = 'unknown'", "s", j->id) > 0;
}

/*
 * No evidence came: after the grace, what the channel's owner decided.  Where
 * the provider has a message that may well be this one staff looks at it.
 */
static void
lose_patience(struct engine *n, const struct job *j, bool alike)
{
	const char *policy = config_string(n->config, "channel", n->name,
	    "doubt");

	if (clock_now() - j->doubted < config_duration(n->config, "channel",
	    n->name, "doubt_grace"))
		return;
	if (strcmp(policy, "resend") == 0 && !alike && !was_resent(n, j)) {
		finish_doubt(n, j, "unknown", "queued", "sent again in doubt",
		    NULL);
		return;
	}
	finish_doubt(n, j, "unknown", "failed", "in doubt", NULL);
	/* An earlier attempt may turn out to have been enough. */
	if (ledger_count(n->ledger, "SELECT count(*) FROM message WHERE "
	    "id = ? AND state = 'failed'", "s", j->id) == 0)
		return;
	outcome_flag(n, "in_doubt", j->id, alike ? "may have been sent: the "
	    "provider has one like it, of another time or sender" :
	    "may have been sent or not: nothing came back");
}

/* What can be told without asking anybody; false: nothing. */
static bool
settle_here(struct engine *n, const struct job *j)
{
	struct flight f = { .job = *j, .attempt = j->attempt };
	char theirs[256];
	int sent = -1;

	if (has_receipt(n, j->id, j->attempt, theirs)) {
		finish_doubt(n, j, "accepted", "sent", NULL,
		    theirs);
		return true;
	}
	/* Nothing else can tell, and all others wait for the ledger. */
	if (n->provider->transport == TRANSPORT_MAILDIR &&
	    order_build(n, &f) == 0)
		sent = wire_was_sent(n->wire, f.transfer.request.name);
	if (sent == 1)
		finish_doubt(n, j, "accepted", "sent", NULL,
		    f.transfer.request.provider_id);
	else if (sent == 0)
		finish_doubt(n, j, "later", "queued",
		    "not sent by the sender that died", NULL);
	buf_release(&f.transfer.request.body);
	buf_release(&f.transfer.request.headers);
	return sent != -1;
}

/*
 * Whoever could not be asked, because nobody was there, will be: the list is
 * better evidence than the grace.
 */
static bool
will_answer(const struct flight *f)
{
	return f->verdict.outcome == OUTCOME_SETUP || f->verdict.outage ||
	    f->verdict.outcome == OUTCOME_LATER;
}

void
doubt_settle(struct engine *n, struct flight *f)
{
	const struct job *j = &f->job;
	char theirs[256];

	if (has_receipt(n, j->id, j->attempt, theirs))
		finish_doubt(n, j, "accepted", "sent", NULL, theirs);
	else if (f->found[0] != '\0' && !provider_id_is_anothers(n, f->found,
	    j->id, j->attempt))
		finish_doubt(n, j, "accepted", "sent", NULL, f->found);
	else if (f->found[0] != '\0' || (!f->answered && will_answer(f)))
		return;		/* the next run asks again */
	else if (!f->answered || f->alike)
		lose_patience(n, j, f->alike);
	else if (clock_now() - j->doubted >= SETTLED)
		finish_doubt(n, j, "later", "queued",
		    "the provider does not have it", NULL);
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
	    "doubted_at, coalesce(sender, '') FROM attempt INDEXED BY "
	    "attempt_open WHERE state IN ('open', 'in_doubt') AND "
	    "channel = ? AND state = 'in_doubt' AND message > ? "
	    "ORDER BY message LIMIT 200", "ss", n->name, s->last);
	while (s->count < PAGE && ledger_next(r)) {
		j = &s->jobs[s->count++];
		*j = (struct job){ .kind = JOB_ASK,
		    .attempt = (int)ledger_int(r, 1),
		    .started = clock_now(), .doubted = clock_now() };
		snprintf(j->id, sizeof(j->id), "%s", ledger_text(r, 0));
		clock_parse(ledger_text(r, 2), &j->started);
		if (ledger_text(r, 3) != NULL)
			clock_parse(ledger_text(r, 3), &j->doubted);
		snprintf(j->sender, sizeof(j->sender), "%s",
		    ledger_text(r, 4));
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
			lose_patience(n, &s->jobs[i], false);
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
		/* Left alone SQLite goes through all that ever were. */
		r = ledger_select(n->ledger, "SELECT message, number FROM "
		    "attempt INDEXED BY attempt_open WHERE state IN ('open', "
		    "'in_doubt') AND channel = ? AND state = 'open' "
		    "LIMIT 200", "s", n->name);
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
		for (size_t i = 0; i < count; i++) {
			outcome_journal(n, "message.expired", ids[i],
			    "too late", NULL, false);
			reminder_check_end(n->ledger, ids[i]);
		}
		ledger_commit(n->ledger);
	} while (count == PAGE);
	arena_release(&keep);
}
