#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/error.h"
#include "base/unicode.h"
#include "template/chars.h"
#include "template/filter.h"

/*
 * Upper and lower case, which do not depend on the language; as Python's str
 * has them in Django 3.2 (django/template/defaultfilters.py).
 */
#define CASED_MAX	32	/* bytes of one character in another case */

typedef int32_t case_mapping(const UCaseMap *map, char *dest, int32_t size,
    const char *src, int32_t len, UErrorCode *rc);

/* ICU takes NULL for the locale of the process. */
static UCaseMap *
case_map(uint32_t options)
{
	UErrorCode rc = U_ZERO_ERROR;
	UCaseMap *map = ucasemap_open("", options, &rc);

	if (map == NULL)
		die(EX_OSERR, "out of memory");
	return map;
}

static int
change_case(struct call *c, const struct tval *in, struct tval *out,
    case_mapping *change)
{
	UErrorCode rc = U_ZERO_ERROR;
	UCaseMap *map = case_map(0);
	int32_t len = (int32_t)in->len, size;
	char *text;

	size = change(map, NULL, 0, in->text, len, &rc);
	text = filter_alloc(c, (size_t)size);
	rc = U_ZERO_ERROR;
	if (text != NULL)
		change(map, text, size, in->text, len, &rc);
	ucasemap_close(map);
	if (text == NULL)
		return -1;
	*out = TVAL_TEXT(text, (size_t)size);
	return 0;
}

static int
filter_upper(struct call *c, const struct tval *in, struct tval *out)
{
	return change_case(c, in, out, ucasemap_utf8ToUpper);
}

static int
filter_lower(struct call *c, const struct tval *in, struct tval *out)
{
	return change_case(c, in, out, ucasemap_utf8ToLower);
}

/* Adds one character, of which "ß" and "ﬁ" become two. */
static void
add_capital(struct buf *b, const UCaseMap *map, const char *s, size_t len)
{
	char text[CASED_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	int32_t n;

	n = ucasemap_utf8ToUpper(map, text, CASED_MAX, s, (int32_t)len, &rc);
	buf_add(b, text, (size_t)n);
}

static void
add_title(struct buf *b, UCaseMap *map, const char *s, size_t len)
{
	char text[CASED_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	int32_t n;

	n = ucasemap_utf8ToTitle(map, text, CASED_MAX, s, (int32_t)len, &rc);
	buf_add(b, text, (size_t)n);
}

static int
filter_capfirst(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	UCaseMap *map = case_map(0);
	size_t first = 0;

	if (in->len > 0)
		char_next(in, &first);
	add_capital(&b, map, in->text, first);
	ucasemap_close(map);
	buf_add(&b, in->text + first, in->len - first);
	return filter_take(c, &b, out);
}

static bool
is_cased(UChar32 c)
{
	return u_hasBinaryProperty(c, UCHAR_CASED);
}

static bool
is_ignorable(UChar32 c)
{
	return u_hasBinaryProperty(c, UCHAR_CASE_IGNORABLE);
}

/* Whether the sigma between both places ends a word (Final_Sigma). */
static bool
ends_word(const struct tval *v, size_t before, size_t after)
{
	UChar32 c;

	do {
		if (before == 0)
			return false;
		c = char_before(v, &before);
	} while (is_ignorable(c));
	if (!is_cased(c))
		return false;
	while (after < v->len) {
		c = char_next(v, &after);
		if (!is_ignorable(c))
			return !is_cased(c);
	}
	return true;
}

static void
add_char(struct buf *b, UChar32 c)
{
	uint8_t text[U8_MAX_LENGTH];
	int32_t len = 0;

	U8_APPEND_UNSAFE(text, len, (uint32_t)c);
	buf_add(b, text, (size_t)len);
}

/* Adds the character `c` between both places in lower case. */
static void
add_lower(struct buf *b, const struct tval *v, size_t start, size_t end,
    UChar32 c)
{
	if (c < 0)
		buf_add(b, v->text + start, end - start);
	else if (c == 0x130)
		buf_str(b, "i\u0307");
	else if (c == 0x3a3)
		buf_str(b, ends_word(v, start, end) ? "ς" : "σ");
	else
		add_char(b, u_tolower(c));
}

/* str.title(): a capital after all that is no letter, be it an apostrophe. */
static void
capitalize_words(const struct tval *in, struct buf *b)
{
	UCaseMap *map = case_map(U_TITLECASE_WHOLE_STRING |
	    U_TITLECASE_NO_LOWERCASE | U_TITLECASE_NO_BREAK_ADJUSTMENT);
	bool within = false;
	UChar32 c;

	for (size_t i = 0, start = 0; start < in->len; start = i) {
		c = char_next(in, &i);
		if (within)
			add_lower(b, in, start, i, c);
		else
			add_title(b, map, in->text + start, i - start);
		within = c >= 0 && is_cased(c);
	}
	ucasemap_close(map);
}

static bool
is_digit_before(const struct tval *v, size_t i)
{
	return i > 0 && u_isdigit(char_before(v, &i));
}

/* Django's corrections: the T of "Don'T" and of "1St", each seen once. */
static void
correct_title(struct buf *b)
{
	struct tval text = TVAL_TEXT(b->data, b->len);
	size_t seen = 0;
	char *s = b->data;

	for (size_t i = 1; i < b->len; i++) {
		if (s[i] < 'A' || s[i] > 'Z')
			continue;
		if (is_digit_before(&text, i) || (i >= seen + 2 &&
		    s[i - 1] == '\'' && s[i - 2] >= 'a' && s[i - 2] <= 'z')) {
			s[i] = (char)(s[i] - 'A' + 'a');
			seen = i + 1;
		}
	}
}

static int
filter_title(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);

	capitalize_words(in, &b);
	correct_title(&b);
	return filter_take(c, &b, out);
}

const struct filter filters_case[] = {
	{ "upper", filter_upper, FILTER_STRING },
	{ "lower", filter_lower, FILTER_STRING | FILTER_KEEPS_SAFE },
	{ "title", filter_title, FILTER_STRING | FILTER_KEEPS_SAFE },
	{ "capfirst", filter_capfirst, FILTER_STRING | FILTER_KEEPS_SAFE },
	{ NULL, NULL, 0 }
};
