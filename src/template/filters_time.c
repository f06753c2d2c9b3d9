/*
 * Times as the reader's clock and language have them.
 *
 * Spanish and English are written from the tables below, which do not change
 * with the version of ICU: CLDR 42 put U+202F before the AM of English, and
 * one such character turns an SMS of 160 characters into one of 70.  ICU
 * serves all other languages.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/clock.h"
#include "base/zone.h"
#include "template/filter.h"

#define INPUT_MAX	64	/* bytes of a time that is read */
#define TEXT_MAX	128	/* bytes of what ICU writes */

/* A time, a date without a time, or a time of day without a date. */
struct moment {
	bool has_date, has_time;
	struct civil local;
	instant wall;			/* local, as if it were UTC */
	struct zone_state zone;
	int micro;
};

enum word { WEEKDAY, WEEKDAY_ABBR, MONTH, MONTH_3, MONTH_AP, HALF, NOON,
	WORD_TYPES };

struct words {
	const char *const *words[WORD_TYPES];
	const char *const *short_weekdays;	/* in the alphabet of SMS */
	const char *const *formats;
};

/* One filter at work. */
struct writer {
	struct call *c;
	struct moment m;
	const struct words *words;	/* NULL: by ICU */
	const char *locale;
	struct buf out;
	/* NULL as long as all is well: */
	const char *unfit;		/* what the value is instead */
	const char *fault;		/* anything else */
};

static bool
is_well(const struct writer *w)
{
	return w->unfit == NULL && w->fault == NULL;
}

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

/*
 * Words.  The abbreviations are Django's; its long Spanish names begin with a
 * capital, which no Spanish date does, and are small here.
 */
static const struct words spanish = {
	{
		[WEEKDAY] = (const char *const[]){ "domingo", "lunes",
		    "martes", "mi\xc3\xa9rcoles", "jueves", "viernes",
		    "s\xc3\xa1" "bado" },
		[WEEKDAY_ABBR] = (const char *const[]){ "Dom", "Lun", "Mar",
		    "Mi\xc3\xa9", "Jue", "Vie", "S\xc3\xa1" "b" },
		[MONTH] = (const char *const[]){ "enero", "febrero", "marzo",
		    "abril", "mayo", "junio", "julio", "agosto", "septiembre",
		    "octubre", "noviembre", "diciembre" },
		[MONTH_3] = (const char *const[]){ "ene", "feb", "mar", "abr",
		    "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic" },
		[MONTH_AP] = (const char *const[]){ "Ene.", "Feb.", "Mar.",
		    "Abr.", "Mayo", "Jun.", "Jul.", "Ago.", "Sept.", "Oct.",
		    "Nov.", "Dic." },
		[HALF] = (const char *const[]){ "a.m.", "p.m." },
		[NOON] = (const char *const[]){ "medianoche",
		    "mediod\xc3\xad" "a" }
	},
	(const char *const[]){ "dom", "lun", "mar", "mie", "jue", "vie",
	    "sab" },
	(const char *const[FORMATS]){ "j \\d\\e F \\d\\e Y",
	    "j \\d\\e F \\d\\e Y \\a \\l\\a\\s H:i", "H:i", "d/m/Y",
	    "d/m/Y H:i", "j \\d\\e F", "F \\d\\e Y" }
};

