/* A calendar's export, row by row: what a row says, and its contact. */

#include "schedule_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/zone.h"
#include "message/contact.h"
#include "message/contact_check.h"

static bool
bad(struct entry *n, const char *code, const char *field, const char *what)
{
	filter_refuse(n->filter, n->record, code, field, "%s: %s", field,
	    what);
	return false;
}

/* RFC 3339, or local time as the calendar has it, in the row's zone. */
static bool
read_event(struct entry *n)
{
	const char *at = record_string(n->record, "at");
	char what[160], text[CLOCK_TEXT];
	struct civil c;
	instant again;

	n->timezone = record_string(n->record, "timezone");
	if (n->timezone == NULL)
		n->timezone = config_string(n->scheduler->config, "site", NULL,
		    "timezone");
	if (!zone_is_valid(n->timezone)) {
		snprintf(what, sizeof(what), "there is no time zone %.60s",
		    n->timezone);
		return bad(n, "bad_timezone", "timezone", what);
	}
	if (at == NULL)
		return bad(n, "bad_time", "at", "missing");
	if (civil_parse(at, &c)) {
		if (!zone_from_local(n->timezone, &c, &n->event))
			return bad(n, "bad_time", "at", "no such time");
	} else if (!clock_parse(at, &n->event)) {
		snprintf(what, sizeof(what), "%.60s is not a date and time of "
		    "the calendar", at);
		return bad(n, "bad_time", "at", what);
	}
	/* An evening of the last year is one beyond it in UTC. */
	if (!clock_parse(clock_format(n->event, text), &again) ||
	    again != n->event)
		return bad(n, "bad_time", "at", "too far ahead, or back");
	zone_to_local(n->timezone, n->event, &c);
	snprintf(n->event_local, sizeof(n->event_local),
	    "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour,
	    c.minute);
	return true;
}

/* When the row was last changed, written like `at`.  False: unreadable. */
static bool
read_updated(struct entry *n)
{
	const struct value *v = record_get(n->record, "updated_at");
	const char *zone = record_string(n->record, "timezone");
	const char *text = value_string(v);
	struct civil c;
	instant t;

	n->updated = INT64_MIN;
	if (value_type(v) == VALUE_ABSENT || value_type(v) == VALUE_NULL)
		return true;
	if (zone == NULL || !zone_is_valid(zone))
		zone = config_string(n->scheduler->config, "site", NULL,
		    "timezone");
	if (text == NULL || !(civil_parse(text, &c) ? zone_from_local(zone,
	    &c, &t) : clock_parse(text, &t)))
		return false;
	n->updated = t;
	return true;
}

/*
 * A field of another kind than it should be: what it was to say would be lost,
 * and the row taken for one without it.
 */
static bool
check_kinds(struct entry *n)
{
	static const struct {
		const char *field, *code, *what;
		enum value_type type;
	} fields[] = {
		{ "status", "unknown_status", "not a text", VALUE_STRING },
		{ "timezone", "bad_timezone", "not a text", VALUE_STRING },
		{ "vars", "bad_vars", "not an object", VALUE_OBJECT },
		{ "metadata", "bad_metadata", "not an object", VALUE_OBJECT },
		{ "related", "bad_related", "not an object", VALUE_OBJECT }
	};
	const struct value *v;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		v = record_get(n->record, fields[i].field);
		if (value_type(v) != VALUE_ABSENT && value_type(v) !=
		    VALUE_NULL && value_type(v) != fields[i].type)
			return bad(n, fields[i].code, fields[i].field,
			    fields[i].what);
	}
	v = record_get(n->record, "related");
	if (value_type(v) == VALUE_OBJECT && (value_get_string(v, "type") ==
	    NULL || (value_get_string(v, "id") == NULL &&
	    value_type(value_get(v, "id")) != VALUE_INTEGER)))
		return bad(n, "bad_related", "related", "lacks type or id");
	return true;
}

static bool
read_entry(struct entry *n)
{
	struct error e;

	if (n->id == NULL || *n->id == '\0' || strlen(n->id) > 150)
		return bad(n, "no_id", "id", n->id == NULL || *n->id == '\0' ?
		    "missing, or not a text" : "longer than 150 bytes");
	n->type = record_string(n->record, "type");
	if (n->type == NULL)
		return bad(n, "bad_type", "type", "missing");
	if (ladder_load(n->scheduler->config, n->type, &n->ladder, &e) == -1)
		return bad(n, "unknown_type", "type", e.text);
	n->ladder.hours = &n->scheduler->hours;
	n->contact = record_get(n->record, "contact");
	if (value_type(n->contact) != VALUE_OBJECT)
		return bad(n, "bad_contact", "contact", "missing");
	n->status = record_string(n->record, "status");
	if (n->status == NULL)
		n->status = "scheduled";
	if (!check_kinds(n) || !read_event(n))
		return false;
	/* Without it an old row could undo what a newer one said. */
	return read_updated(n) || bad(n, "bad_time", "updated_at", "not a date "
	    "and time");
}

