/*
 * Invariants: the journal is enough (replayed, it gives every projection), and
 * receipts in any order give the same row.
 */
#include "fixture.h"

static char key[LEDGER_KEY];
static int second;

/* Each transaction is a second later than the one before. */
static void
later(void)
{
	char now[CLOCK_TEXT];

	clock_format(1795474800 + ++second, now);
	set_now(now);
}

/* In `data`, $ is the content key, and ' stands for ". */
static void
append(struct ledger *l, const char *op, const char *data)
{
	struct buf text = BUF_INIT(100000);

	for (; *data != '\0'; data++)
		if (*data == '\'')
			buf_char(&text, '"');
		else if (*data == '$')
			buf_str(&text, key);
		else
			buf_char(&text, *data);
	append_json(l, op, buf_text(&text), text.len);
	buf_release(&text);
}

#define REMINDER "'id': 'appointment-1', 'type': 'appointment', " \
	"'contact': 'c1', 'timezone': 'America/Mexico_City', 'content': '$'"
#define MOVING "'id': 'appointment-2', 'type': 'appointment', " \
	"'contact': 'c1', 'timezone': 'America/Mexico_City', 'content': '$'"
#define STEP(n) "'reminder': {'id': 'appointment-1', 'revision': 2, " \
	"'step': " #n "}"
#define MESSAGE "'contact': 'c1', 'type': 'appointment_reminder', " \
	"'topic': 'appointment', 'class': 'reminder', 'hash': 'h1', " \
	"'address': '$', 'content': '$', 'priority': 1, " \
	"'due_at': '2026-11-23T23:00:00Z', " \
	"'expires_at': '2026-11-24T23:00:00Z', 'segments': 1, " \
	"'cost': '0.05', 'currency': 'MXN', 'conversation': 'v1'"
#define SMS "'channel': 'sms', 'channel_type': 'sms', "
#define EMAIL "'channel': 'email', 'channel_type': 'email', "
#define NEXT "'next_step': 2, 'next_due_at': '2026-11-24T01:00:00Z'"

