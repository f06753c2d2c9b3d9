#include "reader.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "error.h"
#include "io.h"

void
reader_init(struct reader *r, int fd, size_t max, void (*idle)(void *),
    void *ctx)
{
	*r = (struct reader){ .fd = fd, .max = max, .idle = idle, .ctx = ctx };
	r->buf = malloc(max + 2);
	if (r->buf == NULL)
		die(EX_OSERR, "out of memory");
}

void
reader_release(struct reader *r)
{
	free(r->buf);
	r->buf = NULL;
}

/* A descriptor that poll(2) cannot judge counts as one that would block. */
static bool
would_block(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) != 1;
}

static ssize_t
fill(struct reader *r)
{
	ssize_t n;

	memmove(r->buf, r->buf + r->pos, r->len - r->pos);
	r->len -= r->pos;
	r->pos = 0;
	if (r->idle != NULL && would_block(r->fd))
		r->idle(r->ctx);
	n = io_read(r->fd, r->buf + r->len, r->max + 1 - r->len);
	if (n > 0)
		r->len += (size_t)n;
	return n;
}

/* Hands out what is in the buffer; the bytes are gone with the next call. */
static enum reader_status
hand_out(struct reader *r, enum reader_status status, size_t n, size_t skip,
    char **line, size_t *len)
{
	*line = r->buf + r->pos;
	*len = n;
	r->buf[r->pos + n] = '\0';
	r->pos += n + skip;
	/* A byte order mark before the first line is none of its bytes. */
	if (r->lineno++ == 0 && n >= 3 && memcmp(*line, "\xef\xbb\xbf", 3) ==
	    0) {
		*line += 3;
		*len -= 3;
	}
	return status;
}

/* Drops bytes up to the end of a line whose head was already handed out. */
static ssize_t
skip_rest(struct reader *r)
{
	ssize_t n;
	char *nl;

	while ((nl = memchr(r->buf + r->pos, '\n', r->len - r->pos)) == NULL) {
		r->pos = r->len;
		n = fill(r);
		if (n <= 0)
			return n;
	}
	r->pos = (size_t)(nl - r->buf) + 1;
	return 1;
}

enum reader_status
reader_next(struct reader *r, char **line, size_t *len)
{
	size_t seen = 0;	/* bytes after pos known to hold no newline */
	ssize_t n;
	char *nl;

	if (r->skipping) {
		n = skip_rest(r);
		if (n <= 0)
			return n == 0 ? READER_END : READER_ERROR;
		r->skipping = false;
	}
	for (;;) {
		nl = memchr(r->buf + r->pos + seen, '\n',
		    r->len - r->pos - seen);
		if (nl != NULL)
			return hand_out(r, READER_LINE,
			    (size_t)(nl - r->buf) - r->pos, 1, line, len);
		seen = r->len - r->pos;
		if (seen > r->max) {
			r->skipping = true;
			return hand_out(r, READER_TOO_LONG, r->max, 1, line,
			    len);
		}
		n = fill(r);
		if (n == -1)
			return READER_ERROR;
		if (n == 0)
			return seen == 0 ? READER_END :
			    hand_out(r, READER_TRUNCATED, seen, 0, line, len);
	}
}
