#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "message/segments.h"

/* `head`, then `unit` `times` times, then `tail`. */
static void
check(const char *head, const char *unit, int times, const char *tail,
    const char *encoding, int units, int count)
{
	struct buf b = BUF_INIT(SEGMENTS_TEXT_MAX);
	struct segments s;

	buf_str(&b, head);
	for (int i = 0; i < times; i++)
		buf_str(&b, unit);
	buf_str(&b, tail);
	assert(segments_count(buf_text(&b), &s));
	assert(strcmp(s.encoding, encoding) == 0);
	assert(s.units == units);
	assert(s.count == count);
	buf_release(&b);
}

static void
lengths(void)
{
	check("", "", 0, "", "GSM-7", 0, 1);
	check("", "a", 160, "", "GSM-7", 160, 1);
	check("", "a", 161, "", "GSM-7", 161, 2);
	check("", "a", 306, "", "GSM-7", 306, 2);
	check("", "a", 307, "", "GSM-7", 307, 3);
	check("", "á", 70, "", "UCS-2", 70, 1);
	check("", "á", 71, "", "UCS-2", 71, 2);
	check("", "á", 134, "", "UCS-2", 134, 2);
	check("", "á", 135, "", "UCS-2", 135, 3);
}

/* The 153rd septet stays empty when a pair would lie across it. */
static void
pairs_stay_together(void)
{
	check("", "€", 80, "", "GSM-7", 160, 1);
	check("", "€", 153, "", "GSM-7", 306, 3);
	check("", "a", 152, "€bbbbbbbbb", "GSM-7", 163, 2);
	check("a", "[", 152, "", "GSM-7", 305, 2);
	check("", "😀", 35, "", "UCS-2", 70, 1);
	check("", "😀", 66, "", "UCS-2", 132, 2);
	check("", "😀", 67, "", "UCS-2", 134, 3);
	check("á", "😀", 66, "", "UCS-2", 133, 2);
}

static void
the_first_offender_is_named(void)
{
	struct segments s;

	assert(segments_count("¡Año nuevo, ñandú! mañana sábado", &s));
	assert(s.first_ucs2 == 19);
	assert(strcmp(s.offender, "ú") == 0);
	assert(segments_count("👍 sí", &s));
	assert(s.first_ucs2 == 0 && strcmp(s.offender, "👍") == 0);
	assert(segments_count("plain\n[€]", &s));
	assert(s.first_ucs2 == -1 && strcmp(s.offender, "") == 0);
}

/* Look-alikes: small c with cedilla, backtick, tab, delete, Greek alpha. */
static void
what_is_not_in_the_alphabet(void)
{
	static const char *const no[] = { "ç", "`", "\t", "\x7f", "Α", "\x1b",
	    "\xc2\xa0", "\xc3\x8d" };
	struct segments s;

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		assert(segments_count(no[i], &s));
		assert(strcmp(s.encoding, "UCS-2") == 0);
	}
}

static void
broken_text_is_refused(void)
{
	struct segments s;

	assert(!segments_count("a\xff", &s));
	assert(!segments_count("\xc3", &s));
	assert(!segments_count("\xed\xa0\x80", &s));
	assert(!segments_count("\xc0\x80", &s));
}

int
main(void)
{
	lengths();
	pairs_stay_together();
	the_first_offender_is_named();
	what_is_not_in_the_alphabet();
	broken_text_is_refused();
	return 0;
}
