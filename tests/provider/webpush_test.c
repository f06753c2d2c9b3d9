#include "fixture.h"

#include <fcntl.h>

#include "base/digest.h"
#include "base/io.h"
#include "provider/push.h"

/* RFC 6979's key; the browser's point is that of the number 1. */
#define KEY	"ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE"
#define KEY_POINT "BGD-1LolWp0xyWHrdMY1bWjASbiSO2H6bOZpYi5g8p-2eQP-EAi4vJm" \
	"kGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk"
#define POINT	"BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tK" \
	"fA-eFivOM1drMV7Oy7ZAaDe_UfU"
#define AUTH	"AAECAwQFBgcICQoLDA0ODw"
#define ENDPOINT "https://updates.push.services.mozilla.com/wpush/v2/gAAA"
#define TO(url)	"{\"endpoint\":\"" url "\",\"keys\":{\"auth\":\"" AUTH \
	"\",\"p256dh\":\"" POINT "\"}}"
#define NOW	1795197600	/* 2026-11-20T18:00:00Z */
#define SIGNING	1800000000	/* the real time is another */

static const struct provider *webpush;
static struct credentials who;

static struct order order = { .id = "m1", .channel = "push",
    .provider = "web", .attempt = 1, .record = &record, .now = NOW,
    .signing = SIGNING, .who = &who };

static void
set_up(const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text), "[site]\nname = Clinica Roma\n"
	    "[channel push]\ntype = push\nprovider = web\n[provider web]\n"
	    "kind = webpush\nprivate_key = env:WEBPUSH_KEY\n%s\n", lines);
	use_config(text);
	order.config = config;
}

static void
standard(void)
{
	set_up("subject = mailto:citas@clinic.example");
	use_record("{\"subject\":\"Su cita\",\"text\":\"Mañana a las 10\","
	    "\"class\":\"reminder\",\"language\":\"es\"}");
	order.to = TO(ENDPOINT);
	order.expires = NOW + 3600;
}

/* RFC 8291, appendix A, with everything that is calculated on the way. */

static struct value *vector;

static void
read_bytes(const char *name, unsigned char *out, size_t len)
{
	const char *text = value_get_string(vector, name);

	assert(text != NULL);
	assert(digest_base64_read(text, out, len) == (int)len);
}

static void
is_that(const char *name, const void *got, size_t len)
{
	char text[4096];

	same_text(digest_base64url(got, len, text), value_get_string(vector,
	    name));
}

static void
check_vector(void)
{
	unsigned char scalar[P256_SCALAR], salt[WEBPUSH_SALT], plain[512];
	const char *text = value_get_string(vector, "plaintext_text");
	struct subscription to;
	struct webpush_secrets s;
	struct buf body = BUF_INIT(WEBPUSH_RECORD);
	struct p256_key *ours;

	read_bytes("as_private", scalar, sizeof(scalar));
	read_bytes("ua_public", to.p256dh, sizeof(to.p256dh));
	read_bytes("auth_secret", to.auth, sizeof(to.auth));
	read_bytes("salt", salt, sizeof(salt));
	read_bytes("plaintext", plain, strlen(text));
	assert(memcmp(plain, text, strlen(text)) == 0);
	ours = p256_key_new(scalar);
	assert(ours != NULL && webpush_derive(ours, &to, salt, &s));
	is_that("as_public", p256_key_point(ours), P256_POINT);
	is_that("ecdh_secret", s.ecdh, sizeof(s.ecdh));
	is_that("prk_key", s.prk_key, sizeof(s.prk_key));
	is_that("ikm", s.ikm, sizeof(s.ikm));
	is_that("prk", s.prk, sizeof(s.prk));
	is_that("cek", s.cek, sizeof(s.cek));
	is_that("nonce", s.nonce, sizeof(s.nonce));
	webpush_seal(&s, salt, ours, text, strlen(text), &body);
	is_that("header", body.data, 86);
	is_that("ciphertext", body.data + 86, body.len - 86);
	is_that("body", body.data, body.len);
	to.p256dh[20] ^= 1;
	assert(!webpush_derive(ours, &to, salt, &s));
	buf_release(&body);
	p256_key_free(ours);
}

