#include "contacts_show.h"

#include <stdio.h>
#include <string.h>

#include "base/output.h"
#include "message/contact.h"

#define PAGE	200

static void
print_take(struct value *v)
{
	struct buf line = BUF_INIT(16 * RECORD_MAX);

	value_write(v, &line);
	output_put(&line);
	buf_release(&line);
	value_free(v);
}

/* {"address", "scope", "state", "how", …}: the last word of each scope. */
static struct value *
consents(struct ledger *l, const char *id)
{
	static const char *const names[] = { "address", "scope", "state",
	    "how", "at", "source" };
	struct value *list = value_new_array(), *v;
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT DISTINCT coalesce(b.body, '(erased)'), "
	    "k.scope, k.state, k.how, k.at, k.source FROM contact_address a "
	    "JOIN consent k ON k.hash = a.hash LEFT JOIN content b ON b.key = "
	    "'address/' || k.hash WHERE a.contact = ? ORDER BY 1, 2", "s",
	    id);
	while (ledger_next(r)) {
		v = value_new_object();
		for (int i = 0; i < 6; i++)
			if (ledger_text(r, i) != NULL)
				value_set_string(v, names[i],
				    ledger_text(r, i));
		value_append_take(list, v);
	}
	ledger_end(r);
	return list;
}

/* What is kept with the contact for later addresses has none. */
static void
add_kept(struct ledger *l, const char *id, struct value *list)
{
	static const char *const names[] = { "scope", "how", "at" };
	struct ledger_rows *r;
	struct value *v;

	r = ledger_select(l, "SELECT scope, how, at FROM contact_opt_out "
	    "WHERE contact = ? AND how <> 'preference' ORDER BY scope", "s",
	    id);
	while (ledger_next(r)) {
		v = value_new_object();
		for (int i = 0; i < 3; i++)
			value_set_string(v, names[i], ledger_text(r, i));
		value_set_string(v, "state", "out");
		value_append_take(list, v);
	}
	ledger_end(r);
}

/* What omni-contact import takes back to the same state. */
static void
print_contact(struct contacts *c, const char *id, struct arena *mem)
{
	struct value *v = contact_state(c->ledger, id, mem), *list;

	if (v == NULL)
		return;
	/* Said, so that nobody is given the site's language elsewhere. */
	if (value_get(v, "language") == NULL)
		value_set_null(v, "language");
	list = consents(c->ledger, id);
	add_kept(c->ledger, id, list);
	if (value_count(list) > 0)
		value_set_take(v, "consent", list);
	else
		value_free(list);
	print_take(v);
}

/*
 * The address that is meant by `name`, hashed: EX_OK; EX_REFUSED when it is
 * none, EX_TEMPFAIL when that could not be asked, which is told.
 */
static int
hash_of(struct contacts *c, const char *name, char hash[DIGEST_HEX])
{
	struct filter f = { .stage = "contact", .mem = ARENA_INIT(RECORD_MAX),
	    .ctx = c };
	struct record r = RECORD_INIT;
	struct error why = { .status = EX_REFUSED };
	int rc = EX_OK;
	const char *to;

	record_new(&r);
	f.refusal = &why;
	to = contacts_address(&f, &r, NULL, name, NULL);
	if (to != NULL)
		contact_address_hash(c->ledger, to, hash);
	else
		rc = why.status;
	if (rc == EX_TEMPFAIL)
		diag("%s: %s", name, why.text);
	record_release(&r);
	arena_release(&f.mem);
	return rc;
}

static void
print_family(struct contacts *c, const char *hash, struct arena *mem)
{
	struct value *ids = value_new_array();
	struct ledger_rows *r;

	r = ledger_select(c->ledger, "SELECT DISTINCT contact FROM "
	    "contact_address WHERE hash = ? ORDER BY contact", "s", hash);
	while (ledger_next(r))
		value_append_take(ids, value_new_string(ledger_text(r, 0)));
	ledger_end(r);
	for (size_t i = 0; i < value_count(ids); i++)
		print_contact(c, value_string(value_at(ids, i)), mem);
	value_free(ids);
}

