/* omni-contact merge and forget: what makes a contact disappear. */

#include <string.h>

#include "message/contact.h"
#include "message/contacts.h"
#include "message/joined.h"

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

/*
 * Whoever opted out with one address did so as a person: the strictest word
 * for each scope, {"scope", "how"}, of both as they are before the merge.
 */
static struct value *
strictest_opt_outs(struct ledger *l, const char *from, const char *into)
{
	struct value *list = value_new_array(), *v;
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT k.scope, k.how, min(CASE k.how WHEN "
	    "'import' THEN 2 WHEN 'staff' THEN 1 ELSE 0 END) FROM "
	    "contact_address a JOIN consent k ON k.hash = a.hash WHERE "
	    "a.contact IN (?, ?) AND k.state = 'out' GROUP BY k.scope ORDER "
	    "BY k.scope", "ss", from, into);
	while (ledger_next(r)) {
		v = value_new_object();
		value_set_string(v, "scope", ledger_text(r, 0));
		value_set_string(v, "how", ledger_text(r, 1));
		value_append_take(list, v);
	}
	ledger_end(r);
	return list;
}

/* They hold for all addresses, also one that somebody came back with. */
static void
spread_opt_outs(struct ledger *l, const char *id, const struct value *list,
    const char *source)
{
	struct consent c = { .source = source, .contact = id, .forced = true };
	struct ledger_rows *r;

	for (size_t i = 0; i < value_count(list); i++) {
		c.scope = value_get_string(value_at(list, i), "scope");
		c.how = consent_how_read(value_get_string(value_at(list, i),
		    "how"));
		if (c.how == CONSENT_HOW_MAX)
			c.how = CONSENT_KEYWORD;
		r = ledger_select(l, "SELECT DISTINCT hash FROM "
		    "contact_address WHERE contact = ?1 AND (?2 NOT LIKE "
		    "'channel:%' OR ?2 = 'channel:' || type) ORDER BY hash",
		    "ss", id, c.scope);
		while (ledger_next(r)) {
			c.hash = ledger_text(r, 0);
			consent_put(l, &c);
		}
		ledger_end(r);
	}
}

/* More than there may be are left out; how many. */
static size_t
cut(struct value **list, size_t max)
{
	struct value *out;
	size_t n = value_count(*list);

	if (n <= max)
		return 0;
	out = value_new_array();
	for (size_t i = 0; i < max; i++)
		value_append_take(out, value_copy(value_at(*list, i)));
	value_free(*list);
	*list = out;
	return n - max;
}

struct merge {
	struct filter *filter;
	const char *from, *into;
	struct value *a, *b, *places, *tags;	/* a into b, and the sum */
	size_t lost_tags;
};

static void
merge_states(struct merge *m)
{
	struct contacts *c = m->filter->ctx;

	m->a = contact_state(c->ledger, m->from, &m->filter->mem);
	m->b = contact_state(c->ledger, m->into, &m->filter->mem);
	m->places = joined(value_get(m->b, "addresses"), value_get(m->a,
	    "addresses"));
	m->tags = joined(value_get(m->b, "tags"), value_get(m->a, "tags"));
	m->lost_tags = cut(&m->tags, CONTACT_TAGS);
}

static void
release(struct merge *m)
{
	value_free(m->a);
	value_free(m->b);
	value_free(m->places);
	value_free(m->tags);
}

static struct value *
merge_into(struct merge *m)
{
	struct contacts *c = m->filter->ctx;
	struct value *contact = value_new_object(), *data, *changes, *outs;
	struct value *more = value_new_object();
	const struct contact_input in = { .config = c->config,
	    .contact = contact, .places = m->places };
	static const char *const plain[] = { "name", "language", "timezone" };

	value_set_string(contact, "id", m->into);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (value_get(m->b, plain[i]) == NULL)
			value_carry(contact, plain[i], m->a, plain[i]);
	value_set_take(contact, "tags", value_copy(m->tags));
	value_set_take(contact, "preferences", merged_preferences(m->a,
	    m->b));
	outs = strictest_opt_outs(c->ledger, m->from, m->into);
	contact_put(c->ledger, &in, &m->filter->mem, &changes);
	data = value_new_object();
	value_set_string(data, "from", m->from);
	value_set_string(data, "into", m->into);
	ledger_append_take(c->ledger, "contact.merged", data);
	contact_carry(c->ledger, c->config, m->into);
	joined_conversations(c->ledger, m->into);
	spread_opt_outs(c->ledger, m->into, outs, m->from);
	value_free(outs);
	value_free(contact);
	if (changes != NULL)
		value_set_take(more, "changes", changes);
	if (m->lost_tags > 0) {
		value_set_integer(more, "tags_left_out",
		    (int64_t)m->lost_tags);
		diag("line %ju: %s: %zu tags of %s left out: a contact has at "
		    "most %d", m->filter->line, m->into, m->lost_tags,
		    m->from, CONTACT_TAGS);
	}
	return more;
}

