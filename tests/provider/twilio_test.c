#include "fixture.h"

#include <fcntl.h>

#include "base/form.h"
#include "base/io.h"
#include "provider/provider_impl.h"

#define ACCOUNT	"AC00000000000000000000000000000000"
#define KEY	"SK0123456789abcdef0123456789ABCDEF"
#define SERVICE	"MG11111111111111111111111111111111"
#define SID	"SM22222222222222222222222222222222"
#define URL	"https://api.twilio.com/2010-04-01/Accounts/" ACCOUNT \
	"/Messages.json"
#define CREATED	"{\"body\":\"Hola\",\"num_segments\":\"2\"," \
	"\"price\":\"-0.0079\",\"price_unit\":\"USD\",\"sid\":\"" SID "\"," \
	"\"status\":\"queued\",\"error_code\":null}"
#define STARTED	1795197600	/* 2026-11-20T18:00:00Z */

static const struct provider *twilio;

static struct order order = { .id = "a-1.r1/2", .channel = "sms",
    .provider = "twilio", .attempt = 1, .to = "+525512345678",
    .record = &record, .now = STARTED, .started = STARTED };

/* A configuration of one channel; each argument is lines of its section. */
static void
set_up(const char *site, const char *channel, const char *provider)
{
	char text[2048];

	snprintf(text, sizeof(text), "[site]\n%s\n[channel sms]\ntype = sms\n"
	    "provider = twilio\n%s\n[provider twilio]\nkind = twilio\n"
	    "auth_token = env:TWILIO_SECRET\n%s\n", site, channel, provider);
	use_config(text);
	order.config = config;
}

static void
standard(void)
{
	set_up("", "from = +525587654321", "account_sid = " ACCOUNT);
	use_record("{\"id\":\"a-1.r1/2\",\"text\":\"Hola\"}");
	order.to = "+525512345678";
	order.expires = 0;
}

static void
expect(const char *body)
{
	builds(twilio, &order, URL, body);
}

static void
test_build(void)
{
	standard();
	expect("To=%2B525512345678&From=%2B525587654321&Body=Hola");
	use_record("{\"text\":\"Hola Ana, ¿su cita es mañana a las 10:00? "
	    "50% & más = *~\\n😀\"}");
	expect("To=%2B525512345678&From=%2B525587654321&Body=Hola+Ana%2C+"
	    "%C2%BFsu+cita+es+ma%C3%B1ana+a+las+10%3A00%3F+50%25+%26+"
	    "m%C3%A1s+%3D+*%7E%0A%F0%9F%98%80");
}

static void
test_sender(void)
{
	standard();
	set_up("", "", "account_sid = " ACCOUNT "\nmessaging_service = "
	    SERVICE);
	expect("To=%2B525512345678&MessagingServiceSid=" SERVICE
	    "&Body=Hola");
	set_up("", "from = Clinica", "account_sid = " ACCOUNT
	    "\nmessaging_service = " SERVICE);
	expect("To=%2B525512345678&From=Clinica&MessagingServiceSid=" SERVICE
	    "&Body=Hola");
	set_up("", "", "account_sid = " ACCOUNT);
	refuses(twilio, &order, EX_CONFIG, "neither [channel sms] from nor "
	    "[provider twilio] messaging_service is set");
	set_up("", "from = 12345678901234567890123456789012345678901234567890"
	    "123456789012345", "account_sid = " ACCOUNT);
	refuses(twilio, &order, EX_CONFIG, "[channel sms] from: longer");
}

static void
test_sids(void)
{
	static const char *const bad[] = { "account_sid = AC0",
	    "account_sid = SK0123456789abcdef0123456789abcdef",
	    "account_sid = AC0123456789abcdef0123456789abcdeg",
	    "account_sid = AC0123456789abcdef0123456789abcdef0",
	    "account_sid = " SECRET };

	standard();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_up("", "from = 1", bad[i]);
		refuses(twilio, &order, EX_CONFIG, "[provider twilio] "
		    "account_sid: not AC and 32 hexadecimal digits");
	}
	set_up("", "from = 1", "");
	refuses(twilio, &order, EX_CONFIG, "[provider twilio] has no "
	    "account_sid");
	set_up("", "", "account_sid = " ACCOUNT "\nmessaging_service = MG1");
	refuses(twilio, &order, EX_CONFIG, "[provider twilio] "
	    "messaging_service: not MG and 32 hexadecimal digits");
}

static void
test_base(void)
{
	static const struct {
		const char *base, *url;
	} good[] = {
		{ "https://api.dublin.ie1.twilio.com",
		    "https://api.dublin.ie1.twilio.com" },
		{ "http://127.0.0.1:8090/", "http://127.0.0.1:8090" },
		{ "http://localhost/twilio//", "http://localhost/twilio" },
		{ "http://[::1]:80", "http://[::1]:80" }
	};
	static const char *const bad[] = { "ftp://x", "https://", "api",
	    "http://example.com", "http://127.0.0.1.example.com",
	    "https://user:" SECRET "@example.com", "https://x?y",
	    "https://x#y", "https://x y", "http://localhost@example.com",
	    "http://127.0.0.1:80@example.com" };
	char text[256], url[256];

	standard();
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "account_sid = " ACCOUNT
		    "\nbase_url = %s", good[i].base);
		set_up("", "from = 1", text);
		snprintf(url, sizeof(url), "%s/2010-04-01/Accounts/" ACCOUNT
		    "/Messages.json", good[i].url);
		builds(twilio, &order, url, "To=%2B525512345678&From=1&"
		    "Body=Hola");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "account_sid = " ACCOUNT
		    "\nbase_url = %s", bad[i]);
		set_up("", "from = 1", text);
		refuses(twilio, &order, EX_CONFIG, "[provider twilio] "
		    "base_url: neither https:// nor");
	}
}

