#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

/* Set by clock_init(), before anything asks, or by clock_fix(). */
static bool fixed;
static instant fixed_now;

void
clock_init(void)
{
	const char *s = getenv("OMNI_NOW");

	if (s == NULL || *s == '\0')
		return;
	if (!clock_parse(s, &fixed_now))
		die(EX_USAGE, "OMNI_NOW=%s: not a time like "
		    "2026-11-23T17:00:00-06:00", s);
	fixed = true;
}

instant
clock_now(void)
{
	return fixed ? fixed_now : (instant)time(NULL);
}

instant
clock_real(void)
{
	return (instant)time(NULL);
}

bool
clock_is_fixed(void)
{
	return fixed;
}

void
clock_fix(instant t)
{
	fixed = true;
	fixed_now = t;
}

int64_t
clock_monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* A leap second (second 60) is taken as the first of the next minute. */
bool
civil_is_valid(const struct civil *c)
{
	return c->year >= 1 && c->year <= 9999 &&
	    c->month >= 1 && c->month <= 12 &&
	    c->day >= 1 && c->day <= days_in_month(c->year, c->month) &&
	    c->hour >= 0 && c->hour <= 23 && c->minute >= 0 &&
	    c->minute <= 59 && c->second >= 0 && c->second <= 60;
}

/* Days since 1970-01-01, proleptic Gregorian, by eras of 400 years. */
instant
civil_to_utc(const struct civil *c)
{
	int64_t y = c->month <= 2 ? c->year - 1 : c->year;
	int64_t era = y / 400, yoe = y - era * 400, doy, days;

	doy = (153 * (c->month + (c->month > 2 ? -3 : 9)) + 2) / 5 +
	    c->day - 1;
	days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
	return ((days * 24 + c->hour) * 60 + c->minute) * 60 + c->second;
}

void
civil_from_utc(instant t, struct civil *c)
{
	int64_t days = t / 86400, rest = t % 86400, era, doe, yoe, doy, mp;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	c->hour = (int)(rest / 3600);
	c->minute = (int)(rest / 60 % 60);
	c->second = (int)(rest % 60);
	c->weekday = (int)(((days + 4) % 7 + 7) % 7);
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (int)(yoe + era * 400 + (c->month <= 2));
}

/* Exactly `count` digits, advancing *s. */
static bool
digits(const char **s, int count, int *n)
{
	for (*n = 0; count > 0; count--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*n = *n * 10 + (**s - '0');
	}
	return true;
}

static bool
literal(const char **s, const char *any)
{
	if (**s == '\0' || strchr(any, **s) == NULL)
		return false;
	(*s)++;
	return true;
}

/* Date and time of day; *s is left at what follows. */
static bool
civil_scan(const char **s, struct civil *c)
{
	*c = (struct civil){ .second = 0 };
	if (!digits(s, 4, &c->year) || !literal(s, "-") ||
	    !digits(s, 2, &c->month) || !literal(s, "-") ||
	    !digits(s, 2, &c->day) || !literal(s, "Tt ") ||
	    !digits(s, 2, &c->hour) || !literal(s, ":") ||
	    !digits(s, 2, &c->minute))
		return false;
	if (**s == ':') {
		(*s)++;
		if (!digits(s, 2, &c->second))
			return false;
		if (**s == '.') {
			if (*++*s < '0' || **s > '9')
				return false;
			while (**s >= '0' && **s <= '9')
				(*s)++;
		}
	}
	return civil_is_valid(c);
}

bool
civil_parse(const char *s, struct civil *c)
{
	return civil_scan(&s, c) && *s == '\0';
}

/* What clock_format() can write: the years 1 to 9999, in UTC. */
#define FIRST	INT64_C(-62135596800)
#define LAST	INT64_C(253402300799)

bool
clock_parse(const char *s, instant *t)
{
	int hours, minutes, sign;
	struct civil c;

	if (!civil_scan(&s, &c))
		return false;
	*t = civil_to_utc(&c);
	if (literal(&s, "Zz"))
		return *s == '\0' && *t <= LAST;
	sign = *s == '-' ? 1 : -1;
	if (!literal(&s, "+-") || !digits(&s, 2, &hours) ||
	    !literal(&s, ":") || !digits(&s, 2, &minutes) || *s != '\0' ||
	    hours > 23 || minutes > 59)
		return false;
	*t += sign * (hours * 3600 + minutes * 60);
	return *t >= FIRST && *t <= LAST;
}

char *
clock_format(instant t, char out[CLOCK_TEXT])
{
	struct civil c;

	civil_from_utc(t, &c);
	snprintf(out, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned int)c.year % 10000U, (unsigned int)c.month % 100U,
	    (unsigned int)c.day % 100U, (unsigned int)c.hour % 100U,
	    (unsigned int)c.minute % 100U, (unsigned int)c.second % 100U);
	return out;
}

int
time_of_day_parse(const char *s)
{
	if (s == NULL || strlen(s) != 5 ||
	    strspn(s, "0123456789:") != 5 || s[2] != ':' ||
	    s[0] == ':' || s[1] == ':' || s[3] == ':' || s[4] == ':')
		return -1;
	if ((s[0] - '0') * 10 + s[1] - '0' > 23 || s[3] > '5')
		return -1;
	return ((s[0] - '0') * 10 + s[1] - '0') * 60 +
	    (s[3] - '0') * 10 + s[4] - '0';
}

bool
duration_parse(const char *s, int64_t *seconds)
{
	static const struct { char unit; int seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 }
	};
	int64_t n = 0;
	int count = 0;

	for (; *s >= '0' && *s <= '9' && count <= 6; s++, count++)
		n = n * 10 + (*s - '0');
	if (count < 1 || count > 6 || s[0] == '\0' || s[1] != '\0')
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == *s) {
			*seconds = n * units[i].seconds;
			return true;
		}
	return false;
}
