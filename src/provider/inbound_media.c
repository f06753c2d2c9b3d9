/*
 * Twilio: MediaUrl0 and so on are URLs of its API, which may want the
 * credential of the account and redirect to a host that must not see it.
 *
 *	https://api.twilio.com/2010-04-01/Accounts/AC.../Messages/MM.../
 *	Media/ME...
 *
 * WhatsApp: an id; GET /VERSION/ID names a link that lives five minutes and
 * wants the same bearer token.
 *
 * Source: Twilio's and Meta's references of webhooks and media.
 */
#include "inbound_media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "provider_impl.h"

#define TWILIO		"https://api.twilio.com"
#define GRAPH		"https://graph.facebook.com"
#define DIGITS		"0123456789"
#define LETTERS		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define ID_MAX		128
#define HEX_LEN		64

/* A name that begins with a dot means all hosts below it. */
static const struct {
	const char *kind, *host;
	bool ours;
} hosts[] = {
	{ "twilio", "api.twilio.com", true },
	{ "twilio", ".twiliocdn.com", false },
	{ "twilio", ".twilio.com", false },
	{ "twilio", "s3-external-1.amazonaws.com", false },
	{ "whatsapp", "graph.facebook.com", true },
	{ "whatsapp", "lookaside.fbsbx.com", true },
	{ "whatsapp", ".fbsbx.com", false },
	{ "whatsapp", ".fbcdn.net", false },
	{ "whatsapp", ".whatsapp.net", false }
};

static int
base_of(const struct config *c, const struct inbound_media *m, char *out,
    size_t size, struct error *e)
{
	const struct order o = { .config = c, .provider = m->provider };

	return http_base(&o, strcmp(m->kind, "twilio") == 0 ? TWILIO : GRAPH,
	    out, size, e);
}

/* "https://host:port" of a URL: how many bytes; 0 when it is none. */
static size_t
origin(const char *url)
{
	size_t n = strncasecmp(url, "https://", 8) == 0 ? 8 :
	    strncasecmp(url, "http://", 7) == 0 ? 7 : 0, len;

	if (n == 0)
		return 0;
	len = strspn(url + n, LETTERS DIGITS ".-:[]");
	/* A user before an "@" would only look like the host. */
	return len > 0 && strchr("/?#", url[n + len]) != NULL ? n + len : 0;
}

static bool
is_host(const char *host, size_t len, const char *known)
{
	size_t n = strlen(known);

	if (known[0] == '.')
		return len > n && strncasecmp(host + len - n, known, n) == 0;
	return len == n && strncasecmp(host, known, n) == 0;
}

/* Where base_url says the provider is, which may be this machine. */
static bool
is_base(const struct config *c, const struct inbound_media *m,
    const char *url, size_t len)
{
	struct error ignored;
	char base[1024];

	return base_of(c, m, base, sizeof(base), &ignored) == 0 &&
	    origin(base) == len && strncasecmp(base, url, len) == 0;
}

enum inbound_host
inbound_media_host(const struct config *c, const struct inbound_media *m,
    const char *url)
{
	size_t end = origin(url), len;

	if (end == 0 || strlen(url) >= INBOUND_URL_MAX)
		return INBOUND_STRANGE;
	if (is_base(c, m, url, end))
		return INBOUND_OURS;
	if (strncasecmp(url, "https://", 8) != 0)
		return INBOUND_STRANGE;
	len = end - 8;
	if (len > 4 && strncmp(url + end - 4, ":443", 4) == 0)
		len -= 4;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strcmp(hosts[i].kind, m->kind) == 0 &&
		    is_host(url + 8, len, hosts[i].host))
			return hosts[i].ours ? INBOUND_OURS : INBOUND_KNOWN;
	return INBOUND_STRANGE;
}

/* The section of that kind whose `key` is `value`; NULL: none. */
static const char *
section_with(const struct config *c, const char *kind, const char *key,
    const char *value, size_t len)
{
	const char *name, *is, *own;

	for (size_t i = 0; (name = config_name(c, "provider", i)) != NULL;
	    i++) {
		is = config_string(c, "provider", name, "kind");
		own = config_string(c, "provider", name, key);
		if (is != NULL && strcmp(is, kind) == 0 && own != NULL &&
		    strlen(own) == len && strncmp(own, value, len) == 0)
			return name;
	}
	return NULL;
}

