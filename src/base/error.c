#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

int
error_set(struct error *e, int status, const char *fmt, ...)
{
	va_list ap;

	e->status = status;
	e->excerpt[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

int
error_errno(struct error *e, const char *fmt, ...)
{
	int saved = errno, n;
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->text))
		snprintf(e->text + n, sizeof(e->text) - (size_t)n, ": %s",
		    strerror(saved));
	e->status = errno_status(saved);
	e->excerpt[0] = '\0';
	errno = saved;
	return -1;
}

int
errno_status(int error)
{
	switch (error) {
	case EAGAIN:
	case EBUSY:
	case EDQUOT:
	case EINTR:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOSPC:
	case ETXTBSY:
		return EX_TEMPFAIL;
	case EACCES:
	case EPERM:
	case EROFS:
		return EX_NOPERM;
	default:
		return EX_OSERR;
	}
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t
utf8_length(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (len < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

int
utf8_valid(const char *s, size_t len)
{
	size_t n;

	while (len > 0) {
		n = utf8_length(s, len);
		if (n == 0 || *s == '\0')
			return 0;
		s += n;
		len -= n;
	}
	return 1;
}

/* C0, DEL and C1 (U+0080 to U+009F): what a terminal may obey. */
static int
is_control(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	if (n == 1)
		return c < 0x20 || c == 0x7f;
	return n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0;
}

char *
text_escape(char *out, size_t size, const char *s, size_t len)
{
	size_t n, at = 0;

	while (len > 0) {
		n = utf8_length(s, len);
		if (n == 0 || is_control(s, n)) {
			if (at + 5 > size)
				break;
			snprintf(out + at, size - at, "\\x%02x",
			    (unsigned char)*s);
			at += 4;
			n = 1;
		} else {
			if (at + n + 1 > size)
				break;
			memcpy(out + at, s, n);
			at += n;
		}
		s += n;
		len -= n;
	}
	out[at] = '\0';
	return out;
}

/* Tabs and whatever a terminal may obey become blanks: a caret must fit. */
static size_t
add_line(char *out, const char *s, size_t len)
{
	size_t n, at = 0;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(s + i, len - i);
		if (n == 0 || is_control(s + i, n)) {
			out[at++] = ' ';
			n = n == 0 ? 1 : n;
			continue;
		}
		memcpy(out + at, s + i, n);
		at += n;
	}
	return at;
}

void
error_excerpt(struct error *e, const char *text, size_t len, size_t at)
{
	/* The line twice, once in blanks, and what stands around it. */
	const size_t most = (EXCERPT_MAX - 8) / 2;
	size_t start = at, end = at, used;

	while (start > 0 && text[start - 1] != '\n' && at - start < most / 2)
		start--;
	while (start < at && (text[start] & 0xc0) == 0x80)
		start++;
	while (end < len && text[end] != '\n' && end - start < most)
		end++;
	while (end > at && end < len && (text[end] & 0xc0) == 0x80)
		end--;
	used = add_line(e->excerpt, text + start, end - start);
	e->excerpt[used++] = '\n';
	for (size_t i = start; i < at; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			e->excerpt[used++] = ' ';
	memcpy(e->excerpt + used, "^\n", 3);
}

static void
vdiag(const char *fmt, va_list ap)
{
	char raw[2 * ERROR_MAX], text[4 * ERROR_MAX], line[5 * ERROR_MAX];
	int saved = errno, n;

	vsnprintf(raw, sizeof(raw), fmt, ap);
	text_escape(text, sizeof(text), raw, strlen(raw));
	n = snprintf(line, sizeof(line), "%s: %s\n",
	    program_invocation_short_name, text);
	/* Nobody is left to be told when standard error cannot be written. */
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) == -1)
		errno = saved;
	errno = saved;
}

void
diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdiag(fmt, ap);
	va_end(ap);
}

void
diag_excerpt(const struct error *e)
{
	const char *newline = strchr(e->excerpt, '\n');

	if (newline == NULL)
		return;
	diag("    %.*s", (int)(newline - e->excerpt), e->excerpt);
	diag("    %.*s", (int)strcspn(newline + 1, "\n"), newline + 1);
}

void
die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdiag(fmt, ap);
	va_end(ap);
	exit(status);
}

void
die_unless_absent(const char *path)
{
	if (errno != ENOENT && errno != ENOTDIR && errno != EACCES &&
	    errno != EPERM && errno != ELOOP)
		die(errno_status(errno), "%s: %s", path, strerror(errno));
}

size_t
utf8_count(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

size_t
utf8_offset(const char *s, size_t len, size_t i)
{
	size_t at = 0;

	while (at < len && i-- > 0)
		do
			at++;
		while (at < len && ((unsigned char)s[at] & 0xc0) == 0x80);
	return at;
}
