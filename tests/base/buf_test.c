#undef NDEBUG
#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

static void
test_growing(void)
{
	struct buf b = BUF_INIT(1000000);

	assert(strcmp(buf_text(&b), "") == 0 && b.data == NULL);
	buf_add(&b, "", 0);
	assert(b.len == 0);
	buf_str(&b, "a");
	buf_char(&b, 'b');
	buf_printf(&b, "%d%s", 42, "");
	assert(strcmp(buf_text(&b), "ab42") == 0 && b.len == 4);
	buf_add(&b, "\0x", 2);
	assert(b.len == 6 && memcmp(b.data, "ab42\0x", 7) == 0);
	buf_clear(&b);
	assert(b.len == 0 && strcmp(buf_text(&b), "") == 0);
	for (int i = 0; i < 100000; i++)
		buf_char(&b, (char)('a' + i % 26));
	assert(b.len == 100000 && b.data[b.len] == '\0' && !b.full);
	for (int i = 0; i < 100000; i++)
		assert(b.data[i] == 'a' + i % 26);
	buf_printf(&b, "%0900000d", 0);
	assert(b.len == 1000000 && !b.full && b.data[b.len] == '\0');
	buf_release(&b);
	assert(b.data == NULL && b.len == 0 && b.max == 1000000);
	buf_release(&b);
}

static void
test_full(void)
{
	struct buf b = BUF_INIT(4);

	buf_str(&b, "1234");
	assert(!b.full && b.len == 4);
	buf_char(&b, '5');
	assert(b.full && b.len == 4 && strcmp(b.data, "1234") == 0);
	buf_clear(&b);
	assert(!b.full);
	buf_str(&b, "12");
	buf_str(&b, "345");
	assert(b.full && strcmp(b.data, "12") == 0);
	/* Nothing is added behind a hole, though it would fit. */
	buf_char(&b, '3');
	buf_printf(&b, "%d", 3);
	assert(b.full && strcmp(b.data, "12") == 0);
	buf_clear(&b);
	buf_printf(&b, "%d", 12345);
	assert(b.full && b.len == 0);
	buf_clear(&b);
	buf_add(&b, "x", SIZE_MAX);
	assert(b.full && b.len == 0);
	buf_release(&b);
	b = (struct buf)BUF_INIT(0);
	buf_char(&b, 'x');
	assert(b.full && strcmp(buf_text(&b), "") == 0);
	buf_release(&b);
}

static void
test_arena(void)
{
	struct arena a = ARENA_INIT(10000000);
	char *s, *first;
	size_t sizes[] = { 1, 7, 8, 4095, 4096, 4097, 100000, 3 };

	for (int round = 0; round < 3; round++) {
		first = arena_strdup(&a, "first");
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			s = arena_alloc(&a, sizes[i]);
			assert((size_t)s % alignof(max_align_t) == 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert(s[k] == 0);
			memset(s, 0xff, sizes[i]);
		}
		assert(strcmp(first, "first") == 0);
		assert(strcmp(arena_printf(&a, "%d-%s", 7, "x"), "7-x") == 0);
		assert(strcmp(arena_strndup(&a, "abc\0d", 2), "ab") == 0);
		assert(memcmp(arena_strndup(&a, "a\0b", 3), "a\0b", 4) == 0);
		arena_reset(&a);
	}
	arena_release(&a);
	arena_release(&a);
}

int
main(void)
{
	test_growing();
	test_full();
	test_arena();
	return 0;
}
