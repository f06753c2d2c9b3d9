/* What providers have in common that are spoken to by HTTP and JSON. */

#include "provider_impl.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#define DIGITS		"0123456789"
#define SECRET_MAX	4096	/* as config_get.c reads */
#define WAIT_MAX	((int64_t)7 * 86400)
#define RUN_MIN		24	/* letters and digits: may be a credential */

const struct code *
code_find(const struct code *table, size_t count, int64_t code)
{
	for (size_t i = 0; i < count; i++)
		if (code == table[i].first ||
		    (code > table[i].first && code <= table[i].last))
			return &table[i];
	return NULL;
}

bool
provider_is_this_machine(const char *host)
{
	static const char *const names[] = { "127.0.0.1", "localhost",
	    "[::1]" };
	size_t len;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i]);
		if (strncasecmp(host, names[i], len) == 0 &&
		    (host[len] == '\0' || strchr(":/", host[len]) != NULL))
			return true;
	}
	return false;
}

static bool
is_base(const char *url)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-._~:/[]";
	size_t n = strncmp(url, "https://", 8) == 0 ? 8 :
	    strncmp(url, "http://", 7) == 0 ? 7 : 0;

	/* No user or password, which would be printed with it. */
	return n > 0 && (isalnum((unsigned char)url[n]) || url[n] == '[') &&
	    strspn(url, plain) == strlen(url) &&
	    (n == 8 || provider_is_this_machine(url + n));
}

int
http_base(const struct order *o, const char *standard, char *out, size_t size,
    struct error *e)
{
	const char *url = config_string(o->config, "provider", o->provider,
	    "base_url");
	size_t len;

	if (url == NULL)
		url = standard;
	len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	snprintf(out, size, "%.*s", (int)len, url);
	if (len >= size || !is_base(out))
		return error_set(e, EX_CONFIG, "[provider %s] base_url: "
		    "neither https:// nor http:// to this machine itself, "
		    "with no more than a host, a port and a path", o->provider);
	return 0;
}

int
provider_check_base(const struct config *c, const char *provider,
    struct error *e)
{
	const struct order o = { .provider = provider, .config = c };
	char base[1024];

	return http_base(&o, "https://localhost", base, sizeof(base), e);
}

const char *
http_setting(const struct order *o, const char *key, struct error *e)
{
	const char *value = config_string(o->config, "provider", o->provider,
	    key);

	if (value == NULL)
		error_set(e, EX_CONFIG, "[provider %s] has no %s",
		    o->provider, key);
	return value;
}

int
http_secret(struct config *c, const char *provider, const char *key,
    struct credentials *out, struct error *e)
{
	out->secret = (struct buf)BUF_INIT(SECRET_MAX);
	if (config_secret(c, "provider", provider, key, &out->secret,
	    e) == -1)
		return -1;
	for (size_t i = 0; i < out->secret.len; i++)
		if (out->secret.data[i] <= ' ' || out->secret.data[i] >= 0x7f)
			return error_set(e, EX_CONFIG, "%s of [provider %s] "
			    "has a blank or another character that it cannot "
			    "have", key, provider);
	return 0;
}

int
http_check_number(const char *to, struct error *e)
{
	size_t n = to == NULL || to[0] != '+' ? 0 : strspn(to + 1, DIGITS);

	if (n < 8 || n > 15 || to[1 + n] != '\0')
		return error_set(e, EX_DATAERR, "to: not a number of 8 to 15 "
		    "digits with a plus");
	return 0;
}

/* A Twilio sid stands for something, and opens nothing. */
static bool
is_public(const char *s, size_t len)
{
	return len == TWILIO_SID_LEN && isupper((unsigned char)s[0]) &&
	    isupper((unsigned char)s[1]);
}

void
http_say(struct verdict *out, const char *said)
{
	struct buf text = BUF_INIT((size_t)2 * ERROR_MAX);
	size_t n, digits;

	for (; *said != '\0' && text.len < ERROR_MAX; said += n) {
		digits = 0;
		for (n = 0; isalnum((unsigned char)said[n]); n++)
			digits += isdigit((unsigned char)said[n]) != 0;
		if (n >= RUN_MIN && digits > 0 && !is_public(said, n)) {
			buf_str(&text, "...");
			continue;
		}
		n = n == 0 ? 1 : n;
		buf_add(&text, said, n < ERROR_MAX ? n : ERROR_MAX);
	}
	text_escape(out->text, sizeof(out->text), buf_text(&text), text.len);
	buf_release(&text);
}

void
http_doubt(struct verdict *out, const char *what)
{
	out->outcome = OUTCOME_UNKNOWN;
	snprintf(out->text, sizeof(out->text), "%s", what);
}

