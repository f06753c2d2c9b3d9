/* What may be wrong with a contact, found before anything is written. */

#include "contact_check.h"

#include <string.h>

#include "base/clock.h"
#include "base/zone.h"
#include "message/contact.h"
#include "message/subscription.h"

#define ID_MAX_LEN	250
#define TAG_MAX		64
#define TOPICS_MAX	100
#define MINUTES_MAX	1000000

static bool
are_strings(const struct value *list)
{
	if (value_type(list) != VALUE_ARRAY)
		return value_type(list) == VALUE_ABSENT;
	for (size_t i = 0; i < value_count(list); i++)
		if (value_string(value_at(list, i)) == NULL)
			return false;
	return true;
}

static bool
is_time_of_day(const struct value *v)
{
	return value_type(v) == VALUE_ABSENT ||
	    time_of_day_parse(value_string(v)) != -1;
}

static bool
is_absent_or(const struct value *v, enum value_type type)
{
	return value_type(v) == VALUE_ABSENT || value_type(v) == type;
}

/* Both or none, and not the same: that would be all day, or never. */
static const char *
quiet_fault(const struct value *p)
{
	const struct value *start = value_get(p, "quiet_start");
	const struct value *end = value_get(p, "quiet_end");

	if (!is_time_of_day(start) || !is_time_of_day(end))
		return "quiet_start and quiet_end are times like 21:00";
	if ((start == NULL) != (end == NULL))
		return "quiet_start and quiet_end go together";
	if (start != NULL && time_of_day_parse(value_string(start)) ==
	    time_of_day_parse(value_string(end)))
		return "quiet_start and quiet_end are the same time";
	return NULL;
}

const char *
contact_unknown_preference(const struct value *contact)
{
	static const char *const names[] = { "channel", "channels", "topics",
	    "quiet_start", "quiet_end", "escalation_after_minutes",
	    "escalation_channels" };
	size_t count = sizeof(names) / sizeof(names[0]), i;

	for (struct value_iter it = { 0 }; value_next(value_get(contact,
	    "preferences"), &it); ) {
		for (i = 0; i < count && strcmp(names[i], it.key) != 0; i++)
			;
		if (i == count)
			return it.key;
	}
	return NULL;
}

const char *
contact_fault(const struct value *contact)
{
	const struct value *p = value_get(contact, "preferences");
	int64_t minutes = 0;

	if (value_type(p) == VALUE_NULL)
		return NULL;
	if (!is_absent_or(p, VALUE_OBJECT))
		return "not an object";
	if (!is_absent_or(value_get(p, "channel"), VALUE_STRING))
		return "channel is not a text";
	if (!are_strings(value_get(p, "channels")) ||
	    !are_strings(value_get(p, "escalation_channels")))
		return "channels and escalation_channels are lists of texts";
	if (value_count(value_get(p, "channels")) > CONTACT_CHANNELS ||
	    value_count(value_get(p, "escalation_channels")) >
	    CONTACT_CHANNELS)
		return "channels and escalation_channels have at most 16 "
		    "entries";
	if (!is_absent_or(value_get(p, "topics"), VALUE_OBJECT))
		return "topics is not an object";
	if (value_count(value_get(p, "topics")) > TOPICS_MAX)
		return "topics has more than 100 members";
	if (!is_absent_or(value_get(p, "escalation_after_minutes"),
	    VALUE_INTEGER))
		return "escalation_after_minutes is not a whole number";
	if (value_integer(value_get(p, "escalation_after_minutes"),
	    &minutes) && (minutes < 0 || minutes > MINUTES_MAX))
		return "escalation_after_minutes is not between 0 and "
		    "1000000";
	return quiet_fault(p);
}

struct check {
	const struct config *config;
	const struct value *contact;
	struct contact_flaw *flaw;
	struct arena *mem;
};

static bool
flaw(struct check *k, const char *code, const char *field, const char *text)
{
	k->flaw->code = code;
	k->flaw->field = field;
	k->flaw->text = text;
	return false;
}

const char *
contact_id_fault(const struct value *contact)
{
	const struct value *v = value_get(contact, "id");
	const char *id = value_string(v);

	if (v == NULL || value_type(v) == VALUE_NULL)
		return NULL;
	if (id == NULL || *id == '\0')
		return "missing, or not a text";
	return strlen(id) > ID_MAX_LEN ? "longer than 250 bytes" : NULL;
}

static bool
check_id(struct check *k)
{
	const char *fault = contact_id_fault(k->contact);

	if (fault == NULL && value_get_string(k->contact, "id") == NULL)
		fault = "missing, or not a text";
	return fault == NULL || flaw(k, "no_id", "id", fault);
}

/* A number where a telephone is meant is common, and would be lost. */
static bool
check_texts(struct check *k)
{
	static const char *const names[] = { "name", "email", "phone",
	    "whatsapp", "language", "timezone" };
	const struct value *v;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		v = value_get(k->contact, names[i]);
		if (v != NULL && value_type(v) != VALUE_NULL &&
		    value_string(v) == NULL)
			return flaw(k, "bad_contact", names[i],
			    "not a text");
	}
	return true;
}

/* What is in a subscription is looked at when it is read. */
static bool
is_push(const struct value *v)
{
	const char *token = value_string(v);

	if (token == NULL)
		return value_type(v) == VALUE_OBJECT;
	return subscription_is_meant(token) || (*token != '\0' &&
	    strlen(token) <= PUSH_TOKEN_MAX);
}

