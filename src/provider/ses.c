/*
 * Amazon SES v2: sending a whole mail.
 *
 *	POST /v2/email/outbound-emails
 *
 * Source: docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
 *
 * libcurl signs the request (Signature Version 4).  Its body comes from a
 * callback that cannot be rewound, so that libcurl never sends it twice by
 * itself; of such a body libcurl knows no digest, and takes the one in
 * X-Amz-Content-Sha256.
 */
#include "provider_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"

#define REGION_CHARS	"abcdefghijklmnopqrstuvwxyz0123456789-"
#define NAME_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789_-"
#define SET_NAME_MAX	64	/* of a configuration set */
#define TAG_MAX		256
#define MAIL_MAX	((size_t)40 * 1024 * 1024)	/* in base64 */
#define REST_MAX	(16 * 1024)	/* of a request, beside the mail */
/*
 * The quota is that of any 24 hours: some of it is free again in a few, and a
 * reminder may be worth a later one of them.
 */
#define QUOTA_WAIT	(4 * 3600)

/* Of what access_key_id and the others have. */
static int
read_secret(struct config *c, const char *provider, const char *key,
    struct buf *out, struct error *e)
{
	struct credentials one;
	int rc;

	memset(&one, 0, sizeof(one));
	rc = http_secret(c, provider, key, &one, e);
	*out = one.secret;
	return rc;
}

static bool
is_region(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len < sizeof(((struct credentials *)NULL)->region) &&
	    s[strspn(s, REGION_CHARS)] == '\0' && isalnum((unsigned char)*s);
}

static const char *
region_of(const struct order *o, struct error *e)
{
	const char *region = http_setting(o, "region", e);

	if (region == NULL || is_region(region))
		return region;
	error_set(e, EX_CONFIG, "[provider %s] region: not like us-east-1",
	    o->provider);
	return NULL;
}

static int
read_key_id(struct config *c, const char *provider, struct credentials *out,
    struct error *e)
{
	struct buf id = BUF_INIT(0);
	int rc = read_secret(c, provider, "access_key_id", &id, e);

	if (rc == 0 && (id.len >= sizeof(out->user) ||
	    strspn(buf_text(&id), NAME_CHARS) != id.len))
		rc = error_set(e, EX_CONFIG, "access_key_id of [provider %s] "
		    "is no id of a key", provider);
	if (rc == 0)
		snprintf(out->user, sizeof(out->user), "%s", buf_text(&id));
	buf_release(&id);
	return rc;
}

int
ses_sign_in(struct config *c, const char *provider, struct credentials *out,
    struct error *e)
{
	const struct order o = { .config = c, .provider = provider };
	const char *region = region_of(&o, e);

	memset(out, 0, sizeof(*out));
	out->how = SIGN_IN_AWS;
	if (region == NULL || read_key_id(c, provider, out, e) == -1)
		return -1;
	snprintf(out->region, sizeof(out->region), "%s", region);
	snprintf(out->service, sizeof(out->service), "ses");
	if (read_secret(c, provider, "secret_access_key", &out->secret,
	    e) == -1)
		return -1;
	if (config_string(c, "provider", provider, "session_token") == NULL)
		return 0;
	return read_secret(c, provider, "session_token", &out->token, e);
}

/*
 * "id.attempt", in which whatever a tag cannot have becomes "@HH", as does "@"
 * itself: what comes back in events can be read again.
 */
static int
reference(const struct order *o, char out[TAG_MAX + 1], struct error *e)
{
	struct buf tag = BUF_INIT(TAG_MAX);
	int rc = 0;

	for (const char *s = o->id; *s != '\0'; s++) {
		if (strchr(NAME_CHARS ".", *s) != NULL)
			buf_char(&tag, *s);
		else
			buf_printf(&tag, "@%02X", (unsigned char)*s);
	}
	buf_printf(&tag, ".%d", o->attempt);
	snprintf(out, TAG_MAX + 1, "%s", buf_text(&tag));
	if (tag.full)
		rc = error_set(e, EX_DATAERR, "id: longer than SES brings "
		    "back");
	buf_release(&tag);
	return rc;
}

