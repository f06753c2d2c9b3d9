/* What goes out on this machine: a Maildir, the local MTA, the console. */

#include "wire_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"

struct local {
	enum transport transport;
	char path[PATH_MAX];
	int dir;		/* Maildir */
	int console;
	int reply_ms;		/* that the MTA may take for a mail */
};

static int
open_maildir(struct local *w, struct error *e)
{
	static const char *const sub[] = { "tmp", "new", "cur" };

	w->dir = io_open_dir(w->path, 0750, e);
	if (w->dir == -1)
		return -1;
	for (size_t i = 0; i < 3; i++)
		if (io_make_dir(w->dir, sub[i], 0750) == -1)
			return error_errno(e, "mkdir %s/%s", w->path, sub[i]);
	return 0;
}

static int
open_console(struct local *w, struct error *e)
{
	w->console = STDERR_FILENO;
	if (*w->path != '\0')
		w->console = open(w->path, O_WRONLY | O_APPEND | O_CREAT |
		    O_CLOEXEC, 0640);
	return w->console == -1 ? error_errno(e, "%s", w->path) : 0;
}

struct local *
local_open(struct config *c, const char *provider, enum transport transport,
    struct error *e)
{
	struct local *w = calloc(1, sizeof(*w));
	const char *path = config_path(c, "provider", provider, "path");
	int rc = 0;

	if (w == NULL)
		die(EX_OSERR, "out of memory");
	w->transport = transport;
	w->dir = -1;
	w->reply_ms = 1000 * (int)config_duration(c, "provider", provider,
	    "reply_timeout");
	snprintf(w->path, sizeof(w->path), "%s", path == NULL ? "" : path);
	if (transport == TRANSPORT_MAILDIR && path == NULL)
		rc = error_set(e, EX_CONFIG, "[provider %s] has no path",
		    provider);
	else if (transport == TRANSPORT_MAILDIR)
		rc = open_maildir(w, e);
	else if (transport == TRANSPORT_CONSOLE)
		rc = open_console(w, e);
	else if (path == NULL)
		snprintf(w->path, sizeof(w->path), "/usr/sbin/sendmail");
	if (rc == 0)
		return w;
	local_close(w);
	return NULL;
}

void
local_close(struct local *w)
{
	if (w == NULL)
		return;
	if (w->dir != -1)
		close(w->dir);
	if (w->console > STDERR_FILENO)
		close(w->console);
	free(w);
}

static void
failure(struct response *out, int code, const char *what)
{
	out->failed = true;
	out->code = code;
	snprintf(out->text, sizeof(out->text), "%.200s: %s", what,
	    strerror(code));
}

/* Lines end in LF in a Maildir and on sendmail's input. */
static void
to_lf(const struct buf *crlf, struct buf *out)
{
	const char *p = crlf->data, *end = p + crlf->len, *cr;

	while (p < end && (cr = memchr(p, '\r', (size_t)(end - p))) != NULL) {
		buf_add(out, p, (size_t)(cr - p));
		p = cr + 1;
	}
	buf_add(out, p, (size_t)(end - p));
}

/*
 * Delivered already: in new/, or in cur/ with the flags a reader gave it.  -1
 * and errno when that cannot be told.
 */
static int
is_in_maildir(const struct local *w, const char *name)
{
	char path[256];
	struct dirent *d;
	size_t len = strlen(name);
	int found = 0, fd, saved;
	DIR *handle;

	snprintf(path, sizeof(path), "new/%s", name);
	if (faccessat(w->dir, path, F_OK, 0) == 0)
		return 1;
	if (errno != ENOENT)
		return -1;
	fd = openat(w->dir, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	handle = fd == -1 ? NULL : fdopendir(fd);
	if (handle == NULL) {
		saved = errno;
		if (fd != -1)
			close(fd);
		errno = saved;
		return -1;
	}
	while (!found && (errno = 0, d = readdir(handle)) != NULL)
		found = strncmp(d->d_name, name, len) == 0 &&
		    (d->d_name[len] == '\0' || d->d_name[len] == ':');
	saved = errno;
	closedir(handle);
	errno = saved;
	return !found && saved != 0 ? -1 : found;
}

static int
write_maildir(const struct local *w, const char *tmp, const struct buf *body)
{
	int fd, saved;

	fd = openat(w->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0640);
	if (fd == -1)
		return -1;
	if (io_write_all(fd, buf_text(body), body->len) == -1 ||
	    fsync(fd) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return close(fd);
}

/*
 * The name comes from the message's id: a second delivery of the same message
 * finds the first one there.
 */
static void
send_maildir(struct local *w, const struct request *r, struct response *out)
{
	struct buf body = BUF_INIT(REQUEST_MAX);
	char tmp[256], new[256];
	int there;

	snprintf(tmp, sizeof(tmp), "tmp/%s", r->name);
	snprintf(new, sizeof(new), "new/%s", r->name);
	to_lf(&r->body, &body);
	there = is_in_maildir(w, r->name);
	if (there == -1)
		failure(out, errno, w->path);
	if (there != 0)
		goto done;
	if (write_maildir(w, tmp, &body) == -1 ||
	    (linkat(w->dir, tmp, w->dir, new, 0) == -1 && errno != EEXIST) ||
	    io_sync_dir(w->dir, "new") == -1)
		failure(out, errno, w->path);
done:
	unlinkat(w->dir, tmp, 0);
	buf_release(&body);
}

static void
send_console(struct local *w, const struct request *r, struct response *out)
{
	out->started = true;
	/* Not by stdio, which would write later what it could not now. */
	if (io_write_all(w->console, buf_text(&r->body), r->body.len) == -1)
		failure(out, errno, *w->path == '\0' ? "stderr" : w->path);
}

static void
send_sendmail(struct local *w, const struct request *r, struct response *out)
{
	const char *argv[] = { w->path, "-i", "-f", r->from, "--", r->to,
	    NULL };
	struct buf body = BUF_INIT(REQUEST_MAX), said = BUF_INIT(ERROR_MAX);
	struct error e;
	int status = -1;

	to_lf(&r->body, &body);
	if (child_run(argv, buf_text(&body), body.len, &said, w->reply_ms,
	    &status, &e) == -1) {
		/* It keeps -1 when there was no child at all. */
		out->started = status != -1;
		out->failed = out->started || e.status != EX_TEMPFAIL;
		out->code = EX_TEMPFAIL;
		snprintf(out->text, sizeof(out->text), "%s", e.text);
	} else if (WIFEXITED(status)) {
		out->code = WEXITSTATUS(status);
		snprintf(out->text, sizeof(out->text), "%s", buf_text(&said));
	} else {
		out->failed = true;
		out->started = true;
		child_status_text(status, out->text, sizeof(out->text));
	}
	buf_release(&body);
	buf_release(&said);
}

void
local_send(struct local *w, const struct request *r, struct response *out)
{
	switch (w->transport) {
	case TRANSPORT_MAILDIR:
		send_maildir(w, r, out);
		break;
	case TRANSPORT_CONSOLE:
		send_console(w, r, out);
		break;
	case TRANSPORT_SENDMAIL:
	default:
		send_sendmail(w, r, out);
	}
}

int
local_was_sent(const struct local *w, const char *name)
{
	return w->transport == TRANSPORT_MAILDIR ? is_in_maildir(w, name) : -1;
}
