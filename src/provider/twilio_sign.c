#include "twilio_hook.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/digest.h"

/*
 * The signature is base64(HMAC-SHA1(auth token, data)), where data is the URL
 * and, for a form, each name and value in order of names; a body that is no
 * form is covered by its SHA-256 in the query.
 *
 * Source: twilio.com/docs/usage/security and the validators of Twilio's own
 * libraries (twilio-node webhooks.ts, twilio-python request_validator.py),
 * which try the URL with and without its port and with the query encoded in
 * two ways, because Twilio's services do not agree on either.  We try the
 * same, and the query as received.
 */
#define SIGNATURE_LEN	28	/* base64 of 20 bytes */
#define BODY_HASH	"bodySHA256"
#define DIGITS		"0123456789"
#define LETTERS		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct url {
	const char *text;
	size_t host_end;	/* where ":443" stands or would stand */
	size_t port_end;	/* == host_end without a port */
	size_t query;		/* at the '?', or the end */
	size_t end;		/* before the fragment, which nobody signs */
	const char *standard_port;
};

struct candidate {
	const char *token, *signature;
	const struct url *url;
	const struct buf *fields;	/* the form, as it is signed */
};

/* False when `text` is no http or https URL. */
static bool
url_split(struct url *u, const char *text)
{
	const bool https = strncasecmp(text, "https://", 8) == 0;
	const size_t start = https ? 8 : 7;
	size_t at, colon;

	if (!https && strncasecmp(text, "http://", 7) != 0)
		return false;
	u->text = text;
	u->standard_port = https ? ":443" : ":80";
	u->end = strcspn(text, "#");
	u->query = strcspn(text, "?#");
	u->port_end = start + strcspn(text + start, "/?#");
	/* user:password@ also has a colon; [::1] has several. */
	for (at = u->port_end; at > start && text[at - 1] != '@'; at--)
		;
	for (colon = u->port_end; colon > at && text[colon - 1] >= '0' &&
	    text[colon - 1] <= '9'; colon--)
		;
	u->host_end = colon > at && text[colon - 1] == ':' ? colon - 1 :
	    u->port_end;
	return u->host_end > at;
}

static int
compare_bytes(const char *a, size_t alen, const char *b, size_t blen)
{
	int rc = memcmp(a, b, alen < blen ? alen : blen);

	return rc != 0 ? rc : (alen > blen) - (alen < blen);
}

static int
compare_pairs(const void *a, const void *b)
{
	const struct form_pair *x = a, *y = b;
	int rc;

	rc = compare_bytes(x->name, x->name_len, y->name, y->name_len);
	return rc != 0 ? rc :
	    compare_bytes(x->value, x->value_len, y->value, y->value_len);
}

/* A value that is given twice under one name is signed once. */
static void
sign_form(const struct form *f, struct buf *out)
{
	qsort(f->pairs, f->count, sizeof(*f->pairs), compare_pairs);
	for (size_t i = 0; i < f->count; i++) {
		if (i > 0 && compare_pairs(&f->pairs[i - 1],
		    &f->pairs[i]) == 0)
			continue;
		buf_add(out, f->pairs[i].name, f->pairs[i].name_len);
		buf_add(out, f->pairs[i].value, f->pairs[i].value_len);
	}
}

/* As JavaScript's encodeURIComponent() does. */
static void
encode(struct buf *out, const char *s, size_t len)
{
	static const char plain[] = LETTERS DIGITS "-_.!~*'()";

	for (size_t i = 0; i < len; i++)
		if (memchr(plain, s[i], sizeof(plain) - 1) != NULL)
			buf_char(out, s[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)s[i]);
}

/* The query decoded and encoded again: '+' is %20 now, %27 an apostrophe. */
static void
query_encoded_again(struct buf *out, const struct form *query)
{
	buf_char(out, '?');
	for (size_t i = 0; i < query->count; i++) {
		if (i > 0)
			buf_char(out, '&');
		encode(out, query->pairs[i].name, query->pairs[i].name_len);
		buf_char(out, '=');
		encode(out, query->pairs[i].value, query->pairs[i].value_len);
	}
}

