/*
 * Tokens: all that a program needs which only checks a link, and no library
 * for mail addresses, records or time zones.
 */
#include "links.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"

#define VERSION		'1'
#define QUARTER		900
#define EXPIRY_MAX	0xffffff
#define HEAD_LEN	6	/* version, purpose, end */
#define MAC_LEN		10	/* bytes: 80 bits */
#define MAC_TEXT	14
#define MAIL_TOKEN_LEN	16	/* bytes */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_digits[] = "0123456789ABCDEF";

static const struct {
	char letter;
	const char *name;
} purposes[LINK_PURPOSES] = {
	[LINK_CONFIRM] = { 'c', "confirm" },
	[LINK_PREFERENCES] = { 'p', "preferences" },
	[LINK_UNSUBSCRIBE] = { 'u', "unsubscribe" }
};

const char *
link_name(enum link_purpose p)
{
	return purposes[p].name;
}

enum link_purpose
link_purpose_of(const char *name)
{
	enum link_purpose p = 0;

	while (p < LINK_PURPOSES && strcmp(name, link_name(p)) != 0)
		p++;
	return p;
}

/*
 * Set-up
 */

/* What can stand in a URL before a path of ours: no query, no user. */
static bool
is_web_address(const char *s)
{
	size_t n = strncmp(s, "https://", 8) == 0 ? 8 :
	    strncmp(s, "http://", 7) == 0 ? 7 : 0;

	return n > 0 && s[n] != '/' && s[n] != '\0' &&
	    s[n + strspn(s + n, LINK_PLAIN "_~:/%[]")] == '\0';
}

static int
read_base(struct links *l, const char *url, struct error *e)
{
	if (!is_web_address(url) || strlen(url) > LINKS_BASE_MAX)
		return error_set(e, EX_CONFIG, "[site] public_url: not a web "
		    "address of at most %d bytes, which [links] needs",
		    LINKS_BASE_MAX);
	snprintf(l->base, sizeof(l->base), "%s", url);
	return 0;
}

/* The errors name the setting, never what is in it. */
static int
read_key(struct links *l, struct config *c, struct error *e)
{
	struct error why;

	if (config_secret(c, "links", NULL, "key", &l->key, &why) == -1)
		return error_set(e, EX_CONFIG, "%s", why.text);
	if (l->key.full || l->key.len < LINKS_KEY_MIN)
		return error_set(e, EX_CONFIG, "key of [links]: has %zu bytes, "
		    "%d are needed", l->key.len, LINKS_KEY_MIN);
	return 0;
}

int
links_open(struct links *l, struct config *c, struct error *e)
{
	const char *url = config_string(c, "site", NULL, "public_url");

	*l = (struct links){ .key = BUF_INIT(LINKS_KEY_MAX),
	    .timezone = config_string(c, "site", NULL, "timezone") };
	if (config_string(c, "links", NULL, "key") == NULL)
		return 0;
	l->ttl = config_duration(c, "links", NULL, "ttl");
	if (l->ttl == 0)
		return error_set(e, EX_CONFIG, "[links] ttl: no time at all");
	if (read_key(l, c, e) == -1 || (url != NULL &&
	    read_base(l, url, e) == -1)) {
		links_release(l);
		return -1;
	}
	l->on = url != NULL;
	return 0;
}

void
links_release(struct links *l)
{
	if (l->key.data != NULL)
		explicit_bzero(l->key.data, l->key.len);
	buf_release(&l->key);
	l->on = false;
}

/*
 * Tokens
 */

