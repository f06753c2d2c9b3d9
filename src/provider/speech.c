#include "speech.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/text.h"
#include "message/meta.h"
#include "provider/provider.h"

#define TAG_MAX		40
#define TWIML_MAX	(16 * RECORD_MAX)
#define KEY_SECONDS	6	/* that a person has after the question */
#define HEAD		"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>"

/*
 * What <Say language> may be: twilio-node 6.2, lib/twiml/VoiceResponse.d.ts.
 * Of several countries the first one stands for the language alone.
 */
static const char *const known[] = { "es-MX", "es-US", "es-ES", "en-US",
	"en-GB", "en-AU", "en-CA", "en-GB-WLS", "en-IE", "en-IN", "en-NZ",
	"en-ZA", "pt-BR", "pt-PT", "fr-FR", "fr-CA", "fr-BE", "de-DE", "de-AT",
	"nl-NL", "nl-BE", "zh-CN", "zh-HK", "zh-TW", "cmn-CN", "cmn-TW",
	"yue-HK", "af-ZA", "am-ET", "ar-XA", "ar-AE", "arb", "bg-BG", "bn-IN",
	"ca-ES", "cs-CZ", "cy-GB", "da-DK", "el-GR", "fi-FI", "fil-PH",
	"gu-IN", "he-IL", "hi-IN", "hu-HU", "id-ID", "is-IS", "it-IT", "ja-JP",
	"kn-IN", "ko-KR", "lv-LV", "ml-IN", "mr-IN", "ms-MY", "nb-NO", "pa-IN",
	"pl-PL", "ro-RO", "ru-RU", "sk-SK", "sr-RS", "sv-SE", "ta-IN", "te-IN",
	"th-TH", "tr-TR", "uk-UA", "vi-VN" };

static const char *
find_known(const char *tag)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (language_equal(known[i], tag))
			return known[i];
	return NULL;
}

/* Of the tag only "es" in "es-AR". */
static size_t
primary(const char *tag)
{
	return strcspn(tag, "-_");
}

static bool
same_language(const char *a, const char *b)
{
	return primary(a) == primary(b) && strncasecmp(a, b, primary(a)) == 0;
}

/* NULL: Twilio speaks no such language. */
static const char *
nearest(const struct config *c, const char *tag)
{
	char here[TAG_MAX + 8];
	const char *found = find_known(tag);

	if (found != NULL || strlen(tag) > TAG_MAX)
		return found;
	snprintf(here, sizeof(here), "%.*s-%s", (int)primary(tag), tag,
	    config_string(c, "site", NULL, "region"));
	found = find_known(here);
	for (size_t i = 0; found == NULL &&
	    i < sizeof(known) / sizeof(known[0]); i++)
		if (same_language(known[i], tag))
			found = known[i];
	return found;
}

const char *
speech_language(const struct config *c, const char *tag)
{
	const char *found = tag == NULL ? NULL : nearest(c, tag);

	if (found == NULL)
		found = nearest(c, config_string(c, "site", NULL, "language"));
	return found == NULL ? "en-US" : found;
}

/* The sentences of [speech LANGUAGE]: of the tag, a wider one, or the site's. */
static const char *
words_of(const struct config *c, const char *tag)
{
	const char *name;
	char wider[TAG_MAX + 1];

	snprintf(wider, sizeof(wider), "%s", tag);
	do
		for (size_t i = 0; (name = config_name(c, "speech", i)) !=
		    NULL; i++)
			if (language_equal(name, wider))
				return name;
	while (language_widen(wider));
	return NULL;
}

static const char *
find_words(const struct config *c, const char *tag)
{
	const char *name = tag == NULL ? NULL : words_of(c, tag);

	if (name == NULL)
		name = words_of(c, config_string(c, "site", NULL,
		    "language"));
	return name == NULL ? "en" : name;	/* which is always there */
}

/* Writing. */

static void
escape(struct buf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		switch (s[i]) {
		case '&':
			buf_str(out, "&amp;");
			break;
		case '<':
			buf_str(out, "&lt;");
			break;
		case '>':
			buf_str(out, "&gt;");
			break;
		case '"':
			buf_str(out, "&quot;");
			break;
		default:
			buf_char(out, s[i]);
		}
}

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
	escape(out, buf_text(&plain), plain.len);
	buf_release(&plain);
	return said;
}

struct speech {
	const struct config *config;
	const char *tag;	/* of the text, or NULL */
	const char *voice;	/* of the channel, or NULL */
	const char *reference;	/* encoded: the attempt that it is about */
	struct buf *out;
};

/* The channel's voice speaks the site's language, and no other. */
static bool
say(const struct speech *s, const char *tag, const char *times,
    const char *text)
{
	const char *language = speech_language(s->config, tag);
	bool said;

	buf_printf(s->out, "<Say language=\"%s\"", language);
	if (s->voice != NULL && same_language(language, speech_language(
	    s->config, NULL))) {
		buf_str(s->out, " voice=\"");
		escape(s->out, s->voice, strlen(s->voice));
		buf_char(s->out, '"');
	}
	buf_printf(s->out, "%s>", times);
	said = speak(s->out, text);
	buf_str(s->out, "</Say>");
	return said;
}

static void
say_words(const struct speech *s, const char *key)
{
	const char *name = find_words(s->config, s->tag);

	say(s, name, "", config_string(s->config, "speech", name, key));
}

