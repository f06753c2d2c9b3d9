#ifndef OMNI_TRY_MAIL_H
#define OMNI_TRY_MAIL_H

#include "base/program.h"

/*
 * What is understood of the mail on standard input, printed as one object;
 * nothing is written.  It is what the drain would see, but without a ledger:
 * whose message it is about is not looked for.
 *
 *	kind		bounce, complaint, auto, unsubscribe, reply, other
 *	recipients	of a bounce or complaint, objects of `address`,
 *			`action`, `status` (a code), `permanent` and `reason`,
 *			each null where the mail does not say
 *	original_message_id	what came back, or what is answered; or null
 *	text		the writer's own words; null where no person wrote
 *	intent		of a reply
 *
 * and, where they say something, `subject`, `automatic` (what gave it away),
 * `attachments` and `cut`.  Returns the exit status: EX_DATAERR when there is
 * no mail.
 */
int try_mail(const struct program *p);

#endif