static const struct { const char *op, *data; } history[] = {
	{ "site.put", "{'name': 'Clinica', 'timezone': 'America/Mexico_City', "
	    "'offsets': [['0000', -360], ['2022-10-30T07:00:00Z', -360]]}" },
	{ "channel.put", "{'name': 'sms', 'type': 'sms', 'provider': 'tw', "
	    "'kind': 'twilio', 'active': 1, 'sender': '+52', 'cost': '0.05', "
	    "'currency': 'MXN', 'per_hour': 100, 'per_day': 1000}" },
	{ "channel.put", "{'name': 'sms', 'type': 'sms', 'provider': 'tw', "
	    "'kind': 'twilio', 'active': 0, 'sender': '+52', 'cost': '0.06', "
	    "'currency': 'MXN', 'per_hour': 100, 'per_day': 1000}" },
	{ "contact.put", "{'id': 'c1', 'content': '$', 'digest': 'd', 'language': 'es', "
	    "'addresses': [{'type': 'sms', 'hash': 'h1', 'content': '$', "
	    "'primary': 1}, {'type': 'email', 'hash': 'h2', 'content': '$', "
	    "'verified': 1}], 'preferences': {'channel': 'sms'}}" },
	{ "contact.put", "{'id': 'c1', 'content': '$', 'digest': 'd', 'language': 'en', "
	    "'addresses': [{'type': 'sms', 'hash': 'h1', 'content': '$', "
	    "'primary': 1, 'line': 'mobile'}]}" },
	{ "consent.put", "{'hash': 'h1', 'scope': 'topic:marketing', "
	    "'state': 'out', 'how': 'keyword', 'source': 'in-1'}" },
	{ "consent.put", "{'hash': 'h1', 'scope': 'topic:marketing', "
	    "'state': 'in', 'how': 'staff', 'operator': 'Eva', "
	    "'note': '$', 'given_at': '2026-11-20T12:00:00Z'}" },
	{ "reminder.put", "{" REMINDER ", 'revision': 1, "
	    "'event_at': '2026-11-24T16:30:00Z', "
	    "'event_local': '2026-11-24 10:30', 'next_step': 1, "
	    "'next_due_at': '2026-11-23T16:30:00Z', "
	    "'related': {'type': 'appointment', 'id': '1'}}" },
	{ "message.queued", "{'id': 'appointment-1.r1/1', " EMAIL MESSAGE ", "
	    "'reminder': {'id': 'appointment-1', 'revision': 1, 'step': 1}, "
	    NEXT "}" },
	{ "reminder.put", "{" REMINDER ", 'revision': 2, "
	    "'event_at': '2026-11-24T18:30:00Z', "
	    "'event_local': '2026-11-24 12:30', 'next_step': 1, "
	    "'next_due_at': '2026-11-23T18:30:00Z'}" },
	{ "message.queued", "{'id': 'appointment-1.r2/1', " EMAIL MESSAGE ", "
	    STEP(1) ", 'attachments': ['$', '$'], " NEXT "}" },
	{ "attempt.started", "{'id': 'appointment-1.r2/1', 'attempt': 1, "
	    "'channel': 'email', 'provider': 'maildir', "
	    "'reference': 'appointment-1.r2/1.1'}" },
	{ "attempt.doubted", "{'id': 'appointment-1.r2/1', 'attempt': 1, "
	    "'reason': 'the sender died'}" },
	{ "attempt.finished", "{'id': 'appointment-1.r2/1', 'attempt': 1, "
	    "'outcome': 'later', 'state': 'queued', 'reason': 'try again', "
	    "'retry_at': '2026-11-23T23:30:00Z', 'response': '$'}" },
	{ "attempt.started", "{'id': 'appointment-1.r2/1', 'attempt': 2, "
	    "'channel': 'email', 'provider': 'maildir', 'token': 'ab2', "
	    "'reference': 'appointment-1.r2/1.2'}" },
	{ "attempt.finished", "{'id': 'appointment-1.r2/1', 'attempt': 2, "
	    "'outcome': 'accepted', 'state': 'sent', 'provider_id': 'm1', "
	    "'cost': '0.01', 'currency': 'MXN'}" },
	{ "event.received", "{'key': 'e1', 'provider': 'maildir', "
	    "'provider_id': 'm1', 'id': 'appointment-1.r2/1', 'attempt': 2, "
	    "'status': 'delivered', 'rank': 4}" },
	{ "message.queued", "{'id': 'appointment-1.r2/2', " SMS MESSAGE ", "
	    STEP(2) ", 'held': 'a person wants to look', 'next_step': 3, "
	    "'next_due_at': '2026-11-24T03:00:00Z'}" },
	{ "message.released", "{'id': 'appointment-1.r2/2'}" },
	{ "message.held", "{'id': 'appointment-1.r2/2', 'reason': 'again'}" },
	{ "message.released", "{'id': 'appointment-1.r2/2'}" },
	{ "message.deferred", "{'id': 'appointment-1.r2/2', "
	    "'due_at': '2026-11-24T15:00:00Z', 'reason': 'quiet hours'}" },
	{ "message.cancelled", "{'id': 'appointment-1.r2/2', "
	    "'reason': 'by hand', 'bring_forward': 1}" },
	{ "message.refused", "{'id': 'appointment-1.r2/3', 'contact': 'c1', "
	    "'type': 'appointment_reminder', 'content': '$', "
	    "'code': 'no_address', " STEP(3) ", 'next_step': 4, "
	    "'next_due_at': '2026-11-24T04:00:00Z'}" },
	{ "message.queued", "{'id': 'appointment-1.r2/3', " SMS MESSAGE ", "
	    STEP(3) ", 'next_step': 4, "
	    "'next_due_at': '2026-11-24T04:00:00Z'}" },
	{ "message.expired", "{'id': 'appointment-1.r2/3'}" },
	{ "reminder.flagged", "{'reminder': {'id': 'appointment-1', "
	    "'revision': 2, 'step': 5, 'passed': [4]}, "
	    "'kind': 'unresponsive'}" },
	{ "flag.put", "{'kind': 'call_back', 'reminder': 'appointment-1', "
	    "'contact': 'c1', 'reason': 'asks to be called back'}" },
	{ "message.received", "{'id': 'in-2', 'conversation': 'v1', "
	    "'contact': 'c1', 'channel': 'sms', 'channel_type': 'sms', "
	    "'hash': 'h1', 'address': '$', 'content': '$', "
	    "'intent': 'confirm', 'unread': 1, "
	    "'reminder': {'id': 'appointment-1', 'revision': 2}}" },
	{ "reminder.closed", "{'id': 'appointment-1', 'revision': 2, "
	    "'state': 'confirmed', 'how': 'reply', 'message': 'in-2'}" },
	{ "flag.resolved", "{'id': 29, 'by': 'in-2'}" },
	{ "reminder.skipped", "{" STEP(6) ", 'reason': 'confirmed', "
	    "'passed': [7]}" },
	{ "message.received", "{'id': 'in-3', 'conversation': 'v2', "
	    "'channel': 'sms', 'channel_type': 'sms', 'hash': 'h9', "
	    "'address': '$', 'content': '$', 'unread': 1}" },
	{ "message.queued", "{'id': 'news-1', " SMS MESSAGE "}" },
	{ "attempt.started", "{'id': 'news-1', 'attempt': 1, "
	    "'channel': 'sms', 'provider': 'twilio', "
	    "'reference': 'news-1.1', 'cost': '0.05', 'currency': 'MXN'}" },
	{ "event.received", "{'key': 'e2', 'provider': 'twilio', "
	    "'provider_id': 'SM1', 'status': 'sent', 'rank': 2}" },
	{ "attempt.doubted", "{'id': 'news-1', 'attempt': 1, "
	    "'reason': 'timeout'}" },
	{ "event.received", "{'key': 'e3', 'provider': 'twilio', "
	    "'provider_id': 'SM1', 'id': 'news-1', 'attempt': 1, "
	    "'status': 'failed', 'rank': 3, 'code': '30003'}" },
	{ "event.received", "{'key': 'e3', 'provider': 'twilio', "
	    "'provider_id': 'SM1', 'id': 'news-1', 'attempt': 1, "
	    "'status': 'failed', 'rank': 3, 'code': '30003'}" },
	{ "contact.consent", "{'id': 'c1', 'scope': 'all', 'state': 'out', "
	    "'how': 'import'}" },
	{ "contact.consent", "{'id': 'c1', 'scope': 'topic:marketing', "
	    "'state': 'out', 'how': 'staff'}" },
	{ "contact.consent", "{'id': 'c1', 'scope': 'all', 'state': 'in', "
	    "'how': 'staff'}" },
	{ "address.looked_up", "{'hash': 'h1', 'provider': 'twilio', "
	    "'valid': 1, 'line': 'mobile'}" },
	{ "address.dead", "{'type': 'sms', 'hash': 'h1', "
	    "'reason': 'unknown number'}" },
	{ "message.marked_read", "{'id': 'in-2'}" },
	{ "failover.ended", "{'id': 'news-1', 'state': 'failed'}" },
	{ "provider.state", "{'name': 'tw', 'state': 'down', 'failures': 1, "
	    "'retry_at': '2026-11-23T23:01:00Z'}" },
	{ "provider.state", "{'name': 'tw', 'state': 'up', 'failures': 0}" },
	{ "clock.confirmed", "{}" },
	{ "address.verified", "{'type': 'sms', 'hash': 'h1', "
	    "'operator': 'Eva'}" },
	{ "contact.put", "{'id': 'c2', 'content': '$', 'digest': '', "
	    "'addresses': [{'type': 'sms', 'hash': 'h1', 'content': '$', "
	    "'primary': 1}], 'preferences': {'quiet_start': '21:00'}, "
	    "'tags': ['vip']}" },
	{ "contact.merged", "{'from': 'c2', 'into': 'c1'}" },
	{ "contact.put", "{'id': 'c3', 'content': '$', 'digest': '', "
	    "'addresses': [{'type': 'sms', 'hash': 'h3', 'content': '$', "
	    "'primary': 1}], 'preferences': {'quiet_start': '21:00'}}" },
	{ "contact.forgotten", "{'id': 'c3', 'hashes': ['h3']}" },
	/* Cancelled on its way, then delivered after all; and never found. */
	{ "message.queued", "{'id': 'news-2', 'failover': 1, " SMS MESSAGE "}" },
	{ "attempt.started", "{'id': 'news-2', 'attempt': 1, "
	    "'channel': 'sms', 'provider': 'twilio', 'sender': '+52', "
	    "'redirected': 1, 'reference': 'news-2.1'}" },
	{ "message.cancelled", "{'id': 'news-2', 'reason': 'by hand'}" },
	{ "attempt.doubted", "{'id': 'news-2', 'attempt': 1, "
	    "'reason': 'timeout'}" },
	{ "attempt.finished", "{'id': 'news-2', 'attempt': 1, "
	    "'outcome': 'later', 'state': 'queued'}" },
	{ "event.received", "{'key': 'e4', 'provider': 'twilio', "
	    "'provider_id': 'SM2', 'status': 'sent', 'rank': 2}" },
	{ "event.received", "{'key': 'e5', 'provider': 'twilio', "
	    "'provider_id': 'SM2', 'id': 'news-2', 'attempt': 1, "
	    "'status': 'delivered', 'rank': 4}" },
	{ "message.queued", "{'id': 'news-3', " SMS MESSAGE "}" },
	{ "attempt.started", "{'id': 'news-3', 'attempt': 1, "
	    "'channel': 'sms', 'provider': 'twilio', "
	    "'reference': 'news-3.1'}" },
	{ "attempt.doubted", "{'id': 'news-3', 'attempt': 1, "
	    "'reason': 'timeout'}" },
	{ "message.cancelled", "{'id': 'news-3', 'reason': 'by hand'}" },
	{ "attempt.finished", "{'id': 'news-3', 'attempt': 1, "
	    "'outcome': 'later', 'state': 'queued'}" },
	/* What it is billed as, and that it is not. */
	{ "event.received", "{'key': 'e6', 'provider': 'twilio', "
	    "'provider_id': 'SM1', 'id': 'news-1', 'attempt': 1, "
	    "'status': 'sent', 'rank': 2, 'title': 'unknown', "
	    "'category': 'utility', 'billable': 0}" },
	/* Pictures of a stranger, whose address is learned. */
	{ "message.received", "{'id': 'in-4', 'conversation': 'v4', "
	    "'channel': 'whatsapp', 'channel_type': 'whatsapp', "
	    "'hash': 'h8', 'address': '$', 'content': '$', 'unread': 1, "
	    "'put_address': 1, 'media': [{'type': 'image/jpeg'}, {}, {}]}" },
	{ "media.failed", "{'id': 'in-4', 'position': 0, 'reason': '500', "
	    "'retry_at': '2026-11-24T00:00:00Z'}" },
	{ "media.kept", "{'id': 'in-4', 'position': 0, 'path': "
	    "'2026-11/ab.jpg', 'type': 'image/jpeg', 'size': 7, "
	    "'digest': 'ab'}" },
	{ "media.failed", "{'id': 'in-4', 'position': 1, 'reason': '404'}" },
	{ "media.kept", "{'id': 'in-4', 'position': 1, 'path': 'x', "
	    "'type': 'x', 'size': 7, 'digest': 'x'}" },
	{ "media.removed", "{'id': 'in-4', 'position': 2, "
	    "'reason': 'forgotten'}" },
	/* Told, moved, told of that, refused, moved, and gone. */
	{ "reminder.put", "{" MOVING ", 'revision': 3, 'source': 'calendar', "
	    "'event_at': '2026-11-25T18:30:00Z', 'notice': 'moved', "
	    "'old_at': '2026-11-24T18:30:00Z', "
	    "'event_local': '2026-11-25 12:30', 'next_step': 1, "
	    "'next_due_at': '2026-11-24T18:30:00Z'}" },
	{ "message.queued", "{'id': 'appointment-2.r3/moved', " SMS MESSAGE ", "
	    "'reminder': {'id': 'appointment-2', 'revision': 3, "
	    "'notice': 'moved'}, 'next_due_at': '2026-11-24T20:00:00Z'}" },
	{ "reminder.put", "{" MOVING ", 'revision': 3, 'source': 'agenda', "
	    "'event_at': '2026-11-25T18:30:00Z', "
	    "'event_local': '2026-11-25 13:30'}" },
	/* Its ladder begins otherwise now. */
	{ "reminder.put", "{" MOVING ", 'revision': 3, 'ladder': 1, "
	    "'event_at': '2026-11-25T18:30:00Z', "
	    "'event_local': '2026-11-25 13:30', 'next_step': 2, "
	    "'next_due_at': '2026-11-24T19:30:00Z'}" },
	{ "reminder.put", "{" MOVING ", 'revision': 4, "
	    "'event_at': '2026-11-26T18:30:00Z', 'notice': 'moved', "
	    "'old_at': '2026-11-24T18:30:00Z', "
	    "'event_local': '2026-11-26 12:30', 'next_step': 1, "
	    "'next_due_at': '2026-11-25T18:30:00Z'}" },
	{ "message.refused", "{'id': 'appointment-2.r4/moved', "
	    "'contact': 'c1', 'type': 'appointment_moved', 'content': '$', "
	    "'code': 'unreachable', 'reminder': {'id': 'appointment-2', "
	    "'revision': 4, 'notice': 'moved'}}" },
	{ "reminder.closed", "{'id': 'appointment-2', 'revision': 4, "
	    "'state': 'cancelled', 'how': 'missing from the export', "
	    "'notice': 'cancelled', 'old_at': '2026-11-24T18:30:00Z'}" },
	/* What staff says, and a conversation that becomes another's. */
	{ "conversation.put", "{'id': 'v2', 'by': 'ana', 'note': '$', "
	    "'set': {'status': 'resolved', 'priority': 'high', 'owner': "
	    "'ana', 'assignee': 'luis', 'tags': ['a', 'b'], 'related': "
	    "{'type': 'order', 'id': '7'}}}" },
	{ "conversation.put", "{'id': 'v2', 'by': 'ana', 'note': null, "
	    "'set': {'assignee': null, 'tags': ['b'], 'related': null}}" },
	{ "conversation.read", "{'conversation': 'v2', 'by': 'ana', "
	    "'messages': ['in-3', 'in-2']}" },
	{ "conversation.put", "{'id': 'contact:c8', 'contact': 'c8', "
	    "'by': 'ana', 'set': {'tags': ['x'], 'priority': 'urgent'}}" },
	{ "message.received", "{'id': 'in-5', 'conversation': 'contact:c8', "
	    "'contact': 'c8', 'channel': 'sms', 'channel_type': 'sms', "
	    "'hash': 'h7', 'address': '$', 'content': '$', 'unread': 1}" },
	{ "assist.asked", "{'message': 'in-5', 'hash': 'h7', 'contact': 'c8', "
	    "'provider': 'p', 'model': 'm'}" },
	{ "assist.answered", "{'ask': 87, 'outcome': 'answered', "
	    "'content': '$', 'request_id': 'msg_1', 'input_tokens': 7, "
	    "'output_tokens': 5, 'cost': '0.000096', 'currency': 'USD'}" },
	/* A second one changes nothing. */
	{ "assist.answered", "{'ask': 87, 'outcome': 'later', "
	    "'reason': 'HTTP 529'}" },
	{ "contact.merged", "{'from': 'c8', 'into': 'c1'}" },
	/* A stranger who turns out to be one of them. */
	{ "message.received", "{'id': 'in-6', 'conversation': 'address:h6', "
	    "'channel': 'sms', 'channel_type': 'sms', 'hash': 'h6', "
	    "'address': '$', 'content': '$', 'unread': 1}" },
	{ "conversation.put", "{'id': 'address:h6', 'by': 'ana', 'set': "
	    "{'tags': ['new', 'x'], 'assignee': 'ana'}}" },
	{ "conversation.joined", "{'from': 'address:h6', 'into': "
	    "'contact:c1', 'contact': 'c1'}" },
	/* What an assistant drafted, and staff let go. */
	{ "message.queued", "{'id': 'draft-1', 'author': 'assist', 'held': "
	    "'a draft', " SMS MESSAGE "}" },
	{ "message.released", "{'id': 'draft-1', 'by': 'ana', 'answer': 1, "
	    "'reason': 'by hand'}" },
	{ "message.queued", "{'id': 'reply-1', "
	    "'author': 'ana', " SMS MESSAGE "}" },
	/* The clinic's zone was a wrong one: its days are counted anew. */
	{ "site.put", "{'name': 'Clinica', 'timezone': 'Asia/Tokyo', "
	    "'offsets': [['0000', 540]]}" },
};
#define HISTORY	(sizeof(history) / sizeof(history[0]))

