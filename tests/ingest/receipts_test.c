/*
 * Invariant: any order.  Every permutation of five receipts of one message,
 * each twice, with the provider's response before, between or after them, gives
 * the same rows; so does every choice of some of them.  Twilio, WhatsApp and
 * SES, as their webhooks are read.
 */
#include "../store/fixture.h"

#include <string.h>

#include "message/contact.h"
#include "message/inbound.h"
#include "provider/ses_hook.h"
#include "provider/twilio_hook.h"
#include "provider/whatsapp_hook.h"

#define EVENTS	5
#define ROWS	2048

static struct config *config;
static struct arena mem = ARENA_INIT(16 * 1024 * 1024);

static struct value *
twilio(int n, int i)
{
	static const char *const said[EVENTS] = { "MessageStatus=queued",
	    "MessageStatus=sent", "MessageStatus=delivered",
	    "MessageStatus=read",
	    "MessageStatus=undelivered&ErrorCode=30005" };
	struct value *event, *events = value_new_array();
	char body[256], query[64];
	struct error e;
	struct form f;

	snprintf(body, sizeof(body), "MessageSid=SM%032d&%s", n, said[i]);
	snprintf(query, sizeof(query), "ref=t%d.1", n);
	assert(form_parse(&f, body, strlen(body), &mem, &e) == 0);
	assert(twilio_hook_read(TWILIO_HOOK_STATUS, &f, query, &event,
	    &e) == 0);
	value_append_take(events, event);
	return events;
}

static struct value *
whatsapp(int n, int i)
{
	static const char *const said[EVENTS] = {
	    "\"sent\",\"pricing\":{\"billable\":false,\"pricing_model\":"
	    "\"PMP\",\"type\":\"free_customer_service\",\"category\":"
	    "\"service\"}",
	    "\"delivered\",\"pricing\":{\"billable\":false,"
	    "\"pricing_model\":\"PMP\",\"category\":\"service\"}",
	    "\"read\"", "\"played\"",
	    "\"failed\",\"errors\":[{\"code\":131026,\"title\":"
	    "\"Message undeliverable\"}]" };
	char body[1024];
	struct value *events;
	struct error e;

	snprintf(body, sizeof(body), "{\"entry\":[{\"changes\":[{\"field\":"
	    "\"messages\",\"value\":{\"statuses\":[{\"id\":\"wamid.%d\","
	    "\"timestamp\":\"%d\",\"biz_opaque_callback_data\":\"w%d.1\","
	    "\"status\":%s}]}}]}]}", n, 1795474700 + i, n, said[i]);
	assert(whatsapp_hook_read(body, strlen(body), &events, &e) == 0);
	return events;
}

static struct value *
ses(int n, int i)
{
	static const char *const said[EVENTS] = {
	    "\"Send\",\"send\":{}", "\"Delivery\",\"delivery\":{"
	    "\"timestamp\":\"2026-11-23T22:51:00.000Z\"}",
	    "\"Open\",\"open\":{\"timestamp\":\"2026-11-23T22:52:00.000Z\"}",
	    "\"Click\",\"click\":{\"timestamp\":"
	    "\"2026-11-23T22:53:00.000Z\",\"link\":\"https://a.example/\"}",
	    "\"Bounce\",\"bounce\":{\"bounceType\":\"Permanent\","
	    "\"bounceSubType\":\"General\",\"bouncedRecipients\":[{"
	    "\"emailAddress\":\"a@example.org\"}],\"timestamp\":"
	    "\"2026-11-23T22:54:00.000Z\"}" };
	char body[1024], id[32];
	struct value *events;
	struct error e;

	snprintf(body, sizeof(body), "{\"eventType\":%s,\"mail\":{"
	    "\"timestamp\":\"2026-11-23T22:50:00.000Z\",\"messageId\":"
	    "\"ses-%d\",\"destination\":[\"a@example.org\"],\"tags\":{"
	    "\"ref\":[\"s%d.1\"]}}}", said[i], n, n);
	snprintf(id, sizeof(id), "m-%d-%d", n, i);
	assert(ses_hook_read(body, strlen(body), id, &events, &e) == 0);
	return events;
}

static const struct kind {
	char letter;		/* of the messages' ids */
	const char *provider, *type;
	struct value *(*event)(int n, int i);
} kinds[] = {
	{ 't', "twilio", "sms", twilio },
	{ 'w', "whatsapp", "whatsapp", whatsapp },
	{ 's', "ses", "email", ses }
};

/* In `text`, ' stands for ". */
static void
append(struct ledger *l, const char *op, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	append_json(l, op, text, strlen(text));
}

static void
start(struct ledger *l, const struct kind *k, int n)
{
	char to[32], key[LEDGER_KEY];

	snprintf(to, sizeof(to), "%c%d@example.org", k->letter, n);
	append(l, "message.queued", "{'id': '%c%d', 'channel': 'c', "
	    "'channel_type': '%s', 'hash': '%s', 'priority': 1, "
	    "'failover': 1, 'cost': '0.05', 'due_at': "
	    "'2026-11-23T23:00:00Z', 'expires_at': '2026-11-24T23:00:00Z'}",
	    k->letter, n, k->type, contact_address_put(l, to, key));
	append(l, "attempt.started", "{'id': '%c%d', 'attempt': 1, "
	    "'channel': 'c', 'provider': '%s', 'reference': '%c%d.1', "
	    "'cost': '0.05', 'currency': 'MXN'}", k->letter, n, k->provider,
	    k->letter, n);
}

