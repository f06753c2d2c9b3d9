#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "template/moment.h"

/* Dates and times in Django's formats (django/utils/dateformat.py). */

/* Named formats. */

enum format { DATE_FORMAT, DATETIME_FORMAT, TIME_FORMAT, SHORT_DATE_FORMAT,
	SHORT_DATETIME_FORMAT, MONTH_DAY_FORMAT, YEAR_MONTH_FORMAT, FORMATS };

static const char *const format_names[FORMATS] = {
	"DATE_FORMAT", "DATETIME_FORMAT", "TIME_FORMAT", "SHORT_DATE_FORMAT",
	"SHORT_DATETIME_FORMAT", "MONTH_DAY_FORMAT", "YEAR_MONTH_FORMAT"
};

/* For ICU, which orders the parts by itself. */
static const char *const skeletons[FORMATS] = { "yMMMMd", "yMMMMdjm", "jm",
	"yMd", "yMdjm", "MMMMd", "yMMMM" };

/* In Spanish and in English. */
static const char *const formats[2][FORMATS] = {
	{ "j \\d\\e F \\d\\e Y", "j \\d\\e F \\d\\e Y \\a \\l\\a\\s H:i",
	    "H:i", "d/m/Y", "d/m/Y H:i", "j \\d\\e F", "F \\d\\e Y" },
	{ "N j, Y", "N j, Y, P", "P", "m/d/Y", "m/d/Y P", "F j", "F Y" }
};

/* Letters. */

/* All that a letter may print as a number. */
struct numbers {
	int64_t day, month, year, short_year, hour, hour12, minute, second,
	    micro, weekday, day_of_year, month_days, week, week_year, offset,
	    summer, epoch;
};

static instant
day_of_date(int64_t year, int month)
{
	struct civil c = { .year = (int)year, .month = month, .day = 1 };

	return moment_day(civil_to_utc(&c));
}

/* ISO 8601: week 1 is the one with the year's first Thursday. */
static void
count_week(const struct moment *m, struct numbers *n)
{
	struct civil c;
	instant thursday = moment_day(m->wall) + 3 - (m->local.weekday + 6) % 7;

	civil_from_utc(thursday * 86400, &c);
	n->week_year = c.year;
	n->week = (thursday - day_of_date(c.year, 1)) / 7 + 1;
}

/* A date's instant is its midnight in the reader's zone. */
static int64_t
unix_time(const struct writer *w)
{
	const char *zone = w->c->env->timezone;
	instant t = w->m.wall - w->m.zone.offset;

	if (!w->m.has_time && zone != NULL)
		zone_from_local(zone, &w->m.local, &t);
	return t;
}

static void
count(const struct writer *w, struct numbers *n)
{
	const struct moment *m = &w->m;
	const struct civil *c = &m->local;
	instant first = day_of_date(c->year, c->month);

	*n = (struct numbers){ .day = c->day, .month = c->month,
	    .year = c->year, .short_year = (c->year % 100 + 100) % 100,
	    .hour = c->hour, .hour12 = (c->hour + 11) % 12 + 1,
	    .minute = c->minute, .second = c->second, .micro = m->micro,
	    .weekday = c->weekday, .offset = m->zone.offset,
	    .summer = m->zone.summer, .epoch = unix_time(w) };
	n->day_of_year = moment_day(m->wall) - day_of_date(c->year, 1) + 1;
	n->month_days = (c->month == 12 ? day_of_date(c->year + 1, 1) :
	    day_of_date(c->year, c->month + 1)) - first;
	count_week(m, n);
}

static bool
add_number(struct writer *w, char letter)
{
#define N(member) offsetof(struct numbers, member)
	static const struct {
		char letter;
		int width;
		size_t at;
	} letters[] = {
		{ 'd', 2, N(day) }, { 'g', 1, N(hour12) }, { 'G', 1, N(hour) },
		{ 'h', 2, N(hour12) }, { 'H', 2, N(hour) },
		{ 'i', 2, N(minute) }, { 'I', 1, N(summer) },
		{ 'j', 1, N(day) }, { 'm', 2, N(month) }, { 'n', 1, N(month) },
		{ 'o', 1, N(week_year) }, { 's', 2, N(second) },
		{ 't', 2, N(month_days) }, { 'u', 6, N(micro) },
		{ 'U', 1, N(epoch) }, { 'w', 1, N(weekday) },
		{ 'W', 1, N(week) }, { 'y', 2, N(short_year) },
		{ 'Y', 1, N(year) }, { 'z', 1, N(day_of_year) },
		{ 'Z', 1, N(offset) }
	};
#undef N
	struct numbers n;
	int64_t value;

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter) {
			count(w, &n);
			memcpy(&value, (const char *)&n + letters[i].at,
			    sizeof(value));
			buf_printf(&w->out, "%0*lld", letters[i].width,
			    (long long)value);
			return true;
		}
	return false;
}

