/*
 * The text part and the HTML part must say the same: half of the readers see
 * the one, half the other, and a filter that sees both compares them.
 */
#include "mailcheck_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "message/html.h"

#define WORD_LETTERS	4	/* shorter ones are in any text */
#define WORD_SIZE	128
#define WORDS_MIN	8
#define SHARE_MIN	50	/* per cent */
#define LONG_DIGITS	7	/* a telephone, however it is divided */
#define RUN_MAX		40	/* bytes of one on either side of a part */
#define NUMBERS_MAX	2000	/* among which a telephone is looked for */
#define ITEM_DIGITS	2	/* of lists, which HTML counts itself */

/* Sorted by text, each once. */
struct item {
	const char *text;
	const char *digits;	/* of a number: of the run that it is in */
};

struct items {
	struct item *list;
	size_t count, room;
};

struct part {
	const char *field, *other;
	struct items words, numbers, links;
	struct arena *mem;
};

/* Sets */

static void
add(struct items *s, const char *text, const char *digits)
{
	if (s->count == s->room) {
		s->room = s->room == 0 ? 64 : s->room * 2;
		s->list = reallocarray(s->list, s->room, sizeof(*s->list));
		if (s->list == NULL)
			die(EX_OSERR, "out of memory");
	}
	s->list[s->count++] = (struct item){ text, digits };
}

static int
compare(const void *one, const void *two)
{
	const struct item *a = one, *b = two;

	return strcmp(a->text, b->text);
}

static void
sort(struct items *s)
{
	size_t n = 0;

	if (s->count == 0)
		return;
	qsort(s->list, s->count, sizeof(*s->list), compare);
	for (size_t i = 0; i < s->count; i++)
		if (n == 0 || compare(&s->list[n - 1], &s->list[i]) != 0)
			s->list[n++] = s->list[i];
	s->count = n;
}

static bool
has(const struct items *s, const struct item *i)
{
	return s->count > 0 && bsearch(i, s->list, s->count,
	    sizeof(*s->list), compare) != NULL;
}

/* Numbers */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The end of "10:30", "24/11/2026", "1,250.00": digits and what joins them. */
static const char *
number_end(const char *p)
{
	while (is_digit(*p) ||
	    (*p != '\0' && strchr(":.,/-", *p) != NULL && is_digit(p[1])))
		p++;
	return p;
}

/* Also those that do not break, U+00A0 and U+202F. */
static const char *
skip_blanks(const char *p)
{
	for (;;)
		if (*p == ' ')
			p++;
		else if (strncmp(p, "\xc2\xa0", 2) == 0)
			p += 2;
		else if (strncmp(p, "\xe2\x80\xaf", 3) == 0)
			p += 3;
		else
			return p;
}

/* "am", "p. m.": without it 10:30 and 22:30 would be the same. */
static const char *
half_of_day(const char *p)
{
	char letter;

	p = skip_blanks(p);
	letter = (char)tolower((unsigned char)*p);
	if (letter != 'a' && letter != 'p')
		return "";
	p++;
	p = skip_blanks(p + (*p == '.'));
	if (tolower((unsigned char)*p) != 'm' ||
	    isalnum((unsigned char)p[1]))
		return "";
	return letter == 'a' ? " AM" : " PM";
}