static int
find_twilio(const struct config *c, const struct value *one,
    struct inbound_media *m, struct error *e)
{
	static const char accounts[] = "/Accounts/";
	const char *url = value_get_string(one, "url"), *account;
	size_t end = url == NULL ? 0 : origin(url), len;

	if (end == 0 || strlen(url) >= sizeof(m->url))
		return error_set(e, EX_DATAERR, "no URL of Twilio's");
	account = strstr(url + end, accounts);
	if (account == NULL)
		return error_set(e, EX_DATAERR, "no URL of Twilio's media");
	account += strlen(accounts);
	len = strcspn(account, "/?#");
	m->provider = section_with(c, "twilio", "account_sid", account, len);
	if (m->provider == NULL)
		return error_set(e, EX_DATAERR, "no [provider] has the "
		    "account that it is of");
	if (inbound_media_host(c, m, url) != INBOUND_OURS)
		return error_set(e, EX_DATAERR, "not at a host of Twilio's");
	snprintf(m->url, sizeof(m->url), "%s", url);
	return 0;
}

static int
find_whatsapp(const struct config *c, const struct value *event,
    const struct value *one, struct inbound_media *m, struct error *e)
{
	const char *number = value_get_string(event, "phone_number_id");
	const char *id = value_get_string(one, "id"), *version;
	char base[1024];
	int n;

	if (id == NULL || id[0] == '\0' || strlen(id) > ID_MAX ||
	    strspn(id, LETTERS DIGITS "_-") != strlen(id))
		return error_set(e, EX_DATAERR, "no id of WhatsApp's");
	m->provider = number == NULL ? NULL : section_with(c, "whatsapp",
	    "phone_number_id", number, strlen(number));
	if (m->provider == NULL)
		return error_set(e, EX_DATAERR, "no [provider] has the "
		    "phone_number_id that it came to");
	if (base_of(c, m, base, sizeof(base), e) == -1)
		return -1;
	version = config_string(c, "provider", m->provider, "version");
	m->asks = true;
	n = snprintf(m->url, sizeof(m->url), "%s/%s/%s?phone_number_id=%s",
	    base, version, id, number);
	return n > 0 && (size_t)n < sizeof(m->url) ? 0 : error_set(e,
	    EX_CONFIG, "[provider %s] base_url: too long", m->provider);
}

int
inbound_media_find(const struct config *c, const struct value *event,
    const struct value *one, struct inbound_media *m, struct error *e)
{
	const char *kind = value_get_string(event, "provider");
	bool twilio = kind != NULL && strcmp(kind, "twilio") == 0;

	*m = (struct inbound_media){ .kind = twilio ? "twilio" : "whatsapp" };
	if (!twilio && (kind == NULL || strcmp(kind, "whatsapp") != 0))
		return error_set(e, EX_DATAERR, "no provider keeps it");
	if ((twilio ? find_twilio(c, one, m, e) : find_whatsapp(c, event, one,
	    m, e)) == -1)
		return -1;
	if (config_string(c, "provider", m->provider, twilio ? "auth_token" :
	    "access_token") == NULL)
		return error_set(e, EX_DATAERR, "[provider %s] has no %s",
		    m->provider, twilio ? "auth_token" : "access_token");
	return 0;
}

int
inbound_media_link(const char *body, size_t len, struct inbound_link *out,
    struct error *e)
{
	struct value *root = value_parse(body, len, e);
	const char *url = value_get_string(root, "url");
	const char *digest = value_get_string(root, "sha256");
	const char *size = value_get_string(root, "file_size");
	int rc = 0;

	*out = (struct inbound_link){ .size = -1 };
	if (url == NULL || strlen(url) >= sizeof(out->url))
		rc = error_set(e, EX_TEMPFAIL, "the answer names no link");
	else
		snprintf(out->url, sizeof(out->url), "%s", url);
	if (!value_integer(value_get(root, "file_size"), &out->size) &&
	    size != NULL && strspn(size, DIGITS) == strlen(size) &&
	    strlen(size) > 0 && strlen(size) < 12)
		out->size = strtoll(size, NULL, 10);
	/* Webhooks have it in base64, this answer in hexadecimal. */
	if (digest != NULL && strlen(digest) == HEX_LEN && strspn(digest,
	    DIGITS "abcdef") == HEX_LEN)
		snprintf(out->digest, sizeof(out->digest), "%s", digest);
	value_free(root);
	return rc;
}
