#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "message/address.h"
#include "message/subscription.h"

/* The curve's own generator: anybody's, and nobody's. */
#define POINT	"BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tK" \
	"fA-eFivOM1drMV7Oy7ZAaDe_UfU"
#define AUTH	"AAECAwQFBgcICQoLDA0ODw"
#define KEYS	"\"keys\":{\"auth\":\"" AUTH "\",\"p256dh\":\"" POINT "\"}"
#define FIREFOX	"https://updates.push.services.mozilla.com/wpush/v2/gAAA-_1"
#define CANONICAL "{\"endpoint\":\"" FIREFOX "\"," KEYS "}"

static struct config *config;

static void
use_config(const char *text)
{
	char path[] = "/tmp/omni-subscription-XXXXXX";
	struct error e = { .text = "" };
	FILE *f = fdopen(mkstemp(path), "w");

	assert(f != NULL && fputs(text, f) != EOF && fclose(f) == 0);
	config_free(config);
	config = config_load(path, NULL, 0, &e);
	assert(config != NULL && unlink(path) == 0);
}

static void
becomes(const char *text, const char *want)
{
	struct subscription s;
	struct error e = { .text = "" };
	char got[SUBSCRIPTION_MAX + 1] = "";

	if (subscription_parse(config, text, &s, &e) == 0)
		subscription_write(&s, got);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "%s\ngot:  %s %s\nwant: %s\n", text, got,
		    e.text, want);
	assert(strcmp(got, want) == 0);
}

static void
refused(const char *text, const char *why)
{
	struct subscription s;
	struct error e = { .text = "nothing" };
	int rc = subscription_parse(config, text, &s, &e);

	if (rc != -1 || strcmp(e.text, why) != 0)
		fprintf(stderr, "%s\ngot:  %s\nwant: %s\n", text, e.text, why);
	assert(rc == -1 && e.status == EX_DATAERR);
	assert(strcmp(e.text, why) == 0);
}

static void
refused_at(const char *endpoint, const char *why)
{
	char text[4096];

	snprintf(text, sizeof(text), "{\"endpoint\":\"%s\"," KEYS "}",
	    endpoint);
	refused(text, why);
}

static void
accepted_at(const char *endpoint, const char *want)
{
	char text[4096], canonical[4096];

	snprintf(text, sizeof(text), "{\"endpoint\":\"%s\"," KEYS "}",
	    endpoint);
	snprintf(canonical, sizeof(canonical), "{\"endpoint\":\"%s\"," KEYS
	    "}", want);
	becomes(text, canonical);
}

/* All ways to write one subscription are one address. */
static void
test_one_form(void)
{
	becomes(CANONICAL, CANONICAL);
	becomes(" {\"expirationTime\":null,\"endpoint\":\"" FIREFOX "\","
	    "\"keys\":{\"p256dh\":\"" POINT "\",\"auth\":\"" AUTH "\"}}\n",
	    CANONICAL);
	/* Padding, and the other alphabet of base64. */
	becomes("{\"keys\":{\"p256dh\":\"BGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPSh"
	    "OUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU=\",\"auth\":"
	    "\"" AUTH "==\",\"x\":1},\"endpoint\":\"" FIREFOX "\"}",
	    CANONICAL);
	accepted_at("HTTPS://UPDATES.push.services.Mozilla.com:443/wpush/v2/"
	    "gAAA-_1", FIREFOX);
	/* The path is what it is. */
	accepted_at("https://fcm.googleapis.com/fcm/send/a:B%2f?x=1&y",
	    "https://fcm.googleapis.com/fcm/send/a:B%2f?x=1&y");
	accepted_at("https://web.push.apple.com",
	    "https://web.push.apple.com");
}

