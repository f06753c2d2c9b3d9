#include "subscription.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/digest.h"

#define LETTERS		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS		"0123456789"
#define HOST_MAX	253
#define LABEL_MAX	63

bool
subscription_is_meant(const char *to)
{
	return to[strspn(to, " \t\r\n")] == '{';
}

bool
subscription_host_is_listed(const char *list, const char *host)
{
	char word[256];
	size_t len, n = strlen(host);

	for (size_t i = 0; list != NULL && config_word(list, i, word,
	    sizeof(word)); i++) {
		len = strlen(word);
		if (len <= n && strcasecmp(host + n - len, word) == 0 &&
		    (len == n || host[n - len - 1] == '.'))
			return true;
	}
	return false;
}

/* By name: a domain above it says nothing of a machine of ours. */
static bool
is_allowed(const struct config *c, const char *host)
{
	const char *name, *list;
	char word[256];

	for (size_t i = 0; (name = config_name(c, "provider", i)) != NULL;
	    i++) {
		if (strcmp(config_string(c, "provider", name, "kind"),
		    "webpush") != 0)
			continue;
		list = config_string(c, "provider", name, "allow");
		for (size_t k = 0; config_word(list, k, word, sizeof(word));
		    k++)
			if (strcasecmp(word, host) == 0)
				return true;
	}
	return false;
}

static bool
are_labels(const char *host)
{
	size_t n, count = 0;

	if (strlen(host) > HOST_MAX)
		return false;
	for (;; host += n + 1, count++) {
		n = strspn(host, LETTERS DIGITS "-");
		if (n == 0 || n > LABEL_MAX || host[0] == '-' ||
		    host[n - 1] == '-' || strchr(".", host[n]) == NULL)
			return false;
		if (host[n] == '\0')
			break;
	}
	return count > 0;
}

/*
 * Two labels at least, the last of which begins with a letter: so neither
 * 10.0.0.1 nor 0x7f.1.  Domains that no public server has (RFC 6761, 6762,
 * 7686, 8375), and those that networks give themselves, are none.
 */
static bool
is_public_name(const char *host)
{
	static const char *const own[] = { "localhost", "local", "internal",
	    "intranet", "private", "corp", "home", "lan", "arpa", "onion",
	    "invalid", "test" };
	const char *last = strrchr(host, '.');

	if (!are_labels(host) || last == NULL ||
	    !isalpha((unsigned char)last[1]))
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcasecmp(last + 1, own[i]) == 0)
			return false;
	return true;
}

static int
bad_endpoint(struct error *e, const char *why)
{
	return error_set(e, EX_DATAERR, "endpoint: %s", why);
}

/* "host:8090": the host, in small letters; -1: more than fits. */
static int
split_host(const char *authority, size_t len, char *host, size_t size,
    const char **port)
{
	size_t n = 0;

	while (n < len && authority[n] != ':')
		n++;
	if (n >= size)
		return -1;
	for (size_t i = 0; i < n; i++)
		host[i] = (char)tolower((unsigned char)authority[i]);
	host[n] = '\0';
	*port = authority + n;
	return 0;
}

static int
read_authority(const struct config *c, const char *url, bool tls,
    struct subscription *out, struct error *e)
{
	size_t len = strcspn(url, "/?");
	const char *port;
	size_t digits;

	if (memchr(url, '@', len) != NULL)
		return bad_endpoint(e, "has a user in it");
	if (url[0] == '[')
		return bad_endpoint(e, "is at an IP address, not at a name");
	if (split_host(url, len, out->host, sizeof(out->host), &port) == -1)
		return bad_endpoint(e, "its host is too long");
	digits = port == url + len ? 0 : strspn(port + 1, DIGITS);
	if (port + (*port == ':') + digits != url + len || digits > 5)
		return bad_endpoint(e, "its port is none");
	if (tls && digits == 3 && strncmp(port, ":443", 4) == 0)
		digits = 0;	/* as browsers do */
	snprintf(out->origin, sizeof(out->origin), "%s://%s%.*s",
	    tls ? "https" : "http", out->host, digits == 0 ? 0 :
	    (int)digits + 1, port);
	snprintf(out->endpoint, sizeof(out->endpoint), "%s%s", out->origin,
	    url + len);
	/* The services of all the world are in the default of `allow`. */
	if (is_allowed(c, out->host) && (tls || !is_public_name(out->host)))
		return 0;
	if (!tls)
		return bad_endpoint(e, "not https");
	if (!is_public_name(out->host))
		return bad_endpoint(e, "is not at a name of the public DNS");
	if (digits != 0)
		return bad_endpoint(e, "has a port of its own");
	return 0;
}