/* Whether it begins a line, as "1." or "2)" of a list. */
static bool
is_list_mark(const char *text, const char *start, const char *end)
{
	const char *p = start;

	while (p > text && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return (p == text || p[-1] == '\n') && (*end == '.' || *end == ')') &&
	    (end[1] == ' ' || end[1] == '\n') && end - start <= ITEM_DIGITS;
}

/*
 * All digits of "+52 (55) 5000-0000", of which [start, end) is a part; "" where
 * they are too few for a telephone.  A time has no part in such a run.
 */
static const char *
run_of(const char *text, const char *start, const char *end,
    struct arena *mem)
{
	static const char joints[] = " ()-.";
	const char *from = start, *to = end;
	char digits[40];
	size_t n = 0;

	if (memchr(start, ':', (size_t)(end - start)) != NULL)
		return "";
	while (from > text && start - from < RUN_MAX &&
	    (is_digit(from[-1]) || strchr(joints, from[-1]) != NULL))
		from--;
	while (to - end < RUN_MAX && (is_digit(*to) ||
	    (*to != '\0' && strchr(joints, *to) != NULL)))
		to++;
	/* The hour of a time that stands behind a date is not of the run. */
	if (*to == ':')
		while (to > end && is_digit(to[-1]))
			to--;
	for (const char *p = from; p < to && n < sizeof(digits) - 1; p++)
		if (is_digit(*p))
			digits[n++] = *p;
	digits[n] = '\0';
	return n < LONG_DIGITS ? "" : arena_strdup(mem, digits);
}

/* "10.30" and "10:30" are one time; "1,250" and "1.250" one amount. */
static const char *
number_text(const char *start, const char *end, struct arena *mem)
{
	char *s = arena_printf(mem, "%.*s%s", (int)(end - start), start,
	    half_of_day(end));

	for (char *p = s; *p != '\0'; p++)
		if (*p == '.' || *p == ',')
			*p = ':';
	return s;
}

static const char *
add_number(struct part *part, const char *text, const char *p)
{
	const char *end = number_end(p);

	if (!is_list_mark(text, p, end))
		add(&part->numbers, number_text(p, end, part->mem),
		    run_of(text, p, end, part->mem));
	return end;
}

/* Words */

/* The end of the letters at `p`, in small ones in `out`. */
static const char *
take_word(const char *p, struct arena *mem, const char **out)
{
	const uint8_t *bytes = (const uint8_t *)p;
	int32_t i = 0, len = (int32_t)strnlen(p, 4 * WORD_SIZE), before, n = 0;
	uint8_t word[WORD_SIZE];
	int letters = 0;
	uint32_t small;
	UChar32 c;

	for (;;) {
		before = i;
		if (i == len)
			break;
		U8_NEXT(bytes, i, len, c);
		if (c < 0 || !u_isalpha(c) || n > WORD_SIZE - U8_MAX_LENGTH)
			break;
		small = (uint32_t)u_tolower(c);
		U8_APPEND_UNSAFE(word, n, small);
		letters++;
	}
	*out = letters < WORD_LETTERS ? NULL :
	    arena_strndup(mem, (const char *)word, (size_t)n);
	return p + before;
}

static void
add_link(struct part *part, const char *url, size_t len)
{
	while (len > 0 && url[len - 1] == '/')
		len--;
	add(&part->links, arena_strndup(part->mem, url, len), "");
}

static void
read_text(struct part *part, const char *text)
{
	const char *p = text, *word, *end;
	size_t len;

	while (*p != '\0') {
		len = *p == 'h' ? html_link_length(p) : 0;
		if (len > 0) {
			add_link(part, p, len);
			p += len;
		} else if (is_digit(*p))
			p = add_number(part, text, p);
		else {
			end = take_word(p, part->mem, &word);
			if (word != NULL)
				add(&part->words, word, "");
			p = end > p ? end : p + 1;
		}
	}
}

static void
read_links(struct part *part, const struct mail_page *page)
{
	for (const struct mail_link *l = page->links; l != NULL; l = l->next)
		if (strncasecmp(l->href, "http", 4) == 0)
			add_link(part, l->href, strlen(l->href));
}

static void
sort_part(struct part *part)
{
	sort(&part->words);
	sort(&part->numbers);
	sort(&part->links);
}

static void
release(struct part *part)
{
	free(part->words.list);
	free(part->numbers.list);
	free(part->links.list);
}

/* Side by side */

/* The same telephone, divided in another way, or without its country. */
static bool
has_digits(const struct items *s, const char *digits)
{
	if (digits[0] == '\0')
		return false;
	/* Of a table that long nobody could say what is missing. */
	if (s->count > NUMBERS_MAX)
		return true;
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].digits[0] != '\0' &&
		    (strstr(s->list[i].digits, digits) != NULL ||
		    strstr(digits, s->list[i].digits) != NULL))
			return true;
	return false;
}

