#include "simulator.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "callback.h"

struct known {
	int code, status;
	const char *text;
};

/* providers.md 1.8; where it says nothing the status is 400. */
static const struct known twilio_codes[] = {
	{ 14107, 429, "Message rate exceeded" },
	{ 20003, 401, "Authenticate" },
	{ 20005, 403, "Account not active" },
	{ 20008, 403, "Resource not accessible with Test Account Credentials" },
	{ 20404, 404, "The requested resource was not found" },
	{ 20429, 429, "Too Many Requests" },
	{ 20500, 500, "Internal Server Error" },
	{ 20503, 503, "Service Unavailable" },
	{ 21201, 400, "No 'To' number specified" },
	{ 21205, 400, "Url is required" },
	{ 21211, 400, "Invalid 'To' Phone Number" },
	{ 21212, 400, "Invalid 'From' Phone Number" },
	{ 21213, 400, "'From' phone number is required" },
	{ 21214, 400, "'To' phone number cannot be reached" },
	{ 21215, 400, "Account not authorized to call this country" },
	{ 21216, 400, "Call to this number is blocked" },
	{ 21408, 400, "Permission to send an SMS has not been enabled for "
	    "the region indicated by the 'To' number" },
	{ 21602, 400, "Message body is required." },
	{ 21603, 400, "A 'From' phone number is required." },
	{ 21604, 400, "A 'To' phone number is required." },
	{ 21606, 400, "The 'From' phone number is not a valid, SMS-capable "
	    "inbound phone number or short code for your account." },
	{ 21608, 400, "The number is unverified. Trial accounts cannot send "
	    "messages to unverified numbers." },
	{ 21609, 400, "Invalid 'StatusCallback' url" },
	{ 21610, 400, "Attempt to send to unsubscribed recipient" },
	{ 21611, 400, "This 'From' number has exceeded the maximum number of "
	    "queued messages" },
	{ 21612, 400, "The 'To' phone number is not currently reachable using "
	    "the 'From' phone number" },
	{ 21614, 400, "'To' number is not a valid mobile number" },
	{ 21617, 400, "The concatenated message body exceeds the 1600 "
	    "character limit" },
	{ 21623, 400, "Number of media files exceeds allowed limit" },
	{ 21703, 400, "The Messaging Service does not have a phone number "
	    "available to send a message" },
	{ 0, 400, NULL }
};

/* The same of section 3.7. */
static const struct known whatsapp_codes[] = {
	{ 0, 401, "AuthException" },
	{ 1, 500, "API Unknown" },
	{ 2, 503, "API Service" },
	{ 4, 429, "Application request limit reached" },
	{ 10, 403, "Permission denied" },
	{ 33, 400, "Parameter value is not valid" },
	{ 100, 400, "Invalid parameter" },
	{ 190, 401, "Access token has expired" },
	{ 368, 403, "Temporarily blocked for policies violations" },
	{ 80007, 429, "Rate limit issues" },
	{ 130429, 429, "Rate limit hit" },
	{ 131000, 500, "Something went wrong" },
	{ 131005, 403, "Access denied" },
	{ 131008, 400, "Required parameter is missing" },
	{ 131009, 400, "Parameter value is not valid" },
	{ 131016, 503, "Service unavailable" },
	{ 131021, 400, "Recipient cannot be sender" },
	{ 131026, 400, "Message undeliverable" },
	{ 131031, 403, "Account has been locked" },
	{ 131042, 400, "Business eligibility payment issue" },
	{ 131047, 400, "Re-engagement message" },
	{ 131048, 400, "Spam rate limit hit" },
	{ 131049, 400, "This message was not delivered to maintain healthy "
	    "ecosystem engagement." },
	{ 131050, 400, "User has stopped marketing messages" },
	{ 131051, 400, "Unsupported message type" },
	{ 131056, 429, "(Business Account, Consumer Account) pair rate limit "
	    "hit" },
	{ 131057, 503, "Account in maintenance mode" },
	{ 132000, 400, "Number of parameters does not match the expected "
	    "number of params" },
	{ 132001, 404, "Template name does not exist in the translation" },
	{ 132005, 400, "Translated text too long" },
	{ 132012, 400, "Parameter format does not match format in the "
	    "created template" },
	{ 132015, 400, "Template is paused" },
	{ 132016, 400, "Template is disabled" },
	{ 133010, 400, "Phone number not registered" },
	{ -1, 400, NULL }
};

