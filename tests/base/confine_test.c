/*
 * What a confined process may still do, and that anything else ends it.  Each
 * case is a child of its own.
 */
#undef NDEBUG
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"

#define MIB	(1024UL * 1024)

static char home[64], inside[96];
static int in, out;	/* a directory that is given, and one that is not */

/* The status of a child that is confined, with files or without, and does it. */
static int
status_of(int (*act)(void), bool with_files)
{
	struct confine c = { .seconds = 5, .memory = 512 * MIB,
	    .file = MIB };
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		if (with_files)
			c.dirs[c.count++] = in;
		confine(&c);
		_exit(act());
	}
	assert(waitpid(pid, &status, 0) == pid);
	return status;
}

static bool
ends_well(int (*act)(void), bool with_files)
{
	int status = status_of(act, with_files);

	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
is_killed(int (*act)(void), bool with_files)
{
	int status = status_of(act, with_files);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/* What a program needs to take bytes, work on them and answer. */
static int
work(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };
	char *memory = malloc(64 * MIB);
	struct timespec t;
	char text[64];
	uint32_t random;

	if (memory == NULL || poll(&p, 1, 10) == -1 ||
	    getrandom(&random, sizeof(random), 0) != sizeof(random) ||
	    clock_gettime(CLOCK_REALTIME, &t) == -1 || time(NULL) == -1 ||
	    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t) == -1)
		return 1;
	memset(memory, 1, 64 * MIB);
	memory = realloc(memory, 128 * MIB);
	snprintf(text, sizeof(text), "%s %ld\n", strerror(ENOSPC),
	    (long)getpid());
	free(memory);
	return write(STDERR_FILENO, "", 0) == -1;
}

static int
spool(void)
{
	int fd = openat(in, "a", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0640);

	if (fd == -1 || write(fd, "x", 1) != 1 || fsync(fd) == -1 ||
	    close(fd) == -1 || linkat(in, "a", in, "b", 0) == -1 ||
	    unlinkat(in, "a", 0) == -1)
		return 1;
	fd = openat(in, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd == -1 || fsync(fd) == -1 || unlinkat(in, "b", 0) == -1;
}

static int
write_elsewhere(void)
{
	return openat(out, "a", O_WRONLY | O_CREAT, 0640) == -1 &&
	    errno == EACCES ? 0 : 1;
}

static int
read_elsewhere(void)
{
	return open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES ? 0 : 1;
}

static int
remove_elsewhere(void)
{
	return unlinkat(out, "kept", 0) == -1 && errno == EACCES ? 0 : 1;
}

static int
write_much(void)
{
	static char block[64 * 1024];
	int fd = openat(in, "big", O_WRONLY | O_CREAT | O_TRUNC, 0640);
	ssize_t n = 0;

	for (int i = 0; i < 32 && n != -1; i++)
		n = write(fd, block, sizeof(block));
	return n == -1 && errno == EFBIG ? 0 : 1;
}

static int
take_much(void)
{
	/* Volatile, or the compiler knows that nobody looks. */
	void *volatile p = malloc(1024 * MIB);

	return p == NULL ? 0 : 1;
}

static int
open_a_file(void)
{
	return open("/etc/passwd", O_RDONLY) == -1;
}

static int
open_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) == -1;
}

static int
run_a_program(void)
{
	char *argv[] = { NULL };

	return execv("/bin/true", argv);
}

static int
make_a_process(void)
{
	return fork() == -1;
}

static int
map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int
change_mode(void)
{
	return fchmodat(in, ".", 0777, 0);
}

static int
make_a_directory(void)
{
	return mkdirat(in, "d", 0750);
}

static int
signal_somebody(void)
{
	return kill(getppid(), 0);
}

