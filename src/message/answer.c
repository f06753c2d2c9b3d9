#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "message/contact.h"
#include "message/reminder.h"
#include "message/reply.h"
#include "message/target.h"

struct answer {
	struct ledger *ledger;
	struct config *config;
	struct value *event;
	struct arena *mem;
	const char *id, *from, *type, *text, *contact;
	const char *asked;	/* our message with the link; or NULL */
	const char *said_at;	/* by the provider's clock, or NULL */
	char hash[DIGEST_HEX], address[LEDGER_KEY], content[LEDGER_KEY];
	enum reply_intent intent;
	const char *reminder;
	int64_t revision;
	bool ambiguous;
	const char *too_late;	/* why it cannot count, in words; or NULL */
	bool again;		/* it has been said before */
};

/*
 * The one who has this address; nobody when it is a family's.  A link is of a
 * message that was for one of them.
 */
static void
find_contact(struct answer *a)
{
	struct ledger_rows *r;
	int count = 0;

	if (a->asked != NULL)
		return;
	r = ledger_select(a->ledger, "SELECT DISTINCT contact FROM "
	    "contact_address WHERE hash = ? LIMIT 2", "s", a->hash);
	while (ledger_next(r))
		if (count++ == 0)
			a->contact = arena_strdup(a->mem, ledger_text(r, 0));
	ledger_end(r);
	if (count > 1)
		a->contact = NULL;
}

static bool
is_reaction(const struct answer *a)
{
	const char *type = value_get_string(a->event, "message_type");

	return type != NULL && strcmp(type, "reaction") == 0;
}

/* NULL: it did not come by telephone. */
static const char *
key_pressed(const struct answer *a)
{
	return value_get_string(a->event, "pressed");
}

/*
 * The one that the answer points at.  A thumb under a message that we do not
 * know is no answer to another, and neither is a key in a call.
 */
static bool
find_target(struct answer *a)
{
	const struct target_asked asked = {
		.provider = value_get_string(a->event, "provider"),
		.hash = a->hash, .intent = a->intent,
		.payload = value_get_string(a->event, "button_payload"),
		.context = value_get_string(a->event, "context"),
		.reference = value_get_string(a->event, "reference"),
		.message = a->asked
	};
	struct target t;

	target_find(a->ledger, &asked, a->mem, &t);
	a->reminder = t.reminder;
	a->revision = t.revision;
	a->again = t.again;
	if (!t.again)
		a->too_late = t.why;
	if (a->contact == NULL)
		a->contact = t.contact;
	return t.found || is_reaction(a) || key_pressed(a) != NULL;
}

/* A page can be sent twice; that makes no work twice. */
static bool
is_flagged(struct answer *a, const char *kind, const char *reason)
{
	return ledger_count(a->ledger, "SELECT 1 FROM flag WHERE kind = ?1 AND "
	    "reason = ?2 AND reminder IS ?3 AND contact IS ?4 AND resolved_at "
	    "IS NULL", "ssss", kind, reason, a->reminder, a->contact) > 0;
}

/* "No puedo ir", from one who has said yes: staff must hear of it. */
static int
find_settled(struct answer *a, struct target *t)
{
	int count = target_candidates(a->ledger, a->hash, NULL, true, a->mem,
	    t);

	if (count == 1) {
		target_judge(a->ledger, a->intent, a->mem, t);
		a->again = t->again;
		a->too_late = t->again ? NULL : t->why;
	}
	return count;
}

static void
find_reminder(struct answer *a)
{
	struct target t = { .found = false };
	int count;

	if (find_target(a))
		return;
	count = target_candidates(a->ledger, a->hash, NULL, false, a->mem, &t);
	if (count > 1)
		count = target_candidates(a->ledger, a->hash, a->hash, false,
		    a->mem, &t);
	a->ambiguous = count > 1;
	if (count == 0 && a->too_late == NULL)
		count = find_settled(a, &t);
	a->reminder = count == 1 ? t.reminder : NULL;
	a->revision = t.revision;
}

static void
flag(struct answer *a, const char *kind, const char *reason)
{
	struct value *data;

	if (a->asked != NULL && is_flagged(a, kind, reason))
		return;
	data = value_new_object();
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
	char how[64];
	const struct reminder_end end = { .id = a->reminder,
	    .revision = a->revision, .state = state, .how = how,
	    .message = a->id,
	    .answered_at = value_get_string(a->event, "received_at") };

	snprintf(how, sizeof(how), "%.40s answer", a->type);
	reminder_close(a->ledger, a->config, &end);
}

/* A STOP always counts; what was written before one does not lift it. */
static bool
is_before_stop(const struct answer *a, const char *scope)
{
	if (a->said_at == NULL)
		return false;
	return ledger_count(a->ledger, "SELECT 1 FROM consent WHERE hash = ? "
	    "AND scope IN ('all', ?) AND state = 'out' AND at > ?", "sss",
	    a->hash, scope, a->said_at) > 0;
}

