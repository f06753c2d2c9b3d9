#ifndef OMNI_OUTPUT_H
#define OMNI_OUTPUT_H

#include <stdbool.h>

#include "buf.h"

/*
 * Standard output, for records only.
 *
 * output_put() collects; output_flush() writes, and ends the program with
 * EX_IOERR when standard output cannot be written, naming the reason.  A
 * program that changes state commits before it flushes, so that what was
 * printed is true.  SIGPIPE keeps its default in pure filters; programs that
 * change state ignore it, and then a closed pipe is EX_IOERR too.
 */
void output_init(void);
void output_put(const struct buf *line);	/* adds the newline */
/* Bytes held back. */
size_t output_pending(void);
void output_flush(void);
/*
 * The same without ending the program, which may have something in its hands:
 * false and errno, and what was held back is lost.
 */
bool output_try(void);
void output_close(void);

/* Columns of the terminal, or those that COLUMNS says; 0: no end. */
int output_columns(void);

#endif
