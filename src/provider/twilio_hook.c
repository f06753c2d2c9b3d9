#include "twilio_hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "provider/provider.h"
#include "provider/twilio_hook_impl.h"

#define DIGITS		"0123456789"
#define LETTERS		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define ADDRESS_MAX	160	/* a WhatsApp user id may have 135 */
#define REFERENCE_MAX	512
#define WHATSAPP	"whatsapp:"

/*
 * Twilio's names for what became of a message, and ours: a status that cannot
 * get better is failed, one that promises nothing yet is accepted.
 */
static const struct {
	const char *theirs, *ours;
} statuses[] = {
	{ "accepted", "accepted" },
	{ "scheduled", "accepted" },
	{ "queued", "accepted" },
	{ "sending", "accepted" },
	{ "sent", "sent" },
	{ "partially_delivered", "sent" },
	{ "delivered", "delivered" },
	{ "read", "read" },
	{ "undelivered", "failed" },
	{ "failed", "failed" },
	{ "canceled", "failed" }
};

static const char *
status_of(const char *theirs)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(statuses[i].theirs, theirs) == 0)
			return statuses[i].ours;
	return NULL;
}

const char *
twilio_param(const struct form *f, const char *name)
{
	const char *value = form_get(f, name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

bool
twilio_consists_of(const char *s, const char *charset, size_t min, size_t max)
{
	size_t len = strlen(s);

	return len >= min && len <= max && strspn(s, charset) == len;
}

/*
 * Twilio documents 32 hexadecimal digits.  More is let in on purpose: this
 * only keeps strange bytes out of keys and views.
 */
static bool
is_message_sid(const char *s)
{
	return (strncmp(s, "SM", 2) == 0 || strncmp(s, "MM", 2) == 0) &&
	    twilio_consists_of(s, DIGITS LETTERS, 3, TWILIO_SID_MAX);
}

/* A number, a short code, the name of a sender or a WhatsApp user id. */
static bool
is_address(const char *s)
{
	if (s[0] == '+')
		return twilio_consists_of(s + 1, DIGITS, 3, 15);
	return s[0] != ' ' &&
	    twilio_consists_of(s, DIGITS LETTERS " &+-._", 1, ADDRESS_MAX);
}

static bool
is_whatsapp(const char *address)
{
	return address != NULL &&
	    strncmp(address, WHATSAPP, strlen(WHATSAPP)) == 0;
}

static const char *
without_prefix(const char *address)
{
	return is_whatsapp(address) ? address + strlen(WHATSAPP) : address;
}

int
twilio_put_address(struct value *event, const char *key, const struct form *f,
    const char *name, struct error *e)
{
	const char *address = twilio_param(f, name);

	if (address == NULL)
		return 0;
	address = without_prefix(address);
	if (!is_address(address))
		return error_set(e, EX_DATAERR, "%s: not a number: %s", name,
		    address);
	value_set_string(event, key, address);
	return 0;
}

static void
put_given(struct value *event, const char *key, const struct form *f,
    const char *name)
{
	const char *value = twilio_param(f, name);

	if (value != NULL)
		value_set_string(event, key, value);
}

static void
put_media(struct value *event, const struct form *f)
{
	struct value *all = value_new_array(), *one;
	char name[32];	/* "MediaContentType" and any int */

	for (int i = 0; i < TWILIO_MEDIA_MAX; i++) {
		snprintf(name, sizeof(name), "MediaUrl%d", i);
		if (twilio_param(f, name) == NULL)
			break;
		one = value_new_object();
		put_given(one, "url", f, name);
		snprintf(name, sizeof(name), "MediaContentType%d", i);
		put_given(one, "type", f, name);
		value_append_take(all, one);
	}
	value_set_take(event, "media", all);
}

static void
put_segments(struct value *event, const struct form *f)
{
	const char *s = twilio_param(f, "NumSegments");

	if (s != NULL && twilio_consists_of(s, DIGITS, 1, 3))
		value_set_integer(event, "segments", strtol(s, NULL, 10));
}

void
twilio_put_key(struct value *event, const char *sid, const char *what)
{
	char key[TWILIO_SID_MAX + 64];	/* `what` is one of ours */

	snprintf(key, sizeof(key), "twilio:%s:%s", sid, what);
	value_set_string(event, "key", key);
}

static int
read_message(struct value *event, const struct form *f, const char *sid,
    struct error *e)
{
	/* Who hides the number has an id instead. */
	const char *from = twilio_param(f, "From") != NULL ? "From" :
	    "ExternalUserId";
	const char *text = form_get(f, "Body");

	if (twilio_param(f, from) == NULL)
		return error_set(e, EX_DATAERR, "From: missing");
	if (twilio_param(f, "To") == NULL)
		return error_set(e, EX_DATAERR, "To: missing");
	if (twilio_put_address(event, "from", f, from, e) == -1 ||
	    twilio_put_address(event, "to", f, "To", e) == -1)
		return -1;
	value_set_string(event, "text", text == NULL ? "" : text);
	put_given(event, "opt_out_type", f, "OptOutType");
	put_given(event, "button_payload", f, "ButtonPayload");
	put_media(event, f);
	put_segments(event, f);
	twilio_put_key(event, sid, "received");
	return 0;
}

void
twilio_put_reference(struct value *event, const char *query)
{
	struct arena mem = ARENA_INIT(16 * TWILIO_QUERY_MAX);
	struct error ignored;
	const char *ref;
	struct form f;

	if (query == NULL || strlen(query) > TWILIO_QUERY_MAX)
		return;
	if (form_parse(&f, query, strlen(query), &mem, &ignored) == 0) {
		ref = twilio_param(&f, "ref");
		if (ref != NULL && strlen(ref) <= REFERENCE_MAX)
			value_set_string(event, "reference", ref);
	}
	arena_release(&mem);
}

static int
read_status(struct value *event, const struct form *f, const char *sid,
    const char *query, struct error *e)
{
	const char *code = twilio_param(f, "ErrorCode");
	const char *theirs = twilio_param(f, "MessageStatus"), *ours;

	if (theirs == NULL)
		return error_set(e, EX_DATAERR, "MessageStatus: missing");
	ours = status_of(theirs);
	if (ours == NULL)
		return error_set(e, EX_DATAERR, "MessageStatus: unknown: %s",
		    theirs);
	value_set_string(event, "status", ours);
	value_set_string(event, "raw_status", theirs);
	if (code != NULL && twilio_consists_of(code, DIGITS, 1, 9)) {
		value_set_string(event, "code", code);
		if (provider_code_opt_out("twilio", code) != NULL)
			value_set_string(event, "opt_out",
			    provider_code_opt_out("twilio", code));
		else if (provider_code_outcome("twilio", code) ==
		    OUTCOME_ADDRESS)
			value_set_bool(event, "dead", true);
	}
	if (twilio_put_address(event, "to", f, "To", e) == -1 ||
	    twilio_put_address(event, "from", f, "From", e) == -1)
		return -1;
	twilio_put_reference(event, query);
	twilio_put_key(event, sid, theirs);
	return 0;
}

int
twilio_hook_read(enum twilio_hook kind, const struct form *f,
    const char *query, struct value **event, struct error *e)
{
	const bool message = kind == TWILIO_HOOK_MESSAGE;
	const char *sid = twilio_param(f, "MessageSid");
	bool whatsapp;
	int rc;

	if (kind == TWILIO_HOOK_CALL || kind == TWILIO_HOOK_KEY)
		return twilio_hook_read_call(kind, f, query, event, e);
	*event = NULL;
	if (sid == NULL)
		return error_set(e, EX_DATAERR, "MessageSid: missing");
	if (!is_message_sid(sid))
		return error_set(e, EX_DATAERR, "MessageSid: not a sid: %s",
		    sid);
	whatsapp = is_whatsapp(form_get(f, "From")) ||
	    is_whatsapp(form_get(f, "To"));
	*event = value_new_object();
	value_set_string(*event, "kind", message ? "message" : "status");
	value_set_string(*event, "provider", "twilio");
	value_set_string(*event, "provider_id", sid);
	value_set_string(*event, "channel_type", whatsapp ? "whatsapp" : "sms");
	rc = message ? read_message(*event, f, sid, e) :
	    read_status(*event, f, sid, query, e);
	if (rc == -1) {
		value_free(*event);
		*event = NULL;
	}
	return rc;
}