static void
test_vector(void)
{
	const char *root = getenv("OMNI_CORPORA");
	struct buf text = BUF_INIT(65536);
	char path[1024];
	struct error e;

	snprintf(path, sizeof(path), "%s/wire/webpush-rfc8291-vector.json",
	    root == NULL ? "../shared/corpora" : root);
	if (access(path, R_OK) == -1) {
		printf("# skip no corpus at %s\n", path);
		return;
	}
	assert(io_read_file(AT_FDCWD, path, &text, &e) == 0);
	vector = value_parse(buf_text(&text), text.len, &e);
	assert(vector != NULL);
	check_vector();
	value_free(vector);
	buf_release(&text);
}

/* What is asked for. */

/* The value of a header, in a buffer that the next call takes. */
static const char *
header(const struct request *r, const char *name)
{
	static char out[4096];
	const char *line = buf_text(&r->headers);
	size_t n = strlen(name), len;

	for (; *line != '\0'; line += len + 1) {
		len = strcspn(line, "\n");
		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		snprintf(out, sizeof(out), "%.*s", (int)(len - n - 2),
		    line + n + 2);
		return out;
	}
	return "(none)";
}

/* One piece of the token, decoded; signed by the key that it names. */
static const char *
piece(const struct request *r, int number)
{
	static char out[1024];
	const char *auth = header(r, "Authorization"), *s = auth + 8;
	unsigned char sig[P256_SIGNATURE], point[P256_POINT];
	char text[1024];
	int n;

	assert(strncmp(auth, "vapid t=", 8) == 0);
	same_text(strstr(auth, ", k="), ", k=" KEY_POINT);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(strrchr(s, '.') + 1,
	    ","), strrchr(s, '.') + 1);
	assert(digest_base64_read(text, sig, sizeof(sig)) == P256_SIGNATURE);
	assert(digest_base64_read(KEY_POINT, point, sizeof(point)) ==
	    P256_POINT);
	assert(p256_verify(point, s, (size_t)(strrchr(s, '.') - s), sig));
	for (int i = 0; i < number; i++)
		s = strchr(s, '.') + 1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(s, "."), s);
	n = digest_base64_read(text, out, sizeof(out) - 1);
	assert(n > 0);
	out[n] = '\0';
	return out;
}

static void
test_build(void)
{
	struct request r, again;

	standard();
	r = built(webpush, &order);
	same_text(r.method, "POST");
	same_text(r.url, ENDPOINT);
	same_text(r.to, order.to);
	same_text(r.content_type, "application/octet-stream");
	same_text(header(&r, "TTL"), "3600");
	same_text(header(&r, "Urgency"), "normal");
	same_text(header(&r, "Content-Encoding"), "aes128gcm");
	same_text(piece(&r, 0), "{\"typ\":\"JWT\",\"alg\":\"ES256\"}");
	/* By the real time, whatever OMNI_NOW says. */
	same_text(piece(&r, 1), "{\"aud\":\"https://updates.push.services."
	    "mozilla.com\",\"exp\":1800043200,\"sub\":"
	    "\"mailto:citas@clinic.example\"}");
	assert(strlen(header(&r, "Topic")) == 32);
	/* {"title":"Su cita","body":...,"tag":32,"lang":"es"} and the frame */
	assert(r.body.len == 86 + strlen("{\"title\":\"Su cita\",\"body\":\""
	    "Mañana a las 10\",\"tag\":\"\",\"lang\":\"es\"}") + 32 + 1 + 16);
	/* No salt and no key is used twice. */
	again = built(webpush, &order);
	assert(memcmp(again.body.data, r.body.data, WEBPUSH_SALT) != 0);
	assert(memcmp(again.body.data + 21, r.body.data + 21, P256_POINT) !=
	    0);
	buf_release(&r.body);
	buf_release(&r.headers);
	buf_release(&again.body);
	buf_release(&again.headers);
}

static void
expect_header(const char *name, const char *value)
{
	struct request r = built(webpush, &order);

	same_text(header(&r, name), value);
	buf_release(&r.body);
	buf_release(&r.headers);
}

static void
test_time_to_live(void)
{
	standard();
	order.expires = NOW;
	expect_header("TTL", "0");
	order.expires = NOW - 5;
	expect_header("TTL", "0");
	order.expires = NOW + 40 * 86400;
	expect_header("TTL", "2419200");
	order.expires = INT64_MAX;
	expect_header("TTL", "2419200");
	order.expires = 0;
	expect_header("TTL", "2419200");
}

