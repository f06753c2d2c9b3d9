#ifndef OMNI_ATTACH_H
#define OMNI_ATTACH_H

#include "message/queue.h"

/*
 * omni-queue reads what a mail is to carry, once, and keeps it in the ledger:
 * what was queued is what is sent, whatever becomes of the file until then, and
 * a file that is not there is named while the caller is still around.  The
 * same bytes with many mails are kept once.
 *
 * A file lies below [paths] attachments.  It is opened part by part, so that
 * no "..", no symbolic link and no absolute path leads anywhere else, and
 * nothing but a regular file is read.
 */

/*
 * The array that stands in the ledger's copy of the record, {"content": KEY,
 * "type", "filename", ...}, to be freed, or NULL: the record needs none of
 * this.  Its keys go to `attachments` of the journal's data, unless that is
 * NULL: then nothing is written.  -1: the record was refused.
 */
int attach_take(struct queue *q, struct filter *f, struct record *r,
    struct value **kept, struct value *data);
/* The record, with `kept` in the place of its own, which is given away. */
void attach_write(const struct record *r, struct value *kept,
    struct buf *out);

#endif
