#ifndef OMNI_MAIL_TEXT_H
#define OMNI_MAIL_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/*
 * The words of the person who wrote a mail, without what was quoted and what
 * is signed.  Pure functions over UTF-8.
 *
 * An announcement ("On ... wrote:", "El ... escribió:", which mail programs
 * fold over several lines), a ruler or a head ("De:", "Enviado:") ends them,
 * unless lines with '>' follow: then what stands below those lines is the
 * person's again, as people answer there, too.  Lines that telephones add, and
 * what stands below a closing, are no words of theirs.
 *
 * What does not fit into `out` is left, and then it is `full`.
 */
void mail_own_words(const char *text, struct buf *out);

/*
 * HTML as the text that a reader sees.  What a blockquote or a quotation of a
 * well-known program holds gets "> " before each line.
 */
void mail_html_text(const char *html, size_t len, struct buf *out);

#endif
