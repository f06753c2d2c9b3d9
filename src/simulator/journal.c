#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"

/* A full disk may have cut the last line off. */
static int
end_line(int fd)
{
	struct stat st;
	char last;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	if (pread(fd, &last, 1, st.st_size - 1) != 1)
		return -1;
	return last == '\n' ? 0 : io_write_all(fd, "\n", 1);
}

int
journal_open(struct journal *j, int dir, const char *name, struct error *e)
{
	pthread_mutex_init(&j->lock, NULL);
	j->name = name;
	j->fd = -1;
	if (dir == -1)
		return 0;
	j->fd = openat(dir, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC,
	    0666);
	if (j->fd == -1 || end_line(j->fd) == -1)
		return error_errno(e, "%s", name);
	return 0;
}

void
journal_put(struct journal *j, struct buf *line)
{
	int rc;

	if (j->fd == -1)
		return;
	if (line->full) {
		buf_clear(line);
		line->full = false;
		buf_str(line, "{\"too_long\":true}");
	}
	buf_char(line, '\n');
	pthread_mutex_lock(&j->lock);
	rc = io_write_all(j->fd, line->data, line->len);
	pthread_mutex_unlock(&j->lock);
	if (rc == -1)
		die(EX_IOERR, "%s: %s", j->name, strerror(errno));
}

void
journal_close(struct journal *j)
{
	if (j->fd != -1)
		close(j->fd);
	pthread_mutex_destroy(&j->lock);
}
