#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "guard.h"

#define TICK_MS	1000

/* Process-wide, as descriptors 0 and 1 are. */
static bool (*stopping)(void);

void
io_set_stop(bool (*is_stopping)(void))
{
	stopping = is_stopping;
}

/*
 * Waits until `fd` is ready, or after a stop for `grace_ms` more: -1 and EINTR.
 * A signal that comes just before poll(2), or to another thread, is seen with
 * the next tick.
 */
static int
wait_ready(int fd, short events, int grace_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	bool stop;
	int n;

	do {
		stop = stopping();
		n = poll(&p, 1, stop ? grace_ms : TICK_MS);
	} while (!stop && (n == 0 || (n == -1 && errno == EINTR)));
	if (n == 0)
		errno = EINTR;
	return n == 1 ? 0 : -1;
}

void
io_check_std(void)
{
	static const char *const name[] = { "stdin", "stdout", "stderr" };

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			die(EX_IOERR, "%s: %s", name[fd], strerror(errno));
}

/* What is at hand after a stop stays where it is. */
static int
wait_input(int fd)
{
	if (!stopping())
		return wait_ready(fd, POLLIN, 0);
	errno = EINTR;
	return -1;
}

int
io_write_all(int fd, const void *data, size_t len)
{
	bool may_stop = stopping != NULL && fd == STDOUT_FILENO;
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		/* A pipe that is ready takes so much without blocking. */
		if (may_stop && wait_ready(fd, POLLOUT, TICK_MS) == -1)
			return -1;
		n = write(fd, p, may_stop && len > PIPE_BUF ? PIPE_BUF : len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t
io_read(int fd, void *data, size_t len)
{
	bool may_stop = stopping != NULL && fd == STDIN_FILENO;
	ssize_t n;

	do {
		if (may_stop && wait_input(fd) == -1)
			return -1;
		n = read(fd, data, len);
	} while (n == -1 && errno == EINTR);
	return n;
}

int
io_read_fd(int fd, const char *name, struct buf *out, struct error *e)
{
	char chunk[8192];
	ssize_t n;

	while ((n = io_read(fd, chunk, sizeof(chunk))) > 0) {
		buf_add(out, chunk, (size_t)n);
		if (out->full)
			return error_set(e, EX_DATAERR,
			    "%s: more than %zu bytes", name, out->max);
	}
	return n == -1 ? error_errno(e, "%s", name) : 0;
}

int
io_read_file(int dir, const char *path, struct buf *out, struct error *e)
{
	int fd, rc;

	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return error_errno(e, "%s", path);
	rc = io_read_fd(fd, path, out, e);
	close(fd);
	return rc;
}

static int
read_plain(int dir, const char *path, int flags, struct buf *out,
    struct error *e)
{
	struct stat st;
	int fd, rc;

	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK |
	    flags);
	if (fd == -1 && errno == ELOOP && flags == O_NOFOLLOW)
		return error_set(e, EX_DATAERR, "%s: a symbolic link", path);
	/* A socket, or a device that is not there. */
	if (fd == -1 && errno == ENXIO)
		return error_set(e, EX_DATAERR, "%s: not a plain file", path);
	if (fd == -1)
		return error_errno(e, "%s", path);
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		rc = error_set(e, EX_DATAERR, "%s: not a plain file", path);
	else if (flags != O_NOFOLLOW &&
	    guard_open(fd, path, GUARD_WRITE, e) == -1)
		rc = -1;
	else
		rc = io_read_fd(fd, path, out, e);
	close(fd);
	return rc;
}

int
io_read_plain(int dir, const char *path, struct buf *out, struct error *e)
{
	return read_plain(dir, path, 0, out, e);
}

int
io_read_taken(int dir, const char *path, struct buf *out, struct error *e)
{
	return read_plain(dir, path, O_NOFOLLOW, out, e);
}

int
io_sync_dir(int dir, const char *name)
{
	int fd, rc, saved;

	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rc = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

int
io_make_dir(int dir, const char *path, mode_t mode)
{
	char parent[PATH_MAX], *slash;

	if (mkdirat(dir, path, mode) == -1)
		return errno == EEXIST ? 0 : -1;
	if (snprintf(parent, sizeof(parent), "%s", path) >=
	    (int)sizeof(parent)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	slash = strrchr(parent, '/');
	if (slash == NULL)
		return io_sync_dir(dir, ".");
	/* Of "/name" it is the root. */
	slash[slash == parent] = '\0';
	return io_sync_dir(dir, parent);
}

int
io_make_dirs(const char *path, mode_t mode, struct error *e)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return error_set(e, EX_CONFIG, "%.60s...: path too long", path);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (io_make_dir(AT_FDCWD, part, mode) == -1)
			return error_errno(e, "mkdir %s", part);
	}
	return 0;
}

int
io_open_dir(const char *path, mode_t mode, struct error *e)
{
	int fd;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT) {
		if (io_make_dirs(path, mode, e) == -1)
			return -1;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd == -1)
		return error_errno(e, "%s", path);
	return fd;
}