/* What RFC 3986 lets stand in a URL as it is, but for brackets and '#'. */
static bool
is_plain(const char *s)
{
	return s[strspn(s, LETTERS DIGITS "-._~!$&'()*+,;=:@/?%[]")] == '\0';
}

static int
read_endpoint(const struct config *c, const char *url,
    struct subscription *out, struct error *e)
{
	if (url == NULL)
		return bad_endpoint(e, "missing, or not a string");
	if (strlen(url) > ENDPOINT_MAX)
		return error_set(e, EX_DATAERR, "endpoint: longer than %d "
		    "bytes", ENDPOINT_MAX);
	if (!is_plain(url))
		return bad_endpoint(e, "has a character that no endpoint "
		    "has");
	if (strncasecmp(url, "https://", 8) == 0)
		return read_authority(c, url + 8, true, out, e);
	if (strncasecmp(url, "http://", 7) == 0)
		return read_authority(c, url + 7, false, out, e);
	return bad_endpoint(e, "not https");
}

static int
read_keys(const struct value *keys, struct subscription *out,
    struct error *e)
{
	const char *point = value_get_string(keys, "p256dh");
	const char *auth = value_get_string(keys, "auth");

	if (point == NULL || auth == NULL)
		return error_set(e, EX_DATAERR, "keys.%s: missing, or not a "
		    "string", point == NULL ? "p256dh" : "auth");
	if (digest_base64_read(point, out->p256dh, P256_POINT) != P256_POINT ||
	    !p256_is_point(out->p256dh))
		return error_set(e, EX_DATAERR, "keys.p256dh: not a point of "
		    "the curve P-256 in base64url");
	if (digest_base64_read(auth, out->auth, SUBSCRIPTION_AUTH) !=
	    SUBSCRIPTION_AUTH)
		return error_set(e, EX_DATAERR, "keys.auth: not %d bytes in "
		    "base64url", SUBSCRIPTION_AUTH);
	return 0;
}

static int
read_members(const struct config *c, const struct value *v,
    struct subscription *out, struct error *e)
{
	if (value_type(v) != VALUE_OBJECT)
		return error_set(e, EX_DATAERR, "not an object with endpoint "
		    "and keys");
	if (read_endpoint(c, value_get_string(v, "endpoint"), out, e) == -1)
		return -1;
	return read_keys(value_get(v, "keys"), out, e);
}

int
subscription_parse(const struct config *c, const char *text,
    struct subscription *out, struct error *e)
{
	struct value *v = value_parse(text, strlen(text), e);
	int rc = -1;

	if (v == NULL)
		error_set(e, EX_DATAERR, "not a subscription in JSON");
	else
		rc = read_members(c, v, out, e);
	value_free(v);
	return rc;
}

/* Nothing in it needs an escape. */
char *
subscription_write(const struct subscription *s,
    char out[SUBSCRIPTION_MAX + 1])
{
	char point[2 * P256_POINT], auth[2 * SUBSCRIPTION_AUTH];

	snprintf(out, SUBSCRIPTION_MAX + 1, "{\"endpoint\":\"%s\",\"keys\":{"
	    "\"auth\":\"%s\",\"p256dh\":\"%s\"}}", s->endpoint,
	    digest_base64url(s->auth, sizeof(s->auth), auth),
	    digest_base64url(s->p256dh, sizeof(s->p256dh), point));
	return out;
}

const char *
push_address(const struct config *c, const struct value *v,
    struct arena *mem, const char **why)
{
	const char *token = value_string(v);
	char text[SUBSCRIPTION_MAX + 1];
	struct subscription s;
	struct error e;
	int rc;

	if (token != NULL && !subscription_is_meant(token)) {
		if (*token != '\0' && strlen(token) <= PUSH_TOKEN_MAX)
			return token;
		*why = "a push token has 1 to 500 bytes";
		return NULL;
	}
	rc = token != NULL ? subscription_parse(c, token, &s, &e) :
	    read_members(c, v, &s, &e);
	if (rc == 0)
		return arena_strdup(mem, subscription_write(&s, text));
	*why = arena_printf(mem, "%s", e.text);
	return NULL;
}
