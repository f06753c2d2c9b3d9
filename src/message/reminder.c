#include "reminder.h"

#include <string.h>

/* What is due of a reminder, from the ledger. */
struct state {
	char type[64], zone[64], contact[256];
	struct ladder_event event;
	int64_t next;		/* the step that would be next; 0: none */
	char due[CLOCK_TEXT];	/* and when */
};

static void
copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s == NULL ? "" : s);
}

static bool
load(struct ledger *l, const char *id, int64_t revision, struct state *s)
{
	struct ledger_rows *r;
	bool found;

	r = ledger_select(l, "SELECT type, timezone, contact, event_at, "
	    "next_step, next_due_at FROM reminder WHERE id = ? AND revision = "
	    "?", "si",
	    id, revision);
	found = ledger_next(r);
	if (found) {
		copy(s->type, sizeof(s->type), ledger_text(r, 0));
		copy(s->zone, sizeof(s->zone), ledger_text(r, 1));
		copy(s->contact, sizeof(s->contact), ledger_text(r, 2));
		found = clock_parse(ledger_text(r, 3), &s->event.at);
		s->event.zone = s->zone;
		s->next = ledger_int(r, 4);
		copy(s->due, sizeof(s->due), ledger_text(r, 5));
	}
	ledger_end(r);
	return found && s->next > 0;
}

void
reminder_suit(struct ledger *l, const char *contact, struct ladder *ladder)
{
	struct value *p = value_new_object(), *channels = NULL;
	struct ledger_rows *r;
	const char *text;
	struct error e;

	r = ledger_select(l, "SELECT escalation_channels, "
	    "escalation_after_minutes, escalation_after_minutes IS NOT NULL "
	    "FROM preference WHERE contact = ?", "s", contact);
	if (ledger_next(r)) {
		text = ledger_text(r, 0);
		if (text != NULL)
			channels = value_parse(text, strlen(text), &e);
		if (channels != NULL)
			value_set_take(p, "escalation_channels", channels);
		if (ledger_int(r, 2) != 0)
			value_set_integer(p, "escalation_after_minutes",
			    ledger_int(r, 1));
	}
	ledger_end(r);
	ladder_suit(ladder, p);
	value_free(p);
}

/* The first step from the next one on that is taken always. */
static const struct ladder_step *
always(const struct ladder *l, const struct state *s)
{
	const struct ladder_step *t = ladder_after(l, (int)s->next - 1);

	while (t != NULL && t->condition != STEP_ALWAYS)
		t = ladder_after(l, t->number);
	return t;
}

void
reminder_put_next(struct ledger *l, struct config *c,
    const struct hours *hours, const char *id, int64_t revision,
    const char *state, struct value *data)
{
	struct hours own = { .holidays = NULL };
	const struct ladder_step *step;
	char text[CLOCK_TEXT];
	struct ladder ladder;
	struct state s;
	struct error e;

	if (strcmp(state, "confirmed") != 0 || !load(l, id, revision, &s) ||
	    ladder_load(c, s.type, &ladder, &e) == -1)
		return;
	ladder.hours = hours;
	reminder_suit(l, s.contact, &ladder);
	step = always(&ladder, &s);
	if (step == NULL)
		return;
	if (hours == NULL && step->when.open) {
		if (hours_load(&own, c, &e) == -1)
			diag("%s", e.text);
		ladder.hours = &own;
	}
	value_set_integer(data, "next_step", step->number);
	/* The one that is next already still counts from the step before. */
	value_set_string(data, "next_due_at", step->number == s.next ? s.due :
	    clock_format(ladder_due(&ladder, step, &s.event, clock_now()),
	    text));
	hours_release(&own);
}

void
reminder_close(struct ledger *l, struct config *c,
    const struct reminder_end *end)
{
	struct value *data = value_new_object();

	value_set_string(data, "id", end->id);
	value_set_integer(data, "revision", end->revision);
	value_set_string(data, "state", end->state);
	value_set_string(data, "how", end->how);
	if (end->message != NULL)
		value_set_string(data, "message", end->message);
	if (end->answered_at != NULL)
		value_set_string(data, "answered_at", end->answered_at);
	reminder_put_next(l, c, NULL, end->id, end->revision, end->state,
	    data);
	ledger_append_take(l, "reminder.closed", data);
}

void
reminder_check_end(struct ledger *l, const char *message)
{
	struct value *data = NULL;
	struct ledger_rows *r;

	r = ledger_select(l, "SELECT m.reminder, m.contact, coalesce(m.reason, "
	    "m.status, m.state) FROM message m JOIN reminder r ON "
	    "r.id = m.reminder AND r.revision = m.revision AND "
	    "r.step = m.step WHERE m.id = ? AND m.notice IS NULL AND "
	    "r.state = 'open' AND r.next_step IS NULL AND "
	    "(m.state = 'failed' OR m.state = 'expired' OR "
	    "m.state = 'cancelled') AND NOT EXISTS (SELECT 1 FROM flag f "
	    "WHERE f.message = m.id AND f.kind = 'unreachable') AND NOT "
	    "EXISTS (SELECT 1 FROM flag f WHERE f.reminder = m.reminder AND "
	    "f.resolved_at IS NULL AND (f.kind = 'unresponsive' OR f.kind = "
	    "'unreachable'))", "s", message);
	if (ledger_next(r)) {
		data = value_new_object();
		value_set_string(data, "kind", "unreachable");
		value_set_string(data, "reminder", ledger_text(r, 0));
		if (ledger_text(r, 1) != NULL)
			value_set_string(data, "contact", ledger_text(r, 1));
		value_set_string(data, "message", message);
		value_set_string(data, "reason", ledger_text(r, 2));
	}
	ledger_end(r);
	if (data != NULL)
		ledger_append_take(l, "flag.put", data);
}
