#include "route.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "message/contact.h"
#include "message/policy.h"

#define WINDOW		(24 * 3600)	/* WhatsApp's, after a person wrote */

/* What is known of the message while it is decided. */
struct decision {
	struct filter *filter;
	struct router *router;
	struct record *record;
	struct arena *mem;
	const char *contact, *class, *topic, *zone;
	const struct template_set *set;
	int quiet_start, quiet_end;
	const char *preferred, *order;
	const char *types[CONFIG_CHANNEL_TYPES];	/* in the order to consider */
	size_t count;
	bool wish;
	struct value *considered;
	struct buf reasons;
	const char *chosen, *account, *to;
	struct value *fallback;
};

static void
consider(struct decision *d, const char *type, const char *verdict,
    const char *reason)
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

/* The first active channel of a type, or the one of that very name. */
static const char *
account_of(const struct config *c, const char *type, const char *wish)
{
	const char *name;

	for (size_t i = 0; (name = config_name(c, "channel", i)) != NULL; i++)
		if (strcmp(config_string(c, "channel", name, "type"),
		    type) == 0 && config_bool(c, "channel", name, "active") &&
		    (wish == NULL || strcmp(wish, name) == 0))
			return name;
	return NULL;
}

static void
add_type(struct decision *d, const char *type)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->types[i], type) == 0)
			return;
	if (d->count < CONFIG_CHANNEL_TYPES)
		d->types[d->count++] = arena_strdup(d->mem, type);
}

static void
add_list(struct decision *d, const char *list)
{
	char word[32];

	for (size_t i = 0; list != NULL &&
	    config_word(list, i, word, sizeof(word)); i++)
		add_type(d, word);
}

/* The contact's own wishes, from the record or else from the ledger. */
static void
load_preference(struct decision *d)
{
	const struct value *own = value_path(record_get(d->record, "contact"),
	    "preferences");
	struct ledger_rows *r;

	d->quiet_start = d->quiet_end = -1;
	d->preferred = value_get_string(own, "channel");
	if (d->contact == NULL)
		return;
	r = ledger_select(d->router->ledger, "SELECT p.channel, "
	    "(SELECT group_concat(value, ' ') FROM json_each(CASE WHEN "
	    "json_valid(p.channels) THEN p.channels ELSE '[]' END)), "
	    "c.language, c.timezone, p.quiet_start, p.quiet_end "
	    "FROM contact c LEFT JOIN preference p ON p.contact = c.id "
	    "WHERE c.id = ?", "s", d->contact);
	if (ledger_next(r)) {
		if (d->preferred == NULL && ledger_text(r, 0) != NULL)
			d->preferred = arena_strdup(d->mem, ledger_text(r, 0));
		if (ledger_text(r, 1) != NULL)
			d->order = arena_strdup(d->mem, ledger_text(r, 1));
		if (record_string(d->record, "language") == NULL &&
		    ledger_text(r, 2) != NULL)
			record_set_string(d->record, "language",
			    ledger_text(r, 2));
		if (record_string(d->record, "timezone") == NULL &&
		    ledger_text(r, 3) != NULL)
			record_set_string(d->record, "timezone",
			    ledger_text(r, 3));
		d->quiet_start = time_of_day_parse(ledger_text(r, 4));
		d->quiet_end = time_of_day_parse(ledger_text(r, 5));
	}
	ledger_end(r);
}

static bool
load_template(struct decision *d)
{
	if (record_string(d->record, "template") == NULL)
		return true;
	d->set = templates_for(d->router->templates, d->filter, d->record);
	return d->set != NULL;
}

/* Class and topic: the record's, the template's, the configuration's. */
static bool
classify(struct decision *d)
{
	const struct config *c = d->router->config;
	const char *type = record_string(d->record, "type");

	d->topic = record_string(d->record, "topic");
	if (d->topic == NULL && d->set != NULL)
		d->topic = d->set->meta->topic;
	if (d->topic == NULL && type != NULL && config_has(c, "topic", type))
		d->topic = type;
	if (d->topic != NULL && !config_has(c, "topic", d->topic)) {
		filter_refuse(d->filter, d->record, "unknown_topic", "topic",
		    "there is no [topic %.60s] in the configuration",
		    d->topic);
		return false;
	}
	d->class = record_string(d->record, "class");
	if (d->class == NULL && d->set != NULL)
		d->class = d->set->meta->class;
	if (d->class == NULL && d->topic != NULL)
		d->class = config_string(c, "topic", d->topic, "class");
	if (d->class == NULL)
		d->class = "transactional";
	/* The record's own members are about to be set anew. */
	d->class = arena_strdup(d->mem, d->class);
	if (d->topic != NULL)
		d->topic = arena_strdup(d->mem, d->topic);
	if (!config_has(c, "class", d->class)) {
		filter_refuse(d->filter, d->record, "unknown_class", "class",
		    "there is no [class %.60s] in the configuration",
		    d->class);
		return false;
	}
	return true;
}

