#undef NDEBUG
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "message/links.h"

#define KEY	"0123456789abcdef0123456789abcdef"
#define EVENT	1795537800	/* 2026-11-24T16:30:00Z */
#define NOW	1795474800	/* 2026-11-23T23:00:00Z */
#define DAY	86400

static char dir[] = "/tmp/omni-links-XXXXXX";
static char conf[64];

static void
put(const char *text)
{
	FILE *f = fopen(conf, "w");

	assert(f != NULL && fputs(text, f) != EOF && fclose(f) == 0);
}

static struct config *
load(const char *text)
{
	struct error e = { .text = "" };
	struct config *c;

	put(text);
	c = config_load(conf, NULL, 0, &e);
	if (c == NULL)
		fprintf(stderr, "%s\n", e.text);
	assert(c != NULL);
	return c;
}

/* Links of a site with this key; the configuration outlives them. */
static struct config *
site(struct links *l, const char *key)
{
	struct config *c = load("[site]\n"
	    "public_url = https://clinic.example/omni/\n"
	    "[links]\nkey = env:LINKS_KEY\n");
	struct error e;

	assert(setenv("LINKS_KEY", key, 1) == 0);
	assert(links_init(l, c, &e) == 0 && l->on);
	return c;
}

static enum link_status
verify(const struct links *l, enum link_purpose p, const char *token)
{
	struct link link;

	return link_verify(l, p, token, NOW, &link);
}

/* Computed by Python's hmac and base64. */
static void
test_known_answers(void)
{
	char token[LINK_TOKEN_SIZE], url[LINK_URL_SIZE];
	struct links l;
	struct config *c = site(&l, KEY);

	assert(strcmp(link_token(&l, LINK_CONFIRM, "appointment-42.r1/1",
	    EVENT, token), "1cHnEiappointment-42.r1_2F1vfNfdFQXywBrYw") == 0);
	assert(strcmp(link_token(&l, LINK_UNSUBSCRIBE, "\xc3\xb1 a_b~%+",
	    EVENT + 1, token), "1uHnEj_C3_B1_20a_5Fb_7E_25_2B"
	    "erB3x6N636W9BA") == 0);
	assert(strcmp(link_url(&l, LINK_CONFIRM, "appointment-42.r1/1",
	    EVENT, url), "https://clinic.example/omni/confirm?t="
	    "1cHnEiappointment-42.r1_2F1vfNfdFQXywBrYw") == 0);
	links_release(&l);
	config_free(c);
}

