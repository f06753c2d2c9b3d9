#include "fixture.h"

#include <openssl/evp.h>

#include "base/digest.h"

#define URL	"https://email.us-east-1.amazonaws.com" \
	"/v2/email/outbound-emails"
#define KEYS	"region = us-east-1\naccess_key_id = env:SES_ID\n" \
	"secret_access_key = env:SES_SECRET\n"
#define ID	"0100018b7b8e9c2f-0a1b2c3d-1234-5678-9abc-def012345678-000000"
#define TAKEN	"{\"MessageId\":\"" ID "\"}"
#define RECORD	"{\"subject\":\"Su cita de mañana\"," \
	"\"text\":\"Hola: mañana\"}"

static const struct provider *ses;

static struct order order = { .id = "a-1.r1/2", .channel = "mail",
    .provider = "amazon", .attempt = 3, .to = "ana@example.org",
    .record = &record, .now = 1764000000 };

static void
set_up(const char *provider, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text), "[channel mail]\ntype = email\n"
	    "provider = amazon\nfrom = Clínica <citas@clinic.example>\n"
	    "[provider amazon]\nkind = ses\n%s\n%s\n", provider, more);
	use_config(text);
	order.config = config;
}

/* The mail within, of the last request; the one before is gone. */
static struct value *
request(struct request *out)
{
	struct error e = { .text = "" };
	char hash[DIGEST_HEX], header[256];
	struct value *v;

	*out = (struct request){ .body = BUF_INIT(REQUEST_MAX),
	    .headers = BUF_INIT(HEADERS_MAX) };
	if (ses->build(&order, out, &e) == -1)
		fprintf(stderr, "%s\n", e.text);
	assert(e.text[0] == '\0');
	v = value_parse(out->body.data, out->body.len, &e);
	assert(v != NULL);
	digest_sha256(out->body.data, out->body.len, hash);
	snprintf(header, sizeof(header), "X-Amz-Content-Sha256: %s\n", hash);
	same_text(buf_text(&out->headers), header);
	same_text(out->method, "POST");
	same_text(out->content_type, "application/json");
	same_text(out->to, order.to);
	same_text(out->provider_id, "");
	return v;
}

static void
let_go(struct request *r, struct value *v)
{
	value_free(v);
	buf_release(&r->body);
	buf_release(&r->headers);
}

static void
expect(const struct value *v, const char *path, const char *want)
{
	const char *got = value_string(value_path(v, path));

	same_text(got == NULL ? "(none)" : got, want);
}

static void
test_build(void)
{
	struct request plain = { .body = BUF_INIT(REQUEST_MAX) }, r;
	unsigned char *raw;
	const char *data;
	struct error e;
	struct value *v;
	int n;

	set_up(KEYS, "");
	use_record(RECORD);
	v = request(&r);
	same_text(r.url, URL);
	expect(v, "FromEmailAddress", "citas@clinic.example");
	expect(v, "Destination.ToAddresses.0", "ana@example.org");
	assert(value_count(value_path(v, "Destination.ToAddresses")) == 1);
	expect(v, "EmailTags.0.Name", "ref");
	expect(v, "EmailTags.0.Value", "a-1.r1@2F2.3");
	expect(v, "ConfigurationSetName", "(none)");
	assert(value_count(v) == 4);
	/* It is the mail that another provider would have sent. */
	data = value_string(value_path(v, "Content.Raw.Data"));
	assert(data != NULL && mail_build(&order, &plain, &e) == 0);
	raw = malloc(strlen(data));
	assert(raw != NULL);
	n = EVP_DecodeBlock(raw, (const unsigned char *)data,
	    (int)strlen(data));
	assert(n >= (int)plain.body.len && n - (int)plain.body.len <= 2);
	assert(memcmp(raw, plain.body.data, plain.body.len) == 0);
	free(raw);
	buf_release(&plain.body);
	let_go(&r, v);
	set_up(KEYS "configuration_set = clinic_events-1",
	    "[mail]\nbounce_domain = bounce.clinic.example");
	order.token = "abcdefghij";
	v = request(&r);
	expect(v, "ConfigurationSetName", "clinic_events-1");
	data = value_get_string(v, "FromEmailAddress");
	assert(strncmp(data, "bounce+", 7) == 0);
	let_go(&r, v);
	set_up(KEYS "base_url = http://127.0.0.1:81/", "");
	v = request(&r);
	same_text(r.url, "http://127.0.0.1:81/v2/email/outbound-emails");
	let_go(&r, v);
}

