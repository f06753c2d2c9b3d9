/* Which flags an answer, the calendar or a receipt settles, and which not. */
#include "fixture.h"

/* In `data`, ' stands for ". */
static void
append(struct ledger *l, const char *op, const char *data)
{
	char text[1024];

	assert(snprintf(text, sizeof(text), "%s", data) < (int)sizeof(text));
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	append_json(l, op, text, strlen(text));
}

static void
differs(void *ctx, const char *table, int64_t rows)
{
	(void)ctx;
	fprintf(stderr, "%s differs in %lld rows\n", table, (long long)rows);
}

static void
verifies(struct ledger *l)
{
	int64_t replayed;

	assert(ledger_verify(l, differs, NULL, &replayed) == 0);
}

static int64_t
count(struct ledger *l, const char *sql)
{
	return ledger_count(l, sql, "");
}

static char key[LEDGER_KEY];

static void
put_content(struct ledger *l)
{
	ledger_begin(l);
	ledger_content_put(l, "test", "{}", 2, key);
	ledger_commit(l);
}

static void
send(struct ledger *l, const char *id, const char *parent)
{
	char data[512];

	snprintf(data, sizeof(data), "{'id': '%s', 'parent': '%s', "
	    "'channel': 'sms', 'channel_type': 'sms', 'hash': 'h1', "
	    "'priority': 1, 'due_at': '2026-11-23T23:00:00Z', "
	    "'expires_at': '2026-11-24T23:00:00Z'}", id, parent);
	append(l, "message.queued", data);
	snprintf(data, sizeof(data), "{'id': '%s', 'attempt': 1, "
	    "'channel': 'sms', 'provider': 'twilio', 'reference': '%s.1'}",
	    id, id);
	append(l, "attempt.started", data);
	snprintf(data, sizeof(data), "{'id': '%s', 'attempt': 1, "
	    "'outcome': 'accepted', 'state': 'sent', 'provider_id': 'SM%s'}",
	    id, id);
	append(l, "attempt.finished", data);
}

static void
receipt(struct ledger *l, const char *id, const char *status, int rank)
{
	char data[512];

	snprintf(data, sizeof(data), "{'key': '%s/%s', 'provider': 'twilio', "
	    "'provider_id': 'SM%s', 'status': '%s', 'rank': %d, 'id': '%s', "
	    "'attempt': 1}", id, status, id, status, rank, id);
	append(l, "event.received", data);
}

static void
put_reminder(struct ledger *l, int revision)
{
	char data[1024];

	snprintf(data, sizeof(data), "{'id': 'appointment-1', "
	    "'type': 'appointment', 'contact': 'c1', 'content': '%s', "
	    "'timezone': 'America/Mexico_City', 'revision': %d, "
	    "'event_at': '2026-11-24T16:30:00Z', "
	    "'event_local': '2026-11-24 10:30', 'next_step': 1, "
	    "'next_due_at': '2026-11-23T16:30:00Z'}", key, revision);
	append(l, "reminder.put", data);
}

static void
put_flag(struct ledger *l, const char *kind, const char *about)
{
	char data[512];

	snprintf(data, sizeof(data), "{'kind': '%s', %s}", kind, about);
	append(l, "flag.put", data);
}