static const struct known *
look_up(const struct known *table, int code)
{
	while (table->text != NULL && table->code != code)
		table++;
	return table;
}

void
answer_header(struct exchange *x, const char *name, const char *value)
{
	size_t i = x->header[0] == NULL ? 0 : 1;

	x->header[i] = name;
	x->header_value[i] = value;
}

static void
whatsapp_error(struct exchange *x, int status, int code, const char *text)
{
	struct buf *b = &x->answer;
	char trace[17];

	x->status = status;
	emit_open(b, NULL, '{');
	emit_open(b, "error", '{');
	emit_string(b, "message", arena_printf(&x->mem, "(#%d) %s", code,
	    text));
	emit_string(b, "type", "OAuthException");
	emit_integer(b, "code", code);
	emit_open(b, "error_data", '{');
	emit_string(b, "messaging_product", "whatsapp");
	emit_string(b, "details", text);
	emit_close(b, '}');
	emit_string(b, "fbtrace_id", random_hex(trace, 16));
	emit_close(b, '}');
	emit_close(b, '}');
}

/* What --answer may be for SES; SES has names alone, so the codes are ours. */
static const struct {
	int code;
	const char *name, *text;
} ses_errors[] = {
	{ 40001, "MessageRejected", "Message rejected: the content" },
	{ 40002, "MessageRejected", "Email address is not verified. The "
	    "following identities failed the check in region US-EAST-1" },
	{ 40003, "MailFromDomainNotVerifiedException", "MAIL FROM domain" },
	{ 40004, "AccountSuspendedException", "Account suspended" },
	{ 40005, "SendingPausedException", "Sending paused" },
	{ 40006, "LimitExceededException", "Daily message quota exceeded." },
	{ 40007, "ThrottlingException", "Maximum sending rate exceeded." },
	{ 40301, "AccessDeniedException", "not authorized to perform "
	    "ses:SendEmail" },
	{ 40302, "ExpiredTokenException", "The security token included in "
	    "the request is expired" },
	{ 40401, "NotFoundException", "Configuration set does not exist" },
};

static void
ses_error(struct exchange *x, int status, int code, const char *text)
{
	for (size_t i = 0; i < sizeof(ses_errors) / sizeof(ses_errors[0]); i++)
		if (ses_errors[i].code == code) {
			answer_named(x, status, ses_errors[i].name,
			    ses_errors[i].text);
			return;
		}
	answer_named(x, status, status == 403 ? "SignatureDoesNotMatch" :
	    status == 429 ? "TooManyRequestsException" :
	    status >= 500 ? "InternalFailure" : "BadRequestException", text);
}

void
answer_named(struct exchange *x, int status, const char *name,
    const char *text)
{
	buf_clear(&x->answer);
	x->status = status;
	emit_open(&x->answer, NULL, '{');
	emit_string(&x->answer, "message", text);
	emit_close(&x->answer, '}');
	answer_header(x, "x-amzn-ErrorType", name);
}

static void
other_error(struct exchange *x, int status, int code, const char *text)
{
	x->status = status;
	emit_open(&x->answer, NULL, '{');
	emit_integer(&x->answer, "code", code);
	emit_integer(&x->answer, "http", status);
	emit_string(&x->answer, "error", text);
	emit_close(&x->answer, '}');
}

void
answer_error(struct exchange *x, int status, int code, const char *text)
{
	buf_clear(&x->answer);
	switch (x->route == NULL ? SCOPE_ALL : x->route->scope) {
	case SCOPE_TWILIO:
		twilio_error(x, status, code, text);
		break;
	case SCOPE_WHATSAPP:
		whatsapp_error(x, status, code, text);
		break;
	case SCOPE_SES:
		ses_error(x, status, code, text);
		break;
	case SCOPE_LLM:
		llm_error(x, status, text);
		break;
	default:
		other_error(x, status, code, text);
	}
}

void
answer_code(struct exchange *x, int code)
{
	const struct known *k = look_up(x->route->scope == SCOPE_WHATSAPP ?
	    whatsapp_codes : twilio_codes, code);

	answer_error(x, k->status, code, k->text != NULL ? k->text :
	    arena_printf(&x->mem, "Error %d", code));
}

