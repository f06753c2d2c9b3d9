#ifndef OMNI_SPEECH_IMPL_H
#define OMNI_SPEECH_IMPL_H

#include "speech.h"

/* What speech.c and speech_message.c share; nobody else includes it. */

#define TWIML_MAX	(16 * RECORD_MAX)
#define SPEECH_HEAD	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>"

struct speech {
	const struct config *config;
	const char *tag;	/* of the text, or NULL */
	const char *voice;	/* of the channel, or NULL */
	const char *reference;	/* encoded: the attempt that it is about */
	struct buf *out;
	/* Writes a text; false when nothing in it can be said. */
	bool (*speak)(struct buf *out, const char *text);
};

void speech_escape(struct buf *out, const char *s, size_t len);
/* Letters, digits and '-': what may stand in a URL, or else NULL. */
const char *speech_tag(const char *tag);
/* The channel's voice speaks the site's language, and no other. */
bool speech_say(const struct speech *s, const char *tag, const char *times,
    const char *text);
/*
 * Asks; `text` NULL: only the question.  Without an answer the URL is called
 * all the same, so that the CGI decides how it goes on.  What stands behind
 * '#' is for Twilio, as in StatusCallback: an answer is not to be lost.
 */
bool speech_ask(const struct speech *s, const char *text, int time);

#endif
