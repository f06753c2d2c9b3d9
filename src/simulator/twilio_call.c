/*
 * Twilio's calls and look-ups.
 */
#include <string.h>

#include "callback.h"
#include "twilio.h"

#define TWIML_LONGEST	4000	/* characters */

static int
call_fault(const struct exchange *x)
{
	int code = x->to == NULL ? 0 : twilio_magic_to(x->to);

	if (x->to == NULL)
		return 21201;
	if (x->from == NULL)
		return 21213;
	if (twilio_given(x, "Url") == NULL &&
	    twilio_given(x, "Twiml") == NULL &&
	    twilio_given(x, "ApplicationSid") == NULL)
		return 21205;
	if (!twilio_is_address(x->to))
		return 21211;
	if (twilio_given(x, "Twiml") != NULL && utf8_count(x->text,
	    strlen(x->text)) > TWIML_LONGEST)
		return 20001;
	return code == 21612 ? 21214 : code == 21408 ? 21215 :
	    code == 21610 ? 21216 : code;
}

void
twilio_check_call(struct exchange *x)
{
	static const char *const known[] = { "To", "From", "Url", "Twiml",
	    "ApplicationSid", "Method", "FallbackUrl", "FallbackMethod",
	    "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent",
	    "SendDigits", "Timeout", "TimeLimit", "Record",
	    "RecordingChannels", "RecordingStatusCallback",
	    "RecordingStatusCallbackMethod", "RecordingStatusCallbackEvent",
	    "RecordingTrack", "MachineDetection", "MachineDetectionTimeout",
	    "MachineDetectionSpeechThreshold",
	    "MachineDetectionSpeechEndThreshold",
	    "MachineDetectionSilenceTimeout", "AsyncAmd",
	    "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod", "Trim",
	    "CallerId", "CallReason", "CallToken", "Byoc", "SipAuthUsername",
	    "SipAuthPassword", NULL };
	int code;

	twilio_note_unknown(x, known);
	x->to = twilio_given(x, "To");
	x->from = twilio_given(x, "From");
	x->text = twilio_given(x, "Twiml");
	if (x->text == NULL)
		x->text = twilio_given(x, "Url");
	twilio_take_callback(x);
	twilio_check_credential(x);
	code = x->status != 0 ? 0 : call_fault(x);
	if (code != 0)
		answer_code(x, code);
}

void
twilio_show_call(struct exchange *x, const struct message *m)
{
	struct buf *b = &x->answer;
	bool over = strcmp(m->status, "completed") == 0;
	char date[TWILIO_DATE];

	emit_open(b, NULL, '{');
	emit_string(b, "sid", m->id);
	emit_string(b, "account_sid", m->account);
	emit_string(b, "parent_call_sid", NULL);
	emit_string(b, "to", m->to);
	emit_string(b, "from", m->from);
	emit_string(b, "status", m->status);
	emit_string(b, "direction", "outbound-api");
	emit_string(b, "date_created", twilio_date(m->created, date));
	emit_string(b, "start_time", m->sent == 0 ? NULL :
	    twilio_date(m->sent, date));
	emit_string(b, "end_time", over ? twilio_date(m->sent, date) : NULL);
	emit_string(b, "duration", over ? "12" : NULL);
	emit_string(b, "price", NULL);
	emit_string(b, "price_unit", "USD");
	emit_string(b, "answered_by", call_answered_by(m, m->status));
	emit_string(b, "api_version", "2010-04-01");
	emit_string(b, "uri", arena_printf(&x->mem,
	    "/2010-04-01/Accounts/%s/Calls/%s.json", m->account, m->id));
	emit_close(b, '}');
}

/* The values of StatusCallbackEvent, one after the other; or NULL. */
static const char *
events_of(struct exchange *x)
{
	const char *all = NULL;

	for (size_t i = 0; i < x->form.count; i++)
		if (strcmp(x->form.pairs[i].name, "StatusCallbackEvent") == 0)
			all = arena_printf(&x->mem, "%s %s", all == NULL ? "" :
			    all, x->form.pairs[i].value);
	return all;
}

void
twilio_create_call(struct exchange *x)
{
	const char *what = answer_for(x, x->to);
	char id[35] = "CA";
	struct message m = {
		.provider = SCOPE_TWILIO, .kind = "call", .id = id,
		.to = x->to, .from = x->from, .body = x->text,
		.reference = x->reference, .callback = x->callback,
		.account = x->part[0], .answer = what,
		.events = events_of(x),
		.detects = twilio_given(x, "MachineDetection") != NULL,
		.created = clock_now(), .status = "queued"
	};
	struct message *kept;

	if (twilio_code_now(what) != 0) {
		answer_code(x, twilio_code_now(what));
		return;
	}
	random_hex(id + 2, 32);
	kept = accept_message(x, &m);
	x->status = 201;
	pthread_mutex_lock(&x->sim->store.lock);
	twilio_show_call(x, kept);
	pthread_mutex_unlock(&x->sim->store.lock);
}

void
twilio_fetch_call(struct exchange *x)
{
	struct store *s = &x->sim->store;
	struct message *m = store_find(s, twilio_sid(x), "call");

	if (m == NULL) {
		answer_code(x, 20404);
		return;
	}
	x->status = 200;
	pthread_mutex_lock(&s->lock);
	twilio_show_call(x, m);
	pthread_mutex_unlock(&s->lock);
}

/*
 * Look-ups: "landline" and the like for a number come from its answer, of
 * which 21614 says that it is no mobile.
 */

static void
show_line(struct exchange *x, bool valid)
{
	struct buf *b = &x->answer;
	const char *fields = form_get(&x->query, "Fields");
	const char *what = answer_for(x, x->part[0]);
	bool landline = what != NULL && strcmp(what, "21614") == 0;

	if (!valid || fields == NULL ||
	    strstr(fields, "line_type_intelligence") == NULL) {
		emit_string(b, "line_type_intelligence", NULL);
		return;
	}
	emit_open(b, "line_type_intelligence", '{');
	emit_string(b, "error_code", NULL);
	emit_string(b, "mobile_country_code", landline ? NULL : "334");
	emit_string(b, "mobile_network_code", landline ? NULL : "020");
	emit_string(b, "carrier_name", "Simulator");
	emit_string(b, "type", landline ? "landline" : "mobile");
	emit_close(b, '}');
}

void
twilio_look_up(struct exchange *x)
{
	struct buf *b = &x->answer;
	const char *number = x->part[0];
	bool valid = twilio_is_address(number);

	x->status = 200;
	emit_open(b, NULL, '{');
	emit_string(b, "calling_country_code", !valid ? NULL :
	    number[1] == '1' ? "1" : arena_strndup(&x->mem, number + 1, 2));
	emit_string(b, "country_code", !valid ? NULL : number[1] == '1' ?
	    "US" : strncmp(number, "+52", 3) == 0 ? "MX" : NULL);
	emit_string(b, "phone_number", number);
	emit_string(b, "national_format", valid ? number + 1 : NULL);
	emit_bool(b, "valid", valid);
	if (valid)
		emit_string(b, "validation_errors", NULL);
	else
		emit_raw(b, "validation_errors", "[\"NOT_A_NUMBER\"]");
	emit_string(b, "caller_name", NULL);
	emit_string(b, "sim_swap", NULL);
	emit_string(b, "call_forwarding", NULL);
	show_line(x, valid);
	emit_string(b, "url", arena_printf(&x->mem,
	    "http://127.0.0.1:%d/v2/PhoneNumbers/%s", x->sim->http_port,
	    number));
	emit_close(b, '}');
}
