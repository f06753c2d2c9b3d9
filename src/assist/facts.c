/* What the clinic says of itself: files of a directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "assist_impl.h"
#include "base/guard.h"
#include "base/io.h"
#include "base/text.h"

#define FACTS_MAX	(64 * 1024)	/* bytes of all of them */
#define SUFFIX		".md"

static int
is_facts(const struct dirent *d)
{
	size_t n = strlen(d->d_name), m = strlen(SUFFIX);

	return d->d_name[0] != '.' && n > m &&
	    strcmp(d->d_name + n - m, SUFFIX) == 0;
}

/* What the system lacks for now is no fault of the configuration. */
static int
blamed(int status)
{
	return status == EX_TEMPFAIL ? EX_TEMPFAIL : EX_CONFIG;
}

static int
add_file(int dir, const char *path, const char *name, struct buf *out,
    struct error *e)
{
	struct buf text = BUF_INIT(FACTS_MAX);
	struct error why;
	int rc;

	rc = io_read_plain(dir, name, &text, &why);
	if (rc == -1)
		error_set(e, blamed(why.status), "[assist] facts: %.200s/"
		    "%.400s", path, why.text);
	text_clean(&text);
	if (rc == 0 && !utf8_valid(buf_text(&text), text.len))
		rc = error_set(e, EX_CONFIG, "[assist] facts: %.200s/%.200s: "
		    "not UTF-8", path, name);
	buf_str(out, buf_text(&text));
	buf_char(out, '\n');
	buf_release(&text);
	if (rc == 0 && out->full)
		rc = error_set(e, EX_CONFIG, "[assist] facts: %.200s: more "
		    "than %d bytes in all", path, FACTS_MAX);
	return rc;
}

static int
open_dir(const char *path, struct error *e)
{
	struct error why;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return error_set(e, blamed(errno_status(errno)), "[assist] "
		    "facts: %.300s: %s", path, strerror(errno));
	if (guard_open(fd, path, GUARD_WRITE, &why) == 0)
		return fd;
	close(fd);
	return error_set(e, EX_CONFIG, "[assist] facts: %.400s", why.text);
}

int
facts_read(const char *path, struct buf *out, struct error *e)
{
	struct dirent **names = NULL;
	int dir, count, rc = 0;

	*out = (struct buf)BUF_INIT(FACTS_MAX);
	if (path == NULL)
		return 0;
	dir = open_dir(path, e);
	if (dir == -1)
		return -1;
	count = scandirat(dir, ".", &names, is_facts, alphasort);
	if (count == -1)
		rc = error_errno(e, "[assist] facts: %.300s", path);
	for (int i = 0; i < count; i++) {
		if (rc == 0)
			rc = add_file(dir, path, names[i]->d_name, out, e);
		free(names[i]);
	}
	free(names);
	close(dir);
	return rc;
}
