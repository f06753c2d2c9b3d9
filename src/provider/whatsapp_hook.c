#include "whatsapp_hook_impl.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "provider/provider.h"

/*
 * Source: developers.facebook.com/documentation/business-messaging/whatsapp,
 * "webhooks" (status, messages, user_preferences), and the examples in
 * github.com/facebook/openapi.
 */
#define REFERENCE_MAX	512
#define DIGITS		"0123456789"

static bool
is_digits(const char *s, size_t min, size_t max)
{
	size_t len = strlen(s);

	return len >= min && len <= max && strspn(s, DIGITS) == len;
}

/* Four hexadecimal digits; -1 when they are not. */
static int32_t
unit_at(const char *s, const char *end)
{
	char digits[5] = "";

	if (end - s < 4)
		return -1;
	memcpy(digits, s, 4);
	if (strspn(digits, DIGITS "abcdefABCDEF") != 4)
		return -1;
	return (int32_t)strtol(digits, NULL, 16);
}

/*
 * The length of the escape at `s`, and whether it is one that strict JSON with
 * UTF-8 strings cannot hold: \u0000, and half of a surrogate pair, which is
 * what is left where somebody cut a text in the middle of an emoji.
 */
static size_t
escape_length(const char *s, const char *end, bool *bad)
{
	int32_t unit, next;

	*bad = false;
	if (end - s < 2 || s[1] != 'u')
		return end - s < 2 ? 1 : 2;
	unit = unit_at(s + 2, end);
	if (unit == -1)
		return 2;
	*bad = unit == 0 || (unit >= 0xd800 && unit <= 0xdfff);
	if (unit < 0xd800 || unit > 0xdbff || end - s < 12 || s[6] != '\\' ||
	    s[7] != 'u')
		return 6;
	next = unit_at(s + 8, end);
	if (next < 0xdc00 || next > 0xdfff)
		return 6;
	*bad = false;
	return 12;
}

void
hook_mend_escapes(struct buf *out, const char *s, size_t len)
{
	const char *end = s + len, *run = s, *p = s;
	size_t n;
	bool bad;

	while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		n = escape_length(p, end, &bad);
		if (bad) {
			buf_add(out, run, (size_t)(p - run));
			buf_str(out, "\\ufffd");
			run = p + n;
		}
		p += n;
	}
	buf_add(out, run, (size_t)(end - run));
}

const char *
hook_given(const struct value *v, const char *key)
{
	const char *s = value_get_string(v, key);

	return s != NULL && s[0] != '\0' ? s : NULL;
}

void
hook_put_given(struct value *event, const char *key, const struct value *from,
    const char *member)
{
	if (hook_given(from, member) != NULL)
		value_carry(event, key, from, member);
}

bool
hook_is_id(const char *s)
{
	size_t len;

	if (s == NULL)
		return false;
	for (len = 0; s[len] != '\0'; len++)
		if (s[len] <= ' ' || s[len] > '~')
			return false;
	return len > 0 && len <= HOOK_ID_MAX;
}

bool
hook_phone(const char *s, char out[17])
{
	size_t n = 0;

	out[n++] = '+';
	for (; *s != '\0'; s++)
		if (strchr(DIGITS, *s) != NULL) {
			if (n > 15)
				return false;
			out[n++] = *s;
		} else if (strchr("+ -()", *s) == NULL)
			return false;
	out[n] = '\0';
	if (n == 14 && strncmp(out, "+521", 4) == 0)
		memmove(out + 3, out + 4, 11);
	return n > 4;
}

bool
hook_put_person(struct value *event, const char *key, const char *wa_id,
    const char *user_id)
{
	char number[17];
	bool known = wa_id != NULL && hook_phone(wa_id, number);

	if (known) {
		value_set_string(event, key, number);
		value_set_string(event, "wa_id", wa_id);
	}
	if (hook_is_id(user_id)) {
		if (!known)
			value_set_string(event, key, user_id);
		value_set_string(event, "user_id", user_id);
		known = true;
	}
	return known;
}

