#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static int
check(const struct stat *st, const char *path, enum guard what,
    struct error *e)
{
	mode_t bad = what == GUARD_READ ? S_IROTH | S_IWOTH : S_IWOTH;

	if ((!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) ||
	    (st->st_mode & bad) == 0)
		return 0;
	return error_set(e, EX_CONFIG, "%.300s: mode %04o lets everybody %s "
	    "it: chmod o-%s", path, (unsigned int)(st->st_mode & 07777),
	    (st->st_mode & S_IWOTH) != 0 ? "write to" : "read",
	    what == GUARD_READ ? "rw" : "w");
}

int
guard_open(int fd, const char *path, enum guard what, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return error_errno(e, "%.300s", path);
	return check(&st, path, what, e);
}

int
guard_path(const char *path, enum guard what, struct error *e)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return errno == ENOENT ? 0 : error_errno(e, "%.300s", path);
	return check(&st, path, what, e);
}

int
guard_parents(const char *path, struct error *e)
{
	char dir[PATH_MAX];
	struct stat st;
	char *slash;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return error_set(e, EX_CONFIG, "%.60s...: path too long",
		    path);
	while ((slash = strrchr(dir, '/')) != NULL && slash != dir) {
		*slash = '\0';
		if (stat(dir, &st) == 0 && (st.st_mode & S_ISVTX) == 0 &&
		    check(&st, dir, GUARD_WRITE, e) == -1)
			return -1;
	}
	return 0;
}

int
guard_root(int fd, const char *path, const char *why, struct error *e)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (fstat(fd, &st) == -1)
		return error_errno(e, "%.300s", path);
	if (st.st_uid == 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return 0;
	return error_set(e, EX_NOPERM, "%.300s: belongs to user %lu, and this "
	    "is root, who %s: run it as that user", path,
	    (unsigned long)st.st_uid, why);
}
