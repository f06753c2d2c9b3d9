#include "confine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

#if defined(__x86_64__)
#define ARCH		AUDIT_ARCH_X86_64
#define X32_BIT		0x40000000	/* another set of numbers */
#elif defined(__aarch64__)
#define ARCH		AUDIT_ARCH_AARCH64
#endif

/*
 * A filter by hand and not by libseccomp, which would be one more library to
 * load for each webhook, and takes longer to put the filter together than the
 * rest of the request.
 */
#if defined(ARCH) && !defined(SANITIZED)

/* What the programs here and the C library below them ask for. */
static const uint16_t always[] = {
	__NR_read, __NR_write, __NR_close, __NR_fstat, __NR_newfstatat,
	__NR_lseek, __NR_fcntl, __NR_ppoll, __NR_brk, __NR_munmap, __NR_mremap,
	__NR_madvise, __NR_futex, __NR_getrandom, __NR_getpid, __NR_gettid,
	__NR_clock_gettime, __NR_rt_sigprocmask, __NR_rt_sigreturn,
	__NR_restart_syscall, __NR_exit, __NR_exit_group,
#ifdef __NR_poll
	__NR_poll,
#endif
#ifdef __NR_time
	__NR_time, __NR_gettimeofday,
#endif
};

static const uint16_t spooling[] = { __NR_openat, __NR_linkat, __NR_unlinkat,
	__NR_fsync };

/*
 * What a filter asks for besides: looking at files, waiting, and what SQLite
 * does with a ledger that it has open, which includes growing the memory that
 * it shares with other processes.
 */
static const uint16_t reading[] = {
	__NR_getdents64, __NR_readlinkat, __NR_faccessat, __NR_faccessat2,
	__NR_statx, __NR_statfs, __NR_fstatfs, __NR_pread64, __NR_pwrite64,
	__NR_readv, __NR_writev, __NR_ftruncate, __NR_getuid, __NR_geteuid,
	__NR_getgid, __NR_getegid, __NR_getcwd, __NR_uname, __NR_sysinfo,
	__NR_umask, __NR_sched_yield, __NR_nanosleep, __NR_clock_nanosleep,
	__NR_clock_getres, __NR_rt_sigaction, __NR_sigaltstack,
#ifdef __NR_access
	__NR_access, __NR_readlink, __NR_stat, __NR_lstat,
#endif
};

/* To a launcher, by the one socket that is open; and to see it end. */
static const uint16_t asking[] = { __NR_sendto, __NR_recvmsg, __NR_wait4 };

/*
 * What libraries do by the way and get over, being told that they may not:
 * SQLite, for root, gives its files to whom the ledger belongs.
 */
static const uint16_t refused[] = {
	__NR_fchown, __NR_fchmod, __NR_prlimit64, __NR_sched_getaffinity,
	__NR_ioctl,
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
/* The heads of the parts below, and two for each number. */
#define FILTER_MAX	(40 + 2 * (COUNT(always) + COUNT(spooling) + \
	COUNT(reading) + COUNT(asking) + COUNT(refused)))

/* Jumps over one, or goes on. */
#define LOAD(field)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
	offsetof(struct seccomp_data, field))
#define IF(value)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1)
#define UNLESS(value)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 1, 0)
#define RETURN(what)	BPF_STMT(BPF_RET | BPF_K, (what))

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short len;
};

static void
add(struct filter *f, struct sock_filter one)
{
	f->code[f->len++] = one;
}

static void
allow(struct filter *f, const uint16_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add(f, (struct sock_filter)IF(numbers[i]));
		add(f, (struct sock_filter)RETURN(SECCOMP_RET_ALLOW));
	}
}

/*
 * That call, if its argument, whose low half comes first on both machines, has
 * none of these bits; else what `otherwise` says.
 */
#define ALLOW_WITHOUT(f, number, argument, bits, otherwise) do { \
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, \
	    (number), 0, 4)); \
	add(f, (struct sock_filter)LOAD(args[argument])); \
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, \
	    (bits), 1, 0)); \
	add(f, (struct sock_filter)RETURN(SECCOMP_RET_ALLOW)); \
	add(f, (struct sock_filter)RETURN(otherwise)); \
} while (0)

/* Memory that can be run is not to be had. */
static void
allow_mmap(struct filter *f)
{
	ALLOW_WITHOUT(f, __NR_mmap, 2, PROT_EXEC, SECCOMP_RET_KILL_PROCESS);
}

