#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/ucasemap.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "base/error.h"
#include "template/filter.h"

/*
 * Filters of texts, of what stands for them, and of sums; as Django 3.2 has
 * them (django/template/defaultfilters.py), which leans on Python's str: its
 * idea of white space and of words is not ICU's.
 */
#define CASED_MAX	32	/* bytes of one character in another case */
#define DECOMPOSED_MAX	32	/* U+FDFA is 18 units */

static const struct tval nothing = { .type = TVAL_STRING, .text = "" };

/* What Django's own translations say. */
static const struct wording {
	const char *language;
	const char *answers;
	const char *more;	/* of truncatechars */
} wordings[] = {
	{ "es-AR", "si,no,talvez", "…" },
	{ "es-MX", "sí,no,tal vez", "..." },
	{ "es", "sí,no,quizás", "..." },
	{ "", "yes,no,maybe", "…" }
};

static const struct wording *
wording_of(const struct call *c)
{
	const struct wording *w = wordings;

	while (*w->language != '\0' && !filter_language_is(c, w->language))
		w++;
	return w;
}

static int
needs_integer(struct call *c, const struct tval *in, struct tval *out)
{
	return filter_fail(c, out, *in, "goes to the filter %s, whose "
	    "argument is not a whole number", c->self->name);
}

static int
needs_text(struct call *c, const struct tval *in, struct tval *out)
{
	return filter_fail(c, out, *in, "goes to the filter %s, whose "
	    "argument is not a text", c->self->name);
}

/* Characters. */

/* The one at `*i`, which goes on to the next; negative: not UTF-8. */
static UChar32
next_char(const struct tval *v, size_t *i)
{
	const uint8_t *s = (const uint8_t *)v->text;
	int32_t at = (int32_t)*i, len = (int32_t)v->len;
	UChar32 c;

	U8_NEXT(s, at, len, c);
	*i = (size_t)at;
	return c;
}

static UChar32
char_before(const struct tval *v, size_t *i)
{
	const uint8_t *s = (const uint8_t *)v->text;
	int32_t at = (int32_t)*i;
	UChar32 c;

	U8_PREV(s, 0, at, c);
	*i = (size_t)at;
	return c;
}

static void
add_char(struct buf *b, UChar32 c)
{
	uint8_t text[U8_MAX_LENGTH];
	int32_t len = 0;

	U8_APPEND_UNSAFE(text, len, (uint32_t)c);
	buf_add(b, text, (size_t)len);
}

/* Python's str.isspace(): Unicode's, and the separators of ASCII. */
static bool
is_space(UChar32 c)
{
	return (c >= 0x1c && c <= 0x1f) || u_isUWhiteSpace(c);
}

/* The next run of what is not white space, as str.split() has it. */
static bool
next_word(const struct tval *v, size_t *i, struct tval *word)
{
	size_t at = *i, start = at, end;

	while (at < v->len && is_space(next_char(v, &at)))
		start = at;
	for (at = end = start; end < v->len; end = at)
		if (is_space(next_char(v, &at)))
			break;
	*i = end;
	*word = TVAL_TEXT(v->text + start, end - start);
	return end > start;
}

/* Values that are not there. */

static int
filter_default(struct call *c, const struct tval *in, struct tval *out)
{
	*out = tval_is_true(in) ? *in : c->arg;
	return 0;
}

static int
filter_default_if_none(struct call *c, const struct tval *in, struct tval *out)
{
	bool none = in->type == TVAL_NONE || in->type == TVAL_MISSING;

	*out = none ? c->arg : *in;
	return 0;
}

/* Cuts at commas; returns the number of parts, of which `max` are kept. */
static size_t
split(const struct tval *text, struct tval *parts, size_t max)
{
	const char *s = text->text, *end = s + text->len, *comma;
	size_t n = 0;

	for (;; s = comma + 1) {
		comma = s == end ? NULL : memchr(s, ',', (size_t)(end - s));
		if (n < max)
			parts[n] = TVAL_TEXT(s, (size_t)((comma == NULL ?
			    end : comma) - s));
		n++;
		if (comma == NULL)
			return n;
	}
}

static int
filter_yesno(struct call *c, const struct tval *in, struct tval *out)
{
	const char *standard = wording_of(c)->answers;
	struct tval text = TVAL_TEXT(standard, strlen(standard)), answers[3];
	size_t n;

	if (c->has_arg && c->arg.type != TVAL_NONE)
		text = c->arg;
	if (text.type != TVAL_STRING)
		return needs_text(c, in, out);
	n = split(&text, answers, 3);
	if (n < 2)
		return filter_fail(c, out, *in, "goes to the filter yesno, "
		    "whose argument is not two or three texts with commas");
	if (in->type != TVAL_NONE && in->type != TVAL_MISSING) {
		*out = answers[tval_is_true(in) ? 0 : 1];
		return 0;
	}
	if (n == 3) {
		*out = answers[2];
		return 0;
	}
	/* Not to know is no "no". */
	return filter_fail(c, out, answers[1], "is not there, and the filter "
	    "yesno has no third text for that");
}

