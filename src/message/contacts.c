#include "contacts.h"

#include <string.h>

#include "message/contact.h"
#include "message/contact_check.h"

struct ledger *
contacts_begin(struct filter *f)
{
	struct contacts *c = f->ctx;

	if (!ledger_is_open(c->ledger))
		ledger_begin(c->ledger);
	ledger_savepoint(c->ledger);
	return c->ledger;
}

/* A record is taken whole or not at all. */
void
contacts_undo(struct filter *f)
{
	ledger_undo(((struct contacts *)f->ctx)->ledger);
}

void
contacts_commit(struct filter *f)
{
	struct contacts *c = f->ctx;

	if (!ledger_is_open(c->ledger))
		return;
	if (c->dry)
		ledger_rollback(c->ledger);
	else
		ledger_commit(c->ledger);
}

void
contacts_answer(struct filter *f, struct record *r, const char *action,
    struct value *more)
{
	struct value *v = value_new_object();

	value_set_string(v, "action", action);
	for (struct value_iter it = { 0 }; value_next(more, &it); )
		value_set_take(v, it.key, value_copy(it.value));
	value_free(more);
	record_set_take(r, "contact", v);
	ledger_release(((struct contacts *)f->ctx)->ledger);
}

const char *
contacts_known(struct filter *f, struct record *r, const char *member)
{
	struct contacts *c = f->ctx;
	const char *id = record_string(r, member);

	if (id == NULL) {
		filter_refuse(f, r, "no_id", member, "%s: missing, or not a "
		    "text", member);
		return NULL;
	}
	if (contact_is_known(c->ledger, id))
		return id;
	filter_refuse(f, r, "unknown_contact", member,
	    "%s: there is no contact %.100s", member, id);
	return NULL;
}

const char *
contacts_address(struct filter *f, struct record *r, const char *type,
    const char *raw, const char **line)
{
	struct contacts *c = f->ctx;
	bool mail = type == NULL ? strchr(raw, '@') != NULL :
	    strcmp(type, "email") == 0;
	struct value *contact = value_new_object(), *address = NULL;
	const char *to = NULL, *field, *why = "cannot be used";
	enum address_result rc;
	struct error e;

	/* A push token is what its provider says it is. */
	if (type != NULL && strcmp(type, "push") == 0) {
		value_free(contact);
		return raw;
	}
	value_set_string(contact, mail ? "email" : "phone", raw);
	rc = address_of_contact(c->phones, contact, &f->mem, &address, &field,
	    &why, &e);
	if (rc == ADDRESS_OK) {
		const struct value *v = value_get(address, type != NULL ?
		    type : mail ? "email" : "voice");

		to = value_get_string(v, "to");
		if (to != NULL)
			to = arena_strdup(&f->mem, to);
		else if (value_get_string(v, "refused") != NULL)
			why = arena_strdup(&f->mem, value_get_string(v,
			    "refused"));
		if (line != NULL && value_get_string(v, "line") != NULL)
			*line = arena_strdup(&f->mem, value_get_string(v,
			    "line"));
	}
	value_free(contact);
	value_free(address);
	if (rc == ADDRESS_UNKNOWN)
		filter_refuse_temporarily(f, r, "phonenumber", "%s", e.text);
	else if (to == NULL)
		filter_refuse(f, r, "bad_address", "address", "address: %.100s "
		    "is none: %s", raw, why);
	return to;
}

/* The list `addresses`, each made what the ledger keeps; NULL when refused. */
static struct value *
read_places(struct filter *f, struct record *r, const struct value *list)
{
	struct value *out = value_new_array(), *v;
	const struct value *from;
	const char *to, *line, *type;

	for (size_t i = 0; i < value_count(list); i++) {
		from = value_at(list, i);
		type = value_get_string(from, "channel");
		line = NULL;
		to = contacts_address(f, r, type, value_get_string(from, "to"),
		    &line);
		if (to == NULL) {
			value_free(out);
			return NULL;
		}
		v = value_new_object();
		value_set_string(v, "channel", type);
		value_set_string(v, "to", to);
		if (line != NULL)
			value_set_string(v, "line", line);
		value_set_bool(v, "primary", value_is_true(value_get(from,
		    "primary")));
		value_set_bool(v, "verified", value_is_true(value_get(from,
		    "verified")));
		value_append_take(out, v);
	}
	return out;
}