static void
respond(struct ledger *l, const struct kind *k, int n)
{
	char id[64];

	snprintf(id, sizeof(id), k->letter == 't' ? "SM%032d" : k->letter ==
	    'w' ? "wamid.%d" : "ses-%d", n);
	append(l, "attempt.finished", "{'id': '%c%d', 'attempt': 1, "
	    "'outcome': 'accepted', 'state': 'sent', 'provider_id': '%s', "
	    "'segments': 1, 'cost': '0.04', 'currency': 'MXN'}", k->letter,
	    n, id);
}

static void
receive(struct ledger *l, const struct kind *k, int n, int i)
{
	struct value *events = k->event(n, i), *event;

	assert(value_count(events) == 1);
	event = value_copy(value_at(events, 0));
	inbound_apply(l, config, event, &mem);
	assert(strcmp(value_get_string(event, "applied"), "unmatched") != 0);
	value_free(event);
	value_free(events);
	arena_reset(&mem);
}

/* All that is known of message `n`, but its number and when it was entered. */
static void
read_rows(struct ledger *l, const struct kind *k, int n, char out[ROWS])
{
	static const char sql[] = "SELECT m.state, m.reason, m.status, "
	    "m.sent_at IS NOT NULL, m.delivered_at, m.read_at, "
	    "m.failed_at, m.failover, a.state, a.outcome, "
	    "a.provider_id IS NOT NULL, a.code, a.status, a.segments, a.cost, "
	    "a.category, a.billable, (SELECT count(*) || ' ' || "
	    "count(e.message) || ' ' || count(DISTINCT e.key) || ' ' || "
	    "coalesce(group_concat(e.title), '') FROM event e WHERE "
	    "e.message = m.id), (SELECT count(*) FROM address d WHERE d.hash "
	    "= m.hash AND d.dead_at IS NOT NULL) FROM message m JOIN attempt "
	    "a ON a.message = m.id WHERE m.id = ?";
	struct ledger_rows *r;
	size_t len = 0;
	char id[32];

	snprintf(id, sizeof(id), "%c%d", k->letter, n);
	r = ledger_select(l, sql, "s", id);
	assert(ledger_next(r));
	for (int i = 0; i < ledger_columns(r); i++)
		len += (size_t)snprintf(out + len, ROWS - len, "%s|",
		    ledger_text(r, i) == NULL ? "" : ledger_text(r, i));
	assert(len < ROWS);
	ledger_end(r);
}

static void
is_same(struct ledger *l, const struct kind *k, int n, char want[ROWS])
{
	char got[ROWS];

	read_rows(l, k, n, got);
	if (want[0] == '\0')
		memcpy(want, got, sizeof(got));
	if (strcmp(got, want) != 0)
		fprintf(stderr, "%s, message %d:\n%s\nnot\n%s\n", k->provider,
		    n, got, want);
	assert(strcmp(got, want) == 0);
}

/* The p-th order of the first `count` numbers. */
static void
order_of(int p, int count, int out[EVENTS])
{
	int left[EVENTS], n = count, at;

	for (int i = 0; i < count; i++)
		left[i] = i;
	for (int i = 0; i < count; i++, n--) {
		at = p % n;
		p /= n;
		out[i] = left[at];
		memmove(&left[at], &left[at + 1], (size_t)(n - at - 1) *
		    sizeof(left[0]));
	}
}

/* Each twice; the response comes before the `at`-th of them. */
static void
play(struct ledger *l, const struct kind *k, int n, const int *order,
    int count, int at)
{
	start(l, k, n);
	for (int i = 0; i < count; i++) {
		if (i == at)
			respond(l, k, n);
		receive(l, k, n, order[i]);
		receive(l, k, n, order[i / 2]);
	}
	if (at >= count)
		respond(l, k, n);
	receive(l, k, n, order[count - 1]);
}

static void
test_permutations(struct ledger *l, const struct kind *k, int *n)
{
	static const int places[] = { 0, 2, EVENTS };
	char want[ROWS] = "";
	int order[EVENTS];

	for (int p = 0; p < 120; p++) {
		order_of(p, EVENTS, order);
		for (int i = 0; i < 3; i++) {
			play(l, k, ++*n, order, EVENTS, places[i]);
			is_same(l, k, *n, want);
		}
	}
}

/* Steps that are left out: there and back, and the response at either end. */
static void
test_subsets(struct ledger *l, const struct kind *k, int *n)
{
	int there[EVENTS], back[EVENTS], count;
	char want[ROWS];

	for (int set = 1; set < 1 << EVENTS; set++) {
		count = 0;
		for (int i = 0; i < EVENTS; i++)
			if (set & 1 << i)
				there[count++] = i;
		for (int i = 0; i < count; i++)
			back[i] = there[count - 1 - i];
		want[0] = '\0';
		for (int i = 0; i < 4; i++) {
			play(l, k, ++*n, i % 2 == 0 ? there : back, count,
			    i < 2 ? 0 : count);
			is_same(l, k, *n, want);
		}
	}
}

static void
read_config(void)
{
	FILE *f = fopen("omni.conf", "w");
	struct error e;

	assert(f != NULL && fclose(f) == 0);
	config = config_load("omni.conf", NULL, 0, &e);
	assert(config != NULL);
}

static void
differs(void *ctx, const char *table, int64_t rows)
{
	(void)ctx;
	fprintf(stderr, "%s: %lld rows differ\n", table, (long long)rows);
}

int
main(void)
{
	int64_t replayed;
	struct ledger *l;
	int n = 0;

	enter_home();
	set_now("2026-11-23T23:00:00Z");
	read_config();
	l = opened("a.db", LEDGER_CREATE);
	ledger_begin(l);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		test_permutations(l, &kinds[i], &n);
		test_subsets(l, &kinds[i], &n);
	}
	ledger_commit(l);
	assert(ledger_verify(l, differs, NULL, &replayed) == 0);
	ledger_close(l);
	config_free(config);
	arena_release(&mem);
	remove_home();
	return 0;
}
