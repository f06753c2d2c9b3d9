#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"

static char home[] = "/tmp/omni-io-XXXXXX";

static volatile sig_atomic_t rang;

static void
on_alarm(int signal)
{
	(void)signal;
	rang = 1;
}

static bool
never(void)
{
	return false;
}

static bool
has_rung(void)
{
	return rang != 0;
}

static int waiting[2];	/* a pipe that somebody waits for */
static bool reads;
static volatile sig_atomic_t rings;

/* Only the third time there is something to read, or room to write. */
static void
on_third_alarm(int signal)
{
	char bytes[4096] = "x";

	(void)signal;
	if (++rings == 3 && (reads ? write(waiting[1], bytes, 1) :
	    read(waiting[0], bytes, sizeof(bytes))) == -1)
		_exit(1);
}

/* Interrupted while it waits, with nothing read or written yet. */
static void
test_interrupted_waiting(bool as_reader)
{
	struct itimerval every = { .it_interval = { .tv_usec = 2000 },
	    .it_value = { .tv_usec = 2000 } }, none = { .it_value = { 0 } };
	struct sigaction alarm_action = { .sa_handler = on_third_alarm };
	static char bytes[4096];

	assert(pipe(waiting) == 0);
	reads = as_reader;
	rings = 0;
	sigaction(SIGALRM, &alarm_action, NULL);
	fcntl(waiting[1], F_SETFL, O_NONBLOCK);
	while (!as_reader && write(waiting[1], bytes, sizeof(bytes)) != -1)
		;
	fcntl(waiting[1], F_SETFL, 0);
	setitimer(ITIMER_REAL, &every, NULL);
	if (as_reader)
		assert(io_read(waiting[0], bytes, 1) == 1);
	else
		assert(io_write_all(waiting[1], bytes, 1) == 0);
	setitimer(ITIMER_REAL, &none, NULL);
	assert(rings >= 3);
	close(waiting[0]);
	close(waiting[1]);
}

/*
 * Interrupted and cut short all the time, by a slow reader and a timer; with
 * `may_stop` in a program that might be stopped, but is not.
 */
static void
test_interrupted(bool may_stop)
{
	struct itimerval every = { .it_interval = { .tv_usec = 2000 },
	    .it_value = { .tv_usec = 2000 } }, none = { .it_value = { 0 } };
	struct sigaction alarm_action = { .sa_handler = on_alarm };
	static char data[1000000], back[1000000];
	size_t got = 0;
	int p[2], status;
	pid_t pid;
	ssize_t n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 % 251);
	sigaction(SIGALRM, &alarm_action, NULL);
	assert(pipe(p) == 0);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		close(p[0]);
		dup2(p[1], STDOUT_FILENO);
		if (may_stop)
			io_set_stop(never);
		setitimer(ITIMER_REAL, &every, NULL);
		_exit(io_write_all(STDOUT_FILENO, data, sizeof(data)) == 0 ?
		    0 : 1);
	}
	close(p[1]);
	usleep(20000);
	setitimer(ITIMER_REAL, &every, NULL);
	while ((n = io_read(p[0], back + got, sizeof(back) - got)) > 0)
		got += (size_t)n;
	setitimer(ITIMER_REAL, &none, NULL);
	assert(n == 0 && got == sizeof(data));
	assert(memcmp(data, back, sizeof(data)) == 0);
	close(p[0]);
	assert(waitpid(pid, &status, 0) == pid && status == 0);
}

/* In a child of its own: pipes for standard input and output, and a timer. */
static void
stop_in_child(const int in[2], int out)
{
	struct itimerval once = { .it_value = { .tv_usec = 100000 } };
	struct sigaction alarm_action = { .sa_handler = on_alarm };
	static char data[1000000];

	sigaction(SIGALRM, &alarm_action, NULL);
	assert(dup2(in[0], STDIN_FILENO) == 0 &&
	    dup2(out, STDOUT_FILENO) == 1);
	/* It rang for the tests before. */
	rang = 0;
	io_set_stop(has_rung);
	assert(io_read(STDIN_FILENO, data, sizeof(data)) == 2);
	rang = 0;
	setitimer(ITIMER_REAL, &once, NULL);
	assert(io_read(STDIN_FILENO, data, sizeof(data)) == -1 &&
	    errno == EINTR && rang);
	rang = 0;
	setitimer(ITIMER_REAL, &once, NULL);
	assert(io_write_all(STDOUT_FILENO, data, sizeof(data)) == -1 &&
	    errno == EINTR && rang);
	/* Not even what is at hand. */
	assert(write(in[1], "x", 1) == 1);
	assert(io_read(STDIN_FILENO, data, sizeof(data)) == -1 &&
	    errno == EINTR);
	/* Of others nothing is changed. */
	assert(io_read(in[0], data, 1) == 1 && data[0] == 'x');
}

static void
test_stop(void)
{
	int in[2], out[2], status;
	pid_t pid;

	assert(pipe(in) == 0 && pipe(out) == 0);
	assert(write(in[1], "ab", 2) == 2);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		stop_in_child(in, out[1]);
		_exit(0);
	}
	assert(waitpid(pid, &status, 0) == pid && status == 0);
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
}

static void
test_full_disk(void)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert(fd != -1);
	assert(io_write_all(fd, "x", 1) == -1 && errno == ENOSPC);
	assert(io_write_all(fd, "x", 0) == 0);
	close(fd);
}

