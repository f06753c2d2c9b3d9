/*
 * LD_PRELOAD: what a program does to the files below $POWERCUT_ROOTS (divided
 * by ":"), and what it says to others, for tests/power.
 *
 * Each process writes a file of its own in the directory $POWERCUT_LOG, since
 * one that is confined may open none later and is held to a size; the numbers
 * that put all of them in order come from a counter that is shared memory, the
 * file "counter" there.  A change of a file is noted when it was done; what
 * leaves the process (standard output, a socket, the exit status) before it
 * goes: so a log that is cut off anywhere never knows of an answer and not of
 * what was done before it.
 *
 * Not seen: memory that is mapped (SQLite's -shm, which a power cut may leave
 * as it likes), and what the C library's own streams write.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES		1024	/* descriptors that are followed */
#define CHUNK		16384	/* of one event's data */
#define LOG_FD		300	/* the least one: far from the program's own */

enum kind {
	START = 1, OPEN, WRITE, SYNC, RENAME, LINK, UNLINK, MKDIR, RMDIR,
	TRUNCATE, SEEK, OUT, EXIT, NET
};

/* As tests/power.d/disk.py reads it; then both texts. */
struct head {
	uint64_t seq, handle;
	int64_t number;
	uint32_t pid, kind, len1, len2;
};

static _Atomic uint64_t *counter;
static int log_fd = -1;
static char roots[2 * PATH_MAX];
static _Atomic uint64_t handles[FILES];	/* 0: of no interest */
static char *_Atomic paths[FILES];	/* of directories, for openat(2) */

static void
note(enum kind kind, uint64_t handle, int64_t number, const void *text1,
    size_t len1, const void *text2, size_t len2)
{
	char event[sizeof(struct head) + CHUNK + 2 * PATH_MAX];
	struct head h = { .handle = handle, .number = number,
	    .pid = (uint32_t)getpid(), .kind = kind, .len1 = (uint32_t)len1,
	    .len2 = (uint32_t)len2 };
	size_t total = sizeof(h) + len1 + len2;
	int saved = errno;

	if (log_fd == -1)
		return;
	h.seq = atomic_fetch_add(counter, 1);
	memcpy(event, &h, sizeof(h));
	memcpy(event + sizeof(h), text1, len1);
	if (len2 > 0)
		memcpy(event + sizeof(h) + len1, text2, len2);
	/*
	 * A log with a hole in it would prove nothing.  A child has closed it
	 * that is about to become another program.
	 */
	if (syscall(SYS_write, log_fd, event, total) != (long)total &&
	    errno != EBADF)
		abort();
	errno = saved;
}

static void
note_data(enum kind kind, uint64_t handle, int64_t at, const void *data,
    size_t len)
{
	const char *p = data;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = len < CHUNK ? len : CHUNK;
		note(kind, handle, at, p, n, NULL, 0);
		if (at != -1)
			at += (int64_t)n;
	}
}

static bool
is_ours(const char *path)
{
	const char *root = roots, *end;
	size_t n;

	for (; *root != '\0'; root = end + (*end == ':')) {
		end = strchrnul(root, ':');
		n = (size_t)(end - root);
		if (n > 0 && strncmp(path, root, n) == 0 &&
		    (path[n] == '/' || path[n] == '\0'))
			return true;
	}
	return false;
}

static bool
is_followed(int fd)
{
	return fd >= 0 && fd < FILES;
}

/* The whole path of what a call names; false: it cannot be told. */
static bool
whole(int dir, const char *name, char out[PATH_MAX])
{
	char link[64], base[PATH_MAX];
	ssize_t n;

	if (name[0] == '/')
		return snprintf(out, PATH_MAX, "%s", name) < PATH_MAX;
	if (dir == AT_FDCWD)
		n = getcwd(base, sizeof(base)) == NULL ? -1 :
		    (ssize_t)strlen(base);
	else if (is_followed(dir) && paths[dir] != NULL)
		n = snprintf(base, sizeof(base), "%s", paths[dir]);
	else {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
		n = readlink(link, base, sizeof(base) - 1);
	}
	if (n <= 0 || n >= PATH_MAX - 1 ||
	    (size_t)n + 1 + strlen(name) >= PATH_MAX)
		return false;
	memcpy(out, base, (size_t)n);
	snprintf(out + n, PATH_MAX - (size_t)n, "/%s", name);
	return true;
}