struct report {
	int tables;
	int64_t rows;
	char names[256];
};

static void
note(void *ctx, const char *table, int64_t rows)
{
	struct report *r = ctx;
	size_t len = strlen(r->names);

	r->tables++;
	r->rows += rows;
	snprintf(r->names + len, sizeof(r->names) - len, "%s ", table);
}

static void
verifies(struct ledger *l, const char *tables, int64_t rows)
{
	struct report r = { .tables = 0 };
	int64_t replayed = 0;
	int bad;

	bad = ledger_verify(l, note, &r, &replayed);
	if (strcmp(r.names, tables) != 0)
		fprintf(stderr, "differ: [%s]\n", r.names);
	assert(strcmp(r.names, tables) == 0);
	assert(bad == r.tables);
	assert(rows < 0 || r.rows == rows);
	assert(replayed == ledger_count(l, "SELECT count(*) FROM journal", ""));
}

static int64_t
count(struct ledger *l, const char *sql)
{
	return ledger_count(l, sql, "");
}

static void
put_content(struct ledger *l)
{
	ledger_begin(l);
	ledger_content_put(l, "test", "{\"name\": \"Ana\"}", 15, key);
	ledger_commit(l);
}

#define LOCAL_DAY(time)	"strftime('%Y-%m-%d', " time ", (SELECT minutes || " \
	"' minutes' FROM site_offset WHERE starts_at <= " time " ORDER BY " \
	"starts_at DESC LIMIT 1)) AS day"
