/*
 * Web Push: a notice to one browser, through the push service of its maker.
 *
 *	POST ENDPOINT
 *
 * Sources: RFC 8030 (the request), 8291 (encryption), 8292 (VAPID); how the
 * makers' services answer, from their documentation.
 */
#include "provider_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "provider/push.h"

#define TTL_MAX		((int64_t)28 * 86400)	/* what services keep */
#define TOKEN_S		((int64_t)12 * 3600)	/* RFC 8292: at most 24 h */
#define SUBJECT_MAX	200
#define SECRET_MAX	4096

/* Whom a push service writes to when something is wrong. */
static const char *
read_subject(const struct order *o, struct error *e)
{
	const char *s = http_setting(o, "subject", e);
	bool mail = s != NULL && strncmp(s, "mailto:", 7) == 0;
	size_t n = 0;

	while (s != NULL && s[n] > ' ' && s[n] < 0x7f && strchr("\"\\<>",
	    s[n]) == NULL)
		n++;
	if (s == NULL)
		return NULL;
	if (s[n] == '\0' && n > 8 && n <= SUBJECT_MAX && (mail ?
	    strchr(s + 8, '@') != NULL : strncmp(s, "https://", 8) == 0))
		return s;
	error_set(e, EX_CONFIG, "[provider %s] subject: neither mailto: and "
	    "an address nor https:// and a page", o->provider);
	return NULL;
}

static struct p256_key *
read_key(const struct buf *secret, const char *provider, struct error *e)
{
	struct p256_key *k = p256_key_read(buf_text(secret), secret->len);

	if (k == NULL)
		error_set(e, EX_CONFIG, "private_key of [provider %s] is not "
		    "a private key of the curve P-256, in PEM and without a "
		    "password", provider);
	return k;
}

int
webpush_sign_in(struct config *c, const char *provider,
    struct credentials *out, struct error *e)
{
	const struct order o = { .config = c, .provider = provider };
	struct p256_key *k;

	memset(out, 0, sizeof(*out));
	out->how = SIGN_IN_HEADERS;
	out->secret = (struct buf)BUF_INIT(SECRET_MAX);
	if (config_secret(c, "provider", provider, "private_key",
	    &out->secret, e) == -1)
		return -1;
	k = read_key(&out->secret, provider, e);
	if (k == NULL)
		return -1;
	p256_key_free(k);
	return read_subject(&o, e) == NULL ? -1 : 0;
}

static int
read_to(const struct order *o, struct subscription *out, struct error *e)
{
	struct error why;

	if (subscription_parse(o->config, o->to, out, &why) == -1)
		return error_set(e, EX_DATAERR, "to: %s", why.text);
	if (!subscription_host_is_listed(config_string(o->config, "provider",
	    o->provider, "allow"), out->host))
		return error_set(e, EX_DATAERR, "to: endpoint: %s is not in "
		    "[provider %s] allow", out->host, o->provider);
	return 0;
}

bool
webpush_server(const struct config *c, const char *to, char out[SERVER_MAX])
{
	struct subscription s;
	struct error ignored;

	if (subscription_parse(c, to, &s, &ignored) == -1)
		return false;
	snprintf(out, SERVER_MAX, "%s", s.origin);
	return true;
}

/* What the service worker of the site shows. */
static int
write_notice(const struct push_notice *n, struct buf *out, struct error *e)
{
	struct value *v = value_new_object();

	if (n->title != NULL)
		value_set_string(v, "title", n->title);
	value_set_string(v, "body", n->text);
	if (n->link != NULL)
		value_set_string(v, "url", n->link);
	value_set_string(v, "tag", n->tag);
	if (n->language != NULL)
		value_set_string(v, "lang", n->language);
	value_write(v, out);
	value_free(v);
	if (out->full || out->len > WEBPUSH_PLAIN_MAX)
		return error_set(e, EX_DATAERR, "text: with its title and "
		    "link the notice has more than the %d bytes that fit",
		    WEBPUSH_PLAIN_MAX);
	return 0;
}

/* With a key and a salt that are never used again. */
static int
encrypt(const struct subscription *to, const struct buf *plain,
    struct buf *out, struct error *e)
{
	struct p256_key *ours = p256_key_random();
	struct webpush_secrets s;
	unsigned char salt[WEBPUSH_SALT];
	int rc = 0;

