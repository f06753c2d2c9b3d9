#ifndef OMNI_TEXT_H
#define OMNI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * What a reader can see, and what must not reach one.  The one idea of it, for
 * the variables of a template and for what is printed.
 */

/*
 * Shows nothing: white space, controls, what only formats or is ignored by
 * default (U+200B, U+3164), and the blank pattern of Braille, U+2800.
 */
bool text_is_unseen(int32_t c);
/* Nothing but such characters, or nothing at all; invalid UTF-8 is seen. */
bool text_is_blank(const char *s, size_t len);
/*
 * Why a reader must not get the text, as words to stand behind its name: "has
 * a newline in a line"; NULL: there is no reason.  Newlines and tabs may be in
 * it unless it is to be one line.  Characters that turn the direction of
 * writing (U+202A to U+202E, U+2066 to U+2069) make a text read as another;
 * the marks of Arabic and Hebrew, U+200E and U+200F, are as good as letters.
 */
const char *text_fault(const char *s, size_t len, bool one_line);

/* Columns of a terminal that the character at `s` takes: 0, 1 or 2. */
int text_columns(const char *s, size_t len);

/*
 * A file as any editor wrote it becomes one of ours: without a byte order mark
 * at its beginning, and with lines that end in a newline, not in CRLF.
 */
void text_clean(struct buf *text);

#endif
