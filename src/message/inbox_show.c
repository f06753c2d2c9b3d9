/* One conversation: what was said, what is open, and how to answer. */
#include "inbox_impl.h"

#include <stdio.h>
#include <string.h>

#include "message/contact.h"
#include "message/policy.h"

/* A very long id of a contact is cut in that of their conversation. */
#define TOGETHER	"WITH own(id) AS (SELECT ?1 UNION SELECT 'address:' || " \
    "a.hash FROM conversation v JOIN contact_address a ON a.contact = " \
    "v.contact WHERE v.id = ?1 UNION SELECT 'address:' || a.hash FROM " \
    "contact_address a WHERE a.contact = substr(?1, 9) AND " \
    "substr(?1, 1, 8) = 'contact:' UNION SELECT 'address:' || a.hash FROM " \
    "contact_address a WHERE length(?1) = 258 AND a.contact > " \
    "substr(?1, 9) AND a.contact < substr(?1, 9) || char(1114111) AND ?1 = " \
    "substr('contact:' || a.contact, 1, 258)) "

/* The first column of the only row, in the arena; NULL: there is none. */
const char *
inbox_text(struct inbox *b, struct ledger_rows *r)
{
	const char *s = NULL;

	if (ledger_next(r) && ledger_text(r, 0) != NULL)
		s = arena_strdup(b->mem, ledger_text(r, 0));
	ledger_end(r);
	return s;
}

const char *
inbox_together(struct inbox *b, const char *id)
{
	return inbox_text(b, ledger_select(b->ledger, TOGETHER
	    "SELECT json_group_array(id) FROM own", "s", id));
}

/*
 * What was said
 */

static struct value *
message_of(struct ledger_rows *r)
{
	static const char *const names[] = { "id", "direction", "channel",
	    "at", "state", "status", "reason", "subject", "text", "author",
	    "template", "type", "intent", "reminder", "delivered_at",
	    "read_at", "media", "conversation", "released_by" };
	struct value *v = value_new_object();
	int count = sizeof(names) / sizeof(names[0]);

	for (int i = 0; i < count; i++)
		inbox_put_text(v, names[i], ledger_text(r, i));
	if (ledger_int(r, count) != 0)
		value_set_bool(v, "unread", true);
	if (ledger_int(r, count + 1) != 0)
		value_set_bool(v, "erased", true);
	return v;
}

/* The last ones, the oldest of them first. */
static struct value *
messages_of(struct inbox *b, const char *all, size_t count)
{
	struct value *list = value_new_array(), *out = value_new_array();
	struct ledger_rows *r;

	r = ledger_select(b->ledger, "WITH chosen(shown) AS MATERIALIZED "
	    "(SELECT m.rowid FROM json_each(?1) o CROSS JOIN message m INDEXED "
	    "BY message_conversation ON m.conversation = o.value ORDER BY "
	    "m.created_at DESC, m.rowid DESC LIMIT ?2) SELECT m.id, "
	    "m.direction, m.channel_type, coalesce(m.sent_at, m.created_at), "
	    "m.state, m.status, m.reason, c.body ->> '$.subject', c.body ->> "
	    "'$.text', m.author, m.template, m.type, m.intent, m.reminder, "
	    "m.delivered_at, CASE m.direction WHEN 'outbound' THEN m.read_at "
	    "END, (SELECT group_concat(coalesce(f.path, f.state || "
	    "coalesce(': ' || f.reason, '')), ', ') FROM inbound_media f "
	    "WHERE f.message = m.id), m.conversation, m.released_by, "
	    "m.is_unread, c.key IS NOT NULL AND c.body IS NULL FROM chosen CROSS JOIN message m ON "
	    "m.rowid = shown LEFT JOIN content c ON c.key = m.content ORDER "
	    "BY m.created_at DESC, m.rowid DESC", "si", all, (int64_t)count);
	while (ledger_next(r))
		value_append_take(list, message_of(r));
	ledger_end(r);
	for (size_t i = value_count(list); i > 0; i--)
		value_append_take(out, value_copy(value_at(list, i - 1)));
	value_free(list);
	return out;
}

