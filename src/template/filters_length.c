#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/error.h"
#include "base/unicode.h"
#include "template/chars.h"
#include "template/filter.h"
#include "template/wording.h"

/*
 * How long a text is, and texts of a length; as Django 3.2 has them
 * (django/template/defaultfilters.py, django/utils/text.py).
 */

static int
needs_integer(struct call *c, const struct tval *in, struct tval *out)
{
	return filter_fail(c, out, *in, "goes to the filter %s, whose "
	    "argument is not a whole number", c->self->name);
}

static void *
scratch(size_t size)
{
	void *p = malloc(size);

	if (p == NULL)
		die(EX_OSERR, "out of memory");
	return p;
}

/* All before U+0300, whose UTF-8 begins with 0xcc, is composed. */
static bool
is_plain(const struct tval *v)
{
	for (size_t i = 0; i < v->len; i++)
		if ((unsigned char)v->text[i] >= 0xcc)
			return false;
	return true;
}

static int
take_wide(struct call *c, const UChar *wide, int32_t len, struct tval *out)
{
	UErrorCode rc = U_ZERO_ERROR;
	int32_t size = 0;
	char *text;

	u_strToUTF8(NULL, 0, &size, wide, len, &rc);
	text = filter_alloc(c, (size_t)size);
	if (text == NULL)
		return -1;
	rc = U_ZERO_ERROR;
	u_strToUTF8(text, size, NULL, wide, len, &rc);
	*out = TVAL_TEXT(text, (size_t)size);
	return 0;
}

/* The text in the form NFC, where a character at most triples. */
static int
compose(struct call *c, const struct tval *in, struct tval *out)
{
	UErrorCode rc = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&rc);
	UChar *wide, *composed;
	int32_t len = (int32_t)in->len, size = 0;
	int result = 0;

	*out = *in;
	if (is_plain(in))
		return 0;
	wide = scratch(in->len * sizeof(*wide));
	u_strFromUTF8(wide, len, &len, in->text, len, &rc);
	if (U_SUCCESS(rc) && !unorm2_isNormalized(nfc, wide, len, &rc) &&
	    U_SUCCESS(rc)) {
		size = 3 * len;
		composed = scratch((size_t)size * sizeof(*composed));
		size = unorm2_normalize(nfc, wide, len, composed, size, &rc);
		if (U_SUCCESS(rc))
			result = take_wide(c, composed, size, out);
		free(composed);
	}
	free(wide);
	return result;
}

/*
 * Whether the text has more than `max` characters, not counting those that
 * combine; `*end` is where they are to be cut so that `keep` are left.
 */
static bool
is_longer(const struct tval *v, int64_t max, int64_t keep, size_t *end)
{
	int64_t count = 0;
	UChar32 c;

	*end = SIZE_MAX;
	for (size_t i = 0, start = 0; start < v->len; start = i) {
		c = char_next(v, &i);
		if (c >= 0 && u_getCombiningClass(c) != 0)
			continue;
		count++;
		if (count > keep && *end == SIZE_MAX)
			*end = start;
		if (count > max)
			return true;
	}
	return false;
}

static int
filter_truncatechars(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	const char *more = wording_of(c)->more;
	int64_t max, width = (int64_t)utf8_count(more, strlen(more));
	struct tval text;
	size_t end;

	if (!tval_to_integer(&c->arg, &max))
		return needs_integer(c, in, out);
	if (compose(c, in, &text) == -1)
		return -1;
	*out = text;
	if (!is_longer(&text, max, max > width ? max - width : 0, &end))
		return 0;
	buf_add(&b, text.text, end);
	buf_str(&b, more);
	return filter_take(c, &b, out);
}

static int64_t
count_words(const struct tval *v)
{
	struct tval word;
	int64_t n = 0;

	for (size_t i = 0; word_next(v, &i, &word); )
		n++;
	return n;
}

static bool
ends_with(const struct buf *b, const char *end)
{
	size_t len = strlen(end);

	return b->len >= len && memcmp(b->data + b->len - len, end, len) == 0;
}

/* A negative number is of words to leave out at the end, as in a slice. */
static int
filter_truncatewords(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	int64_t max, words = count_words(in), keep;
	struct tval word;
	size_t i = 0;

	if (!tval_to_integer(&c->arg, &max))
		return needs_integer(c, in, out);
	keep = max < -words ? 0 : max < 0 ? words + max : max;
	for (int64_t n = 0; n < keep && word_next(in, &i, &word); n++) {
		if (n > 0)
			buf_char(&b, ' ');
		buf_add(&b, word.text, word.len);
	}
	if (words > max && !ends_with(&b, " …"))
		buf_str(&b, " …");
	return filter_take(c, &b, out);
}

static int
filter_wordcount(struct call *c, const struct tval *in, struct tval *out)
{
	(void)c;
	*out = TVAL_INT(count_words(in));
	return 0;
}

/* Adds at most what makes the buffer full. */
static void
add_spaces(struct buf *b, int64_t n)
{
	while (n-- > 0 && !b->full)
		buf_char(b, ' ');
}

enum side { LEFT, RIGHT, BOTH };

static int
pad(struct call *c, const struct tval *in, struct tval *out, enum side side)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	int64_t width, missing, before = 0;

	if (!tval_to_integer(&c->arg, &width))
		return needs_integer(c, in, out);
	*out = *in;
	missing = width < 0 ? 0 : width - (int64_t)utf8_count(in->text,
	    in->len);
	if (missing <= 0)
		return 0;
	if (side == LEFT)
		before = missing;
	else if (side == BOTH)	/* where Python puts an odd one */
		before = missing / 2 + (missing & width & 1);
	add_spaces(&b, before);
	buf_add(&b, in->text, in->len);
	add_spaces(&b, missing - before);
	return filter_take(c, &b, out);
}

static int
filter_center(struct call *c, const struct tval *in, struct tval *out)
{
	return pad(c, in, out, BOTH);
}

static int
filter_ljust(struct call *c, const struct tval *in, struct tval *out)
{
	return pad(c, in, out, RIGHT);
}

static int
filter_rjust(struct call *c, const struct tval *in, struct tval *out)
{
	return pad(c, in, out, LEFT);
}

#define TEXT		FILTER_STRING
#define SAFE		FILTER_KEEPS_SAFE

const struct filter filters_length[] = {
	{ "truncatechars", filter_truncatechars, FILTER_ARG | TEXT | SAFE },
	{ "truncatewords", filter_truncatewords, FILTER_ARG | TEXT | SAFE },
	{ "wordcount", filter_wordcount, TEXT },
	{ "center", filter_center, FILTER_ARG | TEXT | SAFE },
	{ "ljust", filter_ljust, FILTER_ARG | TEXT | SAFE },
	{ "rjust", filter_rjust, FILTER_ARG | TEXT | SAFE },
	{ NULL, NULL, 0 }
};
