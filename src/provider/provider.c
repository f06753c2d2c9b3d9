#include "provider.h"

#include <stdlib.h>
#include <string.h>

#include "provider/provider_impl.h"

const char *
outcome_name(enum outcome o)
{
	static const char *const name[OUTCOME_MAX] = { "accepted", "refused",
	    "address", "optout", "later", "setup", "unknown" };

	return name[o];
}

/* The row of a code, which is digits; NULL: not in that kind's table. */
static const struct code *
find_code(const char *kind, const char *code)
{
	size_t n = strspn(code, "0123456789");

	if (n == 0 || n > 9 || code[n] != '\0')
		return NULL;
	if (strcmp(kind, "twilio") == 0)
		return twilio_code(strtol(code, NULL, 10));
	if (strcmp(kind, "whatsapp") == 0)
		return whatsapp_code(strtol(code, NULL, 10));
	return NULL;
}

enum outcome
provider_code_outcome(const char *kind, const char *code)
{
	const struct code *c = find_code(kind, code);

	return c == NULL ? OUTCOME_MAX : c->receipt;
}

const char *
provider_code_opt_out(const char *kind, const char *code)
{
	const struct code *c = find_code(kind, code);

	if (c == NULL || c->receipt != OUTCOME_OPTOUT)
		return NULL;
	/* Who wants no advertising still wants to know of the appointment. */
	return c->flags & CODE_MARKETING ? "topic:marketing" : "all";
}

static const struct provider providers[] = {
	{ .kind = "maildir", .types = "email",
	    .transport = TRANSPORT_MAILDIR, .build = mail_build,
	    .read = local_read },
	{ .kind = "sendmail", .types = "email",
	    .transport = TRANSPORT_SENDMAIL, .build = mail_build,
	    .read = sendmail_read },
	{ .kind = "smtp", .types = "email", .transport = TRANSPORT_SMTP,
	    .build = mail_build, .read = smtp_read },
	{ .kind = "ses", .types = "email", .transport = TRANSPORT_HTTP,
	    .build = ses_build, .read = ses_read, .sign_in = ses_sign_in },
	{ .kind = "console", .types = "email sms whatsapp voice push",
	    .transport = TRANSPORT_CONSOLE, .build = console_build,
	    .read = local_read },
	{ .kind = "twilio", .types = "sms", .transport = TRANSPORT_HTTP,
	    .build = twilio_build, .read = twilio_read,
	    .sign_in = twilio_sign_in, .ask = twilio_ask,
	    .look = twilio_look },
	{ .kind = "twilio", .types = "voice", .transport = TRANSPORT_HTTP,
	    .build = twilio_call_build, .read = twilio_call_read,
	    .sign_in = twilio_sign_in, .ask = twilio_call_ask,
	    .look = twilio_call_look },
	{ .kind = "whatsapp", .types = "whatsapp",
	    .transport = TRANSPORT_HTTP, .build = whatsapp_build,
	    .read = whatsapp_read, .sign_in = whatsapp_sign_in,
	    .mark_read = whatsapp_mark_read },
	{ .kind = "webpush", .types = "push", .transport = TRANSPORT_HTTP,
	    .repeats_ids = true,
	    .build = webpush_build, .read = webpush_read,
	    .sign_in = webpush_sign_in, .server = webpush_server },
	{ .kind = "ntfy", .types = "push", .transport = TRANSPORT_HTTP,
	    .build = ntfy_build, .read = ntfy_read, .sign_in = ntfy_sign_in,
	    .ask = ntfy_ask, .look = ntfy_look },
};

const struct provider *
provider_find(const char *kind, const char *type)
{
	char word[32];

	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (strcmp(providers[i].kind, kind) == 0)
			for (size_t k = 0; config_word(providers[i].types, k,
			    word, sizeof(word)); k++)
				if (strcmp(word, type) == 0)
					return &providers[i];
	return NULL;
}
