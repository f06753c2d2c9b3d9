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

	if (id != NULL && contact_is_known(c->ledger, id))
		return id;
	contacts_undo(f);
	if (id == NULL)
		filter_refuse(f, r, "no_id", member, "%s: missing, or not a "
		    "text", member);
	else
		filter_refuse(f, r, "unknown_contact", member,
		    "%s: there is no contact %.100s", member, id);
	return NULL;
}

/* `code` and `member` are of the refusal. */
static const char *
find_address(struct filter *f, struct record *r, const char *type,
    const char *raw, const char **line, const char *code, const char *member)
{
	struct contacts *c = f->ctx;
	bool mail = type == NULL ? strchr(raw, '@') != NULL :
	    strcmp(type, "email") == 0;
	struct value *contact = value_new_object(), *address = NULL;
	const char *to = NULL, *field, *why = "cannot be used";
	enum address_result rc;
	struct error e;

	value_set_string(contact, mail ? "email" : "phone", raw);
	rc = address_of_contact(c->phones, c->config, contact, &f->mem,
	    &address, &field, &why, &e);
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
		filter_refuse(f, r, code, member, "%s: %.100s is none: %s",
		    member, raw, why);
	return to;
}

/* A token is what its provider says it is, a subscription has one form. */
static const char *
find_push(struct filter *f, struct record *r, const struct value *v,
    const char *code, const char *member)
{
	const struct contacts *c = f->ctx;
	const char *why, *to = push_address(c->config, v, &f->mem, &why);

	if (to == NULL)
		filter_refuse(f, r, code, member, "%s: push: %s", member, why);
	return to;
}

static const char *
find_push_text(struct filter *f, struct record *r, const char *raw,
    const char *code, const char *member)
{
	struct value *v = value_new_string(raw);
	const char *to = find_push(f, r, v, code, member);

	if (to != NULL)
		to = arena_strdup(&f->mem, to);
	value_free(v);
	return to;
}