/* "-0600", or with a colon between. */
static void
add_offset(struct writer *w, const char *between)
{
	int offset = w->m.zone.offset, east = offset < 0 ? -offset : offset;

	buf_printf(&w->out, "%c%02d%s%02d", offset < 0 ? '-' : '+',
	    east / 3600, between, east / 60 % 60);
}

static void
add_iso(struct writer *w)
{
	const struct civil *c = &w->m.local;

	if (w->m.has_date)
		buf_printf(&w->out, "%04d-%02d-%02d", c->year, c->month,
		    c->day);
	if (!w->m.has_time)
		return;
	buf_printf(&w->out, "%s%02d:%02d:%02d", w->m.has_date ? "T" : "",
	    c->hour, c->minute, c->second);
	if (w->m.micro != 0)
		buf_printf(&w->out, ".%06d", w->m.micro);
	if (w->m.has_date)
		add_offset(w, ":");
}

/* RFC 5322, which is English. */
static void
add_mail_date(struct writer *w)
{
	const struct civil *c = &w->m.local;
	const char *month = words_english.words[MONTH][c->month - 1];

	buf_printf(&w->out, "%s, %02d %.3s %04d %02d:%02d:%02d ",
	    words_english.words[WEEKDAY_ABBR][c->weekday], c->day, month,
	    c->year, c->hour, c->minute, c->second);
	add_offset(w, "");
}

/* "10:30", "10". */
static void
add_hour12(struct writer *w)
{
	buf_printf(&w->out, "%d", (w->m.local.hour + 11) % 12 + 1);
	if (w->m.local.minute != 0)
		buf_printf(&w->out, ":%02d", w->m.local.minute);
}

static void
add_press_time(struct writer *w)
{
	if (w->words == NULL) {
		writer_add_icu(w, "jm", false, false);
		return;
	}
	if (w->m.local.minute == 0 && w->m.local.hour % 12 == 0) {
		writer_add_word(w, NOON);
		return;
	}
	add_hour12(w);
	buf_char(&w->out, ' ');
	writer_add_word(w, HALF);
}

