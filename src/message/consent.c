#include "consent.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "message/address.h"
#include "message/contact.h"

static const char *const hows[CONSENT_HOW_MAX] = {
	[CONSENT_IMPORT] = "import", [CONSENT_STAFF] = "staff",
	[CONSENT_KEYWORD] = "keyword", [CONSENT_LINK] = "link",
	[CONSENT_PROVIDER] = "provider", [CONSENT_COMPLAINT] = "complaint"
};

const char *
consent_how_name(enum consent_how how)
{
	return hows[how];
}

enum consent_how
consent_how_read(const char *name)
{
	int i = 0;

	while (i < CONSENT_HOW_MAX && (name == NULL ||
	    strcmp(hows[i], name) != 0))
		i++;
	return (enum consent_how)i;
}

/* Whose word it is: an import's, staff's, or the person's own. */
static int
weight(enum consent_how how)
{
	return how < CONSENT_KEYWORD ? (int)how : CONSENT_KEYWORD;
}

struct known {
	bool there, in;
	int weight;
	char at[CLOCK_TEXT];
};

static void
look_up(struct ledger *l, const struct consent *c, struct known *k)
{
	struct ledger_rows *r;

	*k = (struct known){ .there = false };
	r = ledger_select(l, "SELECT state, how, at FROM consent WHERE hash = "
	    "? AND scope = ?", "ss", c->hash, c->scope);
	k->there = ledger_next(r);
	if (k->there) {
		k->in = strcmp(ledger_text(r, 0), "in") == 0;
		/* A word that is not known is taken for the person's own. */
		k->weight = weight(consent_how_read(ledger_text(r, 1)));
		snprintf(k->at, sizeof(k->at), "%s", ledger_text(r, 2));
	}
	ledger_end(r);
}

static enum consent_result
judge(const struct consent *c, const struct known *k)
{
	int mine = weight(c->imported ? CONSENT_IMPORT : c->how);

	if (!k->there)
		return CONSENT_NEW;
	/* A STOP behind an opt-out by staff makes it the person's own. */
	if (c->in == k->in)
		return weight(c->how) > k->weight ? CONSENT_NEW : CONSENT_SAME;
	if (c->in)
		return mine == CONSENT_IMPORT || mine < k->weight ?
		    CONSENT_REFUSED : CONSENT_NEW;
	/* Silence costs little: only a person's START is above a list. */
	return mine == CONSENT_IMPORT && k->weight == CONSENT_KEYWORD ?
	    CONSENT_REFUSED : CONSENT_NEW;
}

enum consent_result
consent_put(struct ledger *l, const struct consent *c)
{
	const struct { const char *name, *value; } more[] = {
		{ "source", c->source }, { "operator", c->by },
		{ "given_at", c->given_at }
	};
	enum consent_result result;
	struct value *data;
	char key[LEDGER_KEY];
	struct known k;

	look_up(l, c, &k);
	result = judge(c, &k);
	if (result != CONSENT_NEW)
		return result;
	data = value_new_object();
	value_set_string(data, "hash", c->hash);
	value_set_string(data, "scope", c->scope);
	value_set_string(data, "state", c->in ? "in" : "out");
	value_set_string(data, "how", hows[c->how]);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (more[i].value != NULL)
			value_set_string(data, more[i].name, more[i].value);
	if (c->imported && c->how != CONSENT_IMPORT)
		value_set_string(data, "by_way_of", hows[CONSENT_IMPORT]);
	if (c->note != NULL) {
		ledger_content_put(l, "note", c->note, strlen(c->note), key);
		value_set_string(data, "note", key);
	}
	ledger_append_take(l, "consent.put", data);
	return CONSENT_NEW;
}

