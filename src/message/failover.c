#include "failover.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/output.h"
#include "message/notice.h"

#define PAGE	200	/* messages read at a time; nothing stays pinned */
#define ID_MAX	180	/* bytes of an id that still takes ours behind it */

/* One message of a chain, copied, so that no select is open while we write. */
struct link {
	const char *id, *parent, *contact, *content, *channel, *state, *reason,
	    *status, *outcome, *code, *hash, *topic;
};

/* The one that failed first, and those before it up to the root. */
struct chain {
	struct link links[FAILOVER_CHAIN];
	size_t count;
};

static const struct link *
last_of(const struct chain *c)
{
	return &c->links[0];
}

static const struct link *
root_of(const struct chain *c)
{
	return &c->links[c->count - 1];
}

static bool
load_link(struct escalator *s, const char *id, struct link *k)
{
	const char **text[] = { &k->id, &k->parent, &k->contact, &k->content,
	    &k->channel, &k->state, &k->reason, &k->status, &k->outcome,
	    &k->code, &k->hash, &k->topic };
	struct ledger_rows *r;
	const char *t;
	bool found;

	r = ledger_select(s->ledger, "SELECT m.id, m.parent, m.contact, "
	    "m.content, m.channel_type, m.state, m.reason, m.status, "
	    "a.outcome, a.code, m.hash, m.topic FROM message m LEFT JOIN "
	    "attempt a ON a.message = m.id AND a.number = m.attempts "
	    "WHERE m.id = ?", "s", id);
	found = ledger_next(r);
	for (int i = 0; found && i < (int)(sizeof(text) / sizeof(text[0]));
	    i++) {
		t = ledger_text(r, i);
		*text[i] = t == NULL ? NULL : arena_strdup(&s->mem, t);
	}
	ledger_end(r);
	return found;
}

/* A `parent` that is not in the ledger, or goes round, ends it. */
static void
load_chain(struct escalator *s, const char *id, struct chain *c)
{
	c->count = 0;
	while (id != NULL && c->count < FAILOVER_CHAIN &&
	    load_link(s, id, &c->links[c->count])) {
		for (size_t i = 0; i < c->count; i++)
			if (strcmp(c->links[i].id, id) == 0)
				return;
		id = c->links[c->count++].parent;
	}
}

/*
 * Wants nothing more of this, on no channel.  What a provider reports as an
 * opt-out is a STOP to its number: for others of the person it says nothing.
 */
static bool
is_unwanted(struct escalator *s, const struct link *k)
{
	return ledger_count(s->ledger, "SELECT 1 FROM consent WHERE hash = ?1 "
	    "AND state = 'out' AND ((scope = 'all' AND how <> 'provider') OR "
	    "scope = 'topic:' || ?2) UNION ALL SELECT 1 FROM preference WHERE "
	    "contact = ?3 AND json_valid(topics) AND json_extract(topics, "
	    "'$.\"' || ?2 || '\"') = 0", "sss", k->hash, k->topic,
	    k->contact) > 0;
}

static bool
chain_is_unwanted(struct escalator *s, const struct chain *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (is_unwanted(s, &c->links[i]))
			return true;
	return false;
}

/* Why this one did not arrive, in words that name nobody. */
static const char *
reason_of(const struct link *k)
{
	static const struct { const char *reason, *words; } known[] = {
		{ "refused", "refused by the provider" },
		{ "address", "no such address" },
		{ "optout", "opted out at the provider" },
		{ "unreachable", "no address that may be used" },
	};

	if (k->status != NULL && strcmp(k->status, "bounced") == 0)
		return "bounced";
	if (k->outcome != NULL && strcmp(k->outcome, "accepted") == 0)
		return "accepted by the provider, but not delivered";
	for (size_t i = 0; k->reason != NULL &&
	    i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].reason, k->reason) == 0)
			return known[i].words;
	return k->reason == NULL ? k->state : k->reason;
}

/* A code that says no more than the words before it is left out. */
static const char *
code_of(const struct link *k)
{
	if (k->outcome != NULL && strcmp(k->outcome, "accepted") == 0)
		return k->reason;
	return k->code != NULL && strcmp(k->state, "failed") == 0 ? k->code :
	    NULL;
}

/* "sms: no such address (30003); email: bounced (5.1.1)" */
static const char *
all_reasons(struct escalator *s, const struct chain *c)
{
	const char *all = "", *code;

	for (size_t i = c->count; i-- > 0;) {
		code = code_of(&c->links[i]);
		all = arena_printf(&s->mem, "%s%s%s: %s%s%s%s", all,
		    *all == '\0' ? "" : "; ", c->links[i].channel == NULL ?
		    "?" : c->links[i].channel, reason_of(&c->links[i]),
		    code == NULL ? "" : " (", code == NULL ? "" : code,
		    code == NULL ? "" : ")");
	}
	return all;
}

/* "order-17" becomes "order-17/failover.1", and that "order-17/failover.2". */
static const char *
next_id(struct escalator *s, const struct chain *c)
{
	const char *root = root_of(c)->id;
	char hash[DIGEST_HEX];

	if (strlen(root) > ID_MAX) {
		digest_sha256(root, strlen(root), hash);
		root = hash;
	}
	return arena_printf(&s->mem, "%s/failover.%zu", root, c->count);
}

