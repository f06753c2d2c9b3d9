/* The channels that omni-route considers, and who asked for them. */
#include "route_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "message/contact.h"

void
route_consider(struct decision *d, const char *type,
    const char *verdict, const char *reason)
{
	struct value *v = value_new_object();

	value_set_string(v, "channel", type);
	value_set_string(v, "verdict", verdict);
	if (reason != NULL)
		value_set_string(v, "reason", reason);
	value_append_take(d->considered, v);
	if (strcmp(verdict, "refused") == 0)
		buf_printf(&d->reasons, "%s%s: %s",
		    d->reasons.len > 0 ? "; " : "", type, reason);
}

static void
add_type(struct decision *d, const char *name, const char *by)
{
	const char *type = config_channel_type_of(name);

	if (type == NULL) {
		route_consider(d, utf8_valid(name, strlen(name)) ? name : "?",
		    "refused", "there is no such type of channel");
		return;
	}
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->types[i], type) == 0)
			return;
	d->by[d->count] = by;
	d->types[d->count++] = type;
}

static void
add_list(struct decision *d, const char *list, const char *by)
{
	char word[32];

	for (size_t i = 0; list != NULL &&
	    config_word(list, i, word, sizeof(word)); i++)
		add_type(d, word, by);
}

/* One name as the record has it, which may be any text. */
static void
add_name(struct decision *d, const char *name, const char *by)
{
	char word[32];

	snprintf(word, sizeof(word), "%s", name);
	add_type(d, word, by);
}

/* What the record says of its contact. */
static bool
load_from_record(struct decision *d)
{
	const struct value *contact = record_get(d->record, "contact");
	const struct value *own = value_get(contact, "preferences");
	const char *fault = contact_fault(contact);

	d->quiet_start = d->quiet_end = -1;
	if (fault != NULL) {
		filter_refuse(d->filter, d->record, "bad_preference",
		    "contact.preferences", "contact.preferences: %s", fault);
		return false;
	}
	d->preferred = value_get_string(own, "channel");
	d->own_order = value_get(own, "channels");
	d->quiet_start = time_of_day_parse(value_get_string(own,
	    "quiet_start"));
	d->quiet_end = time_of_day_parse(value_get_string(own, "quiet_end"));
	return true;
}

static const char *
keep(struct decision *d, const char *s)
{
	return s == NULL ? NULL : arena_strdup(d->mem, s);
}

/*
 * The contact's own wishes.  Of the channel the record knows best, since it
 * may be about this message; of quiet hours the ledger, where they may have
 * changed since the record was written, and which is asked again on sending.
 */
static void
load_from_ledger(struct decision *d)
{
	struct record *record = d->record;
	struct ledger_rows *r;

	r = ledger_select(d->router->ledger, "SELECT p.channel, "
	    "(SELECT group_concat(value, ' ') FROM json_each(CASE WHEN "
	    "json_valid(p.channels) THEN p.channels ELSE '[]' END)), "
	    "c.language, c.timezone, p.quiet_start, p.quiet_end "
	    "FROM contact c LEFT JOIN preference p ON p.contact = c.id "
	    "WHERE c.id = ?", "s", d->contact);
	if (ledger_next(r)) {
		if (d->preferred == NULL)
			d->preferred = keep(d, ledger_text(r, 0));
		if (value_count(d->own_order) == 0)
			d->order = keep(d, ledger_text(r, 1));
		if (record_string(record, "language") == NULL &&
		    ledger_text(r, 2) != NULL)
			record_set_string(record, "language",
			    ledger_text(r, 2));
		if (record_string(record, "timezone") == NULL &&
		    ledger_text(r, 3) != NULL)
			record_set_string(record, "timezone",
			    ledger_text(r, 3));
		if (ledger_text(r, 4) != NULL)
			d->quiet_start = time_of_day_parse(ledger_text(r, 4));
		if (ledger_text(r, 5) != NULL)
			d->quiet_end = time_of_day_parse(ledger_text(r, 5));
	}
	ledger_end(r);
}

bool
route_load_preference(struct decision *d)
{
	if (!load_from_record(d))
		return false;
	if (d->contact != NULL)
		load_from_ledger(d);
	return true;
}

/* The type of channel that an explicit wish means; NULL when none. */
static const char *
type_of_wish(const struct config *c, const char *wish)
{
	const char *type = config_channel_type_of(wish);

	if (type == NULL && config_has(c, "channel", wish))
		type = config_string(c, "channel", wish, "type");
	return type;
}

bool
route_list_types(struct decision *d)
{
	const struct config *c = d->router->config;
	const char *wish = record_string(d->record, "channel"), *type;

	if (wish == NULL) {
		if (d->preferred != NULL)
			add_name(d, d->preferred, BY_CONTACT);
		for (size_t i = 0; i < value_count(d->own_order); i++)
			add_name(d, value_string(value_at(d->own_order, i)),
			    BY_CONTACT);
		add_list(d, d->order, BY_CONTACT);
		type = config_string(c, "class", d->class, "channels");
		if (type != NULL)
			add_list(d, type, BY_CLASS);
		else
			add_list(d, config_string(c, "site", NULL, "channels"),
			    BY_SITE);
		return true;
	}
	type = type_of_wish(c, wish);
	if (type == NULL) {
		filter_refuse(d->filter, d->record, "unknown_channel",
		    "channel", "there is no channel %.60s", wish);
		return false;
	}
	d->wish = true;
	add_type(d, type, BY_WISH);
	return true;
}
