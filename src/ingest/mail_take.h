#ifndef OMNI_MAIL_TAKE_H
#define OMNI_MAIL_TAKE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/error.h"

#define MAIL_TAKE_MAX	(64 * 1024 * 1024)	/* whatever max_mail says */

/*
 * Puts the mail on standard input into the inbound spool, as it came, behind
 * lines about its envelope: `sender` and `recipient` may be NULL, and the
 * variables of a mail server tell then.  0 once it is synced.
 *
 * Of a mail longer than [ingest] max_mail the beginning is kept, and the rest
 * read and left: what a server reports and what a person writes stands there,
 * while a refusal would send a bounce to somebody who did nothing wrong.
 */
int mail_take(struct config *c, const char *sender,
    const char *recipient, struct error *e);

/* Only reads it, into a buffer that takes MAIL_TAKE_MAX; -1: not to its end. */
int mail_take_read(const struct config *c, struct buf *mail, bool *cut,
    struct error *e);

#endif
