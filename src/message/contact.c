#include "contact.h"

#include <string.h>

#include "message/address.h"
#include "message/joined.h"

/* A contact as the ledger has it, or is about to have it. */
struct person {
	bool known, has_preferences;
	const char *content, *digest, *language, *timezone;
	struct value *tags;		/* each of these is there, if empty */
	struct value *addresses;	/* as a row contact.put has them */
	struct value *preferences;
};

const char *
contact_action_name(enum contact_action a)
{
	static const char *const names[] = {
		[CONTACT_UNCHANGED] = "unchanged",
		[CONTACT_CREATED] = "created", [CONTACT_CHANGED] = "changed"
	};

	return names[a];
}

char *
contact_address_hash(const struct ledger *l, const char *to,
    char out[DIGEST_HEX])
{
	char identity[ADDRESS_IDENTITY];

	return ledger_hash(l, address_identity(to, identity), out);
}

const char *
contact_address_put(struct ledger *l, const char *to, char key[LEDGER_KEY])
{
	char identity[ADDRESS_IDENTITY];

	address_identity(to, identity);
	ledger_content_put(l, "address", identity, strlen(identity), key);
	return strchr(key, '/') + 1;
}

bool
contact_is_known(struct ledger *l, const char *id)
{
	return ledger_count(l, "SELECT count(*) FROM contact WHERE id = ?",
	    "s", id) > 0;
}

bool
contact_was_forgotten(struct ledger *l, const char *id)
{
	return ledger_count(l, "SELECT count(*) FROM journal j INDEXED BY "
	    "journal_person WHERE" LEDGER_PERSON "= ? AND" LEDGER_PERSONAL
	    "AND j.op = 'contact.forgotten'", "s", id) > 0;
}

/* JSON of a column, or NULL. */
static struct value *
parsed(const char *text)
{
	struct error ignored;

	return text == NULL ? NULL : value_parse(text, strlen(text), &ignored);
}

static void
set_parsed(struct value *object, const char *key, const char *text)
{
	struct value *v = parsed(text);

	if (v != NULL)
		value_set_take(object, key, v);
}

static struct value *
place(const char *type, const char *hash, const char *key, const char *line,
    bool primary, bool verified)
{
	struct value *v = value_new_object();

	value_set_string(v, "type", type);
	value_set_string(v, "hash", hash);
	value_set_string(v, "content", key);
	if (line != NULL)
		value_set_string(v, "line", line);
	value_set_integer(v, "primary", primary);
	if (verified)
		value_set_integer(v, "verified", 1);
	return v;
}

static void
load_addresses(struct ledger *l, const char *id, struct person *p)
{
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT a.type, a.hash, x.content, x.line, "
	    "a.is_primary, x.verified FROM contact_address a JOIN address x "
	    "ON x.type = a.type AND x.hash = a.hash WHERE a.contact = ? "
	    "ORDER BY a.rank, a.type", "s", id);
	while (ledger_next(r))
		value_append_take(p->addresses, place(ledger_text(r, 0),
		    ledger_text(r, 1), ledger_text(r, 2), ledger_text(r, 3),
		    ledger_int(r, 4) != 0, ledger_int(r, 5) != 0));
	ledger_end(r);
}

static void
load_preferences(struct ledger *l, const char *id, struct person *p)
{
	static const char *const names[] = { "channel", "quiet_start",
	    "quiet_end", "channels", "topics", "escalation_channels" };
	struct value *v = p->preferences;
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT channel, quiet_start, quiet_end, "
	    "channels, topics, escalation_channels, escalation_after_minutes, "
	    "escalation_after_minutes IS NOT NULL FROM preference WHERE "
	    "contact = ?", "s", id);
	p->has_preferences = ledger_next(r);
	if (p->has_preferences) {
		for (int i = 0; i < 3; i++)
			if (ledger_text(r, i) != NULL)
				value_set_string(v, names[i],
				    ledger_text(r, i));
		for (int i = 3; i < 6; i++)
			set_parsed(v, names[i], ledger_text(r, i));
		if (ledger_int(r, 7) != 0)
			value_set_integer(v, "escalation_after_minutes",
			    ledger_int(r, 6));
	}
	ledger_end(r);
}