/* The type of channel that an explicit wish means; NULL when none. */
static const char *
type_of_wish(const struct config *c, const char *wish)
{
	const char *type;

	for (size_t i = 0; (type = config_channel_type(i)) != NULL; i++)
		if (strcmp(type, wish) == 0)
			return type;
	return config_has(c, "channel", wish) ?
	    config_string(c, "channel", wish, "type") : NULL;
}

static bool
list_types(struct decision *d)
{
	const char *wish = record_string(d->record, "channel"), *type;

	if (wish == NULL) {
		if (d->preferred != NULL)
			add_list(d, d->preferred);
		add_list(d, d->order);
		add_list(d, config_string(d->router->config, "class",
		    d->class, "channels"));
		return true;
	}
	type = type_of_wish(d->router->config, wish);
	if (type == NULL) {
		filter_refuse(d->filter, d->record, "unknown_channel",
		    "channel", "there is no channel %.60s", wish);
		return false;
	}
	d->wish = true;
	add_type(d, type);
	return true;
}

struct place {
	const char *to, *why;
	char hash[DIGEST_HEX];
	bool verified, dead;
	instant last_inbound;
};

/* Where the ledger has no row, nothing is known against the address. */
static void
look_up(struct decision *d, const char *type, struct place *p)
{
	struct ledger_rows *r;

	contact_address_hash(d->router->ledger, p->to, p->hash);
	r = ledger_select(d->router->ledger, "SELECT verified, dead_at, "
	    "last_inbound_at FROM address WHERE type = ? AND hash = ?", "ss",
	    type, p->hash);
	if (ledger_next(r)) {
		p->verified = ledger_int(r, 0) != 0;
		p->dead = ledger_text(r, 1) != NULL;
		if (ledger_text(r, 2) != NULL)
			clock_parse(ledger_text(r, 2), &p->last_inbound);
	}
	ledger_end(r);
}

static void
find_place(struct decision *d, const char *type, struct place *p)
{
	const struct value *own = value_get(record_get(d->record, "address"),
	    type);
	struct ledger_rows *r;

	*p = (struct place){ .to = value_get_string(own, "to") };
	if (p->to == NULL && own != NULL)
		p->why = value_get_string(own, "refused");
	if (p->to == NULL && record_get(d->record, "address") == NULL &&
	    d->contact != NULL) {
		r = ledger_select(d->router->ledger, "SELECT b.body FROM "
		    "contact_address a JOIN address x ON x.type = a.type AND "
		    "x.hash = a.hash JOIN content b ON b.key = x.content "
		    "WHERE a.contact = ? AND a.type = ? AND b.body IS NOT "
		    "NULL ORDER BY a.is_primary DESC, a.rank LIMIT 1", "ss",
		    d->contact, type);
		if (ledger_next(r))
			p->to = arena_strdup(d->mem, ledger_text(r, 0));
		ledger_end(r);
	}
	if (p->to != NULL)
		look_up(d, type, p);
}

/* Free text is for 24 hours after the person wrote; then templates only. */
static bool
window_allows(const struct decision *d, const char *type,
    const struct place *p)
{
	if (strcmp(type, "whatsapp") != 0 ||
	    p->last_inbound > clock_now() - WINDOW)
		return true;
	return d->set != NULL && templates_whatsapp(d->router->templates,
	    d->set, record_string(d->record, "language")) != NULL;
}

/* NULL when the channel can be taken, else why not. */
static const char *
objection(struct decision *d, const char *type, const char *wish,
    const char **account, struct place *p)
{
	const struct config *c = d->router->config;
	char why[160];

	*account = account_of(c, type, wish != NULL &&
	    config_has(c, "channel", wish) ? wish : NULL);
	if (*account == NULL)
		return "no active channel of this type";
	if (d->set != NULL && !templates_support(d->set, type))
		return "the template is not for this channel";
	find_place(d, type, p);
	if (p->to == NULL)
		return p->why != NULL ? p->why : "no address";
	if (policy_is_opted_out(d->router->ledger, c, p->hash, type, d->topic,
	    d->contact, why, sizeof(why)))
		return arena_strdup(d->mem, why);
	if (p->dead)
		return "the address is dead";
	if (config_bool(c, "channel", *account, "verified_only") &&
	    !p->verified)
		return "the address is not verified";
	if (!window_allows(d, type, p))
		return "no approved template, and nothing was received "
		    "in the last 24 hours";
	return NULL;
}

