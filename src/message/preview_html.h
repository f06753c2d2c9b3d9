#ifndef OMNI_PREVIEW_HTML_H
#define OMNI_PREVIEW_HTML_H

#include "preview_impl.h"

/*
 * The pictures on the page: each message as the device of its reader shows it.
 * The page is well-formed as XML too, so that any parser can check it.
 */

void page_string(struct buf *out, const char *s);
/* A language as in HTML: "es-MX" for a folder called es_MX. */
void page_language(struct buf *out, const char *language);

/* The picture of a message that has a text. */
void page_picture(struct buf *out, const struct preview_message *m);

#endif