static void
load(struct ledger *l, const char *id, struct person *p, struct arena *mem)
{
	struct ledger_rows *r;
	const char *s;

	*p = (struct person){ .digest = "", .addresses = value_new_array(),
	    .preferences = value_new_object() };
	r = ledger_select(l, "SELECT content, digest, language, timezone, "
	    "tags FROM contact WHERE id = ?", "s", id);
	p->known = ledger_next(r);
	if (p->known) {
		p->content = arena_strdup(mem, ledger_text(r, 0));
		p->digest = arena_strdup(mem, ledger_text(r, 1));
		s = ledger_text(r, 2);
		p->language = s == NULL ? NULL : arena_strdup(mem, s);
		s = ledger_text(r, 3);
		p->timezone = s == NULL ? NULL : arena_strdup(mem, s);
		p->tags = parsed(ledger_text(r, 4));
	}
	ledger_end(r);
	if (p->tags == NULL)
		p->tags = value_new_array();
	load_addresses(l, id, p);
	load_preferences(l, id, p);
}

static void
release(struct person *p)
{
	value_free(p->tags);
	value_free(p->addresses);
	value_free(p->preferences);
}

/* One more address, unless it is there; what the ledger knows of it stays. */
static void
add_place(struct ledger *l, struct value *list, const char *type,
    const struct value *from)
{
	const char *to = value_get_string(from, "to"), *hash;
	const char *line = value_get_string(from, "line");
	bool verified = value_is_true(value_get(from, "verified"));
	bool primary = value_is_true(value_get(from, "primary"));
	char key[LEDGER_KEY];
	struct ledger_rows *r;
	const struct value *v;

	hash = contact_address_put(l, to, key);
	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		if (strcmp(value_get_string(v, "type"), type) == 0 &&
		    strcmp(value_get_string(v, "hash"), hash) == 0)
			return;
	}
	r = ledger_select(l, "SELECT line, verified FROM address WHERE type = "
	    "? AND hash = ?", "ss", type, hash);
	if (ledger_next(r)) {
		if (line == NULL)
			line = ledger_text(r, 0);
		verified = verified || ledger_int(r, 1) != 0;
	}
	value_append_take(list, place(type, hash, key, line, primary,
	    verified));
	ledger_end(r);
}

/* The first of a channel that says so is the primary one, else the first. */
static struct value *
with_primaries(struct value *list)
{
	struct value *out = value_new_array(), *own;
	const struct value *v, *w;
	size_t n = value_count(list), chosen;
	int64_t said;

	for (size_t i = 0; i < n; i++) {
		v = value_at(list, i);
		chosen = n;
		for (size_t pass = 0; pass < 2 && chosen == n; pass++)
			for (size_t k = 0; k < n && chosen == n; k++) {
				w = value_at(list, k);
				if (strcmp(value_get_string(w, "type"),
				    value_get_string(v, "type")) == 0 &&
				    (pass == 1 || (value_integer(value_get(w,
				    "primary"), &said) && said != 0)))
					chosen = k;
			}
		own = value_copy(v);
		value_set_integer(own, "primary", chosen == i);
		value_append_take(out, own);
	}
	value_free(list);
	return out;
}

static bool
gives_addresses(const struct contact_input *in)
{
	return in->address != NULL || in->places != NULL ||
	    value_get(in->contact, "email") != NULL ||
	    value_get(in->contact, "phone") != NULL ||
	    value_get(in->contact, "whatsapp") != NULL ||
	    value_get(in->contact, "push") != NULL ||
	    value_get(in->contact, "addresses") != NULL;
}

static void
take_addresses(struct ledger *l, const struct contact_input *in,
    struct person *p)
{
	struct value *list = value_new_array();
	const struct value *v;
	const char *type;

	for (size_t i = 0; (type = config_channel_type(i)) != NULL; i++) {
		v = value_get(in->address, type);
		if (value_get_string(v, "to") != NULL)
			add_place(l, list, type, v);
	}
	for (size_t i = 0; i < value_count(in->places); i++) {
		v = value_at(in->places, i);
		add_place(l, list, value_get_string(v, "channel"), v);
	}
	value_free(p->addresses);
	p->addresses = with_primaries(list);
}

static void
take_preferences(const struct value *from, struct person *p)
{
	/* In the order that they are loaded, so that they can be compared. */
	static const char *const names[] = { "channel", "quiet_start",
	    "quiet_end", "channels", "topics", "escalation_channels",
	    "escalation_after_minutes" };
	const struct value *v;

	value_free(p->preferences);
	p->preferences = value_new_object();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		v = value_get(from, names[i]);
		if (v != NULL && value_type(v) != VALUE_NULL)
			value_set_take(p->preferences, names[i],
			    value_copy(v));
	}
}