/* Sums. */

/* Digits with a sign, as int() takes them, of any size. */
static bool
is_integer_text(const struct tval *v)
{
	struct tval word, rest;
	size_t i = 0, end = 0;
	UChar32 c;
	bool digit = false;

	if (!next_word(v, &i, &word) || next_word(v, &i, &rest))
		return false;
	i = *word.text == '-' || *word.text == '+';
	for (end = i; i < word.len; end = i) {
		c = next_char(&word, &i);
		if (!u_isdigit(c) && !(c == '_' && digit))
			return false;
		digit = c != '_';
	}
	return digit && end == word.len;
}

static bool
is_number(const struct tval *v)
{
	return v->type == TVAL_BOOL || v->type == TVAL_INTEGER ||
	    v->type == TVAL_REAL ||
	    (v->type == TVAL_STRING && is_integer_text(v));
}

static int
add_numbers(struct call *c, const struct tval *in, struct tval *out)
{
	int64_t a, b, sum;

	if (!tval_to_integer(in, &a) || !tval_to_integer(&c->arg, &b) ||
	    __builtin_add_overflow(a, b, &sum))
		return filter_fail(c, out, nothing, "goes to the filter add "
		    "and makes too large a number");
	*out = TVAL_INT(sum);
	return 0;
}

static int
add_texts(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	bool safe = in->safe && c->arg.safe;

	buf_add(&b, in->text, in->len);
	buf_add(&b, c->arg.text, c->arg.len);
	if (filter_take(c, &b, out) == -1)
		return -1;
	out->safe = safe;
	return 0;
}

static int
add_lists(struct call *c, const struct tval *in, struct tval *out)
{
	size_t first = in->count, count = first + c->arg.count;
	struct tval *items;

	items = filter_alloc(c, count * sizeof(*items));
	if (items == NULL)
		return -1;
	for (size_t i = 0; i < count; i++)
		items[i] = i < first ? tval_at(in, i) :
		    tval_at(&c->arg, i - first);
	*out = (struct tval){ .type = TVAL_LIST, .items = items,
	    .count = count };
	return 0;
}

static int
filter_add(struct call *c, const struct tval *in, struct tval *out)
{
	if (is_number(in) && is_number(&c->arg))
		return add_numbers(c, in, out);
	if (in->type == TVAL_STRING && c->arg.type == TVAL_STRING)
		return add_texts(c, in, out);
	if (in->type == TVAL_LIST && c->arg.type == TVAL_LIST)
		return add_lists(c, in, out);
	return filter_fail(c, out, nothing, "is %s, to which the filter add "
	    "cannot add %s", tval_type_name(in), tval_type_name(&c->arg));
}

/* "s", or after commas the text for one and the text for other numbers. */
static int
filter_pluralize(struct call *c, const struct tval *in, struct tval *out)
{
	struct tval arg = c->has_arg ? c->arg : TVAL_TEXT("s", 1);
	struct tval suffixes[2];
	double number;
	size_t n;

	if (arg.type != TVAL_STRING)
		return needs_text(c, &nothing, out);
	n = split(&arg, suffixes, 2);
	if (n > 2)
		return filter_fail(c, out, nothing, "goes to the filter "
		    "pluralize, whose argument has more than one comma");
	if (n == 1) {
		suffixes[1] = suffixes[0];
		suffixes[0] = nothing;
	}
	if (in->type == TVAL_LIST || in->type == TVAL_OBJECT)
		number = (double)tval_count(in);
	else if (!tval_to_real(in, &number))
		return filter_fail(c, out, nothing, "is not a number or a "
		    "list, as needed by the filter pluralize");
	*out = suffixes[number == 1 ? 0 : 1];
	return 0;
}

/* Upper and lower case, which do not depend on the language. */

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
		next_char(in, &first);
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
		c = next_char(v, &after);
		if (!is_ignorable(c))
			return !is_cased(c);
	}
	return true;
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
		c = next_char(in, &i);
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