static const struct words english = {
	{
		[WEEKDAY] = (const char *const[]){ "Sunday", "Monday",
		    "Tuesday", "Wednesday", "Thursday", "Friday",
		    "Saturday" },
		[WEEKDAY_ABBR] = (const char *const[]){ "Sun", "Mon", "Tue",
		    "Wed", "Thu", "Fri", "Sat" },
		[MONTH] = (const char *const[]){ "January", "February",
		    "March", "April", "May", "June", "July", "August",
		    "September", "October", "November", "December" },
		[MONTH_3] = (const char *const[]){ "jan", "feb", "mar", "apr",
		    "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec" },
		[MONTH_AP] = (const char *const[]){ "Jan.", "Feb.", "March",
		    "April", "May", "June", "July", "Aug.", "Sept.", "Oct.",
		    "Nov.", "Dec." },
		[HALF] = (const char *const[]){ "a.m.", "p.m." },
		[NOON] = (const char *const[]){ "midnight", "noon" }
	},
	(const char *const[]){ "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	    "Sat" },
	(const char *const[FORMATS]){ "N j, Y", "N j, Y, P", "P", "m/d/Y",
	    "m/d/Y P", "F j", "F Y" }
};

static bool
is_language(const char *name, const char *code)
{
	size_t len = strlen(code);

	return strncmp(name, code, len) == 0 && strchr("-_", name[len]) != NULL;
}

static void
choose_language(struct writer *w)
{
	const char *name = w->c->env->language;

	w->locale = name == NULL ? "en" : name;
	w->words = is_language(w->locale, "es") ? &spanish :
	    is_language(w->locale, "en") ? &english : NULL;
}

/* Reading. */

/* The digits after the seconds; the clock has no use for them. */
static int
read_micro(const char *s)
{
	const char *dot = strchr(s, '.');
	int micro = 0, unit = 100000;

	for (s = dot == NULL ? "" : dot + 1; *s >= '0' && *s <= '9'; s++) {
		micro += (*s - '0') * unit;
		unit /= 10;
	}
	return micro;
}

static bool
set_instant(struct moment *m, const char *zone, instant t)
{
	if (!zone_look(zone, t, &m->zone))
		return false;
	m->wall = t + m->zone.offset;
	civil_from_utc(m->wall, &m->local);
	m->has_date = m->has_time = true;
	return true;
}

/* "2026-11-24", or "10:30" with or without seconds; of no zone. */
static bool
read_half(const char *s, struct moment *m)
{
	char text[INPUT_MAX + 16];

	m->has_date = s[0] != '\0' && s[1] != '\0' && s[2] != ':';
	m->has_time = !m->has_date;
	snprintf(text, sizeof(text), m->has_date ? "%sT00:00" :
	    "2000-01-01T%s", s);
	if (!civil_parse(text, &m->local))
		return false;
	m->wall = civil_to_utc(&m->local);
	civil_from_utc(m->wall, &m->local);
	return true;
}

/* False when it is no time, or when there is no such zone. */
static bool
read_moment(struct writer *w, const struct tval *in)
{
	const char *zone = w->c->env->timezone;
	char s[INPUT_MAX];
	instant t;

	if (in->type != TVAL_STRING || in->len == 0 || in->len >= INPUT_MAX ||
	    memchr(in->text, '\0', in->len) != NULL)
		return false;
	memcpy(s, in->text, in->len);
	s[in->len] = '\0';
	zone = zone == NULL ? "UTC" : zone;
	if (!zone_is_valid(zone)) {
		w->fault = "cannot be written without a valid time zone";
		return false;
	}
	w->m.micro = read_micro(s);
	if (clock_parse(s, &t) || (civil_parse(s, &w->m.local) &&
	    zone_from_local(zone, &w->m.local, &t)))
		return set_instant(&w->m, zone, t);
	return read_half(s, &w->m);
}

/* Writing. */

/* How many days from 1970-01-01. */
static instant
day_of(instant wall)
{
	return wall >= 0 ? wall / 86400 : -((-wall + 86399) / 86400);
}

/*
 * Special spaces become plain ones; in a `plain` text accents and dots go, so
 * that it stays in the alphabet of SMS.  False when it does not fit.
 */
static bool
simplify(char text[TEXT_MAX], bool plain)
{
	UChar wide[TEXT_MAX], apart[TEXT_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	const UNormalizer2 *form = plain ? unorm2_getNFDInstance(&rc) :
	    unorm2_getNFCInstance(&rc);
	int32_t len, kept = 0;

	u_strFromUTF8(wide, TEXT_MAX, &len, text, -1, &rc);
	len = unorm2_normalize(form, wide, len, apart, TEXT_MAX, &rc);
	for (int32_t i = 0; U_SUCCESS(rc) && i < len; i++) {
		if (plain && (apart[i] == '.' ||
		    u_charType(apart[i]) == U_NON_SPACING_MARK))
			continue;
		apart[kept++] = u_isUWhiteSpace(apart[i]) ? ' ' : apart[i];
	}
	u_strToUTF8(text, TEXT_MAX, &len, apart, kept, &rc);
	return U_SUCCESS(rc) && len < TEXT_MAX;
}

static void
add_icu(struct writer *w, const char *pattern, bool literal, bool plain)
{
	char text[TEXT_MAX];

	if (wall_date_text(w->locale, w->m.wall, pattern, literal, text,
	    TEXT_MAX) && simplify(text, plain))
		buf_str(&w->out, text);
	else
		w->fault = "cannot be written in this language";
}

static size_t
index_of(const struct moment *m, enum word word)
{
	switch (word) {
	case WEEKDAY:
	case WEEKDAY_ABBR:
		return (size_t)m->local.weekday;
	case HALF:
	case NOON:
		return m->local.hour >= 12;
	default:
		return (size_t)m->local.month - 1;
	}
}

static const char *
word_of(const struct writer *w, enum word word)
{
	return w->words->words[word][index_of(&w->m, word)];
}

static void
add_word(struct writer *w, enum word word)
{
	static const char *const patterns[WORD_TYPES] = {
		[WEEKDAY] = "cccc", [WEEKDAY_ABBR] = "ccc", [MONTH] = "LLLL",
		[MONTH_3] = "LLL", [MONTH_AP] = "MMM", [HALF] = "a",
		[NOON] = "b"
	};

	if (w->words == NULL)
		add_icu(w, patterns[word], true, false);
	else
		buf_str(&w->out, word_of(w, word));
}

/* Django's letters. */

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

	return day_of(civil_to_utc(&c));
}

/* ISO 8601: week 1 is the one with the year's first Thursday. */
static void
count_week(const struct moment *m, struct numbers *n)
{
	struct civil c;
	instant thursday = day_of(m->wall) + 3 - (m->local.weekday + 6) % 7;

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
	n->day_of_year = day_of(m->wall) - day_of_date(c->year, 1) + 1;
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
	const char *month = english.words[MONTH][c->month - 1];

	buf_printf(&w->out, "%s, %02d %.3s %04d %02d:%02d:%02d ",
	    english.words[WEEKDAY_ABBR][c->weekday], c->day, month, c->year,
	    c->hour, c->minute, c->second);
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
		add_icu(w, "jm", false, false);
		return;
	}
	if (w->m.local.minute == 0 && w->m.local.hour % 12 == 0) {
		add_word(w, NOON);
		return;
	}
	add_hour12(w);
	buf_char(&w->out, ' ');
	add_word(w, HALF);
}