static void
test_endpoint(void)
{
	static const char not_public[] = "endpoint: is not at a name of the "
	    "public DNS";
	static const char *const inside[] = { "localhost", "127.0.0.1",
	    "10.0.0.1", "2130706433", "0x7f.1", "127.1", "0x7f000001",
	    "printer", "a.localhost", "nas.local", "db.internal", "x.lan",
	    "router.home", "1.0.0.127.in-addr.arpa", "x.onion", "a..b",
	    ".com", "com.", "-a.com", "a-.com", "a_b.com", "%31.com", "",
	    "a.test" };
	char url[2100];

	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		snprintf(url, sizeof(url), "https://%s/x", inside[i]);
		refused_at(url, not_public);
	}
	refused_at("https://[::1]/x", "endpoint: is at an IP address, not at "
	    "a name");
	refused_at("http://updates.push.services.mozilla.com/x",
	    "endpoint: not https");
	refused_at("http://127.0.0.1:80/x", "endpoint: not https");
	refused_at("ftp://example.com/x", "endpoint: not https");
	refused_at("//example.com/x", "endpoint: not https");
	refused_at("", "endpoint: not https");
	refused_at("https://user@example.com/x",
	    "endpoint: has a user in it");
	refused_at("https://example.com:80@127.0.0.1/x",
	    "endpoint: has a user in it");
	refused_at("https://example.com:22/x",
	    "endpoint: has a port of its own");
	refused_at("https://example.com:4430/x",
	    "endpoint: has a port of its own");
	refused_at("https://example.com:x/x", "endpoint: its port is none");
	refused_at("https://example.com:123456/x",
	    "endpoint: its port is none");
	refused_at("https://example.com/x y", "endpoint: has a character "
	    "that no endpoint has");
	refused_at("https://example.com/\\r\\nX: y", "endpoint: has a "
	    "character that no endpoint has");
	refused_at("https://example.com/#x", "endpoint: has a character that "
	    "no endpoint has");
	refused_at("https://example.com\\\\@127.0.0.1/", "endpoint: has a "
	    "character that no endpoint has");
	refused_at("https://ex\xc3\xa1mple.com/", "endpoint: has a character "
	    "that no endpoint has");
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://a.com/", 14);
	url[ENDPOINT_MAX + 1] = '\0';
	refused_at(url, "endpoint: longer than 1800 bytes");
	url[ENDPOINT_MAX] = '\0';
	accepted_at(url, url);
	url[13] = 'a';
	refused_at(url, "endpoint: its host is too long");
}

static void
test_shape(void)
{
	refused("", "not a subscription in JSON");
	refused("{", "not a subscription in JSON");
	refused("[]", "not an object with endpoint and keys");
	refused("{}", "endpoint: missing, or not a string");
	refused("{\"endpoint\":7," KEYS "}",
	    "endpoint: missing, or not a string");
	refused("{\"endpoint\":\"" FIREFOX "\"}",
	    "keys.p256dh: missing, or not a string");
	refused("{\"endpoint\":\"" FIREFOX "\",\"keys\":{\"p256dh\":\"" POINT
	    "\"}}", "keys.auth: missing, or not a string");
	refused("{\"endpoint\":\"" FIREFOX "\",\"keys\":{\"p256dh\":\"" POINT
	    "\",\"auth\":\"AAAA\"}}", "keys.auth: not 16 bytes in base64url");
	refused("{\"endpoint\":\"" FIREFOX "\",\"keys\":{\"p256dh\":\"" POINT
	    "\",\"auth\":\"" AUTH "AA\"}}",
	    "keys.auth: not 16 bytes in base64url");
	/* One bit further: beside the curve. */
	refused("{\"endpoint\":\"" FIREFOX "\",\"keys\":{\"p256dh\":\"BGsX0fL"
	    "hLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1d"
	    "rMV7Oy7ZAaDe_UfQ\",\"auth\":\"" AUTH "\"}}", "keys.p256dh: not a "
	    "point of the curve P-256 in base64url");
	refused("{\"endpoint\":\"" FIREFOX "\",\"keys\":{\"p256dh\":\"" AUTH
	    "\",\"auth\":\"" AUTH "\"}}", "keys.p256dh: not a point of the "
	    "curve P-256 in base64url");
}