/*
 * Asks; `text` NULL: only the question.  Without an answer the URL is called
 * all the same, so that the CGI decides how it goes on.  What stands behind
 * '#' is for Twilio, as in StatusCallback: an answer is not to be lost.
 */
static bool
ask(const struct speech *s, const char *text, int time)
{
	const char *base = config_string(s->config, "site", NULL,
	    "public_url");
	bool said = true;

	buf_printf(s->out, "<Gather input=\"dtmf\" numDigits=\"1\" "
	    "timeout=\"%d\" actionOnEmptyResult=\"true\" method=\"POST\" "
	    "action=\"", KEY_SECONDS);
	escape(s->out, base, strlen(base));
	buf_printf(s->out, "/twilio/voice?ref=%s", s->reference);
	if (s->tag != NULL)
		buf_printf(s->out, "&amp;lang=%s", s->tag);
	if (time > 1)
		buf_printf(s->out, "&amp;n=%d", time);
	buf_str(s->out, "#rc=5&amp;rp=all\">");
	if (text != NULL) {
		said = say(s, s->tag, "", text);
		buf_str(s->out, "<Pause length=\"1\"/>");
	}
	say_words(s, "menu");
	buf_str(s->out, "</Gather>");
	return said;
}

/* Letters, digits and '-': what may stand in a URL, or else NULL. */
static const char *
clean_tag(const char *tag)
{
	size_t len = tag == NULL ? 0 : strspn(tag, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return len > 0 && len <= TAG_MAX && tag[len] == '\0' ? tag : NULL;
}

/* omni-render says in which language it found the text. */
static const char *
tag_of(const struct record *r)
{
	const char *tag = value_get_string(record_get(r, "voice"), "language");

	return clean_tag(tag != NULL ? tag : record_string(r, "language"));
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

int
speech_of_message(const struct order *o, struct buf *out, struct error *e)
{
	const char *text = record_string(o->record, "text");
	struct buf twiml = BUF_INIT(TWIML_MAX), reference = BUF_INIT(4096);
	struct speech s = { .config = o->config, .tag = tag_of(o->record),
	    .voice = config_string(o->config, "channel", o->channel, "voice"),
	    .out = &twiml };
	const char *fault = text == NULL ? "missing" :
	    text_fault(text, strlen(text), false);
	bool said;
	int rc;

	if (fault != NULL)
		return error_set(e, EX_DATAERR, "text: %s", fault);
	percent_encode(&reference, o->id);
	buf_printf(&reference, ".%d", o->attempt);
	s.reference = buf_text(&reference);
	buf_str(&twiml, HEAD);
	if (value_type(record_get(o->record, "reminder")) == VALUE_OBJECT &&
	    config_string(o->config, "site", NULL, "public_url") != NULL)
		said = ask(&s, text, 1);
	else
		said = say(&s, s.tag, " loop=\"2\"", text);
	buf_str(&twiml, "</Response>");
	rc = check(&twiml, said, e);
	if (rc == 0)
		buf_add(out, buf_text(&twiml), twiml.len);
	buf_release(&twiml);
	buf_release(&reference);
	return rc;
}

/* Answers. */

bool
speech_is_machine(const char *answered_by)
{
	return answered_by != NULL && (strncmp(answered_by, "machine", 7) ==
	    0 || strcmp(answered_by, "fax") == 0);
}

/* The voice of the channel that calls from this number. */
static const char *
voice_of(const struct config *c, const char *from)
{
	const char *name, *own;

	for (size_t i = 0; (name = config_name(c, "channel", i)) != NULL; i++) {
		own = config_string(c, "channel", name, "from");
		if (strcmp(config_string(c, "channel", name, "type"),
		    "voice") == 0 && from != NULL && own != NULL &&
		    strcmp(own, from) == 0)
			return config_string(c, "channel", name, "voice");
	}
	return NULL;
}

static void
answer_key(const struct speech *s, const char *digits, const char *time)
{
	static const char *const thanks[] = { "confirmed", "declined",
	    "call_back" };

	if (digits != NULL && digits[0] >= '1' && digits[0] <= '3' &&
	    digits[1] == '\0')
		say_words(s, thanks[digits[0] - '1']);
	else if (s->reference != NULL && (time == NULL ||
	    strcmp(time, "1") == 0)) {
		ask(s, NULL, SPEECH_ASKED);
		return;
	} else
		say_words(s, "goodbye");
	buf_str(s->out, "<Hangup/>");
}

void
speech_answer(const struct config *c, const char *query, const struct form *f,
    struct buf *out)
{
	struct arena mem = ARENA_INIT(16 * TWIML_MAX);
	struct speech s = { .config = c, .out = out,
	    .voice = voice_of(c, form_get(f, "From")) };
	struct buf reference = BUF_INIT(4096);
	struct form q = { .count = 0 };
	struct error ignored;
	const char *ref;

	/* A query that is none has no attempt in it. */
	if (form_parse(&q, query, strlen(query), &mem, &ignored) == -1)
		q.count = 0;
	ref = form_get(&q, "ref");
	if (ref != NULL) {
		percent_encode(&reference, ref);
		s.reference = buf_text(&reference);
	}
	s.tag = clean_tag(form_get(&q, "lang"));
	buf_str(out, HEAD);
	if (speech_is_machine(form_get(f, "AnsweredBy")))
		buf_str(out, "<Hangup/>");
	else
		answer_key(&s, form_get(f, "Digits"), form_get(&q, "n"));
	buf_str(out, "</Response>");
	buf_release(&reference);
	arena_release(&mem);
}
