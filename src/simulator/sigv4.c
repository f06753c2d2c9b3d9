/*
 * AWS Signature Version 4, from the side of who checks it.
 */
#include "sigv4.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"

#define ALGORITHM	"AWS4-HMAC-SHA256"
#define SKEW_MAX	300	/* seconds */
#define DATE_LEN	16	/* 20260105T120000Z */
#define DAY_LEN		8
#define CANONICAL_MAX	(64 * 1024)
#define NAME_LEN	64	/* of a header */

struct credential {
	const char *key, *day, *region, *service, *end;
	char *headers, *signature;
};

/* "Credential=..., SignedHeaders=..., Signature=...": the value of one. */
static char *
part_of(struct exchange *x, const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (at == NULL)
		return NULL;
	at += strlen(name);
	return arena_strndup(&x->mem, at, strcspn(at, ", "));
}

/* AK/20260105/us-east-1/ses/aws4_request */
static bool
read_credential(struct exchange *x, struct credential *c)
{
	const char *text = request_header(x, "Authorization"), **part[] = {
	    &c->key, &c->day, &c->region, &c->service, &c->end };
	char *scope, *save = NULL;

	if (text == NULL ||
	    strncmp(text, ALGORITHM " ", sizeof(ALGORITHM)) != 0)
		return false;
	scope = part_of(x, text, "Credential=");
	c->headers = part_of(x, text, "SignedHeaders=");
	c->signature = part_of(x, text, "Signature=");
	if (scope == NULL || c->headers == NULL || c->signature == NULL)
		return false;
	for (size_t i = 0; i < 5; i++) {
		*part[i] = strtok_r(i == 0 ? scope : NULL, "/", &save);
		if (*part[i] == NULL)
			return false;
	}
	return true;
}

/* "20260105T120000Z" */
static bool
is_now(const char *date)
{
	char text[32];
	instant at;

	if (strlen(date) != DATE_LEN)
		return false;
	snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", date,
	    date + 4, date + 6, date + 9, date + 11, date + 13);
	return clock_parse(text, &at) &&
	    llabs((long long)(clock_now() - at)) <= SKEW_MAX;
}

/* Every header is signed that AWS does not do without. */
static bool
are_signed(struct exchange *x, const char *list)
{
	static const char *const wanted[] = { "host", "x-amz-date",
	    "x-amz-security-token", "x-amz-content-sha256" };
	char *all = arena_printf(&x->mem, ";%s;", list);

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (request_header(x, wanted[i]) != NULL && strstr(all,
		    arena_printf(&x->mem, ";%s;", wanted[i])) == NULL)
			return false;
	return request_header(x, "host") != NULL &&
	    request_header(x, "x-amz-date") != NULL;
}

/* What is signed, as one hash. */
static void
hash_request(struct exchange *x, const char *list, char out[DIGEST_HEX])
{
	struct buf b = BUF_INIT(CANONICAL_MAX);
	char name[NAME_LEN], payload[DIGEST_HEX];
	const char *value;
	size_t len;

	buf_printf(&b, "%s\n%s\n\n", x->method, x->path);
	for (const char *s = list; *s != '\0'; s += len + (s[len] == ';')) {
		len = strcspn(s, ";");
		snprintf(name, sizeof(name), "%.*s", (int)len, s);
		value = request_header(x, name);
		/* One that is signed and was not sent fits nothing. */
		buf_printf(&b, "%s:%s\n", name, value == NULL ? "\1" : value);
	}
	digest_sha256(x->body.data, x->body.len, payload);
	buf_printf(&b, "\n%s\n%s", list, payload);
	digest_sha256(buf_text(&b), b.len, out);
	buf_release(&b);
}

static void
sign(struct exchange *x, const struct credential *c, const char *date,
    char out[DIGEST_HEX])
{
	unsigned char key[DIGEST_LEN], next[DIGEST_LEN];
	const char *parts[] = { c->day, c->region, c->service, c->end };
	const char *first = arena_printf(&x->mem, "AWS4%s",
	    x->sim->set.aws_secret_access_key), *text;
	char hash[DIGEST_HEX];

	hash_request(x, c->headers, hash);
	text = arena_printf(&x->mem, ALGORITHM "\n%s\n%s/%s/%s/%s\n%s", date,
	    c->day, c->region, c->service, c->end, hash);
	for (size_t i = 0; i < 4; i++) {
		digest_hmac_sha256_bytes(i == 0 ? (const void *)first : key,
		    i == 0 ? strlen(first) : sizeof(key), parts[i],
		    strlen(parts[i]), next);
		memcpy(key, next, sizeof(key));
	}
	digest_hmac_sha256(key, sizeof(key), text, strlen(text), out);
}

static bool
is_same_token(const struct exchange *x)
{
	const char *want = x->sim->set.aws_session_token;
	const char *got = request_header(x, "X-Amz-Security-Token");

	return want == NULL || got == NULL ? want == got :
	    digest_equal(got, want);
}

/* The digest that the request names is that of the body. */
static bool
is_whole(const struct exchange *x)
{
	const char *named = request_header(x, "X-Amz-Content-Sha256");
	char hash[DIGEST_HEX];

	digest_sha256(x->body.data, x->body.len, hash);
	return named == NULL || strcmp(named, hash) == 0;
}

bool
sigv4_check(struct exchange *x, const char *service, const char **name,
    const char **text)
{
	const char *date = request_header(x, "X-Amz-Date");
	struct credential c;
	char want[DIGEST_HEX];

	if (!read_credential(x, &c) || date == NULL) {
		*name = "MissingAuthenticationTokenException";
		*text = "Missing Authentication Token";
		return false;
	}
	if (!digest_equal(c.key, x->sim->set.aws_access_key_id) ||
	    !is_same_token(x)) {
		*name = "UnrecognizedClientException";
		*text = "The security token included in the request is "
		    "invalid.";
		return false;
	}
	if (!is_now(date)) {
		*name = "InvalidSignatureException";
		*text = "Signature expired: the clocks are more than 5 "
		    "minutes apart.";
		return false;
	}
	sign(x, &c, date, want);
	*name = "SignatureDoesNotMatch";
	*text = "The request signature we calculated does not match the "
	    "signature you provided. Check your AWS Secret Access Key and "
	    "signing method.";
	return strcmp(c.service, service) == 0 &&
	    strcmp(c.end, "aws4_request") == 0 &&
	    strncmp(c.day, date, DAY_LEN) == 0 && strlen(c.day) == DAY_LEN &&
	    are_signed(x, c.headers) && is_whole(x) &&
	    digest_equal(c.signature, want);
}
