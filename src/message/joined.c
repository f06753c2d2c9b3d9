#include "joined.h"

void
joined_conversations(struct ledger *l, const char *contact)
{
	struct value *list = value_new_array(), *data;
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT DISTINCT v.id, substr('contact:' || ?1, "
	    "1, 258) FROM contact_address a CROSS JOIN conversation v ON v.id "
	    "= 'address:' || a.hash WHERE a.contact = ?1 AND NOT EXISTS "
	    "(SELECT 1 FROM contact_address o WHERE o.hash = a.hash AND "
	    "o.contact <> ?1) ORDER BY v.id", "s", contact);
	while (ledger_next(r)) {
		data = value_new_object();
		value_set_string(data, "from", ledger_text(r, 0));
		value_set_string(data, "into", ledger_text(r, 1));
		value_set_string(data, "contact", contact);
		value_append_take(list, data);
	}
	ledger_end(r);
	for (size_t i = 0; i < value_count(list); i++)
		ledger_append_take(l, "conversation.joined",
		    value_copy(value_at(list, i)));
	value_free(list);
}
