#include "target.h"

#include <stdlib.h>
#include <string.h>

enum reply_intent
target_intent(const char *payload)
{
	if (payload != NULL && strncmp(payload, "confirm:", 8) == 0)
		return REPLY_CONFIRM;
	if (payload != NULL && strncmp(payload, "decline:", 8) == 0)
		return REPLY_DECLINE;
	return REPLY_MAX;
}

/* "k7.r2": false when it does not end in a revision. */
static bool
split_revision(const char *ref, struct arena *mem, struct target *out)
{
	const char *dot = strrchr(ref, '.');
	char *end;

	if (dot == NULL || dot == ref || dot[1] != 'r' || dot[2] < '1' ||
	    dot[2] > '9' || strlen(dot) > 2 + 18)
		return false;
	out->revision = strtoll(dot + 2, &end, 10);
	if (*end != '\0')
		return false;
	out->reminder = arena_strndup(mem, ref, (size_t)(dot - ref));
	return true;
}

/* ".3" of "ID.3" */
static const char *
number_of(const char *reference)
{
	const char *dot = reference == NULL ? NULL : strrchr(reference, '.');

	return dot == NULL ? "" : dot;
}

/*
 * Our message with that provider id, told by the attempt or by a receipt, or
 * with the reference that came back.
 */
static bool
find_message(struct ledger *l, const struct target_asked *a,
    struct arena *mem, struct target *out)
{
	struct ledger_rows *r;
	bool found;

	if (a->context == NULL && a->reference == NULL && a->message == NULL)
		return false;
	r = ledger_select(l, "SELECT reminder, revision, contact FROM message "
	    "WHERE id = coalesce(?5, (SELECT message FROM attempt WHERE provider "
	    "= ?1 AND provider_id = ?2), (SELECT message FROM event WHERE "
	    "provider = ?1 AND provider_id = ?2 AND message IS NOT NULL "
	    "LIMIT 1), (SELECT message FROM attempt WHERE message = "
	    "substr(?3, 1, length(?3) - length(?4)) AND number = "
	    "CAST(substr(?4, 2) AS INTEGER)))", "sssss", a->provider,
	    a->context, a->reference, number_of(a->reference), a->message);
	found = ledger_next(r);
	if (found) {
		out->revision = ledger_int(r, 1);
		if (ledger_text(r, 0) != NULL)
			out->reminder = arena_strdup(mem, ledger_text(r, 0));
		if (ledger_text(r, 2) != NULL)
			out->contact = arena_strdup(mem, ledger_text(r, 2));
	}
	ledger_end(r);
	return found;
}

bool
target_was_redirected(struct ledger *l, const char *message)
{
	return ledger_count(l, "SELECT EXISTS (SELECT 1 FROM attempt WHERE "
	    "message = ?1 AND redirected = 1) AND NOT EXISTS (SELECT 1 FROM "
	    "attempt WHERE message = ?1 AND redirected = 0)", "s",
	    message) > 0;
}

/* [test] redirect: whoever answered is not whom the message was for. */
static bool
was_redirected(struct ledger *l, const struct target_asked *a)
{
	struct ledger_rows *r;
	bool was;

	/* A receipt may know the id while the sender never learned of it. */
	r = ledger_select(l, "SELECT EXISTS (SELECT 1 FROM attempt WHERE "
	    "redirected = 1 AND provider = ?1 AND provider_id = ?2) OR EXISTS "
	    "(SELECT 1 FROM event e JOIN attempt t ON t.message = e.message "
	    "AND t.number = e.attempt AND t.redirected = 1 WHERE e.provider = "
	    "?1 AND e.provider_id = ?2) OR EXISTS (SELECT 1 FROM attempt WHERE "
	    "redirected = 1 AND message = substr(?3, 1, length(?3) - "
	    "length(?4)) AND number = CAST(substr(?4, 2) AS INTEGER))",
	    "ssss", a->provider, a->context, a->reference,
	    number_of(a->reference));
	was = ledger_next(r) && ledger_int(r, 0) != 0;
	ledger_end(r);
	return was;
}

/*
 * Whose reminder it is, or to whom it was sent: nobody else can have seen its
 * button, and an id is easily made up.
 */
static bool
is_theirs(struct ledger *l, const struct target *t, const char *hash)
{
	return ledger_count(l, "SELECT EXISTS (SELECT 1 FROM reminder r JOIN "
	    "contact_address c ON c.contact = r.contact WHERE r.id = ?1 AND "
	    "c.hash = ?2) OR EXISTS (SELECT 1 FROM message m WHERE m.reminder "
	    "= ?1 AND m.hash = ?2 AND m.direction = 'outbound')", "ss",
	    t->reminder, hash) > 0;
}