static void
test_to(void)
{
	static const char *const bad[] = { "", "525512345678", "+1234567",
	    "+1234567890123456", "+52 5512345678", "whatsapp:+525512345678",
	    "ana@example.com", "+52551234567x" };

	standard();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		order.to = bad[i];
		refuses(twilio, &order, EX_DATAERR, "to: not a number");
	}
	order.to = NULL;
	refuses(twilio, &order, EX_DATAERR, "to: not a number");
}

static void
test_text(void)
{
	struct request out;
	char json[8192];
	size_t n;

	standard();
	use_record("{}");
	refuses(twilio, &order, EX_DATAERR, "text: missing");
	use_record("{\"text\":7}");
	refuses(twilio, &order, EX_DATAERR, "text: missing");
	use_record("{\"text\":\"\"}");
	refuses(twilio, &order, EX_DATAERR, "text: empty");
	n = (size_t)snprintf(json, sizeof(json), "{\"text\":\"");
	for (int i = 0; i < 1600; i++, n += 2)
		memcpy(json + n, "ñ", 2);
	memcpy(json + n, "\"}", 3);
	use_record(json);
	out = built(twilio, &order);
	buf_release(&out.body);
	memcpy(json + n, "x\"}", 4);
	use_record(json);
	refuses(twilio, &order, EX_DATAERR, "text: 1601 characters; Twilio "
	    "takes at most 1600");
}

static void
test_media(void)
{
	char json[8192];
	int n;

	standard();
	use_record("{\"text\":\"Hola\",\"media\":null}");
	expect("To=%2B525512345678&From=%2B525587654321&Body=Hola");
	use_record("{\"text\":\"Hola\",\"media\":[\"https://x.example/a.jpg\","
	    "{\"url\":\"http://x.example/b?c=d&e=%20\",\"type\":"
	    "\"image/png\"}]}");
	expect("To=%2B525512345678&From=%2B525587654321&Body=Hola&"
	    "MediaUrl=https%3A%2F%2Fx.example%2Fa.jpg&"
	    "MediaUrl=http%3A%2F%2Fx.example%2Fb%3Fc%3Dd%26e%3D%2520");
	use_record("{\"text\":\"\",\"media\":[\"https://x.example/a.jpg\"]}");
	expect("To=%2B525512345678&From=%2B525587654321&"
	    "MediaUrl=https%3A%2F%2Fx.example%2Fa.jpg");
	use_record("{\"text\":\"x\",\"media\":\"https://x.example/a.jpg\"}");
	refuses(twilio, &order, EX_DATAERR, "media: not an array");
	use_record("{\"text\":\"x\",\"media\":[\"https://x.example/a\",{}]}");
	refuses(twilio, &order, EX_DATAERR, "media.1: neither a URL nor");
	use_record("{\"text\":\"x\",\"media\":[\"file:///etc/passwd\"]}");
	refuses(twilio, &order, EX_DATAERR, "media.0: not an address of the "
	    "web, http:// or https://: file:///etc/passwd");
	use_record("{\"text\":\"x\",\"media\":[\"https://x/a b\"]}");
	refuses(twilio, &order, EX_DATAERR, "media.0: not an address");
	use_record("{\"text\":\"x\",\"media\":[{\"url\":\"https://\"}]}");
	refuses(twilio, &order, EX_DATAERR, "media.0: not an address");
	n = snprintf(json, sizeof(json), "{\"text\":\"x\",\"media\":[\"u\"");
	for (int i = 0; i < 10; i++)
		n += snprintf(json + n, sizeof(json) - (size_t)n, ",\"u\"");
	snprintf(json + n, sizeof(json) - (size_t)n, "]}");
	use_record(json);
	refuses(twilio, &order, EX_DATAERR, "media: 11 of them; at most 10");
	snprintf(json, sizeof(json), "{\"text\":\"x\",\"media\":"
	    "[\"https://x/%01991d\"]}", 0);
	use_record(json);
	refuses(twilio, &order, EX_DATAERR, "media.0: a URL of more than "
	    "2000 bytes");
}

static void
test_callback(void)
{
	struct arena mem = ARENA_INIT(64 * 1024);
	struct request out;
	struct error e;
	struct form f;

	standard();
	set_up("public_url = https://hooks.example.com/omni", "from = 1",
	    "account_sid = " ACCOUNT);
	expect("To=%2B525512345678&From=1&Body=Hola&StatusCallback="
	    "https%3A%2F%2Fhooks.example.com%2Fomni%2Ftwilio%2Fstatus%3F"
	    "ref%3Da-1.r1%252F2.1%23rc%3D5%26rp%3Dall");
	/* What comes back names the attempt, whatever its id. */
	order.id = "ñ & #?+%41\x7f=";
	order.attempt = 12;
	out = built(twilio, &order);
	assert(form_parse(&f, buf_text(&out.body), out.body.len, &mem,
	    &e) == 0);
	same_text(form_get(&f, "StatusCallback"),
	    "https://hooks.example.com/omni/twilio/status?ref="
	    "%C3%B1%20%26%20%23%3F%2B%2541%7F%3D.12#rc=5&rp=all");
	buf_release(&out.body);
	arena_release(&mem);
	order.id = "a-1.r1/2";
	order.attempt = 1;
}

