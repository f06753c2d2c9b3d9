/*
 * WhatsApp's Cloud API: messages, their being read, and media.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/digest.h"
#include "callback.h"
#include "emit.h"
#include "simulator.h"

#define REFERENCE_LONGEST	512
#define TEXT_LONGEST		4096
#define MEDIA_MAX	100	/* kept */

void
whatsapp_check_credential(struct exchange *x)
{
	const char *got = request_header(x, "Authorization");

	x->authorized = got != NULL && strcmp(got, x->sim->bearer) == 0;
	if (!x->authorized)
		answer_code(x, 190);
}

static void
refuse(struct exchange *x, int code, const char *what)
{
	answer_error(x, 400, code, what);
}

/* The object that `type` names, and what must be in it. */
static void
check_content(struct exchange *x, const char *type)
{
	static const struct {
		const char *type, *path;
	} needed[] = {
		{ "text", "text.body" },
		{ "template", "template.name" },
		{ "template", "template.language.code" },
		{ "interactive", "interactive.type" },
		{ "interactive", "interactive.action" },
		{ "location", "location.latitude" },
		{ "reaction", "reaction.message_id" }
	};
	const struct value *content = value_get(x->json, type);
	const struct value *v;

	if (value_type(content) != VALUE_OBJECT &&
	    value_type(content) != VALUE_ARRAY) {
		refuse(x, 131008, arena_printf(&x->mem,
		    "Required parameter is missing: %s", type));
		return;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		v = strcmp(needed[i].type, type) != 0 ? content :
		    value_path(x->json, needed[i].path);
		if (value_type(v) == VALUE_ABSENT ||
		    value_type(v) == VALUE_NULL) {
			refuse(x, 131008, arena_printf(&x->mem,
			    "Required parameter is missing: %s",
			    needed[i].path));
			return;
		}
	}
}

static bool
is_one_of(const char *s, const char *const words[])
{
	while (*words != NULL && strcmp(s, *words) != 0)
		words++;
	return *words != NULL;
}

static void
check_media(struct exchange *x, const char *type)
{
	static const char *const media[] = { "image", "document", "video",
	    "audio", "sticker", NULL };
	const struct value *v = value_get(x->json, type);

	if (is_one_of(type, media) && value_get_string(v, "id") == NULL &&
	    value_get_string(v, "link") == NULL)
		refuse(x, 131008, "Required parameter is missing: id or link");
}

static void
check_type(struct exchange *x)
{
	static const char *const types[] = { "text", "template",
	    "interactive", "image", "document", "video", "audio", "sticker",
	    "location", "contacts", "reaction", NULL };
	const char *type = value_get_string(x->json, "type");

	if (type == NULL)
		type = "text";
	if (!is_one_of(type, types)) {
		refuse(x, 131009, "Parameter value is not valid: type");
		return;
	}
	check_content(x, type);
	if (x->status == 0)
		check_media(x, type);
	x->text = value_string(value_path(x->json, "text.body"));
	if (x->status == 0 && x->text != NULL &&
	    utf8_count(x->text, strlen(x->text)) > TEXT_LONGEST)
		refuse(x, 100, "Param text['body'] must be at most 4096 "
		    "characters long.");
	/* Of what is no text the content itself is kept. */
	if (x->status == 0 && x->text == NULL)
		x->text = value_json(value_get(x->json, type), &x->mem);
}

static bool
is_read_mark(const struct exchange *x)
{
	const char *status = value_get_string(x->json, "status");

	return status != NULL && strcmp(status, "read") == 0;
}

static bool
is_recipient(const char *to)
{
	size_t digits;

	to += *to == '+';
	digits = strspn(to, "0123456789");
	return to[digits] == '\0' && digits >= 7 && digits <= 15;
}