/* The rows that are in one of the two only. */
#define APART(a, b)	"WITH a AS (" a "), b AS (" b ") SELECT count(*) FROM " \
	"(SELECT * FROM (SELECT * FROM a EXCEPT SELECT * FROM b) UNION ALL " \
	"SELECT * FROM (SELECT * FROM b EXCEPT SELECT * FROM a))"

/* What the triggers count is what there is; omni-ledger(5). */
static void
days_add_up(struct ledger *l)
{
	if (count(l, "SELECT count(*) FROM site_offset") == 0)
		return;
	assert(count(l, APART("SELECT " LOCAL_DAY("created_at") ", "
	    "channel_type, sum(state = 'sent'), sum(delivered_at IS NOT NULL), "
	    "sum(read_at IS NOT NULL), sum(state = 'failed'), "
	    "sum(state IN ('cancelled', 'expired')), sum(state IN ('queued', "
	    "'held', 'sending', 'in_doubt')), sum(state = 'refused') "
	    "FROM message WHERE direction = 'outbound' AND channel_type IS NOT "
	    "NULL GROUP BY 1, 2", "SELECT day, channel, sent, delivered, read, "
	    "failed, dropped, waiting, refused FROM message_day WHERE sent + "
	    "delivered + read + failed + dropped + waiting + refused <> 0"))
	    == 0);
	assert(count(l, APART("SELECT " LOCAL_DAY("finished_at") ", "
	    "channel_type, coalesce(a.currency, m.currency, ''), count(*), "
	    "sum(coalesce(a.segments, 0)), sum(CAST(round(10000 * "
	    "coalesce(a.cost, m.cost, '0')) AS INTEGER)) FROM attempt a JOIN "
	    "message m ON m.id = a.message WHERE a.outcome = 'accepted' GROUP "
	    "BY 1, 2, 3", "SELECT day, channel, currency, messages, segments, "
	    "cost FROM cost_day WHERE messages <> 0 OR segments <> 0 OR "
	    "cost <> 0")) == 0);
}