/* Any id comes back, in a URL that needs no encoding and ends in a letter. */
static void
test_round_trip(void)
{
	static const char *const ids[] = { "a", "A.b-c_d", "a/b?c=d&e#f",
	    "_2F", "..", "a b", "\xf0\x9f\x98\x80", "\n\r\t\x01\x7f", "%41",
	    "a+b@c:d;e,f'g\"h<i>j" };
	char token[LINK_TOKEN_SIZE], id[LINK_ID_MAX + 2];
	struct link out;
	struct links l;
	struct config *c = site(&l, KEY);

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		for (enum link_purpose p = 0; p < LINK_PURPOSES; p++) {
			assert(link_token(&l, p, ids[i], EVENT, token));
			assert(token[strspn(token, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")] == 0);
			assert(strchr("AQgw", token[strlen(token) - 1]));
			assert(link_verify(&l, p, token, NOW, &out) ==
			    LINK_GOOD);
			assert(strcmp(out.id, ids[i]) == 0);
			assert(out.purpose == p && out.expires == EVENT);
		}
	/* The longest id, each byte of it escaped, and one byte more. */
	memset(id, ' ', sizeof(id));
	id[LINK_ID_MAX] = '\0';
	assert(link_token(&l, LINK_CONFIRM, id, EVENT, token) != NULL);
	assert(strlen(token) == LINK_TOKEN_SIZE - 1);
	assert(link_verify(&l, LINK_CONFIRM, token, NOW, &out) == LINK_GOOD);
	assert(strcmp(out.id, id) == 0);
	id[LINK_ID_MAX] = ' ';
	id[LINK_ID_MAX + 1] = '\0';
	assert(link_token(&l, LINK_CONFIRM, id, EVENT, token) == NULL);
	assert(link_token(&l, LINK_CONFIRM, "", EVENT, token) == NULL);
	assert(link_token(&l, LINK_CONFIRM, NULL, EVENT, token) == NULL);
	links_release(&l);
	assert(link_token(&l, LINK_CONFIRM, "a", EVENT, token) == NULL);
	config_free(c);
}

static void
test_expiry(void)
{
	char token[LINK_TOKEN_SIZE];
	struct link out;
	struct links l;
	struct config *c = site(&l, KEY);

	link_token(&l, LINK_CONFIRM, "a", EVENT, token);
	assert(link_verify(&l, LINK_CONFIRM, token, EVENT - 1, &out) ==
	    LINK_GOOD);
	memset(&out, 0, sizeof(out));
	assert(link_verify(&l, LINK_CONFIRM, token, EVENT, &out) ==
	    LINK_EXPIRED);
	/* Who comes too late is told so by name. */
	assert(strcmp(out.id, "a") == 0 && out.expires == EVENT);
	/* Rounded up, never down; beyond what four characters hold, the last. */
	link_token(&l, LINK_CONFIRM, "a", EVENT + 1, token);
	assert(link_verify(&l, LINK_CONFIRM, token, EVENT + 899, &out) ==
	    LINK_GOOD && out.expires == EVENT + 900);
	link_token(&l, LINK_CONFIRM, "a", INT64_MAX / 2, token);
	assert(link_verify(&l, LINK_CONFIRM, token, NOW, &out) == LINK_GOOD);
	assert(out.expires == 0xffffff * (instant)900);
	link_token(&l, LINK_CONFIRM, "a", -1, token);
	assert(link_verify(&l, LINK_CONFIRM, token, NOW, &out) ==
	    LINK_EXPIRED);
	links_release(&l);
	config_free(c);
}

/* Every character changed to every other, every cut, every one appended. */
static void
test_changes(const struct links *l, const char *good)
{
	char token[LINK_TOKEN_SIZE + 1];
	size_t len = strlen(good);

	for (size_t i = 0; i < len; i++)
		for (int ch = 1; ch < 256; ch++) {
			memcpy(token, good, len + 1);
			token[i] = (char)ch;
			assert((verify(l, LINK_CONFIRM, token) == LINK_GOOD) ==
			    (strcmp(token, good) == 0));
		}
	for (size_t i = 0; i < len; i++) {
		memcpy(token, good, len + 1);
		token[i] = '\0';
		assert(verify(l, LINK_CONFIRM, token) >= LINK_FORGED);
		assert(verify(l, LINK_CONFIRM, good + len - i) >= LINK_FORGED);
	}
	for (int ch = 1; ch < 256; ch++) {
		snprintf(token, sizeof(token), "%s%c", good, ch);
		assert(verify(l, LINK_CONFIRM, token) >= LINK_FORGED);
	}
	for (size_t i = 0; i < len; i++)
		if (isalpha((unsigned char)good[i])) {
			memcpy(token, good, len + 1);
			token[i] = (char)(token[i] ^ 0x20);
			assert(verify(l, LINK_CONFIRM, token) >= LINK_FORGED);
		}
}

static void
test_forgeries(void)
{
	static const char id[] = "appointment-42.r1/1";
	char token[LINK_TOKEN_SIZE], other[LINK_TOKEN_SIZE], longest[2000];
	struct links l, wrong;
	struct config *c = site(&l, KEY), *d;

	link_token(&l, LINK_CONFIRM, id, EVENT, token);
	assert(verify(&l, LINK_CONFIRM, token) == LINK_GOOD);
	test_changes(&l, token);
	/* Another purpose, as it is and with its letter changed. */
	assert(verify(&l, LINK_PREFERENCES, token) == LINK_FORGED);
	assert(verify(&l, LINK_UNSUBSCRIBE, token) == LINK_FORGED);
	token[1] = 'u';
	assert(verify(&l, LINK_UNSUBSCRIBE, token) == LINK_FORGED);
	token[1] = 'c';
	/* The signature of one message on another. */
	link_token(&l, LINK_CONFIRM, "appointment-43.r1/1", EVENT, other);
	memcpy(other + strlen(other) - 14, token + strlen(token) - 14, 14);
	assert(verify(&l, LINK_CONFIRM, other) == LINK_FORGED);
	/* Of no version that there is; nothing; too much. */
	token[0] = '2';
	assert(verify(&l, LINK_CONFIRM, token) == LINK_MALFORMED);
	token[0] = '1';
	assert(verify(&l, LINK_CONFIRM, "") == LINK_MALFORMED);
	memset(longest, 'A', sizeof(longest));
	longest[0] = '1';
	longest[sizeof(longest) - 1] = '\0';
	assert(verify(&l, LINK_CONFIRM, longest) == LINK_MALFORMED);
	/* Another key, by one bit and by one more byte. */
	d = site(&wrong, "0123456789abcdef0123456789abcdeg");
	assert(verify(&wrong, LINK_CONFIRM, token) == LINK_FORGED);
	links_release(&wrong);
	config_free(d);
	d = site(&wrong, KEY "0");
	assert(verify(&wrong, LINK_CONFIRM, token) == LINK_FORGED);
	links_release(&wrong);
	assert(verify(&wrong, LINK_CONFIRM, token) == LINK_MALFORMED);
	config_free(d);
	links_release(&l);
	config_free(c);
}

static void
refuses(const char *text, const char *why)
{
	struct error e = { .status = 0 };
	struct config *c = load(text);
	struct links l;

	assert(links_init(&l, c, &e) == -1);
	if (strstr(e.text, why) == NULL)
		fprintf(stderr, "[%s] not [%s]\n", e.text, why);
	assert(e.status == EX_CONFIG && strstr(e.text, why) != NULL);
	assert(strstr(e.text, "0123456789") == NULL);
	assert(!l.on && l.key.data == NULL);
	config_free(c);
}

static void
test_settings(void)
{
	static const char *const without[] = { "",
	    "[site]\npublic_url = https://a.example\n",
	    "[links]\nkey = env:LINKS_KEY\n" };
	struct error e;
	struct links l;

	assert(setenv("LINKS_KEY", KEY, 1) == 0);
	for (size_t i = 0; i < 3; i++) {
		struct config *c = load(without[i]);

		assert(links_init(&l, c, &e) == 0 && !l.on);
		links_release(&l);
		config_free(c);
	}
	refuses("[links]\nkey = env:LINKS_KEY\nttl = 0d\n", "[links] ttl");
	refuses("[links]\nkey = env:NO_SUCH_NAME\n",
	    "key of [links]: the environment has no NO_SUCH_NAME");
	refuses("[links]\nkey = file:none\n", "key of [links]");
	refuses("[links]\nkey = env:LINKS_KEY\nmailto = x\n",
	    "[links] mailto");
	refuses("[links]\nkey = env:LINKS_KEY\n"
	    "mailto = a?bcc=b@clinic.example\n", "[links] mailto");
	refuses("[links]\nkey = env:LINKS_KEY\n[site]\npublic_url = x\n",
	    "[site] public_url");
	refuses("[links]\nkey = env:LINKS_KEY\n[site]\n"
	    "public_url = https://a.example/?x=1\n", "[site] public_url");
	refuses("[links]\nkey = env:LINKS_KEY\n[site]\n"
	    "public_url = https://a.example/>\n", "[site] public_url");
	refuses("[links]\nkey = env:LINKS_KEY\n[site]\n"
	    "public_url = https:///\n", "[site] public_url");
	assert(setenv("LINKS_KEY", "0123456789abcdef0123456789abcde", 1) == 0);
	refuses("[links]\nkey = env:LINKS_KEY\n",
	    "key of [links]: has 31 bytes, 32 are needed");
}

static void
parse(struct record *r, const char *line)
{
	struct error e;

	record_release(r);
	assert(record_parse(r, line, strlen(line), &e) == 0);
}

static void
until(const struct links *l, const char *members, instant want)
{
	struct record r = RECORD_INIT;
	char line[300];

	snprintf(line, sizeof(line), "{\"id\":\"a\",%s}", members);
	parse(&r, line);
	if (link_expires(l, LINK_CONFIRM, &r) != want)
		fprintf(stderr, "%s: %lld, not %lld\n", line,
		    (long long)link_expires(l, LINK_CONFIRM, &r),
		    (long long)want);
	assert(link_expires(l, LINK_CONFIRM, &r) == want);
	record_release(&r);
}

static void
test_until_when(void)
{
	struct record r = RECORD_INIT;
	struct links l;
	struct config *c = site(&l, KEY);

	parse(&r, "{\"id\":\"a\"}");
	assert(link_expires(&l, LINK_CONFIRM, &r) == NOW + 30 * DAY);
	assert(link_expires(&l, LINK_PREFERENCES, &r) == NOW + 30 * DAY);
	assert(link_expires(&l, LINK_UNSUBSCRIBE, &r) == NOW + 365 * DAY);
	/* The event ends only what it is about. */
	parse(&r, "{\"id\":\"a\",\"vars\":{\"at\":\"2026-11-24T10:30:00-06:00\""
	    "},\"expires_at\":\"2026-11-24T16:30:00Z\"}");
	assert(link_expires(&l, LINK_CONFIRM, &r) == EVENT);
	assert(link_expires(&l, LINK_PREFERENCES, &r) == EVENT + 30 * DAY);
	assert(link_expires(&l, LINK_UNSUBSCRIBE, &r) == EVENT + 365 * DAY);
	/* A local time is read where it is shown. */
	until(&l, "\"vars\":{\"at\":\"2026-11-24T10:30\","
	    "\"timezone\":\"America/Mexico_City\"},"
	    "\"timezone\":\"Asia/Tokyo\"", EVENT);
	until(&l, "\"vars\":{\"at\":\"2026-11-24 10:30:00\"},"
	    "\"timezone\":\"America/Mexico_City\"", EVENT);
	until(&l, "\"vars\":{\"at\":\"2026-11-24T10:30:59\"}", EVENT + 59);
	until(&l, "\"vars\":{\"at\":\"2026-11-24\"}", EVENT + 27 * 1800);
	until(&l, "\"vars\":{\"at\":\"2026-11-24\",\"timezone\":\"UTC\"}",
	    NOW + 25 * 3600);
	until(&l, "\"vars\":{\"at\":\"2026-11-24T10:30\","
	    "\"timezone\":\"Nowhere\"}", NOW + 30 * DAY);
	/* No link is dead when it arrives, as late as it may be sent. */
	parse(&r, "{\"id\":\"a\",\"vars\":{\"at\":\"2026-11-23T10:00:00Z\"},"
	    "\"expires_at\":\"2026-11-24T23:00:00Z\"}");
	assert(link_expires(&l, LINK_CONFIRM, &r) == NOW + 31 * DAY);
	/* What is no time, or over, counts for nothing. */
	parse(&r, "{\"id\":\"a\",\"vars\":{\"at\":\"soon\"},"
	    "\"expires_at\":\"2026-11-24T99\"}");
	assert(link_expires(&l, LINK_CONFIRM, &r) == NOW + 30 * DAY);
	parse(&r, "{\"id\":\"a\",\"vars\":7,"
	    "\"expires_at\":\"2026-11-01T00:00:00Z\"}");
	assert(link_expires(&l, LINK_CONFIRM, &r) == NOW + 30 * DAY);
	l.ttl = 400 * DAY;
	assert(link_expires(&l, LINK_UNSUBSCRIBE, &r) == NOW + 400 * DAY);
	record_release(&r);
	links_release(&l);
	config_free(c);
}

/* Inv. 12: the same record at the same time gives the same bytes. */
static void
test_variables(void)
{
	static const char line[] = "{\"id\":\"appointment-42.r1/1\",\"vars\":"
	    "{\"at\":\"2026-11-24T10:30:00-06:00\"}}";
	struct arena mem = ARENA_INIT(65536);
	struct record r = RECORD_INIT;
	struct value *v, *again;
	struct links l;
	struct config *c = site(&l, KEY);

	parse(&r, line);
	v = links_vars(&l, &r);
	again = links_vars(&l, &r);
	assert(value_count(v) == 1 && value_count(value_get(v, "links")) == 3);
	assert(strcmp(value_string(value_path(v, "links.confirm")),
	    "https://clinic.example/omni/confirm?t="
	    "1cHnEiappointment-42.r1_2F1vfNfdFQXywBrYw") == 0);
	assert(strncmp(value_string(value_path(v, "links.preferences")),
	    "https://clinic.example/omni/preferences?t=1p", 44) == 0);
	assert(strncmp(value_string(value_path(v, "links.unsubscribe")),
	    "https://clinic.example/omni/unsubscribe?t=1u", 44) == 0);
	assert(strcmp(value_json(v, &mem), value_json(again, &mem)) == 0);
	value_free(v);
	value_free(again);
	parse(&r, "{}");
	assert(links_vars(&l, &r) == NULL);
	parse(&r, "{\"id\":7}");
	assert(links_vars(&l, &r) == NULL);
	links_release(&l);
	parse(&r, line);
	assert(links_vars(&l, &r) == NULL);
	record_release(&r);
	arena_release(&mem);
	config_free(c);
}

static void
masks(const char *text, const char *want)
{
	struct buf out = BUF_INIT(1000);

	links_mask(text, &out);
	if (strcmp(buf_text(&out), want) != 0)
		fprintf(stderr, "[%s] not [%s]\n", buf_text(&out), want);
	assert(strcmp(buf_text(&out), want) == 0);
	buf_release(&out);
}

static void
test_mask(void)
{
	masks("", "");
	masks("no link?t=1", "no link?t=1");
	masks("https://a.example/confirm?t=1cHnEia-b_2FcAQ now\n"
	    "<a href=\"https://a.example/preferences?t=1pAAAAx\">",
	    "https://a.example/confirm?t= now\n"
	    "<a href=\"https://a.example/preferences?t=\">");
	masks("/unsubscribe?t=1u", "/unsubscribe?t=");
	masks("/other?t=1u /confirm?t=2c confirm?t=1c ?t=1?t=1",
	    "/other?t=1u /confirm?t=2c confirm?t=1c ?t=1?t=1");
}

/* Computed by Python's hmac and base64. */
static void
test_mail_tokens(void)
{
	char token[LINK_MAIL_TOKEN], id[201];
	struct links l, none = { .key = BUF_INIT(LINKS_KEY_MAX) };
	struct config *c = site(&l, KEY);

	assert(strcmp(link_mail_token(&l, "appointment-42.r1/1", token),
	    "lu76li5npm42ezmy3dr7s7gm24") == 0);
	for (size_t i = 0; i < 200; i += 2)
		memcpy(id + i, "\xc3\xb1", 3);
	assert(strcmp(link_mail_token(&l, id, token),
	    "fbkkvijpwocshpctgracakvdbi") == 0);
	/* Without a public_url there are no links, but mail there is. */
	l.on = false;
	assert(strcmp(link_mail_token(&l, id, token),
	    "fbkkvijpwocshpctgracakvdbi") == 0);
	assert(strcmp(link_mail_token(&none, "appointment-42.r1/1", token),
	    "6fdc5b364c836ebd002c575c") == 0);
	links_release(&l);
	config_free(c);
}

int
main(void)
{
	assert(setenv("OMNI_NOW", "2026-11-23T23:00:00Z", 1) == 0);
	clock_init();
	assert(mkdtemp(dir) != NULL);
	snprintf(conf, sizeof(conf), "%s/omni.conf", dir);
	test_known_answers();
	test_round_trip();
	test_expiry();
	test_forgeries();
	test_settings();
	test_until_when();
	test_variables();
	test_mask();
	test_mail_tokens();
	assert(unlink(conf) == 0 && rmdir(dir) == 0);
	return 0;
}
