#include "inbound.h"

#include <stdio.h>
#include <string.h>

#include "message/answer.h"
#include "message/contact.h"
#include "message/inbound_mail.h"
#include "message/learned.h"
#include "message/link_apply.h"
#include "message/reminder.h"
#include "message/twice.h"

/* Order of statuses; whatever comes first, the highest one shows. */
static const struct rank {
	const char *status;
	int rank;
} ranks[] = {
	{ "accepted", 1 }, { "sent", 2 }, { "failed", 3 },
	{ "delivered", 4 }, { "read", 5 }, { "bounced", 6 },
	{ "complained", 7 }
};

static int
rank_of(const char *status)
{
	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++)
		if (status != NULL && strcmp(ranks[i].status, status) == 0)
			return ranks[i].rank;
	return 0;
}

/* The first row of "message, number" as the event's id and attempt. */
static bool
take_attempt(struct ledger_rows *r, struct value *data)
{
	bool found = ledger_next(r);

	if (found) {
		value_set_string(data, "id", ledger_text(r, 0));
		value_set_integer(data, "attempt", ledger_int(r, 1));
	}
	ledger_end(r);
	return found;
}

/*
 * "ID.3": the attempt that we named when we sent, unless this provider has
 * given it another id.
 */
static bool
attempt_by_reference(struct ledger *l, const char *provider,
    const char *reference, struct value *data)
{
	struct ledger_rows *r;

	if (reference == NULL)
		return false;
	r = ledger_select(l, "SELECT message, number FROM attempt WHERE "
	    "message = substr(?1, 1, length(?1) - length(?2)) AND number = "
	    "CAST(substr(?2, 2) AS INTEGER) AND (provider_id IS NULL OR "
	    "provider <> ?3)", "sss", reference,
	    strrchr(reference, '.') == NULL ? "" : strrchr(reference, '.'),
	    provider);
	return take_attempt(r, data);
}

static bool
attempt_by_provider_id(struct ledger *l, const char *provider, const char *id,
    struct value *data)
{
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT message, number FROM attempt WHERE "
	    "provider = ? AND provider_id = ?", "ss", provider, id);
	return take_attempt(r, data);
}

/* [test] redirect: who sent the receipt is not whom the message is for. */
static bool
is_redirected(struct ledger *l, const char *message, int64_t attempt)
{
	return ledger_count(l, "SELECT 1 FROM attempt WHERE message = ? AND "
	    "number = ? AND redirected = 1", "si", message, attempt) > 0;
}

/*
 * What a receipt says of its reader: a complaint, and a provider that says
 * "unsubscribed", are opt-outs; a number that is none is not tried again.
 */
static void
learn_of_reader(struct ledger *l, const struct value *event, int64_t attempt)
{
	const char *message = value_get_string(event, "message");
	const char *scope = value_get_string(event, "opt_out");

	/* What anybody could have written says nothing of an address. */
	if (message == NULL || is_redirected(l, message, attempt) ||
	    value_is_true(value_get(event, "unproven")))
		return;
	if (value_is_true(value_get(event, "dead")))
		learned_dead(l, message, value_get_string(event, "code"));
	if (strcmp(value_get_string(event, "status"), "complained") == 0)
		learned_opt_out(l, message, "all", CONSENT_COMPLAINT);
	else if (scope != NULL)
		learned_opt_out(l, message, scope, CONSENT_PROVIDER);
}

/* Why it failed, in the provider's words, and what it is billed as. */
static void
put_terms(struct value *data, const struct value *event)
{
	const struct value *pricing = value_get(event, "pricing");
	const struct value *billable = value_get(pricing, "billable");

	value_carry(data, "title", event, "title");
	value_carry(data, "category", pricing, "category");
	if (value_type(billable) == VALUE_BOOL)
		value_set_integer(data, "billable", value_is_true(billable));
}

static void
apply_status(struct ledger *l, struct value *event)
{
	const char *key = value_get_string(event, "key");
	const char *status = value_get_string(event, "status");
	const char *provider = value_get_string(event, "provider");
	const char *id = value_get_string(event, "provider_id");
	struct value *data;
	int64_t attempt = 0;
	bool known;

	if (ledger_count(l, "SELECT count(*) FROM event WHERE key = ?", "s",
	    key) > 0) {
		value_set_string(event, "applied", "duplicate");
		return;
	}
	data = value_new_object();
	value_set_string(data, "key", key);
	value_set_string(data, "provider", provider);
	value_set_string(data, "provider_id", id);
	value_set_string(data, "status", status);
	value_set_integer(data, "rank", rank_of(status));
	value_carry(data, "code", event, "code");
	put_terms(data, event);
	/* By the provider's clock, if it tells: then no order matters. */
	value_carry(data, "received_at", event, value_get(event, "at") != NULL ?
	    "at" : "received_at");
	known = attempt_by_provider_id(l, provider, id, data) ||
	    attempt_by_reference(l, provider, value_get_string(event,
	    "reference"), data);
	if (known)
		value_carry(event, "message", data, "id");
	value_integer(value_get(data, "attempt"), &attempt);
	ledger_append_take(l, "event.received", data);
	learn_of_reader(l, event, attempt);
	if (known) {
		twice_check(l, value_get_string(event, "message"));
		reminder_check_end(l, value_get_string(event, "message"));
	}
	value_set_string(event, "applied", known ? "recorded" : "unmatched");
	if (known && strncmp(key, "mail:", 5) == 0)
		inbound_mail_count(l, event);
}

/*
 * What somebody set in WhatsApp's own menu.  These come late and again too, so
 * what the person has said since by any way goes before.
 */
