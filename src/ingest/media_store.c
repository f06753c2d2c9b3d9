#include "media_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/io.h"
#include "store/spool.h"

#define LEFT_MAX	100000	/* files of one crash */
#define MONTH		7	/* of 2026-11-23T... */
#define NAME_HEX	32
#define PART		".part"	/* being written */

/* A link would lead to files that are none of ours. */
static int
make_dir(int dir, const char *name, struct error *e)
{
	struct stat st;

	if (io_make_dir(dir, name, 0750) == -1 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return error_errno(e, "media/%s", name);
	return S_ISDIR(st.st_mode) ? 0 : error_set(e, EX_CONFIG,
	    "media/%s: not a directory", name);
}

int
media_store_open(const char *spool, struct error *e)
{
	char path[PATH_MAX];
	int dir;

	snprintf(path, sizeof(path), "%s/media", spool);
	dir = io_open_dir(path, 0750, e);
	if (dir != -1 && (guard_open(dir, path, GUARD_WRITE, e) == -1 ||
	    make_dir(dir, "tmp", e) == -1)) {
		close(dir);
		return -1;
	}
	return dir;
}

void
media_store_path(const char *received, const char *digest,
    const char *ending, char path[MEDIA_PATH])
{
	snprintf(path, MEDIA_PATH, "%.*s/%.*s.%.8s", MONTH, received,
	    NAME_HEX, digest, ending);
}

static void
tmp_name(const char *digest, char out[MEDIA_PATH])
{
	snprintf(out, MEDIA_PATH, "tmp/%.64s", digest);
}

int
media_store_write(int dir, const char *digest, const struct buf *data,
    struct error *e)
{
	int tmp = openat(dir, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd, rc;

	if (tmp == -1)
		return error_errno(e, "media/tmp");
	fd = io_create(tmp, PART, e);
	rc = fd == -1 ? -1 : io_finish(tmp, fd, PART, digest, data, e);
	close(tmp);
	return rc;
}

/* A second copy of the same bytes takes the place of the first. */
int
media_store_settle(int dir, const char *digest, const char *path,
    struct error *e)
{
	char tmp[MEDIA_PATH], month[MONTH + 1];

	tmp_name(digest, tmp);
	snprintf(month, sizeof(month), "%.*s", MONTH, path);
	if (make_dir(dir, month, e) == -1)
		return -1;
	if (renameat(dir, tmp, dir, path) == -1 ||
	    io_sync_dir(dir, month) == -1 || io_sync_dir(dir, ".") == -1)
		return error_errno(e, "media/%s", path);
	return 0;
}

void
media_store_drop(int dir, const char *digest)
{
	char tmp[MEDIA_PATH];

	tmp_name(digest, tmp);
	unlinkat(dir, tmp, 0);
}

/* Where the ledger says that it should be, and it is not; or "". */
static void
missing_path(int dir, struct ledger *l, const char *digest,
    char path[MEDIA_PATH])
{
	struct ledger_rows *r;

	path[0] = '\0';
	r = ledger_select(l, "SELECT path FROM inbound_media WHERE digest = ? "
	    "AND state = 'kept'", "s", digest);
	while (path[0] == '\0' && ledger_next(r)) {
		snprintf(path, MEDIA_PATH, "%s", ledger_text(r, 0));
		if (faccessat(dir, path, F_OK, 0) == 0)
			path[0] = '\0';
	}
	ledger_end(r);
}

int
media_store_recover(int dir, struct ledger *l, struct error *e)
{
	char path[MEDIA_PATH], **names;
	size_t count;
	int rc = 0;

	unlinkat(dir, "tmp/" PART, 0);
	if (spool_names(dir, "tmp", LEFT_MAX, &names, &count, e) == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		missing_path(dir, l, names[i], path);
		if (path[0] == '\0')
			media_store_drop(dir, names[i]);
		else
			rc = media_store_settle(dir, names[i], path, e);
	}
	spool_names_free(names, count);
	return rc;
}