static void
test_verify(void)
{
	struct ledger *l = opened("a.db", LEDGER_CREATE);

	put_content(l);
	verifies(l, "", 0);
	for (size_t i = 0; i < HISTORY; i++) {
		later();
		ledger_set_run(l, "omni-test", i % 2 == 0 ? "even" : "odd");
		ledger_begin(l);
		append(l, history[i].op, history[i].data);
		ledger_commit(l);
		/* After each: also what is half way must replay. */
		verifies(l, "", 0);
		days_add_up(l);
	}
	assert(count(l, "SELECT sum(messages) FROM delivery_rate") == count(l,
	    "SELECT count(*) FROM message WHERE direction = 'outbound' AND "
	    "channel_type IS NOT NULL AND state <> 'refused'"));
	assert(count(l, "SELECT sum(messages) FROM cost_by_day") > 1);
	/* The history did what it was meant to do. */
	assert(count(l, "SELECT count(*) FROM reminder WHERE state = "
	    "'confirmed' AND revision = 2 AND answered_by = 'in-2'") == 1);
	assert(count(l, "SELECT count(*) FROM message WHERE id = "
	    "'appointment-1.r1/1' AND state = 'cancelled'") == 1);
	assert(count(l, "SELECT count(*) FROM message WHERE id = "
	    "'appointment-1.r2/1' AND state = 'sent' AND "
	    "status = 'delivered' AND attempts = 2") == 1);
	assert(count(l, "SELECT count(*) FROM message_attachment WHERE "
	    "message = 'appointment-1.r2/1' AND position < 2") == 2);
	assert(count(l, "SELECT number FROM attempt WHERE token = 'ab2'") ==
	    2);
	assert(count(l, "SELECT count(*) FROM message WHERE id = 'news-1' "
	    "AND state = 'failed' AND reason = '30003'") == 1);
	assert(count(l, "SELECT count(*) FROM message WHERE id = 'news-2' "
	    "AND state = 'sent' AND status = 'delivered'") == 1);
	assert(count(l, "SELECT count(*) FROM attempt WHERE "
	    "message = 'news-2' AND outcome = 'accepted' AND "
	    "provider_id = 'SM2' AND sender = '+52' AND redirected = 1") == 1);
	assert(count(l, "SELECT count(*) FROM event WHERE message = 'news-2'")
	    == 2);
	assert(count(l, "SELECT count(*) FROM message WHERE id = 'news-3' "
	    "AND state = 'cancelled' AND reason = 'cancelled while in doubt'")
	    == 1);
	assert(count(l, "SELECT count(*) FROM flag WHERE resolved_by = 'in-2'")
	    == 1);
	assert(count(l, "SELECT count(*) FROM attempt WHERE state <> 'done'")
	    == 0);
	assert(count(l, "SELECT sum(unread_count) FROM conversation") == 3);
	assert(count(l, "SELECT count(*) FROM conversation WHERE id = "
	    "'contact:c1' AND tags = '[\"new\",\"x\"]' AND assignee = 'ana' "
	    "AND status = 'pending' AND unread_count = 2") == 1);
	assert(count(l, "SELECT count(*) FROM conversation WHERE id = "
	    "'address:h6'") == 0);
	assert(count(l, "SELECT count(*) FROM message WHERE id = 'in-6' AND "
	    "conversation = 'contact:c1' AND contact = 'c1'") == 1);
	assert(count(l, "SELECT count(*) FROM message WHERE id = 'draft-1' "
	    "AND state = 'queued' AND released_by = 'ana'") == 1);
	assert(count(l, "SELECT last_staff_message_at IS NOT NULL AND status "
	    "= 'active' FROM conversation WHERE id = 'v1'") == 1);
	assert(count(l, "SELECT count(*) FROM attempt WHERE message = "
	    "'news-1' AND category = 'utility' AND billable = 0 AND cost = "
	    "'0'") == 1);
	assert(count(l, "SELECT count(*) FROM address WHERE hash = 'h8' AND "
	    "verified = 1 AND last_inbound_at IS NOT NULL") == 1);
	assert(count(l, "SELECT count(*) FROM inbound_media WHERE "
	    "(position = 0 AND state = 'kept' AND path = '2026-11/ab.jpg' "
	    "AND tries = 2 AND reason IS NULL) OR (position = 1 AND state = "
	    "'refused' AND path IS NULL AND reason = '404') OR (position = 2 "
	    "AND state = 'removed')") == 3);
	assert(count(l, "SELECT count(*) FROM assist WHERE message = 'in-5' AND "
	    "contact = 'c1' AND outcome = 'answered' AND reason IS NULL AND "
	    "output_tokens = 5 AND answered_at IS NOT NULL") == 1);
	ledger_close(l);
	l = opened("a.db", LEDGER_READ);
	verifies(l, "", 0);
	ledger_close(l);
}

/* Every operation of apply.sql is in the history above. */
static void
test_history_is_whole(void)
{
	static const char *const aside[] = { "ledger.created" };
	extern const char apply_sql[];
	const char *p = apply_sql;
	char name[64];
	bool found;

	while ((p = strstr(p, "\n-- op ")) != NULL) {
		p += strlen("\n-- op ");
		assert(sscanf(p, "%63s", name) == 1);
		if (strcmp(name, "*") == 0 || strcmp(name, aside[0]) == 0)
			continue;
		found = false;
		for (size_t i = 0; i < HISTORY; i++)
			found |= strcmp(history[i].op, name) == 0;
		if (!found)
			fprintf(stderr, "%s: not in the history\n", name);
		assert(found);
	}
}