static struct value *
flags_of(struct inbox *b, const char *all, const char *contact)
{
	static const char *const names[] = { "kind", "since", "reason",
	    "reminder", "message" };
	struct value *list = value_new_array(), *v;
	struct ledger_rows *r;

	r = ledger_select(b->ledger, "SELECT f.kind, f.created_at, f.reason, "
	    "f.reminder, f.message, f.id FROM flag f WHERE f.resolved_at IS "
	    "NULL AND f.id IN (SELECT k.id FROM flag k WHERE k.contact = ?2 "
	    "AND k.resolved_at IS NULL UNION ALL SELECT k.id FROM "
	    "json_each(?1) o CROSS JOIN message m ON m.conversation = o.value "
	    "CROSS JOIN flag k ON k.message = m.id) ORDER BY f.id", "ss", all,
	    contact);
	while (ledger_next(r)) {
		v = value_new_object();
		value_set_integer(v, "flag", ledger_int(r, 5));
		for (int i = 0; i < 5; i++)
			inbox_put_text(v, names[i], ledger_text(r, i));
		value_append_take(list, v);
	}
	ledger_end(r);
	return list;
}

/* What is ahead of them, and what was yesterday: the reason they write. */
static struct value *
reminders_of(struct inbox *b, const char *contact)
{
	static const char *const names[] = { "id", "type", "state", "event_at",
	    "event_local", "timezone", "related_type", "related_id", "vars" };
	struct value *list = value_new_array(), *v, *vars;
	char since[CLOCK_TEXT];
	struct ledger_rows *r;
	struct error e;

	r = ledger_select(b->ledger, "SELECT r.id, r.type, r.state, "
	    "r.event_at, r.event_local, r.timezone, r.related_type, "
	    "r.related_id, c.body -> '$.vars' FROM reminder r LEFT JOIN "
	    "content c ON c.key = r.content WHERE r.contact = ?1 AND "
	    "r.event_at > ?2 ORDER BY r.event_at LIMIT 20", "ss", contact,
	    clock_format(clock_now() - 86400, since));
	while (ledger_next(r)) {
		v = value_new_object();
		for (int i = 0; i < 8; i++)
			inbox_put_text(v, names[i], ledger_text(r, i));
		vars = ledger_text(r, 8) == NULL ? NULL : value_parse(
		    ledger_text(r, 8), strlen(ledger_text(r, 8)), &e);
		if (vars != NULL)
			value_set_take(v, "vars", vars);
		value_append_take(list, v);
	}
	ledger_end(r);
	return list;
}

/*
 * How to answer
 */

struct last_word {
	const char *channel;	/* the configured one, or NULL */
	const char *type, *hash, *to, *at;
	const char *message_id, *subject;
	bool is_dead;
};

/*
 * When they last wrote in one conversation, on a channel of this type; any if
 * NULL.  Not from an address that is somebody else's by now, nor from one that
 * is dead.  ?1 to ?3 are the conversation, the type and the contact.
 */
#define WROTE	"m.conversation = ?1 AND m.direction = 'inbound' AND " \
    "m.channel_type <> 'link' AND m.channel_type <> 'voice' AND (?2 IS NULL " \
    "OR m.channel_type = ?2) AND (?3 IS NULL OR NOT EXISTS (SELECT 1 FROM " \
    "contact_address a WHERE a.hash = m.hash) OR EXISTS (SELECT 1 FROM " \
    "contact_address a WHERE a.hash = m.hash AND a.contact = ?3)) AND NOT " \
    "EXISTS (SELECT 1 FROM address x WHERE x.type = m.channel_type AND " \
    "x.hash = m.hash AND x.dead_at IS NOT NULL) "

/* Behind `w`, if it has one already. */
static void
load_later(struct inbox *b, const char *conversation, const char *contact,
    const char *type, struct last_word *w)
{
	const char **const fields[] = { &w->at, &w->channel, &w->type,
	    &w->hash, &w->to, &w->message_id, &w->subject };
	struct ledger_rows *r;

	r = ledger_select(b->ledger, "SELECT m.created_at, m.channel, "
	    "m.channel_type, m.hash, ac.body, c.body ->> '$.message_id', "
	    "c.body ->> '$.subject' FROM message m LEFT JOIN content c ON "
	    "c.key = m.content LEFT JOIN content ac ON ac.key = m.address "
	    "WHERE m.rowid = (SELECT max(m.rowid) FROM message m WHERE " WROTE
	    "AND m.created_at = (SELECT m.created_at FROM message m WHERE "
	    WROTE "ORDER BY m.created_at DESC LIMIT 1)) AND (?4 IS NULL OR "
	    "m.created_at > ?4)", "ssss", conversation, type, contact,
	    w->at);
	if (ledger_next(r))
		for (int i = 0; i < 7; i++)
			*fields[i] = ledger_text(r, i) == NULL ? NULL :
			    arena_strdup(b->mem, ledger_text(r, i));
	ledger_end(r);
}

