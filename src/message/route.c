#include "route_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "message/address.h"
#include "message/contact.h"
#include "message/policy.h"

static bool
is_open_for(const struct config *c, const char *name, const char *type)
{
	return strcmp(config_string(c, "channel", name, "type"), type) == 0 &&
	    config_bool(c, "channel", name, "active");
}

/* Browsers and topics are of two kinds: not each address is for each. */
static bool
takes(const struct config *c, const char *name, const char *to)
{
	const char *kind = config_string(c, "provider", config_string(c,
	    "channel", name, "provider"), "kind");

	if (strcmp(kind, "webpush") == 0)
		return subscription_is_meant(to);
	return strcmp(kind, "ntfy") != 0 || !subscription_is_meant(to);
}

/*
 * The active channel that was wished for by name, else the type's first; of
 * those that take the address, if it is known.  The name is the
 * configuration's: the record's own does not outlive its field.
 */
static const char *
account_of(const struct config *c, const char *type, const char *wish,
    const char *to)
{
	const char *name, *first = NULL;

	for (size_t i = 0; (name = config_name(c, "channel", i)) != NULL; i++) {
		if (!is_open_for(c, name, type) ||
		    (to != NULL && !takes(c, name, to)))
			continue;
		if (wish != NULL && strcmp(wish, name) == 0)
			return name;
		if (first == NULL)
			first = name;
	}
	return wish == NULL || strcmp(wish, type) == 0 ? first : NULL;
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

/* Devices come and go: of push, the next takes the place of a dead one. */
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
		    "NULL ORDER BY a.type = 'push' AND x.dead_at IS NOT NULL, "
		    "a.is_primary DESC, a.rank LIMIT 1", "ss", d->contact,
		    type);
		if (ledger_next(r))
			p->to = arena_strdup(d->mem, ledger_text(r, 0));
		ledger_end(r);
	}
	if (p->to != NULL)
		look_up(d, type, p);
}

/*
 * Free text is for 24 hours after the person wrote; then templates only.  What
 * counts is when the message will go, which may be after the quiet hours.
 */
static const char *
window_objection(const struct decision *d, const char *type,
    const struct place *p)
{
	if (strcmp(type, "whatsapp") != 0 ||
	    policy_window_is_open(p->last_inbound, d->start))
		return NULL;
	if (d->set != NULL && templates_whatsapp(d->router->templates,
	    d->set, record_string(d->record, "language")) != NULL)
		return NULL;
	return policy_window_is_open(p->last_inbound, clock_now()) ?
	    "no approved template, and when it may be sent the 24 hours after "
	    "the last answer are over" :
	    "no approved template, and nothing was received in the last 24 "
	    "hours";
}

/* When the reader is not left alone any more, by the channel's own rules. */
static instant
quiet_end(struct decision *d, const char *type, instant start, char *why,
    size_t size)
{
	const struct quiet_reader who = { .class = d->class, .topic = d->topic,
	    .channel = type, .zone = record_string(d->record, "timezone"),
	    .start = d->quiet_start, .end = d->quiet_end };
	instant until;

	return quiet_holds(&d->router->quiet, &who, start, &until, why,
	    size) ? until : start;
}

/*
 * Marketing is never spoken, and nobody is called in quiet hours: a message
 * that cannot wait for their end takes another channel.
 */
static const char *
voice_objection(struct decision *d, const char *type)
{
	char why[sizeof(d->waits_for)];

	if (strcmp(type, "voice") != 0)
		return NULL;
	if (policy_is_marketing(d->router->config, d->class, d->topic))
		return "marketing is never spoken";
	return d->ends && quiet_end(d, type, d->start, why, sizeof(why)) >=
	    d->end && d->start < d->end ?
	    "nobody is called in quiet hours, and after them it is too late" :
	    NULL;
}

/* NULL when the channel can be taken, else why not. */
static const char *
objection(struct decision *d, const char *type, const char *wish,
    const char **account, struct place *p)
{
	const struct config *c = d->router->config;
	struct policy_reader who = { .type = type, .topic = d->topic,
	    .class = d->class, .contact = d->contact };
	const char *why_not;
	char why[160];

	*account = account_of(c, type, wish, NULL);
	if (*account == NULL)
		return "no active channel of this type";
	if (d->set != NULL && !templates_support(d->set, type))
		return "the template is not for this channel";
	find_place(d, type, p);
	if (p->to == NULL)
		return p->why != NULL ? p->why : "no address";
	*account = account_of(c, type, wish, p->to);
	if (*account == NULL)
		return "no active channel takes this kind of address";
	who.hash = p->hash;
	if (policy_is_opted_out(d->router->ledger, c, &who, why,
	    sizeof(why)))
		return arena_strdup(d->mem, why);
	if (p->dead)
		return "the address is dead";
	if (config_bool(c, "channel", *account, "verified_only") &&
	    !p->verified)
		return "the address is not verified";
	why_not = voice_objection(d, type);
	return why_not != NULL ? why_not : window_objection(d, type, p);
}

