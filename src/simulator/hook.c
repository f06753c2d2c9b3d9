/*
 * Callbacks as bytes: a form signed as Twilio signs it, JSON signed as Meta
 * signs it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "callback.h"
#include "twilio.h"

#define HOOK_MAX	(4 * 1024 * 1024)
#define WEBHOOK		"http://localhost/whatsapp"	/* for the file alone */

struct pair {
	const char *name, *value;
};

static void
encode(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz", *s) != NULL)
			buf_char(b, *s);
		else if (*s == ' ')
			buf_char(b, '+');
		else
			buf_printf(b, "%%%02X", (unsigned char)*s);
}

static int
by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* providers.md 2.5; sorts the pairs. */
static void
sign_form(struct hook *h, const char *token, struct pair *pairs, size_t count)
{
	struct buf data = BUF_INIT(HOOK_MAX);
	unsigned char mac[20];
	char text[32];

	qsort(pairs, count, sizeof(*pairs), by_name);
	buf_str(&data, buf_text(&h->url));
	for (size_t i = 0; i < count; i++) {
		buf_str(&data, pairs[i].name);
		buf_str(&data, pairs[i].value);
		if (i > 0)
			buf_char(&h->body, '&');
		encode(&h->body, pairs[i].name);
		buf_char(&h->body, '=');
		encode(&h->body, pairs[i].value);
	}
	digest_hmac_sha1(token, strlen(token), data.data, data.len, mac);
	digest_base64(mac, sizeof(mac), text);
	snprintf(h->header, sizeof(h->header), "X-Twilio-Signature: %s", text);
	buf_release(&data);
}

/* "#rc=5&rp=all": how often, and whether a bad status is a failure too. */
static void
read_overrides(struct hook *h, const char *fragment)
{
	const char *rc = strstr(fragment, "rc=");

	h->tries = 2;
	if (rc != NULL && rc[3] >= '0' && rc[3] <= '5')
		h->tries = 1 + rc[3] - '0';
	h->any_failure = strstr(fragment, "rp=all") != NULL ||
	    strstr(fragment, "5xx") != NULL;
}

static void
add_pair(struct pair *pairs, size_t *count, const char *name,
    const char *value)
{
	if (value != NULL)
		pairs[(*count)++] = (struct pair){ name, value };
}

#define PAIRS_MAX	20

/* What Twilio tells of a message. */
static size_t
message_pairs(const struct step *e, struct pair *pairs, const char *code)
{
	const struct message *m = e->message;
	size_t n = 0;

	add_pair(pairs, &n, "MessageSid", m->id);
	add_pair(pairs, &n, "MessageStatus", e->status);
	add_pair(pairs, &n, "SmsSid", m->id);
	add_pair(pairs, &n, "SmsStatus", e->status);
	add_pair(pairs, &n, "MessagingServiceSid", m->service);
	add_pair(pairs, &n, "ErrorCode", e->error == 0 ? NULL : code);
	return n;
}

/* The texts that the pairs of a call point to. */
struct line {
	char sequence[16], at[TWILIO_DATE], key[2];
};

/* The same of a call: a status, or a key. */
static size_t
call_pairs(const struct step *e, struct pair *pairs, struct line *l)
{
	const struct message *m = e->message;
	bool over = strcmp(e->status, "completed") == 0;
	size_t n = 0;

	l->key[0] = call_key(m, e->keys);
	snprintf(l->sequence, sizeof(l->sequence), "%d", e->sequence);
	add_pair(pairs, &n, "CallSid", m->id);
	add_pair(pairs, &n, "CallStatus", e->status);
	add_pair(pairs, &n, "Called", m->to);
	add_pair(pairs, &n, "Caller", m->from);
	add_pair(pairs, &n, "Direction", "outbound-api");
	/* Whoever is asked for a key has been told apart before. */
	add_pair(pairs, &n, "AnsweredBy", call_answered_by(m, e->action !=
	    NULL ? "completed" : e->status));
	if (e->action != NULL) {
		add_pair(pairs, &n, "Digits", l->key);
		add_pair(pairs, &n, "FinishedOnKey", "");
		add_pair(pairs, &n, "msg", l->key[0] == '\0' ?
		    "Gather Timeout" : "Gather End");
		return n;
	}
	add_pair(pairs, &n, "SequenceNumber", l->sequence);
	add_pair(pairs, &n, "Timestamp", twilio_date(clock_now(), l->at));
	add_pair(pairs, &n, "CallbackSource", "call-progress-events");
	add_pair(pairs, &n, "CallDuration", over ? "12" : NULL);
	add_pair(pairs, &n, "Duration", over ? "1" : NULL);
	return n;
}

