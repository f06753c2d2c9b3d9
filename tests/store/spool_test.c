#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "store/spool.h"

static char home[] = "/tmp/omni-spool-XXXXXX";
static int dir;

/*
 * What the kernel is asked to write out, in order: "f" a file, "d" a
 * directory, each followed by where "a" stands at that moment.  At number
 * `sync_fails` the disk is broken.
 */
static char synced[64];
static int syncs, sync_fails;

int
fsync(int fd)
{
	size_t len = strlen(synced);
	struct stat st;

	assert(fstat(fd, &st) == 0);
	snprintf(synced + len, sizeof(synced) - len, "%s:%s%s ",
	    S_ISDIR(st.st_mode) ? "d" : "f",
	    faccessat(dir, "tmp/a", F_OK, 0) == 0 ? "tmp" : "",
	    faccessat(dir, "new/a", F_OK, 0) == 0 ? "+new" : "");
	if (++syncs == sync_fails) {
		errno = EIO;
		return -1;
	}
	return 0;
}

/* Between open(2) and flock(2) the file gives its name to another one. */
static bool replaces;

int
flock(int fd, int how)
{
	if (replaces)
		assert(renameat(dir, "new/b", dir, "new/a") == 0);
	replaces = false;
	return (int)syscall(SYS_flock, fd, how);
}

static void
put(const char *name, const char *text)
{
	struct error e;

	assert(spool_put(dir, name, text, strlen(text), true, &e) == 0);
}

static size_t
count(const char *sub)
{
	char **names;
	struct error e;
	size_t n;

	assert(spool_names(dir, sub, 1000, &names, &n, &e) == 0);
	spool_names_free(names, n);
	return n;
}

static bool
there(const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, 0) == 0;
}

static void
is_content(const char *path, const char *text)
{
	struct buf b = BUF_INIT(10000);
	struct error e;

	assert(io_read_file(dir, path, &b, &e) == 0);
	assert(strcmp(buf_text(&b), text) == 0);
	buf_release(&b);
}

static void
remove_file(const char *path)
{
	assert(unlinkat(dir, path, 0) == 0);
}

static void
test_put_claim_done(void)
{
	struct error e;
	struct stat st;
	int fd;

	put("a", "one\n");
	assert(there("new/a") && !there("tmp/a"));
	assert(fstatat(dir, "new/a", &st, 0) == 0);
	assert(st.st_nlink == 1 && (st.st_mode & 07) == 0);
	fd = spool_claim(dir, "new", "a");
	assert(fd != -1);
	assert(!there("new/a") && there("cur/a"));
	is_content("cur/a", "one\n");
	assert(spool_done(dir, "a") == 0);
	assert(!there("cur/a"));
	close(fd);
	assert(spool_done(dir, "a") == -1 && errno == ENOENT);
	assert(spool_claim(dir, "new", "a") == -1 && errno == ENOENT);
	assert(spool_claim(dir, "cur", "a") == -1 && errno == ENOENT);
	/* Without syncing it is the same to see, also when it is empty. */
	assert(spool_put(dir, "b", "", 0, false, &e) == 0);
	is_content("new/b", "");
	remove_file("new/b");
}

/* The file before it has its name, and the name before anybody is told. */
static void
test_durable(void)
{
	struct error e;

	*synced = '\0';
	put("a", "one");
	assert(strcmp(synced, "f:tmp d:tmp+new ") == 0);
	remove_file("new/a");
	*synced = '\0';
	assert(spool_put(dir, "a", "one", 3, false, &e) == 0);
	assert(*synced == '\0');
	remove_file("new/a");
	for (sync_fails = 1; sync_fails <= 2; sync_fails++) {
		syncs = 0;
		*synced = '\0';
		assert(spool_put(dir, "a", "one", 3, true, &e) == -1);
		assert(strstr(e.text, strerror(EIO)) != NULL);
		assert(count("new") == 0 && count("tmp") == 0);
	}
	sync_fails = 0;
}