/* What of these cannot be used is left out, or with `set` refused. */
static bool
report_unusable(struct filter *f, struct record *r,
    const struct value *contact, const struct value *address)
{
	bool strict = record_get(r, "set") != NULL;
	static const struct { const char *type, *field; } list[] = {
		{ "email", "email" }, { "voice", "phone" },
		{ "whatsapp", "whatsapp" }
	};
	const char *why;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		why = value_get_string(value_get(address, list[i].type),
		    "refused");
		if (why == NULL || value_get_string(contact,
		    list[i].field) == NULL)
			continue;
		if (strict) {
			filter_refuse(f, r, "bad_address", list[i].field,
			    "%s: %s", list[i].field, why);
			return false;
		}
		diag("line %ju: %s: %s left out: %s", f->line,
		    value_get_string(contact, "id"), list[i].field, why);
	}
	return true;
}

/* email, phone and whatsapp as omni-normalize makes them; false: refused. */
static bool
read_address(struct filter *f, struct record *r, const struct value *contact,
    struct value **address)
{
	struct contacts *c = f->ctx;
	const char *field, *why = NULL;
	struct error e;

	switch (address_of_contact(c->phones, contact, &f->mem, address,
	    &field, &why, &e)) {
	case ADDRESS_UNKNOWN:
		filter_refuse_temporarily(f, r, "phonenumber", "%s", e.text);
		return false;
	case ADDRESS_REFUSED:
		*address = NULL;
		if (record_get(r, "set") != NULL) {
			filter_refuse(f, r, "bad_address", "set", "%s", why);
			return false;
		}
		/* Taken all the same, for staff to call. */
		diag("line %ju: %s: cannot be reached: %s", f->line,
		    value_get_string(contact, "id"), why);
		return true;
	case ADDRESS_OK:
	default:
		return report_unusable(f, r, contact, *address);
	}
}

void
contacts_put(struct filter *f, struct record *r, const struct value *contact,
    const struct value *places)
{
	struct contacts *c = f->ctx;
	struct value *address = NULL, *changes = NULL, *more;
	struct contact_input in = { .contact = contact, .places = places };
	const char *field, *bad;
	enum contact_action action;
	int consents;

	if (!read_address(f, r, contact, &address)) {
		value_free(address);
		return;
	}
	in.address = address;
	in.language = config_string(c->config, "site", NULL, "language");
	contacts_begin(f);
	action = contact_put(c->ledger, &in, &f->mem, &changes);
	consents = consent_import(c->ledger, c->config, contact, NULL,
	    &f->mem, &field, &bad);
	value_free(address);
	if (consents == -1) {
		value_free(changes);
		contacts_undo(f);
		filter_refuse(f, r, strcmp(field, "opt_out") == 0 ?
		    "bad_opt_out" : "bad_consent", field, "%s: %s", field,
		    bad);
		return;
	}
	more = value_new_object();
	if (changes != NULL)
		value_set_take(more, "changes", changes);
	if (consents > 0)
		value_set_integer(more, "consents", consents);
	if (consents > 0 && action == CONTACT_UNCHANGED)
		action = CONTACT_CHANGED;
	contacts_answer(f, r, contact_action_name(action), more);
}

void
contacts_import(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	const struct value *list = record_get(r, "addresses");
	struct contact_flaw why;
	struct value *places = NULL;

	if (!contact_check(c->config, r->root, &why, &f->mem)) {
		filter_refuse(f, r, why.code, why.field, "%s: %s", why.field,
		    why.text);
		return;
	}
	if (value_type(list) == VALUE_ARRAY) {
		places = read_places(f, r, list);
		if (places == NULL)
			return;
	}
	contacts_put(f, r, r->root, places);
	value_free(places);
}