/* base64url of `len` bytes without padding; returns the end of `out`. */
static char *
encode(const unsigned char *bytes, size_t len, char *out)
{
	unsigned int bits = 0;
	int have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = alphabet[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*out++ = alphabet[bits << (6 - have) & 63];
	*out = '\0';
	return out;
}

static char *
put_expiry(instant t, char *out)
{
	int64_t n = t <= 0 ? 0 : (t + QUARTER - 1) / QUARTER;

	if (n > EXPIRY_MAX)
		n = EXPIRY_MAX;
	return encode((unsigned char[]){ (unsigned char)(n >> 16),
	    (unsigned char)(n >> 8 & 255), (unsigned char)(n & 255) }, 3, out);
}

static instant
get_expiry(const char *s)
{
	int64_t n = 0;

	for (int i = 0; i < 4; i++)
		n = n << 6 | (strchr(alphabet, s[i]) - alphabet);
	return n * QUARTER;
}

static char *
put_id(const char *id, char *out)
{
	for (; *id != '\0'; id++) {
		unsigned char c = (unsigned char)*id;

		if (strchr(LINK_PLAIN, *id) != NULL) {
			*out++ = *id;
			continue;
		}
		*out++ = '_';
		*out++ = hex_digits[c >> 4];
		*out++ = hex_digits[c & 15];
	}
	return out;
}

/* Of `len` bytes that put_id() wrote. */
static void
get_id(const char *s, size_t len, char out[LINK_ID_MAX + 1])
{
	size_t n = 0;

	for (const char *end = s + len; s < end && n < LINK_ID_MAX; s++) {
		int c = (unsigned char)*s;

		if (c == '_') {
			c = (int)((strchr(hex_digits, s[1]) - hex_digits) * 16 +
			    (strchr(hex_digits, s[2]) - hex_digits));
			s += 2;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
}

static void
sign(const struct links *l, const char *token, size_t len, char *out)
{
	struct buf text = BUF_INIT(LINK_TOKEN_SIZE + 16);
	unsigned char md[DIGEST_LEN];

	/* Whatever else the key may come to sign begins differently. */
	buf_str(&text, "omni link ");
	buf_add(&text, token, len);
	digest_hmac_sha256_bytes(l->key.data, l->key.len, text.data, text.len,
	    md);
	encode(md, MAC_LEN, out);
	buf_release(&text);
}

char *
link_token(const struct links *l, enum link_purpose p, const char *id,
    instant expires, char out[LINK_TOKEN_SIZE])
{
	char *end = out;

	if (!l->on || id == NULL || *id == '\0' || strlen(id) > LINK_ID_MAX)
		return NULL;
	*end++ = VERSION;
	*end++ = purposes[p].letter;
	end = put_id(id, put_expiry(expires, end));
	sign(l, out, (size_t)(end - out), end);
	return out;
}

char *
link_url(const struct links *l, enum link_purpose p, const char *id,
    instant expires, char out[LINK_URL_SIZE])
{
	char token[LINK_TOKEN_SIZE];

	if (link_token(l, p, id, expires, token) == NULL)
		return NULL;
	snprintf(out, LINK_URL_SIZE, "%s/%s?t=%s", l->base, purposes[p].name,
	    token);
	return out;
}

char *
link_mail_token(const struct links *l, const char *id,
    char out[LINK_MAIL_TOKEN])
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct buf text = BUF_INIT(strlen(id) + 16);
	unsigned char md[DIGEST_LEN];
	char hash[DIGEST_HEX], *end = out;
	unsigned int bits = 0;
	int have = 0;

	if (l->key.len == 0) {
		digest_sha256(id, strlen(id), hash);
		snprintf(out, LINK_MAIL_TOKEN, "%.24s", hash);
		return out;
	}
	buf_str(&text, "omni mail ");
	buf_str(&text, id);
	digest_hmac_sha256_bytes(l->key.data, l->key.len, text.data, text.len,
	    md);
	for (size_t i = 0; i < MAIL_TOKEN_LEN; i++) {
		bits = bits << 8 | md[i];
		for (have += 8; have >= 5; have -= 5)
			*end++ = base32[bits >> (have - 5) & 31];
	}
	*end++ = base32[bits << (5 - have) & 31];
	*end = '\0';
	buf_release(&text);
	return out;
}

enum link_status
link_verify(const struct links *l, enum link_purpose p, const char *token,
    instant now, struct link *out)
{
	size_t len = strlen(token), signed_len;
	char mac[MAC_TEXT + 1];

	if (!l->on || len <= HEAD_LEN + MAC_TEXT || len >= LINK_TOKEN_SIZE ||
	    token[0] != VERSION || token[strspn(token, LINK_BYTES)] != '\0')
		return LINK_MALFORMED;
	signed_len = len - MAC_TEXT;
	sign(l, token, signed_len, mac);
	if (!digest_equal(mac, token + signed_len) ||
	    token[1] != purposes[p].letter)
		return LINK_FORGED;
	/* From here on it is what link_token() wrote. */
	out->purpose = p;
	out->expires = get_expiry(token + 2);
	get_id(token + HEAD_LEN, signed_len - HEAD_LEN, out->id);
	return now < out->expires ? LINK_GOOD : LINK_EXPIRED;
}