static struct value *
raw_content(const struct buf *mail)
{
	struct value *content = value_new_object(), *raw = value_new_object();
	char *text = malloc(4 * ((mail->len + 2) / 3) + 1);

	if (text == NULL)
		die(EX_OSERR, "out of memory");
	digest_base64(mail->data, mail->len, text);
	value_set_string(raw, "Data", text);
	free(text);
	value_set_take(content, "Raw", raw);
	return content;
}

static struct value *
tags(const char *ref)
{
	struct value *all = value_new_array(), *one = value_new_object();

	value_set_string(one, "Name", "ref");
	value_set_string(one, "Value", ref);
	value_append_take(all, one);
	return all;
}

/* The envelope stands beside the mail; what its headers say does not count. */
static struct value *
body(const struct request *r, const char *set, const char *ref)
{
	struct value *v = value_new_object(), *to = value_new_array();
	struct value *destination = value_new_object();

	value_set_string(v, "FromEmailAddress", r->from);
	value_append_take(to, value_new_string(r->to));
	value_set_take(destination, "ToAddresses", to);
	value_set_take(v, "Destination", destination);
	value_set_take(v, "Content", raw_content(&r->body));
	if (set != NULL)
		value_set_string(v, "ConfigurationSetName", set);
	value_set_take(v, "EmailTags", tags(ref));
	return v;
}

static int
put_body(const struct order *o, const char *set, struct request *out,
    struct error *e)
{
	struct buf json = BUF_INIT(MAIL_MAX + REST_MAX);
	char ref[TAG_MAX + 1], hash[DIGEST_HEX];
	size_t len = 4 * ((out->body.len + 2) / 3);
	struct value *v;

	if (len > MAIL_MAX)
		return error_set(e, EX_DATAERR, "the mail has %zu bytes in "
		    "base64; SES takes at most %zu", len, MAIL_MAX);
	if (reference(o, ref, e) == -1)
		return -1;
	v = body(out, set, ref);
	value_write(v, &json);
	value_free(v);
	buf_release(&out->body);
	out->body = json;
	if (json.full)
		return error_set(e, EX_DATAERR, "the request gets too long");
	digest_sha256(json.data, json.len, hash);
	buf_printf(&out->headers, "X-Amz-Content-Sha256: %s\n", hash);
	return 0;
}

static bool
is_set_name(const char *s)
{
	return strlen(s) <= SET_NAME_MAX && s[strspn(s, NAME_CHARS)] == '\0';
}

int
ses_build(const struct order *o, struct request *out, struct error *e)
{
	const char *region = region_of(o, e), *set;
	char standard[128], base[1024];

	if (region == NULL)
		return -1;
	snprintf(standard, sizeof(standard), "https://email.%s.amazonaws.com",
	    region);
	set = config_string(o->config, "provider", o->provider,
	    "configuration_set");
	if (set != NULL && !is_set_name(set))
		return error_set(e, EX_CONFIG, "[provider %s] "
		    "configuration_set: not up to %d letters, digits, - and _",
		    o->provider, SET_NAME_MAX);
	if (http_base(o, standard, base, sizeof(base), e) == -1 ||
	    mail_build(o, out, e) == -1 || put_body(o, set, out, e) == -1)
		return -1;
	/* SES puts a Message-ID of its own in the place of ours. */
	out->provider_id[0] = '\0';
	out->method = "POST";
	out->content_type = "application/json";
	snprintf(out->url, sizeof(out->url), "%s/v2/email/outbound-emails",
	    base);
	return 0;
}

/* Answers. */