static const char *
ordinal(int day)
{
	static const char *const suffixes[] = { "th", "st", "nd", "rd" };

	return suffixes[day / 10 == 1 || day % 10 > 3 ? 0 : day % 10];
}

static void
add_capital(struct writer *w, enum word word)
{
	size_t at = w->out.len;

	add_word(w, word);
	if (w->out.len > at && w->out.data[at] >= 'a' &&
	    w->out.data[at] <= 'z')
		w->out.data[at] = (char)(w->out.data[at] - 'a' + 'A');
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
		add_word(w, HALF);
		break;
	case 'A':
		if (w->words == NULL)
			add_word(w, HALF);
		else
			buf_str(&w->out, w->m.local.hour < 12 ? "AM" : "PM");
		break;
	case 'b':
		add_word(w, MONTH_3);
		break;
	case 'D':
		add_word(w, WEEKDAY_ABBR);
		break;
	case 'E':
		/* As it stands in a date: "24 ноября". */
		if (w->words == NULL)
			add_icu(w, "MMMM", true, false);
		else
			add_word(w, MONTH);
		break;
	case 'F':
		add_word(w, MONTH);
		break;
	case 'l':
		add_word(w, WEEKDAY);
		break;
	case 'M':
		add_capital(w, MONTH_3);
		break;
	default:
		add_word(w, MONTH_AP);
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
	return is_well(w);
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

	while (i < len && is_well(w) && !w->out.full) {
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
			add_icu(w, skeletons[format], false, false);
		return;
	}
	s = w->words->formats[format];
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

/* The frame of all filters. */

static bool
begin(struct writer *w, struct call *c, const struct tval *in)
{
	*w = (struct writer){ .c = c, .out = BUF_INIT(TEMPLATE_VALUE_MAX) };
	choose_language(w);
	if (!read_moment(w, in) && w->fault == NULL)
		w->unfit = "is not a time";
	return is_well(w);
}

static int
end(struct writer *w, struct tval *out)
{
	struct tval none = TVAL_TEXT("", 0);

	if (is_well(w))
		return filter_take(w->c, &w->out, out);
	buf_release(&w->out);
	if (w->fault != NULL)
		return filter_fail(w->c, out, none, "%s", w->fault);
	return filter_fail(w->c, out, none, "%s, as needed by the filter %s",
	    w->unfit, w->c->self->name);
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
	if (!begin(&w, c, in))
		return end(&w, out);
	if (format.len == 0)
		add_named_format(&w, otherwise);
	else
		add_any_format(&w, format.text, format.len);
	return end(&w, out);
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

/* Our own. */

enum need { NEEDS_DATE = 1, NEEDS_TIME = 2 };

static bool
begin_with(struct writer *w, struct call *c, const struct tval *in,
    unsigned needs)
{
	if (!begin(w, c, in))
		return false;
	if ((needs & NEEDS_DATE) != 0 && !w->m.has_date)
		w->unfit = "is a time of day without a date";
	else if ((needs & NEEDS_TIME) != 0 && !w->m.has_time)
		w->unfit = "is a date without a time of day";
	return is_well(w);
}

/* "martes 24 de noviembre", "Tuesday, November 24". */
static void
add_day(struct writer *w, bool year)
{
	if (w->words == NULL) {
		add_icu(w, year ? "yEEEEdMMMM" : "EEEEdMMMM", false, false);
		return;
	}
	if (w->words == &spanish)
		buf_printf(&w->out, "%s %d de %s", word_of(w, WEEKDAY),
		    w->m.local.day, word_of(w, MONTH));
	else
		buf_printf(&w->out, "%s, %s %d", word_of(w, WEEKDAY),
		    word_of(w, MONTH), w->m.local.day);
	if (year)
		buf_printf(&w->out, w->words == &spanish ? " de %d" : ", %d",
		    w->m.local.year);
}

static void
add_short_weekday(struct writer *w)
{
	if (w->words == NULL)
		add_icu(w, "ccc", true, true);
	else
		buf_str(&w->out, w->words->short_weekdays[
		    w->m.local.weekday]);
}

/* "mar 24 nov", "Tue 24 Nov": all of it in the alphabet of SMS. */
static void
add_short_day(struct writer *w, bool year)
{
	if (w->words == NULL) {
		add_icu(w, year ? "yEEEdMMM" : "EEEdMMM", false, true);
		return;
	}
	add_short_weekday(w);
	buf_printf(&w->out, " %d ", w->m.local.day);
	if (w->words == &spanish)
		add_word(w, MONTH_3);
	else
		add_capital(w, MONTH_3);
	if (year)
		buf_printf(&w->out, " %d", w->m.local.year);
}

/* "09:05", "9:05 AM". */
static void
add_clock(struct writer *w)
{
	int hour = w->m.local.hour, minute = w->m.local.minute;

	if (w->words == NULL)
		add_icu(w, "HHmm", false, false);
	else if (w->words == &spanish)
		buf_printf(&w->out, "%02d:%02d", hour, minute);
	else
		buf_printf(&w->out, "%d:%02d %s", (hour + 11) % 12 + 1, minute,
		    hour < 12 ? "AM" : "PM");
}

static int
filter_day(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_DATE))
		add_day(&w, false);
	return end(&w, out);
}

