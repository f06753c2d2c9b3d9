#include "inbound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/contact.h"
#include "message/reply.h"

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

/* A complaint, and a provider that says "unsubscribed", are opt-outs. */
static void
consent_of_event(struct ledger *l, const struct value *event)
{
	const char *message = value_get_string(event, "message");

	if (message == NULL)
		return;
	if (strcmp(value_get_string(event, "status"), "complained") == 0)
		consent_revoked(l, message, CONSENT_COMPLAINT);
	else if (value_is_true(value_get(event, "opt_out")))
		consent_revoked(l, message, CONSENT_PROVIDER);
}

static void
apply_status(struct ledger *l, struct value *event)
{
	const char *key = value_get_string(event, "key");
	const char *status = value_get_string(event, "status");
	const char *provider = value_get_string(event, "provider");
	const char *id = value_get_string(event, "provider_id");
	struct value *data;
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
	value_carry(data, "received_at", event, "received_at");
	known = attempt_by_provider_id(l, provider, id, data) ||
	    attempt_by_reference(l, provider, value_get_string(event,
	    "reference"), data);
	if (known)
		value_carry(event, "message", data, "id");
	ledger_append_take(l, "event.received", data);
	consent_of_event(l, event);
	value_set_string(event, "applied", known ? "recorded" : "unmatched");
}

struct answer {
	struct ledger *ledger;
	const struct config *config;
	struct value *event;
	struct arena *mem;
	const char *id, *from, *type, *text, *contact;
	char hash[DIGEST_HEX], address[LEDGER_KEY], content[LEDGER_KEY];
	enum reply_intent intent;
	const char *reminder;
	int64_t revision;
	bool ambiguous;
};

/* The one who has this address; nobody when it is a family's. */
static void
find_contact(struct answer *a)
{
	struct ledger_rows *r;
	int count = 0;

	r = ledger_select(a->ledger, "SELECT DISTINCT contact FROM "
	    "contact_address WHERE hash = ? LIMIT 2", "s", a->hash);
	while (ledger_next(r))
		if (count++ == 0)
			a->contact = arena_strdup(a->mem, ledger_text(r, 0));
	ledger_end(r);
	if (count > 1)
		a->contact = NULL;
}

/*
 * Reminders that this person may be answering: not over, and asked about in
 * their present revision, so that an answer to the old time of a moved
 * appointment does not confirm the new one.  `written` demands that one was
 * sent to this very address.
 */
static int
candidates(struct answer *a, const char *written)
{
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	int count = 0;

	r = ledger_select(a->ledger, "SELECT r.id, r.revision FROM reminder r "
	    "WHERE r.contact IN (SELECT contact FROM contact_address WHERE "
	    "hash = ?1) AND r.state = 'open' AND r.event_at > ?2 AND EXISTS "
	    "(SELECT 1 FROM message m WHERE m.reminder = r.id AND "
	    "m.revision = r.revision AND (m.state IN ('sent', 'in_doubt') OR "
	    "(m.state = 'failed' AND m.reason = 'in doubt')) AND "
	    "m.direction = 'outbound' AND (?3 IS NULL OR m.hash = ?3)) "
	    "LIMIT 2", "sss", a->hash, clock_format(clock_now(), now),
	    written);
	while (ledger_next(r))
		if (count++ == 0) {
			a->reminder = arena_strdup(a->mem, ledger_text(r, 0));
			a->revision = ledger_int(r, 1);
		}
	ledger_end(r);
	return count;
}

static void
find_reminder(struct answer *a)
{
	int count = candidates(a, NULL);

	if (count > 1)
		count = candidates(a, a->hash);
	a->ambiguous = count > 1;
	if (count != 1)
		a->reminder = NULL;
}

static void
flag(struct answer *a, const char *kind, const char *reason)
{
	struct value *data = value_new_object();

	value_set_string(data, "kind", kind);
	value_set_string(data, "message", a->id);
	value_set_string(data, "reason", reason);
	if (a->contact != NULL)
		value_set_string(data, "contact", a->contact);
	if (a->reminder != NULL)
		value_set_string(data, "reminder", a->reminder);
	ledger_append_take(a->ledger, "flag.put", data);
}

static void
close_reminder(struct answer *a, const char *state)
{
	struct value *data = value_new_object();
	char how[64];

	snprintf(how, sizeof(how), "%.40s answer", a->type);
	value_set_string(data, "id", a->reminder);
	value_set_integer(data, "revision", a->revision);
	value_set_string(data, "state", state);
	value_set_string(data, "how", how);
	value_set_string(data, "message", a->id);
	value_carry(data, "answered_at", a->event, "received_at");
	ledger_append_take(a->ledger, "reminder.closed", data);
}

static void
set_consent(struct answer *a, bool in)
{
	bool all = strcmp(config_string(a->config, "ingest", NULL,
	    "stop_scope"), "all") == 0;
	struct consent c = { .hash = a->hash, .in = in,
	    .how = CONSENT_KEYWORD, .source = a->id };
	char scope[64];

	snprintf(scope, sizeof(scope), "channel:%.40s", a->type);
	/* Whoever comes back is back on this channel in any case. */
	c.scope = scope;
	if (in) {
		consent_put(a->ledger, &c);
		all = true;
	}
	if (all)
		c.scope = "all";
	consent_put(a->ledger, &c);
}

