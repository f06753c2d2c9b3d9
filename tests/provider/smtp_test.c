#include "fixture.h"

#define CORPUS	"/wire/smtp-enhanced-status-codes.json"

static const struct provider *smtp, *mta;

static struct verdict
replied(int code, const char *text, enum smtp_stage stage)
{
	struct response r = { .code = code, .stage = stage,
	    .started = stage == SMTP_BODY, .retry_after = -1 };
	struct verdict v;

	snprintf(r.text, sizeof(r.text), "%s", text);
	memset(&v, 0x5a, sizeof(v));
	smtp->read(&r, &v);
	assert(v.provider_id[0] == '\0' && v.segments == 0 && v.wait >= 0);
	assert(v.cost[0] == '\0' && v.currency[0] == '\0');
	return v;
}

static void
means(const char *text, enum smtp_stage stage, enum outcome want)
{
	struct verdict v = replied((int)strtol(text, NULL, 10), text, stage);
	char code[8];

	if (v.outcome != want)
		fprintf(stderr, "%s at %d: got %s, want %s\n", text,
		    (int)stage, outcome_name(v.outcome), outcome_name(want));
	assert(v.outcome == want);
	snprintf(code, sizeof(code), "%.3s", text);
	same_text(v.code, code);
	same_text(v.text, text);
}

static void
test_success(void)
{
	means("250 2.0.0 Ok: queued as 4XyZ", SMTP_BODY, OUTCOME_ACCEPTED);
}

/* Without an enhanced code: what was refused tells. */
static void
test_plain(void)
{
	static const struct {
		const char *text;
		enum outcome connect, mail, rcpt, data, body;
	} all[] = {
#define A	OUTCOME_ADDRESS
#define L	OUTCOME_LATER
#define R	OUTCOME_REFUSED
#define S	OUTCOME_SETUP
		{ "421 bye", L, L, L, L, L }, { "450 busy", L, L, L, L, L },
		{ "451 busy", L, L, L, L, L }, { "452 full", L, L, L, L, L },
		{ "454 auth", L, L, L, L, L }, { "500 what", S, S, R, R, R },
		{ "501 what", S, S, R, R, R }, { "503 when", S, S, R, R, R },
		{ "530 who", S, S, S, S, S }, { "534 who", S, S, S, S, S },
		{ "535 who", S, S, S, S, S }, { "538 tls", S, S, S, S, S },
		{ "550 no", S, S, A, R, R }, { "551 no", S, S, A, R, R },
		{ "552 big", S, R, R, R, R }, { "553 no", S, S, A, R, R },
		{ "554 no", S, S, R, R, R }, { "556 null", S, S, A, R, R },
		{ "550 5.7.1 no", S, S, R, R, R },
		{ "550 4.1.1 classes differ", S, S, A, R, R },
		{ "550 5.1.1 no", S, S, A, A, A },
		{ "550-5.1.1 no", S, S, A, A, A },
		{ "550 5.2.2 full", S, S, R, R, R },
		{ "552 5.2.2 full", S, R, R, R, R },
		{ "550 5.6.7 SMTPUTF8", S, R, R, R, R },
		{ "550 5.3.4 big", S, R, R, R, R },
		{ "550 5.7.26 DMARC", S, S, S, S, S },
		{ "550 5.7.515 bulk", S, S, S, S, S },
		{ "525 5.7.13 disabled", S, S, S, S, S },
		{ "454 4.7.12 transition", L, L, L, L, L },
#undef A
#undef L
#undef R
#undef S
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		means(all[i].text, SMTP_CONNECT, all[i].connect);
		means(all[i].text, SMTP_MAIL, all[i].mail);
		means(all[i].text, SMTP_RCPT, all[i].rcpt);
		means(all[i].text, SMTP_DATA, all[i].data);
		means(all[i].text, SMTP_BODY, all[i].body);
	}
}

/* What the server's trouble is, and what only this mail has to wait for. */
static void
test_later(void)
{
	static const struct {
		const char *text;
		enum smtp_stage stage;
		bool outage;
		int64_t wait;
	} all[] = {
		{ "421 4.3.2 bye", SMTP_BODY, true, 0 },
		{ "421 4.7.0 bye", SMTP_CONNECT, true, 0 },
		{ "454 4.7.0 auth", SMTP_CONNECT, true, 0 },
		{ "450 4.7.1 not yet", SMTP_CONNECT, true, 0 },
		{ "451 4.3.0 trouble", SMTP_RCPT, true, 0 },
		{ "452 4.3.1 no space", SMTP_MAIL, true, 0 },
		{ "450 4.7.1 greylisted", SMTP_RCPT, false, 300 },
		{ "451 4.7.1 greylisted", SMTP_DATA, false, 300 },
		{ "450 4.2.0 greylisted", SMTP_RCPT, false, 300 },
		{ "451 greylisted", SMTP_BODY, false, 300 },
		{ "452 4.2.2 full", SMTP_RCPT, false, 3600 },
		{ "450 4.2.2 full", SMTP_RCPT, false, 3600 },
		{ "452 4.5.3 too many", SMTP_RCPT, false, 0 }
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *text = all[i].text;
		struct verdict v = replied((int)strtol(text, NULL, 10), text,
		    all[i].stage);

		if (v.outage != all[i].outage || v.wait != all[i].wait)
			fprintf(stderr, "%s\n", all[i].text);
		assert(v.outcome == OUTCOME_LATER);
		assert(v.outage == all[i].outage && v.wait == all[i].wait);
	}
}

