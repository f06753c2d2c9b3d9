#include "link_apply.h"

#include <stdio.h>
#include <string.h>

#include "message/answer.h"
#include "message/contact.h"
#include "message/policy.h"
#include "message/target.h"

#define MARKETING	"marketing"

/* The message whose link it was, and whom it went to. */
struct asked {
	bool found;
	const char *contact;	/* NULL: of nobody who is known now */
	const char *hash, *address, *type, *topic, *class;
	bool rehearsal;
};

struct applying {
	struct ledger *ledger;
	struct config *config;
	struct value *event;
	struct arena *mem;
	struct asked asked;
	const char *id, *source, *given_at;
	bool changed, late, flagged;
};

static const char *
kept(struct ledger_rows *r, int column, struct arena *mem)
{
	return ledger_text(r, column) == NULL ? NULL :
	    arena_strdup(mem, ledger_text(r, column));
}

static void
find_asked(struct applying *a, const char *message)
{
	struct ledger_rows *r;

	a->asked = (struct asked){ .found = false };
	r = ledger_select(a->ledger, "SELECT (SELECT id FROM contact WHERE id "
	    "= m.contact), m.hash, m.address, m.channel_type, m.topic, "
	    "m.class FROM message m WHERE m.id = ? AND m.direction = "
	    "'outbound' AND m.hash IS NOT NULL AND m.channel_type IS NOT NULL",
	    "s", message);
	a->asked.found = ledger_next(r);
	if (a->asked.found) {
		a->asked.contact = kept(r, 0, a->mem);
		a->asked.hash = kept(r, 1, a->mem);
		a->asked.address = kept(r, 2, a->mem);
		a->asked.type = kept(r, 3, a->mem);
		a->asked.topic = kept(r, 4, a->mem);
		a->asked.class = kept(r, 5, a->mem);
	}
	ledger_end(r);
	if (a->asked.found)
		a->asked.rehearsal = target_was_redirected(a->ledger,
		    message);
}

static bool
any_row(struct ledger_rows *r)
{
	bool found = ledger_next(r);

	ledger_end(r);
	return found;
}

/* A page can be sent twice; that makes no work twice. */
static void
put_flag(struct applying *a, const char *kind, const char *message,
    const char *reason)
{
	struct value *data;

	a->flagged = true;
	if (any_row(ledger_select(a->ledger, "SELECT 1 FROM flag WHERE kind = "
	    "?1 AND reason = ?2 AND contact IS ?3 AND (?3 IS NOT NULL OR "
	    "message = ?4) AND resolved_at IS NULL", "ssss", kind, reason,
	    a->asked.contact, message)))
		return;
	data = value_new_object();
	value_set_string(data, "kind", kind);
	value_set_string(data, "message", message);
	value_set_string(data, "reason", reason);
	if (a->asked.contact != NULL)
		value_set_string(data, "contact", a->asked.contact);
	ledger_append_take(a->ledger, "flag.put", data);
}

/*
 * Consent
 */

/* A yes of before a STOP does not lift it, whenever it is read. */
static bool
said_stop_since(struct applying *a, const char *hash, const char *scope)
{
	return a->given_at != NULL && any_row(ledger_select(a->ledger,
	    "SELECT 1 FROM consent WHERE hash = ? AND scope IN ('all', ?) AND "
	    "state = 'out' AND at > ?", "sss", hash, scope, a->given_at));
}

static void
put(struct applying *a, const char *hash, const char *scope, bool in)
{
	const struct consent c = { .hash = hash, .scope = scope, .in = in,
	    .how = CONSENT_LINK, .contact = a->asked.contact,
	    .source = a->source, .given_at = a->given_at };

	if (in && said_stop_since(a, hash, scope))
		a->late = true;
	else if (consent_put(a->ledger, &c) == CONSENT_NEW)
		a->changed = true;
}

/* For the addresses that the person gets later. */
static void
keep(struct applying *a, const char *scope, bool in)
{
	const struct consent c = { .scope = scope, .in = in,
	    .how = CONSENT_LINK, .contact = a->asked.contact,
	    .source = a->source, .given_at = a->given_at };

	if (c.contact != NULL && consent_keep(a->ledger, &c) == CONSENT_NEW)
		a->changed = true;
}

/* Of all the person's addresses, or those of one type of channel. */
static void
put_out(struct applying *a, const char *scope, const char *type)
{
	struct ledger_rows *r;

	put(a, a->asked.hash, scope, false);
	r = ledger_select(a->ledger, "SELECT DISTINCT hash FROM "
	    "contact_address WHERE contact = ?1 AND (?2 IS NULL OR type = ?2) "
	    "AND hash <> ?3 ORDER BY rank", "sss", a->asked.contact, type,
	    a->asked.hash);
	while (ledger_next(r))
		put(a, ledger_text(r, 0), scope, false);
	ledger_end(r);
}

