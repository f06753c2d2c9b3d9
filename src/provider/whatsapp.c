/*
 * WhatsApp's Cloud API: sending a message, and marking one as read.
 *
 *	POST /v26.0/PHONE_NUMBER_ID/messages
 *
 * Sources: developers.facebook.com/docs/whatsapp/cloud-api/reference/messages,
 * and Meta's OpenAPI description (github.com/facebook/openapi,
 * business-messaging-api).
 */
#include "provider_impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "message/meta.h"

#define GRAPH		"https://graph.facebook.com"
#define DIGITS		"0123456789"
#define JSON_TYPE	"application/json"
#define NUMBER_ID_MAX	32
#define CAPTION_MAX	1024
#define CALLBACK_MAX	512
#define TRACE_MAX	40

int
whatsapp_sign_in(struct config *c, const char *provider,
    struct credentials *out, struct error *e)
{
	memset(out, 0, sizeof(*out));
	out->how = SIGN_IN_BEARER;
	return http_secret(c, provider, "access_token", out, e);
}

/* "v26.0" */
static bool
is_version(const char *s)
{
	size_t n = s[0] == 'v' ? strspn(s + 1, DIGITS) : 0, m;

	m = n == 0 || s[1 + n] != '.' ? 0 : strspn(s + n + 2, DIGITS);
	return m > 0 && n + m <= 8 && s[n + 2 + m] == '\0';
}

/* What all requests have in common. */
static int
address_request(const struct order *o, struct request *out, struct error *e)
{
	const char *version = http_setting(o, "version", e);
	const char *id = http_setting(o, "phone_number_id", e);
	char base[1024];

	if (id == NULL || version == NULL ||
	    http_base(o, GRAPH, base, sizeof(base), e) == -1)
		return -1;
	if (!is_version(version))
		return error_set(e, EX_CONFIG, "[provider %s] version: not "
		    "like v26.0", o->provider);
	if (strlen(id) > NUMBER_ID_MAX || id[strspn(id, DIGITS)] != '\0')
		return error_set(e, EX_CONFIG, "[provider %s] "
		    "phone_number_id: not digits", o->provider);
	out->method = "POST";
	out->content_type = JSON_TYPE;
	snprintf(out->url, sizeof(out->url), "%s/%s/%s/messages", base,
	    version, id);
	return 0;
}

/* Takes `v`, the request's body. */
static int
write_body_take(struct value *v, struct request *out, struct error *e)
{
	value_write(v, &out->body);
	value_free(v);
	if (out->body.full)
		return error_set(e, EX_DATAERR, "the request gets too long");
	return 0;
}

static struct value *
new_body(void)
{
	struct value *v = value_new_object();

	value_set_string(v, "messaging_product", "whatsapp");
	return v;
}

int
whatsapp_mark_read(const struct order *o, const char *wamid,
    struct request *out, struct error *e)
{
	struct value *v;

	if (address_request(o, out, e) == -1)
		return -1;
	v = new_body();
	value_set_string(v, "status", "read");
	value_set_string(v, "message_id", wamid);
	return write_body_take(v, out, e);
}

/* Media: what Meta takes of each kind, by type and by the end of a name. */

static const struct kind {
	const char *type, *end, *kind;
} kinds[] = {
	{ "image/jpeg", "jpg", "image" },
	{ "image/jpeg", "jpeg", "image" },
	{ "image/png", "png", "image" },
	{ "video/mp4", "mp4", "video" },
	{ "video/3gpp", "3gp", "video" },
	{ "audio/aac", "aac", "audio" },
	{ "audio/amr", "amr", "audio" },
	{ "audio/mpeg", "mp3", "audio" },
	{ "audio/mp4", "m4a", "audio" },
	{ "audio/ogg", "ogg", "audio" },
	{ "application/pdf", "pdf", "document" },
	{ "text/plain", "txt", "document" },
	{ "application/msword", "doc", "document" },
	{ "application/vnd.openxmlformats-officedocument"
	    ".wordprocessingml.document", "docx", "document" },
	{ "application/vnd.ms-excel", "xls", "document" },
	{ "application/vnd.openxmlformats-officedocument"
	    ".spreadsheetml.sheet", "xlsx", "document" },
	{ "application/vnd.ms-powerpoint", "ppt", "document" },
	{ "application/vnd.openxmlformats-officedocument"
	    ".presentationml.presentation", "pptx", "document" },
};

