/* omni-contact verify, opt-in and opt-out: what staff says of an address. */

#include <string.h>

#include "message/contact.h"
#include "message/contacts.h"

/* Which of the contact's addresses is meant: the type's primary, or `to`. */
static bool
find_address(struct contacts *c, const char *id, const char *type,
    const char *to, char hash[DIGEST_HEX])
{
	struct ledger_rows *rows;
	bool found;

	*hash = '\0';
	if (to != NULL)
		contact_address_hash(c->ledger, to, hash);
	rows = ledger_select(c->ledger, "SELECT hash FROM contact_address "
	    "WHERE contact = ?1 AND type = ?2 AND (?3 = '' OR hash = ?3) "
	    "ORDER BY is_primary DESC, rank LIMIT 1", "sss", id, type, hash);
	found = ledger_next(rows);
	if (found)
		memcpy(hash, ledger_text(rows, 0), DIGEST_HEX);
	ledger_end(rows);
	return found;
}

static void
verify_address(struct filter *f, struct record *r, const char *type,
    const char *hash)
{
	struct contacts *c = f->ctx;
	struct value *data;

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

void
contacts_verify(struct filter *f, struct record *r)
{
	struct contacts *c = f->ctx;
	const char *type = record_string(r, "channel"), *id;
	const char *to = record_string(r, "address");
	char hash[DIGEST_HEX];

	if (config_channel_type_of(type) == NULL) {
		filter_refuse(f, r, "unknown_channel", "channel",
		    "channel: %.60s is no type of channel",
		    type == NULL ? "(nothing)" : type);
		return;
	}
	if (to != NULL && (to = contacts_address(f, r, type, to, NULL)) ==
	    NULL)
		return;
	contacts_begin(f);
	id = contacts_known(f, r, "id");
	if (id == NULL)
		return;
	if (find_address(c, id, type, to, hash))
		verify_address(f, r, type, hash);
	else {
		contacts_undo(f);
		filter_refuse(f, r, "unknown_address", "address",
		    "address: %.100s has no such address for %.40s", id,
		    type);
	}
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
add(struct wish *w, const char *to, enum consent_result got)
{
	struct value *v = value_new_object();

	w->fresh += got == CONSENT_NEW;
	w->refused += got == CONSENT_REFUSED;
	if (to != NULL)
		value_set_string(v, "address", to);
	value_set_string(v, "scope", w->scope);
	value_set_string(v, "state", w->consent.in ? "in" : "out");
	value_set_string(v, "action", results[got]);
	value_append_take(w->done, v);
}

static void
put_one(struct wish *w, const char *hash, const char *to)
{
	w->consent.hash = hash;
	add(w, to == NULL ? "(erased)" : to, consent_put(w->contacts->ledger,
	    &w->consent));
}

/* All addresses there are, and those that come later. */
static bool
put_contact(struct wish *w, const char *id)
{
	struct ledger_rows *rows;
	enum consent_result kept;

	w->consent.contact = id;
	rows = ledger_select(w->contacts->ledger, "SELECT a.hash, b.body "
	    "FROM contact_address a LEFT JOIN content b ON b.key = "
	    "'address/' || a.hash WHERE a.contact = ?1 AND (?2 NOT LIKE "
	    "'channel:%' OR ?2 = 'channel:' || a.type) GROUP BY a.hash "
	    "ORDER BY min(a.rank)", "ss", id, w->scope);
	while (ledger_next(rows))
		put_one(w, ledger_text(rows, 0), ledger_text(rows, 1));
	ledger_end(rows);
	kept = consent_keep(w->contacts->ledger, &w->consent);
	if (kept != CONSENT_SAME || (!w->consent.in && value_count(w->done) ==
	    0))
		add(w, NULL, kept);
	return value_count(w->done) > 0;
}

/*
 * A topic that staff lifts for one address is no wish of the whole contact
 * any more, but stays for the addresses that come later.
 */
static void
keep_preferences(struct wish *w, const char *hash)
{
	struct consent c = { .scope = w->scope, .how = CONSENT_IMPORT,
	    .source = "preference", .forced = true };
	struct ledger_rows *rows;

	rows = ledger_select(w->contacts->ledger, "SELECT DISTINCT o.contact "
	    "FROM contact_address a JOIN contact_opt_out o ON o.contact = "
	    "a.contact WHERE a.hash = ? AND o.scope = ? AND o.how = "
	    "'preference' ORDER BY o.contact", "ss", hash, w->scope);
	while (ledger_next(rows)) {
		c.contact = ledger_text(rows, 0);
		consent_keep(w->contacts->ledger, &c);
	}
	ledger_end(rows);
}

static void
put_address(struct wish *w, const char *to)
{
	char hash[DIGEST_HEX];

	/* Of somebody not known only the hash is kept. */
	put_one(w, contact_address_hash(w->contacts->ledger, to, hash), to);
	if (w->consent.in)
		keep_preferences(w, hash);
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

/* What there is to say, once it is done or could not be. */
static void
conclude(struct wish *w, const char *whom, bool done)
{
	struct filter *f = w->filter;
	struct value *more;

	if (!done || w->refused > 0)
		contacts_undo(f);
	if (!done)
		filter_refuse(f, w->record, "unknown_address", "id",
		    "id: %.100s has no address that %s concerns", whom,
		    w->scope);
	else if (w->refused > 0)
		filter_refuse(f, w->record, "own_opt_out", "scope",
		    "%.100s opted out of %s themselves, and only they can "
		    "undo it", whom, w->scope);
	else {
		more = value_new_object();
		value_set_take(more, "consents", value_copy(w->done));
		contacts_answer(f, w->record, w->fresh > 0 ? "changed" :
		    "unchanged", more);
	}
}

static void
staff_says(struct filter *f, struct record *r, bool in)
{
	struct wish w = { .filter = f, .record = r, .contacts = f->ctx,
	    .consent = { .in = in, .how = CONSENT_STAFF } };
	const char *id = record_string(r, "id"), *raw = record_string(r,
	    "address"), *to = NULL;
	bool done = true;

	if (!read_wish(&w))
		return;
	/* On the command line a name may be either. */
	if (raw != NULL && (id == NULL || !contact_is_known(w.contacts->ledger,
	    id))) {
		to = contacts_address(f, r, NULL, raw, NULL);
		if (to == NULL)
			return;
	}
	contacts_begin(f);
	if (to == NULL && contacts_known(f, r, "id") == NULL)
		return;
	w.done = value_new_array();
	if (to == NULL)
		done = put_contact(&w, id);
	else
		put_address(&w, to);
	conclude(&w, to == NULL ? id : raw, done);
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