static void
choose(struct decision *d)
{
	const char *wish = record_string(d->record, "channel"), *why, *account;
	struct place p;

	for (size_t i = 0; i < d->count; i++) {
		why = objection(d, d->types[i], wish, &account, &p);
		if (why != NULL)
			route_consider(d, d->types[i], "refused", why);
		else if (d->chosen == NULL) {
			d->chosen = d->types[i];
			d->chosen_by = d->by[i];
			d->account = account;
			d->to = arena_strdup(d->mem, p.to);
			route_consider(d, d->types[i], "chosen", NULL);
		} else {
			value_append_take(d->fallback,
			    value_new_string(d->types[i]));
			route_consider(d, d->types[i], "fallback", NULL);
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

/* Puts it off until they are not left alone any more, by channel `type`. */
static void
wait_for(struct decision *d, const char *type)
{
	size_t len = strlen(d->waits_for);
	char why[sizeof(d->waits_for)];
	instant until = quiet_end(d, type, d->start, why, sizeof(why));

	if (until > d->start)
		snprintf(d->waits_for + len, sizeof(d->waits_for) - len,
		    "%s%s", len == 0 ? "" : "; ", why);
	d->start = until;
	if (!d->ends)
		d->end = d->start + config_duration(d->router->config, "class",
		    d->class, "expires");
}

/* The window in which it may be sent; it may turn out to be none. */
static bool
find_window(struct decision *d)
{
	instant now = clock_now();
	int ends;

	d->start = now;
	if (read_time(d, "not_before", &d->start) == -1)
		return false;
	ends = read_time(d, "expires_at", &d->end);
	if (ends == -1)
		return false;
	d->ends = ends == 1;
	if (d->start < now)
		d->start = now;
	wait_for(d, NULL);
	return true;
}

static void
set_window(struct decision *d)
{
	char start[CLOCK_TEXT], end[CLOCK_TEXT];

	clock_format(d->start, start);
	clock_format(d->end, end);
	if (d->start >= d->end) {
		filter_refuse(d->filter, d->record, "too_late", "expires_at",
		    "too late: it may be sent from %s on, but not after %s",
		    start, end);
		return;
	}
	record_set_string(d->record, "not_before", start);
	record_set_string(d->record, "expires_at", end);
}

/* What the message waits for, by whose clock. */
static struct value *
waiting(const struct decision *d)
{
	struct value *v = value_new_object();
	const char *zone = record_string(d->record, "timezone");
	char text[CLOCK_TEXT];

	value_set_string(v, "for", d->waits_for);
	value_set_string(v, "until", clock_format(d->start, text));
	if (zone == NULL)
		zone = config_string(d->router->config, "site", NULL,
		    "timezone");
	value_set_string(v, "timezone", zone);
	return v;
}

/*
 * What stands in for one that failed brings its wish, and the channels that
 * are left after it.
 */
static void
set_fallback(struct decision *d)
{
	if (d->wish && record_string(d->record, "parent") != NULL &&
	    value_type(record_get(d->record, "fallback")) == VALUE_ARRAY)
		return;
	record_set_take(d->record, "fallback", d->fallback);
	d->fallback = NULL;
}

static void
write_route(struct decision *d)
{
	struct value *route = value_new_object();

	value_set_string(route, "reason", d->chosen != NULL ? d->chosen_by :
	    d->wish ? BY_WISH : "no channel is left");
	value_set_take(route, "considered", d->considered);
	d->considered = NULL;
	if (d->chosen != NULL && d->waits_for[0] != '\0')
		value_set_take(route, "waits", waiting(d));
	if (d->chosen != NULL) {
		record_set_string(d->record, "class", d->class);
		if (d->topic != NULL)
			record_set_string(d->record, "topic", d->topic);
		record_set_string(d->record, "channel", d->chosen);
		record_set_string(d->record, "account", d->account);
		record_set_string(d->record, "to", d->to);
		set_fallback(d);
	}
	record_set_take(d->record, "route", route);
}

static void
refuse_unreachable(struct decision *d)
{
	const char *field = d->wish ? "channel" : "contact";

	/* An id that is a slip has no address on any channel. */
	if (d->contact != NULL && record_get(d->record, "address") == NULL &&
	    !contact_is_known(d->router->ledger, d->contact)) {
		filter_refuse(d->filter, d->record, "unreachable", "contact",
		    "cannot be reached: there is no contact %.100s; %s",
		    d->contact, buf_text(&d->reasons));
		return;
	}
	/* A ladder goes on with its next step: nobody needs to be told. */
	if (value_path(record_get(d->record, "reminder"), "next") != NULL)
		filter_refuse_quietly(d->filter, d->record, "unreachable",
		    field, "cannot be reached: %s", buf_text(&d->reasons));
	else
		filter_refuse(d->filter, d->record, "unreachable", field,
		    "cannot be reached: %s", buf_text(&d->reasons));
}

static void
decide(struct decision *d)
{
	if (!load_template(d) || !classify(d) || !route_load_preference(d))
		return;
	if (!route_list_types(d) || !find_window(d))
		return;
	choose(d);
	/* What the others need not wait for keeps a telephone silent. */
	if (d->chosen != NULL && strcmp(d->chosen, "voice") == 0)
		wait_for(d, d->chosen);
	write_route(d);
	if (d->chosen == NULL)
		refuse_unreachable(d);
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
	ledger_look(d.router->ledger);
	decide(&d);
	ledger_look_end(d.router->ledger);
	value_free(d.considered);
	value_free(d.fallback);
	buf_release(&d.reasons);
}