static bool
is_known_address(struct contacts *c, const char *hash)
{
	return ledger_count(c->ledger, "SELECT count(*) FROM contact_address "
	    "WHERE hash = ?", "s", hash) > 0;
}

static int
not_known(struct contacts *c, const char *name)
{
	diag("%s: %s", name, contact_was_forgotten(c->ledger, name) ?
	    "forgotten" : "neither a contact nor the address of one");
	return EX_REFUSED;
}

/* By its address; a name that is none or nobody's is told. */
static int
show_address(struct contacts *c, const char *name, struct arena *mem)
{
	char hash[DIGEST_HEX];
	int rc = hash_of(c, name, hash);

	if (rc == EX_TEMPFAIL)
		return rc;
	if (rc != EX_OK || !is_known_address(c, hash))
		return not_known(c, name);
	print_family(c, hash, mem);
	return EX_OK;
}

/* What a retry can cure goes before what it cannot. */
static int
worse(int a, int b)
{
	return a > b ? a : b;
}

int
contacts_show(struct contacts *c, char **names, int count)
{
	struct arena mem = ARENA_INIT(64 * RECORD_MAX);
	int rc = EX_OK;

	for (int i = 0; i < count; i++) {
		arena_reset(&mem);
		if (contact_is_known(c->ledger, names[i]))
			print_contact(c, names[i], &mem);
		else
			rc = worse(rc, show_address(c, names[i], &mem));
	}
	arena_release(&mem);
	return rc;
}

/* Takes `list`; NULL for what no address tells of.  How many they are. */
static int
print_entries_take(struct value *list, const char *address)
{
	int count = (int)value_count(list);
	struct value *v;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_new_object();
		if (address != NULL)
			value_set_string(v, "address", address);
		for (struct value_iter it = { 0 }; value_next(value_at(list,
		    i), &it); )
			value_set_take(v, it.key, value_copy(it.value));
		print_take(v);
	}
	value_free(list);
	return count;
}

static int
print_history(struct contacts *c, const char *hash, struct arena *mem)
{
	char key[LEDGER_KEY];
	const char *to;

	snprintf(key, sizeof(key), "address/%.*s", DIGEST_HEX, hash);
	to = ledger_content(c->ledger, key, mem);
	return print_entries_take(consent_history(c->ledger, hash, mem),
	    to == NULL ? "(erased)" : to);
}

static void
print_histories(struct contacts *c, const char *id, struct arena *mem)
{
	struct value *hashes = value_new_array();
	struct ledger_rows *r;

	r = ledger_select(c->ledger, "SELECT hash FROM contact_address WHERE "
	    "contact = ? GROUP BY hash ORDER BY min(rank)", "s", id);
	while (ledger_next(r))
		value_append_take(hashes, value_new_string(ledger_text(r, 0)));
	ledger_end(r);
	for (size_t i = 0; i < value_count(hashes); i++)
		print_history(c, value_string(value_at(hashes, i)), mem);
	value_free(hashes);
	print_entries_take(consent_history_kept(c->ledger, id, mem), NULL);
}

/* Whoever was forgotten is found by the address alone. */
static int
show_consent_of(struct contacts *c, const char *name, struct arena *mem)
{
	char hash[DIGEST_HEX];
	int rc = hash_of(c, name, hash);

	if (rc == EX_TEMPFAIL)
		return rc;
	if (rc != EX_OK || (print_history(c, hash, mem) == 0 &&
	    !is_known_address(c, hash)))
		return not_known(c, name);
	return EX_OK;
}

int
contacts_show_consent(struct contacts *c, char **names, int count)
{
	struct arena mem = ARENA_INIT(64 * RECORD_MAX);
	int rc = EX_OK;

	for (int i = 0; i < count; i++) {
		arena_reset(&mem);
		if (contact_is_known(c->ledger, names[i]))
			print_histories(c, names[i], &mem);
		else
			rc = worse(rc, show_consent_of(c, names[i], &mem));
	}
	arena_release(&mem);
	return rc;
}

