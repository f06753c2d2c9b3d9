#include "hours.h"

#include <string.h>

#include "base/zone.h"

#define DAY	86400
#define DAYS	(2 * 366)	/* and then it is as good as never open */

int
hours_load(struct hours *h, struct config *c, struct error *e)
{
	static const char *const days[] = { "sunday", "monday", "tuesday",
	    "wednesday", "thursday", "friday", "saturday" };
	const char *text;

	*h = (struct hours){ .holidays = holidays_load(c, e) };
	if (h->holidays == NULL)
		return -1;
	for (int i = 0; i < 7; i++) {
		text = config_string(c, "open", NULL, days[i]);
		if (text == NULL)
			continue;
		h->count[i] = config_spans(text, h->spans[i]);
		h->any = h->any || h->count[i] > 0;
	}
	return 0;
}

void
hours_release(struct hours *h)
{
	if (h->holidays != NULL)
		holidays_free(h->holidays);
	h->holidays = NULL;
}

static bool
instant_of(const char *zone, const struct civil *day, int minute, instant *t)
{
	struct civil c = *day;

	c.hour = c.minute = c.second = 0;
	civil_from_utc(civil_to_utc(&c) + (instant)minute * 60, &c);
	return zone_from_local(zone, &c, t);
}

/*
 * One day, from its beginning or its end: takes of *left what it is open after
 * or before *t, and moves *t.  True when nothing is left.
 */
static bool
walk_day(const struct hours *h, const char *zone, const struct civil *day,
    bool back, instant *t, int64_t *left)
{
	int n = holidays_on(h->holidays, day) != NULL ? 0 :
	    h->count[day->weekday];
	const struct config_span *span;
	instant start, end;

	for (int i = 0; i < n; i++) {
		span = &h->spans[day->weekday][back ? n - 1 - i : i];
		if (!instant_of(zone, day, span->start, &start) ||
		    !instant_of(zone, day, span->end, &end))
			continue;
		if (back && end > *t)
			end = *t;
		else if (!back && start < *t)
			start = *t;
		if (end <= start)
			continue;
		if (end - start >= *left) {
			*t = back ? end - *left : start + *left;
			return true;
		}
		*left -= end - start;
		*t = back ? start : end;
	}
	return false;
}

bool
hours_add(const struct hours *h, const char *zone, instant t, int64_t seconds,
    instant *out)
{
	bool back = seconds < 0;
	int64_t left = back ? -seconds : seconds;
	struct civil day;

	if (!zone_to_local(zone, t, &day))
		return false;
	day.hour = 12;
	day.minute = day.second = 0;
	*out = t;
	for (int i = 0; left > 0; i++) {
		if (i == DAYS || !h->any)
			return false;
		if (walk_day(h, zone, &day, back, out, &left))
			return true;
		civil_from_utc(civil_to_utc(&day) + (back ? -DAY : DAY), &day);
	}
	return true;
}