bool
consent_scope(const struct config *c, const char *word,
    char out[CONSENT_SCOPE])
{
	if (strncmp(word, "channel:", 8) == 0)
		word += 8;
	else if (strncmp(word, "topic:", 6) == 0) {
		snprintf(out, CONSENT_SCOPE, "%.90s", word);
		return config_has(c, "topic", word + 6);
	}
	if (strcmp(word, "all") == 0) {
		snprintf(out, CONSENT_SCOPE, "all");
		return true;
	}
	for (size_t i = 0; i < CONFIG_CHANNEL_TYPES; i++)
		if (strcmp(config_channel_type(i), word) == 0) {
			snprintf(out, CONSENT_SCOPE, "channel:%s", word);
			return true;
		}
	snprintf(out, CONSENT_SCOPE, "topic:%.80s", word);
	return config_has(c, "topic", word);
}

bool
consent_concerns(const char *scope, const char *type)
{
	return strncmp(scope, "channel:", 8) != 0 ||
	    strcmp(scope + 8, type) == 0;
}

void
consent_revoked(struct ledger *l, const char *message, enum consent_how how)
{
	struct consent c = { .scope = "all", .how = how, .source = message };
	struct ledger_rows *r;
	char hash[DIGEST_HEX] = "";

	r = ledger_select(l, "SELECT hash FROM message WHERE id = ?", "s",
	    message);
	if (ledger_next(r) && ledger_text(r, 0) != NULL)
		snprintf(hash, sizeof(hash), "%s", ledger_text(r, 0));
	ledger_end(r);
	c.hash = hash;
	if (*hash != '\0')
		consent_put(l, &c);
}

/* One scope for each address of the contact that it concerns. */
static int
put_for_all(struct ledger *l, const char *contact, const char *scope, bool in,
    const char *source)
{
	struct consent c = { .scope = scope, .in = in,
	    .how = CONSENT_IMPORT, .source = source };
	struct ledger_rows *r;
	int count = 0;

	r = ledger_select(l, "SELECT type, hash FROM contact_address WHERE "
	    "contact = ? ORDER BY rank", "s", contact);
	while (ledger_next(r)) {
		c.hash = ledger_text(r, 1);
		if (consent_concerns(scope, ledger_text(r, 0)))
			count += consent_put(l, &c) == CONSENT_NEW;
	}
	ledger_end(r);
	return count;
}

struct import {
	struct ledger *ledger;
	const struct config *config;
	const struct value *contact;
	const char *id, *source;
	struct arena *mem;
	const char *field, *bad;
	int count;
};

static bool
fault(struct import *m, const char *field, const char *bad)
{
	m->field = field;
	m->bad = bad;
	return false;
}

static bool
import_opt_outs(struct import *m)
{
	const struct value *list = value_get(m->contact, "opt_out");
	bool is_list = value_type(list) == VALUE_ARRAY;
	size_t n = is_list ? value_count(list) : list != NULL;
	char scope[CONSENT_SCOPE];
	const char *word;

	for (size_t i = 0; i < n; i++) {
		word = value_string(is_list ? value_at(list, i) : list);
		if (word == NULL || !consent_scope(m->config, word, scope))
			return fault(m, "opt_out", arena_printf(m->mem,
			    "%.60s is neither all, a channel nor a topic",
			    word == NULL ? "(not a word)" : word));
		m->count += put_for_all(m->ledger, m->id, scope, false,
		    m->source);
	}
	return true;
}

/*
 * A no is journalled like any other opt-out.  So is a yes, as evidence; but
 * one to what is on anyway says nothing.
 */
static bool
import_topics(struct import *m)
{
	const struct value *topics = value_path(m->contact,
	    "preferences.topics");
	char scope[CONSENT_SCOPE];
	bool in;

	for (struct value_iter it = { 0 }; value_next(topics, &it); ) {
		if (!config_has(m->config, "topic", it.key))
			continue;
		in = value_is_true(it.value);
		if (in && config_bool(m->config, "topic", it.key, "default"))
			continue;
		snprintf(scope, sizeof(scope), "topic:%.80s", it.key);
		m->count += put_for_all(m->ledger, m->id, scope, in,
		    m->source);
	}
	return true;
}