/* Whatever somebody changed by hand is seen, and undone by a rebuild. */
static void
test_tampering(void)
{
	static const struct { const char *sql, *tables; int64_t rows; } tries[] = {
		{ "UPDATE message SET state = 'sent' WHERE id = 'news-1'",
		    "message message_day ", 4 },
		{ "UPDATE message_day SET read = read + 1; "
		    "DELETE FROM cost_day", "message_day cost_day ", -1 },
		{ "UPDATE message SET cost = NULL WHERE id = 'news-1'",
		    "message ", 2 },
		{ "DELETE FROM event WHERE key = 'e3'", "event ", 1 },
		{ "INSERT INTO consent VALUES ('h7', 'all', 'out', "
		    "'2026-11-24T00:00:00Z', 'hand', NULL, 3)", "consent ", 1 },
		{ "UPDATE run SET changes = changes + 1", "run ", -1 },
		{ "UPDATE site SET name = 'x'", "site ", 2 },
		{ "DELETE FROM flag; DELETE FROM preference; "
		    "UPDATE reminder SET step = 9; DELETE FROM site_offset; "
		    "UPDATE channel SET cost = '9'; "
		    "UPDATE address SET verified = 1 - verified",
		    "flag reminder preference address channel site_offset ",
		    -1 },
	};
	struct ledger *l;

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		by_hand("a.db", tries[i].sql);
		l = opened("a.db", LEDGER_WRITE);
		verifies(l, tries[i].tables, tries[i].rows);
		assert(ledger_rebuild(l) == (int64_t)HISTORY + 1);
		verifies(l, "", 0);
		assert(count(l, "SELECT count(*) FROM pragma_foreign_key_check")
		    == 0);
		/* And it goes on from there. */
		later();
		ledger_begin(l);
		ledger_rollback(l);
		ledger_close(l);
	}
}

/* Receipts ----------------------------------------------------------------- */

static const char *const statuses[] = { "accepted", "sent", "delivered",
	"read", "failed" };
static const int ranks[] = { 1, 2, 4, 5, 3 };
#define EVENTS	5

static void
receipt(struct ledger *l, int message, int event, bool known)
{
	char data[512];

	snprintf(data, sizeof(data), "{'key': 'k%d/%s', 'provider': 'twilio', "
	    "'provider_id': 'SM%d', 'status': '%s', 'rank': %d%s}", message,
	    statuses[event], message, statuses[event], ranks[event],
	    event == 4 ? ", 'code': '30008'" : "");
	if (known)
		snprintf(data + strlen(data) - 1, sizeof(data) - strlen(data),
		    ", 'id': 'm%d', 'attempt': 1}", message);
	append(l, "event.received", data);
}

static void
start(struct ledger *l, int message)
{
	char data[1024];

	snprintf(data, sizeof(data), "{'id': 'm%d', " SMS MESSAGE "}", message);
	append(l, "message.queued", data);
	snprintf(data, sizeof(data), "{'id': 'm%d', 'attempt': 1, "
	    "'channel': 'sms', 'provider': 'twilio', "
	    "'reference': 'm%d.1', 'cost': '0.05', 'currency': 'MXN'}",
	    message, message);
	append(l, "attempt.started", data);
}

static void
finish(struct ledger *l, int message)
{
	char data[512];

	snprintf(data, sizeof(data), "{'id': 'm%d', 'attempt': 1, "
	    "'outcome': 'accepted', 'state': 'sent', 'provider_id': 'SM%d'}",
	    message, message);
	append(l, "attempt.finished", data);
}

enum way {
	AFTER,		/* all receipts after the response */
	UNKNOWN,	/* those before the response name no message */
	KNOWN,		/* those before it name theirs, by our reference */
	WAYS
};

/* `order` has each event once, and EVENTS for the provider's response. */
static void
play(struct ledger *l, int message, const int order[EVENTS + 1], enum way way)
{
	bool finished = way == AFTER;

	start(l, message);
	if (finished)
		finish(l, message);
	for (int i = 0; i <= EVENTS; i++) {
		if (order[i] < EVENTS) {
			receipt(l, message, order[i], finished || way == KNOWN);
			/* Receipts come twice, too. */
			if ((message + i) % 3 == 0)
				receipt(l, message, order[i], finished);
		} else if (!finished) {
			finish(l, message);
			finished = true;
		}
	}
}

/* The next permutation in lexical order; false after the last. */
static bool
permute(int a[], int n)
{
	int i = n - 2, k = n - 1, t;

	while (i >= 0 && a[i] > a[i + 1])
		i--;
	if (i < 0)
		return false;
	while (a[k] < a[i])
		k--;
	t = a[i], a[i] = a[k], a[k] = t;
	for (int p = i + 1, q = n - 1; p < q; p++, q--)
		t = a[p], a[p] = a[q], a[q] = t;
	return true;
}

/* Of all the messages there is one row each, but for their names. */
static void
are_all_alike(struct ledger *l)
{
	struct ledger_rows *r;

	assert(count(l, "SELECT count(*) FROM (SELECT DISTINCT state, reason, "
	    "status, due_at, attempts, sent_at, delivered_at, read_at, "
	    "failed_at, cost, segments FROM message WHERE id LIKE 'm%')") == 1);
	assert(count(l, "SELECT count(*) FROM (SELECT DISTINCT state, outcome, "
	    "status, code, started_at, finished_at, cost FROM attempt "
	    "WHERE message LIKE 'm%')") == 1);
	assert(count(l, "SELECT count(*) FROM event WHERE message IS NULL")
	    == 0);
	r = ledger_select(l, "SELECT state, status, reason FROM message "
	    "WHERE id LIKE 'm%' LIMIT 1", "");
	assert(ledger_next(r));
	/* It was read: a failure reported besides is no failure. */
	assert(strcmp(ledger_text(r, 0), "sent") == 0);
	assert(strcmp(ledger_text(r, 1), "read") == 0);
	ledger_end(r);
}

static void
test_receipts_in_any_order(void)
{
	static const int expected[WAYS] = { 120, 720, 720 };
	char path[32];
	struct ledger *l;

	for (enum way way = AFTER; way < WAYS; way++) {
		int order[EVENTS + 1] = { 0, 1, 2, 3, 4, 5 }, n = 0;

		snprintf(path, sizeof(path), "receipts%d.db", way);
		l = opened(path, LEDGER_CREATE);
		put_content(l);
		ledger_begin(l);
		do
			play(l, n++, order, way);
		while (permute(order, way == AFTER ? EVENTS : EVENTS + 1));
		ledger_commit(l);
		assert(n == expected[way]);
		assert(count(l, "SELECT count(*) FROM message") == n);
		assert(count(l, "SELECT count(*) FROM event") == EVENTS * n);
		are_all_alike(l);
		verifies(l, "", 0);
		ledger_close(l);
	}
}

