/*
 * Mail by SES v2, push by ntfy and by Web Push.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/p256.h"
#include "emit.h"
#include "sigv4.h"
#include "simulator.h"

#define PUSH_LONGEST	4096	/* bytes */
#define NTFY_LONGEST	4096
#define NTFY_LISTED	1000	/* messages of a topic, the newest */

/*
 * SES
 */

/* Our reference: the tag "ref". */
static const char *
tag_reference(const struct value *json)
{
	const struct value *tags = value_get(json, "EmailTags"), *one;
	const char *name;

	for (size_t i = 0; i < value_count(tags); i++) {
		one = value_at(tags, i);
		name = value_get_string(one, "Name");
		if (name != NULL && strcmp(name, "ref") == 0)
			return value_get_string(one, "Value");
	}
	return NULL;
}

void
ses_check(struct exchange *x)
{
	const struct value *content = value_get(x->json, "Content");
	const char *to = value_string(value_path(x->json,
	    "Destination.ToAddresses.0"));
	bool raw = value_path(content, "Raw.Data") != NULL;
	const char *name, *text;

	x->authorized = sigv4_check(x, "ses", &name, &text);
	x->to = to != NULL ? to : raw ? "raw" : NULL;
	x->from = value_get_string(x->json, "FromEmailAddress");
	x->text = value_string(value_path(content, "Simple.Subject.Data"));
	x->reference = tag_reference(x->json);
	if (!x->authorized)
		answer_named(x, 403, name, text);
	else if (x->json == NULL)
		answer_error(x, 400, 0, "The body is no JSON.");
	else if (raw && !ses_raw_mail(x))
		answer_error(x, 400, 0, "Content.Raw.Data is no base64.");
	else if (!raw && value_get(content, "Simple") == NULL &&
	    value_get(content, "Template") == NULL)
		answer_error(x, 400, 0, "Content is missing.");
	else if (x->to == NULL)
		answer_error(x, 400, 0, "Destination is missing.");
	else if (x->from == NULL && !raw)
		answer_error(x, 400, 0, "FromEmailAddress is missing.");
	else if (raw)
		x->text = ses_mail_header(x, "Subject");
}

/* A code that was set for the recipient; 0: none. */
static int
refusal(struct exchange *x)
{
	const char *what = answer_for(x, x->to), *colon;

	if (what == NULL)
		return 0;
	colon = strchr(what, ':');
	return (int)strtol(colon == NULL ? what : colon + 1, NULL, 10);
}

static int
status_of(int code)
{
	return code >= 400 && code < 600 ? code :
	    code >= 40000 && code < 60000 ? code / 100 : 400;
}

static bool
is_refused(struct exchange *x)
{
	int code = refusal(x);

	if (code != 0)
		answer_error(x, status_of(code), code,
		    "As the simulator was told");
	return code != 0;
}

static void
accept_plain(struct exchange *x, char *id)
{
	const char *kept = x->mail.len == 0 ? NULL : mail_keep(x->sim,
	    &x->mem, id, &x->mail);
	struct message m = {
		.provider = x->route->scope, .kind = "message", .id = id,
		.to = x->to, .from = x->from,
		.body = kept == NULL ? x->text : kept,
		.reference = x->reference, .created = clock_now(),
		.sent = clock_now(), .status = "sent", .segments = 1
	};

	accept_message(x, &m);
}

void
ses_send(struct exchange *x)
{
	char id[64], hex[41];

	if (is_refused(x))
		return;
	random_hex(hex, 40);
	snprintf(id, sizeof(id), "0100%.12s-%.8s-%.4s-%.4s-%.4s-%.8s-000000",
	    hex, hex + 12, hex + 20, hex + 24, hex + 28, hex + 32);
	accept_plain(x, id);
	x->status = 200;
	emit_open(&x->answer, NULL, '{');
	emit_string(&x->answer, "MessageId", id);
	emit_close(&x->answer, '}');
}

/*
 * ntfy
 */

/* As JSON to /, or as text to /ntfy/TOPIC. */
void
ntfy_check(struct exchange *x)
{
	bool json = x->part[0] == NULL;

	x->authorized = request_header(x, "Authorization") != NULL;
	x->to = json ? value_get_string(x->json, "topic") : x->part[0];
	x->text = json ? value_get_string(x->json, "message") :
	    buf_text(&x->body);
	x->from = json ? value_get_string(x->json, "title") :
	    request_header(x, "Title");
	if (json && x->json == NULL)
		answer_error(x, 400, 40024, "request body must be message "
		    "object");
	else if (x->to == NULL)
		answer_error(x, 400, 40009, "topic invalid");
	else if (x->text == NULL)
		x->text = "triggered";
	else if (strlen(x->text) > NTFY_LONGEST)
		answer_error(x, 413, 41301, "attachments are not played");
}

static void
show_notice(struct buf *b, const char *id, instant time, const char *topic,
    const char *title, const char *text)
{
	emit_open(b, NULL, '{');
	emit_string(b, "id", id);
	emit_integer(b, "time", time);
	emit_integer(b, "expires", time + 12 * 3600);
	emit_string(b, "event", "message");
	emit_string(b, "topic", topic);
	if (title != NULL)
		emit_string(b, "title", title);
	emit_string(b, "message", text);
	emit_close(b, '}');
}

void
ntfy_publish(struct exchange *x)
{
	char id[13];

	if (is_refused(x))
		return;
	accept_plain(x, random_hex(id, 12));
	x->status = 200;
	show_notice(&x->answer, id, clock_now(), x->to, x->from, x->text);
}

void
ntfy_check_list(struct exchange *x)
{
	x->authorized = request_header(x, "Authorization") != NULL;
	x->to = x->part[0];
	if (form_get(&x->query, "poll") == NULL)
		answer_error(x, 400, 40099, "only polling is played");
}