/* The class that was received decides, whatever class a code is meant for. */
static void
check_code(const char *code, bool dead)
{
	char text[64];
	struct verdict v;

	for (int stage = SMTP_RCPT; stage <= SMTP_BODY; stage++) {
		snprintf(text, sizeof(text), "450 4%s x", code + 1);
		v = replied(450, text, (enum smtp_stage)stage);
		assert(v.outcome == OUTCOME_LATER);
		snprintf(text, sizeof(text), "550 5%s x", code + 1);
		v = replied(550, text, (enum smtp_stage)stage);
		if ((v.outcome == OUTCOME_ADDRESS) != dead)
			fprintf(stderr, "%s: %s\n", text,
			    outcome_name(v.outcome));
		assert((v.outcome == OUTCOME_ADDRESS) == dead);
		assert(dead || v.outcome == OUTCOME_REFUSED ||
		    v.outcome == OUTCOME_SETUP);
		assert(!v.outage && v.wait == 0);
	}
}

static void
test_registry(void)
{
	const char *corpora = getenv("OMNI_CORPORA");
	struct buf text = BUF_INIT((size_t)1024 * 1024);
	char path[512], chunk[4096];
	struct value *v;
	const struct value *codes;
	struct error e = { .text = "" };
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s" CORPUS, corpora == NULL ?
	    "../shared/corpora" : corpora);
	f = fopen(path, "r");
	if (f == NULL) {
		printf("# skip no corpus at %s\n", path);
		return;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&text, chunk, n);
	assert(!ferror(f) && fclose(f) == 0);
	v = value_parse(text.data, text.len, &e);
	assert(v != NULL);
	codes = value_get(v, "codes");
	assert(value_count(codes) == 81);
	for (size_t i = 0; i < value_count(codes); i++)
		check_code(value_get_string(value_at(codes, i), "code"),
		    value_is_true(value_get(value_at(codes, i),
		    "suppress_address_on_5")));
	value_free(v);
	buf_release(&text);
}

static void
test_failures(void)
{
	static const struct {
		bool started, certificate;
		enum outcome want;
	} ways[] = {
		{ false, false, OUTCOME_LATER },
		{ false, true, OUTCOME_SETUP },
		{ true, false, OUTCOME_UNKNOWN },
		{ true, true, OUTCOME_UNKNOWN }
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct response r = { .failed = true, .code = 56,
		    .started = ways[i].started,
		    .certificate = ways[i].certificate,
		    .text = "gone \033[1m" };
		struct verdict v;

		memset(&v, 0x5a, sizeof(v));
		smtp->read(&r, &v);
		assert(v.outcome == ways[i].want);
		same_text(v.text, "gone \\x1b[1m");
		same_text(v.code, "transfer 56");
	}
}

static void
test_sendmail(void)
{
	static const struct {
		int status;
		enum outcome want;
	} all[] = {
		{ EX_OK, OUTCOME_ACCEPTED }, { EX_NOUSER, OUTCOME_ADDRESS },
		{ EX_NOHOST, OUTCOME_LATER }, { EX_USAGE, OUTCOME_SETUP },
		{ EX_DATAERR, OUTCOME_REFUSED },
		{ EX_NOINPUT, OUTCOME_REFUSED },
		{ EX_UNAVAILABLE, OUTCOME_LATER },
		{ EX_PROTOCOL, OUTCOME_UNKNOWN },
		{ EX_NOPERM, OUTCOME_SETUP }, { EX_CONFIG, OUTCOME_SETUP },
		{ EX_SOFTWARE, OUTCOME_LATER }, { EX_OSERR, OUTCOME_LATER },
		{ EX_OSFILE, OUTCOME_LATER }, { EX_CANTCREAT, OUTCOME_LATER },
		{ EX_IOERR, OUTCOME_UNKNOWN }, { EX_TEMPFAIL, OUTCOME_LATER },
		{ 1, OUTCOME_LATER }, { 2, OUTCOME_LATER },
		{ 126, OUTCOME_SETUP }, { 127, OUTCOME_SETUP },
		{ 255, OUTCOME_LATER }
	};
	struct verdict v;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct response r = { .started = true,
		    .code = all[i].status };

		memset(&v, 0, sizeof(v));
		mta->read(&r, &v);
		if (v.outcome != all[i].want)
			fprintf(stderr, "status %d: %s\n", all[i].status,
			    outcome_name(v.outcome));
		assert(v.outcome == all[i].want);
	}
}

int
main(void)
{
	record_setup();
	smtp = provider_find("smtp", "email");
	mta = provider_find("sendmail", "email");
	assert(smtp != NULL && smtp->transport == TRANSPORT_SMTP);
	assert(mta != NULL && mta->transport == TRANSPORT_SENDMAIL);
	test_success();
	test_plain();
	test_later();
	test_registry();
	test_failures();
	test_sendmail();
	return 0;
}
