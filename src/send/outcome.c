/* From what came back to what the ledger learns. */
#include "engine_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "message/learned.h"
#include "message/reminder.h"
#include "message/twice.h"

#define RETRY_AFTER_MAX	86400	/* whatever the provider says */

void
outcome_journal(struct engine *n, const char *op, const char *id,
    const char *reason, const char *due, bool bring_forward)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", id);
	value_set_string(data, "reason", reason);
	if (due != NULL)
		value_set_string(data, "due_at", due);
	if (bring_forward)
		value_set_integer(data, "bring_forward", 1);
	ledger_append_take(n->ledger, op, data);
}

void
outcome_flag(struct engine *n, const char *kind, const char *id,
    const char *reason)
{
	struct value *data = value_new_object();
	struct ledger_rows *r;

	value_set_string(data, "kind", kind);
	value_set_string(data, "message", id);
	value_set_string(data, "reason", reason);
	r = ledger_select(n->ledger, "SELECT reminder, contact FROM message "
	    "WHERE id = ?", "s", id);
	if (ledger_next(r)) {
		if (ledger_text(r, 0) != NULL)
			value_set_string(data, "reminder", ledger_text(r, 0));
		if (ledger_text(r, 1) != NULL)
			value_set_string(data, "contact", ledger_text(r, 1));
	}
	ledger_end(r);
	ledger_append_take(n->ledger, "flag.put", data);
}

/*
 * Full jitter: any second of the first 1, 2, 4 ... minutes, at most an hour.
 * The dice are the id and the attempt, so that a replay gives the same times.
 * What the provider asked for is waited for in any case; what never went near
 * it waits for nothing.
 */
static instant
retry_at(const struct flight *f, instant now)
{
	int64_t wait = BACKOFF_FIRST, least = f->verdict.wait;
	char text[300], hash[DIGEST_HEX];

	if (f->transfer.response.untried)
		return now;
	for (int i = 1; i < f->attempt && wait < BACKOFF_MAX; i++)
		wait *= 2;
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	snprintf(text, sizeof(text), "%s.%d", f->job.id, f->attempt);
	digest_sha256(text, strlen(text), hash);
	hash[6] = '\0';
	wait = 1 + strtoll(hash, NULL, 16) % wait;
	if (f->transfer.response.retry_after > least)
		least = f->transfer.response.retry_after;
	if (least > RETRY_AFTER_MAX)
		least = RETRY_AFTER_MAX;
	return now + (wait > least ? wait : least);
}

/* The message's next state, and what the ledger learns besides. */
static const char *
decide(struct engine *n, const struct flight *f, struct value *data)
{
	instant now = clock_now();
	char text[CLOCK_TEXT];

	switch (f->verdict.outcome) {
	case OUTCOME_ACCEPTED:
		return "sent";
	case OUTCOME_LATER:
		if (engine_is_too_old(n, f->created)) {
			value_set_string(data, "reason", "gave up after "
			    "max_age");
			return "failed";
		}
		value_set_string(data, "retry_at",
		    clock_format(retry_at(f, now), text));
		value_set_string(data, "reason", "to be tried again");
		return "queued";
	case OUTCOME_SETUP:
		/*
		 * Behind the others: what the provider says of its set-up may
		 * be so with this one message only.
		 */
		value_set_string(data, "retry_at", clock_format(now, text));
		value_set_string(data, "reason", "the provider's set-up");
		return "queued";
	default:
		value_set_string(data, "reason",
		    outcome_name(f->verdict.outcome));
		return "failed";
	}
}

/* What came with the answer itself. */
static void
learn_of_address(struct engine *n, const struct flight *f)
{
	const char *scope = provider_code_opt_out(n->provider->kind,
	    f->verdict.code);

	if (f->verdict.outcome == OUTCOME_OPTOUT)
		learned_opt_out(n->ledger, f->job.id, scope != NULL ? scope :
		    "all", CONSENT_PROVIDER);
	else if (f->verdict.outcome == OUTCOME_ADDRESS)
		learned_dead(n->ledger, f->job.id, f->verdict.code);
}

/* Receipts that came before the answer they belong to. */
void
outcome_hear(struct engine *n, const char *id)
{
	struct ledger_rows *r;
	const char *provider, *code, *scope, *revoked = NULL;
	bool complaint = false;
	char dead[32] = "";

	r = ledger_select(n->ledger, "SELECT e.provider, e.status, "
	    "coalesce(e.code, '') FROM event e JOIN attempt a ON "
	    "a.message = e.message AND a.number = e.attempt WHERE "
	    "e.message = ? AND a.redirected = 0 ORDER BY e.key", "s", id);
	while (ledger_next(r)) {
		provider = ledger_text(r, 0);
		code = ledger_text(r, 2);
		complaint = complaint || strcmp(ledger_text(r, 1),
		    "complained") == 0;
		scope = provider_code_opt_out(provider, code);
		if (scope != NULL && (revoked == NULL ||
		    strcmp(scope, "all") == 0))
			revoked = scope;
		if (provider_code_outcome(provider, code) == OUTCOME_ADDRESS)
			snprintf(dead, sizeof(dead), "%s", code);
	}
	ledger_end(r);
	if (complaint)
		learned_opt_out(n->ledger, id, "all", CONSENT_COMPLAINT);
	else if (revoked != NULL)
		learned_opt_out(n->ledger, id, revoked, CONSENT_PROVIDER);
	if (*dead != '\0')
		learned_dead(n->ledger, id, dead);
	twice_check(n->ledger, id);
}

