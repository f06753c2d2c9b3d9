/*
 * Twilio's messages: https://www.twilio.com/docs/messaging/api
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "emit.h"
#include "message/segments.h"
#include "simulator.h"
#include "twilio.h"

#define TEXT_LONGEST	1600	/* characters */
#define MEDIA_MOST	10

void
twilio_error(struct exchange *x, int status, int code, const char *text)
{
	struct buf *b = &x->answer;

	x->status = status;
	emit_open(b, NULL, '{');
	emit_integer(b, "code", code);
	emit_string(b, "message", text);
	emit_string(b, "more_info", arena_printf(&x->mem,
	    "https://www.twilio.com/docs/errors/%d", code));
	emit_integer(b, "status", status);
	emit_close(b, '}');
}

void
twilio_check_credential(struct exchange *x)
{
	const struct settings *set = &x->sim->set;
	const char *got = request_header(x, "Authorization");

	x->authorized = got != NULL && strcmp(got, x->sim->basic) == 0;
	if (!x->authorized)
		answer_code(x, 20003);
	else if (x->part[0] != NULL && strncmp(x->path, "/v2/", 4) != 0 &&
	    strcmp(x->part[0], set->account_sid) != 0)
		answer_code(x, 20404);
}

void
twilio_note_unknown(struct exchange *x, const char *const known[])
{
	size_t max = sizeof(x->unknown) / sizeof(x->unknown[0]);
	size_t k;

	for (size_t i = 0; i < x->form.count; i++) {
		for (k = 0; known[k] != NULL; k++)
			if (strcmp(known[k], x->form.pairs[i].name) == 0)
				break;
		if (known[k] == NULL && x->unknown_count < max)
			x->unknown[x->unknown_count++] =
			    x->form.pairs[i].name;
	}
}

const char *
twilio_given(const struct exchange *x, const char *name)
{
	const char *s = form_get(&x->form, name);

	return s == NULL || *s == '\0' ? NULL : s;
}

bool
twilio_is_address(const char *to)
{
	const char *colon = strchr(to, ':');
	size_t digits;

	if (colon != NULL && strncmp(to, "whatsapp:", 9) != 0)
		return colon[1] != '\0';	/* messenger:, rcs: */
	if (colon != NULL)
		to = colon + 1;
	if (*to != '+')
		return false;
	digits = strspn(to + 1, "0123456789");
	return to[1 + digits] == '\0' && digits >= 7 && digits <= 15;
}

/* Our reference: "ref" of the callback's query. */
void
twilio_take_callback(struct exchange *x)
{
	const char *query, *end;
	struct form f;
	struct error e;

	x->callback = twilio_given(x, "StatusCallback");
	query = x->callback == NULL ? NULL : strchr(x->callback, '?');
	if (query == NULL)
		return;
	end = query + strcspn(query, "#");
	if (form_parse(&f, query + 1, (size_t)(end - query - 1), &x->mem,
	    &e) == 0)
		x->reference = form_get(&f, "ref");
}

/* The numbers of Twilio's own test credentials; 0: nothing special. */
static int
magic(const char *number, const char *last, const int codes[])
{
	const char *at;

	if (strncmp(number, "+1500555000", 11) != 0 || strlen(number) != 12)
		return 0;
	at = strchr(last, number[11]);
	return at == NULL ? 0 : codes[at - last];
}

int
twilio_magic_to(const char *to)
{
	static const int codes[] = { 21211, 21612, 21408, 21610, 21614 };

	return magic(to, "12349", codes);
}

int
twilio_magic_from(const char *from)
{
	static const int codes[] = { 21212, 21606, 21611 };

	return magic(from, "178", codes);
}

static int
message_fault(const struct exchange *x)
{
	size_t media = form_count(&x->form, "MediaUrl");
	const char *s = x->callback;

	if (x->to == NULL)
		return 21604;
	if (x->from == NULL && x->service == NULL)
		return 21603;
	if (x->text == NULL && media == 0 &&
	    twilio_given(x, "ContentSid") == NULL)
		return 21602;
	if (x->text != NULL &&
	    utf8_count(x->text, strlen(x->text)) > TEXT_LONGEST)
		return 21617;
	if (media > MEDIA_MOST)
		return 21623;
	if (s != NULL && strncmp(s, "http://", 7) != 0 &&
	    strncmp(s, "https://", 8) != 0)
		return 21609;
	if (!twilio_is_address(x->to))
		return 21211;
	if (x->from != NULL && twilio_magic_from(x->from) != 0)
		return twilio_magic_from(x->from);
	return twilio_magic_to(x->to);
}

void
twilio_check_message(struct exchange *x)
{
	static const char *const known[] = { "To", "From",
	    "MessagingServiceSid", "Body", "MediaUrl", "ContentSid",
	    "ContentVariables", "StatusCallback", "ApplicationSid",
	    "ValidityPeriod", "SendAt", "ScheduleType", "SmartEncoded",
	    "ShortenUrls", "Attempt", "ProvideFeedback", "MaxPrice",
	    "ForceDelivery", "ContentRetention", "AddressRetention",
	    "PersistentAction", "TrafficType", "RiskCheck", "SendAsMms",
	    "FallbackFrom", NULL };
	int code;

	twilio_note_unknown(x, known);
	x->to = twilio_given(x, "To");
	x->from = twilio_given(x, "From");
	x->service = twilio_given(x, "MessagingServiceSid");
	x->text = twilio_given(x, "Body");
	twilio_take_callback(x);
	twilio_check_credential(x);
	if (x->status != 0)
		return;
	code = message_fault(x);
	if (code != 0)
		answer_code(x, code);
}

