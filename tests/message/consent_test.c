/*
 * Inv. 6: who may change consent, as a table, and what a provider's receipts
 * say of it, whichever comes first.  And what the gate gives back of money.
 */
#include "../store/fixture.h"

#include "message/consent.h"
#include "message/inbound.h"
#include "message/policy.h"

enum { OUT, IN };
#define IMPORT	CONSENT_IMPORT
#define STAFF	CONSENT_STAFF
#define KEYWORD	CONSENT_KEYWORD

static const struct {
	int before, after;			/* OUT or IN */
	enum consent_how was, is;
	enum consent_result want;
} rules[] = {
	/* An opt-in over an opt-out: only from above, and never by import. */
	{ OUT, IN, IMPORT, IMPORT, CONSENT_REFUSED },
	{ OUT, IN, IMPORT, STAFF, CONSENT_NEW },
	{ OUT, IN, IMPORT, KEYWORD, CONSENT_NEW },
	{ OUT, IN, STAFF, IMPORT, CONSENT_REFUSED },
	{ OUT, IN, STAFF, STAFF, CONSENT_NEW },
	{ OUT, IN, STAFF, KEYWORD, CONSENT_NEW },
	{ OUT, IN, KEYWORD, IMPORT, CONSENT_REFUSED },
	{ OUT, IN, KEYWORD, STAFF, CONSENT_REFUSED },
	{ OUT, IN, KEYWORD, KEYWORD, CONSENT_NEW },
	{ OUT, IN, CONSENT_PROVIDER, STAFF, CONSENT_REFUSED },
	{ OUT, IN, CONSENT_PROVIDER, KEYWORD, CONSENT_NEW },
	{ OUT, IN, CONSENT_COMPLAINT, STAFF, CONSENT_REFUSED },
	{ OUT, IN, CONSENT_LINK, STAFF, CONSENT_REFUSED },
	/* An opt-out over an opt-in: always, but an old list over a START. */
	{ IN, OUT, IMPORT, IMPORT, CONSENT_NEW },
	{ IN, OUT, STAFF, IMPORT, CONSENT_NEW },
	{ IN, OUT, KEYWORD, IMPORT, CONSENT_REFUSED },
	{ IN, OUT, KEYWORD, STAFF, CONSENT_NEW },
	{ IN, OUT, STAFF, KEYWORD, CONSENT_NEW },
	{ IN, OUT, KEYWORD, CONSENT_COMPLAINT, CONSENT_NEW },
	{ IN, OUT, IMPORT, KEYWORD, CONSENT_NEW },
	/* The same again: only a stronger word is news. */
	{ OUT, OUT, IMPORT, IMPORT, CONSENT_SAME },
	{ OUT, OUT, IMPORT, STAFF, CONSENT_NEW },
	{ OUT, OUT, STAFF, KEYWORD, CONSENT_NEW },
	{ OUT, OUT, KEYWORD, STAFF, CONSENT_SAME },
	{ OUT, OUT, KEYWORD, CONSENT_PROVIDER, CONSENT_SAME },
	{ IN, IN, IMPORT, KEYWORD, CONSENT_NEW },
	{ IN, IN, KEYWORD, IMPORT, CONSENT_SAME },
};

static struct config *config;

static void
test_rules(void)
{
	struct ledger *l = opened("a.db", LEDGER_CREATE);
	struct consent c = { .scope = "all" };
	enum consent_result got;
	char hash[32];

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		snprintf(hash, sizeof(hash), "h%zu", i);
		c.hash = hash;
		ledger_begin(l);
		c.in = rules[i].before == IN;
		c.how = rules[i].was;
		assert(consent_put(l, &c) == CONSENT_NEW);
		c.in = rules[i].after == IN;
		c.how = rules[i].is;
		got = consent_put(l, &c);
		if (got != rules[i].want)
			fprintf(stderr, "rule %zu: %d\n", i, got);
		assert(got == rules[i].want);
		ledger_commit(l);
	}
	ledger_close(l);
}

/* A list that carries evidence from elsewhere is still a list. */
static void
test_imported(void)
{
	struct ledger *l = opened("a.db", LEDGER_WRITE);
	struct consent c = { .hash = "x", .scope = "all", .in = true,
	    .how = CONSENT_KEYWORD, .imported = true,
	    .given_at = "2026-11-01T12:00:00Z" };

	ledger_begin(l);
	assert(consent_put(l, &c) == CONSENT_NEW);
	assert(ledger_count(l, "SELECT count(*) FROM consent WHERE hash = ? "
	    "AND at = ?", "ss", "x", c.given_at) == 1);
	assert(consent_put(l, &c) == CONSENT_SAME);
	/* That they came back elsewhere is not above a later list. */
	c.in = false;
	c.imported = false;
	c.how = CONSENT_IMPORT;
	assert(consent_put(l, &c) == CONSENT_NEW);
	/* But what they closed elsewhere is their own here, too. */
	c.how = CONSENT_COMPLAINT;
	c.imported = true;
	assert(consent_put(l, &c) == CONSENT_NEW);
	c.imported = false;
	c.in = true;
	c.how = CONSENT_STAFF;
	assert(consent_put(l, &c) == CONSENT_REFUSED);
	c.how = CONSENT_KEYWORD;
	c.imported = true;
	assert(consent_put(l, &c) == CONSENT_REFUSED);
	ledger_commit(l);
	ledger_close(l);
}

