/* omni-contact merge and forget: what makes a contact disappear. */

#include <string.h>

#include "message/contact.h"
#include "message/contacts.h"

/*
 * Of two opinions about a topic the strict one stays: off where either says
 * no, and on only where both say yes.
 */
static struct value *
strictest_topics(const struct value *a, const struct value *b)
{
	struct value *out = value_new_object();
	const struct value *other;

	for (struct value_iter it = { 0 }; value_next(a, &it); ) {
		other = value_get(b, it.key);
		if (!value_is_true(it.value) || (other != NULL &&
		    !value_is_true(other)))
			value_set_bool(out, it.key, false);
		else if (other != NULL)
			value_set_bool(out, it.key, true);
	}
	for (struct value_iter it = { 0 }; value_next(b, &it); )
		if (value_get(a, it.key) == NULL && !value_is_true(it.value))
			value_set_bool(out, it.key, false);
	return out;
}

static struct value *
merged_preferences(const struct value *from, const struct value *into)
{
	const struct value *p = value_get(from, "preferences");
	const struct value *q = value_get(into, "preferences");
	struct value *out = q == NULL ? value_new_object() : value_copy(q);
	struct value *topics = strictest_topics(value_get(p, "topics"),
	    value_get(q, "topics"));

	for (struct value_iter it = { 0 }; value_next(p, &it); )
		if (value_get(out, it.key) == NULL &&
		    (strncmp(it.key, "quiet_", 6) != 0 ||
		    (value_get(q, "quiet_start") == NULL &&
		    value_get(q, "quiet_end") == NULL)))
			value_set_take(out, it.key, value_copy(it.value));
	if (value_count(topics) > 0)
		value_set_take(out, "topics", topics);
	else {
		value_remove(out, "topics");
		value_free(topics);
	}
	return out;
}

/* Two lists as one, without what the first has already. */
static struct value *
joined(const struct value *a, const struct value *b)
{
	struct value *out = a == NULL ? value_new_array() : value_copy(a);
	const char *s;
	bool has;

	for (size_t i = 0; i < value_count(b); i++) {
		s = value_string(value_at(b, i));
		has = false;
		for (size_t k = 0; s != NULL && k < value_count(out); k++)
			has = has || strcmp(value_string(value_at(out, k)),
			    s) == 0;
		if (!has)
			value_append_take(out, value_copy(value_at(b, i)));
	}
	return out;
}

/* Whoever opted out with one address did so as a person: both are silent. */
static void
spread_opt_outs(struct ledger *l, const char *id, const char *source)
{
	struct consent c = { .source = source };
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT DISTINCT a.hash, k.scope, k.how FROM "
	    "contact_address a, contact_address o JOIN consent k ON k.hash = "
	    "o.hash WHERE a.contact = ?1 AND o.contact = ?1 AND k.state = "
	    "'out' AND (k.scope NOT LIKE 'channel:%' OR k.scope = 'channel:' "
	    "|| a.type) ORDER BY a.hash, k.scope", "s", id);
	while (ledger_next(r)) {
		c.hash = ledger_text(r, 0);
		c.scope = ledger_text(r, 1);
		c.how = consent_how_read(ledger_text(r, 2));
		if (c.how == CONSENT_HOW_MAX)
			c.how = CONSENT_KEYWORD;
		consent_put(l, &c);
	}
	ledger_end(r);
}

static void
merge_into(struct filter *f, const char *from, const char *into,
    struct value **changes)
{
	struct contacts *c = f->ctx;
	struct value *a = contact_state(c->ledger, from, &f->mem);
	struct value *b = contact_state(c->ledger, into, &f->mem);
	struct value *contact = value_new_object(), *data;
	struct contact_input in = { .contact = contact };
	static const char *const plain[] = { "name", "language", "timezone" };
	struct value *places = joined(value_get(b, "addresses"),
	    value_get(a, "addresses"));

	value_set_string(contact, "id", into);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (value_get(b, plain[i]) == NULL)
			value_carry(contact, plain[i], a, plain[i]);
	value_set_take(contact, "tags", joined(value_get(b, "tags"),
	    value_get(a, "tags")));
	value_set_take(contact, "preferences", merged_preferences(a, b));
	in.places = places;
	contact_put(c->ledger, &in, &f->mem, changes);
	spread_opt_outs(c->ledger, into, from);
	data = value_new_object();
	value_set_string(data, "from", from);
	value_set_string(data, "into", into);
	ledger_append_take(c->ledger, "contact.merged", data);
	value_free(places);
	value_free(contact);
	value_free(a);
	value_free(b);
}

static bool
was_merged(struct ledger *l, const char *from, const char *into)
{
	return ledger_count(l, "SELECT count(*) FROM journal WHERE op = "
	    "'contact.merged' AND data ->> '$.from' = ? AND data ->> '$.into' "
	    "= ?", "ss", from, into) > 0;
}

void
contacts_merge(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	const char *from = record_string(r, "from"), *into;
	struct value *changes = NULL, *more;

	into = contacts_known(f, r, "into");
	if (into == NULL)
		return;
	if (from != NULL && !contact_is_known(c->ledger, from) &&
	    was_merged(c->ledger, from, into)) {
		contacts_begin(f);
		contacts_answer(f, r, "unchanged", NULL);
		return;
	}
	from = contacts_known(f, r, "from");
	if (from == NULL)
		return;
	if (strcmp(from, into) == 0) {
		filter_refuse(f, r, "bad_merge", "into", "into: %.100s is the "
		    "same contact", into);
		return;
	}
	contacts_begin(f);
	merge_into(f, from, into, &changes);
	more = value_new_object();
	if (changes != NULL)
		value_set_take(more, "changes", changes);
	contacts_answer(f, r, "merged", more);
}

