#ifndef OMNI_HTML_H
#define OMNI_HTML_H

#include "base/buf.h"

/*
 * A mail in HTML that says what a plain text says: empty lines divide
 * paragraphs, addresses of the web become links.  Adds a whole document in the
 * language, with the title.
 */
void html_from_text(const char *text, const char *language, const char *title,
    struct buf *out);

#endif
