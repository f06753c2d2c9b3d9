/*
 * LD_PRELOAD: makes the N-th call of a kind fail, and counts the calls.
 *
 *	FAILAT_PROGRAM	names of the programs that are meant, divided by
 *			colons; in all others nothing is done
 *	FAILAT_RECORD	a file of COUNTERS numbers of 64 bits, in which each
 *			kind has its place: the calls made so far, even when
 *			the program dies; the last is how many were injected
 *	FAILAT_CALL	the kind, a name of kinds[]
 *	FAILAT_N	the first call that fails; without it none does
 *	FAILAT_TIMES	how many fail from there on: 1 unless told, 0 for all
 *	FAILAT_ERROR	the error, a name of errors[]; or "short": half of the
 *			bytes are read or written; or "kill"
 *	FAILAT_TRACE	a file to which the calls go that led there
 *
 * Calls count from main() on, in all threads and also while the program ends.
 * What libraries call counts as well: SQLite, jansson, ICU, libcurl, OpenSSL.
 * What the C library calls for itself does not, apart from malloc(3).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind {
	WRITE, SYNC, OPEN, CLOSE, RENAME, LINK, UNLINK, MKDIR, STAT, TRUNCATE,
	READ, READDIR, MMAP, LOCK, PIPE, SPAWN, THREAD, WAIT, POLL, SOCKET,
	CONNECT, SEND, RECV, RANDOM, MALLOC, KINDS
};

/* Its order is the file's: tests/check-fault reads both. */
static const char *const kinds[] = {
	"write", "sync", "open", "close", "rename", "link", "unlink", "mkdir",
	"stat", "truncate", "read", "readdir", "mmap", "lock", "pipe", "spawn",
	"thread", "wait", "poll", "socket", "connect", "send", "recv", "random",
	"malloc"
};