/* What they have opted out of with any address, or before they had one. */
#define OUT_OF(who)	"SELECT k.scope FROM contact_address a JOIN " \
    "consent k ON k.hash = a.hash WHERE a.contact = " who " AND k.state = " \
    "'out' UNION SELECT o.scope FROM contact_opt_out o WHERE o.contact = " \
    who " AND NOT EXISTS (SELECT 1 FROM contact_address b JOIN consent n ON " \
    "n.hash = b.hash AND n.scope = o.scope WHERE b.contact = " who ")"

/* One line of the list: enough to find somebody by. */
static void
print_short(struct contacts *c, const char *id, struct arena *mem)
{
	struct value *whole = contact_state(c->ledger, id, mem), *v;
	const struct value *list = value_get(whole, "addresses"), *a;
	static const char *const plain[] = { "id", "name", "language",
	    "timezone" };
	struct value *out = value_new_array();
	struct ledger_rows *r;

	v = value_new_object();
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		value_carry(v, plain[i], whole, plain[i]);
	for (size_t i = 0; i < value_count(list); i++) {
		a = value_at(list, i);
		if (value_is_true(value_get(a, "primary")))
			value_set_string(v, value_get_string(a, "channel"),
			    value_get_string(a, "to"));
	}
	if (value_get(whole, "tags") != NULL)
		value_set_take(v, "tags", value_copy(value_get(whole,
		    "tags")));
	r = ledger_select(c->ledger, OUT_OF("?1") " ORDER BY 1", "s", id);
	while (ledger_next(r))
		value_append_take(out, value_new_string(ledger_text(r, 0)));
	ledger_end(r);
	if (value_count(out) > 0)
		value_set_take(v, "opted_out", out);
	else
		value_free(out);
	value_free(whole);
	print_take(v);
}

/* The ids of the next page, behind `last`. */
static size_t
next_page(struct contacts *c, const struct contacts_filter *w,
    const char *last, const char *page[PAGE], struct arena *mem)
{
	struct ledger_rows *r;
	size_t n = 0;

	r = ledger_select(c->ledger, "SELECT c.id FROM contact c WHERE c.id > "
	    "?1 AND (?2 IS NULL OR EXISTS (SELECT 1 FROM json_each(c.tags) "
	    "WHERE value = ?2)) AND (?3 IS NULL OR c.language = ?3) AND "
	    "(?4 = 0 OR EXISTS (" OUT_OF("c.id") ")) AND (?5 = 0 OR NOT "
	    "EXISTS (SELECT 1 FROM contact_address a JOIN address x ON "
	    "x.type = a.type AND x.hash = a.hash WHERE a.contact = c.id AND "
	    "x.dead_at IS NULL)) ORDER BY c.id LIMIT 200",
	    "sssii", last, w->tag, w->language, (int64_t)w->opted_out,
	    (int64_t)w->unreachable);
	while (n < PAGE && ledger_next(r))
		page[n++] = arena_strdup(mem, ledger_text(r, 0));
	ledger_end(r);
	return n;
}

int
contacts_list(struct contacts *c, const struct contacts_filter *which,
    bool whole)
{
	struct arena ids = ARENA_INIT((size_t)PAGE * RECORD_MAX);
	struct arena mem = ARENA_INIT(64 * RECORD_MAX);
	const char *page[PAGE];
	struct buf last = BUF_INIT(RECORD_MAX);
	size_t n;

	do {
		arena_reset(&ids);
		n = next_page(c, which, buf_text(&last), page, &ids);
		for (size_t i = 0; i < n; i++) {
			arena_reset(&mem);
			if (whole)
				print_contact(c, page[i], &mem);
			else
				print_short(c, page[i], &mem);
		}
		buf_clear(&last);
		buf_str(&last, n > 0 ? page[n - 1] : "");
		output_flush();
	} while (n == PAGE);
	buf_release(&last);
	arena_release(&ids);
	arena_release(&mem);
	return EX_OK;
}
