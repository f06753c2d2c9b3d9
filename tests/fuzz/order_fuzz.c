/*
 * Work orders in a sender's spool under bytes made by chance, for libFuzzer or
 * feed.c: whatever a file holds, what is taken from it are ids of its lines.
 */
#include <stdint.h>
#include <sys/mman.h>

#include "../../src/send/sender.c"
#include "promise.h"

/* The ids that a parser finds in the lines, one after the other. */
static void
check_ids(const struct queue *s, const char *text)
{
	struct record r = RECORD_INIT;
	const char *nl, *id;
	struct error e;
	size_t taken = 0;

	for (; (nl = strchr(text, '\n')) != NULL; text = nl + 1) {
		if (record_parse(&r, text, (size_t)(nl - text), &e) == -1)
			continue;
		id = record_string(&r, "id");
		/* Between those of good lines may be those of others. */
		while (id != NULL && taken < s->count &&
		    strcmp(s->ids[taken], id) != 0)
			taken++;
		promise(id == NULL || taken < s->count,
		    "no message is passed over");
		taken += id != NULL;
	}
	record_release(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue s = { .keep = ARENA_INIT((size_t)256 * 1024 * 1024) };
	char *text = as_text(data, size);
	size_t lines = 0;

	record_setup();
	s.fd = memfd_create("order", MFD_CLOEXEC);
	promise(s.fd != -1 && write(s.fd, data, size) == (ssize_t)size &&
	    lseek(s.fd, 0, SEEK_SET) == 0, "files can be written");
	read_batch(&s, "1790000000.1.1");
	for (const char *p = text; *p != '\0'; p++)
		lines += *p == '\n';
	promise(s.count <= lines, "a line has one id");
	check_ids(&s, text);
	close(s.fd);
	free(s.ids);
	arena_release(&s.keep);
	free(text);
	return 0;
}
