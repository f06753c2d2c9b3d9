/*
 * A mail as GMime reads it, for tests that want to know it from a parser not
 * ours: the message on standard input; on standard output one object of
 * from, to, reply_to (each "Name <address>"), subject, message_id, and parts,
 * an array of type, filename, cid, disposition, method, format and the SHA-256
 * of the decoded bytes; of text also the text.  Ends with 1 where GMime finds
 * something to warn of.
 */
#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/io.h"
#include "base/record.h"

static int warnings;

static void
on_warning(gint64 offset, GMimeParserWarning error, const gchar *item,
    gpointer ctx)
{
	(void)ctx;
	warnings++;
	diag("byte %lld: warning %d: %s", (long long)offset, (int)error,
	    item == NULL ? "" : item);
}

static void
put(struct value *v, const char *key, const char *text)
{
	if (text != NULL)
		value_set_string(v, key, text);
}

static void
put_addresses(struct value *v, const char *key, GMimeMessage *m,
    GMimeAddressType type)
{
	InternetAddressList *list = g_mime_message_get_addresses(m, type);
	struct value *all = value_new_array(), *one;
	InternetAddress *a;

	for (int i = 0; i < internet_address_list_length(list); i++) {
		a = internet_address_list_get_address(list, i);
		one = value_new_object();
		put(one, "name", internet_address_get_name(a));
		if (INTERNET_ADDRESS_IS_MAILBOX(a))
			put(one, "address", internet_address_mailbox_get_addr(
			    INTERNET_ADDRESS_MAILBOX(a)));
		value_append_take(all, one);
	}
	value_set_take(v, key, all);
}

static void
put_bytes(struct value *v, GMimePart *part)
{
	GMimeStream *mem = g_mime_stream_mem_new();
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	char hash[DIGEST_HEX];
	GByteArray *bytes;

	if (content != NULL)
		g_mime_data_wrapper_write_to_stream(content, mem);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	value_set_string(v, "sha256", digest_sha256(bytes->len == 0 ?
	    (const void *)"" : bytes->data, bytes->len, hash));
	if (GMIME_IS_TEXT_PART(part)) {
		g_byte_array_append(bytes, (const guint8 *)"", 1);
		value_set_string(v, "text", (const char *)bytes->data);
	}
	g_object_unref(mem);
}

static void
put_part(GMimeObject *parent, GMimeObject *object, gpointer ctx)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	char *mime = g_mime_content_type_get_mime_type(type);
	struct value *list = ctx, *v = value_new_object();

	(void)parent;
	put(v, "type", mime);
	g_free(mime);
	put(v, "method", g_mime_content_type_get_parameter(type, "method"));
	put(v, "format", g_mime_content_type_get_parameter(type, "format"));
	put(v, "name", g_mime_content_type_get_parameter(type, "name"));
	put(v, "disposition", g_mime_object_get_disposition(object));
	put(v, "cid", g_mime_object_get_content_id(object));
	if (GMIME_IS_PART(object)) {
		put(v, "filename", g_mime_part_get_filename(
		    GMIME_PART(object)));
		put_bytes(v, GMIME_PART(object));
	}
	value_append_take(list, v);
}

static GMimeMessage *
parse(void)
{
	GMimeParserOptions *options = g_mime_parser_options_new();
	struct buf raw = BUF_INIT((size_t)64 * 1024 * 1024);
	GMimeParser *parser;
	GMimeStream *in;
	GMimeMessage *m;
	struct error e;

	if (io_read_fd(STDIN_FILENO, "stdin", &raw, &e) == -1)
		die(e.status, "%s", e.text);
	/* A stream of files would seek, which a pipe cannot. */
	in = g_mime_stream_mem_new_with_buffer(buf_text(&raw), raw.len);
	parser = g_mime_parser_new_with_stream(in);
	g_mime_parser_options_set_warning_callback(options, on_warning, NULL);
	m = g_mime_parser_construct_message(parser, options);
	if (m == NULL)
		die(EX_DATAERR, "no message");
	g_mime_parser_options_free(options);
	g_object_unref(parser);
	g_object_unref(in);
	buf_release(&raw);
	return m;
}

int
main(void)
{
	struct value *v = value_new_object(), *parts = value_new_array();
	struct buf out = BUF_INIT((size_t)256 * 1024 * 1024);
	GMimeMessage *m;

	g_mime_init();
	m = parse();
	put_addresses(v, "from", m, GMIME_ADDRESS_TYPE_FROM);
	put_addresses(v, "to", m, GMIME_ADDRESS_TYPE_TO);
	put_addresses(v, "reply_to", m, GMIME_ADDRESS_TYPE_REPLY_TO);
	put(v, "subject", g_mime_message_get_subject(m));
	put(v, "message_id", g_mime_message_get_message_id(m));
	put_part(NULL, g_mime_message_get_mime_part(m), parts);
	if (GMIME_IS_MULTIPART(g_mime_message_get_mime_part(m)))
		g_mime_multipart_foreach(GMIME_MULTIPART(
		    g_mime_message_get_mime_part(m)), put_part, parts);
	value_set_take(v, "parts", parts);
	value_write(v, &out);
	puts(buf_text(&out));
	value_free(v);
	buf_release(&out);
	g_object_unref(m);
	g_mime_shutdown();
	return warnings == 0 && fflush(stdout) == 0 ? 0 : 1;
}