/* Every id that this contact ever had: those merged into it are it too. */
#define WHO	"WITH RECURSIVE who(id) AS (SELECT ?1 UNION SELECT " \
    "j.data ->> '$.from' FROM journal j JOIN who ON j.data ->> '$.into' = " \
    "who.id WHERE j.op = 'contact.merged') "

/*
 * The addresses that were ever theirs and are nobody else's now, also those
 * that an older row of the journal gave them.
 */
static struct value *
own_hashes(struct ledger *l, const char *id)
{
	struct value *list = value_new_array();
	struct ledger_rows *r;

	r = ledger_select(l, WHO "SELECT DISTINCT e.value ->> '$.hash' AS hash "
	    "FROM journal j, json_each(j.data, '$.addresses') e WHERE j.op = "
	    "'contact.put' AND j.data ->> '$.id' IN (SELECT id FROM who) AND "
	    "NOT EXISTS (SELECT 1 FROM contact_address a WHERE a.hash = "
	    "e.value ->> '$.hash' AND a.contact NOT IN (SELECT id FROM who)) "
	    "ORDER BY hash", "s", id);
	while (ledger_next(r))
		if (ledger_text(r, 0) != NULL)
			value_append_take(list,
			    value_new_string(ledger_text(r, 0)));
	ledger_end(r);
	return list;
}

static void
add_keys(struct ledger_rows *r, struct value *keys)
{
	while (ledger_next(r))
		if (ledger_text(r, 0) != NULL)
			value_append_take(keys,
			    value_new_string(ledger_text(r, 0)));
	ledger_end(r);
}

/* The keys of all bodies that tell of this person. */
static struct value *
own_keys(struct ledger *l, const char *id, const char *hashes)
{
	struct value *keys = value_new_array();

	/* Names, messages, answers, what filled the templates, old and new. */
	add_keys(ledger_select(l, WHO "SELECT DISTINCT data ->> '$.content' "
	    "FROM journal WHERE (op = 'contact.put' AND data ->> '$.id' IN "
	    "(SELECT id FROM who)) OR (op IN ('message.queued', "
	    "'message.refused', 'message.received', 'reminder.put') AND "
	    "(data ->> '$.contact' IN (SELECT id FROM who) OR "
	    "data ->> '$.hash' IN (SELECT value FROM json_each(?2)))) "
	    "UNION SELECT data ->> '$.note' FROM journal WHERE op = "
	    "'consent.put' AND data ->> '$.hash' IN (SELECT value FROM "
	    "json_each(?2))", "ss", id, hashes), keys);
	/* Addresses, and what names one outright and is nobody else's. */
	add_keys(ledger_select(l, "SELECT c.key FROM content a JOIN content "
	    "c ON instr(c.body, a.body) > 0 WHERE a.key IN (SELECT "
	    "'address/' || value FROM json_each(?2)) AND c.key NOT IN "
	    "(SELECT content FROM message WHERE contact <> ?1 AND content IS "
	    "NOT NULL UNION SELECT content FROM reminder WHERE contact <> ?1 "
	    "UNION SELECT content FROM contact WHERE id <> ?1)", "ss", id,
	    hashes), keys);
	/* "250 OK" was said to many. */
	add_keys(ledger_select(l, "SELECT a.response FROM attempt a JOIN "
	    "message m ON m.id = a.message WHERE a.response IS NOT NULL AND "
	    "(m.contact = ?1 OR m.hash IN (SELECT value FROM json_each(?2))) "
	    "EXCEPT SELECT a.response FROM attempt a JOIN message m ON m.id = "
	    "a.message WHERE (m.contact IS NULL OR m.contact <> ?1) AND "
	    "(m.hash IS NULL OR m.hash NOT IN (SELECT value FROM "
	    "json_each(?2)))", "ss", id, hashes), keys);
	return keys;
}

static int64_t
erase(struct ledger *l, const char *id, const struct value *hashes,
    struct arena *mem)
{
	struct value *keys = own_keys(l, id, value_json(hashes, mem));
	int64_t count = 0;

	for (size_t i = 0; i < value_count(keys); i++)
		count += ledger_content_erase(l, value_string(value_at(keys,
		    i)));
	value_free(keys);
	return count;
}

static bool
was_forgotten(struct ledger *l, const char *id)
{
	return ledger_count(l, "SELECT count(*) FROM journal WHERE op = "
	    "'contact.forgotten' AND data ->> '$.id' = ?", "s", id) > 0;
}

void
contacts_forget(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	const char *id = record_string(r, "id");
	struct value *data, *hashes, *more;

	/* A second time is no fault: the first may have been cut short. */
	if (id != NULL && !contact_is_known(c->ledger, id) &&
	    was_forgotten(c->ledger, id)) {
		contacts_begin(f);
		contacts_answer(f, r, "unchanged", NULL);
		return;
	}
	id = contacts_known(f, r, "id");
	if (id == NULL)
		return;
	contacts_begin(f);
	hashes = own_hashes(c->ledger, id);
	data = value_new_object();
	value_set_string(data, "id", id);
	value_set_take(data, "hashes", value_copy(hashes));
	ledger_append_take(c->ledger, "contact.forgotten", data);
	more = value_new_object();
	value_set_integer(more, "erased", erase(c->ledger, id, hashes,
	    &f->mem));
	value_free(hashes);
	contacts_answer(f, r, "forgotten", more);
}
