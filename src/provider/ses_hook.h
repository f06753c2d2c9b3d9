#ifndef OMNI_SES_HOOK_H
#define OMNI_SES_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/record.h"

/* What SES says of a mail, through SNS.  Pure functions, no I/O. */

#define SES_RECIPIENTS_MAX	100	/* a mail has 50 */

/*
 * The events that the drain applies, given to the caller as an array: one for
 * each recipient that the message names.
 *
 *	status	kind provider provider_id channel_type status raw_status code
 *		title mail_status reference to dead opt_out user_agent link
 *		at key
 *	other	kind provider channel_type field title raw: what says nothing of
 *		the fate of a mail
 *
 * `message` is the member Message of the SNS notification `id`, which makes
 * the keys unique: SNS repeats both.  A recipient has its number in the key,
 * since keys are kept for ever and addresses are not.
 *
 * -1 only when it names more than SES_RECIPIENTS_MAX recipients.
 */
int ses_hook_read(const char *message, size_t len, const char *id,
    struct value **events, struct error *e);

/*
 * "a-1.r1@2F2.3", the tag that ses.c has sent, as "a-1.r1/2.3" into `out`.
 * False: we never sent such a tag.
 */
bool ses_hook_reference(const char *tag, char *out, size_t size);

#endif
