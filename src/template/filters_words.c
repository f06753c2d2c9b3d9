#include <stdio.h>
#include <string.h>
#include <unicode/ulistformatter.h>

#include "base/unicode.h"
#include "base/zone.h"
#include "base/text.h"
#include "template/chars.h"
#include "template/filter.h"
#include "template/localized.h"

/* Lists, as a person writes them. */
#define BETWEEN_MAX	32	/* bytes between two items */
#define JOINED_MAX	2048	/* and of what ICU joins */

/* What stands between the items. */
struct between {
	char two[BETWEEN_MAX], start[BETWEEN_MAX], middle[BETWEEN_MAX],
	    end[BETWEEN_MAX];
};

/*
 * The letter at `s`: small, and without the acute that Spanish puts on
 * vowels; 0 at the end, '?' for what is none of these.
 */
static char
letter_at(const char *s, const char *end)
{
	static const struct {
		unsigned char second;
		char letter;
	} acutes[] = { { 0xa1, 'a' }, { 0xa9, 'e' }, { 0xad, 'i' },
	    { 0xb3, 'o' }, { 0xba, 'u' } };

	if (s >= end)
		return '\0';
	if (*s >= 'A' && *s <= 'Z')
		return (char)(*s - 'A' + 'a');
	if ((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9'))
		return *s;
	if ((unsigned char)*s == 0xc3 && s + 1 < end)
		for (size_t i = 0; i < sizeof(acutes) / sizeof(acutes[0]); i++)
			/* Capitals lie 0x20 below. */
			if (((unsigned char)s[1] | 0x20) == acutes[i].second)
				return acutes[i].letter;
	return '?';
}

static bool
is_vowel(char c)
{
	return c != '\0' && strchr("aeiou", c) != NULL;
}

/* Where the first word begins: after quotes and the like. */
static const char *
word_start(const char *s, const char *end)
{
	static const char *const marks[] = { "\"", "'", "(", "\xc2\xbf",
	    "\xc2\xa1", "\xc2\xab", "\xe2\x80\x9c", "\xe2\x80\x98" };
	size_t i = 0, len;

	while (i < sizeof(marks) / sizeof(marks[0])) {
		len = strlen(marks[i]);
		if ((size_t)(end - s) >= len && memcmp(s, marks[i], len) == 0) {
			s += len;
			i = 0;
		} else
			i++;
	}
	return s;
}

/*
 * The Real Academia's rule: e for y before the sound of i, but not before a
 * diphthong as in hierro, nor before the consonant of Yoyo.
 */
static bool
sounds_i(const char *s, const char *end)
{
	char first, second;
	bool acute;

	s = word_start(s, end);
	if (letter_at(s, end) == 'h')
		s++;
	first = letter_at(s, end);
	acute = s < end && (unsigned char)*s == 0xc3;
	second = letter_at(s + (acute ? 2 : 1), end);
	if (first == 'y')	/* Yvonne */
		return second >= 'a' && second <= 'z' && !is_vowel(second);
	return first == 'i' && (acute || second == 'i' || !is_vowel(second));
}

/* u for o before the sound of o, also of ocho and once in figures. */
static bool
sounds_o(const char *s, const char *end)
{
	const char *digits;

	s = word_start(s, end);
	if (letter_at(s, end) == 'h')
		s++;
	else if (s < end && *s == '8')
		return true;
	digits = char_skip_digits(s, end);
	/* 11 and 11000, not 110. */
	if (digits - s >= 2 && s[0] == '1' && s[1] == '1')
		return (digits - s) % 3 == 2;
	return letter_at(s, end) == 'o';
}

static const char *
spanish_word(bool or, const struct tval *last)
{
	const char *s = last->text, *end = s + last->len;

	if (or)
		return sounds_o(s, end) ? " u " : " o ";
	return sounds_i(s, end) ? " e " : " y ";
}

/* From the end of `a`'s mark to the place of `b`'s. */
static bool
cut_between(const char *text, char a, char b, char out[BETWEEN_MAX])
{
	const char *from = strchr(text, a), *to = strchr(text, b);

	if (from == NULL || to == NULL || from > to ||
	    to - from > BETWEEN_MAX)
		return false;
	memcpy(out, from + 1, (size_t)(to - from) - 1);
	out[to - from - 1] = '\0';
	return true;
}

/* How ICU joins as many marks, \1 \2 \3 \4. */
static bool
join_marks(const UListFormatter *f, int32_t count, struct buf *out)
{
	static const UChar marks[] = { 1, 2, 3, 4 };
	static const UChar *const items[] = { marks, marks + 1, marks + 2,
	    marks + 3 };
	static const int32_t lengths[] = { 1, 1, 1, 1 };
	UErrorCode rc = U_ZERO_ERROR;
	UChar text[JOINED_MAX];
	int32_t len;

	buf_clear(out);
	len = ulistfmt_format(f, items, lengths, count, text, JOINED_MAX, &rc);
	return U_SUCCESS(rc) && localized_add(out, text, len);
}

static bool
ask_between(const char *locale, bool or, struct between *b)
{
	struct buf text = BUF_INIT(JOINED_MAX);
	UErrorCode rc = U_ZERO_ERROR;
	UListFormatter *f;
	bool ok;

	f = ulistfmt_openForType(locale, or ? ULISTFMT_TYPE_OR :
	    ULISTFMT_TYPE_AND, ULISTFMT_WIDTH_WIDE, &rc);
	if (U_FAILURE(rc))
		return false;
	ok = join_marks(f, 2, &text) &&
	    cut_between(buf_text(&text), 1, 2, b->two) &&
	    join_marks(f, 4, &text) &&
	    cut_between(buf_text(&text), 1, 2, b->start) &&
	    cut_between(buf_text(&text), 2, 3, b->middle) &&
	    cut_between(buf_text(&text), 3, 4, b->end);
	ulistfmt_close(f);
	buf_release(&text);
	return ok;
}

/* The last answer: a run is mostly in one language. */
static struct {
	char locale[LOCALE_MAX];
	bool or;
	struct between b;
} asked;

static bool
other_between(const char *locale, bool or, struct between *b)
{
	if (!locale_is_valid(locale))
		return false;
	if (asked.or != or || strcmp(asked.locale, locale) != 0) {
		*asked.locale = '\0';
		if (!ask_between(locale, or, &asked.b))
			return false;
		asked.or = or;
		snprintf(asked.locale, sizeof(asked.locale), "%s", locale);
	}
	*b = asked.b;
	return true;
}

static bool
find_between(const struct call *c, bool or, const struct tval *last,
    struct between *b)
{
	const char *word;

	if (filter_language_is(c, "es"))
		word = spanish_word(or, last);
	else if (filter_language_is(c, "en"))
		word = or ? " or " : " and ";
	else
		return other_between(filter_language(c), or, b);
	*b = (struct between){ .start = ", ", .middle = ", " };
	snprintf(b->two, sizeof(b->two), "%s", word);
	snprintf(b->end, sizeof(b->end), "%s", word);
	return true;
}

static bool
is_item(const struct tval *v)
{
	return (v->type == TVAL_STRING && !text_is_blank(v->text, v->len)) ||
	    v->type == TVAL_INTEGER || v->type == TVAL_REAL;
}

static const char *
between_at(const struct between *b, size_t i, size_t count)
{
	if (i == 0)
		return "";
	if (i + 1 == count)
		return count == 2 ? b->two : b->end;
	return i == 1 ? b->start : b->middle;
}

static int
join(struct call *c, const struct tval *in, const struct between *between,
    struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	size_t count = tval_count(in);
	struct tval item, text;

	for (size_t i = 0; i < count && !b.full; i++) {
		item = tval_at(in, i);
		if (filter_text(c, &item, &text) == -1) {
			buf_release(&b);
			return -1;
		}
		buf_str(&b, between_at(between, i, count));
		if (c->autoescape && !item.safe)
			html_escape(&b, text.text, text.len);
		else
			buf_add(&b, text.text, text.len);
	}
	if (filter_take(c, &b, out) == -1)
		return -1;
	out->safe = true;
	return 0;
}

/* "or", or nothing. */
static bool
read_or(const struct call *c, bool *or)
{
	*or = c->has_arg && c->arg.type == TVAL_STRING && c->arg.len == 2 &&
	    memcmp(c->arg.text, "or", 2) == 0;
	return *or || !c->has_arg;
}

/* The last item as a text, after a look at all of them. */
static int
check_items(struct call *c, const struct tval *in, struct tval *last,
    const char **why)
{
	size_t count = in->type == TVAL_LIST ? tval_count(in) : 0;
	struct tval item;

	*why = in->type != TVAL_LIST ? "is not a list, as needed by the "
	    "filter list" : count == 0 ? "is empty" : NULL;
	for (size_t i = 0; i < count; i++) {
		item = tval_at(in, i);
		if (!is_item(&item))
			*why = "has an item that is neither a text nor a "
			    "number";
	}
	return *why != NULL ? 0 : filter_text(c, &item, last);
}

static int
filter_list(struct call *c, const struct tval *in, struct tval *out)
{
	struct between b = { .two = "" };
	struct tval last, none = TVAL_TEXT("", 0);
	const char *why;
	bool or;

	if (!read_or(c, &or))
		return filter_fail(c, out, none, "cannot be written: the "
		    "argument of list is not \"or\"");
	if (check_items(c, in, &last, &why) == -1)
		return -1;
	if (why != NULL)
		return filter_fail(c, out, none, "%s", why);
	if (tval_count(in) > 1 && !find_between(c, or, &last, &b))
		return localized_fail(c, none, out);
	return join(c, in, &b, out);
}

const struct filter filters_words[] = {
	{ "list", filter_list, FILTER_ARG_OPTIONAL | FILTER_TAKES_ANY },
	{ NULL, NULL, 0 }
};