/* The end of the path's last name, without its dot; `len` of it. */
static const char *
name_end(const char *url, size_t *len)
{
	const char *path = strstr(url, "://") + 3, *end, *dot;

	end = path + strcspn(path, "?#");
	path = memchr(path, '/', (size_t)(end - path));
	for (dot = end; path != NULL && dot > path && dot[-1] != '.' &&
	    dot[-1] != '/'; dot--)
		;
	if (path == NULL || dot == path || dot[-1] != '.')
		dot = end;
	*len = (size_t)(end - dot);
	return dot;
}

/* The given type counts; "image/png; x" and "document" are understood too. */
static const char *
media_kind(const struct media *m)
{
	size_t len;
	const char *end = name_end(m->url, &len);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct kind *k = &kinds[i];

		if (m->type == NULL) {
			if (strlen(k->end) == len &&
			    strncasecmp(k->end, end, len) == 0)
				return k->kind;
		} else if (strcmp(m->type, k->kind) == 0 ||
		    (strncasecmp(m->type, k->type, strlen(k->type)) == 0 &&
		    strchr("; ", m->type[strlen(k->type)]) != NULL))
			return k->kind;
	}
	return NULL;
}

static struct value *
media_object(const struct media *m, const char *kind, const char *caption)
{
	struct value *v = value_new_object();

	value_set_string(v, "link", m->url);
	if (caption != NULL && caption[0] != '\0')
		value_set_string(v, "caption", caption);
	if (m->filename != NULL && strcmp(kind, "document") == 0)
		value_set_string(v, "filename", m->filename);
	return v;
}

/* Buttons with a picture above them: what the text says stays with them. */
static int
add_header(const struct media *m, const char *kind, struct value *interactive,
    struct error *e)
{
	struct value *header;

	if (value_get(interactive, "header") != NULL)
		return error_set(e, EX_DATAERR, "media: the message has "
		    "buttons and a header already");
	if (strcmp(kind, "audio") == 0)
		return error_set(e, EX_DATAERR, "media.0: no sound goes with "
		    "buttons");
	header = value_new_object();
	value_set_string(header, "type", kind);
	value_set_take(header, kind, media_object(m, kind, NULL));
	value_set_take(interactive, "header", header);
	return 0;
}

static int
check_caption(const char *kind, const char *text, struct error *e)
{
	size_t n = text == NULL ? 0 : utf8_count(text, strlen(text));

	if (n > 0 && strcmp(kind, "audio") == 0)
		return error_set(e, EX_DATAERR, "media.0: a sound has no "
		    "caption, and the text would be lost");
	if (n > CAPTION_MAX)
		return error_set(e, EX_DATAERR, "text: %zu characters; below "
		    "media WhatsApp takes at most %d", n, CAPTION_MAX);
	return 0;
}

static int
add_media(const struct order *o, const struct media *m, struct value *body,
    struct error *e)
{
	const struct value *session = value_get(record_get(o->record,
	    "whatsapp"), "session");
	const char *kind = media_kind(m), *type;
	const char *text = record_string(o->record, "text");
	struct value *interactive;

	if (kind == NULL)
		return error_set(e, EX_DATAERR, "media.0: none that WhatsApp "
		    "takes; a type such as image/jpeg would tell");
	type = value_get_string(session, "type");
	if (type != NULL && strcmp(type, "interactive") == 0) {
		interactive = value_copy(value_get(session, type));
		value_set_string(body, "type", type);
		if (add_header(m, kind, interactive, e) == -1) {
			value_free(interactive);
			return -1;
		}
		value_set_take(body, type, interactive);
		return 0;
	}
	if (check_caption(kind, text, e) == -1)
		return -1;
	value_set_string(body, "type", kind);
	value_set_take(body, kind, media_object(m, kind, text));
	return 0;
}

static void
add_object(struct value *body, const char *type, const struct value *v)
{
	value_set_string(body, "type", type);
	value_set_take(body, type, value_copy(v));
}

/* In the window anything goes; at any other time a template alone. */
static int
add_contents(const struct order *o, struct value *body, struct error *e)
{
	const struct value *all = record_get(o->record, "whatsapp");
	const struct value *session = value_get(all, "session");
	const struct value *template = value_get(all, "template");
	struct media media[MEDIA_MAX];
	int count = media_read(o->record, media, e);
	const char *type;

	if (count == -1)
		return -1;
	if (count > 1)
		return error_set(e, EX_DATAERR, "media: %d of them; a message "
		    "of WhatsApp has one", count);
	if (session != NULL && o->window) {
		if (whatsapp_check_session(session, e) == -1)
			return -1;
		if (count == 1)
			return add_media(o, &media[0], body, e);
		type = value_get_string(session, "type");
		add_object(body, type, value_get(session, type));
		return 0;
	}
	if (template == NULL)
		return error_set(e, EX_DATAERR, "%s", o->window ?
		    "whatsapp: has neither session nor template" :
		    "whatsapp.template: missing, and the 24 hours after the "
		    "person wrote are over");
	if (whatsapp_check_template(template, e) == -1)
		return -1;
	add_object(body, "template", template);
	return 0;
}