/* A merge keeps the strictest word, also over a START. */
static void
test_forced(void)
{
	struct ledger *l = opened("a.db", LEDGER_WRITE);
	struct consent c = { .hash = "f", .scope = "all", .in = true,
	    .how = CONSENT_KEYWORD };

	ledger_begin(l);
	assert(consent_put(l, &c) == CONSENT_NEW);
	c.in = false;
	c.how = CONSENT_IMPORT;
	assert(consent_put(l, &c) == CONSENT_REFUSED);
	c.forced = true;
	assert(consent_put(l, &c) == CONSENT_NEW);
	assert(consent_put(l, &c) == CONSENT_SAME);
	ledger_commit(l);
	ledger_close(l);
}

/* What is kept with a contact: by whom, and what it does to new addresses. */
static void
test_kept(void)
{
	struct ledger *l = opened("k.db", LEDGER_CREATE);
	struct consent c = { .scope = "channel:sms", .contact = "7",
	    .how = CONSENT_STAFF };
	char key[LEDGER_KEY];
	char data[256];

	ledger_begin(l);
	ledger_content_put(l, "contact", "{}", 2, key);
	snprintf(data, sizeof(data), "{\"id\": \"7\", \"content\": \"%s\", "
	    "\"digest\": \"\", \"addresses\": []}", key);
	append_json(l, "contact.put", data, strlen(data));
	c.in = true;
	assert(consent_keep(l, &c) == CONSENT_SAME);
	c.in = false;
	assert(consent_keep(l, &c) == CONSENT_NEW);
	assert(consent_keep(l, &c) == CONSENT_SAME);
	consent_carry(l, config, "7", "email", "e", true);
	assert(ledger_count(l, "SELECT count(*) FROM consent", "") == 0);
	consent_carry(l, config, "7", "sms", "s", false);
	assert(ledger_count(l, "SELECT count(*) FROM consent WHERE hash = 's' "
	    "AND state = 'out' AND how = 'staff'", "") == 1);
	/* A topic is for the address, not for one more type of it. */
	c.scope = "topic:news";
	assert(consent_keep(l, &c) == CONSENT_NEW);
	consent_carry(l, config, "7", "sms", "s", false);
	assert(ledger_count(l, "SELECT count(*) FROM consent", "") == 1);
	c.in = true;
	assert(consent_keep(l, &c) == CONSENT_NEW);
	assert(ledger_count(l, "SELECT count(*) FROM contact_opt_out", "") ==
	    1);
	ledger_commit(l);
	ledger_close(l);
}

static void
test_scopes(void)
{
	char scope[CONSENT_SCOPE];

	assert(consent_scope(config, "all", scope) &&
	    strcmp(scope, "all") == 0);
	assert(consent_scope(config, "sms", scope) &&
	    strcmp(scope, "channel:sms") == 0);
	assert(consent_scope(config, "channel:sms", scope) &&
	    strcmp(scope, "channel:sms") == 0);
	assert(consent_scope(config, "news", scope) &&
	    strcmp(scope, "topic:news") == 0);
	assert(consent_scope(config, "topic:news", scope) &&
	    strcmp(scope, "topic:news") == 0);
	assert(!consent_scope(config, "fax", scope));
	assert(!consent_scope(config, "channel:fax", scope));
	assert(!consent_scope(config, "topic:fax", scope));
	assert(!consent_scope(config, "", scope));
	assert(consent_concerns("channel:sms", "sms"));
	assert(!consent_concerns("channel:sms", "email"));
	assert(consent_concerns("topic:news", "email"));
}

#define QUEUED	"{\"id\": \"m1\", \"channel\": \"email\", " \
	"\"channel_type\": \"email\", \"hash\": \"h\", \"priority\": 1, " \
	"\"due_at\": \"2026-11-23T23:00:00Z\", " \
	"\"expires_at\": \"2026-11-24T23:00:00Z\"}"
#define STARTED	"{\"id\": \"m1\", \"attempt\": 1, \"channel\": \"email\", " \
	"\"provider\": \"ses\", \"reference\": \"m1.1\"}"

