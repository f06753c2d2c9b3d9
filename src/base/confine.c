#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static const uint16_t files[] = { __NR_openat, __NR_linkat, __NR_unlinkat,
	__NR_fsync };

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
/* The heads of the three parts below, and two for each number. */
#define FILTER_MAX	(12 + 2 * (COUNT(always) + COUNT(files)))

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
 * The low half of an argument comes first on both machines.  Memory that can be
 * run is not to be had.
 */
static void
allow_mmap(struct filter *f)
{
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
	    __NR_mmap, 0, 4));
	add(f, (struct sock_filter)LOAD(args[2]));
	add(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
	    PROT_EXEC, 1, 0));
	add(f, (struct sock_filter)RETURN(SECCOMP_RET_ALLOW));
	add(f, (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS));
}

static void
forbid_calls(bool with_files)
{
	struct filter f = { .len = 0 };
	struct sock_fprog program = { .filter = f.code };

	add(&f, (struct sock_filter)LOAD(arch));
	add(&f, (struct sock_filter)UNLESS(ARCH));
	add(&f, (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS));
	add(&f, (struct sock_filter)LOAD(nr));
#ifdef X32_BIT
	add(&f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
	    X32_BIT, 0, 1));
	add(&f, (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS));
#endif
	allow(&f, always, COUNT(always));
	if (with_files)
		allow(&f, files, COUNT(files));
	allow_mmap(&f);
	add(&f, (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS));
	program.len = f.len;
	syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

#else

static void
forbid_calls(bool with_files)
{
	(void)with_files;
}

#endif

/*
 * The first version cannot allow a link from one directory to another, which is
 * how a file comes into the spool: it is of no use here.
 */
#define LANDLOCK_LEAST	2
#define TRUNCATE_SINCE	3
#define ACCESS_TRUNCATE	(1ULL << 14)

static void
forbid_files(const struct confine *c)
{
	const uint64_t rights = LANDLOCK_ACCESS_FS_MAKE_REG |
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REFER;
	/* All of the second version: from "run" to "link elsewhere". */
	struct landlock_ruleset_attr attr = { .handled_access_fs =
	    (LANDLOCK_ACCESS_FS_REFER << 1) - 1 };
	struct landlock_path_beneath_attr beneath = {
	    .allowed_access = rights };
	long version = syscall(__NR_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	int set;

	if (version < LANDLOCK_LEAST)
		return;
	if (version >= TRUNCATE_SINCE)
		attr.handled_access_fs |= ACCESS_TRUNCATE;
	set = (int)syscall(__NR_landlock_create_ruleset, &attr, sizeof(attr),
	    0);
	if (set == -1)
		return;
	for (size_t i = 0; i < c->count; i++) {
		beneath.parent_fd = c->dirs[i];
		if (syscall(__NR_landlock_add_rule, set,
		    LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == -1) {
			close(set);
			return;
		}
	}
	syscall(__NR_landlock_restrict_self, set, 0);
	close(set);
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
