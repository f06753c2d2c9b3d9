/* A contact for the field of that name in a record. */

#include <string.h>

#include "message/contact.h"

struct value *
contact_record(struct ledger *l, const char *id)
{
	static const char *const member[CONFIG_CHANNEL_TYPES] = { "email", "phone",
	    "whatsapp", NULL, "push" };
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
		    "AND b.body IS NOT NULL ORDER BY a.type = ?2 DESC, "
		    "a.type = 'push' AND x.dead_at IS NOT NULL, "
		    "a.is_primary DESC, a.rank LIMIT 1", "ss", id,
		    config_channel_type(i));
		if (ledger_next(r))
			value_set_string(contact, member[i],
			    ledger_text(r, 0));
		ledger_end(r);
	}
	return contact;
}
