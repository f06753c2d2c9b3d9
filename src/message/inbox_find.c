/* Whose conversation is meant, by whatever name staff has for it. */
#include "inbox_impl.h"

#include <string.h>

#include "message/contact.h"
#include "message/phonebook.h"

#define PHONE_MIN	7	/* digits; flags have fewer */
#define HASH_MIN	8	/* digits of a hash, not to be another's */
#define MERGES_MAX	32	/* that one contact has gone through */

static bool
is_conversation(struct inbox *b, const char *id)
{
	return ledger_count(b->ledger, "SELECT count(*) FROM conversation "
	    "WHERE id = ?", "s", id) > 0;
}

/* The only contact who has the address of this hash; NULL: none, or several. */
static const char *
owner_of(struct inbox *b, const char *hash)
{
	return inbox_text(b, ledger_select(b->ledger, "SELECT "
	    "substr('contact:' || min(contact), 1, 258) FROM contact_address "
	    "WHERE hash = ? HAVING count(DISTINCT contact) = 1", "s", hash));
}

/* Whom a contact that is gone was merged into, as long as they are there. */
static const char *
find_merged(struct inbox *b, const char *id)
{
	for (int i = 0; id != NULL && i < MERGES_MAX; i++) {
		if (contact_is_known(b->ledger, id))
			return arena_printf(b->mem, "contact:%.250s", id);
		id = inbox_text(b, ledger_select(b->ledger, "SELECT data ->> "
		    "'$.into' FROM journal INDEXED BY journal_merged WHERE op "
		    "= 'contact.merged' AND data ->> '$.from' = ? ORDER BY seq "
		    "DESC LIMIT 1", "s", id));
	}
	return NULL;
}

/* What was said with an address is shown with whom it belongs to by now. */
static const char *
find_stranger(struct inbox *b, const char *hash)
{
	const char *id = owner_of(b, hash);

	if (id != NULL)
		return id;
	id = arena_printf(b->mem, "address:%s", hash);
	return is_conversation(b, id) ? id : NULL;
}

static const char *
find_address(struct inbox *b, const char *to)
{
	char hash[DIGEST_HEX];

	return find_stranger(b, contact_address_hash(b->ledger, to, hash));
}

/*
 * The beginning of a hash, as lists show it with a mark behind it, if no other
 * conversation begins so.
 */
static const char *
find_begun(struct inbox *b, const char *word)
{
	size_t digits = strspn(word, "0123456789abcdef");

	if (digits < HASH_MIN || digits >= DIGEST_HEX - 1 ||
	    (word[digits] != '\0' && strcmp(word + digits, "…") != 0))
		return NULL;
	word = inbox_text(b, ledger_select(b->ledger, "SELECT substr(min(id), "
	    "9) FROM conversation WHERE id >= 'address:' || substr(?1, 1, ?2) "
	    "AND id < 'address:' || substr(?1, 1, ?2) || 'g' HAVING count(*) "
	    "= 1", "si", word, (int64_t)digits));
	return word == NULL ? NULL : find_stranger(b, word);
}

/* "55 1234 5678", as it is spelt in the region of the site. */
static bool
is_like_phone(const char *word)
{
	size_t digits = 0;

	for (const char *s = word; *s != '\0'; s++) {
		if (*s >= '0' && *s <= '9')
			digits++;
		else if (strchr("+-() ./", *s) == NULL)
			return false;
	}
	return digits >= PHONE_MIN;
}

static const char *
find_phone(struct inbox *b, const char *word)
{
	struct phonebook *book;
	const char *why, *id = NULL;
	struct phone phone;
	struct error e;

	book = phonebook_new(config_path(b->config, "paths", NULL,
	    "phonenumber"), config_string(b->config, "site", NULL, "region"));
	switch (phone_normalize(book, word, b->mem, &phone, &why, &e)) {
	case ADDRESS_OK:
		id = find_address(b, phone.e164);
		break;
	case ADDRESS_UNKNOWN:
		diag("%s", e.text);
		break;
	case ADDRESS_REFUSED:
		break;
	}
	phonebook_free(book);
	return id;
}

static const char *
find_message(struct inbox *b, const char *word)
{
	return inbox_text(b, ledger_select(b->ledger, "SELECT conversation "
	    "FROM message WHERE id = ? AND conversation IS NOT NULL", "s",
	    word));
}

static const char *
find_flag(struct inbox *b, const char *word)
{
	return inbox_text(b, ledger_select(b->ledger, "SELECT "
	    "coalesce(m.conversation, substr('contact:' || f.contact, 1, 258)) "
	    "FROM flag f LEFT JOIN message m ON m.id = f.message WHERE f.id = "
	    "CAST(?1 AS INTEGER) AND CAST(f.id AS TEXT) = ?1", "s", word));
}

/* By its own id, which may be an old one. */
const char *
inbox_still(struct inbox *b, const char *word)
{
	const char *id = NULL;

	if (strncmp(word, "address:", 8) == 0) {
		id = find_stranger(b, word + 8);
		return id != NULL ? id : find_begun(b, word + 8);
	}
	if (is_conversation(b, word))
		return arena_strdup(b->mem, word);
	if (strncmp(word, "contact:", 8) == 0)
		id = find_merged(b, word + 8);
	return id != NULL ? id : find_merged(b, word);
}

const char *
inbox_find(struct inbox *b, const char *word, struct error *e)
{
	const char *id = inbox_still(b, word);

	if (id == NULL)
		id = find_message(b, word);
	if (id == NULL)
		id = find_flag(b, word);
	if (id == NULL && ledger_has_key(b->ledger))
		id = find_address(b, word);
	if (id == NULL && ledger_has_key(b->ledger) && is_like_phone(word))
		id = find_phone(b, word);
	if (id == NULL)
		error_set(e, EX_REFUSED, "%.200s: no conversation, contact, "
		    "message, flag%s of this ledger", word,
		    ledger_has_key(b->ledger) ? " or address" : "; who may not "
		    "read the key of the ledger cannot ask for an address");
	return id;
}