static const char *
state_of(const char *name)
{
	static const char *const words[][2] = {
		{ "confirmed", "the appointment is confirmed already" },
		{ "declined", "the appointment is declined already" },
		{ "cancelled", "the appointment is cancelled" },
		{ "open", NULL }
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], name) == 0)
			return words[i][1];
	return "the appointment is over";
}

void
target_judge(struct ledger *l, enum reply_intent intent, struct arena *mem,
    struct target *t)
{
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	const char *state;

	r = ledger_select(l, "SELECT revision, state, event_at > ?, contact "
	    "FROM reminder WHERE id = ?", "ss", clock_format(clock_now(), now),
	    t->reminder);
	if (!ledger_next(r)) {
		t->why = "the button is of an appointment that is not known";
		t->reminder = NULL;
		ledger_end(r);
		return;
	}
	t->contact = arena_strdup(mem, ledger_text(r, 3));
	if (ledger_int(r, 0) != t->revision)
		t->why = "the appointment has moved since that message";
	else {
		state = ledger_text(r, 1);
		t->again = (intent == REPLY_CONFIRM &&
		    strcmp(state, "confirmed") == 0) ||
		    (intent == REPLY_DECLINE && strcmp(state, "declined") == 0);
		t->why = state_of(state);
		if (t->why == NULL && ledger_int(r, 2) == 0)
			t->why = "the appointment is over";
	}
	ledger_end(r);
}

int
target_candidates(struct ledger *l, const char *hash, const char *written,
    bool settled, struct arena *mem, struct target *out)
{
	struct ledger_rows *r;
	char now[CLOCK_TEXT];
	int count = 0;

	r = ledger_select(l, "SELECT r.id, r.revision FROM reminder r "
	    "WHERE r.contact IN (SELECT contact FROM contact_address WHERE "
	    "hash = ?1) AND r.state IN (?4, ?5) AND r.event_at > ?2 AND EXISTS "
	    "(SELECT 1 FROM message m WHERE m.reminder = r.id AND "
	    "m.revision = r.revision AND (m.state IN ('sent', 'in_doubt') OR "
	    "(m.state = 'failed' AND m.reason = 'in doubt')) AND "
	    "m.direction = 'outbound' AND (?3 IS NULL OR m.hash = ?3)) "
	    "LIMIT 2", "sssss", hash, clock_format(clock_now(), now), written,
	    settled ? "confirmed" : "open", settled ? "declined" : "open");
	while (ledger_next(r))
		if (count++ == 0) {
			out->reminder = arena_strdup(mem, ledger_text(r, 0));
			out->revision = ledger_int(r, 1);
		}
	ledger_end(r);
	return count;
}

static void
find(struct ledger *l, const struct target_asked *a, struct arena *mem,
    struct target *out)
{
	enum reply_intent intent = target_intent(a->payload);
	struct target quoted = { .found = false }, *t = out;
	bool ours;

	*t = (struct target){ .found = false };
	quoted.found = find_message(l, a, mem, &quoted);
	if (intent == REPLY_MAX) {
		*t = quoted;
		if (t->found && t->reminder != NULL)
			target_judge(l, a->intent, mem, t);
		return;
	}
	t->found = true;
	t->contact = quoted.contact;
	if (!split_revision(strchr(a->payload, ':') + 1, mem, t)) {
		t->why = "the button is of no appointment";
		return;
	}
	ours = quoted.reminder != NULL &&
	    strcmp(quoted.reminder, t->reminder) == 0;
	if (!ours && !is_theirs(l, t, a->hash)) {
		t->reminder = NULL;
		t->why = "the button is of an appointment that is not known "
		    "for this address";
		return;
	}
	target_judge(l, intent, mem, t);
}

/* In words for staff. */
static const char *
rehearsal_of(const char *provider)
{
	if (strcmp(provider, "twilio") == 0)
		return "a rehearsal: the call went to another number than the "
		    "person's";
	if (strcmp(provider, "whatsapp") == 0)
		return "a rehearsal: the message went to another number than "
		    "the person's";
	return "a rehearsal: the mail went to another address than the "
	    "person's";
}

void
target_find(struct ledger *l, const struct target_asked *a, struct arena *mem,
    struct target *out)
{
	find(l, a, mem, out);
	if (a->message != NULL && target_was_redirected(l, a->message)) {
		out->reminder = NULL;
		out->again = false;
		out->why = TARGET_REHEARSAL;
		return;
	}
	if (!was_redirected(l, a))
		return;
	out->reminder = out->contact = NULL;
	out->again = false;
	out->why = rehearsal_of(a->provider);
}
