#ifndef OMNI_MAIL_REPORT_H
#define OMNI_MAIL_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/record.h"

/*
 * What servers write of mails that they could not deliver, and providers of
 * mails that somebody complained of.  Pure functions over text, which knows
 * nothing of MIME: mail_hook.c has taken the parts out.
 *
 * A recipient is an object of `to`, `original_to` (where it was forwarded),
 * `action` (failed, delayed, delivered,
 * relayed, expanded), `code` (an enhanced status code, or the basic one, and
 * nothing where there is none), `status` (the field, where a report has it;
 * `code` is what 5.0.0 means by the server's words) and `title` (these).
 */
#define MAIL_RECIPIENTS_MAX	50	/* of one report; ours have one */
#define MAIL_MARKS_MAX		32	/* tokens, and ids, of one mail */

/* message/delivery-status, RFC 3464 and RFC 6533: adds recipients. */
void mail_report_delivery(const char *text, struct value *recipients);
/* Adds one; `to`, `original`, `code` and `title` may be empty. */
void mail_report_put(struct value *recipients, const char *to,
    const char *original, const char *action, const char *code,
    const char *title);
/*
 * message/feedback-report, RFC 5965: `type` gets its Feedback-Type, and the
 * array `to` the recipients if the provider tells; either may be left empty.
 */
void mail_report_feedback(const char *text, char type[32], struct value *to);

/* Whom a head names in To; empty: nobody. */
void mail_report_to(const char *head, char to[256]);

/*
 * What names a message of ours: adds every "+TOKEN@" in `text` to `tokens`, in
 * lower case; and the ids between < and > behind "Message-ID:", "In-Reply-To:"
 * and "References:" to `ids`, in this order, as they stand there.
 */
void mail_report_tokens(const char *text, struct value *tokens);
void mail_report_ids(const char *text, struct value *ids);
/* All ids in a header's value; of References the last one comes first. */
void mail_report_id_list(const char *value, struct value *ids);

/* The address in "Ana <ana@example.net>" or alone; false when there is none. */
bool mail_report_address(const char *s, size_t len, char out[256]);

#endif