/* The query as a URL parser writes it: the apostrophe escaped. */
static void
query_quoted(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] == '\'')
			buf_str(out, "%27");
		else
			buf_char(out, s[i]);
}

static bool
signed_with(const struct candidate *c, const char *port, size_t port_len,
    const struct buf *query)
{
	const struct url *u = c->url;
	struct buf data = BUF_INIT(SIZE_MAX / 4);
	unsigned char mac[20];
	char text[SIGNATURE_LEN + 1];

	buf_add(&data, u->text, u->host_end);
	buf_add(&data, port, port_len);
	buf_add(&data, u->text + u->port_end, u->query - u->port_end);
	buf_add(&data, buf_text(query), query->len);
	buf_add(&data, buf_text(c->fields), c->fields->len);
	digest_hmac_sha1(c->token, strlen(c->token), buf_text(&data),
	    data.len, mac);
	buf_release(&data);
	digest_base64(mac, sizeof(mac), text);
	return digest_equal(text, c->signature);
}

static bool
signed_with_query(const struct candidate *c, const struct buf *query)
{
	const struct url *u = c->url;
	const size_t len = u->port_end - u->host_end;
	bool with, without;

	without = signed_with(c, "", 0, query);
	with = len > 0 ? signed_with(c, u->text + u->host_end, len, query) :
	    signed_with(c, u->standard_port, strlen(u->standard_port), query);
	return with || without;
}

/* Every form of the URL is tried, so that time does not tell which matched. */
static bool
signed_anyhow(const struct candidate *c, const struct form *query)
{
	const struct url *u = c->url;
	struct buf text = BUF_INIT(SIZE_MAX / 4);
	bool raw, quoted, again;

	buf_add(&text, u->text + u->query, u->end - u->query);
	raw = signed_with_query(c, &text);
	buf_clear(&text);
	query_quoted(&text, u->text + u->query, u->end - u->query);
	quoted = signed_with_query(c, &text);
	buf_clear(&text);
	if (query->count > 0)
		query_encoded_again(&text, query);
	again = signed_with_query(c, &text);
	buf_release(&text);
	return raw || quoted || again;
}

static bool
is_form(const char *content_type)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const size_t len = sizeof(form) - 1;

	return content_type != NULL &&
	    strncasecmp(content_type, form, len) == 0 &&
	    strchr("; \t", content_type[len]) != NULL;	/* or the end */
}

/*
 * The URL alone is signed when the body is no form, so the hash in it must
 * answer for the body.  A hash that is there must fit in any case: else the
 * signed URL of a recorded request would do for another body, or for none.
 */
static bool
body_hash_fits(const char *want, const char *body, size_t len, bool form)
{
	char hash[DIGEST_HEX];

	if (want == NULL || want[0] == '\0')
		return form || len == 0;
	return digest_equal(digest_sha256(body, len, hash), want);
}

bool
twilio_signature_valid(const char *token, const char *url,
    const char *content_type, const char *body, size_t len,
    const char *signature, struct arena *mem)
{
	struct buf fields = BUF_INIT(SIZE_MAX / 4);
	struct form query = { .count = 0 }, form = { .count = 0 };
	struct url u;
	struct candidate c = { .token = token, .signature = signature,
	    .url = &u, .fields = &fields };
	struct error ignored;
	bool valid;

	if (token[0] == '\0' || signature == NULL || !url_split(&u, url))
		return false;
	if (u.query < u.end && form_parse(&query, url + u.query + 1,
	    u.end - u.query - 1, mem, &ignored) == -1)
		return false;
	if (!body_hash_fits(form_get(&query, BODY_HASH), body, len,
	    is_form(content_type)))
		return false;
	if (is_form(content_type)) {
		if (form_parse(&form, body, len, mem, &ignored) == -1)
			return false;
		sign_form(&form, &fields);
	}
	valid = signed_anyhow(&c, &query);
	buf_release(&fields);
	return valid;
}