/* A simulator, or a push service in one's own network, by its name alone. */
static void
test_allowed(void)
{
	use_config("[provider web]\nkind = webpush\n"
	    "allow = 127.0.0.1 push.internal\n"
	    "[provider x]\nkind = ntfy\nallow = 10.0.0.1\n");
	accepted_at("http://127.0.0.1:8090/push/a",
	    "http://127.0.0.1:8090/push/a");
	accepted_at("https://push.internal:8443/a",
	    "https://push.internal:8443/a");
	refused_at("https://x.push.internal/a", "endpoint: is not at a name "
	    "of the public DNS");
	refused_at("http://10.0.0.1/a", "endpoint: not https");
	refused_at("http://127.0.0.1@10.0.0.1/a",
	    "endpoint: has a user in it");
	refused_at("http://127.0.0.1.example.com/a", "endpoint: not https");
	use_config("[site]\nname = x\n");
	refused_at("http://127.0.0.1:8090/push/a", "endpoint: not https");
	/* The services of the makers are allowed by default, not in clear. */
	use_config("[provider web]\nkind = webpush\n");
	refused_at("http://fcm.googleapis.com/fcm/send/a",
	    "endpoint: not https");
	refused_at("http://fcm.googleapis.com:6379/a", "endpoint: not https");
}

static void
test_listed(void)
{
	static const char list[] = "fcm.googleapis.com, push.apple.com";

	assert(subscription_host_is_listed(list, "fcm.googleapis.com"));
	assert(subscription_host_is_listed(list, "web.push.apple.com"));
	assert(subscription_host_is_listed(list, "FCM.googleapis.com"));
	assert(!subscription_host_is_listed(list, "evilpush.apple.com"));
	assert(!subscription_host_is_listed(list, "apple.com"));
	assert(!subscription_host_is_listed(list, "push.apple.com.evil.org"));
	assert(!subscription_host_is_listed(list, ""));
	assert(!subscription_host_is_listed(NULL, "a.com"));
}

/* As address_of_contact() and omni-contact read it. */
static void
test_address(void)
{
	struct arena mem = ARENA_INIT(65536);
	struct value *v = value_new_string("token"), *object;
	const char *why = NULL;
	char identity[ADDRESS_IDENTITY], big[PUSH_TOKEN_MAX + 2];
	struct error e;

	assert(strcmp(push_address(config, v, &mem, &why), "token") == 0);
	value_free(v);
	object = value_parse(CANONICAL, strlen(CANONICAL), &e);
	assert(strcmp(push_address(config, object, &mem, &why),
	    CANONICAL) == 0);
	value_free(object);
	memset(big, 'x', sizeof(big));
	big[PUSH_TOKEN_MAX + 1] = '\0';
	v = value_new_string(big);
	assert(push_address(config, v, &mem, &why) == NULL);
	assert(strcmp(why, "a push token has 1 to 500 bytes") == 0);
	value_free(v);
	v = value_new_string("{\"endpoint\":\"x\"}");
	assert(push_address(config, v, &mem, &why) == NULL);
	assert(strcmp(why, "endpoint: not https") == 0);
	value_free(v);
	v = value_new_integer(7);
	assert(push_address(config, v, &mem, &why) == NULL);
	assert(strcmp(why, "not an object with endpoint and keys") == 0);
	value_free(v);
	/* Mail is in small letters; a path with an @ in it is not mail. */
	assert(strcmp(address_identity("{\"endpoint\":\"https://a.b/X@Y\"}",
	    identity), "{\"endpoint\":\"https://a.b/X@Y\"}") == 0);
	arena_release(&mem);
}

int
main(void)
{
	record_setup();
	use_config("[site]\nname = x\n");
	test_one_form();
	test_endpoint();
	test_shape();
	test_allowed();
	test_listed();
	test_address();
	config_free(config);
	return 0;
}