void
outcome_doubt(struct engine *n, const char *id, int attempt,
    const char *reason)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", id);
	value_set_integer(data, "attempt", attempt);
	value_set_string(data, "reason", reason);
	ledger_append_take(n->ledger, "attempt.doubted", data);
}

/* A provider that names the same message for two of ours is not believed. */
static void
check_provider_id(struct engine *n, struct flight *f)
{
	struct verdict *v = &f->verdict;

	if (v->provider_id[0] == '\0')
		snprintf(v->provider_id, sizeof(v->provider_id), "%s",
		    f->transfer.request.provider_id);
	if (v->provider_id[0] == '\0' || !provider_id_is_anothers(n,
	    v->provider_id, f->job.id, f->attempt))
		return;
	if (!n->provider->repeats_ids) {
		snprintf(v->text, sizeof(v->text), "%.300s is another "
		    "message's id", v->provider_id);
		v->outcome = OUTCOME_UNKNOWN;
	}
	v->provider_id[0] = '\0';
}

static const char *
doubt_reason(const struct flight *f, char *out, size_t size)
{
	if (f->transfer.response.failed || f->verdict.code[0] == '\0')
		return "no answer";
	snprintf(out, size, "no clear answer (%s)", f->verdict.code);
	return out;
}

/* As billed where the provider said so, else as forecast. */
static void
set_cost(const struct flight *f, struct value *v)
{
	int segments = f->verdict.segments > 0 ? f->verdict.segments :
	    f->segments;
	bool billed = f->verdict.cost[0] != '\0';

	if (segments > 0)
		value_set_integer(v, "segments", segments);
	if (billed || f->cost[0] != '\0')
		value_set_string(v, "cost", billed ? f->verdict.cost :
		    f->cost);
	if (billed || f->currency[0] != '\0')
		value_set_string(v, "currency", billed ? f->verdict.currency :
		    f->currency);
}

void
outcome_finish(struct engine *n, struct flight *f)
{
	struct value *data;
	char key[LEDGER_KEY], reason[64];

	if (f->verdict.outcome == OUTCOME_ACCEPTED)
		check_provider_id(n, f);
	if (f->verdict.outcome == OUTCOME_UNKNOWN) {
		outcome_doubt(n, f->job.id, f->attempt, doubt_reason(f, reason,
		    sizeof(reason)));
		return;
	}
	data = value_new_object();
	value_set_string(data, "id", f->job.id);
	value_set_integer(data, "attempt", f->attempt);
	value_set_string(data, "outcome", outcome_name(f->verdict.outcome));
	value_set_string(data, "state", decide(n, f, data));
	if (f->verdict.outcome == OUTCOME_ACCEPTED &&
	    f->verdict.provider_id[0] != '\0')
		value_set_string(data, "provider_id", f->verdict.provider_id);
	if (f->verdict.code[0] != '\0')
		value_set_string(data, "code", f->verdict.code);
	if (f->verdict.text[0] != '\0') {
		ledger_content_put(n->ledger, "response", f->verdict.text,
		    strlen(f->verdict.text), key);
		value_set_string(data, "response", key);
	}
	set_cost(f, data);
	ledger_append_take(n->ledger, "attempt.finished", data);
	outcome_hear(n, f->job.id);
	if (f->redirected)
		return;
	learn_of_address(n, f);
	reminder_check_end(n->ledger, f->job.id);
}

struct value *
outcome_result(const struct engine *n, const struct flight *f)
{
	struct value *v = value_new_object();
	char text[CLOCK_TEXT];

	value_set_integer(v, "attempt", f->attempt);
	value_set_string(v, "provider", n->provider->kind);
	value_set_string(v, "outcome", outcome_name(f->verdict.outcome));
	if (f->verdict.outcome == OUTCOME_ACCEPTED)
		value_set_string(v, "provider_id", f->verdict.provider_id);
	if (f->verdict.code[0] != '\0')
		value_set_string(v, "code", f->verdict.code);
	if (f->verdict.text[0] != '\0')
		value_set_string(v, "message", f->verdict.text);
	value_set_string(v, "at", clock_format(clock_now(), text));
	set_cost(f, v);
	return v;
}
