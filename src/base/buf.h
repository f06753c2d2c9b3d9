#ifndef OMNI_BUF_H
#define OMNI_BUF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing run of bytes with a maximum that its owner must name.
 *
 * `data` is NULL or ends with a NUL that `len` does not count.  Adding more
 * than the maximum sets `full` and adds nothing from then on, so that a caller
 * may write a whole message and ask once at the end; out of memory ends the
 * program with EX_OSERR.
 */
struct buf {
	char *data;
	size_t len;
	size_t size;
	size_t max;
	bool full;
};

#define BUF_INIT(limit) { .max = (limit) }

void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The text so far, never NULL. */
const char *buf_text(const struct buf *b);
void buf_clear(struct buf *b);
void buf_release(struct buf *b);

#endif