/* The names of the model, and of what AWS itself says; without "Exception". */
static const struct row {
	const char *name;
	enum outcome outcome;
	bool outage;
} rows[] = {
	{ "BadRequest", OUTCOME_REFUSED, false },
	{ "Validation", OUTCOME_REFUSED, false },
	{ "ValidationError", OUTCOME_REFUSED, false },
	{ "InvalidParameterValue", OUTCOME_REFUSED, false },
	{ "Serialization", OUTCOME_REFUSED, false },
	{ "RequestEntityTooLarge", OUTCOME_REFUSED, false },
	{ "MessageRejected", OUTCOME_REFUSED, false },
	{ "MailFromDomainNotVerified", OUTCOME_SETUP, false },
	{ "AccountSuspended", OUTCOME_SETUP, false },
	{ "SendingPaused", OUTCOME_SETUP, false },
	{ "NotFound", OUTCOME_SETUP, false },
	{ "UnknownOperation", OUTCOME_SETUP, false },
	{ "LimitExceeded", OUTCOME_LATER, true },
	{ "TooManyRequests", OUTCOME_LATER, false },
	{ "Throttling", OUTCOME_LATER, true },
	{ "AccessDenied", OUTCOME_SETUP, false },
	{ "ExpiredToken", OUTCOME_SETUP, false },
	{ "IncompleteSignature", OUTCOME_SETUP, false },
	{ "InvalidClientTokenId", OUTCOME_SETUP, false },
	{ "InvalidSignature", OUTCOME_SETUP, false },
	{ "MissingAuthenticationToken", OUTCOME_SETUP, false },
	{ "NotAuthorized", OUTCOME_SETUP, false },
	{ "OptInRequired", OUTCOME_SETUP, false },
	{ "RequestExpired", OUTCOME_SETUP, false },
	{ "RequestTimeTooSkewed", OUTCOME_SETUP, false },
	{ "SignatureDoesNotMatch", OUTCOME_SETUP, false },
	{ "UnrecognizedClient", OUTCOME_SETUP, false },
};

/* "com.amazonaws.sesv2#MessageRejected:http://...": MessageRejected */
static void
error_name(const char *s, char *out, size_t size)
{
	static const char suffix[] = "Exception";
	const char *hash = strchr(s, '#');
	size_t len, cut = sizeof(suffix) - 1;

	if (hash != NULL)
		s = hash + 1;
	len = strspn(s, NAME_CHARS);
	if (len > cut && memcmp(s + len - cut, suffix, cut) == 0)
		len -= cut;
	snprintf(out, size, "%.*s", (int)len, s);
}

static void
apply(const struct response *r, const char *said, const struct row *row,
    struct verdict *out)
{
	out->outcome = row->outcome;
	out->outage = row->outage;
	out->wait = row->outcome == OUTCOME_LATER ? http_wait(r) : 0;
	/* "Daily message quota exceeded", as the one error or the other. */
	if (row->outcome == OUTCOME_LATER && said != NULL &&
	    strstr(said, "quota") != NULL) {
		out->outage = true;
		if (out->wait < QUOTA_WAIT)
			out->wait = QUOTA_WAIT;
	}
	/*
	 * "Email address is not verified" is of our sender, or, as long as the
	 * account is in the sandbox, of all recipients: no mail is to blame.
	 */
	if (strcmp(row->name, "MessageRejected") == 0 && said != NULL &&
	    strstr(said, "not verified") != NULL)
		out->outcome = OUTCOME_SETUP;
}

static const char *
message_of(const struct value *json)
{
	const char *said = value_get_string(json, "message");

	return said != NULL ? said : value_get_string(json, "Message");
}

/* A 5xx tells nothing, whatever its name: the mail may be on its way. */
static void
read_error(const struct response *r, const struct value *json,
    struct verdict *out)
{
	const char *said = message_of(json), *type = r->error_type;
	char name[sizeof(out->code)];

	if (type[0] == '\0')
		type = value_get_string(json, "__type");
	error_name(type == NULL ? "" : type, name, sizeof(name));
	if (said != NULL && said[0] != '\0')
		http_say(out, said);
	if (name[0] == '\0')
		return;
	snprintf(out->code, sizeof(out->code), "%s", name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (r->code < 500 && strcmp(rows[i].name, name) == 0)
			apply(r, said, &rows[i], out);
}

static bool
is_message_id(const char *s, size_t size)
{
	size_t len = strlen(s);

	return len > 0 && len < size && s[strspn(s, NAME_CHARS ".@")] == '\0';
}

static void
read_accepted(const struct response *r, const struct value *json,
    struct verdict *out)
{
	const char *id = value_get_string(json, "MessageId");

	if (json == NULL)
		http_doubt(out, http_json_fault(r));
	else if (id == NULL)
		http_doubt(out, "the answer has no MessageId");
	else if (!is_message_id(id, sizeof(out->provider_id)))
		http_doubt(out, "the answer's MessageId is no id");
	else {
		out->outcome = OUTCOME_ACCEPTED;
		out->code[0] = out->text[0] = '\0';
		snprintf(out->provider_id, sizeof(out->provider_id), "%s", id);
	}
}

void
ses_read(const struct response *r, struct verdict *out)
{
	http_read_json(r, read_accepted, read_error, out);
}
