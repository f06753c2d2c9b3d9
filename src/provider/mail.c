#include "provider_impl.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"
#include "base/zone.h"
#include "provider/mime.h"

#define REPLY_TO_MAX	1400	/* a name, and an address */
#define LOCAL_MAX	64	/* bytes before the @, RFC 5321 4.5.3.1.1 */

/* "Clinica <citas@clinic.example>": what stands between the brackets. */
static int
bare_address(const char *from, char out[MIME_ADDRESS], struct error *e)
{
	const char *open = strrchr(from, '<');
	char bare[MIME_ADDRESS];
	size_t len;

	if (open == NULL)
		return mime_address("from", from, out, e);
	len = strcspn(++open, ">");
	if (len >= sizeof(bare))
		return error_set(e, EX_DATAERR, "from: address too long");
	memcpy(bare, open, len);
	bare[len] = '\0';
	return mime_address("from", bare, out, e);
}

/*
 * The envelope sender: where bounces go.  With a bounce domain the token tells
 * the message without telling its address.
 */
static int
envelope_sender(const struct order *o, const char *from, struct request *out,
    struct error *e)
{
	const char *domain = config_string(o->config, "mail", NULL,
	    "bounce_domain");
	char addr[MIME_ADDRESS];

	if (domain == NULL || o->token == NULL)
		return bare_address(from, out->from, e);
	snprintf(addr, sizeof(addr), "bounce+%s@%s", o->token, domain);
	if (mime_address("bounce_domain", addr, out->from, e) == -1) {
		e->status = EX_CONFIG;
		return -1;
	}
	return 0;
}

/*
 * respuestas+TOKEN@clinic.example, so that an answer names its message even
 * where a mail program leaves References out.  Not without a key: what anybody
 * could guess is no proof of having got the mail.
 */
static int
reply_address(const struct order *o, char *out, size_t size, struct error *e)
{
	const char *to = config_string(o->config, "mail", NULL, "reply_to");
	const char *open, *at;
	int local, n;

	if (to == NULL || o->token == NULL ||
	    config_string(o->config, "links", NULL, "key") == NULL ||
	    !config_bool(o->config, "mail", NULL, "reply_token")) {
		n = snprintf(out, size, "%s", to == NULL ? "" : to);
		return n < 0 || (size_t)n >= size ? error_set(e, EX_CONFIG,
		    "[mail] reply_to: too long") : 0;
	}
	at = strrchr(to, '@');
	open = strrchr(to, '<');
	local = at == NULL ? 0 : (int)(at - to);
	n = snprintf(out, size, "%.*s+%s%s", local, to, o->token,
	    at == NULL ? "" : at);
	if (at == NULL || n < 0 || (size_t)n >= size || (size_t)(at -
	    (open == NULL ? to : open + 1)) + 1 + strlen(o->token) > LOCAL_MAX)
		return error_set(e, EX_CONFIG, "[mail] reply_to: no address "
		    "with room for +%s before the @", o->token);
	return 0;
}

static const char *
sender_of(const struct order *o)
{
	const char *from = config_string(o->config, "channel", o->channel,
	    "from");

	return from != NULL ? from : config_string(o->config, "mail", NULL,
	    "from");
}

/*
 * RFC 3834 5: what answers a mail by itself says so.  What somebody wrote in
 * answer is no automatic mail at all.
 */
static const char *
automatic(const struct record *r)
{
	if (record_string(r, "in_reply_to") == NULL)
		return "auto-generated";
	return record_string(r, "author") == NULL ? "auto-replied" : NULL;
}

static void
read_record(const struct order *o, struct mail *m)
{
	const struct record *r = o->record;

	m->id = o->id;
	m->attempt = o->attempt;
	m->date = o->now;
	m->utc_offset_minutes = zone_offset(config_string(o->config, "site",
	    NULL, "timezone"), o->now);
	m->automatic = automatic(r);
	m->to_name = value_get_string(record_get(r, "contact"), "name");
	m->subject = record_string(r, "subject");
	m->text = record_string(r, "text");
	m->html = record_string(r, "html");
	m->language = record_string(r, "language");
	m->in_reply_to = record_string(r, "in_reply_to");
	m->headers = record_get(r, "headers");
}

