/* The tools that write to people: through the gate, and held for a person. */
#include "tools.h"

#include <stdio.h>
#include <string.h>

#include "base/zone.h"

/* Nobody plans further ahead than this with an assistant. */
#define AHEAD_MAX	(366 * 86400)

/* The message that an idempotency key is for, as the ledger knows it. */
struct sending {
	struct tool_call *call;
	char id[128];
	bool known;
	char account[64], due_at[CLOCK_TEXT], state[16];
};

static void
copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s == NULL ? "" : s);
}

static void
look_up(struct sending *s)
{
	struct ledger_rows *r;

	r = ledger_select(s->call->inbox.ledger, "SELECT coalesce(channel, "
	    "channel_type), due_at, state FROM message WHERE id = ? AND "
	    "state <> 'refused'", "s", s->id);
	s->known = ledger_next(r);
	if (s->known) {
		copy(s->account, sizeof(s->account), ledger_text(r, 0));
		copy(s->due_at, sizeof(s->due_at), ledger_text(r, 1));
		copy(s->state, sizeof(s->state), ledger_text(r, 2));
	}
	ledger_end(r);
}

/*
 * What came from here in the last hour.  The newest come first, and one that is
 * older ends it: the journal's time never goes back.
 */
static int64_t
sent_lately(struct ledger *l)
{
	char since[CLOCK_TEXT];
	struct ledger_rows *r;
	int64_t count = 0;

	clock_format(clock_now() - 3600, since);
	r = ledger_select(l, "SELECT created_at, coalesce(author, '') FROM "
	    "message WHERE direction = 'outbound' ORDER BY rowid DESC", "");
	while (ledger_next(r) && strcmp(ledger_text(r, 0), since) > 0)
		if (strcmp(ledger_text(r, 1), TOOLS_AUTHOR) == 0)
			count++;
	ledger_end(r);
	return count;
}

static int
permit(void *ctx, struct error *e)
{
	struct sending *s = ctx;
	int64_t most = config_integer(s->call->mcp->config, "mcp", NULL,
	    "per_hour");

	look_up(s);
	if (s->known || sent_lately(s->call->inbox.ledger) < most)
		return 0;
	return error_set(e, EX_TEMPFAIL, "an assistant may write %jd messages "
	    "an hour ([mcp] per_hour), and has: try again later, or ask the "
	    "staff", (intmax_t)most);
}

static const char *
hold_reason(const struct tool_call *t)
{
	const struct mcp *m = t->mcp;

	if (!config_bool(m->config, "mcp", NULL, "hold"))
		return NULL;
	return arena_printf(t->inbox.mem, "written by an assistant%s%s: "
	    "release or cancel it", *m->client == '\0' ? "" : ", ", m->client);
}

/* A later call with the same key tells what became of the first. */
static struct value *
answer_take(struct sending *s, struct value *record)
{
	const char *queued = value_get_string(value_get(record, "queue"),
	    "state");
	struct value *v = value_new_object();
	int64_t segments;

	value_set_string(v, "message_id", s->id);
	value_set_string(v, "state", s->known ? s->state : queued);
	value_set_bool(v, "repeated", s->known);
	if (!s->known && strcmp(queued, "held") == 0)
		value_set_string(v, "reason", hold_reason(s->call));
	value_carry(v, "channel", record, "channel");
	if (s->known)
		value_set_string(v, "due_at", s->due_at);
	else
		value_carry(v, "due_at", value_get(record, "queue"),
		    "due_at");
	value_carry(v, "text", record, "text");
	if (value_integer(value_get(record, "segments"), &segments))
		value_set_integer(v, "segments", segments);
	value_carry(v, "cost", record, "cost");
	value_carry(v, "currency", record, "currency");
	value_free(record);
	return v;
}

/* The time is no part of what makes two messages differ to the queue. */
static bool
is_for_another_time(const struct sending *s, const struct inbox_reply *a,
    const struct value *record)
{
	const char *due = value_get_string(record, "not_before");

	return s->known && a->not_before != NULL && due != NULL &&
	    (strcmp(s->state, "held") == 0 ||
	    strcmp(s->state, "queued") == 0) && strcmp(s->due_at, due) != 0;
}

static struct value *
send_it(struct tool_call *t, struct inbox_reply *a, struct error *e)
{
	struct sending *s = arena_alloc(t->inbox.mem, sizeof(*s));
	struct value *record;

	s->call = t;
	snprintf(s->id, sizeof(s->id), "mcp-%s", tool_argument(t,
	    "idempotency_key"));
	a->conversation = inbox_find(&t->inbox, tool_argument(t, "contact"),
	    e);
	if (a->conversation == NULL)
		return NULL;
	look_up(s);
	a->id = s->id;
	a->text = tool_argument(t, "message");
	a->vars = value_get(t->arguments, "vars");
	a->subject = tool_argument(t, "subject");
	a->channel = tool_argument(t, "channel");
	/* Where the first one went, wherever they have written from since. */
	if (s->known && a->channel == NULL)
		a->channel = s->account;
	if (s->known)
		a->anyway = true;
	a->hold = hold_reason(t);
	a->permit = permit;
	a->ctx = s;
	record = inbox_answer(&t->inbox, a, e);
	if (record == NULL)
		return NULL;
	if (is_for_another_time(s, a, record)) {
		value_free(record);
		error_set(e, EX_REFUSED, "%s: this idempotency_key was used "
		    "for another time, %s", s->id, s->due_at);
		return NULL;
	}
	return answer_take(s, record);
}

struct value *
tool_send_message(struct tool_call *t, struct error *e)
{
	struct inbox_reply a = { .template = tool_argument(t, "template") };

	if (a.template == NULL && tool_argument(t, "message") == NULL) {
		error_set(e, EX_REFUSED, "message: missing, and no template "
		    "is given");
		return NULL;
	}
	return send_it(t, &a, e);
}

/* RFC 3339, or as the clock on the clinic's wall will show it. */
static const char *
read_time(struct tool_call *t, struct error *e)
{
	const char *s = tool_argument(t, "scheduled_for");
	const char *zone = config_string(t->mcp->config, "site", NULL,
	    "timezone");
	char text[CLOCK_TEXT];
	struct civil c;
	instant at;

	if (civil_parse(s, &c) ? !zone_from_local(zone, &c, &at) :
	    !clock_parse(s, &at)) {
		error_set(e, EX_REFUSED, "scheduled_for: %.40s is no date and "
		    "time", s);
		return NULL;
	}
	if (at <= clock_now() || at > clock_now() + AHEAD_MAX) {
		error_set(e, EX_REFUSED, "scheduled_for: %.40s is %s; it is "
		    "%s now", s, at <= clock_now() ? "over" : "more than a "
		    "year ahead", clock_format(clock_now(), text));
		return NULL;
	}
	return arena_strdup(t->inbox.mem, clock_format(at, text));
}

struct value *
tool_schedule_reminder(struct tool_call *t, struct error *e)
{
	struct inbox_reply a = { .type = tool_argument(t, "reminder_type"),
	    .anyway = true, .not_before = read_time(t, e) };

	if (a.not_before == NULL)
		return NULL;
	if (tool_argument(t, "message") == NULL)
		a.template = a.type;
	return send_it(t, &a, e);
}