static bool
load_last(struct inbox *b, const char *all, const char *contact,
    const char *type, struct last_word *w)
{
	struct error e;
	struct value *list = value_parse(all, strlen(all), &e);

	*w = (struct last_word){ 0 };
	for (size_t i = 0; i < value_count(list); i++)
		load_later(b, value_string(value_at(list, i)), contact, type,
		    w);
	value_free(list);
	return w->at != NULL;
}

/* "whatsapp" of "whatsapp" and of the channel [channel whatsapp-roma]. */
static const char *
type_of(struct inbox *b, const char *channel)
{
	const char *type = channel == NULL ? NULL :
	    config_channel_type_of(channel);

	if (type == NULL && channel != NULL &&
	    config_has(b->config, "channel", channel))
		type = config_string(b->config, "channel", channel, "type");
	return type;
}

/* Where the contact can be had on this channel, if not where they wrote. */
static void
load_place(struct inbox *b, const char *contact, const char *type,
    struct last_word *w)
{
	struct ledger_rows *r;

	r = ledger_select(b->ledger, "SELECT a.type, a.hash, c.body, x.dead_at "
	    "FROM "
	    "contact_address a JOIN address x ON x.type = a.type AND x.hash = "
	    "a.hash JOIN content c ON c.key = x.content LEFT JOIN preference "
	    "p ON p.contact = a.contact WHERE a.contact = ?1 AND (?2 IS NULL "
	    "AND a.type <> 'voice' OR a.type = ?2) AND c.body IS NOT NULL "
	    "ORDER BY x.dead_at IS NOT NULL, a.type = p.channel DESC, "
	    "a.type <> 'whatsapp', a.type <> 'sms', a.type <> 'email', "
	    "a.is_primary DESC, a.rank LIMIT 1", "ss", contact, type);
	if (ledger_next(r)) {
		w->type = arena_strdup(b->mem, ledger_text(r, 0));
		w->hash = arena_strdup(b->mem, ledger_text(r, 1));
		w->to = arena_strdup(b->mem, ledger_text(r, 2));
		w->is_dead = ledger_text(r, 3) != NULL;
	}
	ledger_end(r);
}

static void
put_window(struct inbox *b, const struct last_word *w, struct value *v)
{
	char text[CLOCK_TEXT];
	const char *last;
	instant t = 0;

	if (strcmp(w->type, "whatsapp") != 0)
		return;
	last = inbox_text(b, ledger_select(b->ledger, "SELECT last_inbound_at "
	    "FROM address WHERE type = ?1 AND hash = ?2", "ss", w->type,
	    w->hash));
	if (last != NULL && clock_parse(last, &t) &&
	    policy_window_is_open(t, clock_now()))
		value_set_string(v, "window_until", clock_format(t +
		    POLICY_WINDOW, text));
	else
		value_set_bool(v, "template_only", true);
}

static void
put_sleep(struct inbox *b, const char *contact, const struct last_word *w,
    struct value *v)
{
	struct quiet_reader who = { .class = "reply", .channel = w->type,
	    .start = -1, .end = -1 };
	struct quiet quiet;
	struct ledger_rows *r;
	char why[160], text[CLOCK_TEXT];
	struct error e;
	instant until;

	if (quiet_open(&quiet, b->config, &e) == -1)
		return;
	r = ledger_select(b->ledger, "SELECT c.timezone, p.quiet_start, "
	    "p.quiet_end FROM contact c LEFT JOIN preference p ON p.contact = "
	    "c.id WHERE c.id = ?", "s", contact);
	if (ledger_next(r)) {
		if (ledger_text(r, 0) != NULL)
			who.zone = arena_strdup(b->mem, ledger_text(r, 0));
		who.start = time_of_day_parse(ledger_text(r, 1));
		who.end = time_of_day_parse(ledger_text(r, 2));
	}
	ledger_end(r);
	if (quiet_holds(&quiet, &who, clock_now(), &until, why,
	    sizeof(why))) {
		value_set_string(v, "waits_for", why);
		value_set_string(v, "waits_until", clock_format(until, text));
	}
	quiet_close(&quiet);
}

