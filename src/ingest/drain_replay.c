/* --replay: what lies in bad/ is tried once more. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/output.h"
#include "base/program.h"
#include "drain_impl.h"
#include "inbound_file.h"
#include "mail_take.h"
#include "store/spool.h"

#define REASON		".reason"
#define BAD_MAX		(2 * DRAIN_FILES_MAX)
#define REASON_MAX	4096

static bool
is_reason(const char *name)
{
	size_t len = strlen(name), n = strlen(REASON);

	return len > n && strcmp(name + len - n, REASON) == 0;
}

/* From a command line: one name, of a file that lies there. */
static bool
is_there(int dir, const char *name)
{
	char path[PATH_MAX];

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ||
	    is_reason(name) || strlen(name) > NAME_MAX)
		return false;
	snprintf(path, sizeof(path), "bad/%s", name);
	return faccessat(dir, path, F_OK, 0) == 0;
}

static void
remove_reason(int dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "bad/%s" REASON, name);
	unlinkat(dir, path, 0);
}

/* Killed in between it is one file in both places; another one stays. */
static bool
is_same(struct drain *d, const char *a, const char *b)
{
	struct stat one, two;
	int saved = errno;
	bool same;

	same = fstatat(d->dir, a, &one, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(d->dir, b, &two, AT_SYMLINK_NOFOLLOW) == 0 &&
	    one.st_ino == two.st_ino && one.st_dev == two.st_dev;
	errno = saved;
	return same;
}

/* Not by a rename, which would replace what lies in new/ under that name. */
static void
take_back(struct drain *d, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "bad/%s", name);
	snprintf(to, sizeof(to), "new/%s", name);
	if ((linkat(d->dir, from, d->dir, to, 0) == -1 &&
	    !is_same(d, from, to)) || io_sync_dir(d->dir, "new") == -1) {
		diag("inbound/%s: %s", to, strerror(errno));
		d->failed++;
		return;
	}
	if (unlinkat(d->dir, from, 0) == -1 && errno != ENOENT) {
		diag("inbound/%s: %s", from, strerror(errno));
		d->failed++;
		return;
	}
	remove_reason(d->dir, name);
}

static bool
is_named(const char *name, char *const names[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return count == 0;
}

/* How many of the names mean nothing that lies in bad/. */
static uintmax_t
tell_absent(int dir, char *const names[], size_t count)
{
	uintmax_t absent = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_there(dir, names[i])) {
			diag("inbound/bad/%s: no such file", names[i]);
			absent++;
		}
	return absent;
}

/* Files of bad/ in `all`, the caller's to free; those of the command line. */
static void
read_bad(int dir, char ***all, size_t *count)
{
	struct error e;

	if (spool_names(dir, "bad", BAD_MAX, all, count, &e) == -1)
		die(e.status, "%s", e.text);
}

/* Killed after its file was gone, or before it came. */
static void
drop_lone_reason(int dir, const char *reason)
{
	char name[NAME_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", (int)(strlen(reason) -
	    strlen(REASON)), reason);
	if (!is_there(dir, name))
		remove_reason(dir, name);
}

void
drain_replay(struct drain *d, char *const names[], size_t count)
{
	size_t n;
	char **all;

	d->absent = tell_absent(d->dir, names, count);
	read_bad(d->dir, &all, &n);
	for (size_t i = 0; i < n && d->failed == 0; i++)
		if (is_reason(all[i]))
			drop_lone_reason(d->dir, all[i]);
		else if (is_named(all[i], names, count))
			take_back(d, all[i]);
	spool_names_free(all, n);
}

/* What its first lines say of it, if they say so. */
static void
put_head(int dir, const char *path, struct value *v)
{
	struct buf text = BUF_INIT(INBOUND_FILE_MAX + MAIL_TAKE_MAX);
	struct arena mem = ARENA_INIT(1024 * 1024);
	struct inbound_file f;
	struct error ignored;

	if (io_read_taken(dir, path, &text, &ignored) == 0 &&
	    inbound_file_parse(&f, &text, &mem, &ignored) == 0) {
		value_set_string(v, "hook", f.hook);
		if (f.received != NULL)
			value_set_string(v, "received_at", f.received);
	}
	arena_release(&mem);
	buf_release(&text);
}

static void
print_bad(int dir, const char *name)
{
	struct value *v = value_new_object();
	struct buf reason = BUF_INIT(REASON_MAX), line = BUF_INIT(64 * 1024);
	char path[PATH_MAX];
	struct error ignored;

	value_set_string(v, "name", name);
	snprintf(path, sizeof(path), "bad/%s", name);
	put_head(dir, path, v);
	snprintf(path, sizeof(path), "bad/%s" REASON, name);
	if (io_read_taken(dir, path, &reason, &ignored) == 0 &&
	    reason.len > 0) {
		reason.data[strcspn(reason.data, "\n")] = '\0';
		value_set_string(v, "reason", reason.data);
	}
	value_write(v, &line);
	output_put(&line);
	value_free(v);
	buf_release(&reason);
	buf_release(&line);
}

int
drain_list_bad(struct config *c, char *const names[], size_t count)
{
	char path[PATH_MAX], **all;
	uintmax_t absent;
	struct error e;
	size_t n;
	int dir;

	snprintf(path, sizeof(path), "%s/inbound", config_path(c, "paths",
	    NULL, "spool"));
	dir = spool_open(path, &e);
	if (dir == -1)
		die(e.status, "%s", e.text);
	absent = tell_absent(dir, names, count);
	read_bad(dir, &all, &n);
	for (size_t i = 0; i < n; i++)
		if (!is_reason(all[i]) && is_named(all[i], names, count))
			print_bad(dir, all[i]);
	output_flush();
	spool_names_free(all, n);
	close(dir);
	return absent > 0 ? EX_REFUSED : EX_OK;
}