static int
pick(const struct exchange *x, int twilio, int whatsapp, int other)
{
	return x->route->scope == SCOPE_TWILIO ? twilio :
	    x->route->scope == SCOPE_WHATSAPP ? whatsapp : other;
}

void
answer_fault(struct exchange *x, enum fault f)
{
	switch (f) {
	case FAULT_ERROR_500:
	case FAULT_ERROR_500_AFTER:
		answer_error(x, 500, pick(x, 20500, 131000, 50001),
		    "Internal Server Error");
		break;
	case FAULT_ERROR_429:
		answer_error(x, 429, pick(x, 20429, 130429, 42901),
		    "Too Many Requests");
		if (x->sim->set.retry_after > 0)
			answer_header(x, "Retry-After", arena_printf(&x->mem,
			    "%d", x->sim->set.retry_after));
		break;
	case FAULT_REDIRECT:
		x->status = 302;
		answer_header(x, "Location", x->target);
		break;
	case FAULT_UNAUTHORIZED:
		answer_error(x, pick(x, 401, 401,
		    x->route->scope == SCOPE_SES ? 403 : 401),
		    pick(x, 20003, 190, 40101), "Authenticate");
		break;
	default:
		break;
	}
}

struct message *
accept_message(struct exchange *x, const struct message *m)
{
	x->accepted = store_add(&x->sim->store, m);
	return x->accepted;
}

char *
random_hex(char *out, size_t digits)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char bytes[32];

	digest_random(bytes, (digits + 1) / 2);
	for (size_t i = 0; i < digits; i++)
		out[i] = hex[i % 2 == 0 ? bytes[i / 2] >> 4 :
		    bytes[i / 2] & 15];
	out[digits] = '\0';
	return out;
}

/* Digits of a number, Mexico's old 1 taken out, as Meta does at will. */
static char *
fold_number(const char *to, struct arena *mem)
{
	char *out = arena_alloc(mem, strlen(to) + 1), *p = out;

	for (; *to != '\0'; to++)
		if (isdigit((unsigned char)*to))
			*p++ = *to;
	*p = '\0';
	if (p - out == 13 && strncmp(out, "521", 3) == 0)
		memmove(out + 2, out + 3, 11);
	return out;
}

char *
fold_address(const char *to, struct arena *mem)
{
	const char *number = strncmp(to, "whatsapp:", 9) == 0 ? to + 9 : to;
	char *out;

	if (number[strspn(number, "+0123456789 ()-.")] == '\0' &&
	    *number != '\0')
		return fold_number(number, mem);
	out = arena_strdup(mem, to);
	for (char *p = out; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return out;
}

const char *
answer_for(struct exchange *x, const char *to)
{
	const char *key = fold_address(to, &x->mem), *what;

	pthread_mutex_lock(&x->sim->lock);
	what = table_get(&x->sim->answers, key);
	if (what != NULL)
		what = arena_strdup(&x->mem, what);
	pthread_mutex_unlock(&x->sim->lock);
	return what;
}

static bool
is_answer(const char *what)
{
	const char *rest = strncmp(what, "api:", 4) == 0 ? what + 4 :
	    strncmp(what, "callback:", 9) == 0 ? what + 9 : what;

	if (strcmp(what, "silent") == 0 || strcmp(what, "sent") == 0 ||
	    call_is_answer(what))
		return true;
	return *rest != '\0' && strlen(rest) < 64 &&
	    rest[strspn(rest, "0123456789")] == '\0' && strlen(rest) < 8;
}

int
simulator_set_answer(struct simulator *s, const char *to, const char *what,
    struct error *e)
{
	struct arena mem = ARENA_INIT(1024 * 1024);
	void **place;
	char *text;

	if (what != NULL && !is_answer(what))
		return error_set(e, EX_USAGE, "answer %s=%s: not a code, nor "
		    "api:CODE, callback:CODE, sent, silent, or of calls busy, "
		    "no-answer, failed, canceled, machine, fax or digits:KEYS",
		    to, what);
	text = what == NULL ? NULL : strdup(what);
	if (what != NULL && text == NULL)
		die(EX_OSERR, "out of memory");
	pthread_mutex_lock(&s->lock);
	place = table_at(&s->answers, fold_address(to, &mem));
	free(*place);
	*place = text;
	pthread_mutex_unlock(&s->lock);
	arena_release(&mem);
	return 0;
}

const char *
request_header(const struct exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND,
	    name);
}