static bool
was_merged(struct ledger *l, const char *from, const char *into)
{
	return ledger_count(l, "SELECT count(*) FROM journal WHERE op = "
	    "'contact.merged' AND data ->> '$.from' = ? AND data ->> '$.into' "
	    "= ?", "ss", from, into) > 0;
}

static void
merge(struct filter *f, struct record *r, const char *from, const char *into)
{
	struct merge m = { .filter = f, .from = from, .into = into };

	merge_states(&m);
	if (strcmp(from, into) != 0 && value_count(m.places) <=
	    CONTACT_ADDRESSES)
		contacts_answer(f, r, "merged", merge_into(&m));
	else {
		contacts_undo(f);
		filter_refuse(f, r, "bad_merge", "into", strcmp(from, into) ==
		    0 ? "into: %.100s is the same contact" : "into: %.100s "
		    "would have more than 64 addresses", into);
	}
	release(&m);
}

void
contacts_merge(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	const char *from = record_string(r, "from"), *into;

	contacts_begin(f);
	into = contacts_known(f, r, "into");
	if (into == NULL)
		return;
	if (from != NULL && !contact_is_known(c->ledger, from) &&
	    was_merged(c->ledger, from, into)) {
		contacts_answer(f, r, "unchanged", NULL);
		return;
	}
	from = contacts_known(f, r, "from");
	if (from != NULL)
		merge(f, r, from, into);
}

/*
 * Every id that this contact ever had, and the rows of the journal in which it
 * was theirs: those merged into it are it too.  An id that was merged away may
 * have been made anew, and is somebody else then.
 */
#define WHO	"WITH RECURSIVE who(id, first, last) AS (SELECT ?1, " \
    "coalesce((SELECT max(seq) FROM journal WHERE op = 'contact.merged' AND " \
    "data ->> '$.from' = ?1), 0), 9223372036854775807 UNION SELECT " \
    "j.data ->> '$.from', coalesce((SELECT max(m.seq) FROM journal m WHERE " \
    "m.op = 'contact.merged' AND m.seq < j.seq AND m.data ->> '$.from' = " \
    "j.data ->> '$.from'), 0), j.seq FROM who CROSS JOIN journal j INDEXED " \
    "BY journal_merged ON j.data ->> '$.into' = who.id AND j.seq BETWEEN " \
    "who.first AND who.last WHERE j.op = 'contact.merged') "
#define THEIR_ROWS "FROM who CROSS JOIN journal j INDEXED BY " \
    "journal_person ON" LEDGER_PERSON "= who.id AND j.seq BETWEEN " \
    "who.first AND who.last AND" LEDGER_PERSONAL

static void
add_texts(struct ledger_rows *r, struct value *list)
{
	while (ledger_next(r))
		if (ledger_text(r, 0) != NULL)
			value_append_take(list,
			    value_new_string(ledger_text(r, 0)));
	ledger_end(r);
}

/*
 * The addresses that were ever theirs, or that they were written to at, and
 * are nobody else's now.
 */