const char *
hook_put_time(struct value *event, const struct value *from, char seconds[24])
{
	const struct value *v = value_get(from, "timestamp");
	const char *s = value_string(v);
	char text[CLOCK_TEXT];
	int64_t t = 0;

	if (s != NULL && is_digits(s, 1, 11))
		t = strtoll(s, NULL, 10);
	else
		value_integer(v, &t);
	seconds[0] = '\0';
	/* Before 2001 or after 2100 it is no time of a message. */
	if (t < 978307200 || t > 4102444800)
		return seconds;
	value_set_string(event, "at", clock_format(t, text));
	snprintf(seconds, 24, "%lld", (long long)t);
	return seconds;
}

void
hook_put_raw(struct value *event, const struct value *v)
{
	struct buf text = BUF_INIT(HOOK_RAW_MAX);

	if (v == NULL)
		return;
	value_write(v, &text);
	if (!text.full)
		value_set_take(event, "raw", value_copy(v));
	buf_release(&text);
}

void
hook_put_error(struct value *event, const struct value *error)
{
	char code[24];
	int64_t n;

	if (value_integer(value_get(error, "code"), &n)) {
		snprintf(code, sizeof(code), "%lld", (long long)n);
		value_set_string(event, "code", code);
	}
	hook_put_given(event, "title", error, "title");
}

struct value *
hook_event_new(const char *kind)
{
	struct value *event = value_new_object();

	value_set_string(event, "kind", kind);
	value_set_string(event, "provider", "whatsapp");
	value_set_string(event, "channel_type", "whatsapp");
	return event;
}

void
hook_add_take(struct reading *r, struct value *event)
{
	if (value_count(r->events) < WHATSAPP_EVENTS_MAX) {
		value_append_take(r->events, event);
		return;
	}
	r->full = true;
	value_free(event);
}

void
hook_add_other(struct reading *r, const struct value *what)
{
	struct value *event = hook_event_new("other");

	if (r->field != NULL && hook_is_id(r->field))
		value_set_string(event, "field", r->field);
	hook_put_error(event, what);
	hook_put_raw(event, what);
	hook_add_take(r, event);
}

