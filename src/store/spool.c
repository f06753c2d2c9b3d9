#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/guard.h"
#include "base/io.h"

#define PATH_LEN	(NAME_MAX + 8)

static int
join(char out[PATH_LEN], const char *sub, const char *name)
{
	int n = snprintf(out, PATH_LEN, "%s/%s", sub, name);

	if (n < 0 || n >= PATH_LEN || strchr(name, '/') != NULL) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

/*
 * A link would lead to files that are none of this spool: whoever owns it, as
 * the user of a web server may, is not to have them moved.
 */
static int
make_sub(int dir, const char *path, const char *sub, struct error *e)
{
	struct stat st;

	if (io_make_dir(dir, sub, 0750) == -1)
		return error_errno(e, "mkdir %s/%s", path, sub);
	if (fstatat(dir, sub, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return error_errno(e, "%s/%s", path, sub);
	if (!S_ISDIR(st.st_mode))
		return error_set(e, EX_CONFIG, "%s/%s: not a directory", path,
		    sub);
	if ((st.st_mode & S_IWOTH) != 0)
		return error_set(e, EX_CONFIG, "%.300s/%s: mode %04o lets "
		    "everybody write to it: chmod o-w", path, sub,
		    (unsigned int)(st.st_mode & 07777));
	return 0;
}

int
spool_open(const char *path, struct error *e)
{
	static const char *const sub[] = { "tmp", "new", "cur", "bad" };
	int dir;

	dir = io_open_dir(path, 0750, e);
	if (dir != -1 && (guard_parents(path, e) == -1 ||
	    guard_open(dir, path, GUARD_WRITE, e) == -1 ||
	    guard_root(dir, path, "would leave files that it cannot "
	    "remove", e) == -1)) {
		close(dir);
		dir = -1;
	}
	for (size_t i = 0; dir != -1 && i < sizeof(sub) / sizeof(sub[0]);
	    i++)
		if (make_sub(dir, path, sub[i], e) == -1) {
			close(dir);
			dir = -1;
		}
	return dir;
}

char *
spool_name(char out[SPOOL_NAME])
{
	static unsigned int count;
	struct timespec t;
	uint32_t random;

	clock_gettime(CLOCK_REALTIME, &t);
	digest_random(&random, sizeof(random));
	snprintf(out, SPOOL_NAME, "%lld.%09ld.%ld.%u.%08x",
	    (long long)t.tv_sec, t.tv_nsec, (long)getpid(), ++count, random);
	return out;
}

static int
write_tmp(int dir, const char *tmp, const void *data, size_t len,
    bool durable)
{
	int fd, saved;

	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd == -1)
		return -1;
	if (io_write_all(fd, data, len) == -1 ||
	    (durable && fsync(fd) == -1)) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return close(fd);
}

int
spool_put(int dir, const char *name, const void *data, size_t len,
    bool durable, struct error *e)
{
	char tmp[PATH_LEN], new[PATH_LEN];
	int saved;

	if (join(tmp, "tmp", name) == -1 || join(new, "new", name) == -1)
		return error_errno(e, "spool file %.60s", name);
	if (write_tmp(dir, tmp, data, len, durable) == -1) {
		error_errno(e, "spool: %.100s", tmp);
		/* If it was there it is another writer's. */
		if (errno != EEXIST)
			unlinkat(dir, tmp, 0);
		return -1;
	}
	/* link(2), not rename(2): it fails where rename would overwrite. */
	if (linkat(dir, tmp, dir, new, 0) == -1) {
		error_errno(e, "spool: %.100s", new);
		saved = errno;
		unlinkat(dir, tmp, 0);
		errno = saved;
		return -1;
	}
	if (durable && io_sync_dir(dir, "new") == -1) {
		error_errno(e, "spool: sync new");
		unlinkat(dir, new, 0);
		unlinkat(dir, tmp, 0);
		return -1;
	}
	/* A leftover in tmp/ is harmless; the sweep removes it by age. */
	unlinkat(dir, tmp, 0);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether all was listed; of what was not, nobody would hear again. */
static bool
collect(DIR *handle, size_t max, char ***names, size_t *count)
{
	struct dirent *d;
	char **grown;

	while (*count < max && (errno = 0, d = readdir(handle)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		/* At each power of two the room doubles. */
		if ((*count & (*count - 1)) == 0 || *count == 0) {
			grown = reallocarray(*names, *count == 0 ? 1 :
			    2 * *count, sizeof(**names));
			if (grown == NULL)
				die(EX_OSERR, "out of memory");
			*names = grown;
		}
		grown = *names;
		grown[*count] = strdup(d->d_name);
		if (grown[*count] == NULL)
			die(EX_OSERR, "out of memory");
		(*count)++;
	}
	return *count == max || errno == 0;
}

int
spool_names(int dir, const char *sub, size_t max, char ***names,
    size_t *count, struct error *e)
{
	DIR *handle = NULL;
	int fd;

	*names = NULL;
	*count = 0;
	fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1)
		handle = fdopendir(fd);
	if (handle == NULL) {
		error_errno(e, "spool: %s", sub);
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (!collect(handle, max, names, count)) {
		error_errno(e, "spool: %s", sub);
		spool_names_free(*names, *count);
		*names = NULL;
		*count = 0;
		closedir(handle);
		return -1;
	}
	closedir(handle);
	if (*count > 0)
		qsort(*names, *count, sizeof(**names), by_name);
	return 0;
}

void
spool_names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* Whether `path` still names the file that `fd` has open. */
static bool
is_same_file(int dir, const char *path, int fd)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 &&
	    fstatat(dir, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    open_file.st_dev == named.st_dev &&
	    open_file.st_ino == named.st_ino;
}

int
spool_claim(int dir, const char *sub, const char *name)
{
	char path[PATH_LEN], cur[PATH_LEN];
	struct stat st;
	int fd, saved;

	if (join(path, sub, name) == -1 || join(cur, "cur", name) == -1)
		return -1;
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1) {
		/* A socket is ENXIO, a link ELOOP. */
		if (errno == ELOOP || errno == ENXIO)
			errno = EINVAL;
		return -1;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto fail;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		goto fail;
	if (!is_same_file(dir, path, fd)) {
		errno = ENOENT;
		goto fail;
	}
	if (strcmp(sub, "cur") != 0 && renameat(dir, path, dir, cur) == -1)
		goto fail;
	return fd;
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
spool_done(int dir, const char *name)
{
	char path[PATH_LEN];

	return join(path, "cur", name) == -1 ? -1 : unlinkat(dir, path, 0);
}

/* "bad/NAME.reason", unless that is too long for a name; -1 and errno. */
static int
write_reason(int dir, const char *name, const char *reason)
{
	char why[PATH_LEN], line[ERROR_MAX];
	int fd, rc;

	if (strlen(name) + strlen(".reason") > NAME_MAX)
		return 0;
	snprintf(why, sizeof(why), "bad/%s.reason", name);
	/* Never into what is there: somebody else may have put a link. */
	if (unlinkat(dir, why, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(dir, why, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd == -1)
		return -1;
	text_escape(line, sizeof(line) - 1, reason, strlen(reason));
	line[strlen(line) + 1] = '\0';
	line[strlen(line)] = '\n';
	/* A power cut may leave the reason without the file: that is harmless. */
	rc = io_write_all(fd, line, strlen(line)) == -1 ? -1 : fsync(fd);
	close(fd);
	return rc == -1 ? -1 : io_sync_dir(dir, "bad");
}

int
spool_reject(int dir, const char *from, const char *name, const char *reason)
{
	char path[PATH_LEN], bad[PATH_LEN];

	if (join(path, from, name) == -1 || join(bad, "bad", name) == -1 ||
	    write_reason(dir, name, reason) == -1)
		return -1;
	return renameat(dir, path, dir, bad);
}

static int
take_lock(const char *spool, const char *name, bool wait, struct error *e)
{
	char path[PATH_MAX];
	int n;

	n = snprintf(path, sizeof(path), "%s/run", spool);
	if (n < 0 || (size_t)n + strlen(name) + 7 > sizeof(path))
		return error_set(e, EX_CONFIG, "%.60s...: path too long",
		    spool);
	if (io_make_dirs(path, 0750, e) == -1 ||
	    guard_path(path, GUARD_WRITE, e) == -1)
		return -1;
	snprintf(path + n, sizeof(path) - (size_t)n, "/%s.lock", name);
	return io_lock(path, wait, e);
}

int
spool_lock(const char *spool, const char *name, struct error *e)
{
	return take_lock(spool, name, false, e);
}

int
spool_lock_wait(const char *spool, const char *name, struct error *e)
{
	return take_lock(spool, name, true, e);
}

void
spool_sweep(int dir, long age)
{
	char path[PATH_LEN], **names;
	struct error e;
	struct stat st;
	size_t count;

	if (spool_names(dir, "tmp", 10000, &names, &count, &e) == -1)
		return;
	for (size_t i = 0; i < count; i++)
		if (join(path, "tmp", names[i]) == 0 &&
		    fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtime < time(NULL) - age)
			unlinkat(dir, path, 0);
	spool_names_free(names, count);
}

/*
 * Files of one directory, which is then synced: what was in them may be a
 * person's who was forgotten.  False and errno.
 */
static bool
empty_dir(const char *path)
{
	struct dirent *d;
	bool good = true;
	DIR *dir;

	dir = opendir(path);
	if (dir == NULL)
		return errno == ENOENT;
	while ((errno = 0, d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0 &&
		    unlinkat(dirfd(dir), d->d_name, 0) == -1 &&
		    errno != ENOENT)
			good = false;
	good = good && errno == 0 && fsync(dirfd(dir)) == 0;
	closedir(dir);
	return good;
}

int
spool_empty(const char *path, struct error *e)
{
	static const char *const subs[] = { "tmp", "new", "cur", "bad" };
	char full[PATH_MAX];

	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++) {
		if (snprintf(full, sizeof(full), "%s/%s", path, subs[i]) >=
		    (int)sizeof(full))
			return error_set(e, EX_CONFIG, "%.60s...: path too "
			    "long", path);
		if (!empty_dir(full))
			return error_errno(e, "%s", full);
	}
	return 0;
}
