#include "contact.h"

#include <stdio.h>
#include <string.h>

#include "message/address.h"

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

static bool
are_strings(const struct value *list)
{
	if (value_type(list) != VALUE_ARRAY)
		return value_type(list) == VALUE_ABSENT;
	for (size_t i = 0; i < value_count(list); i++)
		if (value_string(value_at(list, i)) == NULL)
			return false;
	return true;
}

static bool
is_time_of_day(const struct value *v)
{
	return value_type(v) == VALUE_ABSENT ||
	    time_of_day_parse(value_string(v)) != -1;
}

static bool
is_absent_or(const struct value *v, enum value_type type)
{
	return value_type(v) == VALUE_ABSENT || value_type(v) == type;
}

const char *
contact_fault(const struct value *contact)
{
	const struct value *p = value_get(contact, "preferences");

	if (!is_absent_or(p, VALUE_OBJECT))
		return "not an object";
	if (!is_absent_or(value_get(p, "channel"), VALUE_STRING))
		return "channel is not a text";
	if (!are_strings(value_get(p, "channels")) ||
	    !are_strings(value_get(p, "escalation_channels")))
		return "channels and escalation_channels are lists of texts";
	if (!is_absent_or(value_get(p, "topics"), VALUE_OBJECT))
		return "topics is not an object";
	if (!is_absent_or(value_get(p, "escalation_after_minutes"),
	    VALUE_INTEGER))
		return "escalation_after_minutes is not a whole number";
	if (!is_time_of_day(value_get(p, "quiet_start")) ||
	    !is_time_of_day(value_get(p, "quiet_end")))
		return "quiet_start and quiet_end are times like 21:00";
	return NULL;
}

/* {"type", "hash", "content", "line", "primary"} for each usable address. */
static struct value *
address_list(struct ledger *l, const struct value *address)
{
	struct value *list = value_new_array(), *v;
	const struct value *own;
	char key[LEDGER_KEY];
	const char *to, *line;

	for (size_t i = 0; i < CONFIG_CHANNEL_TYPES; i++) {
		own = value_get(address, config_channel_type(i));
		to = value_get_string(own, "to");
		if (to == NULL)
			continue;
		contact_address_put(l, to, key);
		v = value_new_object();
		value_set_string(v, "type", config_channel_type(i));
		value_set_string(v, "hash", strchr(key, '/') + 1);
		value_set_string(v, "content", key);
		line = value_get_string(own, "line");
		if (line != NULL)
			value_set_string(v, "line", line);
		value_set_integer(v, "primary", 1);
		value_append_take(list, v);
	}
	return list;
}

/* What a person is called: the personal part, kept apart. */
static void
put_name(struct ledger *l, struct value *data, const struct value *contact,
    struct arena *mem)
{
	const char *name = value_get_string(contact, "name"), *body;
	struct value *v = value_new_object();
	char key[LEDGER_KEY];

	/* With the id, so that two namesakes are two rows to erase. */
	value_set_string(v, "id", value_get_string(contact, "id"));
	value_set_string(v, "name", name == NULL ? "" : name);
	body = value_json(v, mem);
	ledger_content_put(l, "contact", body, strlen(body), key);
	value_set_string(data, "content", key);
	value_free(v);
}

/* "With only an id the ledger's contact is meant": that must stay as it is. */
static bool
is_by_id_alone(struct ledger *l, const struct value *contact)
{
	return value_get(contact, "name") == NULL &&
	    value_get(contact, "email") == NULL &&
	    value_get(contact, "phone") == NULL &&
	    value_get(contact, "whatsapp") == NULL &&
	    ledger_count(l, "SELECT count(*) FROM contact WHERE id = ?", "s",
	    value_get_string(contact, "id")) > 0;
}

static bool
is_as_known(struct ledger *l, const char *id, const char *digest)
{
	return ledger_count(l, "SELECT count(*) FROM contact WHERE id = ? "
	    "AND digest = ?", "ss", id, digest) > 0;
}

bool
contact_put(struct ledger *l, const struct value *contact,
    const struct value *address, const char *language, const char *timezone,
    struct arena *mem)
{
	const struct value *preferences = value_get(contact, "preferences");
	const char *id = value_get_string(contact, "id"), *json;
	struct value *data;
	char digest[DIGEST_HEX];

	if (is_by_id_alone(l, contact))
		return false;
	data = value_new_object();
	value_set_string(data, "id", id);
	put_name(l, data, contact, mem);
	if (language != NULL)
		value_set_string(data, "language", language);
	if (timezone != NULL)
		value_set_string(data, "timezone", timezone);
	value_set_take(data, "addresses", address_list(l, address));
	if (value_type(preferences) == VALUE_OBJECT)
		value_set_take(data, "preferences", value_copy(preferences));
	json = value_json(data, mem);
	ledger_hash(l, json, digest);
	if (is_as_known(l, id, digest)) {
		value_free(data);
		return false;
	}
	value_set_string(data, "digest", digest);
	ledger_append_take(l, "contact.put", data);
	return true;
}

