#include "holidays.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/io.h"

#define FILE_MAX	(1024 * 1024)
#define MEMORY_MAX	((size_t)64 * 1024 * 1024)
#define DATE_MAX	16
#define NAME_MAX_BYTES	80	/* it becomes part of a reason */
#define LAST		5	/* "monlast" */
#define NOT_A_DAY	"not a day; write 2026-12-25, 12-25 or 02-mon1, a " \
			"blank and its name"

/* A day of one year, of each year (0), or a weekday of each year's month. */
struct holiday {
	struct holiday *next;
	int year, month, day;
	int weekday, nth;	/* nth 0: `day` counts */
	const char *name;
};

struct holidays {
	struct holiday *first, **last;
	struct arena mem;
};

static int
number(const char *s, size_t digits)
{
	int n = 0;

	for (size_t i = 0; i < digits; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		n = n * 10 + (s[i] - '0');
	}
	return n;
}

/* "mon1" to "mon4", "monlast" */
static bool
parse_weekday(const char *s, struct holiday *day)
{
	static const char names[] = "sunmontuewedthufrisat";

	for (day->weekday = 0; day->weekday < 7; day->weekday++)
		if (strncmp(s, names + 3 * day->weekday, 3) == 0)
			break;
	if (day->weekday == 7)
		return false;
	if (strcmp(s + 3, "last") == 0)
		day->nth = LAST;
	else if (s[3] >= '1' && s[3] <= '4' && s[4] == '\0')
		day->nth = s[3] - '0';
	return day->nth != 0;
}

/* "2026-12-25", "12-25", "02-mon1" */
static bool
parse_date(const char *s, struct holiday *day)
{
	struct civil date = { .year = 2024 };	/* has a 29th of February */

	*day = (struct holiday){ .next = NULL };
	if (strlen(s) == 10 && s[4] == '-') {
		date.year = day->year = number(s, 4);
		s += 5;
	}
	if (strlen(s) < 5 || s[2] != '-')
		return false;
	date.month = day->month = number(s, 2);
	if (day->year == 0 && parse_weekday(s + 3, day))
		return date.month >= 1 && date.month <= 12;
	date.day = day->day = number(s + 3, 2);
	return s[5] == '\0' && civil_is_valid(&date);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *
bad_text(const char *line, size_t len)
{
	if (!utf8_valid(line, len))
		return "not UTF-8 text";
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] < ' ' && !is_blank(line[i])) ||
		    line[i] == 0x7f)
			return "a control character";
	return NULL;
}

static void
keep(struct holidays *h, const struct holiday *day, const char *name,
    size_t len)
{
	struct holiday *kept = arena_alloc(&h->mem, sizeof(*kept));

	*kept = *day;
	kept->name = arena_strndup(&h->mem, name, len);
	*h->last = kept;
	h->last = &kept->next;
}

/* Returns NULL, or what is wrong with this line. */
static const char *
add_line(struct holidays *h, const char *line, size_t len)
{
	const char *end = line + len, *name, *wrong;
	char date[DATE_MAX];
	struct holiday day;

	for (; end > line && is_blank(end[-1]); end--)
		;
	for (; line < end && is_blank(*line); line++)
		;
	if (line == end || *line == '#')
		return NULL;
	wrong = bad_text(line, (size_t)(end - line));
	if (wrong != NULL)
		return wrong;
	for (name = line; name < end && !is_blank(*name); name++)
		;
	if (name - line >= DATE_MAX)
		return NOT_A_DAY;
	memcpy(date, line, (size_t)(name - line));
	date[name - line] = '\0';
	if (!parse_date(date, &day))
		return NOT_A_DAY;
	for (; name < end && is_blank(*name); name++)
		;
	if (end - name > NAME_MAX_BYTES)
		return "a name longer than 80 bytes";
	keep(h, &day, name, (size_t)(end - name));
	return NULL;
}

static int
read_lines(struct holidays *h, const char *path, const struct buf *text,
    struct error *e)
{
	const char *line = text->data, *end = text->data + text->len, *nl, *why;
	uintmax_t number_of_line = 0;

	for (; line < end; line = nl + 1) {
		number_of_line++;
		nl = memchr(line, '\n', (size_t)(end - line));
		if (nl == NULL)
			nl = end;
		why = add_line(h, line, (size_t)(nl - line));
		if (why != NULL)
			return error_set(e, EX_CONFIG, "%.300s:%ju: %s", path,
			    number_of_line, why);
	}
	return 0;
}

static int
read_file(struct holidays *h, const struct config *c, const char *path,
    struct error *e)
{
	struct buf text = BUF_INIT(FILE_MAX);
	struct error why;
	int rc;

	if (io_read_plain(AT_FDCWD, path, &text, &why) == -1)
		rc = error_set(e, EX_CONFIG, "%.300s: [paths] holidays: %.300s",
		    config_file(c), why.text);
	else
		rc = read_lines(h, path, &text, e);
	buf_release(&text);
	return rc;
}

struct holidays *
holidays_load(struct config *c, struct error *e)
{
	const char *path = config_path(c, "paths", NULL, "holidays");
	struct holidays *h = calloc(1, sizeof(*h));

	if (h == NULL)
		die(EX_OSERR, "out of memory");
	h->last = &h->first;
	h->mem = (struct arena)ARENA_INIT(MEMORY_MAX);
	if (path == NULL || read_file(h, c, path, e) == 0)
		return h;
	holidays_free(h);
	return NULL;
}

void
holidays_free(struct holidays *h)
{
	if (h == NULL)
		return;
	arena_release(&h->mem);
	free(h);
}

/* Whether no day a week after it is in the same month. */
static bool
is_last_week(const struct civil *day)
{
	struct civil later = *day;

	later.hour = later.minute = later.second = 0;
	civil_from_utc(civil_to_utc(&later) + 7 * 86400, &later);
	return later.month != day->month;
}

const char *
holidays_on(const struct holidays *h, const struct civil *day)
{
	for (const struct holiday *d = h->first; d != NULL; d = d->next) {
		if (d->month != day->month ||
		    (d->year != 0 && d->year != day->year))
			continue;
		if (d->nth == 0 ? d->day == day->day :
		    d->weekday == day->weekday && (d->nth == LAST ?
		    is_last_week(day) : (day->day - 1) / 7 + 1 == d->nth))
			return d->name;
	}
	return NULL;
}
