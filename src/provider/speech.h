#ifndef OMNI_SPEECH_H
#define OMNI_SPEECH_H

#include <stdbool.h>

#include "base/config.h"
#include "base/error.h"
#include "base/form.h"

struct order;

/*
 * What a telephone call says, as TwiML (twilio.com/docs/voice/twiml).
 *
 * A message with a `reminder` is followed by a question, to which the person
 * presses a key; any other is said twice.  The key comes to the URL of
 * speech_answer(), whose answer goes on with the call.  Pure functions.
 */
#define SPEECH_MAX	4000	/* characters of TwiML that Twilio takes */
#define SPEECH_ASKED	2	/* times that the question is asked */

/*
 * The language that Twilio knows and that comes next to `tag` (NULL: that of
 * the site): "es" becomes "es-MX" where [site] region is MX, and "en" en-US.
 */
const char *speech_language(const struct config *c, const char *tag);

/* EX_DATAERR and the field: it cannot be said, or is too long. */
int speech_of_message(const struct order *o, struct buf *out,
    struct error *e);

/*
 * What comes after a key, or after none within the time: thanks, the question
 * once more, or a goodbye.  `query` is that of our own URL, as it came.
 */
void speech_answer(const struct config *c, const char *query,
    const struct form *f, struct buf *out);

/* Of `AnsweredBy`, or NULL: nobody who could press a key. */
bool speech_is_machine(const char *answered_by);

#endif