/*
 * The field `address`, made here unless omni-normalize did.  A contact whose
 * addresses are all unusable is kept, for staff to call; it needs an id.
 */
static bool
read_address(struct entry *n)
{
	const char *field, *why = contact_id_fault(n->contact);
	struct value *address;
	struct error e;

	if (why != NULL)
		return bad(n, "bad_contact", "contact.id", why);
	n->contact_id = value_get_string(n->contact, "id");
	n->address = record_get(n->record, "address");
	if (n->address != NULL && n->contact_id != NULL)
		return true;
	switch (address_of_contact(n->scheduler->phones,
	    n->scheduler->config, n->contact, &n->filter->mem, &address,
	    &field, &why, &e)) {
	case ADDRESS_UNKNOWN:
		filter_refuse_temporarily(n->filter, n->record, "phonenumber",
		    "%s", e.text);
		return false;
	case ADDRESS_REFUSED:
		if (n->contact_id == NULL)
			return bad(n, "bad_address", field, why);
		n->unusable = arena_strdup(&n->filter->mem, why);
		address = NULL;
		break;
	case ADDRESS_OK:
		break;
	}
	if (n->contact_id == NULL) {
		value_free(address);
		return bad(n, "bad_contact", "contact.id", "missing, or not "
		    "a text");
	}
	if (address != NULL) {
		record_set_take(n->record, "address", address);
		n->address = record_get(n->record, "address");
	}
	return true;
}

static bool
read_language(struct entry *n)
{
	const char *zone = value_get_string(n->contact, "timezone");

	n->language = value_get_string(n->contact, "language");
	if (n->language == NULL)
		n->language = config_string(n->scheduler->config, "site", NULL,
		    "language");
	if (zone != NULL && !zone_is_valid(zone))
		return bad(n, "bad_timezone", "contact.timezone",
		    "there is no such time zone");
	return true;
}

/* Said when a contact is new or changed, not with every export. */
static void
report_addresses(const struct entry *n)
{
	static const struct { const char *type, *field; } list[] = {
		{ "email", "email" }, { "voice", "phone" },
		{ "whatsapp", "whatsapp" }, { "push", "push" }
	};
	const char *why;

	if (n->address == NULL)
		diag("line %ju: %s: contact %s cannot be reached: %s",
		    n->filter->line, n->id, n->contact_id,
		    n->unusable != NULL ? n->unusable :
		    "has neither email, phone, whatsapp nor push");
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		why = value_get_string(value_get(n->address, list[i].type),
		    "refused");
		if (why != NULL && value_get(n->contact, list[i].field) !=
		    NULL)
			diag("line %ju: %s: contact.%s left out: %s",
			    n->filter->line, n->id, list[i].field, why);
	}
}

/* What an opt-out could not change is told like an address left out. */
static void
report_not_taken(const struct entry *n, const struct value *list)
{
	const struct value *v;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		if (strcmp(value_get_string(v, "state"), "out") == 0)
			diag("line %ju: %s: contact %s: opt-out of %s not "
			    "taken for %s: they came back themselves",
			    n->filter->line, n->id, n->contact_id,
			    value_get_string(v, "scope"), value_get_string(v,
			    "address"));
	}
}

static bool
check_contact(struct entry *n)
{
	const char *word = contact_fault(n->contact);
	char what[96];

	if (word != NULL)
		return bad(n, "bad_preference", "contact.preferences", word);
	word = contact_unknown_preference(n->contact);
	if (word != NULL) {
		snprintf(what, sizeof(what), "there is no member %.60s", word);
		return bad(n, "bad_preference", "contact.preferences", what);
	}
	/* It has addresses of any kind, which only omni-contact reads. */
	if (value_get(n->contact, "consent") != NULL)
		return bad(n, "bad_consent", "contact.consent", "only "
		    "omni-contact import takes it");
	return true;
}

