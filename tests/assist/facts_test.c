/* What the clinic says of itself is read whole, or not at all. */
#undef NDEBUG
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "assist/assist_impl.h"

static char dir[] = "/tmp/omni-facts-XXXXXX";

static void
put(const char *name, const char *text)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert(f != NULL && fputs(text, f) != EOF && fclose(f) == 0);
}

/* What it ends with; the text is in `out`. */
static int
status_of(const char *path, struct buf *out)
{
	struct error e = { .status = EX_OK };
	int rc = facts_read(path, out, &e);

	assert((rc == 0) == (e.status == EX_OK));
	return e.status;
}

/* With so many descriptors more than are open; the lowest are. */
static int
status_with(unsigned int more)
{
	struct rlimit before, now;
	struct buf out;
	int next = open("/", O_RDONLY | O_CLOEXEC), status;

	assert(next != -1 && close(next) == 0);
	assert(getrlimit(RLIMIT_NOFILE, &before) == 0);
	now = before;
	now.rlim_cur = (rlim_t)next + more;
	assert(setrlimit(RLIMIT_NOFILE, &now) == 0);
	status = status_of(dir, &out);
	assert(setrlimit(RLIMIT_NOFILE, &before) == 0);
	buf_release(&out);
	return status;
}

int
main(void)
{
	static const char *const names[] = { "b.md", "a.md", ".c.md", "d.txt" };
	struct buf out;
	char path[64];

	assert(mkdtemp(dir) != NULL);
	for (size_t i = 0; i < 4; i++)
		put(names[i], names[i]);
	assert(status_of(dir, &out) == EX_OK);
	assert(strcmp(buf_text(&out), "a.md\nb.md\n") == 0);
	buf_release(&out);
	assert(status_of("/nonexistent", &out) == EX_CONFIG);
	buf_release(&out);
	/* Of that the configuration knows nothing. */
	for (unsigned int more = 0; more < 2; more++)
		assert(status_with(more) == EX_TEMPFAIL);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		assert(unlink(path) == 0);
	}
	assert(rmdir(dir) == 0);
	return 0;
}
