/* What a person wrote, whatever of Meta's many types it is. */
#include "whatsapp_hook_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PAYLOAD_MAX	256
#define NAME_BYTES	256

static void
put_payload(struct value *event, const struct value *from,
    const char *member)
{
	const char *payload = hook_given(from, member);

	if (payload != NULL && strlen(payload) <= PAYLOAD_MAX)
		value_set_string(event, "button_payload", payload);
}

static void
read_text(struct value *event, const struct value *content)
{
	hook_put_given(event, "text", content, "body");
}

static void
read_button(struct value *event, const struct value *content)
{
	hook_put_given(event, "text", content, "text");
	put_payload(event, content, "payload");
}

static void
read_interactive(struct value *event, const struct value *content)
{
	const struct value *reply = value_get(content, "button_reply");

	if (reply == NULL)
		reply = value_get(content, "list_reply");
	hook_put_given(event, "text", reply, "title");
	put_payload(event, reply, "id");
	if (reply == NULL) {
		hook_put_given(event, "text", value_get(content, "nfm_reply"),
		    "body");
		hook_put_raw(event, content);
	}
}

/* Image, sound, film, document: its id at Meta, where it can be fetched. */
static void
read_media(struct value *event, const struct value *content)
{
	struct value *all = value_new_array(), *one = value_new_object();

	hook_put_given(event, "text", content, "caption");
	hook_put_given(one, "id", content, "id");
	hook_put_given(one, "type", content, "mime_type");
	hook_put_given(one, "sha256", content, "sha256");
	hook_put_given(one, "filename", content, "filename");
	value_append_take(all, one);
	value_set_take(event, "media", all);
}

/* "Philz Coffee, 101 Forest Ave, 37.44221496582,-122.16165924072" */
static void
read_location(struct value *event, const struct value *content)
{
	struct arena mem = ARENA_INIT(4 * WHATSAPP_BODY_BYTES);
	struct buf text = BUF_INIT(HOOK_RAW_MAX);
	const struct value *latitude = value_get(content, "latitude");
	const struct value *longitude = value_get(content, "longitude");

	if (hook_given(content, "name") != NULL)
		buf_printf(&text, "%s, ", hook_given(content, "name"));
	if (hook_given(content, "address") != NULL)
		buf_printf(&text, "%s, ", hook_given(content, "address"));
	if (value_type(latitude) == VALUE_REAL &&
	    value_type(longitude) == VALUE_REAL)
		buf_printf(&text, "%s,%s", value_scalar_text(latitude, &mem),
		    value_scalar_text(longitude, &mem));
	value_set_string(event, "text", buf_text(&text));
	hook_put_raw(event, content);
	buf_release(&text);
	arena_release(&mem);
}

/* "Lucía Gómez +1 (983) 555-2319", one person a line. */
static void
read_contacts(struct value *event, const struct value *content)
{
	struct buf text = BUF_INIT(HOOK_RAW_MAX);
	const struct value *person, *phones;
	const char *s;

	for (size_t i = 0; i < value_count(content); i++) {
		person = value_at(content, i);
		phones = value_get(person, "phones");
		s = hook_given(value_get(person, "name"), "formatted_name");
		buf_printf(&text, "%s%s", i > 0 ? "\n" : "",
		    s == NULL ? "" : s);
		for (size_t k = 0; k < value_count(phones); k++) {
			s = hook_given(value_at(phones, k), "phone");
			if (s != NULL)
				buf_printf(&text, " %s", s);
		}
	}
	value_set_string(event, "text", buf_text(&text));
	hook_put_raw(event, content);
	buf_release(&text);
}

/* Without an emoji it is one that was taken back. */
static void
read_reaction(struct value *event, const struct value *content)
{
	hook_put_given(event, "text", content, "emoji");
	if (hook_is_id(value_get_string(content, "message_id")))
		value_carry(event, "context", content, "message_id");
}

