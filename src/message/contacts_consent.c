/* omni-contact verify, opt-in and opt-out: what staff says of an address. */

#include <string.h>

#include "message/contact.h"
#include "message/contacts.h"

/* Which of the contact's addresses is meant: the type's primary, or this. */
static bool
find_address(struct filter *f, struct record *r, const char *id,
    const char *type, char hash[DIGEST_HEX])
{
	struct contacts *c = f->ctx;
	const char *raw = record_string(r, "address"), *to;
	struct ledger_rows *rows;
	bool found;

	*hash = '\0';
	if (raw != NULL) {
		to = contacts_address(f, r, type, raw, NULL);
		if (to == NULL)
			return false;
		contact_address_hash(c->ledger, to, hash);
	}
	rows = ledger_select(c->ledger, "SELECT hash FROM contact_address "
	    "WHERE contact = ?1 AND type = ?2 AND (?3 = '' OR hash = ?3) "
	    "ORDER BY is_primary DESC, rank LIMIT 1", "sss", id, type, hash);
	found = ledger_next(rows);
	if (found)
		memcpy(hash, ledger_text(rows, 0), DIGEST_HEX);
	ledger_end(rows);
	if (!found)
		filter_refuse(f, r, "unknown_address", "address",
		    "address: %.100s has no such address for %.40s", id, type);
	return found;
}

void
contacts_verify(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	const char *id = contacts_known(f, r, "id");
	const char *type = record_string(r, "channel"), *known;
	struct value *data;
	char hash[DIGEST_HEX];
	size_t i = 0;

	if (id == NULL)
		return;
	while ((known = config_channel_type(i)) != NULL &&
	    (type == NULL || strcmp(known, type) != 0))
		i++;
	if (known == NULL) {
		filter_refuse(f, r, "unknown_channel", "channel",
		    "channel: %.60s is no type of channel",
		    type == NULL ? "(nothing)" : type);
		return;
	}
	if (!find_address(f, r, id, type, hash))
		return;
	contacts_begin(f);
	if (ledger_count(c->ledger, "SELECT verified FROM address WHERE "
	    "type = ? AND hash = ?", "ss", type, hash) != 0) {
		contacts_answer(f, r, "unchanged", NULL);
		return;
	}
	data = value_new_object();
	value_set_string(data, "type", type);
	value_set_string(data, "hash", hash);
	if (c->by != NULL)
		value_set_string(data, "operator", c->by);
	ledger_append_take(c->ledger, "address.verified", data);
	contacts_answer(f, r, "verified", NULL);
}

/* What staff wants to change, for one address or all of a contact. */
struct wish {
	struct filter *filter;
	struct record *record;
	struct contacts *contacts;
	struct consent consent;
	char scope[CONSENT_SCOPE];
	struct value *done;
	int fresh, refused;
};

static const char *const results[] = {
	[CONSENT_NEW] = "changed", [CONSENT_SAME] = "unchanged",
	[CONSENT_REFUSED] = "refused"
};

static void
put_one(struct wish *w, const char *hash, const char *to)
{
	struct value *v = value_new_object();
	enum consent_result got;

	w->consent.hash = hash;
	got = consent_put(w->contacts->ledger, &w->consent);
	w->fresh += got == CONSENT_NEW;
	w->refused += got == CONSENT_REFUSED;
	value_set_string(v, "address", to == NULL ? "(erased)" : to);
	value_set_string(v, "scope", w->scope);
	value_set_string(v, "state", w->consent.in ? "in" : "out");
	value_set_string(v, "action", results[got]);
	value_append_take(w->done, v);
}

static bool
put_contact(struct wish *w, const char *id)
{
	struct ledger_rows *rows;

	rows = ledger_select(w->contacts->ledger, "SELECT a.hash, b.body, "
	    "group_concat(a.type) FROM contact_address a LEFT JOIN content b "
	    "ON b.key = 'address/' || a.hash WHERE a.contact = ?1 AND (?2 NOT "
	    "LIKE 'channel:%' OR ?2 = 'channel:' || a.type) GROUP BY a.hash "
	    "ORDER BY min(a.rank)", "ss", id, w->scope);
	while (ledger_next(rows))
		put_one(w, ledger_text(rows, 0), ledger_text(rows, 1));
	ledger_end(rows);
	if (value_count(w->done) > 0)
		return true;
	filter_refuse(w->filter, w->record, "unknown_address", "id",
	    "id: %.100s has no address that %s concerns", id, w->scope);
	return false;
}

static bool
put_address(struct wish *w, const char *raw)
{
	char hash[DIGEST_HEX];
	const char *to;

	to = contacts_address(w->filter, w->record, NULL, raw, NULL);
	if (to == NULL)
		return false;
	/* Of somebody not known only the hash is kept. */
	put_one(w, contact_address_hash(w->contacts->ledger, to, hash), to);
	return true;
}

static const char *
either(const struct record *r, const char *member, const char *option)
{
	const char *s = record_string(r, member);

	return s != NULL ? s : option;
}

static bool
read_wish(struct wish *w)
{
	const struct contacts *c = w->contacts;
	const char *scope = either(w->record, "scope", c->scope);

	if (scope == NULL)
		scope = "all";
	if (!consent_scope(c->config, scope, w->scope)) {
		filter_refuse(w->filter, w->record, "bad_scope", "scope",
		    "scope: %.60s is neither all, a channel nor a topic",
		    scope);
		return false;
	}
	w->consent.scope = w->scope;
	w->consent.by = either(w->record, "by", c->by);
	w->consent.note = either(w->record, "how", c->how);
	if (w->consent.by == NULL || w->consent.note == NULL ||
	    *w->consent.by == '\0' || *w->consent.note == '\0') {
		filter_refuse(w->filter, w->record, "no_evidence",
		    w->consent.by == NULL ? "by" : "how", "who says so, and "
		    "how the person told them, must be given: by and how");
		return false;
	}
	return true;
}

static void
staff_says(struct filter *f, struct record *r, bool in)
{
	struct wish w = { .filter = f, .record = r, .contacts = f->ctx,
	    .consent = { .in = in, .how = CONSENT_STAFF } };
	const char *id = record_string(r, "id"), *raw = record_string(r,
	    "address");
	struct value *more;
	bool done;

	if (!read_wish(&w))
		return;
	/* On the command line a name may be either. */
	if (id != NULL && raw != NULL && !contact_is_known(w.contacts->ledger,
	    id))
		id = NULL;
	if (raw == NULL && (id = contacts_known(f, r, "id")) == NULL)
		return;
	w.done = value_new_array();
	contacts_begin(f);
	done = id != NULL ? put_contact(&w, id) : put_address(&w, raw);
	if (!done || w.refused > 0)
		contacts_undo(f);
	if (done && w.refused > 0)
		filter_refuse(f, r, "own_opt_out", "scope", "%.100s opted out "
		    "of %s themselves, and only they can undo it",
		    id != NULL ? id : raw, w.scope);
	else if (done) {
		more = value_new_object();
		value_set_take(more, "consents", value_copy(w.done));
		contacts_answer(f, r, w.fresh > 0 ? "changed" : "unchanged",
		    more);
	}
	value_free(w.done);
}

void
contacts_opt_in(struct filter *f, struct record *r)
{
	staff_says(f, r, true);
}

void
contacts_opt_out(struct filter *f, struct record *r)
{
	staff_says(f, r, false);
}