static bool
twilio_hook(const struct simulator *s, struct step *e)
{
	const struct message *m = e->message;
	bool call = strcmp(m->kind, "call") == 0;
	const char *url = e->action != NULL ? e->action : m->callback;
	struct hook *h = &e->hook;
	struct pair pairs[PAIRS_MAX];
	struct line line = { .key = "" };
	char code[16];
	size_t n, len;

	if (url == NULL || (call && e->action == NULL &&
	    !call_is_told(m, e->status)))
		return false;
	len = strcspn(url, "#");
	buf_add(&h->url, url, len);
	read_overrides(h, url + len);
	snprintf(code, sizeof(code), "%d", e->error);
	n = call ? call_pairs(e, pairs, &line) : message_pairs(e, pairs, code);
	add_pair(pairs, &n, "To", m->to);
	add_pair(pairs, &n, "From", m->from);
	add_pair(pairs, &n, "AccountSid", m->account);
	add_pair(pairs, &n, "ApiVersion", "2010-04-01");
	h->type = "application/x-www-form-urlencoded; charset=UTF-8";
	sign_form(h, s->set.auth_token, pairs, n);
	return true;
}

/* A Mexican mobile is 521... for Meta. */
static const char *
wa_id(const char *to, char out[64])
{
	size_t n = 0;

	for (; *to != '\0' && n < 62; to++)
		if (*to >= '0' && *to <= '9')
			out[n++] = *to;
	out[n] = '\0';
	if (n == 12 && strncmp(out, "52", 2) == 0) {
		memmove(out + 3, out + 2, n - 1);
		out[2] = '1';
	}
	return out;
}

static void
put_errors(struct buf *b, int code)
{
	char text[64];

	emit_open(b, "errors", '[');
	emit_open(b, NULL, '{');
	emit_integer(b, "code", code);
	snprintf(text, sizeof(text), "Error %d", code);
	emit_string(b, "title", text);
	emit_string(b, "message", text);
	emit_open(b, "error_data", '{');
	emit_string(b, "details", "As the simulator was told");
	emit_close(b, '}');
	emit_string(b, "href", "https://developers.facebook.com/docs/"
	    "whatsapp/cloud-api/support/error-codes/");
	emit_close(b, '}');
	emit_close(b, ']');
}

static void
put_status(struct buf *b, const struct step *e)
{
	const struct message *m = e->message;
	char id[64], now[32];

	emit_open(b, NULL, '{');
	emit_string(b, "id", m->id);
	emit_string(b, "status", e->status);
	snprintf(now, sizeof(now), "%jd", (intmax_t)clock_now());
	emit_string(b, "timestamp", now);
	emit_string(b, "recipient_id", wa_id(m->to, id));
	if (m->reference != NULL)
		emit_string(b, "biz_opaque_callback_data", m->reference);
	if (strcmp(e->status, "delivered") == 0)
		emit_raw(b, "pricing", "{\"billable\":true,\"pricing_model\":"
		    "\"PMP\",\"type\":\"regular\",\"category\":\"utility\"}");
	if (e->error != 0)
		put_errors(b, e->error);
	emit_close(b, '}');
}