/* The messages from the one numbered `first` on are alike. */
static void
is_one_row(struct ledger *l, int first, int set)
{
	struct ledger_rows *r;
	int rows = 0;

	r = ledger_select(l, "SELECT DISTINCT line FROM (SELECT "
	    "json_array(state, reason, status, attempts, sent_at, "
	    "delivered_at, read_at, failed_at, failover) AS line FROM message "
	    "WHERE CAST(substr(id, 2) AS INTEGER) >= ?)", "i", (int64_t)first);
	while (ledger_next(r))
		if (rows++ > 0)
			fprintf(stderr, "receipts %#x: also %s\n",
			    (unsigned int)set, ledger_text(r, 0));
	ledger_end(r);
	assert(rows == 1);
}

/* The same for each set of receipts: what it says depends on the set alone. */
static void
test_every_subset(void)
{
	struct ledger *l = opened("subsets.db", LEDGER_CREATE);
	int n = 0;

	put_content(l);
	ledger_begin(l);
	for (int set = 0; set < 1 << EVENTS; set++) {
		int order[EVENTS + 1] = { 0, 1, 2, 3, 4, 5 }, first = n;
		bool known;

		do {
			known = n % 2 == 0;
			start(l, n);
			for (int i = 0; i <= EVENTS; i++)
				if (order[i] == EVENTS) {
					finish(l, n);
					known = true;
				} else if ((set >> order[i] & 1) != 0)
					receipt(l, n, order[i], known);
			n++;
			/* Every permutation would be slow; each 7th will do. */
			for (int skip = 0; skip < 6; skip++)
				permute(order, EVENTS + 1);
		} while (permute(order, EVENTS + 1));
		is_one_row(l, first, set);
	}
	ledger_commit(l);
	assert(n > 3000);
	verifies(l, "", 0);
	ledger_close(l);
}

/* Two attempts ------------------------------------------------------------- */

/* What became of the second attempt; the first was recorded as not sent. */
static const struct ending { const char *outcome, *state, *reason; } endings[] =
{
	{ "accepted", "sent", "" },
	{ "refused", "failed", "refused" },
	{ "unknown", "failed", "in doubt" },
	{ "unknown", "queued", "sent again in doubt" },
	{ "later", "queued", "to be tried again" }
};
#define ENDINGS	(sizeof(endings) / sizeof(endings[0]))

/* Receipts of either attempt. */
static const struct { int attempt; const char *status; int rank; } two[] = {
	{ 1, "sent", 2 }, { 1, "failed", 3 }, { 1, "delivered", 4 },
	{ 2, "sent", 2 }, { 2, "bounced", 6 }
};
#define TWO	((int)(sizeof(two) / sizeof(two[0])))

static void
start_second(struct ledger *l, int message)
{
	char data[1024];

	snprintf(data, sizeof(data), "{'id': 'm%d', 'failover': 1, " SMS
	    MESSAGE "}", message);
	append(l, "message.queued", data);
	for (int i = 1; i <= 2; i++) {
		snprintf(data, sizeof(data), "{'id': 'm%d', 'attempt': %d, "
		    "'channel': 'sms', 'provider': 'twilio', "
		    "'reference': 'm%d.%d'}", message, i, message, i);
		append(l, "attempt.started", data);
		snprintf(data, sizeof(data), "{'id': 'm%d', 'attempt': %d, "
		    "'reason': 'no answer'}", message, i);
		append(l, "attempt.doubted", data);
		snprintf(data, sizeof(data), "{'id': 'm%d', 'attempt': 1, "
		    "'outcome': 'later', 'state': 'queued'}", message);
		if (i == 1)
			append(l, "attempt.finished", data);
	}
}

/* As a sender would: a receipt of what is in doubt is its answer. */
static void
finish_second(struct ledger *l, int message, const struct ending *e,
    bool known)
{
	char data[512];

	snprintf(data, sizeof(data), "{'id': 'm%d', 'attempt': 2, "
	    "'outcome': '%s', 'state': '%s'%s%s%s}", message,
	    known ? "accepted" : e->outcome, known ? "sent" : e->state,
	    known || *e->reason == '\0' ? "" : ", 'reason': '",
	    known ? "" : e->reason, known || *e->reason == '\0' ? "" : "'");
	append(l, "attempt.finished", data);
}

static void
receipt_of_two(struct ledger *l, int message, int event)
{
	char data[512];

	snprintf(data, sizeof(data), "{'key': 'k%d/%d', 'provider': 'twilio', "
	    "'provider_id': 'SM%d.%d', 'id': 'm%d', 'attempt': %d, "
	    "'status': '%s', 'rank': %d, 'code': '3000%d'}", message, event,
	    message, two[event].attempt, message, two[event].attempt,
	    two[event].status, two[event].rank, event);
	append(l, "event.received", data);
}

/* `order` has each event of the set once, and TWO for the sender's answer. */
static void
play_two(struct ledger *l, int message, const int order[TWO + 1], int set,
    const struct ending *e)
{
	bool known = false;

	start_second(l, message);
	for (int i = 0; i <= TWO; i++)
		if (order[i] == TWO)
			finish_second(l, message, e, known);
		else if ((set >> order[i] & 1) != 0) {
			receipt_of_two(l, message, order[i]);
			known = known || two[order[i]].attempt == 2;
		}
}

/* The messages from the one numbered `first` on have these attempts alike. */
static void
are_attempts_alike(struct ledger *l, int first, int set)
{
	char number[16];
	int64_t rows;

	snprintf(number, sizeof(number), "%d", first);
	rows = ledger_count(l, "SELECT count(*) FROM (SELECT DISTINCT number, "
	    "outcome, status, provider_id IS NULL FROM attempt WHERE "
	    "CAST(substr(message, 2) AS INTEGER) >= CAST(? AS INTEGER))", "s",
	    number);
	if (rows != 2)
		fprintf(stderr, "receipts %#x: attempts differ\n",
		    (unsigned int)set);
	assert(rows == 2);
}

