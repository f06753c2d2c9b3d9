#ifndef OMNI_READER_H
#define OMNI_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Newline-terminated lines from a file descriptor.
 *
 * When no input is at hand and read(2) would block, the reader first calls
 * `idle`: that is where a program commits and flushes.  So output is fully
 * buffered while input keeps coming, prompt when it pauses, and no program
 * needs an option for that.
 */
struct reader {
	int fd;
	char *buf;
	size_t pos;	/* first byte not yet handed out */
	size_t len;	/* end of valid bytes */
	size_t max;	/* longest line accepted, newline excluded */
	uintmax_t lineno;
	void (*idle)(void *);
	void *ctx;
	bool skipping;	/* inside a line that was too long */
};

enum reader_status {
	READER_LINE,
	READER_END,
	READER_TOO_LONG,	/* *line has its first bytes; the rest is skipped */
	READER_TRUNCATED,	/* *line is a last line without newline */
	READER_ERROR		/* read(2) failed; errno says why */
};

/* `idle` may be NULL. */
void reader_init(struct reader *r, int fd, size_t max, void (*idle)(void *),
    void *ctx);

/*
 * On READER_LINE, READER_TOO_LONG and READER_TRUNCATED *line points at *len
 * bytes followed by a NUL.  The reader keeps ownership; the bytes stay valid
 * until the next call, and may contain NUL themselves: use *len.  A byte order
 * mark at the very beginning is left out.
 */
enum reader_status reader_next(struct reader *r, char **line, size_t *len);

void reader_release(struct reader *r);

#endif
