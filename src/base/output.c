#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "io.h"
#include "record.h"

#define KEEP	(256 * 1024)
/* A program may hold back a whole batch until it has committed. */
#define OUTPUT_MAX	((size_t)1024 * 1024 * 1024)

/* Process-wide, as descriptor 1 is. */
static struct buf pending = BUF_INIT(OUTPUT_MAX);

void
output_init(void)
{
	io_check_std();
}

void
output_put(const struct buf *line)
{
	buf_add(&pending, buf_text(line), line->len);
	buf_char(&pending, '\n');
	if (pending.full)
		die(EX_SOFTWARE, "output held back too long");
}

size_t
output_pending(void)
{
	return pending.len;
}

bool
output_try(void)
{
	size_t len = pending.len;
	bool good;

	/* Emptied first: die() must not come back here through an exit hook. */
	pending.len = 0;
	good = len == 0 ||
	    io_write_all(STDOUT_FILENO, buf_text(&pending), len) == 0;
	if (good && pending.size > KEEP)
		buf_release(&pending);
	return good;
}

void
output_flush(void)
{
	if (!output_try())
		die(EX_IOERR, "stdout: %s", strerror(errno));
}

void
output_close(void)
{
	output_flush();
	buf_release(&pending);
	/* Some file systems report a failed write only on close. */
	if (close(STDOUT_FILENO) == -1)
		die(EX_IOERR, "stdout: %s", strerror(errno));
}

int
output_columns(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long n = columns == NULL ? 0 : strtol(columns, NULL, 10);

	if (n > 0 && n < 10000)
		return (int)n;
	if (isatty(STDOUT_FILENO) &&
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}
