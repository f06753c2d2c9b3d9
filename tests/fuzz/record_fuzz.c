/*
 * Records under lines made by chance, for libFuzzer or feed.c: what is taken
 * comes out as one line that says the same, and what record_peek() finds is
 * what record_parse() does.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/record.h"
#include "base/text.h"
#include "promise.h"

#define MEMORY	((size_t)16 * 1024 * 1024)

static bool
same_json(const struct value *a, const struct value *b)
{
	struct arena mem = ARENA_INIT(MEMORY);
	bool same = strcmp(value_json(a, &mem), value_json(b, &mem)) == 0;

	arena_release(&mem);
	return same;
}

/* One line, which reads as the same record. */
static void
check_written(const struct record *r)
{
	struct buf out = BUF_INIT(MEMORY);
	struct record again = RECORD_INIT;
	struct error e;

	record_write(r, &out);
	promise(!out.full && memchr(buf_text(&out), '\n', out.len) == NULL,
	    "a record is one line");
	promise(record_parse(&again, buf_text(&out), out.len, &e) == 0,
	    "what is written can be read");
	promise(same_json(r->root, again.root), "it says the same");
	record_release(&again);
	buf_release(&out);
}

/* What nobody set is written as it came, byte for byte. */
static void
check_untouched(const struct record *r, const char *line, size_t len)
{
	struct buf out = BUF_INIT(MEMORY);

	record_write(r, &out);
	promise(out.len == len && memcmp(buf_text(&out), line, len) == 0,
	    "nobody has changed it");
	buf_release(&out);
}

static void
check_peek(const struct record *r, const char *line, size_t len)
{
	static const char *const keys[] = { "id", "to", "a", "" };
	char found[256];
	const char *text;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!record_peek(line, len, keys[i], found, sizeof(found)))
			continue;
		text = record_string(r, keys[i]);
		promise(text != NULL && strcmp(text, found) == 0,
		    "a glance sees what is there");
	}
}

static void
check_changed(struct record *r)
{
	const struct refusal why = { .stage = "fuzz", .code = "bad",
	    .field = "to", .line = 7 };

	record_set_string(r, "to", "x\xff\n\x1b");
	record_set_integer(r, "n", INT64_MIN);
	record_remove(r, "id");
	check_written(r);
	record_refuse(r, &why, "no good");
	promise(record_is_refused(r) && !record_is_refused_temporarily(r),
	    "a refusal is one");
	promise(record_get(r, "id") == NULL, "what is removed is gone");
	check_written(r);
}

static void
check_values(const struct value *root, int depth)
{
	struct value_iter it = { 0 };
	struct arena mem = ARENA_INIT(MEMORY);

	while (value_next(root, &it)) {
		const char *s = value_string(it.value);

		promise(value_get(root, it.key) == it.value,
		    "a member has one key");
		promise(s == NULL || utf8_valid(s, strlen(s)),
		    "a string is UTF-8");
		value_path(root, it.key);
		value_scalar_text(it.value, &mem);
		if (depth < 8)
			check_values(it.value, depth + 1);
	}
	arena_release(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct error e = { .text = "" };
	struct record r = RECORD_INIT;
	char *line = as_text(data, size);

	if (!ready)
		record_setup();
	ready = true;
	if (memchr(line, '\n', size) != NULL)
		;		/* the reader never hands out such a line */
	else if (record_parse(&r, line, size, &e) == -1)
		promise(e.text[0] != '\0', "it is said why");
	else {
		check_peek(&r, line, size);
		check_untouched(&r, line, size);
		check_values(r.root, 0);
		check_changed(&r);
	}
	record_release(&r);
	free(line);
	return 0;
}
