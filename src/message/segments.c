#include "segments.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"

/*
 * A part holds 140 octets: 160 septets or 70 units of 16 bits.  In a text of
 * several parts each begins with a header of 6 octets (TS 23.040, 9.2.3.24.1),
 * which leaves 153 or 67.
 */
struct capacity {
	const char *encoding;
	int single;
	int joined;
};

static const struct capacity gsm7 = { "GSM-7", 160, 153 };
static const struct capacity ucs2 = { "UCS-2", 70, 67 };

/*
 * TS 23.038, 6.2.1: the default alphabet without its ASCII part, in the order
 * of the table there.
 */
static const uint16_t basic[] = {
	0x00a3, 0x00a5, 0x00e8, 0x00e9, 0x00f9, 0x00ec, 0x00f2, 0x00c7,
	0x00d8, 0x00f8, 0x00c5, 0x00e5, 0x0394, 0x03a6, 0x0393, 0x039b,
	0x03a9, 0x03a0, 0x03a8, 0x03a3, 0x0398, 0x039e, 0x00c6, 0x00e6,
	0x00df, 0x00c9, 0x00a4, 0x00a1, 0x00c4, 0x00d6, 0x00d1, 0x00dc,
	0x00a7, 0x00bf, 0x00e4, 0x00f6, 0x00f1, 0x00fc, 0x00e0
};

/* TS 23.038, 6.2.1.1: an escape and a septet.  The euro sign follows below. */
static const char extension[] = "\f^{}\\[~]|";

#define EURO	0x20acU

/* `n` is what utf8_length() said. */
static uint32_t
decode(const char *s, size_t n)
{
	static const unsigned char lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)s[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3fU);
	return c;
}

int
segments_septets(uint32_t c)
{
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return 1;
	if (c < 0x80) {
		if (strchr(extension, (int)c) != NULL)
			return 2;
		if (c == '\n' || c == '\r')
			return 1;
		return c >= ' ' && c < 0x7f && c != '`';
	}
	if (c == EURO)
		return 2;
	for (size_t i = 0; i < sizeof(basic) / sizeof(basic[0]); i++)
		if (basic[i] == c)
			return 1;
	return 0;
}

static int
units_of(const char *s, size_t n, const struct capacity *as)
{
	if (as == &gsm7)
		return segments_septets(decode(s, n));
	return n == 4 ? 2 : 1;	/* four octets of UTF-8: a surrogate pair */
}

/*
 * A character of two units never lies across a boundary: the part before it
 * stays one unit short.
 */
static int
count_parts(const char *utf8, size_t len, const struct capacity *as, int units)
{
	int count = 1, used = 0, width;
	size_t n;

	if (units <= as->single)
		return 1;
	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(utf8 + i, len - i);
		width = units_of(utf8 + i, n, as);
		if (used + width > as->joined) {
			count++;
			used = 0;
		}
		used += width;
	}
	return count;
}

bool
segments_count(const char *utf8, struct segments *s)
{
	int width, in_gsm7 = 0, in_ucs2 = 0;
	const struct capacity *as = &gsm7;
	size_t n, len = strlen(utf8);

	if (len > SEGMENTS_TEXT_MAX)
		return false;
	*s = (struct segments){ .first_ucs2 = -1 };
	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(utf8 + i, len - i);
		if (n == 0)
			return false;
		width = units_of(utf8 + i, n, &gsm7);
		in_gsm7 += width;
		in_ucs2 += units_of(utf8 + i, n, &ucs2);
		if (width == 0 && s->first_ucs2 == -1) {
			s->first_ucs2 = (int)i;
			memcpy(s->offender, utf8 + i, n);
			as = &ucs2;
		}
	}
	s->encoding = as->encoding;
	s->units = as == &gsm7 ? in_gsm7 : in_ucs2;
	s->count = count_parts(utf8, len, as, s->units);
	return true;
}