/* Whether they wrote so lately that they wait for the answer. */
static bool
is_awake(struct inbox *b, const struct last_word *w)
{
	instant t;

	return w->at != NULL && clock_parse(w->at, &t) && t >= clock_now() -
	    config_duration(b->config, "inbox", NULL, "answer_within");
}

static void
put_thread(const struct last_word *w, struct value *v)
{
	if (strcmp(w->type, "email") != 0)
		return;
	inbox_put_text(v, "in_reply_to", w->message_id);
	inbox_put_text(v, "subject", w->subject);
}

struct value *
inbox_prospect(struct inbox *b, const char *id, const char *channel)
{
	const char *all = inbox_together(b, id), *contact, *wish;
	struct policy_reader who = { .class = "reply" };
	struct value *v = value_new_object();
	struct last_word last = { 0 }, any;
	char why[160];

	wish = type_of(b, channel);
	contact = strncmp(id, "contact:", 8) == 0 ? id + 8 : NULL;
	load_last(b, all, contact, NULL, &any);
	if ((channel == NULL || wish != NULL) &&
	    (!load_last(b, all, contact, wish, &last) || last.to == NULL) &&
	    contact != NULL)
		load_place(b, contact, wish, &last);
	if ((channel != NULL && wish == NULL) || last.to == NULL ||
	    last.is_dead) {
		if (channel != NULL && wish == NULL)
			snprintf(why, sizeof(why), "channel %.80s: neither a "
			    "type nor a [channel]", channel);
		value_set_string(v, "impossible", channel != NULL && wish ==
		    NULL ? why : last.to != NULL ?
		    "the address is dead" : channel == NULL ?
		    "no address to answer to" : "no address on this channel");
		return v;
	}
	value_set_string(v, "channel", last.type);
	inbox_put_text(v, "account", channel != NULL && config_has(b->config,
	    "channel", channel) ? channel : last.channel);
	value_set_string(v, "to", last.to);
	who.hash = last.hash;
	who.type = last.type;
	who.contact = contact;
	if (policy_is_opted_out(b->ledger, b->config, &who, why, sizeof(why)))
		value_set_string(v, "opted_out", why);
	put_window(b, &last, v);
	put_sleep(b, contact, &last, v);
	put_thread(&last, v);
	if (is_awake(b, &any))
		value_set_bool(v, "just_wrote", true);
	return v;
}

static struct value *
nobody_wrote_yet(struct inbox *b, const char *id)
{
	struct value *v = value_new_object();
	struct ledger_rows *r;

	value_set_string(v, "conversation", id);
	value_set_string(v, "status", "active");
	value_set_string(v, "priority", "normal");
	value_set_integer(v, "unread", 0);
	value_set_take(v, "tags", value_new_array());
	value_set_take(v, "flags", value_new_array());
	r = ledger_select(b->ledger, "SELECT c.id, cc.body ->> '$.name' FROM "
	    "contact c LEFT JOIN content cc ON cc.key = c.content WHERE "
	    "substr('contact:' || c.id, 1, 258) = ?1 AND c.id = substr(?1, 9)",
	    "s", id);
	if (ledger_next(r)) {
		value_set_string(v, "contact", ledger_text(r, 0));
		inbox_put_text(v, "person", ledger_text(r, 1));
	}
	ledger_end(r);
	return v;
}

struct value *
inbox_show(struct inbox *b, const char *id, size_t count)
{
	struct value *v = value_new_object(), *one, *contact, *messages;
	const char *all = inbox_together(b, id), *who;
	const struct value *last;

	one = inbox_one(b, id);
	if (one == NULL)
		one = nobody_wrote_yet(b, id);
	who = value_get_string(one, "contact");
	contact = who == NULL ? NULL : contact_state(b->ledger, who, b->mem);
	messages = messages_of(b, all, count);
	last = value_at(messages, value_count(messages) == 0 ? 0 :
	    value_count(messages) - 1);
	value_carry(v, "last", last, "id");
	value_set_take(v, "flags", flags_of(b, all, who));
	value_set_take(v, "reminders", who == NULL ? value_new_array() :
	    reminders_of(b, who));
	value_set_take(v, "reply", inbox_prospect(b, id, NULL));
	value_set_take(v, "conversation", one);
	if (contact != NULL)
		value_set_take(v, "contact", contact);
	value_set_take(v, "messages", messages);
	return v;
}