static void
test_clash(void)
{
	struct error e;
	int fd;

	put("a", "first");
	assert(spool_put(dir, "a", "second", 6, true, &e) == -1);
	assert(errno == EEXIST);
	assert(strstr(e.text, "File exists") != NULL);
	is_content("new/a", "first");
	assert(count("tmp") == 0);
	remove_file("new/a");
	/* What another writer has in tmp/ is not touched. */
	fd = openat(dir, "tmp/a", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert(fd != -1 && write(fd, "theirs", 6) == 6);
	close(fd);
	assert(spool_put(dir, "a", "ours", 4, true, &e) == -1);
	assert(errno == EEXIST && !there("new/a"));
	is_content("tmp/a", "theirs");
	remove_file("tmp/a");
	/* A name may not lead out of the spool. */
	assert(spool_put(dir, "../a", "x", 1, true, &e) == -1);
	assert(spool_claim(dir, "new", "../new/a") == -1);
	assert(spool_done(dir, "../new/a") == -1);
}

static void
test_second_claimant(void)
{
	int fd, second;

	put("a", "x");
	fd = spool_claim(dir, "new", "a");
	assert(fd != -1);
	/* It comes late, and finds the name gone ... */
	assert(spool_claim(dir, "new", "a") == -1 && errno == ENOENT);
	/* ... or tries what is in cur/, whose owner lives. */
	assert(spool_claim(dir, "cur", "a") == -1 && errno == EAGAIN);
	close(fd);
	/* Now the owner is dead, and it goes to whoever asks. */
	second = spool_claim(dir, "cur", "a");
	assert(second != -1 && there("cur/a"));
	assert(spool_done(dir, "a") == 0);
	close(second);
}

/* The lock is on what is gone: it says nothing of what has the name now. */
static void
test_replaced(void)
{
	int fd;

	put("a", "old");
	put("b", "new");
	replaces = true;
	assert(spool_claim(dir, "new", "a") == -1 && errno == ENOENT);
	assert(there("new/a") && !there("cur/a"));
	fd = spool_claim(dir, "new", "a");
	assert(fd != -1 && spool_done(dir, "a") == 0);
	close(fd);
}

/* A claim by a process that was killed is stale, and can be taken over. */
static void
test_killed_owner(void)
{
	int fd, status;
	pid_t pid;

	put("a", "x");
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		if (spool_claim(dir, "new", "a") == -1)
			_exit(1);
		for (;;)
			pause();
	}
	while (!there("cur/a"))
		usleep(1000);
	assert(spool_claim(dir, "cur", "a") == -1 && errno == EAGAIN);
	kill(pid, SIGKILL);
	assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	fd = spool_claim(dir, "cur", "a");
	assert(fd != -1);
	assert(spool_done(dir, "a") == 0);
	close(fd);
}

/* Each of many files goes to exactly one of several processes. */
static void
test_race(void)
{
	enum { FILES = 200, WORKERS = 4 };
	char name[SPOOL_NAME];
	int status, total = 0;
	pid_t pid[WORKERS];

	for (int i = 0; i < FILES; i++)
		put(spool_name(name), "x");
	for (int w = 0; w < WORKERS; w++) {
		pid[w] = fork();
		assert(pid[w] != -1);
		if (pid[w] == 0) {
			char **names;
			struct error e;
			size_t n;
			int mine = 0, fd;

			if (spool_names(dir, "new", 1000, &names, &n, &e) == -1)
				_exit(255);
			for (size_t i = 0; i < n; i++) {
				fd = spool_claim(dir, "new", names[i]);
				if (fd == -1)
					continue;
				mine++;
				if (spool_done(dir, names[i]) == -1)
					_exit(255);
				close(fd);
			}
			_exit(mine);
		}
	}
	for (int w = 0; w < WORKERS; w++) {
		assert(waitpid(pid[w], &status, 0) == pid[w]);
		assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
		total += WEXITSTATUS(status);
	}
	assert(total == FILES);
	assert(count("new") == 0 && count("cur") == 0 && count("tmp") == 0);
}