/* What a person is called: the personal part, kept apart. */
static const char *
put_name(struct ledger *l, const char *id, const char *name,
    struct arena *mem)
{
	struct value *v = value_new_object();
	char key[LEDGER_KEY];
	const char *body;

	/* With the id, so that two namesakes are two rows to erase. */
	value_set_string(v, "id", id);
	value_set_string(v, "name", name == NULL ? "" : name);
	body = value_json(v, mem);
	ledger_content_put(l, "contact", body, strlen(body), key);
	value_free(v);
	return arena_strdup(mem, key);
}

static void
take_text(const struct value *contact, const char *key, const char **to,
    struct arena *mem)
{
	const struct value *v = value_get(contact, key);
	const char *s = value_string(v);

	if (v != NULL)
		*to = s == NULL || *s == '\0' ? NULL : arena_strdup(mem, s);
}

static void
take(struct ledger *l, const struct contact_input *in, struct person *p,
    struct arena *mem)
{
	const struct value *v = value_get(in->contact, "name");

	if (v != NULL || !p->known)
		p->content = put_name(l, value_get_string(in->contact, "id"),
		    value_string(v), mem);
	take_text(in->contact, "language", &p->language, mem);
	take_text(in->contact, "timezone", &p->timezone, mem);
	/* Who is said to have none is not given the site's. */
	if (!p->known && value_get(in->contact, "language") == NULL)
		p->language = in->language;
	if (gives_addresses(in))
		take_addresses(l, in, p);
	v = value_get(in->contact, "preferences");
	if (v != NULL)
		take_preferences(v, p);
	v = value_get(in->contact, "tags");
	if (v != NULL) {
		value_free(p->tags);
		p->tags = value_type(v) == VALUE_ARRAY ? value_copy(v) :
		    value_new_array();
	}
}

static struct value *
journal_row(const char *id, const struct person *p)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", id);
	value_set_string(data, "content", p->content);
	if (p->language != NULL)
		value_set_string(data, "language", p->language);
	if (p->timezone != NULL)
		value_set_string(data, "timezone", p->timezone);
	value_set_take(data, "addresses", value_copy(p->addresses));
	if (p->has_preferences || value_count(p->preferences) > 0)
		value_set_take(data, "preferences",
		    value_copy(p->preferences));
	if (value_count(p->tags) > 0)
		value_set_take(data, "tags", value_copy(p->tags));
	value_set_string(data, "digest", p->digest);
	return data;
}

/* What a calendar's export said, to be known again. */
static char *
digest_input(struct ledger *l, const struct contact_input *in,
    struct arena *mem, char out[DIGEST_HEX])
{
	static const char *const names[] = { "id", "name", "email", "phone",
	    "whatsapp", "push", "addresses", "language", "timezone",
	    "preferences", "tags" };
	struct value *said = value_new_object();
	const struct value *v;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		v = value_get(in->contact, names[i]);
		if (v != NULL)
			value_set_take(said, names[i], value_copy(v));
	}
	if (in->address != NULL)
		value_set_take(said, "address", value_copy(in->address));
	ledger_hash(l, value_json(said, mem), out);
	value_free(said);
	return out;
}

/* The person's name, or NULL when there is none or it was erased. */
static void
show_name(struct ledger *l, const char *key, struct value *out,
    struct arena *mem)
{
	struct value *body = parsed(ledger_content(l, key, mem));
	const char *name = value_get_string(body, "name");

	if (name != NULL && *name != '\0')
		value_set_string(out, "name", name);
	value_free(body);
}

static struct value *
show_address(struct ledger *l, const struct value *v, struct arena *mem)
{
	struct value *out = value_new_object();
	const char *type = value_get_string(v, "type"), *body;
	int64_t n;

	body = ledger_content(l, value_get_string(v, "content"), mem);
	value_set_string(out, "channel", type);
	value_set_string(out, "to", body == NULL ? "(erased)" : body);
	value_carry(out, "line", v, "line");
	if (value_integer(value_get(v, "primary"), &n) && n != 0)
		value_set_bool(out, "primary", true);
	if (value_integer(value_get(v, "verified"), &n) && n != 0)
		value_set_bool(out, "verified", true);
	return out;
}

static struct value *
show(struct ledger *l, const char *id, const struct person *p,
    struct arena *mem)
{
	struct value *out = value_new_object(), *list = value_new_array();

