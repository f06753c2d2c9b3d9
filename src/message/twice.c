#include "twice.h"

void
twice_check(struct ledger *l, const char *message)
{
	struct value *data = NULL;
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT contact, reminder FROM message m WHERE "
	    "id = ?1 AND (SELECT count(*) FROM attempt a WHERE a.message = "
	    "m.id AND a.outcome = 'accepted' AND coalesce(a.status, '') NOT IN "
	    "('failed', 'bounced')) > 1 AND NOT EXISTS (SELECT 1 FROM flag f "
	    "WHERE f.kind = 'sent_twice' AND f.message = m.id)", "s", message);
	if (ledger_next(r)) {
		data = value_new_object();
		value_set_string(data, "kind", "sent_twice");
		value_set_string(data, "message", message);
		value_set_string(data, "reason", "two attempts were taken: "
		    "the person may have it twice");
		if (ledger_text(r, 0) != NULL)
			value_set_string(data, "contact", ledger_text(r, 0));
		if (ledger_text(r, 1) != NULL)
			value_set_string(data, "reminder", ledger_text(r, 1));
	}
	ledger_end(r);
	if (data != NULL)
		ledger_append_take(l, "flag.put", data);
}