/*
 * A yes counts where the link went, which is the proof that somebody reads
 * there; elsewhere it takes back what this person said, and nobody else.
 */
static void
put_in(struct applying *a, const char *scope)
{
	const bool was_late = a->late;
	struct ledger_rows *r;

	a->late = false;
	put(a, a->asked.hash, scope, true);
	r = ledger_select(a->ledger, "SELECT DISTINCT c.hash FROM "
	    "contact_address c JOIN consent k ON k.hash = c.hash JOIN journal "
	    "j ON j.seq = k.seq WHERE c.contact = ?1 AND c.hash <> ?2 AND "
	    "k.scope = ?3 AND k.state = 'out' AND j.data ->> '$.contact' = ?1 "
	    "ORDER BY c.rank", "sss", a->asked.contact, a->asked.hash, scope);
	while (ledger_next(r))
		put(a, ledger_text(r, 0), scope, true);
	ledger_end(r);
	if (!a->late)
		keep(a, scope, true);
	a->late = a->late || was_late;
}

static void
stop_channel(struct applying *a)
{
	char scope[CONSENT_SCOPE];

	snprintf(scope, sizeof(scope), "channel:%.80s", a->asked.type);
	put_out(a, scope, a->asked.type);
	keep(a, scope, false);
}

static void
stop_all(struct applying *a)
{
	put_out(a, "all", NULL);
	keep(a, "all", false);
}

static void
stop_topic(struct applying *a, const char *topic)
{
	char scope[CONSENT_SCOPE];

	snprintf(scope, sizeof(scope), "topic:%.80s", topic);
	put_out(a, scope, a->asked.type);
}

static void
stop_marketing(struct applying *a)
{
	const struct config *c = a->config;
	const char *name;

	for (size_t i = 0; (name = config_name(c, "topic", i)) != NULL; i++)
		if (policy_is_marketing(c, NULL, name))
			stop_topic(a, name);
	if (!config_has(c, "topic", MARKETING))
		stop_topic(a, MARKETING);
}

/* What policy.c asks about before such a message goes. */
static void
stop_kind(struct applying *a)
{
	const char *topic = a->asked.topic;

	if (policy_is_marketing(a->config, a->asked.class, topic))
		stop_marketing(a);
	if (topic != NULL)
		stop_topic(a, topic);
	else if (!policy_is_marketing(a->config, a->asked.class, NULL))
		stop_channel(a);
}

static void
stop(struct applying *a, const char *scope)
{
	if (strcmp(scope, "all") == 0)
		stop_all(a);
	else if (strcmp(scope, "channel") == 0)
		stop_channel(a);
	else
		stop_kind(a);
}

/* As START does, and in the place of all that said stop. */
static void
start(struct applying *a)
{
	char scope[CONSENT_SCOPE];

	snprintf(scope, sizeof(scope), "channel:%.80s", a->asked.type);
	put_in(a, scope);
	put_in(a, "all");
}

/*
 * Preferences
 */

/* What is chosen into what is there; true when the contact is concerned. */
static bool
merge(const struct value *set, struct value *contact)
{
	static const char *const names[] = { "channel", "quiet_start",
	    "quiet_end" };
	const struct value *v, *old = value_get(contact, "preferences");
	struct value *p = old == NULL ? value_new_object() : value_copy(old);
	bool any = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		v = value_get(set, names[i]);
		if (v == NULL)
			continue;
		any = true;
		value_remove(p, names[i]);
		if (value_string(v) != NULL)
			value_set_take(p, names[i], value_copy(v));
	}
	if (any)
		value_set_take(contact, "preferences", p);
	else
		value_free(p);
	return any;
}

static void
put_contact(struct applying *a, const struct value *set)
{
	const char *id = a->asked.contact;
	struct value *now, *said = value_new_object();
	struct contact_input in = { .config = a->config, .contact = said,
	    .source = a->source };
	bool any;

	now = id == NULL ? NULL : contact_state(a->ledger, id, a->mem);
	if (value_get(now, "preferences") != NULL)
		value_set_take(said, "preferences", value_copy(value_get(now,
		    "preferences")));
	any = merge(set, said);
	if (!any)
		value_remove(said, "preferences");
	value_carry(said, "language", set, "language");
	any = any || value_get(said, "language") != NULL;
	if (any && id == NULL)
		put_flag(a, "preferences", a->id, "chose how to be written to, "
		    "but is no contact: see the text of the message");
	else if (any) {
		value_set_string(said, "id", id);
		if (contact_put(a->ledger, &in, a->mem, NULL) !=
		    CONTACT_UNCHANGED)
			a->changed = true;
	}
	value_free(now);
	value_free(said);
}

