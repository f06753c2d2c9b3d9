/*
 * What a dead sender left open is in doubt: evidence first, then a time of
 * grace, then what the channel's owner decided.
 */
#include "engine_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

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
	engine_hear(n, id);
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

/* Evidence first, then grace, then what the channel's owner decided. */
static void
resolve(struct engine *n, const char *id, int attempt, const char *doubted)
{
	struct flight f = { .attempt = attempt };
	const char *policy = config_string(n->config, "channel", n->name,
	    "doubt");
	instant since, now = clock_now();
	char theirs[256];
	int sent = -1;

	snprintf(f.id, sizeof(f.id), "%s", id);
	if (engine_build(n, &f) == 0)
		sent = wire_was_sent(n->wire, f.request.name);
	if (!clock_parse(doubted, &since))
		since = now;
	if (has_receipt(n, id, attempt, theirs))
		finish_doubt(n, id, attempt, "accepted", "sent", NULL, theirs);
	else if (sent == 1)
		finish_doubt(n, id, attempt, "accepted", "sent", NULL,
		    f.request.provider_id);
	else if (sent == 0)
		finish_doubt(n, id, attempt, "later", "queued",
		    "not sent by the sender that died", NULL);
	else if (now - since >= config_duration(n->config, "channel",
	    n->name, "doubt_grace")) {
		if (strcmp(policy, "resend") == 0)
			finish_doubt(n, id, attempt, "unknown", "queued",
			    "sent again in doubt", NULL);
		else {
			finish_doubt(n, id, attempt, "unknown", "failed",
			    "in doubt", NULL);
			engine_flag(n, "in_doubt", id, "may have been sent or "
			    "not: nothing came back");
		}
	}
	buf_release(&f.request.body);
}

struct open_attempt {
	char *id, *doubted;
	int64_t number;
	bool open;
};

/* Every attempt of this channel that is open belongs to a dead sender. */
void
engine_recover(struct engine *n)
{
	struct arena keep = ARENA_INIT((size_t)64 * 1024 * 1024);
	struct open_attempt page[PAGE];
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	size_t count = 0;

	r = ledger_select(n->ledger, "SELECT message, number, state, "
	    "doubted_at FROM attempt WHERE channel = ? AND state IN ('open', "
	    "'in_doubt') ORDER BY state = 'open' DESC, doubted_at, message "
	    "LIMIT 200", "s", n->name);
	for (; count < PAGE && ledger_next(r); count++) {
		page[count].id = arena_strdup(&keep, ledger_text(r, 0));
		page[count].number = ledger_int(r, 1);
		page[count].open = strcmp(ledger_text(r, 2), "open") == 0;
		page[count].doubted = arena_strdup(&keep,
		    ledger_text(r, 3) == NULL ? "" : ledger_text(r, 3));
	}
	ledger_end(r);
	if (count > 0)
		ledger_begin(n->ledger);
	for (size_t i = 0; i < count; i++) {
		if (page[i].open) {
			engine_doubt(n, page[i].id, (int)page[i].number,
			    "its sender died");
			page[i].doubted = clock_format(clock_now(), now);
		}
		resolve(n, page[i].id, (int)page[i].number, page[i].doubted);
	}
	if (count > 0)
		ledger_commit(n->ledger);
	arena_release(&keep);
	arena_reset(&n->mem);
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
			engine_journal(n, "message.expired", ids[i], "too late",
			    NULL, false);
		ledger_commit(n->ledger);
	} while (count == PAGE);
	arena_release(&keep);
}
