/*
 * Answers of Twilio's made by chance, for libFuzzer or feed.c: to the request
 * that creates a message or a call, and to the one that asks for their list.
 */
#include "http.h"

#define ACCOUNT	"AC00000000000000000000000000000000"
#define LIST	"/2010-04-01/Accounts/" ACCOUNT "/"

static const struct provider *twilio;
static const char *type;
static bool taken;

static void
check_read(const struct response *r)
{
	struct verdict v;

	memset(&v, 0x5a, sizeof(v));
	twilio->read(r, &v);
	check_verdict(r, &v);
	promise(v.outcome != OUTCOME_ACCEPTED || strlen(v.provider_id) == 34,
	    "a sid has its length");
	promise(r->failed || r->code < 500 || v.outcome == OUTCOME_UNKNOWN,
	    "nobody knows after a 5xx");
}

static bool
found(void *ctx, const char *provider_id, bool certain)
{
	size_t *count = ctx;

	promise(strlen(provider_id) == 34, "what is found has a sid");
	++*count;
	taken = certain && *count > 1;
	return taken;
}

static void
check_look(const struct response *r, const struct record *record)
{
	struct order o = { .id = "m1", .channel = type,
	    .provider = "twilio", .attempt = 1, .to = "+525512345678",
	    .record = record, .config = config, .started = 1795197600 };
	struct request out = { .body = BUF_INIT(REQUEST_MAX) };
	char page[2048] = "untouched";
	struct error e;
	size_t count = 0;
	int rc;

	taken = false;
	rc = twilio->look(&o, r, found, &count, page);

	promise(rc >= -1 && rc <= 1, "there are three ends");
	/* One that was another's may stand before a page that is none. */
	promise(rc == 0 || !taken, "what is found ends it");
	promise((rc == 1) == (strcmp(page, "untouched") != 0),
	    "a next page is named");
	if (rc != 1)
		return;
	promise(strncmp(page, LIST, strlen(LIST)) == 0 && strncmp(page +
	    strlen(LIST), type[0] == 's' ? "Messages.json?" : "Calls.json?",
	    11) == 0, "pages are those of the list");
	if (twilio->ask(&o, page, &out, &e) == 0)
		promise(strncmp(out.url, "https://api.twilio.com" LIST,
		    strlen("https://api.twilio.com" LIST)) == 0,
		    "we stay at Twilio's");
	buf_release(&out.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = { "sms", "voice" };
	static const char line[] = "{\"text\":\"“Hola” Ana\"}";
	struct record record = RECORD_INIT;
	struct response r;
	struct error e;

	if (config == NULL)
		enter("[channel voice]\ntype = voice\nprovider = twilio\n"
		    "from = +525587654321\n[channel sms]\ntype = sms\nprovider = twilio\n"
		    "from = +525587654321\n[provider twilio]\nkind = twilio\n"
		    "account_sid = " ACCOUNT "\nauth_token = env:NONE\n");
	if (!read_input(data, size, &r))
		return 0;
	promise(record_parse(&record, line, sizeof(line) - 1, &e) == 0,
	    "the record is one");
	for (size_t i = 0; i < 2; i++) {
		type = types[i];
		twilio = provider_find("twilio", type);
		check_read(&r);
		check_look(&r, &record);
	}
	record_release(&record);
	buf_release(&r.body);
	return 0;
}