bool
consent_put(struct ledger *l, const char *hash, const char *scope,
    const char *state, const char *how, const char *source)
{
	struct ledger_rows *r;
	struct value *data;
	bool same;

	r = ledger_select(l, "SELECT state, how FROM consent WHERE hash = ? "
	    "AND scope = ?", "ss", hash, scope);
	same = ledger_next(r) && (strcmp(ledger_text(r, 0), state) == 0 ||
	    /* What a person said outweighs a calendar's old note. */
	    (strcmp(how, "import") == 0 &&
	    strcmp(ledger_text(r, 1), "import") != 0));
	ledger_end(r);
	if (same)
		return false;
	data = value_new_object();
	value_set_string(data, "hash", hash);
	value_set_string(data, "scope", scope);
	value_set_string(data, "state", state);
	value_set_string(data, "how", how);
	if (source != NULL)
		value_set_string(data, "source", source);
	ledger_append_take(l, "consent.put", data);
	return true;
}

static bool
scope_of(const struct config *c, const char *word, char out[96])
{
	if (strcmp(word, "all") == 0) {
		snprintf(out, 96, "all");
		return true;
	}
	for (size_t i = 0; i < CONFIG_CHANNEL_TYPES; i++)
		if (strcmp(config_channel_type(i), word) == 0) {
			snprintf(out, 96, "channel:%s", word);
			return true;
		}
	snprintf(out, 96, "topic:%.80s", word);
	return config_has(c, "topic", word);
}

/* "channel:sms" silences the SMS address; everything else silences all. */
static bool
concerns(const char *scope, const char *type)
{
	return strncmp(scope, "channel:", 8) != 0 ||
	    strcmp(scope + 8, type) == 0;
}

/* The addresses that the ledger knows of a contact named by its id alone. */
static int
silence_known(struct ledger *l, const char *contact, const char *scope,
    const char *source)
{
	struct ledger_rows *r;
	int count = 0;

	r = ledger_select(l, "SELECT type, hash FROM contact_address WHERE "
	    "contact = ?", "s", contact);
	while (ledger_next(r))
		if (concerns(scope, ledger_text(r, 0)))
			count += consent_put(l, ledger_text(r, 1), scope,
			    "out", "import", source);
	ledger_end(r);
	return count;
}

static int
silence(struct ledger *l, const struct value *address, const char *scope,
    const char *source)
{
	char hash[DIGEST_HEX];
	const char *to;
	int count = 0;

	for (size_t i = 0; i < CONFIG_CHANNEL_TYPES; i++) {
		to = value_get_string(value_get(address, config_channel_type(i)), "to");
		if (to == NULL || !concerns(scope, config_channel_type(i)))
			continue;
		contact_address_hash(l, to, hash);
		count += consent_put(l, hash, scope, "out", "import", source);
	}
	return count;
}

int
contact_put_opt_outs(struct ledger *l, const struct config *c,
    const struct value *contact, const struct value *address,
    const char *source, const char **bad)
{
	const struct value *list = value_get(contact, "opt_out");
	const char *id = value_get_string(contact, "id"), *word;
	bool is_list = value_type(list) == VALUE_ARRAY;
	size_t n = is_list ? value_count(list) : list != NULL;
	char scope[96];
	int count = 0;

	for (size_t i = 0; i < n; i++) {
		word = value_string(is_list ? value_at(list, i) : list);
		if (word == NULL || !scope_of(c, word, scope)) {
			*bad = word == NULL ? "(not a word)" : word;
			return -1;
		}
		count += address == NULL ? silence_known(l, id, scope,
		    source) : silence(l, address, scope, source);
	}
	return count;
}

struct value *
contact_record(struct ledger *l, const char *id)
{
	static const char *const member[CONFIG_CHANNEL_TYPES] = { "email", "phone",
	    "whatsapp", NULL, NULL };
	struct value *contact = value_new_object(), *name;
	struct ledger_rows *r;
	const char *s, *body;
	struct error e;

	value_set_string(contact, "id", id);
	r = ledger_select(l, "SELECT b.body, c.language, c.timezone FROM "
	    "contact c LEFT JOIN content b ON b.key = c.content WHERE c.id = "
	    "?", "s", id);
	if (ledger_next(r)) {
		body = ledger_text(r, 0);
		name = body == NULL ? NULL : value_parse(body, strlen(body),
		    &e);
		s = value_get_string(name, "name");
		if (s != NULL && *s != '\0')
			value_set_string(contact, "name", s);
		value_free(name);
		if (ledger_text(r, 1) != NULL)
			value_set_string(contact, "language",
			    ledger_text(r, 1));
		if (ledger_text(r, 2) != NULL)
			value_set_string(contact, "timezone",
			    ledger_text(r, 2));
	}
	ledger_end(r);
	for (size_t i = 0; i < CONFIG_CHANNEL_TYPES; i++) {
		if (member[i] == NULL)
			continue;
		/* A landline has an address for voice only. */
		r = ledger_select(l, "SELECT b.body FROM contact_address a "
		    "JOIN address x ON x.type = a.type AND x.hash = a.hash "
		    "JOIN content b ON b.key = x.content WHERE a.contact = ?1 "
		    "AND (a.type = ?2 OR (?2 = 'sms' AND a.type = 'voice')) "
		    "AND b.body IS NOT NULL ORDER BY a.type = ?2 DESC, a.rank "
		    "LIMIT 1", "ss", id, config_channel_type(i));
		if (ledger_next(r))
			value_set_string(contact, member[i],
			    ledger_text(r, 0));
		ledger_end(r);
	}
	return contact;
}
