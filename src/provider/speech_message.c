/*
 * What a call says to begin with, made of a message.  The answers to keys are
 * in speech.c, which stands apart: the front half of omni-ingest gives them.
 */
#include "speech_impl.h"

#include <string.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/text.h"
#include "provider/provider.h"

/*
 * A voice would read "smiling face"; XML has no room for noncharacters.  What
 * joins or colours an emoji goes with it.
 */
static bool
is_unspeakable(UChar32 c, bool after_emoji)
{
	return u_hasBinaryProperty(c, UCHAR_EXTENDED_PICTOGRAPHIC) ||
	    u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER) ||
	    u_hasBinaryProperty(c, UCHAR_REGIONAL_INDICATOR) ||
	    u_hasBinaryProperty(c, UCHAR_NONCHARACTER_CODE_POINT) ||
	    c == 0xfe0f || c == 0x20e3 || (c >= 0xe0020 && c <= 0xe007f) ||
	    (c == 0x200d && after_emoji);
}

/* False when nothing is left to be said. */
static bool
speak(struct buf *out, const char *text)
{
	struct buf plain = BUF_INIT(RECORD_MAX);
	const uint8_t *bytes = (const uint8_t *)text;
	bool emoji = false, said;
	int32_t at = 0, start = 0, len = (int32_t)strlen(text);
	UChar32 c;

	for (; at < len; start = at) {
		U8_NEXT(bytes, at, len, c);
		emoji = c < 0 || is_unspeakable(c, emoji);
		if (!emoji)
			buf_add(&plain, text + start, (size_t)(at - start));
	}
	said = !text_is_blank(buf_text(&plain), plain.len);
	speech_escape(out, buf_text(&plain), plain.len);
	buf_release(&plain);
	return said;
}

/* omni-render says in which language it found the text. */
static const char *
tag_of(const struct record *r)
{
	const char *tag = value_get_string(record_get(r, "voice"), "language");

	return speech_tag(tag != NULL ? tag : record_string(r, "language"));
}

static int
check(const struct buf *out, bool said, struct error *e)
{
	size_t n = utf8_count(buf_text(out), out->len);

	if (!said)
		return error_set(e, EX_DATAERR, "text: nothing that could be "
		    "said");
	if (out->full || n > SPEECH_MAX)
		return error_set(e, EX_DATAERR, "text: %s%zu characters with "
		    "all that goes around it; Twilio takes at most %d of a "
		    "call", out->full ? "more than " : "", n, SPEECH_MAX);
	return 0;
}

/* A reminder asks for a key, but for one that tells of a cancellation. */
static bool
asks(const struct record *r)
{
	const struct value *reminder = record_get(r, "reminder");
	const char *notice = value_get_string(reminder, "notice");

	return value_type(reminder) == VALUE_OBJECT &&
	    (notice == NULL || strcmp(notice, "cancelled") != 0);
}

int
speech_of_message(const struct order *o, struct buf *out, struct error *e)
{
	const char *text = record_string(o->record, "text");
	struct buf twiml = BUF_INIT(TWIML_MAX), reference = BUF_INIT(4096);
	struct speech s = { .config = o->config, .tag = tag_of(o->record),
	    .voice = config_string(o->config, "channel", o->channel, "voice"),
	    .out = &twiml, .speak = speak };
	const char *fault = text == NULL ? "missing" :
	    text_fault(text, strlen(text), false);
	bool said;
	int rc;

	if (fault != NULL)
		return error_set(e, EX_DATAERR, "text: %s", fault);
	percent_encode(&reference, o->id);
	buf_printf(&reference, ".%d", o->attempt);
	s.reference = buf_text(&reference);
	buf_str(&twiml, SPEECH_HEAD);
	if (asks(o->record) &&
	    config_string(o->config, "site", NULL, "public_url") != NULL)
		said = speech_ask(&s, text, 1);
	else
		said = speech_say(&s, s.tag, " loop=\"2\"", text);
	buf_str(&twiml, "</Response>");
	rc = check(&twiml, said, e);
	if (rc == 0)
		buf_add(out, buf_text(&twiml), twiml.len);
	buf_release(&twiml);
	buf_release(&reference);
	return rc;
}
