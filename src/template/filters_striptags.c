#include <unicode/utf8.h>

#include "template/chars.h"
#include "template/filter.h"
#include "template/striptags.h"

/*
 * striptags.  Django keeps what an HTML parser calls data, again and again
 * until no tag is left, for "<<b>b>" makes "<b>".
 */
#define ROUNDS_MAX	50		/* Django's, too */
#define LONG_TAG	1000		/* characters after "<a" without ">" */
#define LONG_TAG_OPEN	50		/* "<" in it */

static size_t
count_of(const struct tval *v, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < v->len; i++)
		n += v->text[i] == c;
	return n;
}

/* Many tags begin and none ends: Django refuses it too (CVE-2025-32873). */
static bool
is_hostile(const struct tval *v)
{
	size_t angles, characters, i = 0;

	while (i < v->len) {
		if (v->text[i++] != '<' || i == v->len ||
		    !char_is_letter(v->text[i]))
			continue;
		angles = 1;
		characters = 0;
		for (i++; i < v->len && v->text[i] != '>'; i++) {
			angles += v->text[i] == '<';
			characters += !U8_IS_TRAIL(v->text[i]);
		}
		if (characters >= LONG_TAG && angles >= LONG_TAG_OPEN)
			return true;
	}
	return false;
}

/* In place of `kept`; false when Django refuses. */
static bool
strip_all(struct buf *kept)
{
	struct tval text = TVAL_TEXT(kept->data, kept->len);
	struct buf next = BUF_INIT(TEMPLATE_VALUE_MAX), spent;
	size_t before = count_of(&text, '<'), left, vain = 0;
	bool good = !is_hostile(&text);

	for (unsigned round = 0; good && before > 0 && !kept->full &&
	    count_of(&text, '>') > 0; round++) {
		buf_clear(&next);
		good = round < ROUNDS_MAX &&
		    striptags_once(&text, &next, &vain);
		text = TVAL_TEXT(next.data, next.len);
		left = count_of(&text, '<');
		if (left == before && !next.full)
			break;		/* and without its other changes */
		before = left;
		spent = *kept;
		*kept = next;
		next = spent;
	}
	buf_release(&next);
	return good;
}

static int
filter_striptags(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	bool good;

	buf_add(&b, in->text, in->len);
	good = strip_all(&b);
	if (filter_take(c, &b, out) == -1)
		return -1;
	return good ? 0 : filter_fail(c, out, TVAL_TEXT("", 0), "has tags "
	    "that the filter striptags does not understand");
}

const struct filter filters_striptags[] = {
	{ "striptags", filter_striptags, FILTER_STRING | FILTER_KEEPS_SAFE },
	{ NULL, NULL, 0 }
};