static void
test_urgency(void)
{
	static const char *const all[][2] = { { "alert", "high" },
	    { "transactional", "high" }, { "reminder", "normal" },
	    { "announcement", "low" }, { "marketing", "low" },
	    { "own", "normal" } };
	char text[128];

	standard();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(text, sizeof(text), "{\"text\":\"x\",\"class\":"
		    "\"%s\"}", all[i][0]);
		use_record(text);
		expect_header("Urgency", all[i][1]);
	}
}

/* What is newer takes the place of what was not delivered yet. */
static void
test_topic(void)
{
	char first[64];
	struct request r;

	standard();
	use_record("{\"text\":\"x\",\"reminder\":{\"id\":\"a-1\",\"revision\":"
	    "1,\"step\":1}}");
	r = built(webpush, &order);
	snprintf(first, sizeof(first), "%s", header(&r, "Topic"));
	assert(strlen(first) == 32);
	buf_release(&r.body);
	buf_release(&r.headers);
	order.id = "another";
	use_record("{\"text\":\"y\",\"reminder\":{\"id\":\"a-1\",\"revision\":"
	    "2,\"step\":3}}");
	expect_header("Topic", first);
	use_record("{\"text\":\"y\",\"reminder\":{\"id\":\"a-2\",\"revision\":"
	    "2,\"step\":3}}");
	r = built(webpush, &order);
	assert(strcmp(header(&r, "Topic"), first) != 0);
	buf_release(&r.body);
	buf_release(&r.headers);
	order.id = "m1";
	order.attempt = 1;
	use_record("{\"text\":\"y\"}");
	r = built(webpush, &order);
	snprintf(first, sizeof(first), "%s", header(&r, "Topic"));
	buf_release(&r.body);
	buf_release(&r.headers);
	order.attempt = 2;
	expect_header("Topic", first);
	order.attempt = 1;
}

static void
test_refused(void)
{
	char text[8192], big[4096];

	standard();
	order.to = "citas-ana";
	refuses(webpush, &order, EX_DATAERR, "to: not a subscription in JSON");
	order.to = TO("http://127.0.0.1/x");
	refuses(webpush, &order, EX_DATAERR, "to: endpoint: not https");
	order.to = TO("https://push.example.org/x");
	refuses(webpush, &order, EX_DATAERR, "to: endpoint: push.example.org "
	    "is not in [provider web] allow");
	order.to = TO(ENDPOINT);
	use_record("{\"subject\":\"x\"}");
	refuses(webpush, &order, EX_DATAERR, "text: missing");
	use_record("{\"text\":\" \\n\"}");
	refuses(webpush, &order, EX_DATAERR, "text: empty");
	use_record("{\"text\":\"x\",\"link\":\"javascript:alert(1)\"}");
	refuses(webpush, &order, EX_DATAERR, "link: neither http:// nor "
	    "https://");
	use_record("{\"text\":\"x\",\"link\":\"https://a b\"}");
	refuses(webpush, &order, EX_DATAERR, "link: has a blank");
	use_record("{\"text\":\"x\",\"link\":7}");
	refuses(webpush, &order, EX_DATAERR, "link: not a string");
	/* {"title":"","body":"","tag":""}, a title of one and the tag */
	memset(big, 'x', sizeof(big));
	for (int fits = 1; fits >= 0; fits--) {
		snprintf(text, sizeof(text), "{\"subject\":\"t\",\"text\":"
		    "\"%.*s\"}", WEBPUSH_PLAIN_MAX - 31 - 1 - 32 + !fits, big);
		use_record(text);
		if (fits) {
			struct request r = built(webpush, &order);

			assert(r.body.len == WEBPUSH_RECORD);
			buf_release(&r.body);
			buf_release(&r.headers);
		} else
			refuses(webpush, &order, EX_DATAERR, "text: with its "
			    "title and link the notice has more than the 3993 "
			    "bytes that fit");
	}
}

/* Keys and the subject. */

static void
sign_in_refuses(const char *secret, const char *lines, const char *why)
{
	setenv("WEBPUSH_KEY", secret, 1);
	set_up(lines);
	cannot_sign_in(webpush, "web", why);
	setenv("WEBPUSH_KEY", KEY, 1);
}

