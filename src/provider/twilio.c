/*
 * Twilio's REST API: creating a message.
 *
 *	POST /2010-04-01/Accounts/AC.../Messages.json
 *
 * Sources: twilio.com/docs/messaging/api/message-resource, and Twilio's
 * OpenAPI description (github.com/twilio/twilio-oai, twilio_api_v2010).
 */
#include "provider_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/form.h"
#include "message/sms.h"

#define DIGITS		"0123456789"
#define HEXADECIMAL	DIGITS "abcdefABCDEF"
#define FROM_MAX	64
#define URL_MAX		4096
/*
 * How long a message may wait at Twilio, whose own default is the maximum.
 * Less than 6 seconds are not advised, and one that leaves in the last moment
 * would be lost on the way to the carrier.
 */
#define VALIDITY_MIN	10
#define VALIDITY_MAX	36000
#define SEGMENTS_MOST	1000	/* beyond that it is no count */

bool
twilio_is_sid(const char *s, const char *prefix)
{
	return s != NULL && strlen(s) == TWILIO_SID_LEN &&
	    strncmp(s, prefix, 2) == 0 &&
	    strspn(s + 2, HEXADECIMAL) == TWILIO_SID_LEN - 2;
}

const char *
twilio_sid_of(const struct order *o, const char *key, const char *prefix,
    struct error *e)
{
	const char *sid = http_setting(o, key, e);

	if (sid == NULL || twilio_is_sid(sid, prefix))
		return sid;
	/* What stands there instead may be a secret in the wrong place. */
	error_set(e, EX_CONFIG, "[provider %s] %s: not %s and 32 hexadecimal "
	    "digits", o->provider, key, prefix);
	return NULL;
}

int
twilio_sign_in(struct config *c, const char *provider,
    struct credentials *out, struct error *e)
{
	const struct order o = { .config = c, .provider = provider };
	bool key = config_string(c, "provider", provider, "api_key") != NULL;
	const char *user;

	memset(out, 0, sizeof(*out));
	/* The path has the account in any case. */
	user = twilio_sid_of(&o, "account_sid", "AC", e);
	if (user != NULL && key)
		user = twilio_sid_of(&o, "api_key", "SK", e);
	if (user == NULL)
		return -1;
	snprintf(out->user, sizeof(out->user), "%s", user);
	return http_secret(c, provider, "auth_token", out, e);
}

/* From, MessagingServiceSid or both, which pins the sender of the service. */
static int
add_sender(const struct order *o, struct buf *form, struct error *e)
{
	const char *from = config_string(o->config, "channel", o->channel,
	    "from");
	const char *service = config_string(o->config, "provider",
	    o->provider, "messaging_service");

	if (from == NULL && service == NULL)
		return error_set(e, EX_CONFIG, "neither [channel %s] from nor "
		    "[provider %s] messaging_service is set", o->channel,
		    o->provider);
	if (from != NULL && strlen(from) > FROM_MAX)
		return error_set(e, EX_CONFIG, "[channel %s] from: longer "
		    "than any sender of Twilio's", o->channel);
	if (from != NULL)
		form_add(form, "From", from);
	if (service == NULL)
		return 0;
	service = twilio_sid_of(o, "messaging_service", "MG", e);
	if (service == NULL)
		return -1;
	form_add(form, "MessagingServiceSid", service);
	return 0;
}

static int
add_contents(const struct order *o, struct buf *form, struct error *e)
{
	const char *text = record_string(o->record, "text");
	struct media media[MEDIA_MAX];
	int count = media_read(o->record, media, e);
	size_t n;

	if (count == -1)
		return -1;
	if (text == NULL || (text[0] == '\0' && count == 0))
		return error_set(e, EX_DATAERR, "text: %s", text == NULL ?
		    "missing" : "empty");
	n = utf8_count(text, strlen(text));
	if (n > SMS_TEXT_MAX)
		return error_set(e, EX_DATAERR, "text: %zu characters; Twilio "
		    "takes at most %d", n, SMS_TEXT_MAX);
	if (text[0] != '\0')
		form_add(form, "Body", text);
	for (int i = 0; i < count; i++)
		form_add(form, "MediaUrl", media[i].url);
	return 0;
}

/*
 * Where Twilio tells what became of the message: the query names the attempt,
 * so that it is known even if the answer to the request gets lost.  What stands
 * behind '#' is for Twilio: up to 5 retries, after any failure; without it a
 * status that meets one error of our web server would be lost
 * (twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
 *
 * public_url is taken as the configuration has it, since omni-ingest checks the
 * signature over just that.
 */
void
twilio_add_callback(const struct order *o, const char *path, struct buf *form)
{
	const char *base = config_string(o->config, "site", NULL,
	    "public_url");
	struct buf url = BUF_INIT(URL_MAX);

	if (base == NULL)
		return;
	buf_printf(&url, "%s%s?ref=", base, path);
	percent_encode(&url, o->id);
	buf_printf(&url, ".%d#rc=5&rp=all", o->attempt);
	form_add(form, "StatusCallback", buf_text(&url));
	buf_release(&url);
}

