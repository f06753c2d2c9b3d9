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
};

static void
look_up(struct ledger *l, const struct consent *c, struct known *k)
{
	struct ledger_rows *r;

	*k = (struct known){ .there = false };
	r = ledger_select(l, "SELECT k.state, k.how, j.data ->> '$.by_way_of' "
	    "FROM consent k LEFT JOIN journal j ON j.seq = k.seq WHERE k.hash "
	    "= ? AND k.scope = ?", "ss", c->hash, c->scope);
	k->there = ledger_next(r);
	if (k->there) {
		k->in = strcmp(ledger_text(r, 0), "in") == 0;
		/* A word that is not known is taken for the person's own. */
		k->weight = weight(consent_how_read(ledger_text(r, 1)));
		/* That they came back elsewhere is what a list says. */
		if (k->in && ledger_text(r, 2) != NULL)
			k->weight = weight(CONSENT_IMPORT);
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
		return (c->in ? mine : weight(c->how)) > k->weight ?
		    CONSENT_NEW : CONSENT_SAME;
	if (c->in)
		return mine == CONSENT_IMPORT || mine < k->weight ?
		    CONSENT_REFUSED : CONSENT_NEW;
	/* Silence costs little: only a person's START is above a list. */
	return !c->forced && mine == CONSENT_IMPORT &&
	    k->weight == CONSENT_KEYWORD ? CONSENT_REFUSED : CONSENT_NEW;
}

static void
journal_take(struct ledger *l, const struct consent *c, const char *op,
    struct value *data)
{
	const struct { const char *name, *value; } more[] = {
		{ "source", c->source }, { "operator", c->by },
		{ "given_at", c->given_at }
	};
	char key[LEDGER_KEY];

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
	ledger_append_take(l, op, data);
}

enum consent_result
consent_put(struct ledger *l, const struct consent *c)
{
	enum consent_result result;
	struct value *data;
	struct known k;

	look_up(l, c, &k);
	result = judge(c, &k);
	if (result != CONSENT_NEW)
		return result;
	data = value_new_object();
	value_set_string(data, "hash", c->hash);
	if (c->contact != NULL)
		value_set_string(data, "contact", c->contact);
	journal_take(l, c, "consent.put", data);
	return CONSENT_NEW;
}

enum consent_result
consent_keep(struct ledger *l, const struct consent *c)
{
	struct ledger_rows *r;
	enum consent_result result;
	struct value *data;
	struct known k = { .there = false };

	r = ledger_select(l, "SELECT how FROM contact_opt_out WHERE contact = "
	    "? AND scope = ?", "ss", c->contact, c->scope);
	k.there = ledger_next(r);
	if (k.there)
		k.weight = strcmp(ledger_text(r, 0), "preference") == 0 ?
		    (int)CONSENT_IMPORT :
		    weight(consent_how_read(ledger_text(r, 0)));
	ledger_end(r);
	if (c->forced)
		result = CONSENT_NEW;
	else
		result = !k.there && c->in ? CONSENT_SAME : judge(c, &k);
	if (result != CONSENT_NEW)
		return result;
	data = value_new_object();
	value_set_string(data, "id", c->contact);
	journal_take(l, c, "contact.consent", data);
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
	if (config_channel_type_of(word) != NULL) {
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

static bool
is_topic(const struct config *c, const char *scope)
{
	return strncmp(scope, "topic:", 6) != 0 ||
	    config_has(c, "topic", scope + 6);
}

void
consent_carry(struct ledger *l, const struct config *c, const char *contact,
    const char *type, const char *hash, bool whole)
{
	struct consent k = { .hash = hash, .contact = contact,
	    .source = contact };
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT scope, how FROM contact_opt_out WHERE "
	    "contact = ? ORDER BY scope", "s", contact);
	while (ledger_next(r)) {
		k.scope = ledger_text(r, 0);
		k.how = consent_how_read(ledger_text(r, 1));
		if (k.how == CONSENT_HOW_MAX)
			k.how = CONSENT_IMPORT;
		if (consent_concerns(k.scope, type) && is_topic(c, k.scope) &&
		    (whole || strncmp(k.scope, "channel:", 8) == 0))
			consent_put(l, &k);
	}
	ledger_end(r);
}

struct import {
	struct ledger *ledger;
	const struct consent_import *in;
	const char *id;
	struct arena *mem;
	struct consent_report *report;
};

static bool
fault(struct import *m, const char *field, const char *bad)
{
	m->report->field = field;
	m->report->bad = bad;
	return false;
}

static void
count(struct import *m, const struct consent *c, const char *to,
    enum consent_result got)
{
	struct value *v;

	m->report->count += got == CONSENT_NEW;
	if (got != CONSENT_REFUSED)
		return;
	v = value_new_object();
	value_set_string(v, "address", to == NULL ? "(erased)" : to);
	value_set_string(v, "scope", c->scope);
	value_set_string(v, "state", c->in ? "in" : "out");
	value_append_take(m->report->not_taken, v);
}

/*
 * A yes is no yes for one address while another one of the same person, now or
 * earlier, says no.
 */
static bool
said_no_elsewhere(struct ledger *l, const char *id, const char *scope)
{
	struct ledger_rows *r;
	bool out;

	r = ledger_select(l, "SELECT 1 FROM journal j INDEXED BY "
	    "journal_person, json_each(j.data, '$.addresses') e JOIN consent "
	    "k ON k.hash = e.value ->> '$.hash' WHERE" LEDGER_PERSON "= ?1 "
	    "AND" LEDGER_PERSONAL "AND j.op = 'contact.put' AND k.scope IN "
	    "('all', ?2) AND k.state = 'out' UNION ALL SELECT 1 FROM "
	    "contact_opt_out WHERE contact = ?1 AND scope IN ('all', ?2) AND "
	    "how <> 'preference' LIMIT 1", "ss", id, scope);
	out = ledger_next(r);
	ledger_end(r);
	return out;
}

/* One scope for each address of the contact that it concerns. */
static void
put_for_all(struct import *m, const char *scope, bool in)
{
	struct ledger *l = m->ledger;
	struct consent c = { .scope = scope, .in = in, .contact = m->id,
	    .how = CONSENT_IMPORT, .source = m->in->source };
	bool refused = in && said_no_elsewhere(l, m->id, scope);
	enum consent_result got;
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT a.hash, b.body, k.state FROM "
	    "contact_address a LEFT JOIN content b ON b.key = 'address/' || "
	    "a.hash LEFT JOIN consent k ON k.hash = a.hash AND k.scope = ?2 "
	    "WHERE a.contact = ?1 AND (?2 NOT LIKE 'channel:%' OR ?2 = "
	    "'channel:' || a.type) GROUP BY a.hash ORDER BY min(a.rank)",
	    "ss", m->id, scope);
	while (ledger_next(r)) {
		c.hash = ledger_text(r, 0);
		if (refused && (ledger_text(r, 2) == NULL ||
		    strcmp(ledger_text(r, 2), "in") != 0))
			got = CONSENT_REFUSED;
		else
			got = consent_put(l, &c);
		count(m, &c, ledger_text(r, 1), got);
	}
	ledger_end(r);
}

/* An opt-out is also kept with the contact: others will have its addresses. */
static void
opt_out(struct import *m, const char *scope)
{
	const struct consent c = { .scope = scope, .contact = m->id,
	    .how = CONSENT_IMPORT, .source = m->in->source };

	put_for_all(m, scope, false);
	m->report->count += consent_keep(m->ledger, &c) == CONSENT_NEW;
}

static bool
import_opt_outs(struct import *m)
{
	const struct value *list = value_get(m->in->contact, "opt_out");
	bool is_list = value_type(list) == VALUE_ARRAY;
	size_t n = is_list ? value_count(list) : list != NULL;
	char scope[CONSENT_SCOPE];
	const char *word;

	for (size_t i = 0; i < n; i++) {
		word = value_string(is_list ? value_at(list, i) : list);
		if (word == NULL || !consent_scope(m->in->config, word, scope))
			return fault(m, "opt_out", arena_printf(m->mem,
			    "%.60s is neither all, a channel nor a topic",
			    word == NULL ? "(not a word)" : word));
		opt_out(m, scope);
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
	const struct value *topics = value_path(m->in->contact,
	    "preferences.topics");
	const struct config *c = m->in->config;
	char scope[CONSENT_SCOPE];

	for (struct value_iter it = { 0 }; value_next(topics, &it); ) {
		if (!config_has(c, "topic", it.key))
			continue;
		snprintf(scope, sizeof(scope), "topic:%.80s", it.key);
		if (!value_is_true(it.value))
			opt_out(m, scope);
		else if (!config_bool(c, "topic", it.key, "default"))
			put_for_all(m, scope, true);
	}
	return true;
}

/* Kept with the contact, and so for addresses that say nothing themselves. */
static void
import_kept(struct import *m, struct consent *c)
{
	struct ledger_rows *r;

	c->contact = m->id;
	m->report->count += consent_keep(m->ledger, c) == CONSENT_NEW;
	r = ledger_select(m->ledger, "SELECT a.hash, a.type FROM "
	    "contact_address a WHERE a.contact = ?1 AND NOT EXISTS (SELECT 1 "
	    "FROM consent k WHERE k.hash = a.hash AND k.scope = ?2) ORDER BY "
	    "a.rank", "ss", m->id, c->scope);
	while (ledger_next(r)) {
		c->hash = ledger_text(r, 0);
		if (consent_concerns(c->scope, ledger_text(r, 1)))
			count(m, c, NULL, consent_put(m->ledger, c));
	}
	ledger_end(r);
}

/*
 * One entry of what omni-contact export wrote, here or elsewhere.  One without
 * an address is kept with the contact.
 */
static bool
import_entry(struct import *m, const struct value *v, bool kept)
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

	if (scope == NULL || state == NULL || (strcmp(state, "out") != 0 &&
	    (strcmp(state, "in") != 0 || to == NULL)))
		return fault(m, "consent", "an entry needs address, scope and "
		    "state, which is in or out");
	if (!consent_scope(m->in->config, scope, word))
		return fault(m, "consent", arena_printf(m->mem, "%.60s is "
		    "neither all, a channel nor a topic", scope));
	if (c.how == CONSENT_HOW_MAX || (c.given_at != NULL &&
	    !clock_parse(c.given_at, &t)))
		return fault(m, "consent", "an entry's how or at is none");
	if (c.given_at != NULL)
		c.given_at = clock_format(t, at);
	c.scope = word;
	c.in = strcmp(state, "in") == 0;
	if (kept != (to == NULL))
		return true;
	if (kept) {
		import_kept(m, &c);
		return true;
	}
	c.hash = contact_address_hash(m->ledger, to, hash);
	count(m, &c, to, consent_put(m->ledger, &c));
	return true;
}

static bool
import_entries(struct import *m)
{
	const struct value *list = m->in->entries;

	if (list != NULL && value_type(list) != VALUE_ARRAY)
		return fault(m, "consent", "not a list");
	for (int kept = 0; kept < 2; kept++)
		for (size_t i = 0; i < value_count(list); i++)
			if (!import_entry(m, value_at(list, i), kept != 0))
				return false;
	return true;
}

bool
consent_import(struct ledger *l, const struct consent_import *in,
    struct arena *mem, struct consent_report *r)
{
	struct import m = { .ledger = l, .in = in, .mem = mem, .report = r,
	    .id = value_get_string(in->contact, "id") };

	*r = (struct consent_report){ .not_taken = value_new_array() };
	/* What is said of each address comes first: it is more exact. */
	return import_entries(&m) && import_opt_outs(&m) && import_topics(&m);
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

static struct value *
history_take(struct ledger *l, struct ledger_rows *r, struct arena *mem)
{
	struct value *list = value_new_array();

	while (ledger_next(r))
		value_append_take(list, history_entry(l, r, mem));
	ledger_end(r);
	return list;
}

#define HISTORY	"SELECT data ->> '$.scope', data ->> '$.state', " \
    "coalesce(data ->> '$.given_at', at), data ->> '$.how', " \
    "data ->> '$.by_way_of', data ->> '$.source', data ->> '$.operator', " \
    "run, data ->> '$.note', seq FROM journal j "

struct value *
consent_history(struct ledger *l, const char *hash, struct arena *mem)
{
	return history_take(l, ledger_select(l, HISTORY "WHERE op = "
	    "'consent.put' AND data ->> '$.hash' = ? ORDER BY seq", "s",
	    hash), mem);
}

struct value *
consent_history_kept(struct ledger *l, const char *contact, struct arena *mem)
{
	return history_take(l, ledger_select(l, HISTORY "WHERE" LEDGER_PERSON
	    "= ?1 AND" LEDGER_PERSONAL "AND j.op = 'contact.consent' AND NOT "
	    "EXISTS (SELECT 1 FROM contact_address a JOIN consent k ON k.hash "
	    "= a.hash WHERE a.contact = ?1 AND k.scope = j.data ->> '$.scope') "
	    "ORDER BY seq", "s", contact), mem);
}
