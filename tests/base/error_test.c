#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"

static void
test_set(void)
{
	struct error e;
	char *big = malloc(10000);

	assert(error_set(&e, EX_DATAERR, "%s: %d", "x", 7) == -1);
	assert(e.status == EX_DATAERR && strcmp(e.text, "x: 7") == 0);
	errno = EACCES;
	assert(error_errno(&e, "spool/%s", "new") == -1);
	assert(e.status == EX_NOPERM && errno == EACCES);
	assert(strcmp(e.text, "spool/new: Permission denied") == 0);
	assert(big != NULL);
	memset(big, 'x', 9999);
	big[9999] = '\0';
	error_set(&e, 1, "%s", big);
	assert(strlen(e.text) == ERROR_MAX - 1);
	errno = ENOENT;
	error_errno(&e, "%s", big);
	assert(strlen(e.text) == ERROR_MAX - 1);
	free(big);
}

static void
test_statuses(void)
{
	assert(errno_status(ENOSPC) == EX_TEMPFAIL);
	assert(errno_status(EDQUOT) == EX_TEMPFAIL);
	assert(errno_status(ENOMEM) == EX_TEMPFAIL);
	assert(errno_status(EINTR) == EX_TEMPFAIL);
	assert(errno_status(EAGAIN) == EX_TEMPFAIL);
	assert(errno_status(EMFILE) == EX_TEMPFAIL);
	assert(errno_status(EACCES) == EX_NOPERM);
	assert(errno_status(EPERM) == EX_NOPERM);
	assert(errno_status(EROFS) == EX_NOPERM);
	assert(errno_status(ENOENT) == EX_OSERR);
	assert(errno_status(EIO) == EX_OSERR);
}

static void
escaped(const char *in, size_t len, const char *expected)
{
	char out[128];

	assert(text_escape(out, sizeof(out), in, len) == out);
	if (strcmp(out, expected) != 0)
		fprintf(stderr, "[%s] not [%s]\n", out, expected);
	assert(strcmp(out, expected) == 0);
}

static void
test_escape(void)
{
	char out[16];

	escaped("", 0, "");
	escaped("plain \xc3\xb1 \xf0\x9f\x98\x80", 13, "plain \xc3\xb1 "
	    "\xf0\x9f\x98\x80");
	escaped("a\nb\r\tc\0d", 8, "a\\x0ab\\x0d\\x09c\\x00d");
	escaped("\x1b[2J\x7f", 5, "\\x1b[2J\\x7f");
	escaped("\xc2\x9b" "31m", 5, "\\xc2\\x9b31m");
	escaped("\xc2\xa0", 2, "\xc2\xa0");
	escaped("\xff\xc3", 2, "\\xff\\xc3");
	escaped("\xc0\xaf\xed\xa0\x80", 5, "\\xc0\\xaf\\xed\\xa0\\x80");
	/* Cut at a whole character or escape, whatever the room. */
	for (size_t size = 1; size <= sizeof(out); size++) {
		memset(out, '#', sizeof(out));
		text_escape(out, size, "a\xc3\xb1\n\xf0\x9f\x98\x80z", 9);
		assert(strlen(out) < size);
		assert(utf8_valid(out, strlen(out)));
		assert(strncmp(out, "a\xc3\xb1\\x0a\xf0\x9f\x98\x80z",
		    strlen(out)) == 0);
		for (size_t i = size; i < sizeof(out); i++)
			assert(out[i] == '#');
	}
}

/* Markus Kuhn's limits: the first and last of each length, and what is not. */
static void
test_utf8(void)
{
	static const struct { const char *s; size_t n; } good[] = {
		{ "\x7f", 1 }, { "\xc2\x80", 2 }, { "\xdf\xbf", 2 },
		{ "\xe0\xa0\x80", 3 }, { "\xed\x9f\xbf", 3 },
		{ "\xee\x80\x80", 3 }, { "\xef\xbf\xbf", 3 },
		{ "\xf0\x90\x80\x80", 4 }, { "\xf4\x8f\xbf\xbf", 4 }
	};
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80",
	    "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
	    "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
	    "\xfe", "\xff", "\xc3", "\xc3(", "\xe2\x82", "\xe2(\xa1",
	    "\xf0\x9f\x98", "\xf0\x9f(\x80" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert(utf8_length(good[i].s, good[i].n) == good[i].n);
		assert(utf8_valid(good[i].s, good[i].n));
		for (size_t n = 1; n < good[i].n; n++)
			assert(utf8_length(good[i].s, n) == 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert(utf8_length(bad[i], strlen(bad[i])) == 0);
		assert(!utf8_valid(bad[i], strlen(bad[i])));
	}
	assert(utf8_length("", 0) == 0);
	assert(utf8_valid("", 0));
	assert(!utf8_valid("a\0b", 3));
}

/* What diag() or die() writes, and the status. */
static int
said(bool fatal, const char *text, struct buf *out)
{
	struct error e;
	int p[2], status;
	pid_t pid;

	assert(pipe(p) == 0);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		dup2(p[1], STDERR_FILENO);
		if (fatal)
			die(EX_DATAERR, "%s", text);
		errno = EXDEV;
		diag("%s", text);
		_exit(errno == EXDEV ? 0 : 1);
	}
	close(p[1]);
	assert(io_read_fd(p[0], "pipe", out, &e) == 0);
	close(p[0]);
	assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_diag(void)
{
	struct buf out = BUF_INIT(100000);
	char *big = malloc(10000);

	assert(said(false, "line 1\nomni: line 2\x1b[0m", &out) == 0);
	assert(strcmp(buf_text(&out),
	    "error_test: line 1\\x0aomni: line 2\\x1b[0m\n") == 0);
	buf_clear(&out);
	assert(said(true, "gone", &out) == EX_DATAERR);
	assert(strcmp(buf_text(&out), "error_test: gone\n") == 0);
	/* Cut, but still one line. */
	assert(big != NULL);
	memset(big, '\n', 9999);
	big[9999] = '\0';
	buf_clear(&out);
	assert(said(false, big, &out) == 0);
	assert(out.len > 1000 && strchr(buf_text(&out), '\n') ==
	    buf_text(&out) + out.len - 1);
	free(big);
	buf_release(&out);
}

int
main(void)
{
	test_set();
	test_statuses();
	test_escape();
	test_utf8();
	test_diag();
	return 0;
}
