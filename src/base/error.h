#ifndef OMNI_ERROR_H
#define OMNI_ERROR_H

#include <stddef.h>

/*
 * What went wrong, for a function that cannot go on: the exit status that a
 * program should end with (a name of <sysexits.h>) and one line of text.
 *
 * A function that takes a `struct error *` returns -1 or NULL after filling
 * it, and leaves it alone when all is well.  The text names the object first
 * ("spool/new: Permission denied"); it may hold bytes from outside, which
 * diag() and die() escape when they print it.
 */
#define ERROR_MAX	512
#define EXCERPT_MAX	192

struct error {
	int status;
	char text[ERROR_MAX];
	/*
	 * For what is wrong in a text: its line, and below it a caret at the
	 * place, both ended by a newline; else empty.
	 */
	char excerpt[EXCERPT_MAX];
};

/* Fills `e` and returns -1, so that a caller can `return error_set(...)`. */
int error_set(struct error *e, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": " and the text of errno; status as errno_status() says. */
int error_errno(struct error *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Fills the excerpt: the line of `text` around the byte `at`. */
void error_excerpt(struct error *e, const char *text, size_t len, size_t at);

/*
 * The one place that decides which exit status an errno stands for.  What a
 * later try may cure (no space, no memory, interrupted, busy) is EX_TEMPFAIL;
 * what permissions forbid is EX_NOPERM; the rest is EX_OSERR.
 */
int errno_status(int error);

/*
 * One line on standard error, "PROGRAM: text", written with a single write(2).
 * Control bytes and bytes that are not UTF-8 come out as \xNN, so that nothing
 * from outside can forge a second line or speak to a terminal.  Keeps errno.
 */
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The lines of an excerpt below a diag(), so that the caret fits. */
void diag_excerpt(const struct error *e);

_Noreturn void die(int status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * What is not there holds nothing, and what is not for the eyes of who asks is
 * left away; but what could not be looked at must not pass for empty.  Ends the
 * program unless errno is of the first two.
 */
void die_unless_absent(const char *path);

/* Escapes as diag() does.  Always ends `out` with a NUL; returns `out`. */
char *text_escape(char *out, size_t size, const char *s, size_t len);

/* Length of the valid UTF-8 character at `s`, 0 when there is none. */
size_t utf8_length(const char *s, size_t len);

/* Whether all of `s` is UTF-8 without NUL. */
int utf8_valid(const char *s, size_t len);

/* Its characters, and the offset of the i-th. */
size_t utf8_count(const char *s, size_t len);
size_t utf8_offset(const char *s, size_t len, size_t i);

#endif
