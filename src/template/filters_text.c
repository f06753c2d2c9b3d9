#include <stdint.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include "base/unicode.h"
#include "template/chars.h"
#include "template/filter.h"
#include "template/wording.h"

/*
 * Filters of texts, of what stands for them, and of sums; as Django 3.2 has
 * them (django/template/defaultfilters.py), which leans on Python's str.
 */
#define DECOMPOSED_MAX	32	/* U+FDFA is 18 units */

static const struct tval nothing = { .type = TVAL_STRING, .text = "" };

static int
needs_text(struct call *c, const struct tval *in, struct tval *out)
{
	return filter_fail(c, out, *in, "goes to the filter %s, whose "
	    "argument is not a text", c->self->name);
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

	if (!word_next(v, &i, &word) || word_next(v, &i, &rest))
		return false;
	i = *word.text == '-' || *word.text == '+';
	for (end = i; i < word.len; end = i) {
		c = char_next(&word, &i);
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
	else if ((c == '-' || (c < 0x80 && char_is_space(c))) &&
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
		add_decomposed(&b, nfkd, char_next(in, &i));
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
	{ "cut", filter_cut, FILTER_ARG | TEXT },
	{ "add", filter_add, FILTER_ARG | FILTER_TAKES_ANY },
	{ "yesno", filter_yesno, FILTER_ARG_OPTIONAL | ANY | EMPTY },
	{ "addslashes", filter_addslashes, TEXT | SAFE },
	{ "slugify", filter_slugify, TEXT | SAFE },
	{ "pluralize", filter_pluralize, FILTER_ARG_OPTIONAL | ANY | EMPTY },
	{ NULL, NULL, 0 }
};
