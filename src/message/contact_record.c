/* A contact for the field of that name in a record. */

#include <string.h>

#include "message/contact.h"

/*
 * The best address for each field.  A landline, which has an address for voice
 * only, is a telephone all the same.
 */
static void
set_addresses(struct ledger *l, const char *id, struct value *contact)
{
	static const struct { const char *type, *member; } fields[] = {
		{ "email", "email" }, { "sms", "phone" }, { "voice", "phone" },
		{ "whatsapp", "whatsapp" }, { "push", "push" }
	};
	struct ledger_rows *r;

	/* In the order of the fields; of each the best one first. */
	r = ledger_select(l, "SELECT a.type, b.body FROM contact_address a "
	    "JOIN address x ON x.type = a.type AND x.hash = a.hash JOIN "
	    "content b ON b.key = x.content WHERE a.contact = ? AND b.body IS "
	    "NOT NULL ORDER BY instr('email sms voice whatsapp push', a.type), "
	    "x.dead_at IS NOT NULL AND a.type = 'push', a.is_primary DESC, "
	    "a.rank", "s", id);
	while (ledger_next(r))
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (strcmp(ledger_text(r, 0), fields[i].type) == 0 &&
			    value_get(contact, fields[i].member) == NULL)
				value_set_string(contact, fields[i].member,
				    ledger_text(r, 1));
	ledger_end(r);
}

struct value *
contact_record(struct ledger *l, const char *id)
{
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
	set_addresses(l, id, contact);
	return contact;
}