static void
read_failure(const struct response *r, struct verdict *out)
{
	snprintf(out->code, sizeof(out->code), "transfer %d", r->code);
	http_say(out, r->text);
	if (r->started)
		out->outcome = OUTCOME_UNKNOWN;
	else
		out->outcome = r->certificate ? OUTCOME_SETUP : OUTCOME_LATER;
	out->outage = out->outcome != OUTCOME_SETUP;
}

/*
 * 408 says that the request did not come in whole, but not what became of it.
 * What is not found, not allowed or asks for a proxy's password is asked at
 * the wrong place or by the wrong person.  That is so where the provider itself
 * says it, with a code of its own.
 */
static enum outcome
status_outcome(int status)
{
	if (status >= 300 && status < 400)
		return OUTCOME_SETUP;
	switch (status) {
	case 401:
	case 402:
	case 403:
	case 404:
	case 405:
	case 407:
	case 410:
	case 421:
		return OUTCOME_SETUP;
	case 425:
	case 429:
		return OUTCOME_LATER;
	case 408:
		return OUTCOME_UNKNOWN;
	default:
		return status >= 400 && status < 500 ? OUTCOME_REFUSED :
		    OUTCOME_UNKNOWN;
	}
}

/*
 * Without a code these may come from something on the way, such as a firewall
 * that dislikes one text: that stops one message, and many in a row the run.
 */
static bool
is_maybe_anothers(int status)
{
	return status == 403 || status == 404 || status == 405 ||
	    status == 410;
}

static void
say_status(const struct response *r, struct verdict *out)
{
	char text[ERROR_MAX + 64];

	if (r->code >= 300 && r->code < 400)
		snprintf(text, sizeof(text), "base_url: the server sends us "
		    "elsewhere%s%s", r->text[0] == '\0' ? "" : ": ", r->text);
	else
		snprintf(text, sizeof(text), "HTTP status %d%s%s", r->code,
		    r->text[0] == '\0' ? "" : ": ", r->text);
	http_say(out, text);
}

int64_t
http_wait(const struct response *r)
{
	return r->retry_after < 0 ? 0 : r->retry_after > WAIT_MAX ? WAIT_MAX :
	    r->retry_after;
}

void
http_read(const struct response *r, struct verdict *out)
{
	if (r->failed) {
		read_failure(r, out);
		return;
	}
	snprintf(out->code, sizeof(out->code), "HTTP %d", r->code);
	out->outcome = is_maybe_anothers(r->code) ? OUTCOME_LATER :
	    status_outcome(r->code);
	out->outage = r->code >= 500 || r->code < 200 ||
	    is_maybe_anothers(r->code);
	if (out->outcome == OUTCOME_LATER || out->outage)
		out->wait = http_wait(r);
	say_status(r, out);
}

void
http_read_json(const struct response *r, http_reader *accepted,
    http_reader *refused, struct verdict *out)
{
	struct value *json = http_json(r);

	memset(out, 0, sizeof(*out));
	http_read(r, out);
	if (!r->failed && r->code >= 200 && r->code < 300)
		accepted(r, json, out);
	else if (!r->failed && r->code >= 400)
		refused(r, json, out);
	value_free(json);
}

struct value *
http_json(const struct response *r)
{
	struct error ignored;

	if (r->failed || r->cut || r->body.len == 0)
		return NULL;
	return value_parse(buf_text(&r->body), r->body.len, &ignored);
}

const char *
http_json_fault(const struct response *r)
{
	if (r->cut)
		return "the answer breaks off or is too long";
	return r->body.len == 0 ? "the answer is empty" :
	    "the answer is not JSON";
}

void
http_apply(const struct response *r, int64_t number, const struct code *code,
    struct verdict *out)
{
	snprintf(out->code, sizeof(out->code), "%" PRId64, number);
	if (is_maybe_anothers(r->code)) {
		out->outcome = status_outcome(r->code);
		out->outage = false;
		out->wait = 0;
	}
	/* Too many at a time is that, whatever else it is called. */
	if (code == NULL || code->answer == OUTCOME_MAX || r->code == 429) {
		if (code != NULL && code->wait > out->wait)
			out->wait = code->wait;
		return;
	}
	out->outcome = code->answer;
	out->outage = code->flags & CODE_OUTAGE;
	out->bring_forward = code->flags & CODE_FORWARD;
	if (out->outcome == OUTCOME_LATER && http_wait(r) > out->wait)
		out->wait = http_wait(r);
	if (code->wait > out->wait)
		out->wait = code->wait;
}
