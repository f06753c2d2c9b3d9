#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/reader.h"

#define MAX	8

static int idles;

static void
count_idle(void *ctx)
{
	assert(ctx == &idles);
	idles++;
}

static void
next(struct reader *r, enum reader_status status, const char *text, size_t n)
{
	char *line = NULL;
	size_t len = 0;

	assert(reader_next(r, &line, &len) == status);
	if (text == NULL)
		return;
	assert(len == n);
	assert(memcmp(line, text, n) == 0);
	assert(line[n] == '\0');
}

/* A pipe with `text` in it and nobody who writes more. */
static int
pipe_of(const char *text, size_t len)
{
	int p[2];

	assert(pipe(p) == 0);
	assert(write(p[1], text, len) == (ssize_t)len);
	close(p[1]);
	return p[0];
}

static void
open_on(struct reader *r, const char *text, size_t len)
{
	reader_init(r, pipe_of(text, len), MAX, count_idle, &idles);
	idles = 0;
}

static void
end(struct reader *r)
{
	next(r, READER_END, NULL, 0);
	next(r, READER_END, NULL, 0);
	close(r->fd);
	reader_release(r);
}

static void
test_lines(void)
{
	struct reader r;

	open_on(&r, "a\n\nbc\n", 6);
	next(&r, READER_LINE, "a", 1);
	assert(r.lineno == 1);
	next(&r, READER_LINE, "", 0);
	next(&r, READER_LINE, "bc", 2);
	assert(r.lineno == 3);
	end(&r);
	open_on(&r, "", 0);
	end(&r);
}

static void
test_longest(void)
{
	struct reader r;

	open_on(&r, "12345678\n12345678\n", 18);
	next(&r, READER_LINE, "12345678", 8);
	next(&r, READER_LINE, "12345678", 8);
	end(&r);
	open_on(&r, "12345678", 8);
	next(&r, READER_TRUNCATED, "12345678", 8);
	end(&r);
}

static void
test_too_long(void)
{
	struct reader r;

	open_on(&r, "a\n123456789\nb\n", 14);
	next(&r, READER_LINE, "a", 1);
	next(&r, READER_TOO_LONG, "12345678", 8);
	assert(r.lineno == 2);
	next(&r, READER_LINE, "b", 1);
	assert(r.lineno == 3);
	end(&r);
	/* So long that it fills the buffer many times. */
	open_on(&r, "0123456789012345678901234567890123456789\nb\n", 43);
	next(&r, READER_TOO_LONG, "01234567", 8);
	next(&r, READER_LINE, "b", 1);
	end(&r);
	/* Never ended: what could be seen of it was reported. */
	open_on(&r, "0123456789", 10);
	next(&r, READER_TOO_LONG, "01234567", 8);
	end(&r);
	/* Two in a row. */
	open_on(&r, "aaaaaaaaaaaa\nbbbbbbbbbbbb\nc\n", 28);
	next(&r, READER_TOO_LONG, "aaaaaaaa", 8);
	next(&r, READER_TOO_LONG, "bbbbbbbb", 8);
	next(&r, READER_LINE, "c", 1);
	end(&r);
}

static void
test_truncated(void)
{
	struct reader r;

	open_on(&r, "a\nbcd", 5);
	next(&r, READER_LINE, "a", 1);
	next(&r, READER_TRUNCATED, "bcd", 3);
	assert(r.lineno == 2);
	end(&r);
}

static void
test_nul_bytes(void)
{
	struct reader r;

	open_on(&r, "a\0b\n\0\n\0", 7);
	next(&r, READER_LINE, "a\0b", 3);
	next(&r, READER_LINE, "\0", 1);
	next(&r, READER_TRUNCATED, "\0", 1);
	end(&r);
}

static void
test_error(void)
{
	struct reader r;
	char *line;
	size_t len;
	int fd;

	fd = open(".", O_RDONLY | O_CLOEXEC);
	assert(fd != -1);
	reader_init(&r, fd, MAX, NULL, NULL);
	assert(reader_next(&r, &line, &len) == READER_ERROR);
	assert(errno == EISDIR);
	close(fd);
	reader_release(&r);
}