static struct value *
own_hashes(struct ledger *l, const char *id)
{
	struct value *list = value_new_array();

	add_texts(ledger_select(l, WHO "SELECT e.value ->> '$.hash' AS hash "
	    THEIR_ROWS ", json_each(j.data, '$.addresses') e WHERE j.op = "
	    "'contact.put' AND NOT EXISTS (SELECT 1 FROM contact_address a "
	    "WHERE a.hash = e.value ->> '$.hash' AND a.contact <> ?1) UNION "
	    "SELECT m.hash FROM message m WHERE m.contact = ?1 AND NOT EXISTS "
	    "(SELECT 1 FROM contact_address a WHERE a.hash = m.hash AND "
	    "a.contact <> ?1) AND NOT EXISTS (SELECT 1 FROM message n WHERE "
	    "n.hash = m.hash AND n.contact IS NOT ?1) ORDER BY 1", "s", id),
	    list);
	return list;
}

/*
 * The "+" below keeps a column's type out of the comparison: an index of what
 * is in the journal has none.
 */

/* Names, messages, answers, what filled the templates, old and new. */
static void
add_bodies(struct ledger *l, const char *id, const char *hashes,
    struct value *keys)
{
	add_texts(ledger_select(l, WHO "SELECT j.data ->> '$.content' "
	    THEIR_ROWS "WHERE j.op <> 'message.refused' OR "
	    "j.data ->> '$.contact' IS NOT NULL", "s", id), keys);
	add_texts(ledger_select(l, "SELECT content FROM message WHERE "
	    "contact = ?1 UNION SELECT content FROM message WHERE hash IN "
	    "(SELECT value FROM json_each(?2)) UNION SELECT "
	    "'address/' || value FROM json_each(?2)", "ss", id, hashes),
	    keys);
	/* What was refused, and taken only when it was mended. */
	add_texts(ledger_select(l, "SELECT j.data ->> '$.content' FROM "
	    "json_each(?1) h CROSS JOIN message m ON m.hash = h.value CROSS "
	    "JOIN journal j INDEXED BY journal_person ON" LEDGER_PERSON
	    "= +m.id AND" LEDGER_PERSONAL "WHERE j.op = 'message.refused' AND "
	    "j.data ->> '$.contact' IS NULL", "s", hashes), keys);
	/* What a model made of what they wrote. */
	add_texts(ledger_select(l, "SELECT content FROM assist WHERE "
	    "content IS NOT NULL AND contact = ?1 UNION SELECT content FROM "
	    "assist WHERE content IS NOT NULL AND hash IN (SELECT value FROM "
	    "json_each(?2))", "ss", id, hashes), keys);
	/* And what was refused for good, of nobody that is known. */
	add_texts(ledger_select(l, "SELECT j.data ->> '$.content' FROM "
	    "journal j WHERE j.data ->> '$.hashes' IS NOT NULL AND j.op = "
	    "'message.refused' AND EXISTS (SELECT 1 FROM "
	    "json_each(j.data, '$.hashes') h WHERE h.value IN (SELECT value "
	    "FROM json_each(?1)))", "s", hashes), keys);
}

/*
 * What operators wrote about their consent, and staff as the subject of their
 * conversations; the same words about others, who
 * have a row of their own, stay.
 */
static void
add_notes(struct ledger *l, const char *id, const char *hashes,
    struct value *keys)
{
	add_texts(ledger_select(l, WHO ", mine(seq, note) AS (SELECT j.seq, "
	    "j.data ->> '$.note' " THEIR_ROWS "WHERE j.op = "
	    "'contact.consent' UNION SELECT j.seq, j.data ->> '$.note' FROM "
	    "json_each(?2) h JOIN journal j ON j.data ->> '$.hash' = h.value "
	    "WHERE j.op = 'consent.put' UNION SELECT j.seq, "
	    "j.data ->> '$.note' FROM who CROSS JOIN contact_address a ON "
	    "a.contact = ?1 CROSS JOIN journal j INDEXED BY journal_consent "
	    "ON j.data ->> '$.hash' = +a.hash WHERE j.op = 'consent.put' AND "
	    "j.data ->> '$.contact' = who.id AND j.seq BETWEEN who.first AND "
	    "who.last UNION SELECT j.seq, j.data ->> '$.note' FROM journal j "
	    "INDEXED BY journal_subject WHERE j.op = 'conversation.put' AND "
	    "j.data ->> '$.note' IS NOT NULL AND (EXISTS (SELECT 1 FROM who "
	    "WHERE j.data ->> '$.id' = substr('contact:' || who.id, 1, 258) "
	    "AND j.seq BETWEEN who.first AND who.last) OR j.data ->> '$.id' "
	    "IN (SELECT 'address:' || value FROM json_each(?2)))) "
	    "SELECT DISTINCT note FROM "
	    "mine WHERE note IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
	    "journal o WHERE (o.op = 'consent.put' OR o.op = "
	    "'contact.consent') AND o.data ->> '$.note' IS NOT NULL AND "
	    "o.data ->> '$.note' = mine.note AND o.seq NOT IN (SELECT seq "
	    "FROM mine)) AND NOT EXISTS (SELECT 1 FROM journal o INDEXED BY "
	    "journal_subject WHERE o.op = 'conversation.put' AND "
	    "o.data ->> '$.note' IS NOT NULL AND o.data ->> '$.note' = "
	    "mine.note AND o.seq NOT IN (SELECT seq FROM mine))", "ss", id,
	    hashes), keys);
}