static void
test_validity(void)
{
	static const struct {
		int64_t left;
		const char *want;
	} all[] = { { 36001, "" }, { 86400, "" },
	    { 36000, "&ValidityPeriod=36000" }, { 600, "&ValidityPeriod=600" },
	    { 10, "&ValidityPeriod=10" }, { 9, "&ValidityPeriod=10" },
	    { 0, "&ValidityPeriod=10" }, { -100, "&ValidityPeriod=10" } };
	char want[256];

	standard();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		order.expires = order.now + all[i].left;
		snprintf(want, sizeof(want), "To=%%2B525512345678&"
		    "From=%%2B525587654321&Body=Hola%s", all[i].want);
		expect(want);
	}
	order.expires = 0;
	set_up("", "from = 1\nsmart_encoding = yes", "account_sid = "
	    ACCOUNT);
	expect("To=%2B525512345678&From=1&Body=Hola&SmartEncoded=true");
}

static void
sign_in_refuses(const char *secret, const char *provider, const char *why)
{
	setenv("TWILIO_SECRET", secret, 1);
	set_up("", "", provider);
	cannot_sign_in(twilio, "twilio", why);
	setenv("TWILIO_SECRET", SECRET, 1);
}

static void
test_sign_in(void)
{
	struct credentials c;
	struct error e;

	standard();
	assert(twilio->sign_in(config, "twilio", &c, &e) == 0);
	assert(c.how == SIGN_IN_BASIC);
	same_text(c.user, ACCOUNT);
	same_text(buf_text(&c.secret), SECRET);
	buf_release(&c.secret);
	set_up("", "", "account_sid = " ACCOUNT "\napi_key = " KEY);
	assert(twilio->sign_in(config, "twilio", &c, &e) == 0);
	same_text(c.user, KEY);
	buf_release(&c.secret);
	sign_in_refuses(SECRET, "", "[provider twilio] has no account_sid");
	sign_in_refuses(SECRET, "account_sid = " ACCOUNT "\napi_key = "
	    ACCOUNT, "[provider twilio] api_key: not SK and");
	sign_in_refuses("", "account_sid = " ACCOUNT, "auth_token of "
	    "[provider twilio]");
	sign_in_refuses(SECRET "\nX-Evil: 1", "account_sid = " ACCOUNT,
	    "auth_token of [provider twilio] has a blank");
}

static void
test_accepted(void)
{
	struct verdict v = answers(twilio, 201, CREATED, OUTCOME_ACCEPTED);

	same_text(v.provider_id, SID);
	same_text(v.cost, "0.0079");
	same_text(v.currency, "USD");
	same_text(v.code, "");
	same_text(v.text, "");
	assert(v.segments == 2 && !v.outage && v.wait == 0);
	/* With a Messaging Service; the price comes later. */
	v = answers(twilio, 201, "{\"sid\":\"MM0123456789abcdef0123456789ABCDEF"
	    "\",\"num_segments\":\"0\",\"price\":null,\"price_unit\":\"USD\"}",
	    OUTCOME_ACCEPTED);
	assert(v.segments == 0 && v.cost[0] == '\0' && v.currency[0] == '\0');
	v = answers(twilio, 200, CREATED, OUTCOME_ACCEPTED);
	/* What is odd about the price costs nothing but the price. */
	v = answers(twilio, 201, "{\"sid\":\"" SID "\",\"num_segments\":2,"
	    "\"price\":-0.0079,\"price_unit\":7}", OUTCOME_ACCEPTED);
	assert(v.segments == 0 && v.cost[0] == '\0');
	v = answers(twilio, 201, "{\"sid\":\"" SID "\",\"num_segments\":"
	    "\"99999999999\",\"price\":\"-1.\",\"price_unit\":\"usd\"}",
	    OUTCOME_ACCEPTED);
	assert(v.segments == 0 && v.cost[0] == '\0');
	v = answers(twilio, 201, "{\"sid\":\"" SID "\",\"num_segments\":"
	    "\"2x\",\"price\":\"0\",\"price_unit\":\"US Dollars\"}",
	    OUTCOME_ACCEPTED);
	assert(v.segments == 0 && v.currency[0] == '\0');
	same_text(v.cost, "0");
}

static void
test_malformed(void)
{
	static const char *const sids[] = { "", "SM", "SM2222",
	    "SM2222222222222222222222222222222g",
	    "sm22222222222222222222222222222222",
	    "CA22222222222222222222222222222222",
	    "SM222222222222222222222222222222222",
	    "SM22222222222222222222222222222222\\n" };
	char body[256];
	struct verdict v;

	for (size_t i = 0; i < sizeof(sids) / sizeof(sids[0]); i++) {
		snprintf(body, sizeof(body), "{\"sid\":\"%s\"}", sids[i]);
		v = answers(twilio, 201, body, OUTCOME_UNKNOWN);
		same_text(v.text, "the answer's sid is not SM or MM and 32 "
		    "hexadecimal digits");
	}
	same_text(answers(twilio, 201, "", OUTCOME_UNKNOWN).text,
	    "the answer is empty");
	same_text(answers(twilio, 201, "<Message/>", OUTCOME_UNKNOWN).text,
	    "the answer is not JSON");
	same_text(answers(twilio, 201, "{}", OUTCOME_UNKNOWN).text,
	    "the answer has no sid");
	check_halves(twilio, 201, CREATED);
	check_cut(twilio, 201, CREATED);
	check_statuses(twilio);
	check_failures(twilio);
}

static void
test_redirect(void)
{
	struct response r = { .started = true, .code = 301,
	    .text = "https://elsewhere.example/" };
	struct verdict v = read_response(twilio, &r);

	assert(v.outcome == OUTCOME_SETUP);
	same_text(v.text, "base_url: the server sends us elsewhere: "
	    "https://elsewhere.example/");
}

