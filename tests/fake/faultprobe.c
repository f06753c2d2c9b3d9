/*
 * faultprobe KIND
 *
 * Makes three calls of a kind that failat.c knows, and prints for each "ok",
 * "short" or the name of the error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define LENGTH	8

/* What a call works on; all of it is made before the first. */
static int file, pair[2];
static DIR *dir;
static char bytes[LENGTH];

static ssize_t
try_rename(void)
{
	return renameat(AT_FDCWD, "here", AT_FDCWD, "here");
}

static ssize_t
try_link(void)
{
	return linkat(AT_FDCWD, "here", AT_FDCWD, "there", 0) == -1 &&
	    errno != EEXIST ? -1 : 0;
}

static ssize_t
try_unlink(void)
{
	return unlinkat(AT_FDCWD, "not there", 0) == -1 && errno != ENOENT ?
	    -1 : 0;
}

static ssize_t
try_mkdir(void)
{
	return mkdir("directory", 0700) == -1 && errno != EEXIST ? -1 : 0;
}

static ssize_t
try_stat(void)
{
	struct stat st;

	return stat("here", &st);
}

static ssize_t
try_mmap(void)
{
	return mmap(NULL, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	    MAP_FAILED ? -1 : 0;
}

static ssize_t
try_lock(void)
{
	struct flock f = { .l_type = F_WRLCK };

	return fcntl(file, F_SETLK, &f);
}

static ssize_t
try_pipe(void)
{
	int p[2];

	return pipe2(p, O_CLOEXEC);
}

static ssize_t
try_spawn(void)
{
	char name[] = "true", *argv[] = { name, NULL };
	pid_t pid;

	errno = posix_spawnp(&pid, name, NULL, NULL, argv, NULL);
	return errno == 0 ? 0 : -1;
}

static void *
nothing(void *p)
{
	return p;
}

static ssize_t
try_thread(void)
{
	pthread_t t;

	errno = pthread_create(&t, NULL, nothing, NULL);
	return errno == 0 ? pthread_join(t, NULL) : -1;
}

static ssize_t
try_wait(void)
{
	return waitpid(-1, NULL, 0) == -1 && errno != ECHILD ? -1 : 0;
}

static ssize_t
try_poll(void)
{
	struct pollfd p = { .fd = file };

	return poll(&p, 1, 0) == -1 ? -1 : 0;
}

static ssize_t
try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* Nobody listens on the port that means any. */
static ssize_t
try_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connect(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    (struct sockaddr *)&to, sizeof(to)) == -1 &&
	    errno != ECONNREFUSED && errno != EADDRNOTAVAIL ? -1 : 0;
}

static ssize_t
try_malloc(void)
{
	void *volatile p = malloc(LENGTH);
	ssize_t rc = p == NULL ? -1 : 0;

	free(p);
	return rc;
}

static ssize_t try_write(void) { return write(pair[0], bytes, LENGTH); }
static ssize_t try_read(void) { return pread(file, bytes, LENGTH, 0); }
static ssize_t try_sync(void) { return fsync(file); }
static ssize_t try_open(void) { return open("here", O_RDONLY | O_CLOEXEC); }
static ssize_t try_close(void) { return close(dup(file)); }
static ssize_t try_truncate(void) { return ftruncate(file, LENGTH); }
static ssize_t try_send(void) { return send(pair[0], bytes, LENGTH, 0); }
static ssize_t try_recv(void) { return recv(pair[1], bytes, LENGTH, 0); }
static ssize_t try_random(void) { return getrandom(bytes, LENGTH, 0); }

static ssize_t
try_readdir(void)
{
	errno = 0;
	return readdir(dir) == NULL && errno != 0 ? -1 : 0;
}

static const struct {
	const char *name;
	ssize_t (*call)(void);
	bool moves;
} kinds[] = {
	{ "write", try_write, true }, { "sync", try_sync, false },
	{ "open", try_open, false }, { "close", try_close, false },
	{ "rename", try_rename, false }, { "link", try_link, false },
	{ "unlink", try_unlink, false }, { "mkdir", try_mkdir, false },
	{ "stat", try_stat, false }, { "truncate", try_truncate, false },
	{ "read", try_read, true }, { "readdir", try_readdir, false },
	{ "mmap", try_mmap, false }, { "lock", try_lock, false },
	{ "pipe", try_pipe, false }, { "spawn", try_spawn, false },
	{ "thread", try_thread, false }, { "wait", try_wait, false },
	{ "poll", try_poll, false }, { "socket", try_socket, false },
	{ "connect", try_connect, false }, { "send", try_send, true },
	{ "recv", try_recv, true }, { "random", try_random, false },
	{ "malloc", try_malloc, false }
};

/* Not by the functions that are tried. */
static void
prepare(void)
{
	static char out[BUFSIZ];
	FILE *f;

	setvbuf(stdout, out, _IOFBF, sizeof(out));
	f = fopen("here", "w+e");
	dir = opendir(".");
	if (f == NULL || dir == NULL || fputs("contents", f) == EOF ||
	    fflush(f) == EOF || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ==
	    -1)
		exit(EX_OSERR);
	file = fileno(f);
	for (int i = 0; i < 3 * LENGTH; i++)
		if (dprintf(pair[0], "x") != 1)
			exit(EX_OSERR);
}

int
main(int argc, char *argv[])
{
	const char *said[3];
	ssize_t n;

	prepare();
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		if (argc != 2 || strcmp(kinds[k].name, argv[1]) != 0)
			continue;
		for (int i = 0; i < 3; i++) {
			n = kinds[k].call();
			said[i] = n == -1 ? strerrorname_np(errno) :
			    kinds[k].moves && n < LENGTH ? "short" : "ok";
		}
		printf("%s %s %s\n", said[0], said[1], said[2]);
		return fflush(stdout) == EOF;
	}
	return EX_USAGE;
}