static void
add_validity(const struct order *o, struct buf *form)
{
	int64_t left = o->expires - o->now;
	char text[24];

	if (o->expires == 0 || left > VALIDITY_MAX)
		return;
	snprintf(text, sizeof(text), "%" PRId64,
	    left < VALIDITY_MIN ? VALIDITY_MIN : left);
	form_add(form, "ValidityPeriod", text);
}

int
twilio_post(const struct order *o, const char *resource, struct request *out,
    struct error *e)
{
	const char *account = twilio_sid_of(o, "account_sid", "AC", e);
	char base[1024];

	if (account == NULL || http_base(o, TWILIO_BASE, base, sizeof(base),
	    e) == -1 || http_check_number(o->to, e) == -1)
		return -1;
	snprintf(out->to, sizeof(out->to), "%s", o->to);
	out->method = "POST";
	out->content_type = "application/x-www-form-urlencoded";
	snprintf(out->url, sizeof(out->url), "%s" TWILIO_VERSION
	    "/Accounts/%s/%s.json", base, account, resource);
	return 0;
}

int
twilio_build(const struct order *o, struct request *out, struct error *e)
{
	if (twilio_post(o, "Messages", out, e) == -1)
		return -1;
	form_add(&out->body, "To", o->to);
	if (add_sender(o, &out->body, e) == -1 ||
	    add_contents(o, &out->body, e) == -1)
		return -1;
	twilio_add_callback(o, "/twilio/status", &out->body);
	add_validity(o, &out->body);
	if (config_bool(o->config, "channel", o->channel, "smart_encoding"))
		form_add(&out->body, "SmartEncoded", "true");
	if (out->body.full)
		return error_set(e, EX_DATAERR, "the request gets too long");
	return 0;
}

/* Answers. */

/* "-0.0079" is what we pay; anything else is left out. */
static void
read_price(const struct value *json, struct verdict *out)
{
	const char *price = value_get_string(json, "price");
	const char *unit = value_get_string(json, "price_unit");
	size_t n, point;

	if (price == NULL)
		return;
	price += *price == '-';
	n = strspn(price, DIGITS);
	point = price[n] == '.' ? 1 + strspn(price + n + 1, DIGITS) : 0;
	if (n == 0 || point == 1 || price[n + point] != '\0' ||
	    n + point >= sizeof(out->cost))
		return;
	snprintf(out->cost, sizeof(out->cost), "%s", price);
	if (unit != NULL && strlen(unit) == 3 &&
	    strspn(unit, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3)
		snprintf(out->currency, sizeof(out->currency), "%s", unit);
}

/* "0" until a sender of the service is chosen. */
static int
read_segments(const struct value *json)
{
	const char *s = value_get_string(json, "num_segments");
	int n = 0;

	if (s == NULL || s[0] == '\0' || s[strspn(s, DIGITS)] != '\0')
		return 0;
	for (; *s != '\0' && n <= SEGMENTS_MOST; s++)
		n = n * 10 + *s - '0';
	return n <= SEGMENTS_MOST ? n : 0;
}

/*
 * Whatever cannot be read of a 2xx may stand for a message that exists: only a
 * sid proves that it does.
 */
static void
read_accepted(const struct response *r, const struct value *json,
    const char *prefix, const char *other, struct verdict *out)
{
	const char *sid = value_get_string(json, "sid");
	char why[80];

	if (json == NULL)
		http_doubt(out, http_json_fault(r));
	else if (sid == NULL)
		http_doubt(out, "the answer has no sid");
	else if (!twilio_is_sid(sid, prefix) && !twilio_is_sid(sid, other)) {
		snprintf(why, sizeof(why), "the answer's sid is not %s%s%s "
		    "and 32 hexadecimal digits", prefix,
		    strcmp(prefix, other) == 0 ? "" : " or ",
		    strcmp(prefix, other) == 0 ? "" : other);
		http_doubt(out, why);
	} else {
		out->outcome = OUTCOME_ACCEPTED;
		out->code[0] = out->text[0] = '\0';
		snprintf(out->provider_id, sizeof(out->provider_id), "%s",
		    sid);
		out->segments = read_segments(json);
		read_price(json, out);
	}
}

static void
read_error(const struct response *r, const struct value *json,
    struct verdict *out)
{
	const char *message = value_get_string(json, "message");
	int64_t number;

	if (message != NULL && message[0] != '\0')
		http_say(out, message);
	if (!value_integer(value_get(json, "code"), &number) || number <= 0)
		return;
	/* A 5xx may have come after the message was made. */
	http_apply(r, number, r->code >= 500 ? NULL : twilio_code(number),
	    out);
}

void
twilio_read_created(const struct response *r, const char *prefix,
    const char *other, struct verdict *out)
{
	struct value *json = http_json(r);

	memset(out, 0, sizeof(*out));
	http_read(r, out);
	if (!r->failed && r->code >= 200 && r->code < 300)
		read_accepted(r, json, prefix, other, out);
	else if (!r->failed && r->code >= 400)
		read_error(r, json, out);
	value_free(json);
}

void
twilio_read(const struct response *r, struct verdict *out)
{
	twilio_read_created(r, "SM", "MM", out);
}
