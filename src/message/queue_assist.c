/* What omni-assist leaves to staff, or leaves alone. */
#include <string.h>

#include "message/queue_impl.h"

static bool
is_flag(const char *kind)
{
	return kind != NULL && (strcmp(kind, "emergency") == 0 ||
	    strcmp(kind, "assist") == 0);
}

/* Once for each message that came in. */
static void
put_flag(struct queue *q, const struct value *assist, const char *kind)
{
	const char *message = value_get_string(assist, "message");
	struct value *data;

	if (message == NULL || ledger_count(q->ledger, "SELECT count(*) FROM "
	    "flag WHERE message = ? AND kind = ?", "ss", message, kind) > 0)
		return;
	data = value_new_object();
	value_set_string(data, "kind", kind);
	value_set_string(data, "message", message);
	value_carry(data, "contact", assist, "contact");
	value_carry(data, "reminder", assist, "reminder");
	value_carry(data, "reason", assist, "reason");
	ledger_append_take(q->ledger, "flag.put", data);
}

bool
queue_take_assist(struct queue *q, struct record *r)
{
	const struct value *assist = record_get(r, "assist");
	const char *kind = value_get_string(assist, "flag");

	if (value_type(assist) != VALUE_OBJECT)
		return false;
	if (is_flag(kind) && !q->dry)
		put_flag(q, assist, kind);
	if (record_get(r, "id") != NULL)
		return false;
	queue_say(r, is_flag(kind) ? "flagged" : "none", NULL);
	return true;
}