/* Lengths. */

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
		c = next_char(v, &i);
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

	for (size_t i = 0; next_word(v, &i, &word); )
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
	for (int64_t n = 0; n < keep && next_word(in, &i, &word); n++) {
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

/* Other changes. */

static int
filter_cut(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	const char *s = in->text, *end = s + in->len, *found;
	bool semicolon;

	if (c->arg.type != TVAL_STRING)
		return needs_text(c, in, out);
	while (c->arg.len > 0 && s < end) {
		found = memmem(s, (size_t)(end - s), c->arg.text, c->arg.len);
		if (found == NULL)
			break;
		buf_add(&b, s, (size_t)(found - s));
		s = found + c->arg.len;
	}
	buf_add(&b, s, (size_t)(end - s));
	if (filter_take(c, &b, out) == -1)
		return -1;
	/* Without it an entity would be another text. */
	semicolon = c->arg.len == 1 && *c->arg.text == ';';
	out->safe = in->safe && !semicolon;
	return 0;
}

static int
filter_addslashes(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);

	for (size_t i = 0; i < in->len; i++) {
		if (in->text[i] == '\\' || in->text[i] == '"' ||
		    in->text[i] == '\'')
			buf_char(&b, '\\');
		buf_char(&b, in->text[i]);
	}
	return filter_take(c, &b, out);
}

/* Adds what slugify keeps of a character. */
static void
add_slug(struct buf *b, UChar32 c)
{
	if (c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')
		buf_char(b, (char)c);
	else if ((c == '-' || (c < 0x80 && is_space(c))) &&
	    (b->len == 0 || b->data[b->len - 1] != '-'))
		buf_char(b, '-');
}

/*
 * What is beyond ASCII goes, so that the characters may be taken apart one by
 * one: the order of marks, which NFKD also settles, is of no account.
 */
static void
add_decomposed(struct buf *b, const UNormalizer2 *nfkd, UChar32 c)
{
	UErrorCode rc = U_ZERO_ERROR;
	UChar parts[DECOMPOSED_MAX];
	int32_t n;

	if (c < 0x80) {
		add_slug(b, c);
		return;
	}
	n = unorm2_getDecomposition(nfkd, c, parts, DECOMPOSED_MAX, &rc);
	for (int32_t i = 0; U_SUCCESS(rc) && i < n; i++)
		if (parts[i] < 0x80)
			add_slug(b, parts[i]);
}

static bool
is_edge(char c)
{
	return c == '-' || c == '_';
}

static int
filter_slugify(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	UErrorCode rc = U_ZERO_ERROR;
	const UNormalizer2 *nfkd = unorm2_getNFKDInstance(&rc);

	for (size_t i = 0; i < in->len; )
		add_decomposed(&b, nfkd, next_char(in, &i));
	if (filter_take(c, &b, out) == -1)
		return -1;
	for (; out->len > 0 && is_edge(*out->text); out->text++)
		out->len--;
	while (out->len > 0 && is_edge(out->text[out->len - 1]))
		out->len--;
	return 0;
}

#define TEXT		FILTER_STRING
#define SAFE		FILTER_KEEPS_SAFE
#define ANY		(FILTER_TAKES_ANY | FILTER_TAKES_MISSING)
#define EMPTY		FILTER_MAY_BE_EMPTY

const struct filter filters_text[] = {
	{ "default", filter_default, FILTER_ARG | ANY | EMPTY },
	{ "default_if_none", filter_default_if_none,
	    FILTER_ARG | ANY | EMPTY },
	{ "upper", filter_upper, TEXT },
	{ "lower", filter_lower, TEXT | SAFE },
	{ "title", filter_title, TEXT | SAFE },
	{ "capfirst", filter_capfirst, TEXT | SAFE },
	{ "truncatechars", filter_truncatechars, FILTER_ARG | TEXT | SAFE },
	{ "truncatewords", filter_truncatewords, FILTER_ARG | TEXT | SAFE },
	{ "cut", filter_cut, FILTER_ARG | TEXT },
	{ "add", filter_add, FILTER_ARG | FILTER_TAKES_ANY },
	{ "yesno", filter_yesno, FILTER_ARG_OPTIONAL | ANY | EMPTY },
	{ "addslashes", filter_addslashes, TEXT | SAFE },
	{ "slugify", filter_slugify, TEXT | SAFE },
	{ "wordcount", filter_wordcount, TEXT },
	{ "center", filter_center, FILTER_ARG | TEXT | SAFE },
	{ "ljust", filter_ljust, FILTER_ARG | TEXT | SAFE },
	{ "rjust", filter_rjust, FILTER_ARG | TEXT | SAFE },
	{ "pluralize", filter_pluralize, FILTER_ARG_OPTIONAL | ANY | EMPTY },
	{ NULL, NULL, 0 }
};