/* The oldest first; `since` is a time, or all that there is. */
void
ntfy_list(struct exchange *x)
{
	const char *since = form_get(&x->query, "since");
	int64_t from = since == NULL ? INT64_MAX : strtoll(since, NULL, 10);
	struct message *m = store_newest(&x->sim->store, x->to);
	const struct message *list[NTFY_LISTED];
	struct buf line = BUF_INIT(RECORD_MAX);
	size_t count = 0;

	for (; m != NULL && count < NTFY_LISTED; m = m->older_to)
		if (m->provider == SCOPE_NTFY && m->created >= from)
			list[count++] = m;
	x->status = 200;
	x->type = "application/x-ndjson; charset=utf-8";
	while (count-- > 0) {
		buf_clear(&line);
		show_notice(&line, list[count]->id, list[count]->created,
		    x->to, list[count]->from, list[count]->body);
		buf_add(&x->answer, line.data, line.len);
		buf_char(&x->answer, '\n');
	}
	buf_release(&line);
}

/*
 * Web Push
 */

/* One piece of a token, decoded; NULL: it is no JSON. */
static struct value *
read_piece(struct exchange *x, const char *piece, size_t len)
{
	char *text = arena_alloc(&x->mem, len + 1);
	struct error ignored;
	int n = digest_base64_read(arena_strndup(&x->mem, piece, len), text,
	    len);

	return n < 0 ? NULL : value_parse(text, (size_t)n, &ignored);
}

/* What RFC 8292 asks of the claims; NULL: all is well. */
static const char *
claims_fault(struct exchange *x, const struct value *claims)
{
	const char *host = request_header(x, "Host");
	const char *audience = value_get_string(claims, "aud");
	const char *subject = value_get_string(claims, "sub");
	int64_t expires = 0, now = clock_real();

	if (audience == NULL || host == NULL || strcmp(audience,
	    arena_printf(&x->mem, "http://%s", host)) != 0)
		return "aud is not this server";
	if (!value_integer(value_get(claims, "exp"), &expires) ||
	    expires <= now || expires > now + 86400)
		return "exp is not in the next 24 hours";
	if (subject == NULL || (strncmp(subject, "mailto:", 7) != 0 &&
	    strncmp(subject, "https:", 6) != 0))
		return "sub is neither mailto: nor https:";
	return NULL;
}

static const char *
token_fault(struct exchange *x, const char *token, const char *key)
{
	size_t head = strcspn(token, "."), body = token[head] == '\0' ? 0 :
	    strcspn(token + head + 1, "."), signed_len = head + 1 + body;
	unsigned char point[P256_POINT], signature[P256_SIGNATURE];
	struct value *header, *claims;
	const char *algorithm, *fault;

	if (body == 0 || token[signed_len] != '.' ||
	    digest_base64_read(token + signed_len + 1, signature,
	    sizeof(signature)) != P256_SIGNATURE || digest_base64_read(key,
	    point, sizeof(point)) != P256_POINT ||
	    !p256_verify(point, token, signed_len, signature))
		return "the signature is not that of k";
	header = read_piece(x, token, head);
	claims = read_piece(x, token + head + 1, body);
	algorithm = value_get_string(header, "alg");
	fault = algorithm == NULL || strcmp(algorithm, "ES256") != 0 ?
	    "alg is not ES256" : claims_fault(x, claims);
	value_free(header);
	value_free(claims);
	return fault;
}

/* "vapid t=TOKEN, k=KEY" */
static const char *
vapid_fault(struct exchange *x)
{
	const char *auth = request_header(x, "Authorization"), *comma, *key;
	const char *fault;

	if (auth == NULL || strncmp(auth, "vapid t=", 8) != 0)
		return "VAPID is missing";
	comma = strchr(auth, ',');
	key = comma == NULL ? NULL : strstr(comma, "k=");
	if (key == NULL)
		return "VAPID has no k";
	x->from = arena_strdup(&x->mem, key + 2);
	fault = token_fault(x, arena_strndup(&x->mem, auth + 8,
	    (size_t)(comma - auth - 8)), x->from);
	x->authorized = fault == NULL;
	return fault;
}

static bool
is_number(const char *s)
{
	return s != NULL && *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

void
push_check(struct exchange *x)
{
	const char *coding = request_header(x, "Content-Encoding");
	const char *topic = request_header(x, "Topic");
	const char *fault = vapid_fault(x);
	char *body = arena_alloc(&x->mem, 4 * ((x->body.len + 2) / 3) + 1);

	x->to = x->part[0];
	x->reference = topic;
	/* Whoever has the browser's key can read it there. */
	x->text = digest_base64url(buf_text(&x->body), x->body.len, body);
	if (fault != NULL)
		answer_error(x, x->from == NULL ? 401 : 403, 109, fault);
	else if (!is_number(request_header(x, "TTL")))
		answer_error(x, 400, 111, "TTL is missing");
	else if (topic != NULL && strlen(topic) > 32)
		answer_error(x, 400, 113, "Topic is too long");
	else if (x->body.len > PUSH_LONGEST)
		answer_error(x, 413, 104, "too large");
	else if (x->body.len > 0 && (coding == NULL ||
	    strcmp(coding, "aes128gcm") != 0))
		answer_error(x, 400, 110, "Content-Encoding is not aes128gcm");
}

void
push_send(struct exchange *x)
{
	char id[33];

	if (is_refused(x))
		return;
	accept_plain(x, random_hex(id, 32));
	x->status = 201;
	answer_header(x, "Location", arena_printf(&x->mem,
	    "http://127.0.0.1:%d/push/message/%s", x->sim->http_port, id));
}