static void
test_receipts_of_two_attempts(void)
{
	struct ledger *l = opened("two.db", LEDGER_CREATE);
	int n = 0;

	put_content(l);
	ledger_begin(l);
	for (size_t e = 0; e < ENDINGS; e++)
		for (int set = 0; set < 1 << TWO; set++) {
			int order[TWO + 1] = { 0, 1, 2, 3, 4, 5 }, first = n;

			/* One that only failed is tried again, once queued. */
			if (strcmp(endings[e].state, "queued") == 0 &&
			    (set & 0x18) == 0x10)
				continue;
			do {
				play_two(l, n++, order, set, &endings[e]);
				for (int skip = 0; skip < 30; skip++)
					permute(order, TWO + 1);
			} while (permute(order, TWO + 1));
			is_one_row(l, first, set);
			are_attempts_alike(l, first, set);
		}
	ledger_commit(l);
	assert(n > 3000);
	/* Whoever has it is sent no other; what failed is not overlooked. */
	assert(count(l, "SELECT count(*) FROM message m WHERE EXISTS (SELECT 1 "
	    "FROM event e WHERE e.message = m.id AND e.status = 'delivered') "
	    "AND (state <> 'sent' OR status <> 'delivered' OR "
	    "failover <> 'ready')") == 0);
	assert(count(l, "SELECT count(*) FROM attempt a WHERE a.outcome <> "
	    "'accepted' AND EXISTS (SELECT 1 FROM event e WHERE "
	    "e.message = a.message AND e.attempt = a.number AND "
	    "e.status = 'sent')") == 0);
	assert(count(l, "SELECT count(*) FROM message WHERE state = 'in_doubt'")
	    == 0);
	verifies(l, "", 0);
	ledger_close(l);
}

static void
is_now(struct ledger *l, const char *expected)
{
	struct ledger_rows *r = ledger_select(l, "SELECT line FROM "
	    "(SELECT state || ' ' || coalesce(status, '-') || ' ' || "
	    "coalesce(reason, '-') || ' ' || failover AS line "
	    "FROM message ORDER BY CAST(substr(id, 2) AS INTEGER) DESC "
	    "LIMIT 1)", "");

	assert(ledger_next(r));
	if (strcmp(ledger_text(r, 0), expected) != 0)
		fprintf(stderr, "%s, not %s\n", ledger_text(r, 0), expected);
	assert(strcmp(ledger_text(r, 0), expected) == 0);
	ledger_end(r);
}

/* A second attempt is in doubt or over when the first one is heard of. */
static void
test_first_attempt_after_all(void)
{
	static const struct {
		int ending;		/* -1: in doubt still */
		int events[3];		/* up to -1 */
		const char *expected;
	} tries[] = {
		{ 1, { -1 }, "failed - refused due" },
		{ 1, { 2, -1 }, "sent delivered - ready" },
		{ 1, { 0, -1 }, "failed - refused due" },
		{ 1, { 1, -1 }, "failed - refused due" },
		{ 2, { -1 }, "failed - in doubt ready" },
		{ 2, { 2, -1 }, "sent delivered - ready" },
		{ 2, { 0, -1 }, "sent sent - ready" },
		{ 2, { 0, 1, -1 }, "failed - in doubt ready" },
		{ 3, { 0, -1 }, "sent sent - ready" },
		{ 4, { 1, -1 }, "queued - to be tried again ready" },
		{ 4, { 0, -1 }, "sent sent - ready" },
		{ 4, { 0, 1, -1 }, "failed failed 30001 due" },
		{ 0, { 4, -1 }, "failed bounced 30004 due" },
		{ 0, { 4, 2, -1 }, "sent delivered - ready" },
		{ 0, { 4, 0, -1 }, "failed bounced 30004 due" },
		{ -1, { 1, -1 }, "in_doubt - no answer ready" },
		{ -1, { 0, -1 }, "sent sent - ready" },
		{ -1, { 0, 1, -1 }, "in_doubt - no answer ready" },
		{ -1, { 2, -1 }, "sent delivered - ready" },
	};
	struct ledger *l = opened("first.db", LEDGER_CREATE);

	put_content(l);
	ledger_begin(l);
	for (int i = 0; i < (int)(sizeof(tries) / sizeof(tries[0])); i++) {
		start_second(l, i);
		if (tries[i].ending != -1)
			finish_second(l, i, &endings[tries[i].ending], false);
		for (int k = 0; tries[i].events[k] != -1; k++)
			receipt_of_two(l, i, tries[i].events[k]);
		is_now(l, tries[i].expected);
	}
	ledger_commit(l);
	verifies(l, "", 0);
	ledger_close(l);
}

/* What is sent stays sent, whatever comes too late to stop it. */
static void
test_sent_is_final(void)
{
	static const char *const late[] = { "message.cancelled",
	    "message.expired", "message.held", "message.released",
	    "message.deferred" };
	struct ledger *l = opened("sent.db", LEDGER_CREATE);

	later();
	ledger_begin(l);
	ledger_content_put(l, "message", "x", 1, key);
	start(l, 1);
	finish(l, 1);
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
		append(l, late[i], "{'id': 'm1', 'reason': 'late', "
		    "'due_at': '2026-11-24T00:00:00Z'}");
		assert(count(l, "SELECT count(*) FROM message WHERE "
		    "id = 'm1' AND state = 'sent' AND reason IS NULL AND "
		    "due_at = '2026-11-23T23:00:00Z'") == 1);
	}
	ledger_commit(l);
	ledger_close(l);
}

int
main(void)
{
	enter_home();
	later();
	test_verify();
	test_history_is_whole();
	test_tampering();
	test_receipts_in_any_order();
	test_every_subset();
	test_receipts_of_two_attempts();
	test_first_attempt_after_all();
	test_sent_is_final();
	remove_home();
	return 0;
}