	value_set_string(out, "id", id);
	show_name(l, p->content, out, mem);
	if (p->language != NULL)
		value_set_string(out, "language", p->language);
	if (p->timezone != NULL)
		value_set_string(out, "timezone", p->timezone);
	for (size_t i = 0; i < value_count(p->addresses); i++)
		value_append_take(list, show_address(l,
		    value_at(p->addresses, i), mem));
	value_set_take(out, "addresses", list);
	if (value_count(p->preferences) > 0)
		value_set_take(out, "preferences", value_copy(p->preferences));
	if (value_count(p->tags) > 0)
		value_set_take(out, "tags", value_copy(p->tags));
	return out;
}

struct value *
contact_state(struct ledger *l, const char *id, struct arena *mem)
{
	struct value *out = NULL;
	struct person p;

	load(l, id, &p, mem);
	if (p.known)
		out = show(l, id, &p, mem);
	release(&p);
	return out;
}

/* What makes `a` and `b` differ; NULL when nothing does. */
static struct value *
contact_difference(const struct value *a, const struct value *b,
    struct arena *mem)
{
	static const char *const names[] = { "name", "language", "timezone",
	    "addresses", "preferences", "tags" };
	struct value *out = value_new_object(), *pair;
	const struct value *from, *to;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		from = value_get(a, names[i]);
		to = value_get(b, names[i]);
		if ((from == NULL) == (to == NULL) && (from == NULL ||
		    strcmp(value_json(from, mem), value_json(to, mem)) == 0))
			continue;
		pair = value_new_object();
		if (from != NULL)
			value_set_take(pair, "from", value_copy(from));
		if (to != NULL)
			value_set_take(pair, "to", value_copy(to));
		value_set_take(out, names[i], pair);
	}
	if (value_count(out) > 0)
		return out;
	value_free(out);
	return NULL;
}

/* Is there an address like `v`, of this type or (NULL) of any? */
static bool
has_place(const struct value *list, const struct value *v, const char *type)
{
	const struct value *w;

	for (size_t i = 0; i < value_count(list); i++) {
		w = value_at(list, i);
		if (strcmp(value_get_string(w, "hash"), value_get_string(v,
		    "hash")) == 0 && (type == NULL || strcmp(
		    value_get_string(w, "type"), type) == 0))
			return true;
	}
	return false;
}

/* An opt-out that was given once holds for the addresses that come later. */
static void
carry(struct ledger *l, const struct config *c, const char *id,
    const struct value *places, const struct value *had)
{
	const struct value *v;
	const char *type;

	for (size_t i = 0; i < value_count(places); i++) {
		v = value_at(places, i);
		type = value_get_string(v, "type");
		if (!has_place(had, v, type))
			consent_carry(l, c, id, type, value_get_string(v,
			    "hash"), !has_place(had, v, NULL));
	}
}

void
contact_carry(struct ledger *l, const struct config *c, const char *id)
{
	struct person p = { .addresses = value_new_array() };

	load_addresses(l, id, &p);
	carry(l, c, id, p.addresses, NULL);
	value_free(p.addresses);
}

enum contact_action
contact_put(struct ledger *l, const struct contact_input *in,
    struct arena *mem, struct value **changes)
{
	const char *id = value_get_string(in->contact, "id");
	struct value *before, *after, *had = NULL, *difference = NULL, *row;
	enum contact_action action = CONTACT_UNCHANGED;
	char digest[DIGEST_HEX];
	struct person p;

	if (changes != NULL)
		*changes = NULL;
	load(l, id, &p, mem);
	if (in->again && strcmp(digest_input(l, in, mem, digest),
	    p.digest) == 0)
		goto out;
	before = show(l, id, &p, mem);
	had = value_copy(p.addresses);
	take(l, in, &p, mem);
	after = show(l, id, &p, mem);
	difference = contact_difference(before, after, mem);
	value_free(before);
	value_free(after);
	if (p.known && difference == NULL)
		goto out;
	action = p.known ? CONTACT_CHANGED : CONTACT_CREATED;
	if (in->again)
		p.digest = digest;
	row = journal_row(id, &p);
	if (in->source != NULL)
		value_set_string(row, "source", in->source);
	ledger_append_take(l, "contact.put", row);
	carry(l, in->config, id, p.addresses, had);
	joined_conversations(l, id);
	if (changes != NULL && action == CONTACT_CHANGED) {
		*changes = difference;
		difference = NULL;
	}
out:
	value_free(had);
	value_free(difference);
	release(&p);
	return action;
}
