#include "quiet.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/zone.h"

#define DAY		86400
#define DAY_MINUTES	1440
#define MARKETING	"marketing"
/* A calendar in which each day is a holiday must not be walked for ever. */
#define ROUNDS_MAX	(2 * 366)

static bool
holds_holidays(const struct config *c, const char *class)
{
	return strcmp(config_string(c, "class", class, "holidays"),
	    "hold") == 0;
}

int
quiet_open(struct quiet *q, struct config *c, struct error *e)
{
	*q = (struct quiet){ .config = c };
	if (!config_bool(c, "class", MARKETING, "quiet"))
		return error_set(e, EX_CONFIG, "%.300s: [class " MARKETING
		    "]: quiet = no: marketing is never sent in quiet hours",
		    config_file(c));
	if (!holds_holidays(c, MARKETING))
		return error_set(e, EX_CONFIG, "%.300s: [class " MARKETING
		    "]: holidays = send: marketing is never sent on holidays",
		    config_file(c));
	q->holidays = holidays_load(c, e);
	return q->holidays == NULL ? -1 : 0;
}

void
quiet_close(struct quiet *q)
{
	holidays_free(q->holidays);
	q->holidays = NULL;
}

static bool
in_hours(int start, int end, const struct civil *now)
{
	int minute = now->hour * 60 + now->minute;

	if (start == end)
		return false;
	return start < end ? minute >= start && minute < end :
	    minute >= start || minute < end;
}

/* The first instant from `t` on at which the wall shows none of the hours. */
static instant
hours_end(const char *zone, int start, int end, instant t)
{
	instant at, change;
	struct civil now;

	for (;;) {
		zone_to_local(zone, t, &now);
		if (!in_hours(start, end, &now))
			return t;
		at = t - now.second + (instant)60 * ((end - now.hour * 60 -
		    now.minute + DAY_MINUTES) % DAY_MINUTES);
		if (zone_offset(zone, at) == zone_offset(zone, t) ||
		    !zone_next_change(zone, t, &change) || change > at)
			return at;
		t = change;
	}
}

/* Where midnight is skipped, the day begins when the clocks change. */
static instant
next_day(const char *zone, const struct civil *today, instant t)
{
	struct civil day = *today;
	instant at = t;

	day.hour = day.minute = day.second = 0;
	civil_from_utc(civil_to_utc(&day) + DAY, &day);
	return zone_from_local(zone, &day, &at) && at > t ? at : t + DAY;
}

/* Whether `text` is one of the parts of "a; b; c". */
static bool
has_part(const char *all, const char *text)
{
	size_t len = strlen(text);
	const char *end;

	for (;; all = end + 2) {
		end = strstr(all, "; ");
		if (end == NULL)
			return strcmp(all, text) == 0;
		if ((size_t)(end - all) == len && memcmp(all, text, len) == 0)
			return true;
	}
}

/* Each reason once, and whole. */
static void
add_reason(char *why, size_t size, const char *what, const char *name)
{
	char text[128];
	size_t len = strlen(why);

	snprintf(text, sizeof(text), "%s%s%s", what,
	    *name == '\0' ? "" : ": ", name);
	if (!has_part(why, text) && len + strlen(text) + 3 < size)
		snprintf(why + len, size - len, "%s%s", len == 0 ? "" : "; ",
		    text);
}

/* What is marketing by its topic stays so under any class. */
static const char *
class_of(const struct config *c, const struct quiet_reader *who)
{
	const char *class;

	if (who->topic != NULL && config_has(c, "topic", who->topic)) {
		class = config_string(c, "topic", who->topic, "class");
		if (class != NULL && strcmp(class, MARKETING) == 0)
			return class;
	}
	return who->class != NULL && config_has(c, "class", who->class) ?
	    who->class : NULL;
}

bool
quiet_holds(const struct quiet *q, const struct quiet_reader *who, instant t,
    instant *until, char *why, size_t size)
{
	const struct config *c = q->config;
	const char *class = class_of(c, who), *zone = who->zone, *name;
	bool voice = who->channel != NULL && strcmp(who->channel, "voice") == 0;
	bool hours = voice || class == NULL ||
	    config_bool(c, "class", class, "quiet");
	bool days = class == NULL || holds_holidays(c, class);
	int start = who->start, end = who->end;
	struct civil now;

	if (start < 0)
		start = config_time_of_day(c, "quiet", NULL, "start");
	if (end < 0)
		end = config_time_of_day(c, "quiet", NULL, "end");
	if (zone == NULL || !zone_is_valid(zone))
		zone = config_string(c, "site", NULL, "timezone");
	*until = t;
	*why = '\0';
	for (int i = 0; i < ROUNDS_MAX; i++) {
		zone_to_local(zone, *until, &now);
		name = days ? holidays_on(q->holidays, &now) : NULL;
		if (name != NULL) {
			add_reason(why, size, "holiday", name);
			*until = next_day(zone, &now, *until);
		} else if (hours && in_hours(start, end, &now)) {
			add_reason(why, size, "quiet hours", "");
			*until = hours_end(zone, start, end, *until);
		} else
			break;
	}
	return *until > t;
}
