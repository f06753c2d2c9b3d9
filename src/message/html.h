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

/*
 * Adds what is only text, or the value of an attribute; a character that no
 * document may have becomes U+FFFD.
 */
void html_text(struct buf *out, const char *s, size_t len);
/*
 * Bytes of the web's address at `s`, 0 when there is none: up to what cannot
 * be part of one, or is more likely the sentence's.
 */
size_t html_link_length(const char *s);

#endif
