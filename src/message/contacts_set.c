/* omni-contact set: single members, as written on a command line. */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/contact.h"
#include "message/contact_check.h"
#include "message/contacts.h"

/* "a, b  c" as a list of texts. */
static struct value *
words(const char *s)
{
	struct value *list = value_new_array();
	char word[80];

	for (size_t i = 0; config_word(s, i, word, sizeof(word)); i++)
		value_append_take(list, value_new_string(word));
	return list;
}

/* +tag and -tag change the list, anything else replaces it. */
static struct value *
changed_tags(const struct value *known, const char *s)
{
	struct value *given = words(s), *out;
	const char *tag, *old;
	bool has;

	if (*s != '+' && *s != '-')
		return given;
	out = value_new_array();
	for (size_t i = 0; i < value_count(known); i++) {
		old = value_string(value_at(known, i));
		has = false;
		for (size_t k = 0; k < value_count(given); k++) {
			tag = value_string(value_at(given, k));
			has = has || strcmp(tag + 1, old) == 0;
		}
		if (!has)
			value_append_take(out, value_new_string(old));
	}
	for (size_t k = 0; k < value_count(given); k++) {
		tag = value_string(value_at(given, k));
		if (*tag == '+')
			value_append_take(out, value_new_string(tag + 1));
	}
	value_free(given);
	return out;
}

/* "21:00-08:00" into its two members; false when it is no such thing. */
static bool
set_quiet(struct value *p, const char *s)
{
	const char *dash = strchr(s, '-');
	char start[8];

	value_remove(p, "quiet_start");
	value_remove(p, "quiet_end");
	if (*s == '\0')
		return true;
	if (dash == NULL || dash - s >= (ptrdiff_t)sizeof(start))
		return false;
	snprintf(start, sizeof(start), "%.*s", (int)(dash - s), s);
	value_set_string(p, "quiet_start", start);
	value_set_string(p, "quiet_end", dash + 1);
	return true;
}

static bool
set_minutes(struct value *p, const char *key, const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	value_remove(p, key);
	if (*s == '\0')
		return true;
	if (*end != '\0')
		return false;
	value_set_integer(p, key, n);
	return true;
}

/* One of the person's wishes; false when the value makes no sense for it. */
static bool
set_preference(struct value *p, const char *key, const char *s, bool *known)
{
	*known = true;
	if (strcmp(key, "quiet") == 0)
		return set_quiet(p, s);
	if (strcmp(key, "escalation_after_minutes") == 0)
		return set_minutes(p, key, s);
	if (strcmp(key, "channel") == 0) {
		value_remove(p, key);
		if (*s != '\0')
			value_set_string(p, key, s);
		return true;
	}
	if (strcmp(key, "channels") == 0 ||
	    strcmp(key, "escalation_channels") == 0) {
		value_remove(p, key);
		if (*s != '\0')
			value_set_take(p, key, words(s));
		return true;
	}
	*known = false;
	return true;
}

/* What the new telephone or mail takes the place of, out of `addresses`. */
static void
drop_channel(struct value *contact, const char *type)
{
	const struct value *list = value_get(contact, "addresses"), *v;
	struct value *out = value_new_array();

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		if (strcmp(value_get_string(v, "channel"), type) != 0)
			value_append_take(out, value_copy(v));
	}
	value_set_take(contact, "addresses", out);
}

/* The primary address of a channel, or "". */
static const char *
primary_of(const struct value *contact, const char *type)
{
	const struct value *list = value_get(contact, "addresses"), *v;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		if (strcmp(value_get_string(v, "channel"), type) == 0 &&
		    value_is_true(value_get(v, "primary")))
			return value_get_string(v, "to");
	}
	return "";
}

/* A whatsapp of their own stays when only the telephone is another. */
static void
drop_replaced(struct value *contact, const struct value *set,
    struct value *address)
{
	bool own = *primary_of(contact, "whatsapp") != '\0' &&
	    strcmp(primary_of(contact, "whatsapp"), primary_of(contact,
	    "voice")) != 0;

	if (value_get(set, "email") != NULL)
		drop_channel(contact, "email");
	if (value_get(set, "phone") != NULL) {
		drop_channel(contact, "sms");
		drop_channel(contact, "voice");
		if (!own)
			drop_channel(contact, "whatsapp");
		else if (value_get(set, "whatsapp") == NULL &&
		    address != NULL)
			value_remove(address, "whatsapp");
	}
	if (value_get(set, "whatsapp") != NULL)
		drop_channel(contact, "whatsapp");
	if (value_get(set, "push") != NULL)
		drop_channel(contact, "push");
}

