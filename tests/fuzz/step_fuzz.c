/*
 * Steps of ladders, opening hours, times and durations under texts made by
 * chance, for libFuzzer or feed.c.
 *
 * An input is one text, which is read as each of them in turn; the lines after
 * the first, one for each day from Sunday, are opening hours to count by.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/step.h"
#include "base/zone.h"
#include "message/hours.h"
#include "message/ladder.h"
#include "promise.h"

#define ZONE	"America/Tijuana"	/* it changes its clocks */
#define NOW	((instant)1795197600)	/* 2026-11-20T18:00:00Z */
#define YEAR_0	((instant)-62167219200)
#define YEAR_10000 ((instant)253402300800)
#define YEARS	((int64_t)4 * 366 * 86400)

static struct hours hours;

static void
check_spans(const char *text, int day)
{
	struct config_span s[CONFIG_SPANS];
	int n = config_spans(text, s);

	promise(n >= -1 && n <= CONFIG_SPANS, "there are few spans");
	for (int i = 0; i < n; i++)
		promise(s[i].start >= (i == 0 ? 0 : s[i - 1].end) &&
		    s[i].end > s[i].start && s[i].end <= 24 * 60,
		    "spans are in order");
	hours.count[day] = n < 0 ? 0 : n;
	memcpy(hours.spans[day], s, sizeof(s));
	hours.any = hours.any || n > 0;
}

/* What is read as a time is written as one that is read the same. */
static void
check_times(const char *text)
{
	char out[CLOCK_TEXT];
	struct civil c, d;
	int64_t seconds;
	instant t, again;

	promise(!duration_parse(text, &seconds) || seconds >= 0,
	    "a duration is not negative");
	promise(time_of_day_parse(text) >= -1 &&
	    time_of_day_parse(text) <= 24 * 60, "a day has 24 hours");
	if (clock_parse(text, &t) && t >= YEAR_0 && t < YEAR_10000)
		promise(clock_parse(clock_format(t, out), &again) &&
		    again == t, "an instant is one");
	if (!civil_parse(text, &c))
		return;
	promise(civil_is_valid(&c), "a date is in the calendar");
	civil_from_utc(civil_to_utc(&c), &d);
	/* A leap second is the first one of the next minute. */
	if (c.second == 60)
		civil_from_utc(civil_to_utc(&c), &c);
	promise(c.year == d.year && c.month == d.month && c.day == d.day &&
	    c.hour == d.hour && c.minute == d.minute && c.second == d.second,
	    "and comes back");
	if (zone_from_local(ZONE, &c, &t))
		promise(zone_to_local(ZONE, t, &d), "and is local again");
}

/* Open time is counted forward and back alike. */
static void
check_hours(int64_t seconds)
{
	instant t, back;

	if (hours_add(&hours, ZONE, NOW, seconds, &t)) {
		promise(seconds == 0 || t >= NOW + seconds, "time passes");
		promise(seconds == 0 || hours_add(&hours, ZONE, t, -seconds,
		    &back), "and was there before");
		promise(seconds == 0 || back >= NOW, "not before it began");
	}
	if (seconds > 0 && hours_add(&hours, ZONE, NOW, -seconds, &t))
		promise(t <= NOW - seconds, "nor the other way");
}

static void
check_next(const struct ladder *l, const struct ladder_event *event)
{
	struct value *next = ladder_next(l, 1, event, NOW, false);
	int64_t step;
	instant at;

	if (next == NULL)
		return;
	promise(ladder_resolve(next, NOW, &hours, &step, &at) && step == 2,
	    "what comes next can be read");
	value_free(next);
}

static void
check_ladder(const struct step *s)
{
	struct ladder l = { .type = "t", .topic = "t", .class = "c",
	    .count = 2, .hours = &hours };
	const struct ladder_event event = { .at = NOW + 86400, .zone = ZONE };
	const struct ladder_step *one;

	for (int i = 0; i < 2; i++) {
		l.steps[i] = (struct ladder_step){ .number = i + 1,
		    .when = s->when, .condition = s->condition };
		snprintf(l.steps[i].channel, sizeof(l.steps[i].channel), "%s",
		    s->channel);
	}
	ladder_due(&l, &l.steps[0], &event, NOW);
	one = ladder_first(&l, &event);
	promise(one == NULL || one == &l.steps[0] || one == &l.steps[1],
	    "a step is one of the ladder");
	check_next(&l, &event);
}

static void
check_step(const char *text)
{
	struct step s;

	if (!step_parse(text, &s))
		return;
	promise(s.when.offset >= 0 && s.condition <= STEP_ALWAYS,
	    "a step is one");
	promise(s.when.clock == -1 || (!s.when.open &&
	    s.when.offset % 86400 == 0), "by the clock or by hours");
	promise(s.channel[0] != '\0', "it has a channel");
	if (s.when.offset < YEARS) {
		check_hours(s.when.offset);
		check_ladder(&s);
	}
}

static void
set_up(void)
{
	struct error e;
	struct config *c = config_load("/dev/null", NULL, 0, &e);

	record_setup();
	promise(c != NULL, "an empty configuration is one");
	hours.holidays = holidays_load(c, &e);
	promise(hours.holidays != NULL, "no holidays are none");
	config_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text(data, size), *line, *next;

	if (hours.holidays == NULL)
		set_up();
	hours.any = false;
	memset(hours.count, 0, sizeof(hours.count));
	next = strchr(text, '\n');
	check_spans(text, 0);
	for (int day = 0; next != NULL && day < 7; day++) {
		*next = '\0';
		line = next + 1;
		next = strchr(line, '\n');
		if (next != NULL)
			*next = '\0';
		check_spans(line, day);
	}
	check_times(text);
	check_step(text);
	free(text);
	return 0;
}
