#ifndef OMNI_MAIL_HOOK_H
#define OMNI_MAIL_HOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/record.h"

/*
 * What a mail that came in says: a bounce, a complaint, an automatic answer,
 * or the words of a person.  A pure function; only its files and nobody else
 * knows GMime.
 */
#define MAIL_ENVELOPES	8	/* addresses that one mail is said to be for */

struct mail_envelope {
	const char *sender;	/* "" is nobody; NULL: not known */
	const char *recipients[MAIL_ENVELOPES];
	size_t count;
	bool cut;		/* it was longer, and this is its beginning */
};

/*
 * The events, given to the caller as an array: of a report one for each
 * recipient in it, otherwise one.
 *
 *	status	kind provider channel_type status raw_status code mail_status
 *		title to dead key mail
 *	message	kind provider channel_type from name to subject text automatic
 *		attachments at key mail
 *	other	kind provider channel_type reason key mail: nothing that could
 *		be applied
 *
 * `provider` is "mail" until it is known which attempt it is about.  `status`
 * is bounced, failed (a try that was given up), accepted (it is delayed),
 * sent, delivered or complained; `dead` says that the address is none.
 * `automatic` says what wrote in the place of a person, and why.  Each of
 * `attachments` has a `type`, a `size` and mostly a `name`; their bytes are
 * not kept.  `mail` is what inbound_mail.h needs: `recipients`, `tokens`,
 * `ids`, and the first of these as `original`.
 *
 * The key is made of what stays the same when a server delivers a mail again.
 * -1 only when there is no mail at all.
 */
int mail_hook_read(const char *raw, size_t len,
    const struct mail_envelope *env, struct value **events, struct error *e);

#endif