static int
filter_shortday(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_DATE))
		add_short_day(&w, false);
	return end(&w, out);
}

static int
filter_clock(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_TIME))
		add_clock(&w);
	return end(&w, out);
}

static int
filter_weekday(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_DATE))
		add_word(&w, WEEKDAY);
	return end(&w, out);
}

static int
filter_shortweekday(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_DATE))
		add_short_weekday(&w);
	return end(&w, out);
}

/* Relative to now. */

/* "hoy" and its neighbours, -1 to 1; ñ is in the alphabet of SMS. */
static const char *
near_day(const struct writer *w, int64_t days)
{
	static const char *const near[][3] = {
		{ "ayer", "hoy", "ma\xc3\xb1" "ana" },
		{ "yesterday", "today", "tomorrow" }
	};

	return days < -1 || days > 1 ? NULL :
	    near[w->words == &english][days + 1];
}

/* Days from today's date to that of `m`, both in the reader's zone. */
static int64_t
days_ahead(const struct writer *w, bool *other_year)
{
	struct moment now = { .has_date = false };
	const char *zone = w->c->env->timezone;

	/* The zone is valid: begin() has been there. */
	if (!set_instant(&now, zone == NULL ? "UTC" : zone, w->c->env->now))
		return 0;
	*other_year = now.local.year != w->m.local.year;
	return day_of(w->m.wall) - day_of(now.wall);
}