static bool
is_address(const char *key)
{
	return strcmp(key, "email") == 0 || strcmp(key, "phone") == 0 ||
	    strcmp(key, "whatsapp") == 0 || strcmp(key, "push") == 0;
}

/* One key=value, into the whole contact as it is now; NULL: done. */
static const char *
set_member(struct value *contact, struct value *preferences, const char *key,
    const char *s)
{
	bool known;

	if (!set_preference(preferences, key, s, &known))
		return "makes no sense";
	if (known || is_address(key))
		return NULL;
	if (strcmp(key, "tags") == 0)
		value_set_take(contact, key, changed_tags(value_get(contact,
		    "tags"), s));
	else if (strcmp(key, "name") == 0 || strcmp(key, "language") == 0 ||
	    strcmp(key, "timezone") == 0)
		value_set_string(contact, key, s);
	else
		return "there is no such thing to set";
	return NULL;
}

static bool
set_all(struct filter *f, struct record *r, struct value *contact)
{
	const struct value *set = record_get(r, "set");
	struct value *p = value_get(contact, "preferences") == NULL ?
	    value_new_object() : value_copy(value_get(contact,
	    "preferences"));
	const char *why = NULL, *s;

	for (struct value_iter it = { 0 }; why == NULL && value_next(set,
	    &it); ) {
		s = value_string(it.value);
		why = s == NULL ? "not a text" : set_member(contact, p,
		    it.key, s);
		if (why != NULL)
			filter_refuse(f, r, "bad_setting", "set",
			    "%.60s: %s", it.key, why);
	}
	value_set_take(contact, "preferences", p);
	return why == NULL;
}

/* The addresses among what is to be set, as a contact says them. */
static bool
read_set(struct filter *f, struct record *r, struct value **address)
{
	static const char *const names[] = { "email", "phone", "whatsapp",
	    "push" };
	const struct value *set = record_get(r, "set");
	struct value *given = value_new_object();
	const char *s;
	bool good = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		s = value_get_string(set, names[i]);
		if (s != NULL && *s != '\0')
			value_set_string(given, names[i], s);
	}
	*address = NULL;
	if (value_count(given) > 0)
		good = contacts_read(f, r, given, true, address);
	value_free(given);
	return good;
}

/* Of the contact as it is now; false after refusing the record. */
static bool
set_now(struct filter *f, struct record *r, struct value *contact,
    struct value *address)
{
	struct contacts *c = f->ctx;
	struct contact_flaw why;

	if (!set_all(f, r, contact))
		return false;
	drop_replaced(contact, record_get(r, "set"), address);
	if (value_count(value_get(contact, "addresses")) +
	    value_count(address) > CONTACT_ADDRESSES) {
		filter_refuse(f, r, "bad_address", "set", "a contact has at "
		    "most 64 addresses");
		return false;
	}
	if (contact_check(c->config, contact, &why, &f->mem))
		return true;
	filter_refuse(f, r, why.code, why.field, "%s: %s", why.field,
	    why.text);
	return false;
}

static void
set_known(struct filter *f, struct record *r, const char *id,
    struct value *address)
{
	struct contacts *c = f->ctx;
	struct value *contact = contact_state(c->ledger, id, &f->mem);
	struct contact_input in = { .config = c->config, .contact = contact,
	    .address = address };
	struct value *changes, *more = NULL;
	enum contact_action action;

	if (!set_now(f, r, contact, address))
		contacts_undo(f);
	else {
		/* They are as the ledger has them: not to be read again. */
		in.places = value_get(contact, "addresses");
		action = contact_put(c->ledger, &in, &f->mem, &changes);
		if (changes != NULL) {
			more = value_new_object();
			value_set_take(more, "changes", changes);
		}
		contacts_answer(f, r, contact_action_name(action), more);
	}
	value_free(contact);
}

void
contacts_set(struct filter *f, struct record *r)
{
	struct value *address;
	const char *id;

	if (value_type(record_get(r, "set")) != VALUE_OBJECT) {
		filter_refuse(f, r, "bad_setting", "set", "set: missing, or "
		    "not an object");
		return;
	}
	if (read_set(f, r, &address)) {
		contacts_begin(f);
		id = contacts_known(f, r, "id");
		if (id != NULL)
			set_known(f, r, id, address);
	}
	value_free(address);
}