/* One entry of what omni-contact export wrote, here or elsewhere. */
static bool
import_entry(struct import *m, const struct value *v)
{
	const char *to = value_get_string(v, "address");
	const char *scope = value_get_string(v, "scope");
	const char *state = value_get_string(v, "state");
	struct consent c = { .how = consent_how_read(value_get_string(v,
	    "how")), .source = value_get_string(v, "source"),
	    .by = value_get_string(v, "by"),
	    .given_at = value_get_string(v, "at"), .imported = true };
	char hash[DIGEST_HEX], word[CONSENT_SCOPE], at[CLOCK_TEXT];
	instant t;

	if (to == NULL || scope == NULL || state == NULL ||
	    (strcmp(state, "in") != 0 && strcmp(state, "out") != 0))
		return fault(m, "consent", "an entry needs address, scope and "
		    "state, which is in or out");
	if (!consent_scope(m->config, scope, word))
		return fault(m, "consent", arena_printf(m->mem, "%.60s is "
		    "neither all, a channel nor a topic", scope));
	if (c.how == CONSENT_HOW_MAX || (c.given_at != NULL &&
	    !clock_parse(c.given_at, &t)))
		return fault(m, "consent", "an entry's how or at is none");
	if (c.given_at != NULL)
		c.given_at = clock_format(t, at);
	c.hash = contact_address_hash(m->ledger, to, hash);
	c.scope = word;
	c.in = strcmp(state, "in") == 0;
	m->count += consent_put(m->ledger, &c) == CONSENT_NEW;
	return true;
}

static bool
import_entries(struct import *m)
{
	const struct value *list = value_get(m->contact, "consent");

	if (list != NULL && value_type(list) != VALUE_ARRAY)
		return fault(m, "consent", "not a list");
	for (size_t i = 0; i < value_count(list); i++)
		if (!import_entry(m, value_at(list, i)))
			return false;
	return true;
}

int
consent_import(struct ledger *l, const struct config *c,
    const struct value *contact, const char *source, struct arena *mem,
    const char **field, const char **bad)
{
	struct import m = { .ledger = l, .config = c, .contact = contact,
	    .id = value_get_string(contact, "id"), .source = source,
	    .mem = mem };

	/* What is said of each address comes first: it is more exact. */
	if (import_entries(&m) && import_opt_outs(&m) && import_topics(&m))
		return m.count;
	*field = m.field;
	*bad = m.bad;
	return -1;
}

/* {"scope", "state", "at", "how", …} of one journal row. */
static struct value *
history_entry(struct ledger *l, struct ledger_rows *r, struct arena *mem)
{
	static const char *const names[] = { "scope", "state", "at", "how",
	    "by_way_of", "source", "by", "run" };
	const int count = (int)(sizeof(names) / sizeof(names[0]));
	struct value *v = value_new_object();
	const char *note;

	for (int i = 0; i < count; i++)
		if (ledger_text(r, i) != NULL)
			value_set_string(v, names[i], ledger_text(r, i));
	if (ledger_text(r, count) != NULL) {
		note = ledger_content(l, ledger_text(r, count), mem);
		value_set_string(v, "note", note == NULL ? "(erased)" : note);
	}
	value_set_integer(v, "seq", ledger_int(r, count + 1));
	return v;
}

struct value *
consent_history(struct ledger *l, const char *hash, struct arena *mem)
{
	struct value *list = value_new_array();
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT data ->> '$.scope', data ->> '$.state', "
	    "coalesce(data ->> '$.given_at', at), data ->> '$.how', "
	    "data ->> '$.by_way_of', data ->> '$.source', "
	    "data ->> '$.operator', run, data ->> '$.note', seq FROM journal "
	    "WHERE op = 'consent.put' AND data ->> '$.hash' = ? ORDER BY seq",
	    "s", hash);
	while (ledger_next(r))
		value_append_take(list, history_entry(l, r, mem));
	ledger_end(r);
	return list;
}
