#include "mail_sns.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "provider/mail_report.h"

#define JSON_MAX	(256 * 1024)

/* Servers on the way fold lines of more than 998 bytes, with a '!'. */
static void
unfold(const char *text, struct buf *json)
{
	const char *end = strstr(text, "\n--");
	size_t len = end == NULL ? strlen(text) : (size_t)(end - text);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '!' && text[i + 1 + (text[i + 1] == '\r')] ==
		    '\n')
			continue;
		if (text[i] == '\n' && i + 1 < len && text[i + 1] == ' ') {
			i++;
			continue;
		}
		if (text[i] != '\n' && text[i] != '\r')
			buf_char(json, text[i]);
	}
}

static const char *
text_or(const struct value *v, const char *key, const char *otherwise)
{
	const char *s = value_get_string(v, key);

	return s == NULL ? otherwise : s;
}

static void
put(const struct value *all, const char *action, const char *code,
    struct value *recipients)
{
	const struct value *one;
	const char *addr;

	for (size_t i = 0; i < value_count(all); i++) {
		one = value_at(all, i);
		addr = value_string(one);
		if (addr == NULL)
			addr = text_or(one, "emailAddress", "");
		mail_report_put(recipients, addr, "",
		    text_or(one, "action", action), text_or(one, "status",
		    code), text_or(one, "diagnosticCode", ""));
	}
}

static void
put_kind(const struct value *v, const char *kind, struct value *recipients)
{
	if (strcmp(kind, "Bounce") == 0)
		put(value_path(v, "bounce.bouncedRecipients"), "failed",
		    strcmp(text_or(value_get(v, "bounce"), "bounceType", ""),
		    "Permanent") == 0 ? "5.0.0" : "4.0.0", recipients);
	else if (strcmp(kind, "Complaint") == 0)
		put(value_path(v, "complaint.complainedRecipients"),
		    "complaint", "", recipients);
	else if (strcmp(kind, "Delivery") == 0)
		put(value_path(v, "delivery.recipients"), "delivered", "2.0.0",
		    recipients);
}

bool
mail_sns_read(const char *text, struct value *recipients, char id[128])
{
	struct buf json = BUF_INIT(JSON_MAX);
	size_t before = value_count(recipients);
	struct value *v, *envelope;
	const char *inner;
	struct error e;

	id[0] = '\0';
	while (*text == ' ' || *text == '\r' || *text == '\n')
		text++;
	if (*text != '{')
		return false;
	unfold(text, &json);
	v = json.full ? NULL : value_parse(buf_text(&json), json.len, &e);
	buf_release(&json);
	/* Raw delivery is off: the message is a text in an envelope. */
	inner = v == NULL ? NULL : value_get_string(v, "Message");
	if (inner != NULL) {
		envelope = v;
		v = value_parse(inner, strlen(inner), &e);
		value_free(envelope);
	}
	if (v == NULL)
		return false;
	put_kind(v, text_or(v, "notificationType", text_or(v, "eventType",
	    "")), recipients);
	snprintf(id, 128, "%.120s", text_or(value_get(v, "mail"), "messageId",
	    ""));
	value_free(v);
	return value_count(recipients) > before;
}