/* Comes back in each status of the message. */
static int
add_callback(const struct order *o, struct value *body, struct error *e)
{
	char text[CALLBACK_MAX + 1];
	int n = snprintf(text, sizeof(text), "%s.%d", o->id, o->attempt);

	if (n < 0 || n > CALLBACK_MAX)
		return error_set(e, EX_DATAERR, "id: longer than WhatsApp "
		    "brings back");
	value_set_string(body, "biz_opaque_callback_data", text);
	return 0;
}

/* With its plus: else Meta may put its own country's code before it. */
int
whatsapp_build(const struct order *o, struct request *out, struct error *e)
{
	struct value *body;

	if (address_request(o, out, e) == -1 ||
	    http_check_number(o->to, e) == -1)
		return -1;
	snprintf(out->to, sizeof(out->to), "%s", o->to);
	body = new_body();
	value_set_string(body, "recipient_type", "individual");
	value_set_string(body, "to", o->to);
	if (add_contents(o, body, e) == -1 || add_callback(o, body, e) == -1) {
		value_free(body);
		return -1;
	}
	return write_body_take(body, out, e);
}

/* Answers. */

/* "wamid.HBgL...": kept as it is, if it can be printed as it is. */
static bool
is_wamid(const char *s, size_t size)
{
	size_t n;

	for (n = 0; s[n] > ' ' && s[n] < 0x7f; n++)
		;
	return n > 0 && n < size && s[n] == '\0';
}

static void
read_accepted(const struct response *r, const struct value *json,
    struct verdict *out)
{
	const struct value *one = value_path(json, "messages.0");
	const char *id = value_get_string(one, "id");
	const char *status = value_get_string(one, "message_status");

	if (json == NULL)
		http_doubt(out, http_json_fault(r));
	else if (id == NULL)
		http_doubt(out, "the answer has no messages[0].id");
	else if (!is_wamid(id, sizeof(out->provider_id)))
		http_doubt(out, "the answer's messages[0].id is no id");
	else {
		out->outcome = OUTCOME_ACCEPTED;
		out->code[0] = out->text[0] = '\0';
		snprintf(out->provider_id, sizeof(out->provider_id), "%s",
		    id);
		/* Meta holds it; what becomes of it a status will tell. */
		if (status != NULL && strcmp(status, "accepted") != 0)
			http_say(out, status);
	}
}

/* Meta's own words for people first, and what its support asks for. */
static void
say_error(const struct value *error, struct verdict *out)
{
	const char *said = value_string(value_path(error,
	    "error_data.details"));
	const char *trace = value_get_string(error, "fbtrace_id");
	char text[ERROR_MAX], tail[TRACE_MAX + 32];
	size_t len;

	if (said == NULL || said[0] == '\0')
		said = value_get_string(error, "message");
	if (said != NULL && said[0] != '\0')
		http_say(out, said);
	if (trace == NULL || trace[0] == '\0' || strlen(trace) > TRACE_MAX)
		return;
	text_escape(tail, sizeof(tail), trace, strlen(trace));
	len = strlen(tail) + sizeof(" (fbtrace_id )") - 1;
	/* Cut again, after a whole character. */
	text_escape(text, sizeof(text) - len, out->text, strlen(out->text));
	snprintf(out->text, sizeof(out->text), "%.*s (fbtrace_id %s)",
	    (int)(sizeof(text) - len), text, tail);
}

/*
 * Meta asks to decide by the code, which may come with any status; with a 5xx
 * and without a code that is known nobody knows.
 */
static void
read_error(const struct response *r, const struct value *json,
    struct verdict *out)
{
	const struct value *error = value_get(json, "error");
	const struct code *code;
	int64_t number;

	if (value_type(error) != VALUE_OBJECT)
		return;
	say_error(error, out);
	if (!value_integer(value_get(error, "code"), &number) || number < 0)
		return;
	code = whatsapp_code(number);
	http_apply(r, number, code, out);
}

void
whatsapp_read(const struct response *r, struct verdict *out)
{
	http_read_json(r, read_accepted, read_error, out);
}