static bool
put_contact(struct entry *n)
{
	struct ledger *l = n->scheduler->ledger;
	const struct contact_input in = { .config = n->scheduler->config,
	    .contact = n->contact, .address = n->address,
	    .language = n->language, .again = true };
	const struct consent_import wishes = { .config = in.config,
	    .contact = n->contact, .source = n->id };
	struct consent_report told;
	bool fresh, good;

	if (!check_contact(n))
		return false;
	fresh = contact_put(l, &in, &n->filter->mem, NULL) !=
	    CONTACT_UNCHANGED;
	if (fresh)
		report_addresses(n);
	good = consent_import(l, &wishes, &n->filter->mem, &told);
	if (fresh)
		report_not_taken(n, told.not_taken);
	value_free(told.not_taken);
	if (!good)
		filter_refuse(n->filter, n->record, "bad_opt_out",
		    "contact.opt_out", "contact.%s: %s", told.field,
		    told.bad);
	return good;
}

/*
 * Two systems that number alike must not move each other's appointments: the
 * id is then another one's.
 */
static bool
look_up(struct entry *n)
{
	const struct scheduler *s = n->scheduler;
	const struct known *k = &n->known;
	char what[200];

	schedule_look_up(s->ledger, n->id, &n->known);
	if (!k->found || s->source == NULL || s->force ||
	    *k->source == '\0' || strcmp(k->source, s->source) == 0)
		return true;
	snprintf(what, sizeof(what), "is known from the export \"%s\", and "
	    "this is \"%s\": ids must differ", k->source, s->source);
	return bad(n, "other_source", "id", what);
}

/*
 * What is over needs no more than an id: a row that cannot be read otherwise
 * must still stop its reminder.  Its contact counts all the same, above all
 * an opt-out in it.
 */
static bool
take_closed(struct entry *n)
{
	n->status = record_string(n->record, "status");
	if (n->status == NULL || n->id == NULL ||
	    (strcmp(n->status, "cancelled") != 0 &&
	    strcmp(n->status, "done") != 0))
		return false;
	if (!ledger_is_open(n->scheduler->ledger))
		ledger_begin(n->scheduler->ledger);
	if (!look_up(n))
		return true;
	read_updated(n);
	schedule_apply_closed(n);
	n->contact = record_get(n->record, "contact");
	if (value_type(n->contact) == VALUE_OBJECT &&
	    value_get_string(n->contact, "id") != NULL && read_address(n) &&
	    read_language(n))
		put_contact(n);
	return true;
}

static bool
is_status(const char *s)
{
	return strcmp(s, "scheduled") == 0 || strcmp(s, "confirmed") == 0;
}

void
schedule_prepare(struct filter *f, const struct record *r)
{
	const struct scheduler *s = f->ctx;

	if (record_get(r, "address") == NULL && !record_is_refused(r))
		address_expect(s->phones, record_get(r, "contact"));
}

/* Without updated_at nobody can tell which of the two is the newer. */
static void
report_twice(const struct entry *n)
{
	const char *state = value_get_string(record_get(n->record,
	    "schedule"), "state");

	if (n->again && n->updated == INT64_MIN &&
	    strcmp(state, "unchanged") != 0 && strcmp(state, "past") != 0 &&
	    strcmp(state, "not_known") != 0)
		diag("line %ju: %s: was in this export before, otherwise, and "
		    "neither has updated_at: this row counts",
		    n->filter->line, n->id);
}

static void
take_row(struct entry *n)
{
	struct ledger *l = n->scheduler->ledger;

	if (!read_entry(n) || !read_address(n) || !read_language(n))
		return;
	if (!is_status(n->status)) {
		bad(n, "unknown_status", "status", "neither scheduled, "
		    "confirmed, cancelled nor done");
		return;
	}
	if (!ledger_is_open(l))
		ledger_begin(l);
	if (!look_up(n))
		return;
	/* A row is taken whole or not at all. */
	ledger_savepoint(l);
	if (!put_contact(n)) {
		ledger_undo(l);
		return;
	}
	schedule_apply_open(n);
	ledger_release(l);
	report_twice(n);
}

void
schedule_record(struct filter *f, struct record *r)
{
	struct entry n = { .scheduler = f->ctx, .filter = f, .record = r };

	n.id = record_string(r, "id");
	if (schedule_take_end(&n))
		return;
	schedule_mention(&n);
	if (!record_is_refused(r) && !take_closed(&n))
		take_row(&n);
}

void
schedule_commit(struct filter *f)
{
	struct scheduler *s = f->ctx;

	if (!ledger_is_open(s->ledger))
		return;
	if (s->dry)
		ledger_rollback(s->ledger);
	else
		ledger_commit(s->ledger);
}