static void
read_order(struct value *event, const struct value *content)
{
	hook_put_given(event, "text", content, "text");
	hook_put_raw(event, content);
}

static const struct type {
	const char *name;
	void (*read)(struct value *event, const struct value *content);
} types[] = {
	{ "text", read_text },
	{ "button", read_button },
	{ "interactive", read_interactive },
	{ "image", read_media },
	{ "video", read_media },
	{ "audio", read_media },
	{ "document", read_media },
	{ "sticker", read_media },
	{ "location", read_location },
	{ "contacts", read_contacts },
	{ "reaction", read_reaction },
	{ "order", read_order },
	{ "system", read_text },
	{ "unsupported", NULL }
};

/* What is of no known type is somebody's message all the same. */
static void
put_content(struct value *event, const struct value *v)
{
	const char *name = value_get_string(v, "type");
	size_t i = 0, n = sizeof(types) / sizeof(types[0]);

	value_set_string(event, "message_type", hook_is_id(name) ? name : "unknown");
	while (i < n && (name == NULL || strcmp(types[i].name, name) != 0))
		i++;
	if (i == n)
		hook_put_raw(event, v);
	else if (types[i].read != NULL)
		types[i].read(event, value_get(v, types[i].name));
	hook_put_error(event, value_at(value_get(v, "errors"), 0));
	if (value_get(event, "text") == NULL)
		value_set_string(event, "text", "");
	if (value_get(event, "media") == NULL)
		value_set_take(event, "media", value_new_array());
}

/* The person of value.contacts[], when there is no doubt which one. */
static const struct value *
only_contact(const struct reading *r)
{
	const struct value *all = value_get(r->value, "contacts");

	return value_count(all) == 1 ? value_at(all, 0) : NULL;
}

/* A single message need not repeat what the list of contacts says. */
static bool
put_sender(const struct reading *r, struct value *event,
    const struct value *v)
{
	const struct value *contact = only_contact(r);
	const char *wa_id = hook_given(v, "from");
	const char *user_id = hook_given(v, "from_user_id"), *name;
	bool alone = value_count(value_get(r->value, "messages")) == 1;

	if (wa_id == NULL && user_id == NULL && alone) {
		wa_id = hook_given(contact, "wa_id");
		user_id = hook_given(contact, "user_id");
	}
	name = hook_given(value_get(contact, "profile"), "name");
	if (name != NULL && strlen(name) <= NAME_BYTES &&
	    text_fault(name, strlen(name), true) == NULL)
		value_set_string(event, "name", name);
	return hook_put_person(event, "from", wa_id, user_id);
}

static void
put_recipient(const struct reading *r, struct value *event)
{
	const struct value *ours = value_get(r->value, "metadata");
	const char *number = hook_given(ours, "display_phone_number");
	const char *id = hook_given(ours, "phone_number_id");
	char text[17];

	if (number != NULL && hook_phone(number, text))
		value_set_string(event, "to", text);
	if (hook_is_id(id))
		value_set_string(event, "phone_number_id", id);
}

void
hook_read_message(struct reading *r, const struct value *v)
{
	const char *id = value_get_string(v, "id");
	const char *type = value_get_string(v, "type");
	const char *context = hook_given(value_get(v, "context"), "id");
	struct value *event = hook_event_new("message");
	char key[HOOK_ID_MAX + 64], seconds[24];

	/* Who opens a chat for the first time has not written anything yet. */
	if (!hook_is_id(id) || !put_sender(r, event, v) ||
	    (type != NULL && strcmp(type, "request_welcome") == 0)) {
		value_free(event);
		hook_add_other(r, v);
		return;
	}
	value_set_string(event, "provider_id", id);
	put_recipient(r, event);
	if (hook_is_id(context))
		value_set_string(event, "context", context);
	put_content(event, v);
	hook_put_time(event, v, seconds);
	snprintf(key, sizeof(key), "whatsapp:%s:received", id);
	value_set_string(event, "key", key);
	hook_add_take(r, event);
}
