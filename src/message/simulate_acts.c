#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/inbound.h"
#include "message/reminder.h"
#include "message/simulate_impl.h"

#define PROVIDER	"simulated"

/* A heap: each is not before the one above it. */

static bool
is_before(const struct act *a, const struct act *b)
{
	return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void
swap(struct act *a, struct act *b)
{
	struct act c = *a;

	*a = *b;
	*b = c;
}

void
acts_put(struct acts *a, instant at, enum assume_act act, const char *message,
    bool of_reminder)
{
	size_t i = a->count;

	if (a->count == a->size) {
		a->size = a->size == 0 ? 256 : 2 * a->size;
		a->heap = realloc(a->heap, a->size * sizeof(*a->heap));
		if (a->heap == NULL)
			die(EX_OSERR, "out of memory");
	}
	a->heap[a->count++] = (struct act){ .at = at, .number = a->next++,
	    .act = act, .message = strdup(message),
	    .of_reminder = of_reminder };
	if (a->heap[i].message == NULL)
		die(EX_OSERR, "out of memory");
	for (; i > 0 && is_before(&a->heap[i], &a->heap[(i - 1) / 2]);
	    i = (i - 1) / 2)
		swap(&a->heap[i], &a->heap[(i - 1) / 2]);
}

const struct act *
acts_first(const struct acts *a)
{
	return a->count == 0 ? NULL : a->heap;
}

void
acts_drop(struct acts *a)
{
	size_t i = 0, child;

	free(a->heap[0].message);
	a->heap[0] = a->heap[--a->count];
	while ((child = 2 * i + 1) < a->count) {
		if (child + 1 < a->count &&
		    is_before(&a->heap[child + 1], &a->heap[child]))
			child++;
		if (!is_before(&a->heap[child], &a->heap[i]))
			break;
		swap(&a->heap[child], &a->heap[i]);
		i = child;
	}
}

/* The person's address, the channel type, and the attempt; false: gone. */
static bool
set_sender(struct play *p, const char *message, struct value *event)
{
	struct ledger_rows *r;
	bool found;

	r = ledger_select(p->ledger, "SELECT m.channel_type, c.body, "
	    "a.provider_id FROM message m JOIN content c ON c.key = m.address "
	    "LEFT JOIN attempt a ON a.message = m.id AND a.number = "
	    "m.attempts WHERE m.id = ?", "s", message);
	found = ledger_next(r) && ledger_text(r, 1) != NULL;
	if (found) {
		value_set_string(event, "channel_type", ledger_text(r, 0));
		value_set_string(event, "from", ledger_text(r, 1));
		/* What it answers, so that the right reminder is meant. */
		if (ledger_text(r, 2) != NULL)
			value_set_string(event, "context", ledger_text(r, 2));
	}
	ledger_end(r);
	return found;
}

static void
answer(struct play *p, const struct act *a)
{
	static const char *const words[] = { [ASSUME_CONFIRM] = "yes",
	    [ASSUME_DECLINE] = "no", [ASSUME_STOP] = "STOP" };
	struct value *event = value_new_object();
	char now[CLOCK_TEXT];
	const char *action;

	value_set_string(event, "kind", "message");
	value_set_string(event, "provider", PROVIDER);
	value_set_string(event, "key", arena_printf(&p->mem, "%s/%s",
	    words[a->act], a->message));
	value_set_string(event, "text", words[a->act]);
	value_set_string(event, "received_at", clock_format(clock_now(), now));
	if (set_sender(p, a->message, event)) {
		inbound_apply(p->ledger, p->config, event, &p->mem);
		action = value_get_string(event, "action");
		simulate_tell(p, HAPPENED_ANSWER, a->message,
		    action == NULL ? "none" : action);
	}
	value_free(event);
}

static void
read_it(struct play *p, const struct act *a)
{
	struct value *event = value_new_object();
	char now[CLOCK_TEXT];

	value_set_string(event, "kind", "status");
	value_set_string(event, "provider", PROVIDER);
	value_set_string(event, "provider_id", a->message);
	value_set_string(event, "status", "read");
	value_set_string(event, "key", arena_printf(&p->mem, "read/%s",
	    a->message));
	value_set_string(event, "received_at", clock_format(clock_now(), now));
	inbound_apply(p->ledger, p->config, event, &p->mem);
	simulate_tell(p, HAPPENED_READ, a->message, NULL);
	value_free(event);
}

/* The newest message of a reminder is what is answered. */
static void
answer_reminder(struct play *p, const struct act *a)
{
	struct act own = *a;
	struct ledger_rows *r;
	char id[320] = "";

	r = ledger_select(p->ledger, "SELECT id FROM message WHERE reminder = "
	    "? AND state = 'sent' ORDER BY sent_at DESC, id DESC LIMIT 1",
	    "s", a->message);
	if (ledger_next(r))
		snprintf(id, sizeof(id), "%s", ledger_text(r, 0));
	ledger_end(r);
	if (id[0] == '\0')
		return;
	own.message = id;
	answer(p, &own);
}

void
simulate_acts(struct play *p)
{
	const struct act *a;

	while ((a = acts_first(&p->acts)) != NULL && a->at <= clock_now()) {
		arena_reset(&p->mem);
		if (a->of_reminder)
			answer_reminder(p, a);
		else if (a->act == ASSUME_READ)
			read_it(p, a);
		else
			answer(p, a);
		acts_drop(&p->acts);
	}
}