/* The envelope, and what is named after it. */
static int
address(const struct order *o, struct mail *m, struct request *out,
    struct error *e)
{
	char hash[DIGEST_HEX];

	if (envelope_sender(o, m->from, out, e) == -1)
		return -1;
	if (o->to == NULL)
		return error_set(e, EX_DATAERR, "to: missing");
	if (mime_address("to", o->to, out->to, e) == -1)
		return -1;
	m->to = out->to;
	m->envelope_from = out->from;
	m->domain = strrchr(out->from, '@') + 1;
	digest_sha256(o->id, strlen(o->id), hash);
	snprintf(out->name, sizeof(out->name), "omni.%.40s", hash);
	if (mime_message_id(o->id, m->domain, out->provider_id,
	    sizeof(out->provider_id)) == NULL)
		out->provider_id[0] = '\0';
	return 0;
}

/* Of "Name <local@domain>" or of an address alone. */
static bool
is_local_ascii(const char *address)
{
	const char *s = strrchr(address, '<');

	for (s = s == NULL ? address : s; *s != '\0' && *s != '@'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/*
 * libcurl asks for SMTPUTF8 by the addresses of the envelope alone, and SES
 * never does: such a header would go out to a server that cannot have it.
 */
static int
check_headers(const struct order *o, const struct mail *m, struct error *e)
{
	const char *kind = config_string(o->config, "provider", o->provider,
	    "kind");
	bool asked = !is_local_ascii(m->to) || !is_local_ascii(
	    m->envelope_from);

	if (strcmp(kind, "ses") != 0 && (strcmp(kind, "smtp") != 0 || asked))
		return 0;
	if (!is_local_ascii(m->from))
		return error_set(e, EX_CONFIG, "[channel %s] from: letters "
		    "beyond ASCII before the @ do not go through %s",
		    o->channel, kind);
	if (m->reply_to != NULL && !is_local_ascii(m->reply_to))
		return error_set(e, EX_CONFIG, "[mail] reply_to: letters "
		    "beyond ASCII before the @ do not go through %s", kind);
	return 0;
}

int
mail_build(const struct order *o, struct request *out, struct error *e)
{
	struct attachment attachments[ATTACHMENTS_MAX];
	int64_t max = config_integer(o->config, "mail", NULL, "max_size");
	int count = attachments_read(o->record, attachments, e);
	struct mail m = { .from = sender_of(o), .attachments = attachments,
	    .attachment_count = count > 0 ? (size_t)count : 0 };
	char reply_to[REPLY_TO_MAX];

	if (count == -1)
		return -1;
	if (m.from == NULL)
		return error_set(e, EX_CONFIG, "neither [channel %s] from nor "
		    "[mail] from is set", o->channel);
	read_record(o, &m);
	if (reply_address(o, reply_to, sizeof(reply_to), e) == -1 ||
	    address(o, &m, out, e) == -1)
		return -1;
	m.reply_to = reply_to[0] == '\0' ? NULL : reply_to;
	if (check_headers(o, &m, e) == -1)
		return -1;
	if ((size_t)max < out->body.max)
		out->body.max = (size_t)max;
	return mime_build(&m, &out->body, e);
}

/*
 * <sysexits.h>, as sendmail(1) of Postfix, Exim, Sendmail and msmtp use it.
 * Postfix takes every recipient and knows little more than 0 and 75.  Who
 * speaks to the server itself knows more, but EX_NOHOST is then a relay that
 * cannot be looked up just now, and what broke in the middle
 * (EX_IOERR, EX_PROTOCOL) may have been sent.  126 and 127 come from a shell.
 */
enum outcome
sendmail_outcome(int status)
{
	switch (status) {
	case EX_OK:
		return OUTCOME_ACCEPTED;
	case EX_NOUSER:
		return OUTCOME_ADDRESS;
	case EX_DATAERR:
	case EX_NOINPUT:
		return OUTCOME_REFUSED;
	case EX_IOERR:
	case EX_PROTOCOL:
		return OUTCOME_UNKNOWN;
	case EX_USAGE:
	case EX_NOPERM:
	case EX_CONFIG:
	case 126:
	case 127:
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