/* What is not certain goes to staff instead of being guessed. */
static const char *
act(struct answer *a)
{
	switch (a->intent) {
	case REPLY_STOP:
		set_consent(a, false);
		return "opted_out";
	case REPLY_START:
		set_consent(a, true);
		return "opted_in";
	case REPLY_CONFIRM:
		if (a->reminder != NULL) {
			close_reminder(a, "confirmed");
			return "confirmed";
		}
		break;
	case REPLY_DECLINE:
		if (a->reminder != NULL) {
			close_reminder(a, "declined");
			flag(a, "declined", "cannot come: find another time");
			return "declined";
		}
		break;
	case REPLY_HELP:
	case REPLY_UNCLEAR:
	case REPLY_EMPTY:
	case REPLY_MAX:
	default:
		break;
	}
	if (a->ambiguous) {
		flag(a, "ambiguous_reply", "several reminders are open for "
		    "this address");
		return "flagged";
	}
	if (a->reminder != NULL) {
		flag(a, "unclear_reply", "an answer that a person must read");
		return "flagged";
	}
	return "none";
}

/* The configured channel that the message came in by. */
static const char *
channel_of(const struct answer *a)
{
	const char *to = value_get_string(a->event, "to"), *name, *from;
	const char *first = NULL;

	for (size_t i = 0; (name = config_name(a->config, "channel", i)) !=
	    NULL; i++) {
		if (strcmp(config_string(a->config, "channel", name, "type"),
		    a->type) != 0)
			continue;
		from = config_string(a->config, "channel", name, "from");
		if (from != NULL && to != NULL && strcmp(from, to) == 0)
			return name;
		if (first == NULL)
			first = name;
	}
	return first;
}

static void
put_received(struct answer *a, bool unread)
{
	struct value *data = value_new_object(), *reminder;
	const char *channel = channel_of(a);
	char conversation[320];

	snprintf(conversation, sizeof(conversation), "%s:%.250s",
	    a->contact != NULL ? "contact" : "address",
	    a->contact != NULL ? a->contact : a->hash);
	value_set_string(data, "id", a->id);
	value_set_string(data, "conversation", conversation);
	if (a->contact != NULL)
		value_set_string(data, "contact", a->contact);
	if (channel != NULL)
		value_set_string(data, "channel", channel);
	value_set_string(data, "channel_type", a->type);
	value_set_string(data, "hash", a->hash);
	value_set_string(data, "address", a->address);
	value_set_string(data, "content", a->content);
	value_set_string(data, "intent", reply_intent_name(a->intent));
	value_set_integer(data, "unread", unread);
	value_carry(data, "received_at", a->event, "received_at");
	if (a->reminder != NULL) {
		reminder = value_new_object();
		value_set_string(reminder, "id", a->reminder);
		value_set_integer(reminder, "revision", a->revision);
		value_set_take(data, "reminder", reminder);
	}
	ledger_append_take(a->ledger, "message.received", data);
}

static void
keep_content(struct answer *a)
{
	const char *json = value_json(a->event, a->mem);

	snprintf(a->hash, sizeof(a->hash), "%s", contact_address_put(a->ledger,
	    a->from, a->address));
	ledger_content_put(a->ledger, "answer", json, strlen(json),
	    a->content);
}

/* Whether the answer, as it will be acted on, leaves nothing to staff. */
static bool
will_settle(const struct answer *a)
{
	return a->intent == REPLY_STOP || a->intent == REPLY_START ||
	    (a->intent == REPLY_CONFIRM && a->reminder != NULL);
}

static void
apply_message(struct answer *a)
{
	const char *action;

	a->id = arena_printf(a->mem, "in:%s", value_get_string(a->event,
	    "key"));
	if (ledger_count(a->ledger, "SELECT count(*) FROM message WHERE id = "
	    "?", "s", a->id) > 0) {
		value_set_string(a->event, "applied", "duplicate");
		return;
	}
	keep_content(a);
	a->intent = reply_classify(a->text, strlen(a->text));
	if (value_get_string(a->event, "opt_out_type") != NULL &&
	    strcmp(value_get_string(a->event, "opt_out_type"), "STOP") == 0)
		a->intent = REPLY_STOP;
	find_contact(a);
	find_reminder(a);
	put_received(a, !will_settle(a));
	action = act(a);
	value_set_string(a->event, "applied", "recorded");
	value_set_string(a->event, "message", a->id);
	if (a->contact != NULL)
		value_set_string(a->event, "contact", a->contact);
	if (a->reminder != NULL)
		value_set_string(a->event, "reminder", a->reminder);
	value_set_string(a->event, "intent", reply_intent_name(a->intent));
	value_set_string(a->event, "action", action);
}

/* Staff reads this in a terminal: no escape sequences of strangers. */
static void
strip_controls(struct answer *a)
{
	char *clean = arena_strdup(a->mem, a->text), *to = clean;
	const char *p = a->text;
	size_t n;

	for (; *p != '\0'; p += n) {
		n = utf8_length(p, strlen(p));
		if (n == 0)
			n = 1;
		else if ((n > 1 || (unsigned char)*p >= 0x20 || *p == '\n' ||
		    *p == '\t') && *p != 0x7f && !(n == 2 &&
		    (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0)) {
			memcpy(to, p, n);
			to += n;
		}
	}
	*to = '\0';
	if (strcmp(clean, a->text) != 0)
		value_set_string(a->event, "text", clean);
	a->text = clean;
}

void
inbound_apply(struct ledger *l, const struct config *c, struct value *event,
    struct arena *mem)
{
	struct answer a = { .ledger = l, .config = c, .event = event,
	    .mem = mem };

	if (strcmp(value_get_string(event, "kind"), "status") == 0) {
		apply_status(l, event);
		return;
	}
	a.from = value_get_string(event, "from");
	a.type = value_get_string(event, "channel_type");
	a.text = value_get_string(event, "text");
	if (a.text == NULL)
		a.text = "";
	strip_controls(&a);
	apply_message(&a);
}
