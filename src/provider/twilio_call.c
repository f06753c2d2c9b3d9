/*
 * Twilio's REST API: a call that says a message.
 *
 *	POST /2010-04-01/Accounts/AC.../Calls.json
 *
 * Sources: twilio.com/docs/voice/api/call-resource, and Twilio's OpenAPI
 * description (github.com/twilio/twilio-oai, twilio_api_v2010).
 */
#include "provider_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/form.h"
#include "message/policy.h"
#include "provider/speech.h"

#define CALL		"CA"
#define DIGITS		"0123456789"
/* Nobody is to be kept on a line that does not hang up by itself. */
#define TIME_LIMIT	600

/*
 * A call has no text that could be compared.  What tells ours is to whom, from
 * whom and when, and that nobody else has its id: the last look keeps two
 * calls to one number POLICY_CALL_GAP apart, which is longer than the time in
 * which Twilio may have made the call of one request.
 */
#define BEFORE		60	/* seconds that clocks may differ */
#define AFTER		180	/* the request, and a little more */
#define ALIKE_BEFORE	300	/* made then, it may be ours all the same */
#define ALIKE_AFTER	3600

_Static_assert(BEFORE + AFTER < POLICY_CALL_GAP,
    "two calls to one number could be taken for each other");

static const struct twilio_list calls = { "Calls", "calls" };

static int
add_caller(const struct order *o, struct buf *form, struct error *e)
{
	const char *from = config_string(o->config, "channel", o->channel,
	    "from");
	size_t n = from == NULL || from[0] != '+' ? 0 :
	    strspn(from + 1, DIGITS);

	if (from == NULL)
		return error_set(e, EX_CONFIG, "[channel %s] from is not set",
		    o->channel);
	if (n < 8 || n > 15 || from[1 + n] != '\0')
		return error_set(e, EX_CONFIG, "[channel %s] from: not a "
		    "number of 8 to 15 digits with a plus", o->channel);
	form_add(form, "From", from);
	return 0;
}

/* All that happens to the call, not only its end. */
static void
add_events(const struct order *o, struct buf *form)
{
	static const char *const events[] = { "initiated", "ringing",
	    "answered", "completed" };

	if (config_string(o->config, "site", NULL, "public_url") == NULL)
		return;
	twilio_add_callback(o, "/twilio/call", form);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		form_add(form, "StatusCallbackEvent", events[i]);
}

int
twilio_call_build(const struct order *o, struct request *out, struct error *e)
{
	struct buf twiml = BUF_INIT(REQUEST_MAX);
	char text[24];

	if (twilio_post(o, calls.resource, out, e) == -1)
		return -1;
	form_add(&out->body, "To", o->to);
	if (add_caller(o, &out->body, e) == -1 ||
	    speech_of_message(o, &twiml, e) == -1)
		return -1;
	form_add(&out->body, "Twiml", buf_text(&twiml));
	buf_release(&twiml);
	add_events(o, &out->body);
	snprintf(text, sizeof(text), "%" PRId64, config_duration(o->config,
	    "channel", o->channel, "ring"));
	form_add(&out->body, "Timeout", text);
	snprintf(text, sizeof(text), "%d", TIME_LIMIT);
	form_add(&out->body, "TimeLimit", text);
	form_add(&out->body, "MachineDetection", "Enable");
	if (out->body.full)
		return error_set(e, EX_DATAERR, "the request gets too long");
	return 0;
}

void
twilio_call_read(const struct response *r, struct verdict *out)
{
	twilio_read_created(r, CALL, CALL, out);
}

/*
 * What became of a call that nobody answered for.  There is a filter by
 * StartTime, but a call that has not been dialled yet has none; so all pages
 * are read back to the beginning of the attempt.
 */
int
twilio_call_ask(const struct order *o, const char *page, struct request *out,
    struct error *e)
{
	return twilio_list_ask(o, &calls, page, out, e);
}

struct search {
	const struct order *o;
	const char *from;
	bool redirected;	/* several of ours may go to this number */
	instant started;	/* by Twilio's clock */
};

static bool
is_to_whom(const struct search *s, const struct value *call)
{
	const char *direction = value_get_string(call, "direction");
	const char *to = value_get_string(call, "to");
	const char *from = value_get_string(call, "from");

	return direction != NULL && strcmp(direction, "outbound-api") == 0 &&
	    to != NULL && strcmp(to, s->o->to) == 0 && from != NULL &&
	    s->from != NULL && strcmp(from, s->from) == 0;
}

static enum twilio_match
match(const void *ctx, const struct value *call)
{
	const struct search *s = ctx;
	instant created;

	if (!twilio_is_sid(value_get_string(call, "sid"), CALL) ||
	    !twilio_read_date(value_get_string(call, "date_created"),
	    &created))
		return TWILIO_UNCLEAR;
	if (!is_to_whom(s, call) || created < s->started - ALIKE_BEFORE ||
	    created > s->started + ALIKE_AFTER)
		return TWILIO_NO;
	/* ALIKE: of a time at which ours should not be made. */
	return s->redirected || created < s->started - BEFORE ||
	    created > s->started + AFTER ? TWILIO_ALIKE : TWILIO_OURS;
}

int
twilio_call_look(const struct order *o, const struct response *r,
    bool (*found)(void *ctx, const char *provider_id, bool certain),
    void *ctx, char page[2048])
{
	struct value *json = r->failed || r->code != 200 ? NULL : http_json(r);
	const char *to = record_string(o->record, "to");
	/* A clock of ours that is wrong was so when it was sent, too. */
	int64_t skew = r->date == 0 ? 0 : r->date - o->now;
	struct search s = { .o = o, .from = o->sender != NULL ? o->sender :
	    config_string(o->config, "channel", o->channel, "from"),
	    .redirected = to != NULL && strcmp(to, o->to) != 0,
	    .started = o->started + skew };
	int rc = -1;

	if (json != NULL)
		rc = twilio_list_look(o, &calls, s.started - ALIKE_BEFORE,
		    json, match, &s, found, ctx, page);
	value_free(json);
	return rc;
}