static void
test_errors(void)
{
	struct verdict v;

	v = answers(twilio, 400, "{\"code\":21211,\"message\":\"The 'To' "
	    "number +1 is not a valid phone number.\",\"status\":400}",
	    OUTCOME_ADDRESS);
	same_text(v.code, "21211");
	same_text(v.text, "The 'To' number +1 is not a valid phone number.");
	assert(v.bring_forward && !v.outage);
	/* A code that is not in the table is judged by its status. */
	v = answers(twilio, 400, "{\"code\":99999}", OUTCOME_REFUSED);
	same_text(v.code, "99999");
	same_text(v.text, "HTTP status 400");
	answers(twilio, 401, "{\"code\":99999}", OUTCOME_SETUP);
	v = answers(twilio, 403, "{\"code\":99999}", OUTCOME_SETUP);
	assert(!v.outage);
	v = answers(twilio, 403, "{\"code\":20005}", OUTCOME_SETUP);
	assert(!v.outage);
	/* A 5xx may have come after the message was made. */
	v = answers(twilio, 503, "{\"code\":21610,\"message\":\"x\"}",
	    OUTCOME_UNKNOWN);
	assert(v.outage);
	/* Too many at a time, whatever the code. */
	v = answers(twilio, 429, "{\"code\":21611}", OUTCOME_LATER);
	assert(v.wait == 7200);
	answers(twilio, 429, "{\"code\":21606}", OUTCOME_LATER);
	check_retry_after(twilio, "{\"code\":20429}");
	check_retry_after(twilio, "");
	/* Nobody's terminal, and nobody's secret. */
	v = answers(twilio, 401, "{\"code\":20003,\"message\":\"\\u001b[2J"
	    "token " SECRET " of " ACCOUNT " ñ\"}", OUTCOME_SETUP);
	same_text(v.text, "\\x1b[2Jtoken ... of " ACCOUNT " ñ");
}

static void
test_long_message(void)
{
	struct buf body = BUF_INIT(RESPONSE_MAX);
	struct verdict v;

	buf_str(&body, "{\"code\":30400,\"message\":\"");
	for (int i = 0; i < 100000; i++)
		buf_str(&body, "ñ");
	buf_str(&body, "\"}");
	v = answers(twilio, 400, buf_text(&body), OUTCOME_REFUSED);
	assert(strlen(v.text) == ERROR_MAX - 2);	/* whole characters */
	assert(utf8_valid(v.text, strlen(v.text)));
	buf_release(&body);
}