static void
check_members(struct exchange *x)
{
	const char *product = value_get_string(x->json, "messaging_product");

	if (product == NULL || strcmp(product, "whatsapp") != 0)
		refuse(x, 100, "(#100) The parameter messaging_product is "
		    "required.");
	else if (is_read_mark(x)) {
		if (value_get_string(x->json, "message_id") == NULL)
			refuse(x, 100, "(#100) The parameter message_id is "
			    "required.");
	} else if (x->to == NULL)
		refuse(x, 100, "(#100) The parameter to is required.");
	else if (value_get_string(x->json, "to") != NULL &&
	    !is_recipient(x->to))
		refuse(x, 131009, "Parameter value is not valid: to");
	else if (x->reference != NULL &&
	    utf8_count(x->reference, strlen(x->reference)) > REFERENCE_LONGEST)
		refuse(x, 100, "Param biz_opaque_callback_data must be at "
		    "most 512 characters long.");
	else
		check_type(x);
}

void
whatsapp_check_message(struct exchange *x)
{
	whatsapp_check_credential(x);
	if (x->status != 0)
		return;
	if (x->json == NULL) {
		refuse(x, 100, "Invalid JSON");
		return;
	}
	x->from = x->part[0];
	x->to = value_get_string(x->json, "to");
	if (x->to == NULL)
		x->to = value_get_string(x->json, "recipient");
	x->reference = value_get_string(x->json, "biz_opaque_callback_data");
	check_members(x);
}

/* These come by webhook, all others at once. */
static int
code_now(const char *what)
{
	static const int later[] = { 130472, 131026, 131042, 131047, 131049,
	    131050, 131052, 131053, 0 };
	int code;

	if (what == NULL || strncmp(what, "callback:", 9) == 0 ||
	    strcmp(what, "silent") == 0 || strcmp(what, "sent") == 0 ||
	    call_is_answer(what))
		return -1;
	if (strncmp(what, "api:", 4) == 0)
		return (int)strtol(what + 4, NULL, 10);
	code = (int)strtol(what, NULL, 10);
	for (size_t i = 0; later[i] != 0; i++)
		if (later[i] == code)
			return -1;
	return code;
}

static void
new_wamid(char out[64])
{
	unsigned char bytes[33] = "\x1d\x80\x83";

	digest_random(bytes + 3, sizeof(bytes) - 3);
	memcpy(out, "wamid.", 6);
	digest_base64(bytes, sizeof(bytes), out + 6);
}

static void
show_sent(struct exchange *x, const struct message *m)
{
	struct buf *b = &x->answer;
	const char *id = fold_address(m->to, &x->mem);

	if (strlen(id) == 12 && strncmp(id, "52", 2) == 0)
		id = arena_printf(&x->mem, "521%s", id + 2);
	emit_open(b, NULL, '{');
	emit_string(b, "messaging_product", "whatsapp");
	emit_open(b, "contacts", '[');
	emit_open(b, NULL, '{');
	emit_string(b, "input", m->to);
	emit_string(b, "wa_id", id);
	emit_close(b, '}');
	emit_close(b, ']');
	emit_open(b, "messages", '[');
	emit_open(b, NULL, '{');
	emit_string(b, "id", m->id);
	if (value_get(x->json, "template") != NULL)
		emit_string(b, "message_status", "accepted");
	emit_close(b, '}');
	emit_close(b, ']');
	emit_close(b, '}');
}

void
whatsapp_send(struct exchange *x)
{
	const char *what;
	char id[64];
	struct message m = {
		.provider = SCOPE_WHATSAPP, .kind = "message", .id = id,
		.to = x->to, .from = x->from, .body = x->text,
		.reference = x->reference, .account = x->part[0],
		.created = clock_now(), .status = "accepted", .segments = 1
	};

	x->status = 200;
	if (is_read_mark(x)) {
		buf_str(&x->answer, "{\"success\":true}");
		return;
	}
	what = answer_for(x, x->to);
	if (code_now(what) != -1) {
		answer_code(x, code_now(what));
		return;
	}
	m.answer = what;
	new_wamid(id);
	show_sent(x, accept_message(x, &m));
}

void
whatsapp_templates(struct exchange *x)
{
	x->status = 200;
	buf_str(&x->answer, "{\"data\":[]}");
}

/*
 * Media: what was uploaded can be asked for and fetched
 */

