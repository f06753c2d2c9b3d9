#ifndef OMNI_WHATSAPP_HOOK_H
#define OMNI_WHATSAPP_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/form.h"
#include "base/record.h"

/*
 * What Meta sends to a web server for the WhatsApp Cloud API: is it Meta's,
 * and what does it say.  Pure functions, no I/O.
 */

/* Meta batches up to 1000 changes, in a body of up to 3 MB. */
#define WHATSAPP_BODY_BYTES	(3 * 1024 * 1024)
#define WHATSAPP_EVENTS_MAX	20000

/*
 * Whether `signature`, the header X-Hub-Signature-256 or NULL, is that of the
 * body, byte for byte: Meta escapes all but ASCII, so JSON that was parsed and
 * written again is another text.  An empty secret accepts nothing.
 *
 * Neither time nor URL is signed: a recorded request stays valid for ever, and
 * only the keys of its events keep it from counting twice.
 */
bool whatsapp_signature_valid(const char *secret, const char *body,
    size_t len, const char *signature);

/*
 * A GET by which Meta asks whether this URL is ours.  Returns what has to be
 * sent back, lent from `query`; NULL when it is no such question or `token` is
 * not the one it names.  Only digits are ever sent back, whatever was asked.
 */
const char *whatsapp_challenge(const struct form *query, const char *token);

/*
 * The events that the drain applies, given to the caller as an array, in the
 * order of the body; one for each status, message and preference in it.
 *
 *	status	kind provider provider_id channel_type status raw_status code
 *		title reference to wa_id user_id pricing at key
 *		opt_out
 *	message	kind provider provider_id channel_type message_type from
 *		wa_id user_id name to phone_number_id text button_payload
 *		context media raw code title at key
 *	preference
 *		kind provider channel_type from wa_id user_id topic value at
 *		key
 *	other	kind provider channel_type field code title raw: whatever else
 *		Meta says, now or some day
 *
 * `at` is when it happened, by Meta's clock.  `from` and `to` are numbers with
 * a plus, or the user's id of a person who hides the number; `wa_id` is the
 * number as Meta wrote it, with the 1 of Mexico.  `reference` is what we sent
 * as biz_opaque_callback_data, `context` the message that was quoted, tapped
 * or reacted to.  `raw` is what Meta said where the members above cannot hold
 * it, if it has at most 64 KiB.
 *
 * -1 only when the body is no JSON object with a list `entry`, or has more
 * than WHATSAPP_EVENTS_MAX events.  What is odd inside never costs the other
 * events of its batch.
 */
int whatsapp_hook_read(const char *body, size_t len, struct value **events,
    struct error *e);

#endif