/* The test numbers' codes, and all others that concern messages. */
static const struct {
	int status, code;
	enum outcome answer, receipt;
	bool forward;
} codes[] = {
#define R	OUTCOME_REFUSED
#define A	OUTCOME_ADDRESS
#define O	OUTCOME_OPTOUT
#define L	OUTCOME_LATER
#define S	OUTCOME_SETUP
#define U	OUTCOME_UNKNOWN
#define N	OUTCOME_MAX
	{ 400, 20001, R, N, 0 }, { 401, 20003, S, N, 0 },
	{ 405, 20004, S, N, 0 }, { 403, 20005, S, S, 0 },
	{ 403, 20006, S, S, 0 }, { 403, 20008, S, N, 0 },
	{ 401, 20101, S, N, 0 }, { 401, 20104, S, N, 0 },
	{ 401, 20107, S, N, 0 }, { 403, 20403, S, N, 0 },
	{ 404, 20404, S, N, 0 }, { 429, 20429, L, L, 0 },
	{ 400, 14107, L, L, 0 }, { 400, 12400, U, L, 0 },
	{ 400, 11200, L, L, 1 }, { 400, 11205, L, L, 1 },
	{ 400, 11751, R, R, 1 }, { 400, 12300, R, R, 1 },
	{ 400, 21201, R, N, 0 }, { 400, 21203, S, N, 1 },
	{ 400, 21205, R, N, 0 }, { 400, 21210, S, N, 0 },
	{ 400, 21214, R, N, 1 }, { 400, 21215, S, N, 1 },
	{ 400, 21216, R, N, 1 }, { 400, 21218, S, N, 0 },
	{ 400, 21220, R, N, 0 },
	{ 400, 21211, A, A, 1 }, { 400, 21212, S, S, 0 },
	{ 400, 21213, S, S, 0 }, { 400, 21217, A, A, 1 },
	{ 400, 21219, S, S, 1 }, { 400, 21401, A, A, 1 },
	{ 400, 21408, S, S, 1 }, { 400, 21601, S, S, 0 },
	{ 400, 21602, R, R, 0 }, { 400, 21603, S, S, 0 },
	{ 400, 21604, R, R, 0 }, { 400, 21605, R, R, 1 },
	{ 400, 21606, S, S, 0 }, { 400, 21607, S, S, 0 },
	{ 400, 21608, S, S, 1 }, { 400, 21609, S, N, 0 },
	{ 400, 21610, O, O, 0 }, { 400, 21611, L, L, 1 },
	{ 400, 21612, R, R, 1 }, { 400, 21613, S, S, 0 },
	{ 400, 21614, A, A, 1 }, { 400, 21615, S, S, 0 },
	{ 400, 21616, S, S, 0 }, { 400, 21617, R, R, 1 },
	{ 400, 21618, R, R, 1 }, { 400, 21619, R, R, 0 },
	{ 400, 21620, R, R, 1 }, { 400, 21621, S, S, 1 },
	{ 400, 21622, S, S, 1 }, { 400, 21623, R, R, 1 },
	{ 400, 21654, R, R, 0 }, { 400, 21655, R, R, 0 },
	{ 400, 21656, R, R, 0 }, { 400, 21657, S, S, 0 },
	{ 400, 21658, R, R, 1 }, { 400, 21703, S, S, 0 },
	{ 400, 21704, S, S, 0 }, { 400, 21705, S, S, 0 },
	{ 400, 21710, S, S, 0 }, { 400, 21711, S, S, 0 },
	{ 400, 21712, S, S, 0 }, { 400, 21713, S, S, 0 },
	{ 400, 21714, S, S, 0 }, { 400, 21715, S, S, 0 },
	{ 400, 30001, L, L, 1 }, { 400, 30002, S, S, 0 },
	{ 400, 30003, L, L, 1 }, { 400, 30004, R, R, 1 },
	{ 400, 30005, A, A, 1 }, { 400, 30006, R, R, 1 },
	{ 400, 30007, R, R, 1 }, { 400, 30008, L, L, 1 },
	{ 400, 30010, R, R, 1 }, { 400, 30011, R, R, 1 },
	{ 400, 30012, R, R, 0 }, { 400, 30013, R, R, 0 },
	{ 400, 30014, R, R, 1 }, { 400, 30015, S, S, 0 },
	{ 400, 30016, S, S, 0 }, { 400, 30017, L, L, 1 },
	{ 400, 30018, S, S, 1 }, { 400, 30019, R, R, 1 },
	{ 400, 30020, U, L, 0 }, { 400, 30021, U, L, 0 },
	{ 400, 30022, L, L, 1 }, { 400, 30023, L, L, 1 },
	{ 400, 30024, S, S, 1 }, { 400, 30027, L, L, 1 },
	{ 400, 30028, R, R, 0 }, { 400, 30029, R, R, 0 },
	{ 400, 30030, R, R, 0 }, { 400, 30031, R, R, 0 },
	{ 400, 30032, S, S, 1 }, { 400, 30033, S, S, 1 },
	{ 400, 30034, S, S, 1 }, { 400, 30035, S, S, 1 },
	{ 400, 30036, L, L, 1 }, { 400, 30100, S, S, 0 },
	{ 400, 30101, S, S, 0 }, { 400, 30102, S, S, 0 },
	{ 400, 30103, L, L, 0 }, { 400, 30106, S, S, 0 },
	{ 400, 30107, S, S, 0 }, { 400, 30108, S, S, 0 },
	{ 400, 30109, S, S, 0 }, { 400, 30110, R, R, 1 },
	{ 400, 30111, R, R, 1 }, { 400, 30112, S, S, 0 },
	{ 400, 30113, R, R, 0 }, { 400, 30114, R, R, 0 },
	{ 400, 30115, R, R, 0 }, { 400, 30400, R, R, 0 },
	{ 400, 30409, R, R, 0 }, { 400, 30410, U, U, 0 },
	{ 400, 30440, S, S, 0 }, { 400, 30450, R, R, 1 },
	{ 400, 35111, R, R, 0 }, { 400, 35114, R, R, 0 },
	{ 400, 35117, R, R, 0 }, { 400, 35118, R, R, 0 },
	{ 400, 35125, R, R, 0 }, { 400, 35126, R, R, 0 },
	{ 400, 63001, S, S, 0 }, { 400, 63002, S, S, 0 },
	{ 400, 63003, A, A, 1 }, { 400, 63005, R, R, 1 },
	{ 400, 63006, R, R, 1 }, { 400, 63007, S, S, 0 },
	{ 400, 63008, S, S, 0 }, { 400, 63009, L, L, 1 },
	{ 400, 63010, L, L, 1 }, { 400, 63012, L, L, 1 },
	{ 400, 63013, S, S, 1 }, { 400, 63014, R, R, 0 },
	{ 400, 63015, S, S, 1 }, { 400, 63016, R, R, 1 },
	{ 400, 63017, L, L, 0 }, { 400, 63018, L, L, 0 },
	{ 400, 63019, L, L, 1 }, { 400, 63020, S, S, 0 },
	{ 400, 63021, R, R, 1 }, { 400, 63022, S, S, 0 },
	{ 400, 63023, L, L, 1 }, { 400, 63024, A, A, 1 },
	{ 400, 63025, R, R, 1 }, { 400, 63026, S, S, 1 },
	{ 400, 63027, S, S, 1 }, { 400, 63028, S, S, 1 },
	{ 400, 63029, L, L, 1 }, { 400, 63030, R, R, 0 },
	{ 400, 63031, R, R, 0 }, { 400, 63032, L, L, 1 },
	{ 400, 63033, R, R, 0 }, { 400, 63034, R, R, 1 },
	{ 400, 63035, S, S, 1 }, { 400, 63036, R, R, 1 },
	{ 400, 63037, L, L, 1 }, { 400, 63038, L, L, 1 },
	{ 400, 63040, S, S, 1 }, { 400, 63041, S, S, 1 },
	{ 400, 63042, S, S, 1 }, { 400, 63043, R, R, 1 },
	{ 400, 63051, S, S, 0 },
	/* Rows whose neighbours are in the lists above. */
	{ 400, 11206, L, L, 1 }, { 400, 11210, R, R, 1 },
	{ 400, 11215, R, R, 1 }, { 400, 11220, R, R, 1 },
	{ 400, 11235, R, R, 1 }, { 400, 11237, R, R, 1 },
	{ 400, 20500, U, L, 0 }, { 400, 20503, U, L, 0 },
	{ 400, 21402, S, N, 0 }, { 400, 21403, S, N, 0 }
};