static const char *
ordinal(int day)
{
	static const char *const suffixes[] = { "th", "st", "nd", "rd" };

	return suffixes[day / 10 == 1 || day % 10 > 3 ? 0 : day % 10];
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static void
add_named(struct writer *w, char letter)
{
	switch (letter) {
	case 'a':
		writer_add_word(w, HALF);
		break;
	case 'A':
		if (w->words == NULL)
			writer_add_word(w, HALF);
		else
			buf_str(&w->out, w->m.local.hour < 12 ? "AM" : "PM");
		break;
	case 'b':
		writer_add_word(w, MONTH_3);
		break;
	case 'D':
		writer_add_word(w, WEEKDAY_ABBR);
		break;
	case 'E':
		/* As it stands in a date: "24 ноября". */
		if (w->words == NULL)
			writer_add_icu(w, "MMMM", true, false);
		else
			writer_add_word(w, MONTH);
		break;
	case 'F':
		writer_add_word(w, MONTH);
		break;
	case 'l':
		writer_add_word(w, WEEKDAY);
		break;
	case 'M':
		writer_add_capital(w, MONTH_3);
		break;
	default:
		writer_add_word(w, MONTH_AP);
		break;
	}
}

static void
add_composed(struct writer *w, char letter)
{
	switch (letter) {
	case 'c':
		add_iso(w);
		break;
	case 'e':
	case 'T':
		buf_str(&w->out, w->m.zone.name);
		break;
	case 'f':
		add_hour12(w);
		break;
	case 'L':
		buf_str(&w->out, is_leap(w->m.local.year) ? "True" : "False");
		break;
	case 'O':
		add_offset(w, "");
		break;
	case 'P':
		add_press_time(w);
		break;
	case 'r':
		add_mail_date(w);
		break;
	default:
		buf_str(&w->out, ordinal(w->m.local.day));
		break;
	}
}

#define LETTERS		"aAbcdDeEfFgGhHiIjlLmMnNoOPrsStTuUwWyYzZ"
#define TIME_LETTERS	"aAefgGhHiOPsTuZ"	/* of Django's TimeFormat */
#define ZONE_LETTERS	"eIOTZ"

static bool
is_among(char c, const char *letters)
{
	return c != '\0' && strchr(letters, c) != NULL;
}

/*
 * What Django raises an error for: the hour of a date, the day of a time.
 * The filter time knows its own letters only.
 */
static bool
takes_letter(struct writer *w, char letter)
{
	bool of_time = is_among(letter, TIME_LETTERS);

	if (!w->m.has_time && (of_time || letter == 'r'))
		w->unfit = "is a date without a time of day";
	else if (!w->m.has_date && !of_time && letter != 'I' && letter != 'c')
		w->unfit = "is a time of day without a date";
	else if (!of_time && strcmp(w->c->self->name, "time") == 0)
		w->fault = "cannot be written by the filter time with a "
		    "letter for dates";
	return writer_is_well(w);
}

static void
add_letter(struct writer *w, char letter)
{
	if (!takes_letter(w, letter))
		return;
	/* A date alone, or a time alone, is of no zone. */
	if (is_among(letter, ZONE_LETTERS) && !(w->m.has_date &&
	    w->m.has_time))
		return;
	if (is_among(letter, "aAbDEFlMN"))
		add_named(w, letter);
	else if (!add_number(w, letter))
		add_composed(w, letter);
}

/*
 * A letter after a backslash is itself.  So is one after two of them: Django
 * looks at the one before only.
 */
static void
add_format(struct writer *w, const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && writer_is_well(w) && !w->out.full) {
		if (is_among(s[i], LETTERS) && (i == 0 || s[i - 1] != '\\')) {
			add_letter(w, s[i++]);
			continue;
		}
		if (s[i] == '\\' && i + 1 < len && s[i + 1] != '\n')
			i++;
		buf_char(&w->out, s[i++]);
	}
}

static void
add_named_format(struct writer *w, enum format format)
{
	const char *s;

	if (w->words == NULL) {
		/* Every format but TIME_FORMAT has a date. */
		if (format != TIME_FORMAT && !takes_letter(w, 'd'))
			return;
		if (strchr(skeletons[format], 'j') == NULL ||
		    takes_letter(w, 'H'))
			writer_add_icu(w, skeletons[format], false, false);
		return;
	}
	s = formats[w->words == &words_english][format];
	add_format(w, s, strlen(s));
}

static void
add_any_format(struct writer *w, const char *s, size_t len)
{
	for (enum format i = DATE_FORMAT; i < FORMATS; i++)
		if (strlen(format_names[i]) == len &&
		    memcmp(format_names[i], s, len) == 0) {
			add_named_format(w, i);
			return;
		}
	add_format(w, s, len);
}

static int
write_django(struct call *c, const struct tval *in, struct tval *out,
    enum format otherwise)
{
	struct tval format = TVAL_TEXT("", 0);
	struct writer w;

	if (c->has_arg && c->arg.type != TVAL_NONE &&
	    filter_text(c, &c->arg, &format) == -1)
		return -1;
	if (!writer_begin(&w, c, in))
		return writer_end(&w, out);
	if (format.len == 0)
		add_named_format(&w, otherwise);
	else
		add_any_format(&w, format.text, format.len);
	return writer_end(&w, out);
}

static int
filter_date(struct call *c, const struct tval *in, struct tval *out)
{
	return write_django(c, in, out, DATE_FORMAT);
}

static int
filter_time(struct call *c, const struct tval *in, struct tval *out)
{
	return write_django(c, in, out, TIME_FORMAT);
}

const struct filter filters_date[] = {
	{ "date", filter_date, FILTER_ARG_OPTIONAL },
	{ "time", filter_time, FILTER_ARG_OPTIONAL },
	{ NULL, NULL, 0 }
};
