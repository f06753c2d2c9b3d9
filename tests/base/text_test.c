#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool
blank(const char *s)
{
	return text_is_blank(s, strlen(s));
}

static void
test_blank(void)
{
	assert(blank(""));
	assert(blank(" \t\r\n\x7f"));
	assert(blank("\u00a0\u1680\u3000\u2028"));	/* white space */
	assert(blank("\u200b\u200e\u2060\ufeff\u00ad"));	/* formats */
	assert(blank("\u034f\u115f\u3164\uffa0\ufe0f"));	/* ignored */
	assert(blank("\u2800"));
	assert(blank("\xc2\x85"));
	assert(text_is_blank(" a", 1));
	assert(text_is_blank("\0", 1));
	assert(!blank("a"));
	assert(!blank(" . "));
	assert(!blank("\u200b\u00f1"));
	assert(!blank("\u2801"));
	assert(!blank("\U0001f431"));
	assert(!blank("\xff"));
	assert(!blank("\xe2\x80"));	/* U+200B, cut */
}

static void
is(const char *s, bool one_line, const char *want)
{
	const char *why = text_fault(s, strlen(s), one_line);

	if ((why == NULL) != (want == NULL) || (why != NULL &&
	    strstr(why, want) == NULL))
		fprintf(stderr, "%s: %s, not %s\n", s, why == NULL ? "good" :
		    why, want == NULL ? "good" : want);
	assert((why == NULL) == (want == NULL));
	assert(why == NULL || strstr(why, want) != NULL);
}

static void
both(const char *s, const char *want)
{
	is(s, false, want);
	is(s, true, want);
}

static void
test_fault(void)
{
	both("", NULL);
	both("Ni\u00f1o \U0001f468\u200d\U0001f469 \u00a0", NULL);
	both("\u05d0\u200f \u0627\u200e\u061c", NULL);
	is("a\n\tb", false, NULL);
	is("a\nb", true, "has a newline in a line");
	is("a\tb", true, "has a control character");
	is("a\u2028b", true, "has a newline in a line");
	is("a\u2029b", true, "has a newline in a line");
	is("a\u2028b", false, "has a control character");
	both("a\rb", "has a control character");
	both("a\x1b[2J", "has a control character");
	both("a\x7f", "has a control character");
	both("a\xc2\x85", "has a control character");
	both("a\u202eb", "turns the direction");
	both("a\u202a", "turns the direction");
	both("\u2066", "turns the direction");
	both("\u2069", "turns the direction");
	both("\u202f\u2065\u206a", NULL);
	both("a\xff", "is not UTF-8");
	assert(text_fault("a\0", 2, false) != NULL);
}

static void
reads(const char *from, size_t len, const char *want)
{
	struct buf b = BUF_INIT(100);

	buf_add(&b, from, len);
	text_clean(&b);
	if (b.len != strlen(want) || strcmp(buf_text(&b), want) != 0)
		fprintf(stderr, "[%s] not [%s]\n", buf_text(&b), want);
	assert(b.len == strlen(want) && strcmp(buf_text(&b), want) == 0);
	buf_release(&b);
}

static void
test_clean(void)
{
	static const char same[] = "a\n\rb\n\r";

	reads("", 0, "");
	reads("\xef\xbb\xbf", 3, "");
	reads("\xef\xbb\xbf\xef\xbb\xbf" "a", 7, "\xef\xbb\xbf" "a");
	reads("\xef\xbb", 2, "\xef\xbb");
	reads("a\xef\xbb\xbf", 4, "a\xef\xbb\xbf");
	reads("\xef\xbb\xbf[a]\r\nb\r\n", 11, "[a]\nb\n");
	reads("\r\r\n\r\n\n", 6, "\r\n\n\n");
	/* What is no line end of any system stays, to be refused. */
	reads(same, sizeof(same) - 1, same);
}

int
main(void)
{
	test_blank();
	test_fault();
	test_clean();
	return 0;
}
