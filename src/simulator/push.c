/*
 * Mail by SES v2, push by ntfy and by Web Push.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "emit.h"
#include "sigv4.h"
#include "simulator.h"

#define PUSH_LONGEST	4096	/* bytes */
#define NTFY_LONGEST	4096

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

void
ntfy_check(struct exchange *x)
{
	x->authorized = request_header(x, "Authorization") != NULL;
	x->to = x->part[0];
	x->text = buf_text(&x->body);
	if (x->body.len > NTFY_LONGEST)
		answer_error(x, 413, 41301, "attachments are not played");
}

void
ntfy_publish(struct exchange *x)
{
	struct buf *b = &x->answer;
	int64_t now = clock_now();
	char id[13];

	if (is_refused(x))
		return;
	accept_plain(x, random_hex(id, 12));
	x->status = 200;
	emit_open(b, NULL, '{');
	emit_string(b, "id", id);
	emit_integer(b, "time", now);
	emit_integer(b, "expires", now + 12 * 3600);
	emit_string(b, "event", "message");
	emit_string(b, "topic", x->to);
	emit_string(b, "message", x->text);
	emit_close(b, '}');
}

/*
 * Web Push
 */

void
push_check(struct exchange *x)
{
	const char *auth = request_header(x, "Authorization");
	const char *coding = request_header(x, "Content-Encoding");

	x->authorized = auth != NULL && strncmp(auth, "vapid t=", 8) == 0 &&
	    strstr(auth, "k=") != NULL;
	x->to = x->part[0];
	x->reference = request_header(x, "Topic");
	if (!x->authorized)
		answer_error(x, 401, 401, "VAPID is missing");
	else if (request_header(x, "TTL") == NULL)
		answer_error(x, 400, 400, "TTL is missing");
	else if (x->body.len > PUSH_LONGEST)
		answer_error(x, 413, 413, "too large");
	else if (x->body.len > 0 && (coding == NULL ||
	    strcmp(coding, "aes128gcm") != 0))
		answer_error(x, 400, 400, "Content-Encoding is not aes128gcm");
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
