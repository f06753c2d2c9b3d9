#include <stdint.h>

#include "template/moment.h"

/* Days and times as a person says them: our own, not Django's. */

enum need { NEEDS_DATE = 1, NEEDS_TIME = 2 };

static bool
begin_with(struct writer *w, struct call *c, const struct tval *in,
    unsigned needs)
{
	if (!writer_begin(w, c, in))
		return false;
	if ((needs & NEEDS_DATE) != 0 && !w->m.has_date)
		w->unfit = "is a time of day without a date";
	else if ((needs & NEEDS_TIME) != 0 && !w->m.has_time)
		w->unfit = "is a date without a time of day";
	return writer_is_well(w);
}

/* "martes 24 de noviembre", "Tuesday, November 24". */
static void
add_day(struct writer *w, bool year)
{
	if (w->words == NULL) {
		writer_add_icu(w, year ? "yEEEEdMMMM" : "EEEEdMMMM", false,
		    false);
		return;
	}
	if (w->words == &words_spanish)
		buf_printf(&w->out, "%s %d de %s", writer_word(w, WEEKDAY),
		    w->m.local.day, writer_word(w, MONTH));
	else
		buf_printf(&w->out, "%s, %s %d", writer_word(w, WEEKDAY),
		    writer_word(w, MONTH), w->m.local.day);
	if (year)
		buf_printf(&w->out, w->words == &words_spanish ? " de %d" :
		    ", %d", w->m.local.year);
}

static void
add_short_weekday(struct writer *w)
{
	if (w->words == NULL)
		writer_add_icu(w, "ccc", true, true);
	else
		buf_str(&w->out, w->words->short_weekdays[
		    w->m.local.weekday]);
}

/* "mar 24 nov", "Tue 24 Nov": all of it in the alphabet of SMS. */
static void
add_short_day(struct writer *w, bool year)
{
	if (w->words == NULL) {
		writer_add_icu(w, year ? "yEEEdMMM" : "EEEdMMM", false, true);
		return;
	}
	add_short_weekday(w);
	buf_printf(&w->out, " %d ", w->m.local.day);
	if (w->words == &words_spanish)
		writer_add_word(w, MONTH_3);
	else
		writer_add_capital(w, MONTH_3);
	if (year)
		buf_printf(&w->out, " %d", w->m.local.year);
}

/* "09:05", "9:05 AM". */
static void
add_clock(struct writer *w)
{
	int hour = w->m.local.hour, minute = w->m.local.minute;

	if (w->words == NULL)
		writer_add_icu(w, "HHmm", false, false);
	else if (w->words == &words_spanish)
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
	return writer_end(&w, out);
}

static int
filter_shortday(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_DATE))
		add_short_day(&w, false);
	return writer_end(&w, out);
}

static int
filter_clock(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_TIME))
		add_clock(&w);
	return writer_end(&w, out);
}

static int
filter_weekday(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_DATE))
		writer_add_word(&w, WEEKDAY);
	return writer_end(&w, out);
}

static int
filter_shortweekday(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (begin_with(&w, c, in, NEEDS_DATE))
		add_short_weekday(&w);
	return writer_end(&w, out);
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
	    near[w->words == &words_english][days + 1];
}

/* Days from today's date to that of `m`, both in the reader's zone. */
static int64_t
days_ahead(const struct writer *w, bool *other_year)
{
	struct moment now = { .has_date = false };
	const char *zone = w->c->env->timezone;

	/* The zone is valid: writer_begin() has been there. */
	if (!moment_set(&now, zone == NULL ? "UTC" : zone, w->c->env->now))
		return 0;
	*other_year = now.local.year != w->m.local.year;
	return moment_day(w->m.wall) - moment_day(now.wall);
}

/* "a las 10:30", "a la 1:30", "at 10:30 AM". */
static void
add_at(struct writer *w)
{
	if (w->words == &words_english) {
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
		buf_str(&w->out, w->words == &words_spanish ? "el " : "on ");
		/* Seven days ahead is the weekday of today again. */
		if (days > 0 && days < 7)
			writer_add_word(w, WEEKDAY);
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
	writer_add_icu(w, patterns[brief][year][w->m.has_time], false, brief);
}

static int
filter_when(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (!begin_with(&w, c, in, NEEDS_DATE))
		return writer_end(&w, out);
	if (w.words == NULL)
		add_other_when(&w, false);
	else
		add_when(&w);
	return writer_end(&w, out);
}

static int
filter_shortwhen(struct call *c, const struct tval *in, struct tval *out)
{
	struct writer w;

	if (!begin_with(&w, c, in, NEEDS_DATE))
		return writer_end(&w, out);
	if (w.words == NULL)
		add_other_when(&w, true);
	else
		add_short_when(&w);
	return writer_end(&w, out);
}

const struct filter filters_time[] = {
	{ "day", filter_day, 0 },
	{ "shortday", filter_shortday, 0 },
	{ "clock", filter_clock, 0 },
	{ "weekday", filter_weekday, 0 },
	{ "shortweekday", filter_shortweekday, 0 },
	{ "when", filter_when, 0 },
	{ "shortwhen", filter_shortwhen, 0 },
	{ NULL, NULL, 0 }
};