static bool
is_missing(const struct items *s, const struct item *i)
{
	return !has(s, i) && !has_digits(s, i->digits);
}

/* A telephone is told as one number, not as the four that it is made of. */
static bool
is_told(const struct items *a, size_t i, const struct items *b)
{
	for (size_t j = 0; a->list[i].digits[0] != '\0' && j < i; j++)
		if (strcmp(a->list[j].digits, a->list[i].digits) == 0 &&
		    is_missing(b, &a->list[j]))
			return true;
	return false;
}

static const char *
shown(const struct item *i)
{
	size_t own = 0;

	for (const char *p = i->text; *p != '\0'; p++)
		own += is_digit(*p);
	return strlen(i->digits) > own ? i->digits : i->text;
}

static void
compare_numbers(const struct part *a, const struct part *b,
    const struct mail_report *out)
{
	size_t told = 0;

	for (size_t i = 0; i < a->numbers.count; i++) {
		const struct item *n = &a->numbers.list[i];

		if (!is_missing(&b->numbers, n) || (told < MAIL_TOLD_MAX &&
		    is_told(&a->numbers, i, &b->numbers)))
			continue;
		if (told++ < MAIL_TOLD_MAX)
			mail_found(out, MAIL_ERROR, a->field, "parts_number",
			    "%.60s is not in %s: a reader of one part gets "
			    "another time, date or number", shown(n), b->field);
	}
	if (told > MAIL_TOLD_MAX)
		mail_found(out, MAIL_ERROR, a->field, "parts_number",
		    "%zu further numbers are not in %s", told - MAIL_TOLD_MAX,
		    b->field);
}

static void
compare_links(const struct part *a, const struct part *b,
    const struct mail_report *out)
{
	size_t told = 0;

	for (size_t i = 0; i < a->links.count; i++)
		if (!has(&b->links, &a->links.list[i]) &&
		    told++ < MAIL_TOLD_MAX)
			mail_found(out, MAIL_ERROR, a->field, "parts_link",
			    "%.200s is not in %s: its readers cannot go there",
			    a->links.list[i].text, b->field);
}

static void
compare_words(const struct part *a, const struct part *b,
    const struct mail_report *out)
{
	size_t same = 0, share;

	if (a->words.count < WORDS_MIN)
		return;
	for (size_t i = 0; i < a->words.count; i++)
		same += has(&b->words, &a->words.list[i]);
	share = same * 100 / a->words.count;
	if (share < SHARE_MIN)
		mail_found(out, MAIL_WARNING, a->field, "parts_words",
		    "%zu%% of its words are in %s: filters expect the same in "
		    "both", share, b->field);
}

void
mail_check_parts(const struct mail_content *m, const struct mail_page *page,
    struct arena *mem, const struct mail_report *out)
{
	struct part text = { .field = "text", .mem = mem };
	struct part html = { .field = "html", .mem = mem };
	bool has_text = m->text != NULL &&
	    m->text[strspn(m->text, " \t\r\n")] != '\0';
	bool has_html = m->html != NULL && m->html[0] != '\0';

	if (has_html && !has_text)
		mail_found(out, MAIL_WARNING, "text", "html_only",
		    "empty beside html: filters count that as spam, and some "
		    "readers see nothing");
	if (!has_text && !has_html)
		mail_found(out, MAIL_ERROR, "text", "empty",
		    "empty, and no html: there is nothing to read");
	if (!has_text || !has_html)
		return;
	read_text(&text, m->text);
	read_text(&html, buf_text(&page->text));
	/* An address that HTML shows is one that its reader can follow. */
	read_links(&html, page);
	sort_part(&text);
	sort_part(&html);
	compare_numbers(&text, &html, out);
	compare_numbers(&html, &text, out);
	compare_links(&text, &html, out);
	compare_links(&html, &text, out);
	compare_words(&text, &html, out);
	compare_words(&html, &text, out);
	release(&text);
	release(&html);
}
