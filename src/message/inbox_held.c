/* What waits for a person: drafts of an assistant, and whatever else is held. */
#include "inbox_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value *
inbox_held(struct inbox *b, const char *before, size_t limit)
{
	static const char *const names[] = { "id", "conversation", "person",
	    "channel", "at", "due_at", "expires_at", "author", "type",
	    "reason", "subject", "text", "cursor" };
	int64_t row = before == NULL ? INT64_MAX : strtoll(before, NULL, 10);
	struct value *list = value_new_array(), *v;
	struct ledger_rows *r;

	r = ledger_select(b->ledger, "WITH chosen(held) AS MATERIALIZED "
	    "(SELECT rowid FROM message INDEXED BY message_held WHERE state = "
	    "'held' AND rowid < ?1 ORDER BY rowid DESC LIMIT ?2) SELECT m.id, "
	    "m.conversation, coalesce(cc.body ->> '$.name', ac.body, "
	    "'(erased)'), m.channel_type, m.created_at, m.due_at, "
	    "m.expires_at, m.author, m.type, m.reason, c.body ->> "
	    "'$.subject', c.body ->> '$.text', CAST(m.rowid AS TEXT) FROM "
	    "chosen CROSS JOIN message m ON m.rowid = held LEFT JOIN contact "
	    "k ON k.id = m.contact LEFT JOIN content cc ON cc.key = k.content "
	    "LEFT JOIN content ac ON ac.key = m.address LEFT JOIN content c "
	    "ON c.key = m.content ORDER BY held DESC", "ii", row,
	    (int64_t)(limit == 0 ? INBOX_PAGE : limit));
	while (ledger_next(r)) {
		v = value_new_object();
		for (int i = 0; i < 13; i++)
			inbox_put_text(v, names[i], ledger_text(r, i));
		value_append_take(list, v);
	}
	ledger_end(r);
	return list;
}

/* What is held, as far as its release needs it. */
struct draft {
	const char *conversation, *expires_at;
	int64_t row;
	bool is_answer;		/* not a reminder */
};

static bool
load_draft(struct inbox *b, const char *id, struct draft *d)
{
	const char **const fields[] = { &d->conversation, &d->expires_at };
	struct ledger_rows *r;
	bool found;

	*d = (struct draft){ 0 };
	r = ledger_select(b->ledger, "SELECT conversation, expires_at, rowid, "
	    "author IS NOT NULL AND reminder IS NULL AND type IS NOT "
	    "'reminder' FROM message WHERE id = ? AND state = 'held'", "s",
	    id);
	found = ledger_next(r);
	for (int i = 0; found && i < 2; i++)
		if (ledger_text(r, i) != NULL)
			*fields[i] = arena_strdup(b->mem, ledger_text(r, i));
	if (found) {
		d->row = ledger_int(r, 2);
		d->is_answer = ledger_int(r, 3) != 0 &&
		    d->conversation != NULL;
	}
	ledger_end(r);
	return found;
}

/* It was an answer to what they had written by then. */
static int
look_for_more(struct inbox *b, const char *id, const struct draft *d,
    struct error *e)
{
	struct ledger_rows *r;
	int rc = 0;

	r = ledger_select(b->ledger, "SELECT m.created_at, c.body ->> "
	    "'$.text' FROM message m LEFT JOIN content c ON c.key = m.content "
	    "WHERE m.conversation IN (SELECT value FROM json_each(?1)) AND "
	    "m.direction = 'inbound' AND m.intent IS NOT 'automatic' AND "
	    "m.rowid > ?2 ORDER BY m.rowid DESC LIMIT 1", "si",
	    inbox_together(b, d->conversation), d->row);
	if (ledger_next(r))
		rc = error_set(e, EX_TEMPFAIL, "%.200s: they have written "
		    "since, at %s: \"%.200s\"; to release it all the same say "
		    "so (--anyway)", id, ledger_text(r, 0),
		    ledger_text(r, 1) == NULL ? "" : ledger_text(r, 1));
	ledger_end(r);
	return rc;
}

static int
check_draft(struct inbox *b, const char *id, const struct draft *d,
    bool anyway, struct error *e)
{
	instant end;

	if (d->expires_at != NULL && clock_parse(d->expires_at, &end) &&
	    end <= clock_now())
		return error_set(e, EX_REFUSED, "%.200s: too late: it expired "
		    "at %s", id, d->expires_at);
	if (!d->is_answer || anyway)
		return 0;
	if (inbox_colleague(b, d->conversation, b->author, d->row, e) == -1 ||
	    look_for_more(b, id, d, e) == -1)
		return -1;
	return 0;
}

static int
change(struct inbox *b, const char *op, const char *from, const char *id,
    bool is_answer, struct error *e)
{
	struct value *data = value_new_object();

	value_set_string(data, "by", b->author);
	if (is_answer)
		value_set_integer(data, "answer", 1);
	return queue_change_one(b->ledger, op, from, id, data, e);
}

int
inbox_release(struct inbox *b, const char *id, bool anyway, struct error *e)
{
	struct draft d;
	int rc = 0;

	ledger_begin(b->ledger);
	if (load_draft(b, id, &d))
		rc = check_draft(b, id, &d, anyway, e);
	if (rc == 0)
		rc = change(b, "message.released", "held", id, d.is_answer, e);
	if (rc == -1) {
		ledger_rollback(b->ledger);
		return -1;
	}
	/* Whoever lets an answer go has read what it is an answer to. */
	if (d.is_answer)
		value_free(inbox_mark_read(b, d.conversation, d.row));
	ledger_commit(b->ledger);
	return 0;
}

int
inbox_cancel(struct inbox *b, const char *id, struct error *e)
{
	int rc;

	ledger_begin(b->ledger);
	rc = change(b, "message.cancelled", "queued or held", id, false, e);
	if (rc == -1)
		ledger_rollback(b->ledger);
	else
		ledger_commit(b->ledger);
	return rc;
}