static void
put_flags(struct ledger *l, const char *about)
{
	static const char *const kinds[] = { "unresponsive", "unreachable",
	    "in_doubt", "declined", "call_back", "unclear_reply" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		put_flag(l, kinds[i], about);
}

static void
close_as(struct ledger *l, const char *state, int revision)
{
	char data[256];

	snprintf(data, sizeof(data), "{'id': 'appointment-1', 'revision': %d, "
	    "'state': '%s', 'how': 'reply'}", revision, state);
	append(l, "reminder.closed", data);
}

static void
open_are(struct ledger *l, const char *kinds)
{
	struct ledger_rows *r;
	const char *are;

	r = ledger_select(l, "SELECT coalesce(group_concat(kind, ' '), '') "
	    "FROM (SELECT kind FROM flag WHERE resolved_at IS NULL "
	    "ORDER BY id)", "");
	assert(ledger_next(r));
	are = ledger_text(r, 0);
	if (strcmp(are, kinds) != 0)
		fprintf(stderr, "open: [%s], not [%s]\n", are, kinds);
	assert(strcmp(are, kinds) == 0);
	ledger_end(r);
}

#define ABOUT	"'reminder': 'appointment-1'"
#define ALL	"unresponsive unreachable in_doubt declined call_back " \
	"unclear_reply"

/* What an answer or the calendar settles, and what it does not. */
static void
test_flags_of_reminder(void)
{
	struct ledger *l = opened("flags.db", LEDGER_CREATE);

	put_content(l);
	ledger_begin(l);
	put_reminder(l, 1);
	put_flags(l, ABOUT);
	put_flag(l, "unresponsive", "'reminder': 'another'");
	open_are(l, ALL " unresponsive");
	/* The same revision again: a new address, and nothing is settled. */
	put_reminder(l, 1);
	/* An answer to a time that is not any more. */
	close_as(l, "confirmed", 7);
	open_are(l, ALL " unresponsive");
	close_as(l, "declined", 1);
	open_are(l, "declined call_back unclear_reply unresponsive");
	put_reminder(l, 2);
	open_are(l, "call_back unclear_reply unresponsive");
	put_flags(l, ABOUT);
	close_as(l, "confirmed", 2);
	open_are(l, "call_back unclear_reply unresponsive call_back "
	    "unclear_reply");
	assert(count(l, "SELECT count(*) FROM flag WHERE resolved_by = "
	    "'confirmed' AND resolved_at IS NOT NULL") == 4);
	assert(count(l, "SELECT count(*) FROM flag WHERE resolved_by = "
	    "'declined'") == 3);
	assert(count(l, "SELECT count(*) FROM flag WHERE resolved_by = "
	    "'moved'") == 1);
	ledger_commit(l);
	verifies(l);
	ledger_close(l);
}

static void
test_flags_of_message(void)
{
	struct ledger *l = opened("lost.db", LEDGER_CREATE);

	put_content(l);
	ledger_begin(l);
	send(l, "m1", "");
	send(l, "m2", "m1");
	send(l, "m3", "");
	put_flag(l, "failed", "'message': 'm1'");
	put_flag(l, "in_doubt", "'message': 'm2'");
	put_flag(l, "in_doubt", "'message': 'm3'");
	put_flag(l, "sent_twice", "'message': 'm2'");
	receipt(l, "m2", "sent", 2);
	open_are(l, "failed in_doubt in_doubt sent_twice");
	/* It arrived: also the first of its chain is not lost. */
	receipt(l, "m2", "delivered", 4);
	open_are(l, "in_doubt sent_twice");
	assert(count(l, "SELECT count(*) FROM flag WHERE resolved_by = "
	    "'delivered'") == 2);
	/* One that failed for certain is not delivered. */
	receipt(l, "m3", "failed", 3);
	open_are(l, "in_doubt sent_twice");
	ledger_commit(l);
	verifies(l);
	ledger_close(l);
}

/* What an omni before that wrote replays as it did then. */
static void
test_flags_of_old_rows(void)
{
	struct ledger *l = opened("old.db", LEDGER_CREATE);

	put_content(l);
	ledger_begin(l);
	put_reminder(l, 1);
	put_flag(l, "unresponsive", ABOUT);
	ledger_commit(l);
	ledger_close(l);
	by_hand("old.db", "INSERT INTO journal SELECT max(seq) + 1, max(at), "
	    "'omni-test', 'x', 'reminder.closed', json_object('v', 1, 'id', "
	    "'appointment-1', 'revision', 1, 'state', 'confirmed') "
	    "FROM journal");
	l = opened("old.db", LEDGER_WRITE);
	ledger_rebuild(l);
	assert(count(l, "SELECT count(*) FROM reminder WHERE state = "
	    "'confirmed'") == 1);
	open_are(l, "unresponsive");
	verifies(l);
	ledger_close(l);
}

int
main(void)
{
	enter_home();
	set_now("2026-11-23T23:00:00Z");
	test_flags_of_reminder();
	test_flags_of_message();
	test_flags_of_old_rows();
	remove_home();
	return 0;
}
