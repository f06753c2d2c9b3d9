#include "provider.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/zone.h"
#include "provider/mime.h"

const char *
outcome_name(enum outcome o)
{
	static const char *const name[OUTCOME_MAX] = { "accepted", "refused",
	    "address", "optout", "later", "setup", "unknown" };

	return name[o];
}

bool
provider_code_is_optout(const char *kind, const char *code)
{
	/* twilio.com/docs/api/errors/21610: the recipient replied STOP */
	return strcmp(kind, "twilio") == 0 && strcmp(code, "21610") == 0;
}

/* "Clinica <citas@clinic.example>": what stands between the brackets. */
static void
bare_address(const char *from, char *out, size_t size)
{
	const char *open = strrchr(from, '<'), *close;

	if (open == NULL) {
		snprintf(out, size, "%s", from);
		return;
	}
	close = strchr(open, '>');
	snprintf(out, size, "%.*s", close == NULL ? (int)strlen(open + 1) :
	    (int)(close - open - 1), open + 1);
}

/*
 * The envelope sender: where bounces go.  With a bounce domain it tells the
 * message apart without telling its address (lower-case letters and digits,
 * which survive servers that fold case).
 */
static void
envelope_sender(const struct order *o, const char *from, struct request *out)
{
	const char *domain = config_string(o->config, "mail", NULL,
	    "bounce_domain");
	char hash[DIGEST_HEX];

	if (domain == NULL) {
		bare_address(from, out->from, sizeof(out->from));
		return;
	}
	digest_sha256(o->id, strlen(o->id), hash);
	snprintf(out->from, sizeof(out->from), "bounce+%.24s@%s", hash,
	    domain);
}

static const char *
sender_of(const struct order *o)
{
	const char *from = config_string(o->config, "channel", o->channel,
	    "from");

	return from != NULL ? from : config_string(o->config, "mail", NULL,
	    "from");
}

static int
build_mail(const struct order *o, struct request *out, struct error *e)
{
	const struct record *r = o->record;
	const char *zone = config_string(o->config, "site", NULL, "timezone");
	struct mail m = { .id = o->id, .attempt = o->attempt,
	    .date = o->now, .automatic = true };
	const char *domain;
	char hash[DIGEST_HEX];

	m.from = sender_of(o);
	if (m.from == NULL)
		return error_set(e, EX_CONFIG, "neither [channel %s] from nor "
		    "[mail] from is set", o->channel);
	m.reply_to = config_string(o->config, "mail", NULL, "reply_to");
	m.to = record_string(r, "to");
	m.to_name = value_get_string(record_get(r, "contact"), "name");
	m.subject = record_string(r, "subject");
	if (m.subject == NULL)
		m.subject = "";
	m.text = record_string(r, "text");
	m.html = record_string(r, "html");
	m.language = record_string(r, "language");
	m.headers = record_get(r, "headers");
	m.utc_offset_minutes = zone_offset(zone, o->now);
	envelope_sender(o, m.from, out);
	m.envelope_from = out->from;
	if (m.to == NULL || !mime_address_is_safe(m.to))
		return error_set(e, EX_DATAERR, "to: not an address that can "
		    "go out");
	snprintf(out->to, sizeof(out->to), "%s", m.to);
	digest_sha256(o->id, strlen(o->id), hash);
	snprintf(out->name, sizeof(out->name), "omni.%.40s", hash);
	domain = strrchr(out->from, '@');
	if (domain == NULL || mime_message_id(o->id, domain + 1,
	    out->provider_id, sizeof(out->provider_id)) == NULL)
		out->provider_id[0] = '\0';
	m.domain = domain == NULL ? NULL : domain + 1;
	return mime_build(&m, &out->body, e);
}

/* What a person at a terminal reads; text from outside is escaped. */
static int
build_console(const struct order *o, struct request *out, struct error *e)
{
	const char *text = record_string(o->record, "text");
	const char *to = record_string(o->record, "to");
	const char *subject = record_string(o->record, "subject");
	char line[2048];

	if (text == NULL || to == NULL)
		return error_set(e, EX_DATAERR, "%s: missing",
		    to == NULL ? "to" : "text");
	snprintf(out->to, sizeof(out->to), "%s", to);
	snprintf(out->name, sizeof(out->name), "console");
	snprintf(out->provider_id, sizeof(out->provider_id), "console:%s.%d",
	    o->id, o->attempt);
	buf_printf(&out->body, "%s to %s", o->channel, text_escape(line,
	    sizeof(line), to, strlen(to)));
	buf_printf(&out->body, " (%s, attempt %d)\n", text_escape(line,
	    sizeof(line), o->id, strlen(o->id)), o->attempt);
	if (subject != NULL)
		buf_printf(&out->body, "  %s\n", text_escape(line,
		    sizeof(line), subject, strlen(subject)));
	for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		buf_printf(&out->body, "  %s\n", text_escape(line,
		    sizeof(line), text, len));
	}
	return 0;
}