static bool
is_news(struct ledger *l, const struct consent *c)
{
	return ledger_count(l, "SELECT 1 FROM consent WHERE hash = ?1 AND "
	    "scope = ?2 AND how IN ('keyword', 'link', 'provider', "
	    "'complaint') AND (at > ?3 OR (at = ?3 AND state = 'out'))", "sss",
	    c->hash, c->scope, c->given_at) == 0;
}

static void
apply_preference(struct ledger *l, struct value *event)
{
	char key[LEDGER_KEY], scope[CONSENT_SCOPE], now[CLOCK_TEXT];
	struct consent c = { .scope = scope, .how = CONSENT_PROVIDER,
	    .source = "whatsapp:user_preferences",
	    .in = strcmp(value_get_string(event, "value"), "resume") == 0,
	    .given_at = value_get_string(event, "at") };
	bool news;

	if (c.given_at == NULL)
		c.given_at = value_get_string(event, "received_at");
	if (c.given_at == NULL)
		c.given_at = clock_format(clock_now(), now);
	c.hash = contact_address_put(l, value_get_string(event, "from"), key);
	snprintf(scope, sizeof(scope), "topic:%.80s", value_get_string(event,
	    "topic"));
	news = is_news(l, &c) && consent_put(l, &c) == CONSENT_NEW;
	value_set_string(event, "applied", news ? "recorded" : "duplicate");
	value_set_string(event, "action", !news ? "none" : c.in ? "opted_in" :
	    "opted_out");
}

/*
 * SNS brings no more events of that topic: somebody ended it at Amazon, or by
 * the URL that each of its mails and webhooks has.  Known by when it was.
 */
static void
apply_unsubscription(struct ledger *l, struct value *event)
{
	static const char kind[] = "unsubscribed";
	const char *at = value_get_string(event, "at");
	char reason[768];
	struct value *data;

	snprintf(reason, sizeof(reason), "no more events of %.600s since %s",
	    value_get_string(event, "topic"), at == NULL ? "now" : at);
	if (ledger_count(l, "SELECT count(*) FROM flag WHERE kind = ? AND "
	    "reason = ?", "ss", kind, reason) > 0) {
		value_set_string(event, "applied", "duplicate");
		return;
	}
	data = value_new_object();
	value_set_string(data, "kind", kind);
	value_set_string(data, "reason", reason);
	ledger_append_take(l, "flag.put", data);
	value_set_string(event, "applied", "recorded");
	value_set_string(event, "action", "flagged");
}

static bool
was_redirected(struct ledger *l, const char *message)
{
	return ledger_count(l, "SELECT count(*) FROM attempt WHERE message = "
	    "? AND redirected = 1", "s", message) > 0;
}

static const char *
stop_scope(const struct config *c)
{
	return strcmp(config_string(c, "ingest", NULL, "stop_scope"), "all") ==
	    0 ? "all" : "channel:email";
}

/* A mail with the token that stands in List-Unsubscribe. */
static void
apply_unsubscribe(struct ledger *l, const struct config *c,
    struct value *event)
{
	const char *message = value_get_string(event, "message");
	struct consent consent = { .scope = stop_scope(c),
	    .how = CONSENT_LINK, .source = message };
	char hash[DIGEST_HEX] = "";
	struct ledger_rows *r;
	bool news;

	r = ledger_select(l, "SELECT hash FROM message WHERE id = ? AND hash "
	    "IS NOT NULL", "s", message);
	if (ledger_next(r))
		snprintf(hash, sizeof(hash), "%s", ledger_text(r, 0));
	ledger_end(r);
	if (hash[0] == '\0' || was_redirected(l, message)) {
		value_set_string(event, "applied", "unmatched");
		value_set_string(event, "action", "none");
		return;
	}
	consent.hash = hash;
	news = consent_put(l, &consent) == CONSENT_NEW;
	value_set_string(event, "applied", news ? "recorded" : "duplicate");
	value_set_string(event, "action", news ? "opted_out" : "none");
}

/*
 * "BAJA" from another address of the same person is meant for the one that we
 * write to; only a mail says so with a proof.
 */
static void
apply_message(struct ledger *l, struct config *c, struct value *event,
    struct arena *mem)
{
	const char *reference = value_get_string(event, "reference");
	const char *action, *provider = value_get_string(event, "provider");
	char *message;

	answer_apply(l, c, event, mem);
	action = value_get_string(event, "action");
	if (strcmp(provider, "mail") != 0 || reference == NULL ||
	    action == NULL || strcmp(action, "opted_out") != 0)
		return;
	message = arena_strndup(mem, reference,
	    (size_t)(strrchr(reference, '.') - reference));
	if (!was_redirected(l, message))
		learned_opt_out(l, message, stop_scope(c), CONSENT_KEYWORD);
}

void
inbound_apply(struct ledger *l, struct config *c, struct value *event,
    struct arena *mem)
{
	const char *kind = value_get_string(event, "kind");

	if (strcmp(kind, "status") == 0)
		apply_status(l, event);
	else if (strcmp(kind, "preference") == 0)
		apply_preference(l, event);
	else if (strcmp(kind, "unsubscribe") == 0)
		apply_unsubscribe(l, c, event);
	else if (strcmp(kind, "message") == 0)
		apply_message(l, c, event, mem);
	else if (strcmp(kind, "link") == 0)
		link_apply(l, c, event, mem);
	else if (strcmp(kind, "unsubscription") == 0)
		apply_unsubscription(l, event);
	else if (strcmp(kind, "subscription") == 0)
		value_set_string(event, "applied", "waiting");
	else
		value_set_string(event, "applied", "ignored");
}