int
io_create(int dir, const char *tmp, struct error *e)
{
	int fd;

	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0640);
	return fd == -1 ? error_errno(e, "%s", tmp) : fd;
}

int
io_finish(int dir, int fd, const char *tmp, const char *name,
    const struct buf *data, struct error *e)
{
	int rc;

	rc = io_write_all(fd, buf_text(data), data->len) == -1 ||
	    fsync(fd) == -1 ? error_errno(e, "%s", tmp) : 0;
	if (close(fd) == -1 && rc == 0)
		rc = error_errno(e, "%s", tmp);
	if (rc == 0 && (renameat(dir, tmp, dir, name) == -1 ||
	    io_sync_dir(dir, ".") == -1))
		rc = error_errno(e, "%s", name);
	if (rc == -1)
		unlinkat(dir, tmp, 0);
	return rc;
}

static int
replace_error(struct error *e, int status, const char *path)
{
	error_errno(e, "%.300s", path);
	e->status = status;
	return -1;
}

/* Written, on the disk and closed; -1 and errno. */
static int
write_out(int fd, const struct buf *data, bool sync)
{
	int rc = io_write_all(fd, buf_text(data), data->len), saved;

	if (rc == 0 && sync)
		rc = fsync(fd);
	saved = errno;
	if (close(fd) == -1 && rc == 0)
		return -1;
	errno = saved;
	return rc;
}

static int
write_device(const char *path, const struct buf *data, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return replace_error(e, EX_CANTCREAT, path);
	return write_out(fd, data, false) == -1 ?
	    replace_error(e, EX_IOERR, path) : 0;
}

/* A name beside `path` that no other has; its directory may be others' too. */
static int
create_beside(const char *path, mode_t mode, char tmp[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int fd, n = slash == NULL ? 0 : (int)(slash - path) + 1;

	if (snprintf(tmp, PATH_MAX, "%.*s.omni.XXXXXX", n, path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd != -1 && fchmod(fd, mode) == -1) {
		close(fd);
		unlink(tmp);
		return -1;
	}
	return fd;
}

int
io_replace(const char *path, const struct buf *data, struct error *e)
{
	char real[PATH_MAX], tmp[PATH_MAX];
	struct stat st = { .st_mode = 0640 };
	int fd;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return write_device(path, data, e);
	/* Behind a symbolic link it is the file that is replaced. */
	if (realpath(path, real) == NULL && snprintf(real, sizeof(real), "%s",
	    path) >= (int)sizeof(real))
		errno = ENAMETOOLONG;
	fd = create_beside(real, st.st_mode & 0777, tmp);
	if (fd == -1)
		return replace_error(e, EX_CANTCREAT, path);
	if (write_out(fd, data, true) == 0 && rename(tmp, real) == 0)
		return 0;
	replace_error(e, EX_IOERR, path);
	unlink(tmp);
	return -1;
}

int
io_lock(const char *path, bool wait, struct error *e)
{
	int fd, rc;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd == -1)
		return error_errno(e, "%s", path);
	do
		rc = flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
	while (rc == -1 && errno == EINTR);
	if (rc == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		error_set(e, EX_TEMPFAIL, "%s: held by another process", path);
	else
		error_errno(e, "%s", path);
	close(fd);
	return -1;
}