/* "a las 10:30", "a la 1:30", "at 10:30 AM". */
static void
add_at(struct writer *w)
{
	if (w->words == &english) {
		buf_str(&w->out, " at ");
		add_clock(w);
	} else
		buf_printf(&w->out, " %s %d:%02d", w->m.local.hour == 1 ?
		    "a la" : "a las", w->m.local.hour, w->m.local.minute);
}

static void
add_when(struct writer *w)
{
	bool year = false;
	int64_t days = days_ahead(w, &year);
	const char *near = near_day(w, days);

	if (near != NULL)
		buf_str(&w->out, near);
	else {
		buf_str(&w->out, w->words == &spanish ? "el " : "on ");
		/* Seven days ahead is the weekday of today again. */
		if (days > 0 && days < 7)
			add_word(w, WEEKDAY);
		else
			add_day(w, year);
	}
	if (w->m.has_time)
		add_at(w);
}

static void
add_short_when(struct writer *w)
{
	bool year = false;
	const char *near = near_day(w, days_ahead(w, &year));

	if (near != NULL)
		buf_str(&w->out, near);
	else
		add_short_day(w, year);
	if (w->m.has_time) {
		buf_char(&w->out, ' ');
		add_clock(w);
	}
}

/* In other languages always the date: CLDR joins it with the time. */
static void
add_other_when(struct writer *w, bool brief)
{
	static const char *const patterns[2][2][2] = {
		{ { "EEEEdMMMM", "EEEEdMMMMHHmm" },
		    { "yEEEEdMMMM", "yEEEEdMMMMHHmm" } },
		{ { "EEEdMMM", "EEEdMMMHHmm" },
		    { "yEEEdMMM", "yEEEdMMMHHmm" } }
	};
	bool year = false;

	days_ahead(w, &year);
	add_icu(w, patterns[brief][year][w->m.has_time], false, brief);
}

static int
filter_when(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (!begin_with(&w, c, in, NEEDS_DATE))
		return end(&w, out);
	if (w.words == NULL)
		add_other_when(&w, false);
	else
		add_when(&w);
	return end(&w, out);
}

static int
filter_shortwhen(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (!begin_with(&w, c, in, NEEDS_DATE))
		return end(&w, out);
	if (w.words == NULL)
		add_other_when(&w, true);
	else
		add_short_when(&w);
	return end(&w, out);
}

const struct filter filters_time[] = {
	{ "date", filter_date, FILTER_ARG_OPTIONAL },
	{ "time", filter_time, FILTER_ARG_OPTIONAL },
	{ "day", filter_day, 0 },
	{ "shortday", filter_shortday, 0 },
	{ "clock", filter_clock, 0 },
	{ "weekday", filter_weekday, 0 },
	{ "shortweekday", filter_shortweekday, 0 },
	{ "when", filter_when, 0 },
	{ "shortwhen", filter_shortwhen, 0 },
	{ NULL, NULL, 0 }
};
