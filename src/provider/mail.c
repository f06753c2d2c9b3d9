#include "provider_impl.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/zone.h"
#include "provider/mime.h"

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

int
mail_build(const struct order *o, struct request *out, struct error *e)
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
	m.to = o->to;
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

void
smtp_read(const struct response *r, struct verdict *out)
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

void
sendmail_read(const struct response *r, struct verdict *out)
{
	snprintf(out->code, sizeof(out->code), "%d", r->code);
	snprintf(out->text, sizeof(out->text), "%s", r->text);
	if (!r->failed)
		out->outcome = sendmail_outcome(r->code);
	else
		out->outcome = r->started ? OUTCOME_UNKNOWN : OUTCOME_SETUP;
}