/* The id again, as whoever gets the event would read it. */
static void
test_reference(void)
{
	static const char *const ids[] = { "x", "A-1_b.c", "cita/42.r1/2",
	    "a@b", "a@2F", "ñandú ü", "%&=#+?", "a\tb", "=3D", "1.2.3" };
	char back[512];
	struct request r;
	const char *tag, *end;
	struct value *v;
	unsigned c;
	size_t n;

	set_up(KEYS, "");
	use_record(RECORD);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		order.id = ids[i];
		v = request(&r);
		tag = value_string(value_path(v, "EmailTags.0.Value"));
		assert(tag[strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789_-.@")] == '\0');
		end = strrchr(tag, '.');
		same_text(end, ".3");
		for (n = 0; tag < end; tag++, n++) {
			back[n] = *tag;
			if (*tag == '@') {
				assert(sscanf(tag + 1, "%2X", &c) == 1);
				back[n] = (char)c;
				tag += 2;
			}
		}
		back[n] = '\0';
		same_text(back, ids[i]);
		let_go(&r, v);
	}
	order.id = "a-1.r1/2";
}

static void
test_refused(void)
{
	static const struct {
		const char *lines, *why;
	} bad[] = {
		{ "", "[provider amazon] has no region" },
		{ "region = US-EAST-1", "[provider amazon] region: not like" },
		{ "region = us.east/1", "[provider amazon] region: not like" },
		{ "region = -", "[provider amazon] region: not like" },
		{ "region = a-region-of-more-than-thirty-letters",
		    "[provider amazon] region: not like" },
		{ "region = us-east-1\nconfiguration_set = a b",
		    "[provider amazon] configuration_set: not up to 64" },
		{ "region = us-east-1\nbase_url = http://example.com",
		    "[provider amazon] base_url: neither https://" }
	};
	char id[300], *big;

	use_record(RECORD);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_up(bad[i].lines, "");
		refuses(ses, &order, EX_CONFIG, bad[i].why);
	}
	set_up(KEYS, "");
	memset(id, 'x', sizeof(id));
	id[255] = '\0';
	order.id = id;
	refuses(ses, &order, EX_DATAERR, "id: longer than SES brings back");
	order.id = "a-1.r1/2";
	order.to = "a b@example.org";
	refuses(ses, &order, EX_DATAERR, "to");
	order.to = "ana@example.org";
	use_record("{}");
	refuses(ses, &order, EX_DATAERR, "");
	/* What is too long for a mail is so for SES. */
	big = malloc(REQUEST_MAX + 64);
	assert(big != NULL);
	memset(big, 'x', REQUEST_MAX + 63);
	memcpy(big, "{\"text\":\"", 9);
	memcpy(big + REQUEST_MAX + 61, "\"}", 3);
	use_record(big);
	free(big);
	refuses(ses, &order, EX_DATAERR, "");
	use_record(RECORD);
}

/* A little below what SES takes. */
static void
test_large(void)
{
	size_t len = (size_t)20 * 1024 * 1024;
	char *big = malloc(len + 64);
	struct request r;
	struct value *v;

	assert(big != NULL);
	memset(big, 'x', len);
	memcpy(big, "{\"text\":\"", 9);
	for (size_t i = 9 + 70; i + 2 < len; i += 72)
		memcpy(big + i, "\\n", 2);
	memcpy(big + len, "\"}", 3);
	set_up(KEYS, "[mail]\nmax_size = 31457280");
	use_record(big);
	free(big);
	v = request(&r);
	assert(r.body.len > len * 4 / 3 && !r.body.full);
	let_go(&r, v);
	use_record(RECORD);
}

static void
sign_in_fails(const char *why)
{
	struct credentials c;
	struct error e = { .text = "" };

	assert(ses->sign_in(config, "amazon", &c, &e) == -1);
	assert(e.status == EX_CONFIG && strstr(e.text, SECRET) == NULL);
	if (strstr(e.text, why) == NULL)
		fprintf(stderr, "%s\n", e.text);
	assert(strstr(e.text, why) != NULL);
	buf_release(&c.secret);
	buf_release(&c.token);
}