/* One event as a hook's reader makes it. */
static void
event(struct ledger *l, const char *json)
{
	struct arena mem = ARENA_INIT(1024 * 1024);
	struct error e = { .text = "" };
	struct value *v = value_parse(json, strlen(json), &e);

	assert(v != NULL);
	inbound_apply(l, config, v, &mem);
	value_free(v);
	arena_release(&mem);
}

static void
test_complaint(void)
{
	struct ledger *l = opened("b.db", LEDGER_CREATE);

	ledger_begin(l);
	append_json(l, "message.queued", QUEUED, strlen(QUEUED));
	append_json(l, "attempt.started", STARTED, strlen(STARTED));
	event(l, "{\"kind\": \"status\", \"key\": \"k1\", "
	    "\"provider\": \"ses\", \"provider_id\": \"p1\", "
	    "\"status\": \"delivered\", \"reference\": \"m1.1\"}");
	assert(ledger_count(l, "SELECT count(*) FROM consent", "") == 0);
	event(l, "{\"kind\": \"status\", \"key\": \"k2\", "
	    "\"provider\": \"ses\", \"provider_id\": \"p1\", "
	    "\"status\": \"complained\", \"reference\": \"m1.1\"}");
	assert(ledger_count(l, "SELECT count(*) FROM consent WHERE hash = ? "
	    "AND how = ? AND scope = 'all' AND state = 'out' AND source = "
	    "'m1'", "ss", "h", "complaint") == 1);
	/* It came twice. */
	event(l, "{\"kind\": \"status\", \"key\": \"k2\", "
	    "\"provider\": \"ses\", \"provider_id\": \"p1\", "
	    "\"status\": \"complained\", \"reference\": \"m1.1\"}");
	assert(ledger_count(l, "SELECT count(*) FROM journal WHERE op = "
	    "'consent.put'", "") == 1);
	ledger_commit(l);
	ledger_close(l);
}

/* Three messages that cost as much as there is for a day. */
static void
queue_three(struct ledger *l)
{
	char data[512];

	for (int i = 1; i <= 3; i++) {
		snprintf(data, sizeof(data), "{\"id\": \"p%d\", \"channel\": "
		    "\"email\", \"channel_type\": \"email\", \"hash\": "
		    "\"p%d\", \"priority\": 1, \"class\": \"transactional\", "
		    "\"cost\": \"0.05\", \"due_at\": "
		    "\"2026-11-23T23:00:00Z\", \"expires_at\": "
		    "\"2026-11-24T23:00:00Z\"}", i, i);
		append_json(l, "message.queued", data, strlen(data));
	}
}

#define P_STARTED "{\"id\": \"p1\", \"attempt\": 1, \"channel\": " \
	"\"email\", \"provider\": \"ses\", \"reference\": \"p1.1\", " \
	"\"cost\": \"0.05\"}"
#define P_REFUSED "{\"id\": \"p1\", \"attempt\": 1, \"outcome\": " \
	"\"refused\", \"state\": \"failed\"}"

/* Within a minute of the last full count, what was refused is given back. */
static void
test_given_back(void)
{
	struct ledger *l = opened("g.db", LEDGER_CREATE);
	struct spending spent = { .day = { .last = 0 } };
	struct quiet quiet;
	struct error e;
	struct gate g;

	assert(quiet_open(&quiet, config, &e) == 0);
	ledger_begin(l);
	queue_three(l);
	gate_look(l, &quiet, "p1", "email", &spent, &g);
	assert(g.verdict == GATE_GO);
	append_json(l, "attempt.started", P_STARTED, strlen(P_STARTED));
	gate_look(l, &quiet, "p2", "email", &spent, &g);
	assert(g.verdict == GATE_HOLD);
	append_json(l, "attempt.finished", P_REFUSED, strlen(P_REFUSED));
	gate_look(l, &quiet, "p3", "email", &spent, &g);
	assert(g.verdict == GATE_GO);
	ledger_commit(l);
	quiet_close(&quiet);
	ledger_close(l);
}

int
main(void)
{
	const char *overrides[] = { "topic news.class=x",
	    "class x.channels=sms", "channel email.type=email",
	    "channel email.provider=p", "provider p.kind=console",
	    "limits.spend_day=0.05" };
	struct error e = { .text = "" };
	FILE *f;

	enter_home();
	set_now("2026-11-23T23:00:00Z");
	f = fopen("omni.conf", "w");
	assert(f != NULL && fclose(f) == 0);
	config = config_load("omni.conf", overrides,
	    sizeof(overrides) / sizeof(overrides[0]), &e);
	if (config == NULL)
		fprintf(stderr, "%s\n", e.text);
	assert(config != NULL);
	test_rules();
	test_imported();
	test_forced();
	test_kept();
	test_scopes();
	test_complaint();
	test_given_back();
	config_free(config);
	remove_home();
	return 0;
}