/* Another machine's numbers mean other calls. */
static void
begin(struct filter *f)
{
	f->len = 0;
	add(f, (struct sock_filter)LOAD(arch));
	add(f, (struct sock_filter)UNLESS(ARCH));
	add(f, (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS));
	add(f, (struct sock_filter)LOAD(nr));
#ifdef X32_BIT
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
	    X32_BIT, 0, 1));
	add(f, (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS));
#endif
	allow(f, always, COUNT(always));
}

static void
enter(struct filter *f)
{
	struct sock_fprog program = { .filter = f->code };

	add(f, (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS));
	program.len = f->len;
	syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static void
forbid_calls(bool with_files)
{
	struct filter f;

	begin(&f);
	if (with_files)
		allow(&f, spooling, COUNT(spooling));
	allow_mmap(&f);
	enter(&f);
}

#define TO_WRITE	(O_ACCMODE | O_CREAT | O_TRUNC)

/* The question whether it is a terminal, and how wide it is. */
static void
allow_terminal(struct filter *f)
{
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
	    __NR_ioctl, 0, 6));
	add(f, (struct sock_filter)LOAD(args[1]));
	add(f, (struct sock_filter)IF(TCGETS));
	add(f, (struct sock_filter)RETURN(SECCOMP_RET_ALLOW));
	add(f, (struct sock_filter)IF(TIOCGWINSZ));
	add(f, (struct sock_filter)RETURN(SECCOMP_RET_ALLOW));
	add(f, (struct sock_filter)LOAD(nr));
}

static void
forbid_all_but_reading(bool asks)
{
	struct filter f;

	begin(&f);
	allow(&f, reading, COUNT(reading));
	if (asks)
		allow(&f, asking, COUNT(asking));
	allow_terminal(&f);
	for (size_t i = 0; i < COUNT(refused); i++) {
		add(&f, (struct sock_filter)IF(refused[i]));
		add(&f, (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | EPERM));
	}
	allow_mmap(&f);
	ALLOW_WITHOUT(&f, __NR_mprotect, 2, PROT_EXEC,
	    SECCOMP_RET_KILL_PROCESS);
	ALLOW_WITHOUT(&f, __NR_openat, 2, TO_WRITE,
	    SECCOMP_RET_ERRNO | EACCES);
	enter(&f);
}

#else

static void
forbid_calls(bool with_files)
{
	(void)with_files;
}

static void
forbid_all_but_reading(bool asks)
{
	(void)asks;
}

#endif

/*
 * The first version cannot allow a link from one directory to another, which is
 * how a file comes into the spool: it is of no use here.
 */
#define LANDLOCK_LEAST	2
#define TRUNCATE_SINCE	3
#define ACCESS_TRUNCATE	(1ULL << 14)

