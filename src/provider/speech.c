#include "speech_impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/record.h"
#include "message/language.h"

#define TAG_MAX		40
#define KEY_SECONDS	6	/* that a person has after the question */

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

void
speech_escape(struct buf *out, const char *s, size_t len)
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

bool
speech_say(const struct speech *s, const char *tag, const char *times,
    const char *text)
{
	const char *language = speech_language(s->config, tag);
	bool said;

	buf_printf(s->out, "<Say language=\"%s\"", language);
	if (s->voice != NULL && same_language(language, speech_language(
	    s->config, NULL))) {
		buf_str(s->out, " voice=\"");
		speech_escape(s->out, s->voice, strlen(s->voice));
		buf_char(s->out, '"');
	}
	buf_printf(s->out, "%s>", times);
	said = s->speak(s->out, text);
	buf_str(s->out, "</Say>");
	return said;
}

static void
say_words(const struct speech *s, const char *key)
{
	const char *name = find_words(s->config, s->tag);

	speech_say(s, name, "", config_string(s->config, "speech", name, key));
}

bool
speech_ask(const struct speech *s, const char *text, int time)
{
	const char *base = config_string(s->config, "site", NULL,
	    "public_url");
	bool said = true;

	buf_printf(s->out, "<Gather input=\"dtmf\" numDigits=\"1\" "
	    "timeout=\"%d\" actionOnEmptyResult=\"true\" method=\"POST\" "
	    "action=\"", KEY_SECONDS);
	speech_escape(s->out, base, strlen(base));
	buf_printf(s->out, "/twilio/voice?ref=%s", s->reference);
	if (s->tag != NULL)
		buf_printf(s->out, "&amp;lang=%s", s->tag);
	if (time > 1)
		buf_printf(s->out, "&amp;n=%d", time);
	buf_str(s->out, "#rc=5&amp;rp=all\">");
	if (text != NULL) {
		said = speech_say(s, s->tag, "", text);
		buf_str(s->out, "<Pause length=\"1\"/>");
	}
	say_words(s, "menu");
	buf_str(s->out, "</Gather>");
	return said;
}

const char *
speech_tag(const char *tag)
{
	size_t len = tag == NULL ? 0 : strspn(tag, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return len > 0 && len <= TAG_MAX && tag[len] == '\0' ? tag : NULL;
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

/* The configuration's sentences, as they stand. */
static bool
speak_plainly(struct buf *out, const char *text)
{
	speech_escape(out, text, strlen(text));
	return true;
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
		speech_ask(s, NULL, SPEECH_ASKED);
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
	struct speech s = { .config = c, .out = out, .speak = speak_plainly,
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
	s.tag = speech_tag(form_get(&q, "lang"));
	buf_str(out, SPEECH_HEAD);
	if (speech_is_machine(form_get(f, "AnsweredBy")))
		buf_str(out, "<Hangup/>");
	else
		answer_key(&s, form_get(f, "Digits"), form_get(&q, "n"));
	buf_str(out, "</Response>");
	buf_release(&reference);
	arena_release(&mem);
}