/* A descriptor that was opened; what was known of its number is not so now. */
static void
follow(int fd, int dir, const char *name, int flags)
{
	char path[PATH_MAX];
	int saved = errno;

	if (!is_followed(fd) || log_fd == -1)
		return;
	handles[fd] = 0;
	paths[fd] = NULL;
	if (whole(dir, name, path) && is_ours(path)) {
		handles[fd] = atomic_fetch_add(counter, 1);
		if (flags & (O_DIRECTORY | O_PATH))
			paths[fd] = strdup(path);
		note(OPEN, handles[fd], flags, path, strlen(path), NULL, 0);
	}
	errno = saved;
}

static void
note_path(enum kind kind, int dir, const char *name)
{
	char path[PATH_MAX];

	if (whole(dir, name, path) && is_ours(path))
		note(kind, 0, 0, path, strlen(path), NULL, 0);
}

static void
note_paths(enum kind kind, int dir1, const char *name1, int dir2,
    const char *name2)
{
	char one[PATH_MAX], two[PATH_MAX];

	if (whole(dir1, name1, one) && whole(dir2, name2, two) &&
	    (is_ours(one) || is_ours(two)))
		note(kind, 0, 0, one, strlen(one), two, strlen(two));
}

static void
note_exit(int status, void *ctx)
{
	(void)ctx;
	note(EXIT, 0, status, NULL, 0, NULL, 0);
}

/* Descriptors that a shell has opened for us. */
static void
inherit(void)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	for (int fd = 0; fd < 64; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof(path) - 1);
		if (n <= 0 || path[0] != '/')
			continue;
		path[n] = '\0';
		if (is_ours(path))
			follow(fd, AT_FDCWD, path, fcntl(fd, F_GETFL));
	}
}

static void
note_start(void)
{
	const char *label = getenv("POWERCUT_LABEL");
	char line[CHUNK];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline",
	    O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? 0 : syscall(SYS_read, fd, line, sizeof(line));

	if (fd != -1)
		syscall(SYS_close, fd);
	if (label == NULL)
		label = "";
	note(START, 0, getppid(), line, n < 0 ? 0 : (size_t)n, label,
	    strlen(label));
}

__attribute__((constructor)) static void
begin(void)
{
	const char *dir = getenv("POWERCUT_LOG"), *r = getenv("POWERCUT_ROOTS");
	char path[PATH_MAX];
	int fd, shared;

	if (dir == NULL || r == NULL)
		return;
	snprintf(roots, sizeof(roots), "%s", r);
	snprintf(path, sizeof(path), "%s/counter", dir);
	shared = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	if (shared == -1)
		abort();
	counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE,
	    MAP_SHARED, shared, 0);
	if (counter == MAP_FAILED)
		abort();
	syscall(SYS_close, shared);
	snprintf(path, sizeof(path), "%s/%llu.log", dir,
	    (unsigned long long)atomic_fetch_add(counter, 1));
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT |
	    O_APPEND, 0600);
	log_fd = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD);
	if (log_fd == -1)
		abort();
	syscall(SYS_close, fd);
	note_start();
	inherit();
	/* The first one that is registered is the last one that is called. */
	on_exit(note_exit, NULL);
}

#define REAL(type, name, ...) \
	typedef type name##_function(__VA_ARGS__); \
	static name##_function *real; \
	if (real == NULL) \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

static mode_t
mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | __O_TMPFILE) ? (mode_t)va_arg(ap, int) : 0;
}

