#include "pace.h"

#include <stdio.h>

#include "message/notice.h"

static bool
set(struct gate *g, enum gate_verdict verdict, instant until,
    const char *reason)
{
	g->verdict = verdict;
	g->until = until;
	snprintf(g->reason, sizeof(g->reason), "%s", reason);
	return true;
}

bool
pace_holds(struct ledger *l, const char *id, instant now, instant expires,
    struct gate *g)
{
	struct ledger_rows *r;
	bool found, later;
	instant sent, left;

	/* Which went out while this one waited, the furthest of them. */
	r = ledger_select(l, "SELECT o.step > m.step, o.sent_at FROM message "
	    "m JOIN message o ON o.reminder = m.reminder AND o.revision = "
	    "m.revision WHERE m.id = ? AND m.step > 0 AND o.step <> m.step AND "
	    "o.direction = 'outbound' AND o.state = 'sent' AND o.sent_at >= "
	    "m.created_at ORDER BY o.step DESC LIMIT 1", "s", id);
	found = ledger_next(r) && clock_parse(ledger_text(r, 1), &sent);
	later = found && ledger_int(r, 0) != 0;
	ledger_end(r);
	if (!found)
		return false;
	if (later)
		return set(g, GATE_CANCEL, 0, "a later step was sent");
	left = expires > sent ? (expires - sent) / 2 : 0;
	sent += left < NOTICE_PAUSE ? left : NOTICE_PAUSE;
	return sent > now && set(g, GATE_DEFER, sent, "just after another step");
}
