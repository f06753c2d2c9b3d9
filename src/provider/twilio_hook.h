#ifndef OMNI_TWILIO_HOOK_H
#define OMNI_TWILIO_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/form.h"
#include "base/record.h"

/*
 * What Twilio sends to a web server: is it Twilio's, and what does it say.
 * Pure functions, no I/O.
 */

/*
 * Whether `signature`, the header X-Twilio-Signature or NULL, is that of this
 * request.  `token` is the primary auth token of the account that owns the
 * message; an empty one accepts nothing.  `url` is the URL as Twilio was told
 * it, with the query as received: take it from the configuration, never from
 * the header Host.  Of a GET the body is empty and content_type NULL.
 *
 * A form that form_parse() refuses is not valid either.  The arena lends about
 * twice the length of url and body, and 64 bytes for each pair in them.
 *
 * The signature does not cover time: a recorded request stays valid for ever,
 * and only the key of the event (below) keeps it from counting twice.  Nor
 * does it cover where a name ends and its value begins.
 */
bool twilio_signature_valid(const char *token, const char *url,
    const char *content_type, const char *body, size_t len,
    const char *signature, struct arena *mem);

/* The last two are of calls: what became of one, and a key that was pressed. */
enum twilio_hook { TWILIO_HOOK_MESSAGE, TWILIO_HOOK_STATUS, TWILIO_HOOK_CALL,
	TWILIO_HOOK_KEY };

#define TWILIO_MEDIA_MAX	10	/* Twilio sends no more */
#define TWILIO_QUERY_MAX	8192	/* bytes */

/*
 * The event that the drain applies, given to the caller in *event.
 *
 *	message	kind provider provider_id channel_type from to text
 *		opt_out_type button_payload media segments key
 *	status	kind provider provider_id channel_type status raw_status code
 *		to from reference key
 *
 * Of a call the status has answered_by and at besides, and a key is
 *
 *	message	kind provider provider_id channel_type from to text pressed
 *		context reference key
 *
 * where `pressed` is confirm, decline or call_back; unclear where Twilio takes
 * who answered for a machine.  Who was called is `from`.
 * No key, and another one that a person pressed, is of the kind
 * "other", which nothing is done about.
 *
 * `query` is the raw query of the request's URL or NULL; its `ref` becomes
 * `reference`, the attempt that we named when we sent.
 *
 * An error names the parameter: MessageSid or CallSid missing or not a sid;
 * MessageStatus or CallStatus missing or unknown; of a message From or To missing; an address that is
 * none.  Anything else that is missing or odd does not cost the event, since
 * Twilio does not send it again after a 4xx or 5xx: it is left out, and a STOP
 * with a strange NumSegments is still a STOP.
 *
 * Addresses come without the prefix "whatsapp:".  A media URL is as Twilio
 * sent it: who fetches it must look at the host first.
 */
int twilio_hook_read(enum twilio_hook kind, const struct form *f,
    const char *query, struct value **event, struct error *e);

#endif