static void
put_value(struct buf *b, const struct step *e)
{
	char id[64];

	emit_open(b, "value", '{');
	emit_string(b, "messaging_product", "whatsapp");
	emit_open(b, "metadata", '{');
	emit_string(b, "display_phone_number", "15550783881");
	emit_string(b, "phone_number_id", e->message->account);
	emit_close(b, '}');
	if (e->error == 0) {
		emit_open(b, "contacts", '[');
		for (const struct step *one = e; one != NULL;
		    one = one->batch) {
			emit_open(b, NULL, '{');
			emit_string(b, "wa_id", wa_id(one->message->to, id));
			emit_close(b, '}');
		}
		emit_close(b, ']');
	}
	emit_open(b, "statuses", '[');
	for (; e != NULL; e = e->batch)
		put_status(b, e);
	emit_close(b, ']');
	emit_close(b, '}');
}

static void
put_webhook(struct buf *b, const struct step *e)
{
	emit_open(b, NULL, '{');
	emit_string(b, "object", "whatsapp_business_account");
	emit_open(b, "entry", '[');
	emit_open(b, NULL, '{');
	emit_string(b, "id", "102290129340398");
	emit_open(b, "changes", '[');
	emit_open(b, NULL, '{');
	emit_string(b, "field", "messages");
	put_value(b, e);
	emit_close(b, '}');
	emit_close(b, ']');
	emit_close(b, '}');
	emit_close(b, ']');
	emit_close(b, '}');
}

static bool
whatsapp_hook(const struct simulator *s, struct step *e)
{
	const char *url = s->set.whatsapp_webhook;
	const char *key = s->set.app_secret;
	struct hook *h = &e->hook;
	char mac[DIGEST_HEX];

	if (url == NULL && s->set.callback_dir == NULL)
		return false;
	buf_str(&h->url, url == NULL ? WEBHOOK : url);
	put_webhook(&h->body, e);
	digest_hmac_sha256(key, strlen(key), h->body.data, h->body.len, mac);
	snprintf(h->header, sizeof(h->header),
	    "X-Hub-Signature-256: sha256=%s", mac);
	h->type = "application/json";
	h->tries = 5;
	h->any_failure = true;
	return true;
}

bool
hook_build(const struct simulator *s, struct step *e)
{
	e->hook = (struct hook){ .url = BUF_INIT(HOOK_MAX),
	    .body = BUF_INIT(HOOK_MAX) };
	return e->message->provider == SCOPE_TWILIO ? twilio_hook(s, e) :
	    whatsapp_hook(s, e);
}

void
hook_release(struct hook *h)
{
	buf_release(&h->url);
	buf_release(&h->body);
}

static bool
is_loopback(const char *host)
{
	static const char *const names[] = { "127.0.0.1", "localhost",
	    "[::1]" };
	size_t len = host[0] == '[' ? strcspn(host, "]") + 1 :
	    strcspn(host, ":/?");

	for (size_t i = 0; i < 3; i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(host, names[i], len) == 0)
			return true;
	return false;
}

bool
hook_target(struct hook *h, const char *server, struct buf *url)
{
	const char *host = strstr(buf_text(&h->url), "://");
	size_t len;

	if (host == NULL)
		return false;
	host += 3;
	len = strcspn(host, "/?");
	if (server == NULL) {
		buf_str(url, buf_text(&h->url));
		return is_loopback(host);
	}
	snprintf(h->host, sizeof(h->host), "Host: %.*s", (int)len, host);
	buf_str(url, server);
	if (host[len] != '/')
		buf_char(url, '/');
	buf_str(url, host + len);
	return true;
}

void
hook_write(const struct hook *h, struct buf *raw)
{
	const char *host = strstr(buf_text(&h->url), "://");
	const char *path;
	int len;

	host = host == NULL ? buf_text(&h->url) : host + 3;
	len = (int)strcspn(host, "/?");
	path = host + len;
	buf_printf(raw, "POST %s%s HTTP/1.1\r\nHost: %.*s\r\n"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n%s\r\n\r\n",
	    *path == '/' ? "" : "/", path, len, host, h->type, h->body.len,
	    h->header);
	buf_add(raw, h->body.data, h->body.len);
}