#define OPEN_AT(name) \
int \
name(int dir, const char *path, int flags, ...) \
{ \
	va_list ap; \
	mode_t mode; \
	int fd; \
	REAL(int, name, int, const char *, int, ...); \
	va_start(ap, flags); \
	mode = mode_of(flags, ap); \
	va_end(ap); \
	fd = real(dir, path, flags, mode); \
	if (fd != -1) \
		follow(fd, dir, path, flags); \
	return fd; \
}

#define OPEN_HERE(name) \
int \
name(const char *path, int flags, ...) \
{ \
	va_list ap; \
	mode_t mode; \
	int fd; \
	REAL(int, name, const char *, int, ...); \
	va_start(ap, flags); \
	mode = mode_of(flags, ap); \
	va_end(ap); \
	fd = real(path, flags, mode); \
	if (fd != -1) \
		follow(fd, AT_FDCWD, path, flags); \
	return fd; \
}

#define OPEN_2(name) \
int name(const char *path, int flags); \
int \
name(const char *path, int flags) \
{ \
	int fd; \
	REAL(int, name, const char *, int); \
	fd = real(path, flags); \
	if (fd != -1) \
		follow(fd, AT_FDCWD, path, flags); \
	return fd; \
}

#define OPEN_AT_2(name) \
int name(int dir, const char *path, int flags); \
int \
name(int dir, const char *path, int flags) \
{ \
	int fd; \
	REAL(int, name, int, const char *, int); \
	fd = real(dir, path, flags); \
	if (fd != -1) \
		follow(fd, dir, path, flags); \
	return fd; \
}

OPEN_HERE(open)
OPEN_HERE(open64)
OPEN_AT(openat)
OPEN_AT(openat64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPEN_AT_2(__openat_2)
OPEN_AT_2(__openat64_2)

#define MAKE_TEMPORARY(name) \
int \
name(char *path, int flags) \
{ \
	int fd; \
	REAL(int, name, char *, int); \
	fd = real(path, flags); \
	if (fd != -1) \
		follow(fd, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL); \
	return fd; \
}

MAKE_TEMPORARY(mkostemp)
MAKE_TEMPORARY(mkostemp64)

static void
forget(int fd)
{
	if (is_followed(fd)) {
		handles[fd] = 0;
		paths[fd] = NULL;
	}
}

int
close(int fd)
{
	REAL(int, close, int);
	forget(fd);
	return real(fd);
}

int
fclose(FILE *f)
{
	REAL(int, fclose, FILE *);
	forget(fileno(f));
	return real(f);
}

DIR *
opendir(const char *path)
{
	DIR *dir;
	REAL(DIR *, opendir, const char *);
	dir = real(path);
	if (dir != NULL)
		follow(dirfd(dir), AT_FDCWD, path, O_DIRECTORY);
	return dir;
}

int
closedir(DIR *dir)
{
	REAL(int, closedir, DIR *);
	forget(dirfd(dir));
	return real(dir);
}

int
dup2(int old, int new)
{
	int fd;
	REAL(int, dup2, int, int);
	fd = real(old, new);
	if (fd != -1 && is_followed(old) && is_followed(fd)) {
		handles[fd] = handles[old];
		paths[fd] = paths[old];
	}
	return fd;
}

static bool
is_socket(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type,
	    &len) == 0 && type == SOCK_STREAM;
}

/* What is said to others; before it is said. */
static void
tell(int fd, const void *data, size_t len)
{
	if (log_fd == -1 || !is_followed(fd) || handles[fd] != 0)
		return;
	if (fd == STDOUT_FILENO)
		note_data(OUT, 0, -1, data, len);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	ssize_t n;
	REAL(ssize_t, write, int, const void *, size_t);
	tell(fd, data, len);
	n = real(fd, data, len);
	if (n > 0 && is_followed(fd) && handles[fd] != 0)
		note_data(WRITE, handles[fd], -1, data, (size_t)n);
	return n;
}

#define PWRITE(name) \
ssize_t \
name(int fd, const void *data, size_t len, off_t at) \
{ \
	ssize_t n; \
	REAL(ssize_t, name, int, const void *, size_t, off_t); \
	n = real(fd, data, len, at); \
	if (n > 0 && is_followed(fd) && handles[fd] != 0) \
		note_data(WRITE, handles[fd], at, data, (size_t)n); \
	return n; \
}

PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	REAL(ssize_t, send, int, const void *, size_t, int);
	if (log_fd != -1 && is_socket(fd))
		note_data(NET, (uint64_t)fd, -1, data, len);
	return real(fd, data, len, flags);
}

#define LSEEK(name) \
off_t \
name(int fd, off_t at, int whence) \
{ \
	off_t now; \
	REAL(off_t, name, int, off_t, int); \
	now = real(fd, at, whence); \
	if (now != -1 && is_followed(fd) && handles[fd] != 0) \
		note(SEEK, handles[fd], now, NULL, 0, NULL, 0); \
	return now; \
}

LSEEK(lseek)
LSEEK(lseek64)

#define ON_FILE(name, kind) \
int \
name(int fd) \
{ \
	int rc; \
	REAL(int, name, int); \
	rc = real(fd); \
	if (rc == 0 && is_followed(fd) && handles[fd] != 0) \
		note(kind, handles[fd], 0, NULL, 0, NULL, 0); \
	return rc; \
}

ON_FILE(fsync, SYNC)
ON_FILE(fdatasync, SYNC)

#define FTRUNCATE(name) \
int \
name(int fd, off_t len) \
{ \
	int rc; \
	REAL(int, name, int, off_t); \
	rc = real(fd, len); \
	if (rc == 0 && is_followed(fd) && handles[fd] != 0) \
		note(TRUNCATE, handles[fd], len, NULL, 0, NULL, 0); \
	return rc; \
}

FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

int
rename(const char *from, const char *to)
{
	int rc;
	REAL(int, rename, const char *, const char *);
	rc = real(from, to);
	if (rc == 0)
		note_paths(RENAME, AT_FDCWD, from, AT_FDCWD, to);
	return rc;
}

int
renameat(int dir1, const char *from, int dir2, const char *to)
{
	int rc;
	REAL(int, renameat, int, const char *, int, const char *);
	rc = real(dir1, from, dir2, to);
	if (rc == 0)
		note_paths(RENAME, dir1, from, dir2, to);
	return rc;
}

int
link(const char *from, const char *to)
{
	int rc;
	REAL(int, link, const char *, const char *);
	rc = real(from, to);
	if (rc == 0)
		note_paths(LINK, AT_FDCWD, from, AT_FDCWD, to);
	return rc;
}

int
linkat(int dir1, const char *from, int dir2, const char *to, int flags)
{
	int rc;
	REAL(int, linkat, int, const char *, int, const char *, int);
	rc = real(dir1, from, dir2, to, flags);
	if (rc == 0)
		note_paths(LINK, dir1, from, dir2, to);
	return rc;
}

int
unlink(const char *path)
{
	int rc;
	REAL(int, unlink, const char *);
	rc = real(path);
	if (rc == 0)
		note_path(UNLINK, AT_FDCWD, path);
	return rc;
}

int
unlinkat(int dir, const char *path, int flags)
{
	int rc;
	REAL(int, unlinkat, int, const char *, int);
	rc = real(dir, path, flags);
	if (rc == 0)
		note_path(flags & AT_REMOVEDIR ? RMDIR : UNLINK, dir, path);
	return rc;
}

int
rmdir(const char *path)
{
	int rc;
	REAL(int, rmdir, const char *);
	rc = real(path);
	if (rc == 0)
		note_path(RMDIR, AT_FDCWD, path);
	return rc;
}

int
mkdir(const char *path, mode_t mode)
{
	int rc;
	REAL(int, mkdir, const char *, mode_t);
	rc = real(path, mode);
	if (rc == 0)
		note_path(MKDIR, AT_FDCWD, path);
	return rc;
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	int rc;
	REAL(int, mkdirat, int, const char *, mode_t);
	rc = real(dir, path, mode);
	if (rc == 0)
		note_path(MKDIR, dir, path);
	return rc;
}

void
_exit(int status)
{
	note_exit(status, NULL);
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}
