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
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/ustring.h>
#include <unistd.h>

#include "io.h"

#define ZONEINFO	"/usr/share/zoneinfo"
#define NAME_MAX_ZONE	64
#define TEXT_MAX	128
#define DAY		86400

/* The zone that TZ names now; process-wide, as TZ is. */
static char current[NAME_MAX_ZONE];

static bool
to_utf16(const char *s, UChar *out, int32_t size, int32_t *len)
{
	UErrorCode rc = U_ZERO_ERROR;

	u_strFromUTF8(out, size, len, s, -1, &rc);
	return U_SUCCESS(rc) && *len < size;
}

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

static bool
file_is_zone(const char *name)
{
	char path[sizeof(ZONEINFO) + NAME_MAX_ZONE], magic[4];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", ZONEINFO, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	ok = io_read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	    memcmp(magic, "TZif", sizeof(magic)) == 0;
	close(fd);
	return ok;
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

static bool
expand_skeleton(const char *locale, const char *skeleton, UChar *out,
    int32_t size)
{
	UDateTimePatternGenerator *gen;
	UErrorCode rc = U_ZERO_ERROR;
	UChar in[TEXT_MAX];
	int32_t len;

	if (!to_utf16(skeleton, in, TEXT_MAX, &len))
		return false;
	gen = udatpg_open(locale, &rc);
	if (U_FAILURE(rc))
		return false;
	len = udatpg_getBestPattern(gen, in, len, out, size, &rc);
	udatpg_close(gen);
	return U_SUCCESS(rc) && len < size;
}

/* Making one costs a hundred times what using it does; a run needs few. */
#define FORMATTERS	16
struct formatter {
	char key[TEXT_MAX];
	UDateFormat *format;
};
static struct formatter formatters[FORMATTERS];
static size_t oldest;

static UDateFormat *
formatter_open(const char *locale, const char *pattern, bool literal)
{
	UChar zone[NAME_MAX_ZONE], text[TEXT_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	UDateFormat *format;
	struct formatter *f;
	char key[TEXT_MAX];
	int32_t len;

	if (snprintf(key, sizeof(key), "%s %d%s", locale, literal, pattern) >=
	    TEXT_MAX)
		return NULL;
	for (f = formatters; f < formatters + FORMATTERS; f++)
		if (f->format != NULL && strcmp(f->key, key) == 0)
			return f->format;
	if (!to_utf16("Etc/UTC", zone, NAME_MAX_ZONE, &len))
		return NULL;
	if (literal ? !to_utf16(pattern, text, TEXT_MAX, &len) :
	    !expand_skeleton(locale, pattern, text, TEXT_MAX))
		return NULL;
	format = udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, zone, -1, text,
	    -1, &rc);
	if (U_FAILURE(rc))
		return NULL;
	f = &formatters[oldest++ % FORMATTERS];
	if (f->format != NULL)
		udat_close(f->format);
	f->format = format;
	snprintf(f->key, sizeof(f->key), "%s", key);
	return format;
}

bool
zone_date_text(const char *name, const char *locale, instant t,
    const char *pattern, bool literal, char *out, size_t size)
{
	UErrorCode rc = U_ZERO_ERROR;
	UDateFormat *format;
	UChar text[TEXT_MAX];
	int32_t len;

	if (!enter(name) || size > INT32_MAX)
		return false;
	/* ICU gets the local time as if it were UTC. */
	t += offset_at(t);
	format = formatter_open(locale, pattern, literal);
	if (format == NULL)
		return false;
	len = udat_format(format, (UDate)t * 1000.0, text, TEXT_MAX, NULL,
	    &rc);
	u_strToUTF8(out, (int32_t)size, &len, text, len, &rc);
	return U_SUCCESS(rc) && (size_t)len < size;
}