static const char *
status_of(const char *theirs)
{
	static const char *const names[][2] = {
		{ "sent", "sent" }, { "delivered", "delivered" },
		{ "read", "read" }, { "played", "read" },
		{ "failed", "failed" }
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (theirs != NULL && strcmp(names[i][0], theirs) == 0)
			return names[i][1];
	return NULL;
}

static void
put_pricing(struct value *event, const struct value *from)
{
	static const char *const members[] = { "pricing_model", "type",
	    "category" };
	struct value *pricing;

	if (value_type(from) != VALUE_OBJECT)
		return;
	pricing = value_new_object();
	if (value_type(value_get(from, "billable")) == VALUE_BOOL)
		value_set_bool(pricing, "billable",
		    value_is_true(value_get(from, "billable")));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		hook_put_given(pricing, members[i], from, members[i]);
	value_set_take(event, "pricing", pricing);
}

static void
put_failure(struct value *event, const struct value *errors)
{
	const char *code, *scope;

	/* If there are several they say the same thing. */
	hook_put_error(event, value_at(errors, 0));
	code = value_get_string(event, "code");
	if (code == NULL)
		return;
	scope = provider_code_opt_out("whatsapp", code);
	if (scope != NULL)
		value_set_string(event, "opt_out", scope);
	else if (provider_code_outcome("whatsapp", code) == OUTCOME_ADDRESS)
		value_set_bool(event, "dead", true);
}

static void
read_status(struct reading *r, const struct value *v)
{
	const char *id = value_get_string(v, "id");
	const char *theirs = value_get_string(v, "status");
	const char *ours = status_of(theirs);
	const char *reference = hook_given(v, "biz_opaque_callback_data");
	char key[HOOK_ID_MAX + 64], seconds[24];
	struct value *event;

	if (!hook_is_id(id) || ours == NULL) {
		hook_add_other(r, v);
		return;
	}
	event = hook_event_new("status");
	value_set_string(event, "provider_id", id);
	value_set_string(event, "status", ours);
	value_set_string(event, "raw_status", theirs);
	put_failure(event, value_get(v, "errors"));
	if (reference != NULL && strlen(reference) <= REFERENCE_MAX)
		value_set_string(event, "reference", reference);
	hook_put_person(event, "to", hook_given(v, "recipient_id"),
	    hook_given(v, "recipient_user_id"));
	put_pricing(event, value_get(v, "pricing"));
	snprintf(key, sizeof(key), "whatsapp:%s:%s:%s", id, theirs,
	    hook_put_time(event, v, seconds));
	value_set_string(event, "key", key);
	hook_add_take(r, event);
}

/* What a person set in WhatsApp itself: "stop" or "resume" advertising. */
static void
read_preference(struct reading *r, const struct value *v)
{
	const char *category = value_get_string(v, "category");
	const char *said = value_get_string(v, "value");
	struct value *event = hook_event_new("preference");
	char key[HOOK_ID_MAX + 64], seconds[24];

	if (category == NULL || strcmp(category, "marketing_messages") != 0 ||
	    said == NULL || (strcmp(said, "stop") != 0 &&
	    strcmp(said, "resume") != 0) || !hook_put_person(event, "from",
	    hook_given(v, "wa_id"), hook_given(v, "user_id"))) {
		value_free(event);
		hook_add_other(r, v);
		return;
	}
	value_set_string(event, "topic", "marketing");
	value_set_string(event, "value", said);
	snprintf(key, sizeof(key), "whatsapp:%s:marketing:%s:%s",
	    value_get_string(event, "from"), said,
	    hook_put_time(event, v, seconds));
	value_set_string(event, "key", key);
	hook_add_take(r, event);
}

static size_t
read_each(struct reading *r, const char *member,
    void (*read)(struct reading *r, const struct value *v))
{
	const struct value *list = value_get(r->value, member);
	size_t n = value_type(list) == VALUE_ARRAY ? value_count(list) : 0;

	for (size_t i = 0; i < n; i++)
		read(r, value_at(list, i));
	return n;
}

static void
read_change(struct reading *r, const struct value *change)
{
	size_t n = 0;

	r->value = value_get(change, "value");
	r->field = value_get_string(change, "field");
	if (r->field != NULL && strcmp(r->field, "messages") == 0) {
		n += read_each(r, "statuses", read_status);
		n += read_each(r, "messages",
		    hook_read_message);
		n += read_each(r, "errors", hook_add_other);
	} else if (r->field != NULL &&
	    strcmp(r->field, "user_preferences") == 0)
		n += read_each(r, "user_preferences", read_preference);
	if (n == 0)
		hook_add_other(r, r->value == NULL ? change : r->value);
}

static void
read_entry(struct reading *r, const struct value *entry)
{
	const struct value *changes = value_get(entry, "changes");
	size_t n = value_type(changes) == VALUE_ARRAY ? value_count(changes) :
	    0;

	for (size_t i = 0; i < n; i++)
		read_change(r, value_at(changes, i));
}

int
whatsapp_hook_read(const char *body, size_t len, struct value **events,
    struct error *e)
{
	struct buf text = BUF_INIT(SIZE_MAX / 4);
	struct reading r = { .events = NULL };
	const struct value *entries;
	struct value *root;
	struct error why;

	*events = NULL;
	hook_mend_escapes(&text, body, len);
	root = value_parse(buf_text(&text), text.len, &why);
	buf_release(&text);
	if (root == NULL)
		return error_set(e, EX_DATAERR, "%s", why.text);
	entries = value_get(root, "entry");
	if (value_type(entries) != VALUE_ARRAY) {
		value_free(root);
		return error_set(e, EX_DATAERR, "no list of entries");
	}
	r.events = value_new_array();
	for (size_t i = 0; i < value_count(entries); i++)
		read_entry(&r, value_at(entries, i));
	value_free(root);
	if (r.full) {
		value_free(r.events);
		return error_set(e, EX_DATAERR, "more than %d events",
		    WHATSAPP_EVENTS_MAX);
	}
	*events = r.events;
	return 0;
}
