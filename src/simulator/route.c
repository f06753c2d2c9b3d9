/*
 * Which request is whose.
 */
#include <string.h>

#include "simulator.h"

#define ACCOUNT	"/2010-04-01/Accounts/*"

static const struct route routes[] = {
	{ SCOPE_TWILIO, "POST", ACCOUNT "/Messages.json", true, true,
	    twilio_check_message, twilio_create_message },
	{ SCOPE_TWILIO, "GET", ACCOUNT "/Messages.json", false, false,
	    twilio_check_credential, twilio_list_messages },
	{ SCOPE_TWILIO, "GET", ACCOUNT "/Messages/*", false, false,
	    twilio_check_credential, twilio_fetch_message },
	{ SCOPE_TWILIO, "GET", ACCOUNT "/Messages/*/Media/*", false, false,
	    twilio_check_credential, twilio_media },
	{ SCOPE_TWILIO, "GET", "/_content/*", false, false, NULL,
	    twilio_content },
	{ SCOPE_TWILIO, "POST", ACCOUNT "/Calls.json", true, true,
	    twilio_check_call, twilio_create_call },
	{ SCOPE_TWILIO, "GET", ACCOUNT "/Calls.json", false, false,
	    twilio_check_credential, twilio_list_calls },
	{ SCOPE_TWILIO, "GET", ACCOUNT "/Calls/*", false, false,
	    twilio_check_credential, twilio_fetch_call },
	{ SCOPE_TWILIO, "GET", "/v2/PhoneNumbers/*", false, false,
	    twilio_check_credential, twilio_look_up },
	{ SCOPE_SES, "POST", "/v2/email/outbound-emails", true, false,
	    ses_check, ses_send },
	{ SCOPE_WHATSAPP, "POST", "/v*/*/messages", true, false,
	    whatsapp_check_message, whatsapp_send },
	{ SCOPE_WHATSAPP, "POST", "/v*/*/media", false, false,
	    whatsapp_check_credential, whatsapp_upload },
	{ SCOPE_WHATSAPP, "GET", "/v*/*/message_templates", false, false,
	    whatsapp_check_credential, whatsapp_templates },
	{ SCOPE_NTFY, "GET", "/*/json", false, false, ntfy_check_list,
	    ntfy_list },
	{ SCOPE_WHATSAPP, "GET", "/v*/*", false, false,
	    whatsapp_check_credential, whatsapp_media },
	{ SCOPE_WHATSAPP, "GET", "/_media/*", false, false,
	    whatsapp_check_credential, whatsapp_download },
	{ SCOPE_NTFY, "POST PUT", "/", true, false, ntfy_check,
	    ntfy_publish },
	{ SCOPE_NTFY, "POST PUT", "/ntfy/*", true, false, ntfy_check,
	    ntfy_publish },
	{ SCOPE_PUSH, "POST", "/push/*", true, false, push_check,
	    push_send },
	{ SCOPE_LLM, "POST", "/v1/messages", true, false,
	    llm_check_anthropic, llm_anthropic },
	{ SCOPE_LLM, "POST", "/v1/chat/completions", true, false,
	    llm_check_openai, llm_openai },
	{ SCOPE_ALL, "GET", "/_control", false, false, NULL, control_show },
	{ SCOPE_ALL, "POST", "/_control", false, false, NULL,
	    control_change },
	{ SCOPE_ALL, "DELETE", "/_control", false, false, NULL,
	    control_reset }
};

/* One segment of a path: does it fit, and is it one to be kept? */
static bool
segment_fits(const char *pattern, size_t plen, const char *s, size_t len)
{
	if (plen == 1 && *pattern == '*')
		return len > 0;
	if (plen == 2 && pattern[1] == '*')
		return len > 1 && *s == *pattern;
	return plen == len && strncmp(pattern, s, len) == 0;
}

static bool
path_fits(const struct route *r, struct exchange *x)
{
	const char *pattern = r->path, *path = x->path;
	size_t plen, len, n = 0;

	for (;;) {
		if (*pattern != '/' || *path != '/')
			return *pattern == '\0' && *path == '\0';
		plen = strcspn(++pattern, "/");
		len = strcspn(++path, "/");
		if (!segment_fits(pattern, plen, path, len))
			return false;
		if (plen == 1 && *pattern == '*' && n < PARTS_MAX)
			x->part[n++] = arena_strndup(&x->mem, path, len);
		pattern += plen;
		path += len;
	}
}

static bool
method_fits(const char *methods, const char *method)
{
	size_t len = strlen(method);
	const char *at = strstr(methods, method);

	return at != NULL && (at == methods || at[-1] == ' ') &&
	    (at[len] == '\0' || at[len] == ' ');
}

const struct route *
route_find(struct exchange *x)
{
	const struct route *other = NULL;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!path_fits(&routes[i], x))
			continue;
		if (method_fits(routes[i].methods, x->method))
			return &routes[i];
		other = &routes[i];
	}
	x->route = other;
	if (other != NULL)
		answer_error(x, 405, 20004, "Method not allowed");
	else
		answer_error(x, 404, 20404, "The requested resource was not "
		    "found");
	return other;
}