/*
 * Messages as they are shown
 */

/* "Fri, 20 Nov 2026 18:00:00 +0000" */
char *
twilio_date(instant t, char out[TWILIO_DATE])
{
	static const char *const day[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
	    "Fri", "Sat" };
	static const char *const month[] = { "Jan", "Feb", "Mar", "Apr",
	    "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct civil c;

	civil_from_utc(t, &c);
	snprintf(out, TWILIO_DATE, "%s, %02d %s %04d %02d:%02d:%02d +0000",
	    day[c.weekday], c.day % 100, month[c.month - 1], c.year % 10000,
	    c.hour % 100, c.minute % 100, c.second % 100);
	return out;
}

static void
show_dates(const struct message *m, struct buf *b)
{
	char date[TWILIO_DATE];

	emit_string(b, "date_created", twilio_date(m->created, date));
	emit_string(b, "date_updated", twilio_date(m->sent != 0 ? m->sent :
	    m->created, date));
	emit_string(b, "date_sent", m->sent == 0 ? NULL :
	    twilio_date(m->sent, date));
}

static void
show_uris(struct exchange *x, const struct message *m, struct buf *b)
{
	char *base = arena_printf(&x->mem,
	    "/2010-04-01/Accounts/%s/Messages/%s", m->account, m->id);

	emit_string(b, "uri", arena_printf(&x->mem, "%s.json", base));
	emit_open(b, "subresource_uris", '{');
	emit_string(b, "media", arena_printf(&x->mem, "%s/Media.json", base));
	emit_close(b, '}');
}

void
twilio_show_message(struct exchange *x, const struct message *m)
{
	struct buf *b = &x->answer;

	emit_open(b, NULL, '{');
	emit_string(b, "body", m->body);
	emit_string(b, "num_segments", arena_printf(&x->mem, "%d",
	    m->service != NULL && m->sent == 0 ? 0 : m->segments));
	emit_string(b, "direction", "outbound-api");
	emit_string(b, "from", m->from);
	emit_string(b, "to", m->to);
	show_dates(m, b);
	emit_string(b, "price", NULL);
	emit_string(b, "price_unit", "USD");
	if (m->error == 0)
		emit_raw(b, "error_code", "null");
	else
		emit_integer(b, "error_code", m->error);
	emit_string(b, "error_message", NULL);
	emit_string(b, "account_sid", m->account);
	emit_string(b, "num_media", arena_printf(&x->mem, "%d", m->media));
	emit_string(b, "status", m->status);
	emit_string(b, "messaging_service_sid", m->service);
	emit_string(b, "sid", m->id);
	emit_string(b, "api_version", "2010-04-01");
	show_uris(x, m, b);
	emit_close(b, '}');
}

/* Codes from 30000 on, and those of channels, come with a callback. */
int
twilio_code_now(const char *what)
{
	int code;

	if (what == NULL || strncmp(what, "callback:", 9) == 0 ||
	    (*what != 'a' && !isdigit((unsigned char)*what)))
		return 0;
	if (*what == 'a')	/* api: */
		return (int)strtol(what + 4, NULL, 10);
	code = (int)strtol(what, NULL, 10);
	return code < 30000 || (code >= 35000 && code < 36000) ||
	    code == 63007 || code == 63038 ? code : 0;
}

static int
segments_of(const char *text)
{
	struct segments s;

	return text != NULL && segments_count(text, &s) ? s.count : 1;
}

void
twilio_create_message(struct exchange *x)
{
	const char *what = answer_for(x, x->to);
	char id[35] = "SM";
	struct message m = {
		.provider = SCOPE_TWILIO, .kind = "message", .id = id,
		.to = x->to, .from = x->from, .service = x->service,
		.body = x->text == NULL ? "" : x->text,
		.reference = x->reference, .callback = x->callback,
		.account = x->part[0], .answer = what,
		.media = (int)form_count(&x->form, "MediaUrl"),
		.segments = segments_of(x->text), .created = clock_now(),
		.status = x->service == NULL ? "queued" : "accepted"
	};
	struct message *kept;

	if (twilio_code_now(what) != 0) {
		answer_code(x, twilio_code_now(what));
		return;
	}
	if (m.media > 0)
		id[0] = 'M';
	random_hex(id + 2, 32);
	kept = accept_message(x, &m);
	x->status = 201;
	pthread_mutex_lock(&x->sim->store.lock);
	twilio_show_message(x, kept);
	pthread_mutex_unlock(&x->sim->store.lock);
}

/* Of "SM....json". */
char *
twilio_sid(struct exchange *x)
{
	size_t len = strlen(x->part[1]);

	if (len > 5 && strcmp(x->part[1] + len - 5, ".json") == 0)
		len -= 5;
	return arena_strndup(&x->mem, x->part[1], len);
}

void
twilio_fetch_message(struct exchange *x)
{
	struct store *s = &x->sim->store;
	struct message *m = store_find(s, twilio_sid(x), "message");

	if (m == NULL || m->provider != SCOPE_TWILIO) {
		answer_code(x, 20404);
		return;
	}
	x->status = 200;
	pthread_mutex_lock(&s->lock);
	twilio_show_message(x, m);
	pthread_mutex_unlock(&s->lock);
}