static void
test_read_file(void)
{
	struct buf b = BUF_INIT(5);
	struct error e;
	int fd;

	fd = open("five", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert(fd != -1 && write(fd, "12\0" "45", 5) == 5);
	assert(io_read_file(AT_FDCWD, "five", &b, &e) == 0);
	assert(b.len == 5 && memcmp(b.data, "12\0" "45", 5) == 0);
	assert(write(fd, "6", 1) == 1);
	close(fd);
	buf_clear(&b);
	assert(io_read_file(AT_FDCWD, "five", &b, &e) == -1);
	assert(e.status == EX_DATAERR);
	assert(strcmp(e.text, "five: more than 5 bytes") == 0);
	buf_clear(&b);
	assert(io_read_file(AT_FDCWD, "none", &b, &e) == -1);
	assert(strcmp(e.text, "none: No such file or directory") == 0);
	assert(io_read_file(AT_FDCWD, ".", &b, &e) == -1);
	buf_release(&b);
}

static void
test_directories(void)
{
	struct error e;
	struct stat st;
	int fd;

	assert(io_make_dirs("a/b//c", 0750, &e) == 0);
	assert(io_make_dirs("a/b/c", 0700, &e) == 0);
	assert(stat("a/b/c", &st) == 0 && (st.st_mode & 0777) == 0750);
	assert(io_make_dirs("five/x", 0700, &e) == -1);
	assert(strncmp(e.text, "mkdir five", 10) == 0);
	fd = io_open_dir("a/d/e", 0700, &e);
	assert(fd != -1 && io_sync_dir(fd, ".") == 0);
	assert(io_make_dir(fd, "f", 0700) == 0);
	assert(io_make_dir(fd, "f", 0700) == 0);
	assert(io_make_dir(fd, "f/g", 0700) == 0 && rmdir("a/d/e/f/g") == 0);
	assert(rmdir("a/d/e/f") == 0);
	assert(io_make_dir(fd, "f/g", 0700) == -1 && errno == ENOENT);
	close(fd);
	assert(io_open_dir("five", 0700, &e) == -1);
	assert(io_sync_dir(AT_FDCWD, "none") == -1 && errno == ENOENT);
}

static void
test_durable_file(void)
{
	struct buf data = BUF_INIT(100), back = BUF_INIT(100);
	struct error e;
	int fd;

	buf_str(&data, "new");
	fd = io_create(AT_FDCWD, "a/.tmp", &e);
	assert(fd != -1);
	assert(io_finish(AT_FDCWD, fd, "a/.tmp", "a/file", &data, &e) == 0);
	assert(access("a/.tmp", F_OK) == -1);
	assert(io_read_file(AT_FDCWD, "a/file", &back, &e) == 0);
	assert(strcmp(buf_text(&back), "new") == 0);
	/* What cannot be named leaves nothing behind. */
	fd = io_create(AT_FDCWD, "a/.tmp", &e);
	assert(io_finish(AT_FDCWD, fd, "a/.tmp", "none/file", &data, &e) == -1);
	assert(access("a/.tmp", F_OK) == -1);
	assert(io_create(AT_FDCWD, "none/.tmp", &e) == -1);
	/* Nor does what cannot be written. */
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert(io_finish(AT_FDCWD, fd, "a/.tmp", "a/file", &data, &e) == -1);
	assert(e.status == EX_TEMPFAIL);
	buf_clear(&back);
	assert(io_read_file(AT_FDCWD, "a/file", &back, &e) == 0);
	assert(strcmp(buf_text(&back), "new") == 0);
	buf_release(&data);
	buf_release(&back);
}

static void
test_lock(void)
{
	struct error e;
	int fd, status;
	pid_t pid;

	fd = io_lock("lock", false, &e);
	assert(fd != -1);
	assert(io_lock("lock", false, &e) == -1);
	assert(e.status == EX_TEMPFAIL);
	assert(strcmp(e.text, "lock: held by another process") == 0);
	close(fd);
	fd = io_lock("lock", false, &e);
	assert(fd != -1);
	close(fd);
	/* A lock dies with its owner, and whoever waits gets it. */
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		fd = io_lock("lock", true, &e);
		if (fd == -1 || mkdir("locked", 0700) == -1)
			_exit(1);
		usleep(100000);
		kill(getpid(), SIGKILL);
	}
	while (access("locked", F_OK) == -1)
		usleep(1000);
	fd = io_lock("lock", true, &e);
	assert(fd != -1);
	close(fd);
	assert(waitpid(pid, &status, 0) == pid);
	assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert(io_lock("none/lock", false, &e) == -1);
}

static void
test_check_std(void)
{
	int status;

	for (int fd = 0; fd < 3; fd++) {
		pid_t pid = fork();

		assert(pid != -1);
		if (pid == 0) {
			int null = open("/dev/null", O_RDWR | O_CLOEXEC);

			dup2(null, STDERR_FILENO);
			close(fd);
			io_check_std();
			_exit(0);
		}
		assert(waitpid(pid, &status, 0) == pid);
		assert(WIFEXITED(status) && WEXITSTATUS(status) == EX_IOERR);
	}
	io_check_std();
}

int
main(void)
{
	int fd;

	/* A pipe that is standard input itself would be no test. */
	while ((fd = open("/dev/null", O_RDWR)) != -1 && fd <= STDERR_FILENO)
		;
	umask(022);
	assert(mkdtemp(home) != NULL && chdir(home) == 0);
	test_interrupted_waiting(true);
	test_interrupted_waiting(false);
	test_interrupted(false);
	test_interrupted(true);
	test_stop();
	test_full_disk();
	test_read_file();
	test_directories();
	test_durable_file();
	test_lock();
	test_check_std();
	unlink("a/file");
	unlink("five");
	unlink("lock");
	assert(rmdir("locked") == 0 && rmdir("a/b/c") == 0 &&
	    rmdir("a/b") == 0 && rmdir("a/d/e") == 0 && rmdir("a/d") == 0 &&
	    rmdir("a") == 0 && rmdir(home) == 0);
	return 0;
}
