#include "mail_hook_impl.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "provider/mail_text.h"

/*
 * Strangers write mails: parts and their nesting have limits, beyond which
 * nothing is looked at.
 */
#define DEPTH_MAX	10	/* multiparts in each other */
#define PARTS_MAX	200
#define HEAD_MAX	(64 * 1024)
#define NAME_BYTES	256
#define SHOWN_MAX	20	/* attachments */
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
no_nul(struct buf *out)
{
	/* What is read as text must end where it seems to. */
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '\0')
			out->data[i] = ' ';
}

static void
take_bytes(GMimePart *part, struct buf *out)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *mem = g_mime_stream_mem_new();
	GByteArray *bytes;
	size_t room = out->max - out->len;

	if (content != NULL)
		g_mime_data_wrapper_write_to_stream(content, mem);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	if (bytes->len > 0)
		buf_add(out, bytes->data, bytes->len < room ? bytes->len :
		    room);
	no_nul(out);
	g_object_unref(mem);
}

/* As UTF-8; an unknown charset leaves the bytes as they are. */
static void
take_text(GMimePart *part, struct buf *out)
{
	char *text;

	/* The new line before a boundary belongs to that: two parts are two. */
	if (out->len > 0)
		buf_char(out, '\n');
	if (!GMIME_IS_TEXT_PART(part)) {
		take_bytes(part, out);
		return;
	}
	text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
	if (text != NULL)
		buf_add(out, text, strnlen(text, out->max - out->len));
	g_free(text);
}

static int64_t
decoded_size(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *null = g_mime_stream_null_new();
	ssize_t n = content == NULL ? 0 :
	    g_mime_data_wrapper_write_to_stream(content, null);

	g_object_unref(null);
	return n < 0 ? 0 : (int64_t)n;
}

/* Its bytes are not kept: that there was one, and what, is said. */
static void
take_attachment(struct mail_reading *r, const char *name, const char *type,
    int64_t size)
{
	char shown[NAME_BYTES];
	struct value *one;

	if (value_count(r->attachments) >= SHOWN_MAX)
		return;
	one = value_new_object();
	if (name != NULL && name[0] != '\0')
		value_set_string(one, "name", text_escape(shown,
		    sizeof(shown), name, strlen(name)));
	value_set_string(one, "type", text_escape(shown, sizeof(shown), type,
	    strlen(type)));
	value_set_integer(one, "size", size);
	value_append_take(r->attachments, one);
}

static void
take_leaf(struct mail_reading *r, GMimePart *part, const char *type)
{
	static const char *const deliveries[] = { "message/delivery-status",
	    "message/global-delivery-status" };
	static const char *const heads[] = { "text/rfc822-headers",
	    "text/rfc822-header", "message/rfc822-headers",
	    "message/global-headers" };
	static const char *const dispositions[] = {
	    "message/disposition-notification",
	    "message/global-disposition-notification" };
	const char *where = g_mime_object_get_disposition(GMIME_OBJECT(part));
	bool attached = where != NULL && strcasecmp(where, "attachment") == 0;

	if (mail_hook_is_one_of(type, deliveries, COUNT(deliveries)))
		take_bytes(part, &r->report);
	else if (strcasecmp(type, "message/feedback-report") == 0)
		take_bytes(part, &r->feedback);
	else if (mail_hook_is_one_of(type, dispositions, COUNT(dispositions)))
		r->disposition = true;
	else if (mail_hook_is_one_of(type, heads, COUNT(heads)))
		take_bytes(part, &r->original);
	else if (!attached && strcasecmp(type, "text/plain") == 0)
		take_text(part, &r->text);
	else if (!attached && strcasecmp(type, "text/html") == 0)
		take_text(part, &r->html);
	else
		take_attachment(r, g_mime_part_get_filename(part), type,
		    decoded_size(part));
}

