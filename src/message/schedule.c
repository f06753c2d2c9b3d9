#include "schedule.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/zone.h"
#include "message/contact.h"
#include "message/ladder.h"

/* One row of the export, checked. */
struct entry {
	struct scheduler *scheduler;
	struct filter *filter;
	struct record *record;
	const char *id, *type, *status, *contact_id, *timezone, *language;
	const struct value *contact, *address;
	const char *unusable;	/* why the contact has no address at all */
	struct ladder ladder;
	instant event;
	char event_local[32];
	/* As the ledger has it: */
	bool known;
	char state[16];
	int64_t revision;
	instant known_event;
	char known_content[LEDGER_KEY], known_source[40], known_contact[256];
	char known_type[64];
	bool by_export;		/* it was an export that closed it */
};

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
	struct civil c;
	char what[160];

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
	zone_to_local(n->timezone, n->event, &c);
	snprintf(n->event_local, sizeof(n->event_local),
	    "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour,
	    c.minute);
	return true;
}

static bool
read_entry(struct entry *n)
{
	struct error e;

	n->id = record_string(n->record, "id");
	if (n->id == NULL || *n->id == '\0' || strlen(n->id) > 150)
		return bad(n, "no_id", "id", n->id == NULL || *n->id == '\0' ?
		    "missing, or not a text" : "longer than 150 bytes");
	n->type = record_string(n->record, "type");
	if (n->type == NULL)
		return bad(n, "bad_type", "type", "missing");
	if (ladder_load(n->scheduler->config, n->type, &n->ladder, &e) == -1)
		return bad(n, "unknown_type", "type", e.text);
	n->contact = record_get(n->record, "contact");
	if (value_type(n->contact) != VALUE_OBJECT)
		return bad(n, "bad_contact", "contact", "missing");
	n->status = record_string(n->record, "status");
	if (n->status == NULL)
		n->status = "scheduled";
	return read_event(n);
}

/*
 * The field `address`, made here unless omni-normalize did.  A contact whose
 * addresses are all unusable is kept, for staff to call; it needs an id.
 */
static bool
read_address(struct entry *n)
{
	const char *field, *why;
	struct value *address;
	struct error e;

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

static void
look_up(struct entry *n)
{
	struct ledger_rows *r;

	r = ledger_select(n->scheduler->ledger, "SELECT state, revision, "
	    "event_at, content, source_at, contact, type, reason "
	    "FROM reminder WHERE id = ?", "s", n->id);
	n->known = ledger_next(r);
	if (n->known) {
		snprintf(n->state, sizeof(n->state), "%s", ledger_text(r, 0));
		n->revision = ledger_int(r, 1);
		clock_parse(ledger_text(r, 2), &n->known_event);
		snprintf(n->known_content, sizeof(n->known_content), "%s",
		    ledger_text(r, 3));
		snprintf(n->known_source, sizeof(n->known_source), "%s",
		    ledger_text(r, 4) == NULL ? "" : ledger_text(r, 4));
		snprintf(n->known_contact, sizeof(n->known_contact), "%s",
		    ledger_text(r, 5));
		snprintf(n->known_type, sizeof(n->known_type), "%s",
		    ledger_text(r, 6));
		n->by_export = ledger_text(r, 7) != NULL &&
		    strcmp(ledger_text(r, 7), "export") == 0;
	}
	ledger_end(r);
}

/* What the templates will need: vars, and the time of the event. */
static void
put_content(struct entry *n, char key[LEDGER_KEY])
{
	struct value *body = value_new_object();
	const struct value *vars = record_get(n->record, "vars");
	const struct value *related = record_get(n->record, "related");
	const char *json;

	value_set_string(body, "id", n->id);
	value_set_string(body, "type", n->type);
	value_set_string(body, "contact", n->contact_id);
	value_set_string(body, "timezone", n->timezone);
	if (value_type(related) == VALUE_OBJECT)
		value_set_take(body, "related", value_copy(related));
	value_set_take(body, "vars", value_type(vars) == VALUE_OBJECT ?
	    value_copy(vars) : value_new_object());
	json = value_json(body, &n->filter->mem);
	ledger_content_put(n->scheduler->ledger, "reminder", json, strlen(json),
	    key);
	value_free(body);
}

static void
answer(struct entry *n, const char *state, int64_t revision)
{
	struct value *v = value_new_object();

	value_set_string(v, "state", state);
	if (revision > 0)
		value_set_integer(v, "revision", revision);
	record_set_take(n->record, "schedule", v);
}

static void
put_reminder(struct entry *n, int64_t revision, const char *content)
{
	const struct ladder_step *first = ladder_after(&n->ladder, 0);
	const struct value *related = record_get(n->record, "related");
	const char *source = record_string(n->record, "updated_at");
	struct value *data = value_new_object();
	char text[CLOCK_TEXT];

	value_set_string(data, "id", n->id);
	value_set_string(data, "type", n->type);
	value_set_string(data, "contact", n->contact_id);
	value_set_integer(data, "revision", revision);
	value_set_string(data, "event_at", clock_format(n->event, text));
	value_set_string(data, "event_local", n->event_local);
	value_set_string(data, "timezone", n->timezone);
	value_set_string(data, "content", content);
	if (source != NULL)
		value_set_string(data, "source_at", source);
	value_set_integer(data, "next_step", first->number);
	value_set_string(data, "next_due_at", clock_format(ladder_due(first,
	    n->event, n->event), text));
	if (value_type(related) == VALUE_OBJECT)
		value_set_take(data, "related", value_copy(related));
	ledger_append_take(n->scheduler->ledger, "reminder.put", data);
}

static void
close_reminder(struct entry *n, int64_t revision, const char *state)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", n->id);
	value_set_integer(data, "revision", revision);
	value_set_string(data, "state", state);
	value_set_string(data, "how", "export");
	ledger_append_take(n->scheduler->ledger, "reminder.closed", data);
}

