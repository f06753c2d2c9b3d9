#ifndef OMNI_MAILHEAD_H
#define OMNI_MAILHEAD_H

#include <stdbool.h>

#include "base/program.h"
#include "message/links.h"
#include "message/meta.h"

/*
 * The further headers of a mail, `headers` of omni-record(5).  The rules are
 * here, so that omni-render refuses what the writer of mails (provider/mime.h)
 * would refuse: long before it is sent, under the name of the field.
 */
#define MAIL_HEADER_NAME	64	/* bytes */
#define MAIL_HEADER_WORD	900	/* of one; a line has 998 at most */

/* UTF-8 without control characters, so that it stays one header. */
int mail_text_check(const char *field, const char *s, struct error *e);

/*
 * One message id, its angle brackets added where they are missing; -1 and
 * EX_DATAERR when it is none.
 */
int mail_message_id(const char *s, char out[MAIL_HEADER_WORD],
    struct error *e);

/*
 * One of the caller's headers, whose text may be beyond ASCII.  Refuses a bad
 * name; one that is written elsewhere or would redirect the mail (Bcc, Cc,
 * Sender, Resent-*, Return-Path, Received); what is no string, is empty, has
 * control characters, a space at an end, or a word that cannot be folded.
 */
int mail_header_check(const char *name, const struct value *value,
    struct error *e);

/*
 * For omni-render, once the content is there: checks `subject`, `headers`,
 * `in_reply_to` and the form of `attachments` of a mail, and sets List-Unsubscribe and List-Unsubscribe-Post (RFC 8058)
 * where [class NAME] unsubscribe says so and there are links.  Those that the
 * caller brought stay, but not ours of an earlier run.  Other channels are
 * left alone.  `meta` is the template's, or NULL: its class and topic count where
 * the record has none.  False when the record was refused: bad_subject,
 * bad_header, bad_reply, bad_attachment, unknown_class.
 *
 * Auto-Submitted is not among them: the writer of mails sets it on each.
 */
bool mail_headers_set(struct filter *f, struct record *r,
    const struct links *l, const struct config *c, const struct meta *meta);

#endif