static const struct {
	const char *name;
	int number;
} errors[] = {
	{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EMFILE", EMFILE },
	{ "ENFILE", ENFILE }, { "ENOMEM", ENOMEM }, { "EINTR", EINTR },
	{ "EAGAIN", EAGAIN }, { "EACCES", EACCES }, { "EROFS", EROFS },
	{ "EDQUOT", EDQUOT }, { "EPIPE", EPIPE }, { "ENOLCK", ENOLCK },
	{ "ENOSYS", ENOSYS }, { "ECONNRESET", ECONNRESET },
	{ "ECONNREFUSED", ECONNREFUSED }, { "ENETUNREACH", ENETUNREACH },
	{ "ENOBUFS", ENOBUFS }, { "ELOOP", ELOOP }
};

/* Errors of our own, which no errno is. */
#define SHORT	-1
#define KILL	-2

#define COUNTERS	(KINDS + 1)
#define FRAMES		40

static _Atomic uint64_t unseen[COUNTERS];
static _Atomic uint64_t *counters = unseen;
static bool armed;
static int kind = -1, error;
static uint64_t first, last;
static const char *trace;

static void
wrong(const char *what)
{
	fprintf(stderr, "failat: %s\n", what);
	_exit(99);
}

static bool
is_meant(const char *list)
{
	const char *name = program_invocation_short_name;
	size_t len = strlen(name), n;

	for (; *list != '\0'; list += n + (list[n] == ':')) {
		n = strcspn(list, ":");
		if (n == len && memcmp(list, name, n) == 0)
			return true;
	}
	return false;
}

static void
map_record(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *p;

	p = fd == -1 ? MAP_FAILED : mmap(NULL, COUNTERS * sizeof(*counters),
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		wrong("FAILAT_RECORD cannot be mapped");
	counters = p;
	close(fd);
}

static int
error_named(const char *name)
{
	if (name == NULL || strcmp(name, "short") == 0)
		return SHORT;
	if (strcmp(name, "kill") == 0)
		return KILL;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	wrong("FAILAT_ERROR: not known");
	return 0;
}

static void
choose(const char *n, const char *times, const char *call)
{
	uint64_t many = times == NULL ? 1 : strtoull(times, NULL, 10);

	first = strtoull(n, NULL, 10);
	last = many == 0 ? UINT64_MAX : first + many - 1;
	for (int i = 0; i < KINDS; i++)
		if (call != NULL && strcmp(kinds[i], call) == 0)
			kind = i;
	if (kind == -1)
		wrong("FAILAT_CALL: not known");
	error = error_named(getenv("FAILAT_ERROR"));
}

static void
set_up(void)
{
	const char *list = getenv("FAILAT_PROGRAM");
	const char *record = getenv("FAILAT_RECORD"), *n = getenv("FAILAT_N");
	void *frames[FRAMES];

	if (list == NULL || !is_meant(list))
		return;
	if (record != NULL)
		map_record(record);
	trace = getenv("FAILAT_TRACE");
	if (trace != NULL)
		backtrace(frames, FRAMES);	/* it allocates at first */
	if (n != NULL)
		choose(n, getenv("FAILAT_TIMES"), getenv("FAILAT_CALL"));
	armed = true;
}

static void
tell_trace(void)
{
	void *frames[FRAMES];
	int fd, n;

	armed = false;
	n = backtrace(frames, FRAMES);
	fd = (int)syscall(SYS_openat, AT_FDCWD, trace,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd != -1) {
		backtrace_symbols_fd(frames, n, fd);
		close(fd);
	}
	trace = NULL;
	armed = true;
}

/* Counts; whether this call is one that must fail. */
static bool
hit(enum kind k)
{
	uint64_t n;
	int saved = errno;

	if (!armed)
		return false;
	n = atomic_fetch_add(&counters[k], 1) + 1;
	if ((int)k != kind || n < first || n > last)
		return false;
	atomic_fetch_add(&counters[KINDS], 1);
	if (trace != NULL)
		tell_trace();
	if (error == KILL)
		kill(getpid(), SIGKILL);
	errno = error > 0 ? error : saved;
	return true;
}

/* The same of a call that fails with -1, and never shortly. */
static bool
fails(enum kind k)
{
	return hit(k) && error > 0;
}

/* The same of one that moves bytes, of which half may be moved. */
static bool
fails_moving(enum kind k, size_t *len)
{
	if (!hit(k))
		return false;
	if (error == SHORT && *len > 1)
		*len /= 2;
	return error > 0;
}

/* What would have been called. */
#define REAL(name)	\
	static __typeof__(name) *real; \
	if (real == NULL) { \
		void *found = dlsym(RTLD_NEXT, #name); \
		memcpy(&real, &found, sizeof(found)); \
	}

/*
 * A program compiled with _FORTIFY_SOURCE calls other names, and one with
 * large files others again.
 */
#define STRAIGHT(type, name, kind, bad, arguments, passed)	\
	type name arguments \
	{ \
		REAL(name) \
		return fails(kind) ? (bad) : real passed; \
	}

#define MOVING(name, kind, arguments, passed)	\
	ssize_t name arguments \
	{ \
		REAL(name) \
		return fails_moving(kind, &len) ? -1 : real passed; \
	}

ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __pread_chk(int, void *, size_t, off_t, size_t);
ssize_t __pread64_chk(int, void *, size_t, off_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *,
    socklen_t *);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
int __open_2(const char *, int);
int __open64_2(const char *, int);
int __openat_2(int, const char *, int);
int __openat64_2(int, const char *, int);
int __libc_start_main(int (*)(int, char **, char **), int, char **,
    void (*)(void), void (*)(void), void (*)(void), void *);
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

/* What cannot be said is no fault to look for. */
ssize_t
write(int fd, const void *p, size_t len)
{
	REAL(write)
	return fd != STDERR_FILENO && fails_moving(WRITE, &len) ? -1 :
	    real(fd, p, len);
}

MOVING(pwrite, WRITE, (int fd, const void *p, size_t len, off_t at),
    (fd, p, len, at))
MOVING(pwrite64, WRITE, (int fd, const void *p, size_t len, off_t at),
    (fd, p, len, at))
MOVING(read, READ, (int fd, void *p, size_t len), (fd, p, len))
MOVING(__read_chk, READ, (int fd, void *p, size_t len, size_t size),
    (fd, p, len, size))
MOVING(pread, READ, (int fd, void *p, size_t len, off_t at), (fd, p, len, at))
MOVING(pread64, READ, (int fd, void *p, size_t len, off_t at),
    (fd, p, len, at))
MOVING(__pread_chk, READ, (int fd, void *p, size_t len, off_t at, size_t size),
    (fd, p, len, at, size))
MOVING(__pread64_chk, READ,
    (int fd, void *p, size_t len, off_t at, size_t size),
    (fd, p, len, at, size))
MOVING(send, SEND, (int fd, const void *p, size_t len, int flags),
    (fd, p, len, flags))
MOVING(sendto, SEND, (int fd, const void *p, size_t len, int flags,
    __CONST_SOCKADDR_ARG to, socklen_t size), (fd, p, len, flags, to, size))
MOVING(recv, RECV, (int fd, void *p, size_t len, int flags),
    (fd, p, len, flags))
MOVING(__recv_chk, RECV, (int fd, void *p, size_t len, size_t size, int flags),
    (fd, p, len, size, flags))
MOVING(recvfrom, RECV, (int fd, void *restrict p, size_t len, int flags,
    __SOCKADDR_ARG from, socklen_t *restrict size),
    (fd, p, len, flags, from, size))
MOVING(__recvfrom_chk, RECV, (int fd, void *p, size_t len, size_t room,
    int flags, struct sockaddr *from, socklen_t *size),
    (fd, p, len, room, flags, from, size))

STRAIGHT(ssize_t, writev, WRITE, -1, (int fd, const struct iovec *v, int n),
    (fd, v, n))
STRAIGHT(ssize_t, readv, READ, -1, (int fd, const struct iovec *v, int n),
    (fd, v, n))
STRAIGHT(ssize_t, sendmsg, SEND, -1, (int fd, const struct msghdr *m,
    int flags), (fd, m, flags))
STRAIGHT(ssize_t, recvmsg, RECV, -1, (int fd, struct msghdr *m, int flags),
    (fd, m, flags))

STRAIGHT(int, fsync, SYNC, -1, (int fd), (fd))
STRAIGHT(int, fdatasync, SYNC, -1, (int fd), (fd))
STRAIGHT(int, ftruncate, TRUNCATE, -1, (int fd, off_t len), (fd, len))
STRAIGHT(int, ftruncate64, TRUNCATE, -1, (int fd, off_t len), (fd, len))
STRAIGHT(int, fchmod, TRUNCATE, -1, (int fd, mode_t mode), (fd, mode))
STRAIGHT(int, fchown, TRUNCATE, -1, (int fd, uid_t u, gid_t g), (fd, u, g))

/* The descriptor is gone all the same. */
int
close(int fd)
{
	REAL(close)
	bool failing = fails(CLOSE);
	int saved = errno, rc = real(fd);

	if (!failing)
		return rc;
	errno = saved;
	return -1;
}

STRAIGHT(int, rename, RENAME, -1, (const char *a, const char *b), (a, b))
STRAIGHT(int, renameat, RENAME, -1, (int d, const char *a, int f,
    const char *b), (d, a, f, b))
STRAIGHT(int, link, LINK, -1, (const char *a, const char *b), (a, b))
STRAIGHT(int, linkat, LINK, -1, (int d, const char *a, int f, const char *b,
    int flags), (d, a, f, b, flags))
STRAIGHT(int, symlink, LINK, -1, (const char *a, const char *b), (a, b))
STRAIGHT(int, unlink, UNLINK, -1, (const char *a), (a))
STRAIGHT(int, unlinkat, UNLINK, -1, (int d, const char *a, int flags),
    (d, a, flags))
STRAIGHT(int, rmdir, UNLINK, -1, (const char *a), (a))
STRAIGHT(int, mkdir, MKDIR, -1, (const char *a, mode_t mode), (a, mode))
STRAIGHT(int, mkdirat, MKDIR, -1, (int d, const char *a, mode_t mode),
    (d, a, mode))

STRAIGHT(int, stat, STAT, -1, (const char *restrict a,
    struct stat *restrict s), (a, s))
STRAIGHT(int, lstat, STAT, -1, (const char *restrict a,
    struct stat *restrict s), (a, s))
STRAIGHT(int, fstat, STAT, -1, (int fd, struct stat *s), (fd, s))
STRAIGHT(int, fstatat, STAT, -1, (int d, const char *restrict a,
    struct stat *restrict s, int flags), (d, a, s, flags))
STRAIGHT(int, stat64, STAT, -1, (const char *restrict a,
    struct stat64 *restrict s), (a, s))
STRAIGHT(int, lstat64, STAT, -1, (const char *restrict a,
    struct stat64 *restrict s), (a, s))
STRAIGHT(int, fstat64, STAT, -1, (int fd, struct stat64 *s), (fd, s))
STRAIGHT(int, access, STAT, -1, (const char *a, int mode), (a, mode))
STRAIGHT(int, faccessat, STAT, -1, (int d, const char *a, int mode, int flags),
    (d, a, mode, flags))

/* They take a mode, which is there when a file may be made. */
#define OPENING(name, arguments, passed)	\
	int name arguments \
	{ \
		mode_t mode = 0; \
		va_list ap; \
		REAL(name) \
		if ((flags & O_CREAT) != 0 || \
		    (flags & O_TMPFILE) == O_TMPFILE) { \
			va_start(ap, flags); \
			mode = va_arg(ap, mode_t); \
			va_end(ap); \
		} \
		return fails(OPEN) ? -1 : real passed; \
	}

OPENING(open, (const char *a, int flags, ...), (a, flags, mode))
OPENING(open64, (const char *a, int flags, ...), (a, flags, mode))
OPENING(openat, (int d, const char *a, int flags, ...), (d, a, flags, mode))
OPENING(openat64, (int d, const char *a, int flags, ...), (d, a, flags, mode))
STRAIGHT(int, __open_2, OPEN, -1, (const char *a, int flags), (a, flags))
STRAIGHT(int, __open64_2, OPEN, -1, (const char *a, int flags), (a, flags))
STRAIGHT(int, __openat_2, OPEN, -1, (int d, const char *a, int flags),
    (d, a, flags))
STRAIGHT(int, __openat64_2, OPEN, -1, (int d, const char *a, int flags),
    (d, a, flags))
STRAIGHT(int, mkostemp, OPEN, -1, (char *a, int flags), (a, flags))
STRAIGHT(int, mkstemp, OPEN, -1, (char *a), (a))
STRAIGHT(FILE *, fopen, OPEN, NULL, (const char *restrict a,
    const char *restrict how), (a, how))
STRAIGHT(FILE *, fopen64, OPEN, NULL, (const char *restrict a,
    const char *restrict how), (a, how))
STRAIGHT(DIR *, opendir, OPEN, NULL, (const char *a), (a))
STRAIGHT(DIR *, fdopendir, OPEN, NULL, (int fd), (fd))
STRAIGHT(struct dirent *, readdir, READDIR, NULL, (DIR *d), (d))
STRAIGHT(struct dirent64 *, readdir64, READDIR, NULL, (DIR *d), (d))

STRAIGHT(void *, mmap, MMAP, MAP_FAILED, (void *p, size_t len, int prot,
    int flags, int fd, off_t at), (p, len, prot, flags, fd, at))
STRAIGHT(void *, mmap64, MMAP, MAP_FAILED, (void *p, size_t len, int prot,
    int flags, int fd, off_t at), (p, len, prot, flags, fd, at))
STRAIGHT(int, flock, LOCK, -1, (int fd, int how), (fd, how))
STRAIGHT(int, pipe, PIPE, -1, (int p[2]), (p))
STRAIGHT(int, pipe2, PIPE, -1, (int p[2], int flags), (p, flags))
STRAIGHT(int, socketpair, PIPE, -1, (int a, int b, int c, int p[2]),
    (a, b, c, p))
STRAIGHT(pid_t, waitpid, WAIT, -1, (pid_t pid, int *status, int flags),
    (pid, status, flags))
STRAIGHT(int, poll, POLL, -1, (struct pollfd *p, nfds_t n, int ms),
    (p, n, ms))
STRAIGHT(int, __poll_chk, POLL, -1, (struct pollfd *p, nfds_t n, int ms,
    size_t size), (p, n, ms, size))
STRAIGHT(int, socket, SOCKET, -1, (int a, int b, int c), (a, b, c))
/* Its type may be that of any address. */
STRAIGHT(int, connect, CONNECT, -1, (int fd, __CONST_SOCKADDR_ARG to,
    socklen_t size), (fd, to, size))
STRAIGHT(ssize_t, getrandom, RANDOM, -1, (void *p, size_t len,
    unsigned int flags), (p, len, flags))
STRAIGHT(int, getentropy, RANDOM, -1, (void *p, size_t len), (p, len))
STRAIGHT(pid_t, fork, SPAWN, -1, (void), ())
STRAIGHT(int, execv, SPAWN, -1, (const char *a, char *const argv[]),
    (a, argv))
STRAIGHT(int, execve, SPAWN, -1, (const char *a, char *const argv[],
    char *const env[]), (a, argv, env))

/* These give back the error. */
STRAIGHT(int, posix_spawn, SPAWN, errno, (pid_t *restrict pid,
    const char *restrict a, const posix_spawn_file_actions_t *acts,
    const posix_spawnattr_t *restrict attr, char *const argv[restrict],
    char *const env[restrict]), (pid, a, acts, attr, argv, env))
STRAIGHT(int, posix_spawnp, SPAWN, errno, (pid_t *restrict pid,
    const char *restrict a, const posix_spawn_file_actions_t *acts,
    const posix_spawnattr_t *restrict attr, char *const argv[restrict],
    char *const env[restrict]), (pid, a, acts, attr, argv, env))
STRAIGHT(int, pthread_create, THREAD, errno, (pthread_t *restrict t,
    const pthread_attr_t *restrict attr, void *(*f)(void *),
    void *restrict p), (t, attr, f, p))

static bool
is_lock(int command)
{
	return command == F_SETLK || command == F_SETLKW ||
	    command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

#define CONTROLLING(name)	\
	int name(int fd, int command, ...) \
	{ \
		va_list ap; \
		void *p; \
		REAL(name) \
		va_start(ap, command); \
		p = va_arg(ap, void *); \
		va_end(ap); \
		if (is_lock(command) && fails(LOCK)) \
			return -1; \
		return real(fd, command, p); \
	}

CONTROLLING(fcntl)
CONTROLLING(fcntl64)

/*
 * By the names that the C library has for itself: to look for the others it
 * would need memory.
 */
void *
malloc(size_t len)
{
	return fails(MALLOC) ? NULL : __libc_malloc(len);
}

void *
calloc(size_t n, size_t len)
{
	return fails(MALLOC) ? NULL : __libc_calloc(n, len);
}

void *
realloc(void *p, size_t len)
{
	return fails(MALLOC) ? NULL : __libc_realloc(p, len);
}

void *
reallocarray(void *p, size_t n, size_t len)
{
	size_t all;

	if (__builtin_mul_overflow(n, len, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, all);
}

int
posix_memalign(void **p, size_t alignment, size_t len)
{
	*p = fails(MALLOC) ? NULL : __libc_memalign(alignment, len);
	return *p == NULL ? ENOMEM : 0;
}

void *
aligned_alloc(size_t alignment, size_t len)
{
	return fails(MALLOC) ? NULL : __libc_memalign(alignment, len);
}

static int (*real_main)(int, char **, char **);

static int
counted_main(int argc, char *argv[], char *env[])
{
	set_up();
	return real_main(argc, argv, env);
}

/* What the loader does and constructors of libraries do is not counted. */
int
__libc_start_main(int (*f)(int, char **, char **), int argc, char **argv,
    void (*init)(void), void (*fini)(void), void (*loaded)(void), void *stack)
{
	REAL(__libc_start_main)
	real_main = f;
	return real(counted_main, argc, argv, init, fini, loaded, stack);
}