/* Rows of one export may tell of one appointment twice; the newer counts. */
static bool
is_stale(const struct entry *n)
{
	const char *source = record_string(n->record, "updated_at");
	instant mine, known;

	return n->known && source != NULL && clock_parse(source, &mine) &&
	    clock_parse(n->known_source, &known) && mine < known;
}

static void
schedule_open(struct entry *n)
{
	char content[LEDGER_KEY];
	bool moved, given;

	if (n->event <= clock_now()) {
		/* Moved to a time that is over: the old one must not go out. */
		if (n->known && n->known_event != n->event &&
		    strcmp(n->state, "open") == 0)
			close_reminder(n, n->revision, "lapsed");
		answer(n, "past", n->known ? n->revision : 0);
		return;
	}
	put_content(n, content);
	moved = n->known && n->known_event != n->event;
	/* Another person's, or another ladder: nothing old must go out. */
	given = n->known && (strcmp(n->known_contact, n->contact_id) != 0 ||
	    strcmp(n->known_type, n->type) != 0);
	if (!n->known) {
		put_reminder(n, 1, content);
		answer(n, "new", 1);
	} else if (moved || given || strcmp(n->state, "cancelled") == 0 ||
	    (strcmp(n->state, "lapsed") == 0 && n->by_export) ||
	    strcmp(n->state, "done") == 0) {
		put_reminder(n, n->revision + 1, content);
		answer(n, moved ? "moved" : given ? "reassigned" :
		    "reopened", n->revision + 1);
	} else if (strcmp(content, n->known_content) != 0) {
		put_reminder(n, n->revision, content);
		answer(n, "changed", n->revision);
	} else
		answer(n, "unchanged", n->revision);
}

static void
schedule_confirmed(struct entry *n)
{
	char content[LEDGER_KEY];

	if (n->known && strcmp(n->state, "confirmed") == 0 &&
	    n->known_event == n->event) {
		answer(n, "unchanged", n->revision);
		return;
	}
	if (n->event <= clock_now() && !n->known) {
		answer(n, "past", 0);
		return;
	}
	put_content(n, content);
	if (!n->known || n->known_event != n->event) {
		put_reminder(n, n->revision + 1, content);
		n->revision++;
	}
	close_reminder(n, n->revision, "confirmed");
	answer(n, "confirmed", n->revision);
}

static void
schedule_closed(struct entry *n, const char *state)
{
	if (!n->known || strcmp(n->state, state) == 0 ||
	    strcmp(n->state, "done") == 0)
		answer(n, n->known ? "unchanged" : "not_known",
		    n->known ? n->revision : 0);
	else {
		close_reminder(n, n->revision, state);
		answer(n, state, n->revision);
	}
}

static void
apply(struct entry *n)
{
	look_up(n);
	if (is_stale(n)) {
		answer(n, "stale", n->revision);
		return;
	}
	if (strcmp(n->status, "scheduled") == 0)
		schedule_open(n);
	else
		schedule_confirmed(n);
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
 * What is over needs no more than an id: a row that cannot be read otherwise
 * must still stop its reminder.  Its contact counts all the same, above all
 * an opt-out in it.
 */
static bool
take_closed(struct entry *n)
{
	n->status = record_string(n->record, "status");
	n->id = record_string(n->record, "id");
	if (n->status == NULL || n->id == NULL ||
	    (strcmp(n->status, "cancelled") != 0 &&
	    strcmp(n->status, "done") != 0))
		return false;
	if (!ledger_is_open(n->scheduler->ledger))
		ledger_begin(n->scheduler->ledger);
	look_up(n);
	if (is_stale(n))
		answer(n, "stale", n->revision);
	else
		schedule_closed(n, n->status);
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

	if (record_get(r, "address") == NULL)
		address_expect(s->phones, record_get(r, "contact"));
}

void
schedule_record(struct filter *f, struct record *r)
{
	struct entry n = { .scheduler = f->ctx, .filter = f, .record = r };

	if (take_closed(&n))
		return;
	if (!read_entry(&n) || !read_address(&n) || !read_language(&n))
		return;
	if (!is_status(n.status)) {
		bad(&n, "unknown_status", "status", "neither scheduled, "
		    "confirmed, cancelled nor done");
		return;
	}
	if (!ledger_is_open(n.scheduler->ledger))
		ledger_begin(n.scheduler->ledger);
	/* A row is taken whole or not at all. */
	ledger_savepoint(n.scheduler->ledger);
	if (!put_contact(&n)) {
		ledger_undo(n.scheduler->ledger);
		return;
	}
	apply(&n);
	ledger_release(n.scheduler->ledger);
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