static void
test_codes(void)
{
	char body[64], code[16];
	struct verdict v;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		snprintf(code, sizeof(code), "%d", codes[i].code);
		snprintf(body, sizeof(body), "{\"code\":%s}", code);
		v = answers(twilio, codes[i].status, body, codes[i].answer);
		same_text(v.code, code);
		if (provider_code_outcome("twilio", code) != codes[i].receipt ||
		    v.bring_forward != codes[i].forward)
			fprintf(stderr, "code %s\n", code);
		assert(provider_code_outcome("twilio", code) ==
		    codes[i].receipt);
		if (codes[i].status != 429)
			assert(v.bring_forward == codes[i].forward);
		assert(((twilio_code(codes[i].code)->flags & CODE_FORWARD) != 0)
		    == codes[i].forward);
		assert(twilio_code(codes[i].code)->wait == v.wait);
		assert((provider_code_opt_out("twilio", code) != NULL) ==
		    (codes[i].code == 21610));
	}
	assert(twilio_code(63032)->wait == 86400);
	assert(twilio_code(21611)->wait == 7200);
}

static void
test_other_codes(void)
{
	static const char *const none[] = { "", "0", "99999", "21610x",
	    "-21610", " 21610", "99999999999999999999", "21610 ", "HTTP 400" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert(provider_code_outcome("twilio", none[i]) ==
		    OUTCOME_MAX);
		assert(provider_code_opt_out("twilio", none[i]) == NULL);
	}
	assert(provider_code_outcome("console", "21610") == OUTCOME_MAX);
	assert(provider_code_opt_out("maildir", "21610") == NULL);
}

/*
 * The answers of web servers to webhooks, parts that come in, warnings,
 * and the lookup of numbers.
 */
static bool
is_of_no_message(const char *code)
{
	static const char *const others[] = { "11750", "12100", "12200",
	    "21451", "30009", "30025", "30026", "30104",
	    "30105", "63039", "60600", "60601", "60602", "60605" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i], code) == 0)
			return true;
	return false;
}

static bool
is_tested(const char *code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == strtol(code, NULL, 10))
			return true;
	return false;
}

/* Every code of Twilio's dictionary that a message can meet has a row. */
static void
test_corpus(void)
{
	const char *root = getenv("OMNI_CORPORA");
	struct buf text = BUF_INIT(RESPONSE_MAX);
	struct value_iter it = { 0 };
	struct value *all;
	char path[1024];
	struct error e;
	size_t count = 0;

	snprintf(path, sizeof(path), "%s/wire/twilio-error-codes-subset.json",
	    root == NULL ? "../shared/corpora" : root);
	if (io_read_file(AT_FDCWD, path, &text, &e) == -1) {
		printf("# skip no corpus at %s\n", path);
		return;
	}
	all = value_parse(buf_text(&text), text.len, &e);
	assert(all != NULL);
	while (value_next(all, &it)) {
		if (is_of_no_message(it.key))
			continue;
		if (!is_tested(it.key))
			fprintf(stderr, "no row: %s\n", it.key);
		assert(is_tested(it.key));
		count++;
	}
	assert(count > 150);
	value_free(all);
	buf_release(&text);
}

/* The list. */

#define LIST	"/2010-04-01/Accounts/" ACCOUNT "/Messages.json?"
#define MESSAGE(sid, body, date) "{\"sid\":\"" sid "\",\"direction\":" \
	"\"outbound-api\",\"to\":\"+525512345678\",\"from\":" \
	"\"+525587654321\",\"messaging_service_sid\":null,\"body\":\"" body \
	"\",\"date_created\":\"" date "\"}"
#define ON_TIME	"Fri, 20 Nov 2026 18:00:00 +0000"
#define OTHER	"SM33333333333333333333333333333333"

static char sids[512];
static bool take;		/* the first one that is certain */

/* What is only alike has a question mark. */
static bool
found(void *ctx, const char *provider_id, bool certain)
{
	size_t n = strlen(sids);

	assert(ctx == &sids);
	snprintf(sids + n, sizeof(sids) - n, "%s%s%s", n == 0 ? "" : " ",
	    provider_id, certain ? "" : "?");
	return certain && take;
}

static int
look(int status, const char *body, char page[2048])
{
	struct response r = { .started = true, .code = status,
	    .body = BUF_INIT(RESPONSE_MAX), .retry_after = -1 };
	int rc;

	sids[0] = page[0] = '\0';
	buf_str(&r.body, body);
	rc = twilio->look(&order, &r, found, &sids, page);
	buf_release(&r.body);
	return rc;
}

/* A page with these messages, and nothing behind it. */
static void
finds(const char *messages, int rc, const char *want)
{
	char page[2048], body[8192];

	snprintf(body, sizeof(body), "{\"messages\":[%s],\"page\":0,"
	    "\"next_page_uri\":null}", messages);
	if (look(200, body, page) != rc)
		fprintf(stderr, "%s\n", body);
	assert(look(200, body, page) == rc);
	same_text(sids, want);
	assert(page[0] == '\0');
}

static void
test_ask(void)
{
	struct request out = { .body = BUF_INIT(REQUEST_MAX) };
	struct error e;

	standard();
	assert(twilio->ask(&order, NULL, &out, &e) == 0);
	same_text(out.url, "https://api.twilio.com" LIST
	    "To=%2B525512345678&PageSize=50");
	same_text(out.method, "GET");
	assert(out.content_type == NULL && out.body.len == 0);
	assert(twilio->ask(&order, LIST "Page=1&PageToken=PASM1", &out,
	    &e) == 0);
	same_text(out.url, "https://api.twilio.com" LIST
	    "Page=1&PageToken=PASM1");
	assert(twilio->ask(&order, "@evil.example/", &out, &e) == -1);
	assert(e.status == EX_DATAERR);
	set_up("", "from = 1", "");
	assert(twilio->ask(&order, NULL, &out, &e) == -1);
	assert(e.status == EX_CONFIG);
}

