#include <string.h>

#include "cgi_impl.h"
#include "provider/sns.h"
#include "provider/speech.h"
#include "provider/twilio_hook.h"
#include "provider/whatsapp_hook.h"

static bool
is_of_twilio(struct cgi_request *r, const char *token)
{
	return twilio_signature_valid(token, r->url, r->type,
	    buf_text(&r->body), r->body.len, r->signature, r->mem);
}

static bool
is_of_meta(struct cgi_request *r, const char *secret)
{
	return whatsapp_signature_valid(secret, buf_text(&r->body),
	    r->body.len, r->signature);
}

static bool
is_challenge(struct cgi_request *r, const char *token)
{
	r->challenge = whatsapp_challenge(&r->query, token);
	return r->challenge != NULL;
}

/* The call goes on as this says: somebody is listening. */
static _Noreturn void
answer_call(struct config *c, const struct cgi_request *r)
{
	static struct buf out = BUF_INIT(64 * 1024);
	struct form form = { .count = 0 };
	struct error e;

	/* Its signature was good, which says that it is a form. */
	if (form_parse(&form, buf_text(&r->body), r->body.len, r->mem,
	    &e) == -1)
		cgi_answer("400 Bad Request", NULL, "", e.text);
	speech_answer(c, cgi_environment("QUERY_STRING"), &form, &out);
	cgi_answer("200 OK", "text/xml", buf_text(&out), NULL);
}

_Noreturn void
cgi_twilio(struct config *c, struct cgi_request *r)
{
	static const char twiml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";
	const char *base = config_string(c, "site", NULL, "public_url");
	const char *query = cgi_environment("QUERY_STRING");

	if (base == NULL)
		cgi_answer("500 Internal Server Error", NULL, "",
		    "[site] public_url is not set");
	cgi_read_body(c, r, cgi_max_body(c));
	r->url = arena_printf(r->mem, "%s%s%s%s", base, r->path,
	    *query == '\0' ? "" : "?", query);
	r->signature = cgi_environment("HTTP_X_TWILIO_SIGNATURE");
	if (!cgi_any_secret(c, "twilio", "auth_token", is_of_twilio, r))
		cgi_refuse(r, "the signature is missing or wrong");
	cgi_keep(r);
	if (strcmp(r->path, "/twilio/sms") == 0)
		cgi_answer("200 OK", "text/xml", twiml, NULL);
	if (strcmp(r->path, "/twilio/voice") == 0)
		answer_call(c, r);
	cgi_answer("204 No Content", NULL, "", NULL);
}

/* Meta asks once, when somebody enters our URL in its pages. */
static _Noreturn void
answer_challenge(struct config *c, struct cgi_request *r)
{
	const char *query = cgi_environment("QUERY_STRING");
	struct error e;

	if (form_parse(&r->query, query, strlen(query), r->mem, &e) == -1)
		cgi_answer("400 Bad Request", NULL, "", e.text);
	if (!cgi_any_secret(c, "whatsapp", "verify_token", is_challenge, r))
		cgi_refuse(r, "no challenge, or the verify_token is wrong");
	cgi_answer("200 OK", "text/plain", r->challenge, NULL);
}

_Noreturn void
cgi_whatsapp(struct config *c, struct cgi_request *r)
{
	if (r->get)
		answer_challenge(c, r);
	/* Whatever max_body says: Meta sends up to 3 MB, or never again. */
	cgi_read_body(c, r, WHATSAPP_BODY_BYTES);
	r->signature = cgi_environment("HTTP_X_HUB_SIGNATURE_256");
	if (!cgi_any_secret(c, "whatsapp", "app_secret", is_of_meta, r))
		cgi_refuse(r, "the signature is missing or wrong");
	cgi_keep(r);
	cgi_answer("200 OK", NULL, "", NULL);
}

/*
 * The signature is the drain's affair: for that it may have to fetch Amazon's
 * certificate.  SNS takes a 403 for an answer and does not come back.
 */
_Noreturn void
cgi_ses(struct config *c, struct cgi_request *r)
{
	const char *why = NULL;
	bool any;
	struct error e;
	struct sns m;

	cgi_read_body(c, r, SNS_BODY_BYTES);
	if (sns_read(&m, buf_text(&r->body), r->body.len, &e) == -1)
		cgi_refuse(r, e.text);
	if (sns_provider(c, m.topic, &any) == NULL)
		why = arena_printf(r->mem, "TopicArn: %.300s: no [provider] "
		    "has it as sns_topic", m.topic);
	sns_release(&m);
	if (why != NULL && any)
		cgi_refuse(r, why);
	if (why != NULL)
		cgi_answer("503 Service Unavailable", NULL, "", why);
	cgi_keep(r);
	cgi_answer("200 OK", NULL, "", NULL);
}