/* `flag` NULL: it ends, and there is nothing that staff could do. */
static void
emit_end(struct escalator *s, const struct chain *c, const char *id,
    const char *flag, const char *reason)
{
	struct record r = RECORD_INIT;
	struct value *v = value_new_object(), *contact;

	record_new(&r);
	record_set_string(&r, "id", id);
	record_set_string(&r, "parent", last_of(c)->id);
	record_set_string(&r, "channel", "staff");
	if (last_of(c)->contact != NULL) {
		contact = value_new_object();
		value_set_string(contact, "id", last_of(c)->contact);
		record_set_take(&r, "contact", contact);
	}
	value_set_string(v, "of", root_of(c)->id);
	if (flag != NULL)
		value_set_string(v, "flag", flag);
	value_set_string(v, "reason", reason);
	record_set_take(&r, "failover", v);
	escalate_put(s, &r);
	record_release(&r);
}

/* What came in with the message; all else was made for the old channel. */
static void
copy_input(const struct record *old, struct record *new)
{
	static const char *const fields[] = { "type", "topic", "class",
	    "template", "contact", "vars", "metadata", "related", "priority",
	    "author", "language", "timezone", "headers", "attachments",
	    "in_reply_to", "link", "media", "expires_at" };
	static const char *const own[] = { "subject", "text", "html" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (record_get(old, fields[i]) != NULL)
			record_set_take(new, fields[i],
			    value_copy(record_get(old, fields[i])));
	for (size_t i = 0; record_string(old, "template") == NULL &&
	    i < sizeof(own) / sizeof(own[0]); i++)
		if (record_get(old, own[i]) != NULL)
			record_set_take(new, own[i],
			    value_copy(record_get(old, own[i])));
}

/* Two that were one person after all were merged. */
static void
set_contact(const struct link *k, struct record *r)
{
	struct value *v;

	if (k->contact == NULL ||
	    value_type(record_get(r, "contact")) != VALUE_OBJECT)
		return;
	v = value_copy(record_get(r, "contact"));
	value_set_string(v, "id", k->contact);
	record_set_take(r, "contact", v);
}

static void
emit_next(struct escalator *s, const struct chain *c, const char *id,
    const struct record *old)
{
	const struct value *list = record_get(old, "fallback");
	struct value *left = value_new_array();
	struct record r = RECORD_INIT;

	record_new(&r);
	record_set_string(&r, "id", id);
	record_set_string(&r, "parent", last_of(c)->id);
	copy_input(old, &r);
	/* A notice still counts only while its reminder stands so. */
	if (notice_of(old) != NULL)
		record_set_take(&r, "reminder", value_copy(record_get(old,
		    "reminder")));
	set_contact(last_of(c), &r);
	record_set_string(&r, "channel", value_string(value_at(list, 0)));
	for (size_t i = 1; i < value_count(list); i++)
		value_append_take(left, value_copy(value_at(list, i)));
	record_set_take(&r, "fallback", left);
	escalate_put(s, &r);
	record_release(&r);
}

static bool
id_is_taken(struct escalator *s, const char *id)
{
	return ledger_count(s->ledger, "SELECT count(*) FROM message WHERE "
	    "id = ?", "s", id) > 0;
}

/* NULL: the next channel may be tried; else why none is. */
static const char *
obstacle(struct escalator *s, const struct chain *c, const char *id,
    const struct record *old)
{
	const char *next, *until = record_string(old, "expires_at");
	instant t;

	next = value_string(value_at(record_get(old, "fallback"), 0));
	if (next == NULL)
		return "no channel is left";
	if (c->count == FAILOVER_CHAIN)
		return "too many channels";
	if (until != NULL && clock_parse(until, &t) && t <= clock_now())
		return arena_printf(&s->mem, "too late for %.32s", next);
	if (id_is_taken(s, id))
		return arena_printf(&s->mem, "%.32s: another message has the "
		    "id %s", next, id);
	return NULL;
}

static void
emit(struct escalator *s, const char *failed)
{
	struct chain c;
	struct record old = RECORD_INIT;
	const char *id, *why, *body;
	struct error e;

	load_chain(s, failed, &c);
	if (c.count == 0)
		return;
	id = next_id(s, &c);
	body = ledger_content(s->ledger, last_of(&c)->content, &s->mem);
	if (body == NULL || record_parse(&old, body, strlen(body), &e) == -1)
		emit_end(s, &c, id, NULL, "its content was erased");
	else if (chain_is_unwanted(s, &c))
		emit_end(s, &c, id, NULL, "the person wants no more of this");
	else {
		why = obstacle(s, &c, id, &old);
		if (why == NULL)
			emit_next(s, &c, id, &old);
		else
			emit_end(s, &c, id, "failed", arena_printf(&s->mem,
			    "%s; %s", all_reasons(s, &c), why));
	}
	record_release(&old);
}

static size_t
read_page(struct escalator *s, const char *after, struct arena *mem,
    const char *page[PAGE])
{
	struct ledger_rows *r;
	size_t n = 0;

	r = ledger_select(s->ledger, "SELECT id FROM message WHERE "
	    "failover = 'due' AND id > ? ORDER BY id LIMIT 200", "s", after);
	/* `after` was of the page before; the statement has its own copy. */
	arena_reset(mem);
	while (n < PAGE && ledger_next(r))
		page[n++] = arena_strdup(mem, ledger_text(r, 0));
	ledger_end(r);
	return n;
}

void
failover(struct escalator *s)
{
	struct arena mem = ARENA_INIT((size_t)PAGE * RECORD_MAX);
	const char *page[PAGE], *after = "";
	size_t n;

	do {
		n = read_page(s, after, &mem, page);
		for (size_t i = 0; i < n; i++) {
			arena_reset(&s->mem);
			emit(s, page[i]);
		}
		after = n == 0 ? "" : page[n - 1];
	} while (n == PAGE);
	arena_release(&mem);
}