static void
test_look(void)
{
	standard();
	finds("", 0, "");
	finds(MESSAGE(SID, "Hola", ON_TIME), 0, SID);
	finds(MESSAGE(SID, "Hola", ON_TIME) "," MESSAGE(OTHER, "Hola",
	    ON_TIME), 0, SID " " OTHER);
	finds(MESSAGE(OTHER, "Adios", ON_TIME) "," MESSAGE(SID, "Hola",
	    ON_TIME), 0, SID);
	/* Another person, another sender, one that came in. */
	finds("{\"sid\":\"" SID "\",\"direction\":\"outbound-api\",\"to\":"
	    "\"+525500000000\",\"from\":\"+525587654321\",\"body\":\"Hola\","
	    "\"date_created\":\"" ON_TIME "\"}", 0, "");
	finds("{\"sid\":\"" SID "\",\"direction\":\"outbound-api\",\"to\":"
	    "\"+525512345678\",\"from\":\"+525500000000\",\"body\":\"Hola\","
	    "\"date_created\":\"" ON_TIME "\"}", 0, SID "?");
	finds("{\"sid\":\"" SID "\",\"direction\":\"inbound\",\"to\":"
	    "\"+525512345678\",\"from\":\"+525587654321\",\"body\":\"Hola\","
	    "\"date_created\":\"" ON_TIME "\"}", 0, "");
	finds("{\"sid\":\"" SID "\",\"to\":\"+525512345678\",\"from\":"
	    "\"+525587654321\",\"body\":\"Hola\",\"date_created\":\""
	    ON_TIME "\"}", 0, "");
}

static void
test_look_service(void)
{
	standard();
	set_up("", "", "account_sid = " ACCOUNT "\nmessaging_service = "
	    SERVICE);
	finds(MESSAGE(SID, "Hola", ON_TIME), 0, SID "?");
	finds("{\"sid\":\"" SID "\",\"direction\":\"outbound-api\",\"to\":"
	    "\"+525512345678\",\"from\":null,\"messaging_service_sid\":\""
	    SERVICE "\",\"body\":\"Hola\",\"date_created\":\"" ON_TIME "\"}",
	    0, SID);
}

static void
test_look_times(void)
{
	standard();
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 17:54:59 +0000"), 0,
	    SID "?");
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 17:55:00 +0000"), 0, SID);
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 19:00:00 +0000"), 0, SID);
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 19:00:01 +0000"), 0,
	    SID "?");
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 12:00:00 -0600"), 0, SID);
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 23:30:00 +0530"), 0, SID);
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 18:00:00 -0000"), 0, SID);
	finds(MESSAGE(SID, "Hola", "2026-11-20T18:00:00Z"), -1, "");
	finds(MESSAGE(SID, "Hola", "Fri, 31 Feb 2026 18:00:00 +0000"), -1, "");
	finds(MESSAGE(SID, "Hola", "Fri, 20 ovD 2026 18:00:00 +0000"), -1, "");
	finds(MESSAGE(SID, "Hola", "Fri, 20 No 2026 18:00:00 +0000"), -1, "");
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 18:00:00 +0000x"), -1,
	    "");
	finds(MESSAGE(SID, "Hola", "Fri, 20 Nov 2026 18:00:00 +9999"), -1, "");
	finds(MESSAGE(SID, "Hola", ""), -1, "");
}

static void
test_look_folds(void)
{
	standard();
	finds(MESSAGE(SID, "Sent from your Twilio trial account - Hola",
	    ON_TIME), 0, SID);
	finds(MESSAGE(SID, " Hola\\n", ON_TIME), 0, SID);
	finds(MESSAGE(SID, "hola", ON_TIME), 0, "");
	finds(MESSAGE(SID, "Hola https://x.example/a.jpg", ON_TIME), 0, "");
	use_record("{\"text\":\"“Hola” –  a las\\u00a010:00…\\n\\nAna\"}");
	finds(MESSAGE(SID, "\\\"Hola\\\" - a las 10:00... Ana", ON_TIME), 0,
	    SID);
	finds(MESSAGE(SID, "“Hola” – a las 10:00… Ana", ON_TIME), 0, SID);
	finds(MESSAGE(SID, "\\\"Hola\\\" - a las 10:00.. Ana", ON_TIME), 0,
	    "");
	/* Where MMS does not go, the URL stands in the text. */
	use_record("{\"text\":\"Hola\",\"media\":["
	    "\"https://x.example/a.jpg\"]}");
	finds(MESSAGE(SID, "Hola https://x.example/a.jpg", ON_TIME), 0, SID);
	finds(MESSAGE(SID, "Adios", ON_TIME), 0, "");
}