/* False when it comes too late to change anything. */
static bool
set_consent(struct answer *a, bool in)
{
	bool all = strcmp(config_string(a->config, "ingest", NULL,
	    "stop_scope"), "all") == 0;
	struct consent c = { .hash = a->hash, .in = in,
	    .how = CONSENT_KEYWORD, .source = a->id,
	    .given_at = a->said_at };
	char scope[64];

	snprintf(scope, sizeof(scope), "channel:%.40s", a->type);
	if (in && is_before_stop(a, scope))
		return false;
	/* Whoever comes back is back on this channel in any case. */
	c.scope = scope;
	if (in) {
		consent_put(a->ledger, &c);
		all = true;
	}
	if (all)
		c.scope = "all";
	consent_put(a->ledger, &c);
	return true;
}

static const char *
act_late(struct answer *a, const char *why)
{
	flag(a, "late_reply", why);
	return "flagged";
}

/* Staff sees at once what it is about. */
static const char *
act_uncertain(struct answer *a)
{
	if (a->ambiguous) {
		flag(a, "ambiguous_reply", "several reminders are open for "
		    "this address");
		return "flagged";
	}
	if (key_pressed(a) != NULL && a->intent == REPLY_UNCLEAR &&
	    a->too_late != NULL)
		return act_late(a, a->too_late);
	if (a->reminder != NULL && a->too_late != NULL &&
	    a->intent == REPLY_RESCHEDULE)
		return act_late(a, a->too_late);
	if (a->reminder == NULL || a->too_late != NULL)
		return "none";
	if (a->intent == REPLY_RESCHEDULE)
		flag(a, "reschedule", "would come at another time");
	else if (a->intent == REPLY_QUESTION || a->intent == REPLY_HELP)
		flag(a, "question", "asks something");
	else
		flag(a, "unclear_reply", key_pressed(a) != NULL ?
		    "a key was pressed, but Twilio heard a machine: ask" :
		    "an answer that a person must read");
	return "flagged";
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
		return set_consent(a, true) ? "opted_in" : act_late(a,
		    "asks for messages, but has said STOP since");
	case REPLY_CONFIRM:
		if (a->again)
			return "none";
		if (a->too_late != NULL)
			return act_late(a, a->too_late);
		if (a->reminder != NULL) {
			close_reminder(a, "confirmed");
			return "confirmed";
		}
		break;
	case REPLY_DECLINE:
		if (a->again)
			return "none";
		if (a->too_late != NULL)
			return act_late(a, a->too_late);
		if (a->reminder != NULL) {
			close_reminder(a, "declined");
			flag(a, "declined", "cannot come: find another time");
			return "declined";
		}
		break;
	case REPLY_CALL_BACK:
		flag(a, "call_back", "asks to be called back");
		return "flagged";
	case REPLY_AUTOMATIC:
		return "none";
	case REPLY_WRONG_NUMBER:
		flag(a, "wrong_number", "says that it is somebody else's "
		    "address");
		return "flagged";
	case REPLY_RESCHEDULE:
	case REPLY_QUESTION:
	case REPLY_HELP:
	case REPLY_UNCLEAR:
	case REPLY_EMPTY:
	case REPLY_MAX:
	default:
		break;
	}
	return act_uncertain(a);
}

/* The configured channel that the message came in by. */
static const char *
channel_of(const struct answer *a)
{
	const char *to = value_get_string(a->event, "to"), *name, *from;
	const char *number = value_get_string(a->event, "phone_number_id");
	const char *first = NULL, *provider, *own;

	for (size_t i = 0; (name = config_name(a->config, "channel", i)) !=
	    NULL; i++) {
		if (strcmp(config_string(a->config, "channel", name, "type"),
		    a->type) != 0)
			continue;
		from = config_string(a->config, "channel", name, "from");
		provider = config_string(a->config, "channel", name,
		    "provider");
		own = provider == NULL ? NULL : config_string(a->config,
		    "provider", provider, "phone_number_id");
		if ((from != NULL && to != NULL && strcmp(from, to) == 0) ||
		    (own != NULL && number != NULL && strcmp(own, number) == 0))
			return name;
		if (first == NULL)
			first = name;
	}
	return first;
}

/* A thumb, a notice of WhatsApp's and what no person wrote are no message. */
static bool
opens_window(const struct answer *a)
{
	const char *type = value_get_string(a->event, "message_type");

	return a->intent != REPLY_AUTOMATIC && (type == NULL ||
	    (!is_reaction(a) && strcmp(type, "system") != 0));
}

/* "audio/ogg", of "audio/ogg; codecs=opus"; strangers write it. */
static void
put_type(struct value *one, const char *type, struct arena *mem)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789/.+-";
	size_t len = type == NULL ? 0 : strspn(type, plain);

	if (len > 0 && len <= ANSWER_TYPE_MAX && strchr("; ", type[len]))
		value_set_string(one, "type", arena_strndup(mem, type, len));
}