static bool
check_push(struct check *k)
{
	const struct value *v = value_get(k->contact, "push");

	if (v != NULL && value_type(v) != VALUE_NULL && !is_push(v))
		return flaw(k, "bad_contact", "push", "neither a token of 1 "
		    "to 500 bytes nor a subscription");
	return true;
}

static bool
check_reader(struct check *k)
{
	const char *language = value_get_string(k->contact, "language");
	const char *zone = value_get_string(k->contact, "timezone");

	if (language != NULL && *language != '\0' &&
	    !locale_is_valid(language))
		return flaw(k, "bad_language", "language",
		    arena_printf(k->mem, "%.60s is no language", language));
	if (zone != NULL && *zone != '\0' && !zone_is_valid(zone))
		return flaw(k, "bad_timezone", "timezone",
		    arena_printf(k->mem, "there is no time zone %.60s", zone));
	return true;
}

static bool
check_channels(struct check *k, const struct value *list)
{
	const char *name;

	for (size_t i = 0; i < value_count(list); i++) {
		name = value_string(value_at(list, i));
		if (config_channel_type_of(name) == NULL)
			return flaw(k, "bad_preference", "preferences",
			    arena_printf(k->mem, "%.60s is no type of "
			    "channel", name));
	}
	return true;
}

static bool
check_topics(struct check *k, const struct value *topics)
{
	for (struct value_iter it = { 0 }; value_next(topics, &it); ) {
		if (value_type(it.value) != VALUE_BOOL)
			return flaw(k, "bad_preference", "preferences",
			    arena_printf(k->mem, "topics.%.60s is neither "
			    "true nor false", it.key));
		if (!config_has(k->config, "topic", it.key))
			return flaw(k, "bad_preference", "preferences",
			    arena_printf(k->mem, "there is no [topic %.60s] "
			    "in the configuration", it.key));
	}
	return true;
}

static bool
check_preferences(struct check *k)
{
	const struct value *p = value_get(k->contact, "preferences");
	const char *channel = value_get_string(p, "channel");
	const char *text = contact_fault(k->contact);

	if (text != NULL)
		return flaw(k, "bad_preference", "preferences", text);
	text = contact_unknown_preference(k->contact);
	if (text != NULL)
		return flaw(k, "bad_preference", "preferences",
		    arena_printf(k->mem, "there is no member %.60s", text));
	if (channel != NULL && config_channel_type_of(channel) == NULL)
		return flaw(k, "bad_preference", "preferences",
		    arena_printf(k->mem, "%.60s is no type of channel",
		    channel));
	return check_channels(k, value_get(p, "channels")) &&
	    check_channels(k, value_get(p, "escalation_channels")) &&
	    check_topics(k, value_get(p, "topics"));
}

static bool
check_tags(struct check *k)
{
	const struct value *tags = value_get(k->contact, "tags");
	const char *s;

	if (tags == NULL || value_type(tags) == VALUE_NULL)
		return true;
	if (!are_strings(tags) || value_count(tags) > CONTACT_TAGS)
		return flaw(k, "bad_tag", "tags", "not a list of at most 64 "
		    "texts");
	for (size_t i = 0; i < value_count(tags); i++) {
		s = value_string(value_at(tags, i));
		if (*s == '\0' || strlen(s) > TAG_MAX)
			return flaw(k, "bad_tag", "tags", "a tag has 1 to 64 "
			    "bytes");
	}
	return true;
}

/* A telephone is an address of three channels. */
static size_t
count_addresses(const struct value *contact)
{
	return value_count(value_get(contact, "addresses")) +
	    (value_get_string(contact, "email") != NULL) +
	    3 * (size_t)(value_get_string(contact, "phone") != NULL) +
	    (value_get_string(contact, "whatsapp") != NULL) +
	    is_push(value_get(contact, "push"));
}

static bool
check_addresses(struct check *k)
{
	const struct value *list = value_get(k->contact, "addresses"), *v;
	const char *type;

	if (list != NULL && value_type(list) != VALUE_NULL &&
	    value_type(list) != VALUE_ARRAY)
		return flaw(k, "bad_address", "addresses", "not a list");
	if (count_addresses(k->contact) > CONTACT_ADDRESSES)
		return flaw(k, "bad_address", "addresses", "a contact has at "
		    "most 64, and a telephone counts for three channels");
	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		type = value_get_string(v, "channel");
		if (type != NULL && strcmp(type, "push") == 0 &&
		    value_get(v, "to") != NULL && !is_push(value_get(v, "to")))
			return flaw(k, "bad_address", "addresses",
			    "a push token has 1 to 500 bytes");
		if (config_channel_type_of(type) == NULL || (value_get_string(
		    v, "to") == NULL && (strcmp(type, "push") != 0 ||
		    value_get(v, "to") == NULL)))
			return flaw(k, "bad_address", "addresses",
			    "an entry needs channel, a type of channel, and "
			    "to");
	}
	return true;
}

/* What only a message or an appointment has: another file was piped in. */
static bool
check_kind(struct check *k)
{
	static const char *const names[] = { "template", "text", "subject",
	    "html", "vars", "channel", "to", "class", "topic", "reminder",
	    "at" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (value_get(k->contact, names[i]) != NULL)
			return flaw(k, "bad_contact", names[i], "a contact "
			    "has none: is this a message, or an appointment?");
	return true;
}

bool
contact_check(const struct config *c, const struct value *contact,
    struct contact_flaw *why, struct arena *mem)
{
	struct check k = { .config = c, .contact = contact, .flaw = why,
	    .mem = mem };

	return check_id(&k) && check_kind(&k) && check_texts(&k) &&
	    check_push(&k) && check_reader(&k) && check_preferences(&k) &&
	    check_tags(&k) && check_addresses(&k);
}