static void
put_topics(struct applying *a, const struct value *topics)
{
	char scope[CONSENT_SCOPE];

	for (struct value_iter it = { 0 }; value_next(topics, &it); ) {
		snprintf(scope, sizeof(scope), "topic:%.80s", it.key);
		if (value_is_true(it.value))
			put_in(a, scope);
		else {
			put_out(a, scope, NULL);
			keep(a, scope, false);
		}
	}
}

/* Who wants an end to all of it and yet something has said the former. */
static void
prefer(struct applying *a, const struct value *set)
{
	const char *messages = value_get_string(set, "messages");

	put_contact(a, set);
	if (messages != NULL && strcmp(messages, "start") == 0)
		start(a);
	put_topics(a, value_get(set, "topics"));
	if (messages != NULL && strcmp(messages, "start") != 0)
		stop(a, messages);
}

/*
 * The event
 */

static void
put_received(struct applying *a, const char *intent)
{
	const char *json = value_json(a->event, a->mem);
	const struct asked *who = &a->asked;
	struct value *data = value_new_object();
	char conversation[320], key[LEDGER_KEY];

	ledger_content_put(a->ledger, "answer", json, strlen(json), key);
	snprintf(conversation, sizeof(conversation), "%s:%.250s",
	    who->contact != NULL ? "contact" : "address",
	    who->contact != NULL ? who->contact : who->hash);
	value_set_string(data, "id", a->id);
	value_set_string(data, "conversation", conversation);
	if (who->contact != NULL)
		value_set_string(data, "contact", who->contact);
	value_set_string(data, "channel_type", "link");
	value_set_string(data, "hash", who->hash);
	if (who->address != NULL)
		value_set_string(data, "address", who->address);
	value_set_string(data, "content", key);
	value_set_string(data, "intent", intent);
	value_set_integer(data, "unread", 0);
	value_carry(data, "received_at", a->event, "received_at");
	ledger_append_take(a->ledger, "message.received", data);
}

static void
apply_wish(struct applying *a, bool unsubscribe)
{
	const char *scope = value_get_string(a->event, "scope");
	const char *intent = unsubscribe ? "stop" : "preferences";
	const char *action = unsubscribe ? "opted_out" : "changed";

	put_received(a, intent);
	if (a->asked.rehearsal)
		put_flag(a, "late_reply", a->id, TARGET_REHEARSAL);
	else if (unsubscribe)
		stop(a, scope);
	else
		prefer(a, value_get(a->event, "set"));
	if (a->late)
		put_flag(a, "late_reply", a->id, "asks for messages, but has "
		    "said STOP since");
	value_set_string(a->event, "applied", "recorded");
	value_set_string(a->event, "message", a->id);
	if (a->asked.contact != NULL)
		value_set_string(a->event, "contact", a->asked.contact);
	value_set_string(a->event, "intent", intent);
	value_set_string(a->event, "action", a->flagged ? "flagged" :
	    a->changed ? action : "none");
}

/* Somebody said something, and nobody can tell who: a person may find out. */
static void
apply_unmatched(struct applying *a, const char *message)
{
	const char *reason = arena_printf(a->mem, "%.20s by a link of a "
	    "message that is not in the ledger: %s",
	    value_get_string(a->event, "purpose"), value_get_string(a->event,
	    "text"));

	put_flag(a, "unmatched_link", message, reason);
	value_set_string(a->event, "applied", "unmatched");
	value_set_string(a->event, "action", "flagged");
}

void
link_apply(struct ledger *l, struct config *c, struct value *event,
    struct arena *mem)
{
	const char *message = value_get_string(event, "answers");
	const char *purpose = value_get_string(event, "purpose");
	struct applying a = { .ledger = l, .config = c, .event = event,
	    .mem = mem, .given_at = value_get_string(event, "received_at") };

	a.id = a.source = arena_printf(mem, "in:%s", value_get_string(event,
	    "key"));
	find_asked(&a, message);
	if (!a.asked.found)
		apply_unmatched(&a, message);
	else if (strcmp(purpose, "confirm") == 0)
		answer_apply(l, c, event, mem);
	else if (ledger_count(l, "SELECT count(*) FROM message WHERE id = ?",
	    "s", a.id) > 0)
		value_set_string(event, "applied", "duplicate");
	else
		apply_wish(&a, strcmp(purpose, "unsubscribe") == 0);
}