	digest_random(salt, sizeof(salt));
	if (webpush_derive(ours, to, salt, &s))
		webpush_seal(&s, salt, ours, buf_text(plain), plain->len, out);
	else
		rc = error_set(e, EX_DATAERR, "to: keys.p256dh: not a point "
		    "of the curve P-256");
	explicit_bzero(&s, sizeof(s));
	p256_key_free(ours);
	return rc;
}

static int64_t
time_to_live(const struct order *o)
{
	int64_t left = o->expires - o->now;

	if (o->expires == 0 || left > TTL_MAX)
		return TTL_MAX;
	return left < 0 ? 0 : left;
}

static int
add_headers(const struct order *o, const struct subscription *to,
    const struct push_notice *n, struct buf *out, struct error *e)
{
	const char *subject = read_subject(o, e);
	struct p256_key *k;

	if (subject == NULL)
		return -1;
	if (o->who == NULL)
		return error_set(e, EX_CONFIG, "private_key of [provider %s] "
		    "was not read", o->provider);
	k = read_key(&o->who->secret, o->provider, e);
	if (k == NULL)
		return -1;
	buf_printf(out, "TTL: %" PRId64 "\nUrgency: %s\nTopic: %s\n"
	    "Content-Encoding: aes128gcm\nAuthorization: ", time_to_live(o),
	    n->urgency, n->tag);
	webpush_sign(k, to->origin, subject, o->signing + TOKEN_S, out);
	buf_char(out, '\n');
	p256_key_free(k);
	return 0;
}

int
webpush_build(const struct order *o, struct request *out, struct error *e)
{
	struct buf plain = BUF_INIT(2 * (size_t)RECORD_MAX);
	struct subscription to;
	struct push_notice n;
	int rc = -1;

	if (read_to(o, &to, e) == 0 && push_read_notice(o, &n, e) == 0 &&
	    add_headers(o, &to, &n, &out->headers, e) == 0 &&
	    write_notice(&n, &plain, e) == 0)
		rc = encrypt(&to, &plain, &out->body, e);
	buf_release(&plain);
	if (rc == -1)
		return -1;
	if (out->headers.full || out->body.full)
		return error_set(e, EX_DATAERR, "the request gets too long");
	snprintf(out->to, sizeof(out->to), "%s", o->to);
	out->method = "POST";
	out->content_type = "application/octet-stream";
	snprintf(out->url, sizeof(out->url), "%s", to.endpoint);
	return 0;
}

/* Answers. */

static void
read_accepted(const struct response *r, struct verdict *out)
{
	const char *s = r->location;

	out->outcome = OUTCOME_ACCEPTED;
	out->code[0] = out->text[0] = '\0';
	/* It names the message; some services give none. */
	while (*s > ' ' && *s < 0x7f)
		s++;
	if (*s == '\0')
		snprintf(out->provider_id, sizeof(out->provider_id), "%s",
		    r->location);
}

/* What a status says of the subscription, or of our key, and not of another. */
static void
settle(struct verdict *out, enum outcome outcome)
{
	out->outcome = outcome;
	out->outage = false;
	out->wait = 0;
}

void
webpush_read(const struct response *r, struct verdict *out)
{
	struct value *json = http_json(r);
	const char *said = value_get_string(json, "message");

	memset(out, 0, sizeof(*out));
	http_read(r, out);
	if (!r->failed && r->code >= 400 && said != NULL && *said != '\0')
		http_say(out, said);
	value_free(json);
	if (r->failed)
		return;
	if (r->code >= 300 && r->code < 400) {
		/* Of this subscription: others need not wait for it. */
		settle(out, OUTCOME_REFUSED);
		http_say(out, "the push service sends us elsewhere, and we "
		    "do not follow");
	}
	switch (r->code) {
	case 200:
	case 201:
	case 202:
		read_accepted(r, out);
		break;
	case 401:
		settle(out, OUTCOME_SETUP);
		break;
	case 403:
		/* A subscription to another key than ours (RFC 8292, 4.2). */
		settle(out, OUTCOME_REFUSED);
		out->bring_forward = true;
		break;
	case 404:
	case 410:
		settle(out, OUTCOME_ADDRESS);
		break;
	default:
		break;
	}
}
