#ifndef OMNI_INBOX_PRINT_H
#define OMNI_INBOX_PRINT_H

#include "base/buf.h"
#include "base/config.h"
#include "base/record.h"

/*
 * What inbox.h gives, for a person at a terminal, in the site's local time.
 * What strangers wrote is escaped: it cannot speak to the terminal.
 */
void inbox_print_list(const struct config *c, const struct value *list,
    struct buf *out);
void inbox_print_one(const struct config *c, const struct value *shown,
    struct buf *out);
void inbox_print_found(const struct config *c, const struct value *list,
    struct buf *out);
void inbox_print_sent(const struct config *c, const struct value *record,
    struct buf *out);

#endif