/* "5.1.1" in "550 5.1.1 no such user": class, subject, detail. */
static bool
enhanced(const char *text, int code, int *subject, int *detail)
{
	int class;

	text += strspn(text, "0123456789");
	text += strspn(text, " -");
	return sscanf(text, "%1d.%3d.%3d", &class, subject, detail) == 3 &&
	    class == code / 100;
}

enum outcome
smtp_outcome(int code, const char *text)
{
	int subject, detail;

	if (code >= 200 && code < 300)
		return OUTCOME_ACCEPTED;
	if (code == 530 || code == 534 || code == 535 || code == 538)
		return OUTCOME_SETUP;
	if (code < 500)
		return OUTCOME_LATER;
	if (!enhanced(text, code, &subject, &detail))
		return code == 550 || code == 551 || code == 553 ?
		    OUTCOME_ADDRESS : OUTCOME_REFUSED;
	/* No such mailbox, system or syntax; moved; takes no mail at all. */
	if (subject == 1 && (detail <= 3 || detail == 6 || detail == 10))
		return OUTCOME_ADDRESS;
	/* Our own set-up: SPF, DKIM, DMARC, reverse DNS, authentication. */
	if (subject == 7 && (detail == 8 || detail == 9 ||
	    (detail >= 20 && detail <= 27) || detail == 515))
		return OUTCOME_SETUP;
	return OUTCOME_REFUSED;
}

static void
read_smtp(const struct response *r, struct verdict *out)
{
	snprintf(out->code, sizeof(out->code), "%d", r->code);
	snprintf(out->text, sizeof(out->text), "%s", r->text);
	if (!r->failed)
		out->outcome = smtp_outcome(r->code, r->text);
	else
		out->outcome = r->started ? OUTCOME_UNKNOWN : OUTCOME_LATER;
}

/* <sysexits.h>, as sendmail(1) of Postfix, Exim and Sendmail use it. */
enum outcome
sendmail_outcome(int status)
{
	switch (status) {
	case EX_OK:
		return OUTCOME_ACCEPTED;
	case EX_NOUSER:
	case EX_NOHOST:
		return OUTCOME_ADDRESS;
	case EX_DATAERR:
	case EX_NOINPUT:
	case EX_PROTOCOL:
		return OUTCOME_REFUSED;
	case EX_USAGE:
	case EX_NOPERM:
	case EX_CONFIG:
		return OUTCOME_SETUP;
	default:
		return OUTCOME_LATER;
	}
}

static void
read_sendmail(const struct response *r, struct verdict *out)
{
	snprintf(out->code, sizeof(out->code), "%d", r->code);
	snprintf(out->text, sizeof(out->text), "%s", r->text);
	if (!r->failed)
		out->outcome = sendmail_outcome(r->code);
	else
		out->outcome = r->started ? OUTCOME_UNKNOWN : OUTCOME_SETUP;
}

/* A local file: it is there, or it is not and the disk may have room later. */
static void
read_local(const struct response *r, struct verdict *out)
{
	out->outcome = OUTCOME_ACCEPTED;
	if (!r->failed)
		return;
	snprintf(out->code, sizeof(out->code), "errno %d", r->code);
	snprintf(out->text, sizeof(out->text), "%s", r->text);
	out->outcome = errno_status(r->code) == EX_TEMPFAIL ? OUTCOME_LATER :
	    OUTCOME_SETUP;
}

static const struct provider providers[] = {
	{ "maildir", "email", TRANSPORT_MAILDIR, build_mail, read_local },
	{ "sendmail", "email", TRANSPORT_SENDMAIL, build_mail, read_sendmail },
	{ "smtp", "email", TRANSPORT_SMTP, build_mail, read_smtp },
	{ "console", "email sms whatsapp", TRANSPORT_CONSOLE, build_console,
	    read_local },
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