static void
choose(struct decision *d)
{
	const char *wish = record_string(d->record, "channel"), *why, *account;
	struct place p;

	for (size_t i = 0; i < d->count; i++) {
		why = objection(d, d->types[i], wish, &account, &p);
		if (why != NULL)
			consider(d, d->types[i], "refused", why);
		else if (d->chosen == NULL) {
			d->chosen = d->types[i];
			d->account = account;
			d->to = arena_strdup(d->mem, p.to);
			consider(d, d->types[i], "chosen", NULL);
		} else {
			value_append_take(d->fallback,
			    value_new_string(d->types[i]));
			consider(d, d->types[i], "fallback", NULL);
		}
	}
}

/* -1: refused; 0: not there, `t` is as it was. */
static int
read_time(struct decision *d, const char *field, instant *t)
{
	const char *s = record_string(d->record, field);
	instant read;

	if (record_get(d->record, field) == NULL)
		return 0;
	if (s == NULL || !clock_parse(s, &read)) {
		filter_refuse(d->filter, d->record, "bad_time", field,
		    "%s: not a time like 2026-11-24T10:30:00-06:00", field);
		return -1;
	}
	*t = read;
	return 1;
}

/* The window in which it may be sent. */
static bool
set_window(struct decision *d)
{
	instant now = clock_now(), start = now, end = 0, until;
	const char *zone = record_string(d->record, "timezone");
	char text[CLOCK_TEXT];
	int ends;

	if (read_time(d, "not_before", &start) == -1)
		return false;
	ends = read_time(d, "expires_at", &end);
	if (ends == -1)
		return false;
	if (start < now)
		start = now;
	if (policy_is_quiet(d->router->config, d->class, zone, d->quiet_start,
	    d->quiet_end, start, &until))
		start = until;
	if (ends == 0)
		end = start + config_duration(d->router->config, "class",
		    d->class, "expires");
	if (start >= end) {
		filter_refuse(d->filter, d->record, "too_late", "expires_at",
		    "too late: it may be sent from %s on, but not after %s",
		    clock_format(start, text),
		    clock_format(end, (char[CLOCK_TEXT]){ "" }));
		return false;
	}
	record_set_string(d->record, "not_before", clock_format(start, text));
	record_set_string(d->record, "expires_at", clock_format(end, text));
	return true;
}

static void
write_route(struct decision *d)
{
	struct value *route = value_new_object();

	value_set_string(route, "reason", d->wish ? "explicit wish" :
	    d->preferred != NULL && d->chosen != NULL &&
	    strcmp(d->preferred, d->chosen) == 0 ? "the contact's preference" :
	    "class table");
	value_set_take(route, "considered", d->considered);
	d->considered = NULL;
	if (d->chosen != NULL) {
		record_set_string(d->record, "class", d->class);
		if (d->topic != NULL)
			record_set_string(d->record, "topic", d->topic);
		record_set_string(d->record, "channel", d->chosen);
		record_set_string(d->record, "account", d->account);
		record_set_string(d->record, "to", d->to);
		record_set_take(d->record, "fallback", d->fallback);
		d->fallback = NULL;
	}
	record_set_take(d->record, "route", route);
}

static void
decide(struct decision *d)
{
	if (!load_template(d) || !classify(d))
		return;
	load_preference(d);
	if (!list_types(d))
		return;
	choose(d);
	write_route(d);
	/* A ladder goes on with its next step: nobody needs to be told. */
	if (d->chosen == NULL && value_path(record_get(d->record, "reminder"),
	    "next") != NULL)
		filter_refuse_quietly(d->filter, d->record, "unreachable",
		    d->wish ? "channel" : "contact", "cannot be reached: %s",
		    buf_text(&d->reasons));
	else if (d->chosen == NULL)
		filter_refuse(d->filter, d->record, "unreachable",
		    d->wish ? "channel" : "contact", "cannot be reached: %s",
		    buf_text(&d->reasons));
	else
		set_window(d);
}

void
route_record(struct filter *f, struct record *r)
{
	struct decision d = { .filter = f, .router = f->ctx, .record = r,
	    .mem = &f->mem, .reasons = BUF_INIT(8192) };
	const char *channel = record_string(r, "channel");

	/* A step that tells staff goes to no address. */
	if (channel != NULL && strcmp(channel, "staff") == 0)
		return;
	d.contact = value_get_string(record_get(r, "contact"), "id");
	d.considered = value_new_array();
	d.fallback = value_new_array();
	decide(&d);
	value_free(d.considered);
	value_free(d.fallback);
	buf_release(&d.reasons);
}