static void
test_sign_in(void)
{
	static const char *const bad[] = { "subject = citas@clinic.example",
	    "subject = mailto:citas", "subject = mailto:@",
	    "subject = mailto:", "subject = https://",
	    "subject = http://clinic.example", "subject = mailto:a@b c",
	    "subject = mailto:<a@b>" };
	static const char good[] = "subject = https://clinic.example/contact";
	struct credentials c;
	struct error e;

	set_up(good);
	assert(webpush->sign_in(config, "web", &c, &e) == 0);
	assert(c.how == SIGN_IN_HEADERS);
	same_text(buf_text(&c.secret), KEY);
	buf_release(&c.secret);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		sign_in_refuses(KEY, bad[i], "[provider web] subject: "
		    "neither mailto: and an address nor https:// and a page");
	sign_in_refuses(KEY, "", "[provider web] has no subject");
	sign_in_refuses("", good, "private_key of [provider web] is empty");
	sign_in_refuses(SECRET, good, "private_key of [provider web] is not a "
	    "private key of the curve P-256");
}

/* Answers. */

static struct verdict
answer(int status, const char *location, int64_t retry_after)
{
	struct response r = { .started = true, .code = status,
	    .body = BUF_INIT(RESPONSE_MAX), .retry_after = retry_after };
	struct verdict v;

	buf_str(&r.body, "{\"code\":410,\"message\":\"Said \\u001b[1mso\"}");
	snprintf(r.location, sizeof(r.location), "%s", location);
	memset(&v, 0x5a, sizeof(v));
	webpush->read(&r, &v);
	buf_release(&r.body);
	return v;
}

static void
test_answers(void)
{
	static const struct {
		int status;
		enum outcome want;
		bool outage;
	} all[] = {
		{ 200, OUTCOME_ACCEPTED, false },
		{ 201, OUTCOME_ACCEPTED, false },
		{ 202, OUTCOME_ACCEPTED, false },
		{ 204, OUTCOME_UNKNOWN, false },
		{ 301, OUTCOME_REFUSED, false }, { 307, OUTCOME_REFUSED, false },
		{ 400, OUTCOME_REFUSED, false }, { 413, OUTCOME_REFUSED, false },
		{ 401, OUTCOME_SETUP, false }, { 403, OUTCOME_REFUSED, false },
		{ 404, OUTCOME_ADDRESS, false }, { 410, OUTCOME_ADDRESS, false },
		{ 408, OUTCOME_UNKNOWN, false },
		{ 429, OUTCOME_LATER, false },
		{ 500, OUTCOME_UNKNOWN, true }, { 503, OUTCOME_UNKNOWN, true },
		{ 0, OUTCOME_UNKNOWN, true }
	};
	struct verdict v;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		v = answer(all[i].status, "", -1);
		if (v.outcome != all[i].want)
			fprintf(stderr, "%d: %s\n", all[i].status,
			    outcome_name(v.outcome));
		assert(v.outcome == all[i].want && v.outage == all[i].outage);
		assert(v.provider_id[0] == '\0' && v.wait == 0);
		assert((v.text[0] == '\0') == (v.outcome ==
		    OUTCOME_ACCEPTED));
	}
	same_text(answer(410, "", -1).text, "Said \\x1b[1mso");
	same_text(answer(410, "", -1).code, "HTTP 410");
	assert(answer(429, "", 90).wait == 90);
	assert(answer(404, "", 90).wait == 0);
	/* The message has the name that the service gives it, if it can. */
	same_text(answer(201, "https://push.example/m/1", -1).provider_id,
	    "https://push.example/m/1");
	same_text(answer(201, "https://push.example/m 1", -1).provider_id, "");
	same_text(answer(410, "https://push.example/m/1", -1).provider_id, "");
	check_failures(webpush);
}

int
main(void)
{
	record_setup();
	setenv("WEBPUSH_KEY", KEY, 1);
	who = (struct credentials){ .how = SIGN_IN_HEADERS,
	    .secret = BUF_INIT(4096) };
	buf_str(&who.secret, KEY);
	webpush = provider_find("webpush", "push");
	assert(webpush != NULL && webpush->transport == TRANSPORT_HTTP);
	assert(provider_find("webpush", "sms") == NULL);
	assert(webpush->ask == NULL);
	test_vector();
	test_build();
	test_time_to_live();
	test_urgency();
	test_topic();
	test_refused();
	test_sign_in();
	test_answers();
	buf_release(&who.secret);
	done();
	return 0;
}