/* What providers answered; but "250 OK" was said to many. */
static void
add_responses(struct ledger *l, const char *id, const char *hashes,
    struct value *keys)
{
	add_texts(ledger_select(l, "WITH mine(message) AS (SELECT id FROM "
	    "message WHERE contact = ?1 UNION SELECT id FROM message WHERE "
	    "hash IN (SELECT value FROM json_each(?2))) SELECT DISTINCT "
	    "a.response FROM mine JOIN attempt a ON a.message = mine.message "
	    "WHERE a.response IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
	    "attempt o WHERE o.response = a.response AND o.message NOT IN "
	    "(SELECT message FROM mine))", "ss", id, hashes), keys);
}

/* What went with their mails, and with nobody else's. */
static void
add_attachments(struct ledger *l, const char *id, const char *hashes,
    struct value *keys)
{
	add_texts(ledger_select(l, "WITH mine(message) AS (SELECT id FROM "
	    "message WHERE contact = ?1 UNION SELECT id FROM message WHERE "
	    "hash IN (SELECT value FROM json_each(?2))) SELECT DISTINCT "
	    "a.content FROM mine JOIN message_attachment a ON a.message = "
	    "mine.message WHERE NOT EXISTS (SELECT 1 FROM message_attachment "
	    "o WHERE o.content = a.content AND o.message NOT IN (SELECT "
	    "message FROM mine))", "ss", id, hashes), keys);
}

static int64_t
erase(struct ledger *l, const char *id, const struct value *hashes,
    struct arena *mem)
{
	struct value *keys = value_new_array();
	const char *list = value_json(hashes, mem);
	int64_t count = 0;

	add_bodies(l, id, list, keys);
	add_notes(l, id, list, keys);
	add_responses(l, id, list, keys);
	add_attachments(l, id, list, keys);
	for (size_t i = 0; i < value_count(keys); i++)
		count += ledger_content_erase(l, value_string(value_at(keys,
		    i)));
	value_free(keys);
	return count;
}

static void
forget(struct filter *f, struct record *r, const char *id)
{
	struct contacts *c = f->ctx;
	struct value *hashes = own_hashes(c->ledger, id), *data, *more;

	if (contacts_forget_media(f, r, id, value_json(hashes, &f->mem)) ==
	    -1) {
		value_free(hashes);
		return;
	}
	data = value_new_object();
	more = value_new_object();
	/* As long as the ledger can tell what belongs to them. */
	value_set_integer(more, "erased", erase(c->ledger, id, hashes,
	    &f->mem));
	value_set_string(data, "id", id);
	value_set_take(data, "hashes", hashes);
	ledger_append_take(c->ledger, "contact.forgotten", data);
	contacts_answer(f, r, "forgotten", more);
}

void
contacts_forget(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	const char *id = record_string(r, "id");

	contacts_begin(f);
	/* A second time is no fault: the first may have been cut short. */
	if (id != NULL && !contact_is_known(c->ledger, id) &&
	    contact_was_forgotten(c->ledger, id)) {
		c->forgot = true;
		contacts_answer(f, r, "unchanged", NULL);
		return;
	}
	id = contacts_known(f, r, "id");
	if (id == NULL)
		return;
	c->forgot = true;
	forget(f, r, id);
}
