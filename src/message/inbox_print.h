#ifndef OMNI_INBOX_PRINT_H
#define OMNI_INBOX_PRINT_H

#include "base/buf.h"
#include "base/config.h"
#include "base/record.h"

/*
 * What inbox.h gives, for a person at a terminal, in the site's local time.
 * What strangers wrote is escaped: it cannot speak to the terminal.
 */
struct inbox_view {
	const struct config *config;
	int columns;		/* of the terminal, for lists; 0: no end */
};

void inbox_print_list(const struct inbox_view *view, const struct value *list,
    struct buf *out);
void inbox_print_held(const struct inbox_view *view, const struct value *list,
    struct buf *out);
void inbox_print_one(const struct inbox_view *view, const struct value *shown,
    struct buf *out);
void inbox_print_found(const struct inbox_view *view,
    const struct value *list, struct buf *out);
void inbox_print_sent(const struct inbox_view *view,
    const struct value *record, struct buf *out);

#endif