/* What can be fetched, of what came along; a mail's parts are only named. */
static void
put_media(const struct answer *a, struct value *data)
{
	const struct value *all = value_get(a->event, "media"), *v;
	struct value *list = value_new_array(), *one;

	for (size_t i = 0; i < value_count(all) && i < ANSWER_MEDIA_MAX; i++) {
		v = value_at(all, i);
		if (value_get_string(v, "url") == NULL &&
		    value_get_string(v, "id") == NULL)
			break;
		one = value_new_object();
		put_type(one, value_get_string(v, "type"), a->mem);
		value_append_take(list, one);
	}
	if (value_count(list) > 0)
		value_set_take(data, "media", list);
	else
		value_free(list);
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
	if (a->said_at != NULL)
		value_set_string(data, "said_at", a->said_at);
	if (!opens_window(a))
		value_set_integer(data, "opens_window", 0);
	else if (a->contact == NULL && strcmp(a->type, "whatsapp") == 0)
		value_set_integer(data, "put_address", 1);
	put_media(a, data);
	if (a->reminder != NULL) {
		reminder = value_new_object();
		value_set_string(reminder, "id", a->reminder);
		value_set_integer(reminder, "revision", a->revision);
		value_set_take(data, "reminder", reminder);
	}
	ledger_append_take(a->ledger, "message.received", data);
}

/* The address that the message with the link went to. */
static void
find_address(struct answer *a)
{
	struct ledger_rows *r;

	r = ledger_select(a->ledger, "SELECT hash, address FROM message WHERE "
	    "id = ? AND hash IS NOT NULL AND address IS NOT NULL", "s",
	    a->asked);
	if (ledger_next(r)) {
		snprintf(a->hash, sizeof(a->hash), "%s", ledger_text(r, 0));
		snprintf(a->address, sizeof(a->address), "%s",
		    ledger_text(r, 1));
	}
	ledger_end(r);
}

static void
keep_content(struct answer *a)
{
	const char *json = value_json(a->event, a->mem);

	if (a->asked != NULL)
		find_address(a);
	else
		snprintf(a->hash, sizeof(a->hash), "%s",
		    contact_address_put(a->ledger, a->from, a->address));
	ledger_content_put(a->ledger, "answer", json, strlen(json),
	    a->content);
}

/* Whether the answer, as it will be acted on, leaves nothing to staff. */
static bool
will_settle(const struct answer *a)
{
	return a->intent == REPLY_STOP || a->intent == REPLY_START ||
	    a->intent == REPLY_AUTOMATIC || a->again ||
	    (a->intent == REPLY_CONFIRM && a->reminder != NULL &&
	    a->too_late == NULL);
}

/* The text of a key is "1", which would be a yes in any other message. */
static enum reply_intent
intent_of_key(const char *pressed)
{
	static const enum reply_intent keys[] = { REPLY_CONFIRM,
	    REPLY_DECLINE, REPLY_CALL_BACK };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(pressed, reply_intent_name(keys[i])) == 0)
			return keys[i];
	return REPLY_UNCLEAR;
}

/*
 * The word of the provider, then that of our own key or button, then the
 * text's.
 */
static enum reply_intent
intent_of(const struct answer *a)
{
	const char *word = value_get_string(a->event, "opt_out_type");
	enum reply_intent intent;

	if (value_get_string(a->event, "automatic") != NULL)
		return REPLY_AUTOMATIC;
	if (key_pressed(a) != NULL)
		return intent_of_key(key_pressed(a));
	if (word != NULL && strcmp(word, "STOP") == 0)
		return REPLY_STOP;
	intent = target_intent(value_get_string(a->event, "button_payload"));
	return intent != REPLY_MAX ? intent :
	    reply_classify(a->text, strlen(a->text));
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
	a->intent = intent_of(a);
	find_contact(a);
	find_reminder(a);
	if (a->asked != NULL && a->again) {
		value_set_string(a->event, "applied", "duplicate");
		return;
	}
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

/*
 * When the person wrote, which may be days before it got here: WhatsApp's 24
 * hours count from then.  No later than now, whatever the provider's clock.
 */
static const char *
said_at(const struct value *event)
{
	const char *at = value_get_string(event, "at");
	const char *received = value_get_string(event, "received_at");

	/* Both are RFC 3339 in UTC, and sort as they read. */
	return at != NULL && received != NULL && strcmp(received, at) < 0 ?
	    received : at;
}

static void
read_message(struct answer *a)
{
	a->from = value_get_string(a->event, "from");
	a->asked = value_get_string(a->event, "answers");
	a->type = value_get_string(a->event, "channel_type");
	a->text = value_get_string(a->event, "text");
	a->said_at = said_at(a->event);
	if (a->text == NULL)
		a->text = "";
	strip_controls(a);
}

void
answer_apply(struct ledger *l, struct config *c, struct value *event,
    struct arena *mem)
{
	struct answer a = { .ledger = l, .config = c, .event = event,
	    .mem = mem };

	read_message(&a);
	apply_message(&a);
}