const char *
contacts_address(struct filter *f, struct record *r, const char *type,
    const char *raw, const char **line)
{
	if (type == NULL ? subscription_is_meant(raw) :
	    strcmp(type, "push") == 0)
		return find_push_text(f, r, raw, "bad_address", "address");
	return find_address(f, r, type, raw, line, "bad_address", "address");
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
		to = strcmp(type, "push") == 0 ? find_push(f, r,
		    value_get(from, "to"), "bad_address", "addresses") :
		    contacts_address(f, r, type, value_get_string(from, "to"),
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

/* What of these cannot be used is left out, or refused. */
static bool
report_unusable(struct filter *f, struct record *r,
    const struct value *contact, const struct value *address, bool strict)
{
	static const struct { const char *type, *field; } list[] = {
		{ "email", "email" }, { "voice", "phone" },
		{ "whatsapp", "whatsapp" }, { "push", "push" }
	};
	const char *why;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		why = value_get_string(value_get(address, list[i].type),
		    "refused");
		if (why == NULL || value_get(contact, list[i].field) == NULL)
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

bool
contacts_read(struct filter *f, struct record *r, const struct value *contact,
    bool strict, struct value **address)
{
	struct contacts *c = f->ctx;
	const char *field, *why = NULL;
	struct error e;

	switch (address_of_contact(c->phones, c->config, contact, &f->mem,
	    address, &field, &why, &e)) {
	case ADDRESS_UNKNOWN:
		filter_refuse_temporarily(f, r, "phonenumber", "%s", e.text);
		return false;
	case ADDRESS_REFUSED:
		*address = NULL;
		if (strict) {
			filter_refuse(f, r, "bad_address", "set", "%s", why);
			return false;
		}
		/* Taken all the same, for staff to call. */
		diag("line %ju: %s: cannot be reached: %s", f->line,
		    value_get_string(contact, "id"), why);
		return true;
	case ADDRESS_OK:
	default:
		return report_unusable(f, r, contact, *address, strict);
	}
}

void
contacts_expect(struct filter *f, const struct record *r)
{
	struct contacts *c = f->ctx;

	address_expect(c->phones, r->root);
}

static bool
is_push_token(const struct value *contact, const char *to)
{
	const struct value *list = value_get(contact, "addresses"), *v;
	const char *own = value_get_string(contact, "push");

	if (own != NULL && strcmp(own, to) == 0)
		return true;
	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		own = value_get_string(v, "to");
		if (strcmp(value_get_string(v, "channel"), "push") == 0 &&
		    own != NULL && strcmp(own, to) == 0)
			return true;
	}
	return false;
}

/*
 * The list `consent`, with addresses as the ledger keeps them; false after
 * refusing the record.
 */
static bool
read_entries(struct filter *f, struct record *r, struct value **entries)
{
	const struct value *list = record_get(r, "consent");
	const char *raw, *to;
	struct value *v;

	*entries = list == NULL ? NULL : value_copy(list);
	for (size_t i = 0; value_type(list) == VALUE_ARRAY &&
	    i < value_count(list); i++) {
		raw = value_get_string(value_at(list, i), "address");
		if (raw == NULL || (!subscription_is_meant(raw) &&
		    is_push_token(r->root, raw)))
			continue;
		to = subscription_is_meant(raw) ? find_push_text(f, r, raw,
		    "bad_consent", "consent") : find_address(f, r, NULL, raw,
		    NULL, "bad_consent", "consent");
		if (to == NULL) {
			value_free(*entries);
			return false;
		}
		v = value_copy(value_at(list, i));
		value_set_string(v, "address", to);
		value_replace_take(*entries, i, v);
	}
	return true;
}

/* What a list could not change is no secret. */
static void
report_not_taken(const struct filter *f, const char *id,
    const struct value *list)
{
	const struct value *v;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		if (strcmp(value_get_string(v, "state"), "out") == 0)
			diag("line %ju: %s: opt-out of %s not taken for %s: "
			    "they came back themselves", f->line, id,
			    value_get_string(v, "scope"), value_get_string(v,
			    "address"));
	}
}

static void
put(struct filter *f, struct record *r, const struct contact_input *in,
    const struct value *entries)
{
	struct contacts *c = f->ctx;
	const char *id = value_get_string(in->contact, "id");
	const struct consent_import wishes = { .config = c->config,
	    .contact = in->contact, .entries = entries };
	struct value *changes, *more = value_new_object();
	struct consent_report told;
	enum contact_action action;

	contacts_begin(f);
	action = contact_put(c->ledger, in, &f->mem, &changes);
	if (changes != NULL)
		value_set_take(more, "changes", changes);
	if (!consent_import(c->ledger, &wishes, &f->mem, &told)) {
		value_free(told.not_taken);
		value_free(more);
		contacts_undo(f);
		filter_refuse(f, r, strcmp(told.field, "opt_out") == 0 ?
		    "bad_opt_out" : "bad_consent", told.field, "%s: %s",
		    told.field, told.bad);
		return;
	}
	if (told.count > 0)
		value_set_integer(more, "consents", told.count);
	if (told.count > 0 && action == CONTACT_UNCHANGED)
		action = CONTACT_CHANGED;
	report_not_taken(f, id, told.not_taken);
	if (value_count(told.not_taken) > 0)
		value_set_take(more, "not_taken", told.not_taken);
	else
		value_free(told.not_taken);
	contacts_answer(f, r, contact_action_name(action), more);
}

void
contacts_import(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	struct contact_input in = { .config = c->config, .contact = r->root,
	    .language = config_string(c->config, "site", NULL, "language") };
	const struct value *list = record_get(r, "addresses");
	struct contact_flaw why;
	struct value *places = NULL, *address = NULL, *entries = NULL;

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
	if (read_entries(f, r, &entries)) {
		if (contacts_read(f, r, r->root, false, &address)) {
			in.places = places;
			in.address = address;
			put(f, r, &in, entries);
		}
		value_free(address);
		value_free(entries);
	}
	value_free(places);
}
