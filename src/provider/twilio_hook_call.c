/*
 * What Twilio tells of a call: how it goes, and which key was pressed.
 * Source: twilio.com/docs/voice/api/call-resource (statuscallback) and
 * twilio.com/docs/voice/twiml/gather (action).
 */
#include "twilio_hook_impl.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "provider/provider_impl.h"
#include "provider/speech.h"

#define DIGITS	"0123456789"
#define DIGITS_MAX	32	/* we ask for one */

/*
 * Twilio's names for what becomes of a call, and ours.  `code` is what staff
 * reads of one that failed; Twilio has no numbers for these.
 */
static const struct state {
	const char *theirs, *ours, *code;
} states[] = {
	{ "queued", "accepted", NULL },
	{ "initiated", "accepted", NULL },
	{ "ringing", "sent", NULL },
	{ "in-progress", "sent", NULL },
	{ "completed", "delivered", NULL },
	{ "busy", "failed", "busy" },
	{ "no-answer", "failed", "no_answer" },
	{ "failed", "failed", "call_failed" },
	{ "canceled", "failed", "canceled" }
};

static const struct state *
find_state(const char *theirs)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i].theirs, theirs) == 0)
			return &states[i];
	return NULL;
}

static void
put_answered_by(struct value *event, const char *by)
{
	if (by != NULL && strlen(by) <= TWILIO_SID_MAX)
		value_set_string(event, "answered_by", by);
}

/*
 * A machine took the text, but nobody knows who will hear it: it is sent, and
 * no more.  A fax took nothing.  Whoever is known to be a person has heard it
 * begin.
 */
static void
put_outcome(struct value *event, const struct state *state, const char *by)
{
	const char *ours = state->ours, *code = state->code;
	bool over = strcmp(state->theirs, "completed") == 0;

	if (by != NULL && strcmp(by, "fax") == 0 && over) {
		ours = "failed";
		code = "fax";
	} else if (speech_is_machine(by) && over) {
		ours = "sent";
		code = "machine";
	} else if (by != NULL && strcmp(by, "human") == 0 && code == NULL &&
	    strcmp(state->theirs, "in-progress") == 0)
		ours = "delivered";
	value_set_string(event, "status", ours);
	value_set_string(event, "raw_status", state->theirs);
	if (code != NULL)
		value_set_string(event, "code", code);
	put_answered_by(event, by);
}

/* When it happened, which may be long before it gets here. */
static void
put_time(struct value *event, const struct form *f)
{
	const char *at = twilio_param(f, "Timestamp");
	char text[CLOCK_TEXT];
	instant t;

	if (at != NULL && twilio_read_date(at, &t))
		value_set_string(event, "at", clock_format(t, text));
}

/*
 * "completed.3": the statuses of a call are numbered, and a request that is
 * sent again has the number of the first.
 */
static void
put_status_key(struct value *event, const struct form *f, const char *sid,
    const char *status)
{
	const char *number = twilio_param(f, "SequenceNumber");
	char what[48];

	if (number == NULL || !twilio_consists_of(number, DIGITS, 1, 9))
		number = "x";
	snprintf(what, sizeof(what), "%.30s.%s", status, number);
	twilio_put_key(event, sid, what);
}

static int
read_call_status(struct value *event, const struct form *f, const char *sid,
    struct error *e)
{
	const char *theirs = twilio_param(f, "CallStatus");
	const struct state *state;

	if (theirs == NULL)
		return error_set(e, EX_DATAERR, "CallStatus: missing");
	state = find_state(theirs);
	if (state == NULL)
		return error_set(e, EX_DATAERR, "CallStatus: unknown: %s",
		    theirs);
	value_set_string(event, "kind", "status");
	put_outcome(event, state, twilio_param(f, "AnsweredBy"));
	put_time(event, f);
	put_status_key(event, f, sid, theirs);
	return twilio_put_address(event, "to", f, "To", e) == -1 ||
	    twilio_put_address(event, "from", f, "From", e) == -1 ? -1 : 0;
}

/* The question is asked twice, and each time has its own answer. */
static void
put_press_key(struct value *event, const char *query, const char *sid)
{
	struct arena mem = ARENA_INIT(16 * TWILIO_QUERY_MAX);
	struct form q = { .count = 0 };
	const char *n = NULL;
	struct error ignored;
	char what[16];

	if (query != NULL && strlen(query) <= TWILIO_QUERY_MAX &&
	    form_parse(&q, query, strlen(query), &mem, &ignored) == 0)
		n = form_get(&q, "n");
	if (n == NULL || !twilio_consists_of(n, DIGITS, 1, 2))
		n = "1";
	snprintf(what, sizeof(what), "key.%s", n);
	twilio_put_key(event, sid, what);
	arena_release(&mem);
}

/*
 * What the keys of the question mean; NULL: nothing.  Where Twilio took who
 * answered for a machine, it may have erred, and a person may have pressed the
 * key; but that person was hung up on, and nobody knows: staff has to ask.
 */
static const char *
meaning_of(const struct form *f)
{
	static const char *const words[] = { "confirm", "decline",
	    "call_back" };
	const char *digits = twilio_param(f, "Digits");

	if (digits == NULL || !twilio_consists_of(digits, DIGITS "*#", 1,
	    DIGITS_MAX))
		return NULL;
	if (speech_is_machine(twilio_param(f, "AnsweredBy")))
		return "unclear";
	return digits[1] != '\0' || digits[0] < '1' || digits[0] > '3' ?
	    NULL : words[digits[0] - '1'];
}

/* We called: who answers is the one at the other end. */
static int
read_press(struct value *event, const struct form *f, const char *query,
    const char *sid, struct error *e)
{
	const char *word = meaning_of(f);

	put_press_key(event, query, sid);
	if (word == NULL) {
		value_set_string(event, "kind", "other");
		return 0;
	}
	if (twilio_param(f, "To") == NULL)
		return error_set(e, EX_DATAERR, "To: missing");
	value_set_string(event, "kind", "message");
	value_set_string(event, "text", twilio_param(f, "Digits"));
	value_set_string(event, "pressed", word);
	value_set_string(event, "context", sid);
	put_answered_by(event, twilio_param(f, "AnsweredBy"));
	return twilio_put_address(event, "from", f, "To", e) == -1 ||
	    twilio_put_address(event, "to", f, "From", e) == -1 ? -1 : 0;
}

int
twilio_hook_read_call(enum twilio_hook kind, const struct form *f,
    const char *query, struct value **event, struct error *e)
{
	const char *sid = twilio_param(f, "CallSid");
	int rc;

	*event = NULL;
	if (sid == NULL)
		return error_set(e, EX_DATAERR, "CallSid: missing");
	if (strncmp(sid, "CA", 2) != 0 || !twilio_consists_of(sid + 2, DIGITS
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 1,
	    TWILIO_SID_MAX - 2))
		return error_set(e, EX_DATAERR, "CallSid: not a sid: %s", sid);
	*event = value_new_object();
	value_set_string(*event, "provider", "twilio");
	value_set_string(*event, "provider_id", sid);
	value_set_string(*event, "channel_type", "voice");
	twilio_put_reference(*event, query);
	rc = kind == TWILIO_HOOK_CALL ? read_call_status(*event, f, sid, e) :
	    read_press(*event, f, query, sid, e);
	if (rc == -1) {
		value_free(*event);
		*event = NULL;
	}
	return rc;
}