static int
look_at_somebody(void)
{
	return (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}

static int
gain_nothing(void)
{
	return (int)syscall(SYS_setuid, 0);
}

/* What a filter needs: zones, templates, and a ledger that was open before. */
static int
read_and_work(void)
{
	struct stat st;
	char text[64];
	int fd = openat(in, "text", O_RDONLY | O_CLOEXEC);
	DIR *dir;

	if (fd == -1 || read(fd, text, sizeof(text)) != 4 ||
	    pread(fd, text, 1, 2) != 1 || close(fd) == -1)
		return 1;
	dir = opendir(inside);
	if (dir == NULL || readdir(dir) == NULL || closedir(dir) == -1 ||
	    stat("/etc/passwd", &st) == -1 || access(inside, X_OK) == -1)
		return 1;
	usleep(1);
	(void)isatty(STDOUT_FILENO);
	return work();
}

static int
follow_a_link(void)
{
	char path[128], byte;
	int fd;

	snprintf(path, sizeof(path), "%s/link", inside);
	fd = open(path, O_RDONLY);
	return fd == -1 || read(fd, &byte, 1) != 1;
}

static int
open_to_write(void)
{
	static const int flags[] = { O_WRONLY, O_RDWR, O_RDONLY | O_CREAT,
	    O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (openat(in, "text", flags[i], 0640) != -1 ||
		    errno != EACCES)
			return 1;
	return 0;
}

/* Being told that one may not is enough, for what libraries try. */
static int
be_refused(void)
{
	struct rlimit r;

	return fchmod(in, 0777) == -1 && errno == EPERM &&
	    fchown(in, 0, 0) == -1 && errno == EPERM &&
	    getrlimit(RLIMIT_CPU, &r) == -1 && errno == EPERM &&
	    ioctl(STDIN_FILENO, TIOCSTI, "x") == -1 && errno == EPERM ? 0 : 1;
}

static int
ask_somebody(void)
{
	return sendto(-1, "", 0, 0, NULL, 0) == -1 && errno == EBADF ? 0 : 1;
}

static int
remove_a_file(void)
{
	return unlinkat(in, "text", 0);
}

static int
rename_a_file(void)
{
	return renameat(in, "text", in, "other");
}

static int
make_code_of_data(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
write_inside(void)
{
	int fd = openat(in, "made", O_WRONLY | O_CREAT | O_TRUNC, 0640);

	if (fd == -1 || write(fd, "x", 1) != 1 || close(fd) == -1)
		return 1;
	fd = openat(in, "made", O_WRONLY | O_TRUNC);
	return fd == -1 || ftruncate(fd, 0) == -1 || close(fd) == -1 ||
	    unlinkat(in, "made", 0) == -1;
}

static int
use_the_network(void)
{
	struct stat st;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd == -1 || open("/etc/passwd", O_RDONLY) == -1 ||
	    stat(inside, &st) == -1;
}

static int
be_no_program(void)
{
	return run_a_program() == -1 && errno == EACCES ? 0 : 1;
}

static int
make_thread(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(0);
	return waitpid(pid, &status, 0) != pid;
}

enum kind { READS, ASKS, WRITES };

static int
status_as(int (*act)(void), enum kind kind)
{
	struct confine_files f = { .tree = inside };
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		if (kind == WRITES)
			confine_writing(&f);
		else
			confine_reading(&f, kind == ASKS);
		_exit(act());
	}
	assert(waitpid(pid, &status, 0) == pid);
	return status;
}

static bool
fares_well(int (*act)(void), enum kind kind)
{
	int status = status_as(act, kind);

	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
dies(int (*act)(void), enum kind kind)
{
	int status = status_as(act, kind);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void
test_reading(bool landlock)
{
	int (*const acts[])(void) = { open_a_socket, run_a_program,
	    make_a_process, map_code, make_code_of_data, change_mode,
	    make_a_directory, signal_somebody, look_at_somebody,
	    gain_nothing, remove_a_file, rename_a_file };

	for (enum kind k = READS; k <= ASKS; k++) {
		for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
			assert(dies(acts[i], k));
		assert(fares_well(read_and_work, k));
		assert(fares_well(follow_a_link, k));
		assert(fares_well(open_to_write, k));
		assert(fares_well(be_refused, k));
		if (landlock)
			assert(fares_well(read_elsewhere, k));
	}
	assert(fares_well(ask_somebody, ASKS));
	assert(dies(ask_somebody, READS));
}

/* A sender: without Landlock it may do what it likes. */
static void
test_writing(void)
{
	assert(fares_well(write_inside, WRITES));
	assert(fares_well(use_the_network, WRITES));
	assert(fares_well(make_thread, WRITES));
	assert(fares_well(write_elsewhere, WRITES));
	assert(fares_well(remove_elsewhere, WRITES));
	assert(fares_well(be_no_program, WRITES));
	assert(faccessat(out, "kept", F_OK, 0) == 0);
}

static void
fill(int dir, const char *name)
{
	int made = openat(dir, name, O_WRONLY | O_CREAT, 0640);

	assert(made != -1 && write(made, "text", 4) == 4);
	close(made);
}

static void
make_home(void)
{
	int fd;

	snprintf(home, sizeof(home), "/tmp/confine_test.XXXXXX");
	assert(mkdtemp(home) != NULL);
	fd = open(home, O_RDONLY | O_DIRECTORY);
	assert(fd != -1 && mkdirat(fd, "in", 0755) == 0 &&
	    mkdirat(fd, "out", 0755) == 0);
	in = openat(fd, "in", O_RDONLY | O_DIRECTORY);
	out = openat(fd, "out", O_RDONLY | O_DIRECTORY);
	assert(in != -1 && out != -1);
	fill(out, "kept");
	fill(in, "text");
	snprintf(inside, sizeof(inside), "%s/in", home);
	assert(symlinkat("../out/kept", in, "link") == 0);
	close(fd);
}

static void
remove_home(void)
{
	unlinkat(in, "big", 0);
	unlinkat(in, "text", 0);
	unlinkat(in, "link", 0);
	unlinkat(out, "kept", 0);
	assert(fchdir(in) == 0 && chdir("..") == 0);
	assert(rmdir("in") == 0 && rmdir("out") == 0 && rmdir(home) == 0);
}

static void
test_allowed(void)
{
	assert(ends_well(work, false));
	assert(ends_well(work, true));
	assert(ends_well(spool, true));
}

static void
test_killed(void)
{
	int (*const acts[])(void) = { open_a_socket, run_a_program,
	    make_a_process, map_code, change_mode, make_a_directory,
	    signal_somebody, look_at_somebody, gain_nothing };

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		assert(is_killed(acts[i], false));
		assert(is_killed(acts[i], true));
	}
	assert(is_killed(open_a_file, false));
	assert(is_killed(spool, false));
}

static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION) >= 2;
}

static void
test_files(void)
{
	assert(ends_well(write_elsewhere, true));
	assert(ends_well(read_elsewhere, true));
	assert(ends_well(remove_elsewhere, true));
	assert(faccessat(out, "kept", F_OK, 0) == 0);
}

static void
test_limits(void)
{
	assert(ends_well(take_much, false));
	assert(ends_well(write_much, true));
}

int
main(void)
{
	/* A limit on files is not set where these are files themselves. */
	int null = open("/dev/null", O_WRONLY);

	if (!confine_is_built() || prctl(PR_GET_SECCOMP) == -1) {
		puts("# skip nothing is confined in this build, or kernel");
		return 0;
	}
	assert(null != -1);
	make_home();
	test_allowed();
	test_killed();
	test_reading(has_landlock());
	if (has_landlock()) {
		test_files();
		test_writing();
	} else
		puts("# skip this kernel has no Landlock, or its first");
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	test_limits();
	remove_home();
	return 0;
}
