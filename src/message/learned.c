#include "learned.h"

#include <stdio.h>

#include "base/digest.h"

/* Whom the message went to. */
struct reader {
	char type[32], hash[DIGEST_HEX];
};

static bool
find_reader(struct ledger *l, const char *message, struct reader *who)
{
	struct ledger_rows *r;
	bool found;

	r = ledger_select(l, "SELECT channel_type, hash FROM message WHERE "
	    "id = ?", "s", message);
	found = ledger_next(r) && ledger_text(r, 0) != NULL &&
	    ledger_text(r, 1) != NULL;
	if (found) {
		snprintf(who->type, sizeof(who->type), "%s",
		    ledger_text(r, 0));
		snprintf(who->hash, sizeof(who->hash), "%s",
		    ledger_text(r, 1));
	}
	ledger_end(r);
	return found;
}

void
learned_opt_out(struct ledger *l, const char *message, const char *scope,
    enum consent_how how)
{
	struct reader who;
	struct consent c = { .hash = who.hash, .scope = scope, .how = how,
	    .source = message };

	if (find_reader(l, message, &who))
		consent_put(l, &c);
}

void
learned_address_dead(struct ledger *l, const char *type, const char *hash,
    const char *reason)
{
	struct value *data;

	if (ledger_count(l, "SELECT count(*) FROM address WHERE type = ? AND "
	    "hash = ? AND dead_at IS NOT NULL", "ss", type, hash) > 0)
		return;
	data = value_new_object();
	value_set_string(data, "type", type);
	value_set_string(data, "hash", hash);
	value_set_string(data, "reason", reason);
	ledger_append_take(l, "address.dead", data);
}

void
learned_dead(struct ledger *l, const char *message, const char *code)
{
	struct reader who;

	if (find_reader(l, message, &who))
		learned_address_dead(l, who.type, who.hash, code);
}