static void
test_reject(void)
{
	int fd;

	put("a", "x");
	fd = spool_claim(dir, "new", "a");
	assert(fd != -1);
	assert(spool_reject(dir, "cur", "a", "not\na batch") == 0);
	close(fd);
	assert(!there("cur/a"));
	is_content("bad/a", "x");
	is_content("bad/a.reason", "not\\x0aa batch\n");
	/* Again, and where the reason would go lies a link to elsewhere. */
	put("b", "kept");
	remove_file("bad/a.reason");
	assert(symlinkat("../new/b", dir, "bad/a.reason") == 0);
	assert(spool_reject(dir, "bad", "a", "none") == 0);
	is_content("new/b", "kept");
	is_content("bad/a.reason", "none\n");
	assert(spool_reject(dir, "bad", "a", "twice") == 0);
	is_content("bad/a.reason", "twice\n");
	remove_file("new/b");
	remove_file("bad/a");
	remove_file("bad/a.reason");
	assert(spool_reject(dir, "cur", "gone", "x") == -1);
	assert(errno == ENOENT);
	unlinkat(dir, "bad/gone.reason", 0);
}

static void
test_names(void)
{
	char **names, a[SPOOL_NAME], b[SPOOL_NAME];
	struct error e;
	size_t n;

	put("c", "");
	put("a", "");
	put(".hidden", "");
	put("b", "");
	assert(spool_names(dir, "new", 10, &names, &n, &e) == 0);
	assert(n == 3 && strcmp(names[0], "a") == 0 &&
	    strcmp(names[1], "b") == 0 && strcmp(names[2], "c") == 0);
	spool_names_free(names, n);
	assert(spool_names(dir, "new", 2, &names, &n, &e) == 0 && n == 2);
	spool_names_free(names, n);
	assert(spool_names(dir, "none", 2, &names, &n, &e) == -1 && n == 0);
	spool_names_free(names, n);
	remove_file("new/a");
	remove_file("new/b");
	remove_file("new/c");
	remove_file("new/.hidden");
	for (int i = 0; i < 1000; i++) {
		spool_name(a);
		assert(strchr(a, '/') == NULL && a[0] != '.');
		assert(strcmp(spool_name(b), a) != 0);
	}
}

static void
age(const char *path, long seconds)
{
	struct timespec t[2] = { { .tv_sec = time(NULL) - seconds } };

	t[1] = t[0];
	assert(utimensat(dir, path, t, 0) == 0);
}

static void
test_sweep(void)
{
	static const char *const files[] = { "tmp/old", "tmp/young", "new/old",
	    "cur/old", "bad/old" };
	int fd;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fd = openat(dir, files[i], O_WRONLY | O_CREAT | O_CLOEXEC,
		    0600);
		assert(fd != -1);
		close(fd);
		if (strcmp(files[i], "tmp/young") != 0)
			age(files[i], 7200);
	}
	spool_sweep(dir, 3600);
	assert(!there("tmp/old") && there("tmp/young") && there("new/old") &&
	    there("cur/old") && there("bad/old"));
	spool_sweep(dir, 7200);
	assert(there("tmp/young"));
	for (size_t i = 1; i < sizeof(files) / sizeof(files[0]); i++)
		remove_file(files[i]);
}

static void
test_open(void)
{
	struct error e;
	int again;

	assert(there("tmp") && there("new") && there("cur") && there("bad"));
	again = spool_open("spool/outbound/sms", &e);
	assert(again != -1);
	close(again);
	assert(spool_open("/dev/null/x", &e) == -1);
}

int
main(void)
{
	static const char *const dirs[] = { "tmp", "new", "cur", "bad" };
	struct error e;

	umask(027);
	assert(mkdtemp(home) != NULL && chdir(home) == 0);
	dir = spool_open("spool/outbound/sms", &e);
	assert(dir != -1);
	test_open();
	test_put_claim_done();
	test_durable();
	test_clash();
	test_second_claimant();
	test_replaced();
	test_killed_owner();
	test_race();
	test_reject();
	test_names();
	test_sweep();
	for (size_t i = 0; i < 4; i++)
		assert(unlinkat(dir, dirs[i], AT_REMOVEDIR) == 0);
	close(dir);
	assert(rmdir("spool/outbound/sms") == 0 &&
	    rmdir("spool/outbound") == 0 && rmdir("spool") == 0 &&
	    rmdir(home) == 0);
	return 0;
}
