#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "io.h"

#define ZONEINFO	"/usr/share/zoneinfo"
#define NAME_MAX_ZONE	64
#define DAY		86400

/* The zone that TZ names now; process-wide, as TZ is. */
static char current[NAME_MAX_ZONE];

/*
 * The C library takes any name it does not know for UTC, without a word: so
 * the file must be there.  Names without a slash ("EST", "MST7MDT") are not
 * places and are refused, but for UTC.
 */
static bool
is_database_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/");

	if (strcmp(name, "UTC") == 0)
		return true;
	return n >= 3 && n < NAME_MAX_ZONE && name[n] == '\0' &&
	    name[0] >= 'A' && name[0] <= 'Z' && strchr(name, '/') != NULL &&
	    name[n - 1] != '/' && strstr(name, "//") == NULL;
}

/*
 * What cannot be told now must not pass for a zone that there is not: people
 * would be refused, or written to in another zone.
 */
static _Noreturn void
zone_fail(const char *path)
{
	die(errno_status(errno), "%s: %s", path, strerror(errno));
}

static bool
file_is_zone(const char *name)
{
	char path[sizeof(ZONEINFO) + NAME_MAX_ZONE], magic[4];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", ZONEINFO, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 && errno != ENOENT && errno != ENOTDIR)
		zone_fail(path);
	if (fd == -1)
		return false;
	n = io_read(fd, magic, sizeof(magic));
	if (n == -1 && errno != EISDIR)
		zone_fail(path);
	close(fd);
	return n == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;
}

/* Makes `name` the zone of the process. */
static bool
enter(const char *name)
{
	char file[NAME_MAX_ZONE + sizeof(ZONEINFO) + 2];

	if (name == NULL)
		return false;
	if (*current != '\0' && strcmp(current, name) == 0)
		return true;
	if (!is_database_name(name) || !file_is_zone(name))
		return false;
	snprintf(file, sizeof(file), ":%s/%s", ZONEINFO, name);
	if (setenv("TZ", file, 1) == -1)
		die(EX_OSERR, "out of memory");
	tzset();
	/* Of a file that it cannot read it makes UTC, under no name. */
	if (*tzname[0] == '\0') {
		errno = ENOMEM;
		zone_fail(file + 1);
	}
	snprintf(current, sizeof(current), "%s", name);
	return true;
}

bool
zone_is_valid(const char *name)
{
	return enter(name);
}

/* Seconds east of UTC in the current zone. */
static instant
offset_at(instant t)
{
	time_t when = (time_t)t;
	struct tm tm;

	return localtime_r(&when, &tm) == NULL ? 0 : (instant)tm.tm_gmtoff;
}

int
zone_offset(const char *name, instant t)
{
	return enter(name) ? (int)(offset_at(t) / 60) : 0;
}

bool
zone_look(const char *name, instant t, struct zone_state *z)
{
	time_t when = (time_t)t;
	struct tm tm;

	if (!enter(name) || localtime_r(&when, &tm) == NULL)
		return false;
	z->offset = (int)tm.tm_gmtoff;
	z->summer = tm.tm_isdst > 0;
	snprintf(z->name, sizeof(z->name), "%s", tm.tm_zone);
	return true;
}

bool
zone_data_is_current(void)
{
	static const struct civil july = { .year = 2023, .month = 7, .day = 1 };

	return zone_offset("America/Mexico_City", civil_to_utc(&july)) ==
	    -6 * 60;
}

bool
zone_to_local(const char *name, instant t, struct civil *c)
{
	if (!enter(name))
		return false;
	civil_from_utc(t + offset_at(t), c);
	return true;
}

/*
 * A wall clock reading is tried with the offsets in force a day before and a
 * day after.  Both fit: the fold, and the earlier instant is meant.  None
 * fits: the gap, and the offset from before it gives the time moved forward.
 */
bool
zone_from_local(const char *name, const struct civil *c, instant *t)
{
	instant wall = civil_to_utc(c), before, after;
	bool before_fits, after_fits;

	if (!enter(name))
		return false;
	before = wall - offset_at(wall - DAY);
	after = wall - offset_at(wall + DAY);
	before_fits = before + offset_at(before) == wall;
	after_fits = after + offset_at(after) == wall;
	if (before_fits && after_fits)
		*t = before < after ? before : after;
	else
		*t = after_fits ? after : before;
	return true;
}

bool
zone_next_change(const char *name, instant t, instant *change)
{
	instant low, high, middle;

	if (!enter(name))
		return false;
	/* No zone changes and changes back within a week. */
	for (low = t; low < t + (instant)3 * 366 * DAY; low += 7 * DAY)
		if (offset_at(low + 7 * DAY) != offset_at(low))
			break;
	high = low + 7 * DAY;
	if (offset_at(high) == offset_at(low))
		return false;
	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (offset_at(middle) == offset_at(low))
			low = middle;
		else
			high = middle;
	}
	*change = high;
	return true;
}