/* The head is enough: it names the mail. */
static void
take_original(GMimeMessage *m, struct buf *out)
{
	char *head;

	if (out->len > 0)
		return;
	head = g_mime_object_get_headers(GMIME_OBJECT(m), NULL);
	if (head != NULL)
		buf_add(out, head, strnlen(head, HEAD_MAX));
	g_free(head);
}

/* Some gateways pack a server's report into a letter of their own. */
static void
take_inner(struct mail_reading *r, GMimeObject *object, int depth)
{
	GMimeMultipart *multi;
	GMimeMessage *m;

	if (object == NULL || r->parts++ >= PARTS_MAX || depth > DEPTH_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		multi = GMIME_MULTIPART(object);
		for (int i = 0; i < g_mime_multipart_get_count(multi) &&
		    r->parts < PARTS_MAX; i++)
			take_inner(r, g_mime_multipart_get_part(multi, i),
			    depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		m = g_mime_message_part_get_message(GMIME_MESSAGE_PART(
		    object));
		if (m != NULL)
			take_original(m, &r->inner_original);
	} else if (GMIME_IS_PART(object) && g_mime_content_type_is_type(
	    g_mime_object_get_content_type(object), "message",
	    "delivery-status"))
		take_bytes(GMIME_PART(object), &r->inner);
}

static void
take_message(struct mail_reading *r, GMimeMessagePart *part, int depth)
{
	GMimeMessage *m = g_mime_message_part_get_message(part);
	GMimeStream *null;
	const char *subject;
	ssize_t size;

	if (m == NULL)
		return;
	null = g_mime_stream_null_new();
	take_original(m, &r->original);
	take_inner(r, g_mime_message_get_mime_part(m), depth + 1);
	subject = g_mime_message_get_subject(m);
	size = g_mime_object_write_to_stream(GMIME_OBJECT(m), NULL, null);
	g_object_unref(null);
	take_attachment(r, subject, "message/rfc822", size < 0 ? 0 : size);
}

static void
take_part(struct mail_reading *r, GMimeObject *object, int depth)
{
	GMimeMultipart *multi;
	char *type;

	if (object == NULL || r->parts++ >= PARTS_MAX || depth > DEPTH_MAX)
		return;
	if (GMIME_IS_MULTIPART(object)) {
		multi = GMIME_MULTIPART(object);
		for (int i = 0; i < g_mime_multipart_get_count(multi) &&
		    r->parts < PARTS_MAX; i++)
			take_part(r, g_mime_multipart_get_part(multi, i),
			    depth + 1);
	} else if (GMIME_IS_MESSAGE_PART(object))
		take_message(r, GMIME_MESSAGE_PART(object), depth);
	else if (GMIME_IS_PART(object)) {
		type = g_mime_content_type_get_mime_type(
		    g_mime_object_get_content_type(object));
		take_leaf(r, GMIME_PART(object), type);
		g_free(type);
	}
}

void
mail_hook_parts(struct mail_reading *r)
{
	GMimeObject *top = g_mime_message_get_mime_part(r->message);

	r->is_report = top != NULL && g_mime_content_type_is_type(
	    g_mime_object_get_content_type(top), "multipart", "report");
	take_part(r, top, 0);
}

const char *
mail_hook_body(struct mail_reading *r)
{
	if (text_is_blank(buf_text(&r->text), r->text.len) &&
	    r->html.len > 0) {
		buf_clear(&r->text);
		mail_html_text(r->html.data, r->html.len, &r->text);
	}
	return buf_text(&r->text);
}

void
mail_hook_raw_body(const struct mail_reading *r, struct buf *out)
{
	const char *body = memmem(r->raw, r->len, "\n\n", 2);
	const char *crlf = memmem(r->raw, r->len, "\r\n\r\n", 4);
	size_t room = out->max - out->len, left;

	if (crlf != NULL && (body == NULL || crlf < body))
		body = crlf;
	if (body == NULL)
		return;
	left = r->len - (size_t)(body - r->raw);
	buf_add(out, body, left < room ? left : room - 1);
	no_nul(out);
}