struct media {
	char type[128], digest[DIGEST_HEX];
	size_t len;
	char data[];
};

void
media_drop(void *media)
{
	free(media);
}

/* The part of a multipart form that has a file name: *type and *data. */
static bool
find_file(struct exchange *x, char type[128], const char **data, size_t *len)
{
	char *body = x->body.data, *end, *head, *at;
	size_t mark;

	if (body == NULL || body[0] != '-')
		return false;
	end = body + x->body.len;
	mark = strcspn(body, "\r");
	head = memmem(body, x->body.len, "filename=", 9);
	if (head == NULL)
		return false;
	at = memmem(head, (size_t)(end - head), "\r\n\r\n", 4);
	if (at == NULL)
		return false;
	*data = at + 4;
	*at = '\0';
	snprintf(type, 128, "application/octet-stream");
	head = strcasestr(head, "Content-Type: ");
	if (head != NULL)
		snprintf(type, 128, "%.*s", (int)strcspn(head + 14, "\r"),
		    head + 14);
	at = memmem(*data, (size_t)(end - *data), body, mark);
	*len = at == NULL || at < *data + 2 ? 0 : (size_t)(at - 2 - *data);
	return at != NULL;
}

static struct media *
media_new(const char *type, const char *data, size_t len)
{
	struct media *m;

	m = malloc(sizeof(*m) + len);
	if (m == NULL)
		die(EX_OSERR, "out of memory");
	snprintf(m->type, sizeof(m->type), "%s", type);
	digest_sha256(data, len, m->digest);
	m->len = len;
	memcpy(m->data, data, len);
	return m;
}

void
whatsapp_upload(struct exchange *x)
{
	struct simulator *s = x->sim;
	char type[128], id[17];
	const char *data;
	size_t len;
	bool room;

	if (!find_file(x, type, &data, &len)) {
		refuse(x, 100, "(#100) The parameter file is required.");
		return;
	}
	for (size_t i = 0; i < 16; i++)		/* digits alone */
		id[i] = (char)('0' + random_hex((char[3]){ 0 }, 2)[1] % 10);
	id[16] = '\0';
	pthread_mutex_lock(&s->lock);
	room = s->media.count < MEDIA_MAX;
	if (room)
		*table_at(&s->media, id) = media_new(type, data, len);
	pthread_mutex_unlock(&s->lock);
	if (!room) {
		refuse(x, 131053, "The simulator keeps no more media");
		return;
	}
	x->status = 200;
	emit_open(&x->answer, NULL, '{');
	emit_string(&x->answer, "id", id);
	emit_close(&x->answer, '}');
}

static const struct media *
find_media(struct exchange *x, const char *id)
{
	const struct media *m;

	pthread_mutex_lock(&x->sim->lock);
	m = table_get(&x->sim->media, id);
	pthread_mutex_unlock(&x->sim->lock);
	if (m == NULL)
		refuse(x, 100, "Unsupported get request. Object does not "
		    "exist");
	return m;
}

void
whatsapp_media(struct exchange *x)
{
	const char *id = x->part[0];
	const struct media *m = find_media(x, id);
	struct buf *b = &x->answer;

	if (m == NULL)
		return;
	x->status = 200;
	emit_open(b, NULL, '{');
	emit_string(b, "messaging_product", "whatsapp");
	emit_string(b, "url", arena_printf(&x->mem,
	    "http://127.0.0.1:%d/_media/%s", x->sim->http_port, id));
	emit_string(b, "mime_type", m->type);
	emit_string(b, "sha256", m->digest);
	emit_string(b, "file_size", arena_printf(&x->mem, "%zu", m->len));
	emit_string(b, "id", id);
	emit_close(b, '}');
}

bool
media_answer(struct exchange *x, const char *id)
{
	const struct media *m = find_media(x, id);

	if (m == NULL)
		return false;
	x->status = 200;
	x->type = m->type;
	buf_add(&x->answer, m->data, m->len);
	return true;
}

void
whatsapp_download(struct exchange *x)
{
	media_answer(x, x->part[0]);
}