static void
test_sign_in(void)
{
	struct credentials c;
	struct error e;

	set_up(KEYS, "");
	assert(ses->sign_in(config, "amazon", &c, &e) == 0);
	assert(c.how == SIGN_IN_AWS && c.token.len == 0);
	same_text(c.user, "AKIDEXAMPLE");
	same_text(buf_text(&c.secret), SECRET);
	same_text(c.region, "us-east-1");
	same_text(c.service, "ses");
	buf_release(&c.secret);
	set_up(KEYS "session_token = env:SES_TOKEN", "");
	sign_in_fails("SES_TOKEN");
	setenv("SES_TOKEN", "tok", 1);
	assert(ses->sign_in(config, "amazon", &c, &e) == 0);
	same_text(buf_text(&c.token), "tok");
	buf_release(&c.secret);
	buf_release(&c.token);
	setenv("SES_TOKEN", SECRET "\r\nX: y", 1);
	sign_in_fails("session_token of [provider amazon]");
	set_up(KEYS, "");
	setenv("SES_ID", "AKID/x", 1);
	sign_in_fails("access_key_id of [provider amazon]");
	setenv("SES_ID", "AKIDEXAMPLE", 1);
	setenv("SES_SECRET", SECRET " x", 1);
	sign_in_fails("secret_access_key of [provider amazon]");
	setenv("SES_SECRET", SECRET, 1);
	set_up("region = us-east-1\naccess_key_id = env:SES_ID", "");
	sign_in_fails("secret_access_key");
	set_up("region = us-east-1\nsecret_access_key = env:SES_SECRET", "");
	sign_in_fails("access_key_id");
}

/* Answers. */

static struct verdict
named(int status, const char *type, const char *said)
{
	struct response r = { .started = true, .code = status,
	    .body = BUF_INIT(RESPONSE_MAX), .retry_after = -1 };
	struct verdict v;

	snprintf(r.error_type, sizeof(r.error_type), "%s", type);
	buf_printf(&r.body, "{\"message\":\"%s\"}", said);
	v = read_response(ses, &r);
	buf_release(&r.body);
	return v;
}

static void
test_accepted(void)
{
	struct verdict v = answers(ses, 200, TAKEN, OUTCOME_ACCEPTED);

	same_text(v.provider_id, ID);
	same_text(v.code, "");
	same_text(v.text, "");
	answers(ses, 200, "{\"MessageId\":\"\"}", OUTCOME_UNKNOWN);
	answers(ses, 200, "{\"MessageId\":7}", OUTCOME_UNKNOWN);
	answers(ses, 200, "{\"MessageId\":\"a b\"}", OUTCOME_UNKNOWN);
	answers(ses, 200, "{\"messageid\":\"x\"}", OUTCOME_UNKNOWN);
}

