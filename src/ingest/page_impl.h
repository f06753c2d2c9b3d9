/* What the files of page.h share. */
#ifndef OMNI_PAGE_IMPL_H
#define OMNI_PAGE_IMPL_H

#include "ingest/page.h"
#include "ingest/page_text.h"

/* Text and values of attributes, escaped. */
void page_escaped(struct buf *out, const char *s);
void page_say(const struct page *p, struct buf *out, enum page_text t);
/* "confirm?t=...&amp;l=es": relative, whatever the server calls itself. */
void page_address(const struct page *p, struct buf *out,
    const char *language);
/* The form of the page, with its buttons. */
void page_form(const struct page *p, struct buf *out);

#endif
