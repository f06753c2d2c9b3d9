#include "inbound_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confine.h"
#include "store/spool.h"

#define CPU_SECONDS	20

static bool
is_named(int dir, int fd, const char *name)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 &&
	    fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    open_file.st_dev == named.st_dev &&
	    open_file.st_ino == named.st_ino;
}

/*
 * Of all that find it too long only the one that holds its lock, and finds it
 * under its name still, moves it: so none moves the next one, which is short.
 */
static bool
move_long(int dir, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || st.st_size < REFUSED_BYTES)
		return false;
	if (flock(fd, LOCK_EX) == 0 && is_named(dir, fd, REFUSED_FILE))
		renameat(dir, REFUSED_FILE, dir, REFUSED_OLD);
	return true;
}

static int
open_refused(int dir)
{
	int fd;

	for (int tries = 0; tries < 2; tries++) {
		fd = openat(dir, REFUSED_FILE, O_WRONLY | O_APPEND | O_CREAT |
		    O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
		if (fd == -1 || !move_long(dir, fd))
			return fd;
		close(fd);
	}
	return -1;
}

/* Only tmp and new: what was set aside, and what others keep, is not ours. */
static int
open_queues(struct inbound_spool *s, struct confine *limits)
{
	static const char *const names[] = { "tmp", "new" };
	int fd;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fd = openat(s->dir, names[i], O_PATH | O_DIRECTORY |
		    O_CLOEXEC);
		if (fd == -1)
			return error_errno(&s->why, "spool: inbound/%s",
			    names[i]);
		limits->dirs[limits->count++] = fd;
	}
	return 0;
}

static void
confine_unless_told(struct config *c, const struct confine *limits)
{
	if (config_bool(c, "ingest", NULL, "confine"))
		confine(limits);
	for (size_t i = 0; i < limits->count; i++)
		close(limits->dirs[i]);
}

void
inbound_open(struct inbound_spool *s, struct config *c, bool counts,
    unsigned long memory, unsigned long file)
{
	struct confine limits = { .count = 0, .seconds = CPU_SECONDS,
	    .memory = memory, .file = file };
	char path[PATH_MAX];

	*s = (struct inbound_spool){ .dir = -1, .refused = -1 };
	snprintf(path, sizeof(path), "%s/inbound",
	    config_path(c, "paths", NULL, "spool"));
	s->dir = spool_open(path, &s->why);
	if (s->dir != -1 && open_queues(s, &limits) == -1) {
		close(s->dir);
		s->dir = -1;
	}
	if (s->dir != -1 && counts)
		s->refused = open_refused(s->dir);
	confine_unless_told(c, &limits);
}

void
inbound_none(struct config *c)
{
	const struct confine limits = { .count = 0, .seconds = CPU_SECONDS,
	    .memory = 64 * 1024 * 1024, .file = 0 };

	confine_unless_told(c, &limits);
}

int
inbound_put(struct inbound_spool *s, const struct buf *file, struct error *e)
{
	char name[SPOOL_NAME];

	if (s->dir == -1) {
		*e = s->why;
		return -1;
	}
	return spool_put(s->dir, spool_name(name), buf_text(file), file->len,
	    true, e);
}

void
inbound_count_refused(const struct inbound_spool *s, const char *hook)
{
	char line[CLOCK_TEXT + 64], now[CLOCK_TEXT];
	int n, saved = errno;

	n = snprintf(line, sizeof(line), "%s %.40s\n",
	    clock_format(clock_now(), now), hook);
	/* Said on standard error as well, by who refuses. */
	if (s->refused != -1 && write(s->refused, line, (size_t)n) == -1)
		errno = saved;
}