/* Where nobody can tell, nothing is told: a message would go out twice. */
static void
test_look_in_doubt(void)
{
	static const char *const bodies[] = { "", "{", "[]", "{}",
	    "{\"messages\":null}", "{\"messages\":[]}",
	    "{\"messages\":[],\"next_page_uri\":7}",
	    "{\"messages\":[7],\"next_page_uri\":null}",
	    "{\"messages\":[{}],\"next_page_uri\":null}" };
	char page[2048];

	standard();
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int rc = look(200, bodies[i], page);

		/* An empty page is the last one, whatever it says. */
		assert(rc == (strstr(bodies[i], "[]") != NULL && i > 4 ? 0 :
		    -1));
		same_text(sids, "");
	}
	assert(look(500, "{\"messages\":[],\"next_page_uri\":null}",
	    page) == -1);
	assert(look(401, "{\"messages\":[],\"next_page_uri\":null}",
	    page) == -1);
	/* Its text was taken away, at Twilio. */
	finds(MESSAGE(SID, "", ON_TIME), -1, "");
	finds("{\"sid\":\"" SID "\",\"direction\":\"outbound-api\",\"to\":"
	    "\"+525512345678\",\"from\":\"+525587654321\",\"date_created\":\""
	    ON_TIME "\"}", -1, "");
	/* Nothing is told of a page of which not all can be read. */
	finds(MESSAGE(SID, "Hola", ON_TIME) "," MESSAGE("SM1", "Hola",
	    ON_TIME), -1, "");
	use_record("{}");
	finds(MESSAGE(SID, "Hola", ON_TIME), -1, "");
}

static int
look_next(const char *messages, int number, const char *next, char page[2048])
{
	char body[8192];

	snprintf(body, sizeof(body), "{\"messages\":[%s],\"page\":%d,"
	    "\"next_page_uri\":\"%s\"}", messages, number, next);
	return look(200, body, page);
}

static void
test_pages(void)
{
	static const char one[] = MESSAGE(SID, "Hola", ON_TIME);
	static const char other[] = MESSAGE(OTHER, "otra", ON_TIME);
	static const char *const bad[] = { "", "https://evil.example" LIST,
	    "//evil.example" LIST, "@evil.example" LIST,
	    "/2010-04-01/Accounts/AC11111111111111111111111111111111/"
	    "Messages.json?Page=1", "/2010-04-01/Accounts/" ACCOUNT
	    "/Keys.json?", LIST "a b", LIST "\\r\\nX: y", LIST "ñ" };
	char page[2048], longer[4096];

	standard();
	assert(look_next(one, 0, LIST "To=%2B525512345678&Page=1", page) == 1);
	same_text(page, LIST "To=%2B525512345678&Page=1");
	same_text(sids, SID);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert(look_next(other, 0, bad[i], page) == -1);
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, LIST, sizeof(LIST) - 1);
	longer[2048] = '\0';
	assert(look_next(other, 0, longer, page) == -1);
	longer[2047] = '\0';
	assert(look_next(one, 0, longer, page) == 1);
	same_text(page, longer);
	/* Too many to know. */
	assert(look_next(one, 18, LIST "Page=19", page) == 1);
	assert(look_next(other, 19, LIST "Page=20", page) == -1);
	assert(look_next(other, -1, LIST "Page=0", page) == -1);
	/* What is found is found, wherever the list goes on. */
	take = true;
	assert(look_next(one, 19, LIST "Page=20", page) == 0);
	same_text(sids, SID);
	take = false;
	assert(look_next(one, 19, LIST "Page=20", page) == -1);
	/* What follows is older than the attempt. */
	assert(look_next(MESSAGE(SID, "Hola", ON_TIME) ","
	    MESSAGE(OTHER, "Hola", "Fri, 20 Nov 2026 17:54:00 +0000"), 0,
	    LIST "Page=1", page) == 0);
	same_text(sids, SID " " OTHER "?");
	assert(page[0] == '\0');
}

static void
test_long_page(void)
{
	struct buf body = BUF_INIT(RESPONSE_MAX);
	char page[2048];

	standard();
	buf_str(&body, "{\"messages\":[");
	for (int i = 0; i < 50; i++)
		buf_str(&body, i == 0 ? MESSAGE(SID, "Hola", ON_TIME) : ","
		    MESSAGE(OTHER, "otra", ON_TIME));
	buf_str(&body, "],\"next_page_uri\":null}");
	assert(look(200, buf_text(&body), page) == 0);
	same_text(sids, SID);
	body.len -= strlen("],\"next_page_uri\":null}");
	buf_str(&body, "," MESSAGE(OTHER, "otra", ON_TIME)
	    "],\"next_page_uri\":null}");
	assert(look(200, buf_text(&body), page) == -1);
	/* A text of a megabyte is no SMS. */
	buf_clear(&body);
	buf_str(&body, "{\"messages\":[{\"sid\":\"" SID "\",\"direction\":"
	    "\"outbound-api\",\"to\":\"+525512345678\",\"from\":"
	    "\"+525587654321\",\"date_created\":\"" ON_TIME "\",\"body\":\"");
	while (body.len < RESPONSE_MAX - 100)
		buf_str(&body, "…");
	buf_str(&body, "\"}],\"next_page_uri\":null}");
	assert(look(200, buf_text(&body), page) == 0);
	same_text(sids, "");
	buf_release(&body);
}

int
main(void)
{
	record_setup();
	setenv("TWILIO_SECRET", SECRET, 1);
	twilio = provider_find("twilio", "sms");
	assert(twilio != NULL && twilio->transport == TRANSPORT_HTTP);
	assert(provider_find("twilio", "email") == NULL);
	test_build();
	test_sender();
	test_sids();
	test_base();
	test_to();
	test_text();
	test_media();
	test_callback();
	test_validity();
	test_sign_in();
	test_accepted();
	test_malformed();
	test_redirect();
	test_errors();
	test_long_message();
	test_codes();
	test_other_codes();
	test_corpus();
	test_ask();
	test_look();
	test_look_service();
	test_look_times();
	test_look_folds();
	test_look_in_doubt();
	test_pages();
	test_long_page();
	done();
	return 0;
}