static void
test_errors(void)
{
	static const struct {
		int status;
		const char *type, *said, *code;
		enum outcome want;
		bool outage;
		int64_t wait;
	} all[] = {
#define L	OUTCOME_LATER
#define R	OUTCOME_REFUSED
#define S	OUTCOME_SETUP
#define U	OUTCOME_UNKNOWN
		{ 400, "BadRequestException", "x", "BadRequest", R, 0, 0 },
		{ 400, "ValidationException", "x", "Validation", R, 0, 0 },
		{ 400, "MessageRejected", "Illegal content",
		    "MessageRejected", R, 0, 0 },
		{ 400, "MessageRejected", "Email address is not verified. "
		    "The following identities failed the check in region "
		    "US-EAST-1: a@b.example", "MessageRejected", S, 0, 0 },
		{ 400, "MailFromDomainNotVerifiedException", "x",
		    "MailFromDomainNotVerified", S, 0, 0 },
		{ 400, "AccountSuspendedException", "x", "AccountSuspended",
		    S, 0, 0 },
		{ 400, "SendingPausedException", "x", "SendingPaused", S, 0,
		    0 },
		{ 404, "NotFoundException", "Configuration set",
		    "NotFound", S, 0, 0 },
		{ 400, "LimitExceededException", "Daily message quota "
		    "exceeded.", "LimitExceeded", L, 1, 4 * 3600 },
		{ 429, "TooManyRequestsException", "Maximum sending rate "
		    "exceeded.", "TooManyRequests", L, 0, 0 },
		{ 429, "TooManyRequestsException", "Daily message quota "
		    "exceeded.", "TooManyRequests", L, 1, 4 * 3600 },
		{ 400, "ThrottlingException", "Maximum sending rate "
		    "exceeded.", "Throttling", L, 1, 0 },
		{ 400, "Throttling", "Rate exceeded", "Throttling", L, 1, 0 },
		{ 403, "InvalidSignatureException", "Signature expired",
		    "InvalidSignature", S, 0, 0 },
		{ 403, "SignatureDoesNotMatch", "x", "SignatureDoesNotMatch",
		    S, 0, 0 },
		{ 403, "UnrecognizedClientException", "x",
		    "UnrecognizedClient", S, 0, 0 },
		{ 403, "ExpiredTokenException", "x", "ExpiredToken", S, 0,
		    0 },
		{ 403, "RequestTimeTooSkewed", "x", "RequestTimeTooSkewed",
		    S, 0, 0 },
		{ 403, "AccessDeniedException", "x", "AccessDenied", S, 0,
		    0 },
		{ 403, "MissingAuthenticationTokenException", "x",
		    "MissingAuthenticationToken", S, 0, 0 },
		{ 403, "com.amazonaws.x#AccessDeniedException:http://y", "x",
		    "AccessDenied", S, 0, 0 },
		/* Of names that nobody knows the status decides. */
		{ 400, "NeverHeardOfException", "x", "NeverHeardOf", R, 0,
		    0 },
		{ 403, "NeverHeardOf", "x", "NeverHeardOf", L, 1, 0 },
		/* After a 5xx nobody knows, whatever it is called. */
		{ 500, "InternalFailure", "x", "InternalFailure", U, 1, 0 },
		{ 503, "ServiceUnavailable", "x", "ServiceUnavailable", U, 1,
		    0 },
		{ 503, "ThrottlingException", "x", "Throttling", U, 1, 0 },
		{ 500, "BadRequestException", "x", "BadRequest", U, 1, 0 },
#undef L
#undef R
#undef S
#undef U
	};
	struct verdict v;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		v = named(all[i].status, all[i].type, all[i].said);
		if (v.outcome != all[i].want || v.outage != all[i].outage ||
		    v.wait != all[i].wait)
			fprintf(stderr, "%d %s %s: %s\n", all[i].status,
			    all[i].type, all[i].said,
			    outcome_name(v.outcome));
		assert(v.outcome == all[i].want);
		assert(v.outage == all[i].outage && v.wait == all[i].wait);
		same_text(v.code, all[i].code);
		same_text(v.text, all[i].said);
	}
	/* The name may come in the body, and the words with a capital. */
	v = answers(ses, 400, "{\"__type\":\"com.amazon#MessageRejected\","
	    "\"Message\":\"No\\u001b\"}", OUTCOME_REFUSED);
	same_text(v.code, "MessageRejected");
	same_text(v.text, "No\\x1b");
}

static void
test_throttled(void)
{
	struct response r = { .started = true, .code = 429,
	    .body = BUF_INIT(RESPONSE_MAX), .retry_after = 7,
	    .error_type = "TooManyRequestsException" };
	struct verdict v;

	buf_str(&r.body, "{\"message\":\"Maximum sending rate exceeded.\"}");
	v = read_response(ses, &r);
	assert(v.outcome == OUTCOME_LATER && v.wait == 7);
	buf_release(&r.body);
}

int
main(void)
{
	record_setup();
	setenv("SES_ID", "AKIDEXAMPLE", 1);
	setenv("SES_SECRET", SECRET, 1);
	ses = provider_find("ses", "email");
	assert(ses != NULL && ses->transport == TRANSPORT_HTTP);
	assert(ses->ask == NULL && ses->look == NULL);
	assert(provider_find("ses", "sms") == NULL);
	test_build();
	test_reference();
	test_refused();
	test_large();
	test_sign_in();
	test_accepted();
	test_errors();
	test_throttled();
	check_failures(ses);
	check_halves(ses, 200, TAKEN);
	check_statuses(ses);
	check_cut(ses, 200, TAKEN);
	check_retry_after(ses, "{}");
	check_retry_after(ses, "{\"__type\":\"TooManyRequestsException\"}");
	done();
	return 0;
}