/* While input is at hand nobody is told to flush. */
static void
test_not_idle_while_input_is_there(void)
{
	struct reader r;
	char path[] = "/tmp/omni-reader-XXXXXX";

	open_on(&r, "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", 20);
	for (int i = 0; i < 10; i++)
		next(&r, READER_LINE, NULL, 0);
	end(&r);
	assert(idles == 0);

	r.fd = mkstemp(path);
	assert(r.fd != -1);
	assert(write(r.fd, "a\nb\n", 4) == 4);
	assert(lseek(r.fd, 0, SEEK_SET) == 0);
	reader_init(&r, r.fd, MAX, count_idle, &idles);
	next(&r, READER_LINE, "a", 1);
	next(&r, READER_LINE, "b", 1);
	end(&r);
	assert(idles == 0);
	unlink(path);
}

static int to_feed = -1;

/* What was waited for comes only after the reader has said it would wait. */
static void
feed(void *ctx)
{
	const char **rest = ctx;

	idles++;
	if (**rest == '\0') {
		close(to_feed);
		return;
	}
	assert(write(to_feed, (*rest)++, 1) == 1);
}

static void
test_idle_before_waiting(void)
{
	const char *rest = "bc\nd\n";
	struct reader r;
	int p[2];

	assert(pipe(p) == 0);
	to_feed = p[1];
	assert(write(p[1], "a\n", 2) == 2);
	idles = 0;
	reader_init(&r, p[0], MAX, feed, &rest);
	next(&r, READER_LINE, "a", 1);
	assert(idles == 0);
	next(&r, READER_LINE, "bc", 2);
	assert(idles == 3);
	next(&r, READER_LINE, "d", 1);
	assert(idles == 5);
	next(&r, READER_END, NULL, 0);
	assert(idles == 6);
	close(p[0]);
	reader_release(&r);
}

/* Also in the middle of a line that is being skipped. */
static void
test_idle_while_skipping(void)
{
	const char *rest = "0\nd\n";
	struct reader r;
	int p[2];

	assert(pipe(p) == 0);
	to_feed = p[1];
	assert(write(p[1], "0123456789", 10) == 10);
	idles = 0;
	reader_init(&r, p[0], MAX, feed, &rest);
	next(&r, READER_TOO_LONG, "01234567", 8);
	assert(idles == 0);
	next(&r, READER_LINE, "d", 1);
	assert(idles == 4);
	close(p[0]);
	close(p[1]);
	reader_release(&r);
}

/* Any text, cut into reads of any length, gives the same lines. */
static void
test_every_chunking(void)
{
	static const char text[] = "ab\n\n12345678\n123456789\nx\n\nend";
	struct reader r;
	int p[2], status;
	pid_t pid;

	for (size_t chunk = 1; chunk < sizeof(text); chunk++) {
		assert(pipe(p) == 0);
		pid = fork();
		assert(pid != -1);
		if (pid == 0) {
			size_t len = strlen(text), n;

			for (size_t at = 0; at < len; at += n) {
				n = len - at < chunk ? len - at : chunk;
				if (write(p[1], text + at, n) != (ssize_t)n)
					_exit(1);
				usleep(200);
			}
			_exit(0);
		}
		close(p[1]);
		reader_init(&r, p[0], MAX, NULL, NULL);
		next(&r, READER_LINE, "ab", 2);
		next(&r, READER_LINE, "", 0);
		next(&r, READER_LINE, "12345678", 8);
		next(&r, READER_TOO_LONG, "12345678", 8);
		next(&r, READER_LINE, "x", 1);
		next(&r, READER_LINE, "", 0);
		next(&r, READER_TRUNCATED, "end", 3);
		assert(r.lineno == 7);
		end(&r);
		assert(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

/* Only at the very beginning; a line of nothing else is empty. */
static void
test_byte_order_mark(void)
{
	struct reader r;
	int p[2];

	assert(pipe(p) == 0);
	assert(write(p[1], "\xef\xbb\xbf" "ab\n\xef\xbb\xbf" "c\n", 11) ==
	    11);
	close(p[1]);
	reader_init(&r, p[0], MAX, NULL, NULL);
	next(&r, READER_LINE, "ab", 2);
	next(&r, READER_LINE, "\xef\xbb\xbf" "c", 4);
	end(&r);
	assert(pipe(p) == 0);
	assert(write(p[1], "\xef\xbb\xbf\n", 4) == 4);
	close(p[1]);
	reader_init(&r, p[0], MAX, NULL, NULL);
	next(&r, READER_LINE, "", 0);
	end(&r);
}

int
main(void)
{
	test_byte_order_mark();
	test_lines();
	test_longest();
	test_too_long();
	test_truncated();
	test_nul_bytes();
	test_error();
	test_not_idle_while_input_is_there();
	test_idle_before_waiting();
	test_idle_while_skipping();
	test_every_chunking();
	return 0;
}