/* All of the second version: from "run" to "link elsewhere". */
#define ALL_RIGHTS	((LANDLOCK_ACCESS_FS_REFER << 1) - 1)
#define SEEING	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static long
landlock_version(void)
{
	return syscall(__NR_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

/* The right to write, with the one to make files shorter if that is another. */
static uint64_t
with_truncation(uint64_t rights)
{
	return (rights & LANDLOCK_ACCESS_FS_WRITE_FILE) != 0 &&
	    landlock_version() >= TRUNCATE_SINCE ? rights | ACCESS_TRUNCATE :
	    rights;
}

/* A set of rules for these rights, or -1 where the kernel has none. */
static int
new_rules(uint64_t rights)
{
	struct landlock_ruleset_attr attr = {
	    .handled_access_fs = with_truncation(rights) };

	if (landlock_version() < LANDLOCK_LEAST)
		return -1;
	return (int)syscall(__NR_landlock_create_ruleset, &attr, sizeof(attr),
	    0);
}

static bool
add_rule(int set, int fd, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath = {
	    .allowed_access = rights, .parent_fd = fd };

	return syscall(__NR_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH,
	    &beneath, 0) == 0;
}

static void
obey(int set)
{
	syscall(__NR_landlock_restrict_self, set, 0);
	close(set);
}

static void
forbid_files(const struct confine *c)
{
	int set = new_rules(ALL_RIGHTS);

	if (set == -1)
		return;
	for (size_t i = 0; i < c->count; i++)
		if (!add_rule(set, c->dirs[i], LANDLOCK_ACCESS_FS_MAKE_REG |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REFER)) {
			close(set);
			return;
		}
	obey(set);
}

/*
 * What is not there, or not for us, cannot be read either.  But for any other
 * reason it would be forbidden, and the program would find nothing in it.
 */
static int
open_path(int dir, const char *path, int flags)
{
	int fd;

	do
		fd = openat(dir, path, flags | O_CLOEXEC);
	while (fd == -1 && errno == EINTR);
	if (fd == -1)
		die_unless_absent(path);
	return fd;
}

static void
add_path(int set, int dir, const char *path, uint64_t rights)
{
	const uint64_t of_a_file = LANDLOCK_ACCESS_FS_READ_FILE |
	    LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE;
	int fd = open_path(dir, path, O_PATH);
	struct stat st;

	if (fd == -1)
		return;
	if (fstat(fd, &st) == -1)
		die_unless_absent(path);
	else
		add_rule(set, fd, S_ISDIR(st.st_mode) ? rights :
		    rights & of_a_file);
	close(fd);
}

/* Not every file system tells. */
static unsigned char
type_of(int dir, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	if (fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return DT_UNKNOWN;
	return IFTODT(st.st_mode);
}

/*
 * A rule is for what lies beneath a directory, and a link in it may lead out:
 * whoever put it there meant that to be read.
 */
static void
add_links(int set, int dir, const char *name, uint64_t rights, int depth)
{
	int fd = open_path(dir, name, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	const struct dirent *d;
	DIR *handle;
	unsigned char type;

	if (fd == -1)
		return;
	handle = fdopendir(fd);
	if (handle == NULL)
		die(errno_status(errno), "%s: %s", name, strerror(errno));
	while (errno = 0, (d = readdir(handle)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		type = type_of(fd, d);
		if (type == DT_LNK)
			add_path(set, fd, d->d_name, rights);
		else if (type == DT_DIR && depth > 1)
			add_links(set, fd, d->d_name, rights, depth - 1);
	}
	if (errno != 0)
		die_unless_absent(name);
	closedir(handle);
}

/* `rights` there and none of the `handled` ones anywhere else. */
static void
forbid_other_files(const struct confine_files *files, uint64_t handled,
    uint64_t rights)
{
	int set = new_rules(handled);

	if (set == -1)
		return;
	rights = with_truncation(rights);
	for (size_t i = 0; i < files->count; i++)
		add_path(set, AT_FDCWD, files->paths[i], rights);
	if (files->tree != NULL) {
		add_path(set, AT_FDCWD, files->tree, rights);
		add_links(set, AT_FDCWD, files->tree, rights, CONFINE_DEPTH);
	}
	obey(set);
}

/* Never more than whoever started us has allowed. */
static void
limit(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit r;

	if (getrlimit(what, &r) == -1)
		return;
	if (r.rlim_max > most)
		r.rlim_max = most;
	if (r.rlim_cur > most)
		r.rlim_cur = most;
	setrlimit(what, &r);
}

static bool
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static void
forbid_plenty(const struct confine *c)
{
	limit(RLIMIT_CORE, 0);	/* there are secrets in it */
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_CPU, c->seconds);
	limit(RLIMIT_AS, c->memory);
	/* A server's log may be longer than any file of ours. */
	if (!is_file(STDOUT_FILENO) && !is_file(STDERR_FILENO))
		limit(RLIMIT_FSIZE, c->file);
	/* Said as EFBIG, which is answered, and not by a signal. */
	signal(SIGXFSZ, SIG_IGN);
}

bool
confine_is_built(void)
{
#ifdef SANITIZED
	return false;
#else
	return true;
#endif
}

void
confine(const struct confine *c)
{
	int saved = errno;

	if (!confine_is_built())
		return;
	forbid_plenty(c);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		forbid_files(c);
		forbid_calls(c->count > 0);
	}
	errno = saved;
}

void
confine_reading(const struct confine_files *files, bool asks)
{
	int saved = errno;

	if (!confine_is_built())
		return;
	limit(RLIMIT_CORE, 0);	/* there are people in it */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		forbid_other_files(files, ALL_RIGHTS, SEEING);
		forbid_all_but_reading(asks);
	}
	errno = saved;
}

void
confine_writing(const struct confine_files *files)
{
	const uint64_t changes = ALL_RIGHTS & ~(uint64_t)SEEING;
	int saved = errno;

	if (!confine_is_built())
		return;
	limit(RLIMIT_CORE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		forbid_other_files(files, changes, changes &
		    ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE);
	errno = saved;
}
