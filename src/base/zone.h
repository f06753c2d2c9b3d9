#ifndef OMNI_ZONE_H
#define OMNI_ZONE_H

#include <stdbool.h>

#include "clock.h"

/*
 * Time zones, named as in the IANA database ("America/Mexico_City").
 *
 * Offsets come from the system's zoneinfo through the C library, not from
 * ICU: the ICU of Debian 12 carries tables of 2022e in itself, from before
 * Mexico gave up daylight saving, and would be an hour wrong in every summer
 * since.  Names of days and months, and their order, come from ICU.
 *
 * A local time that a change of clocks skips (the gap) is moved forward by the
 * length of the gap; one that occurs twice (the fold) means the first.
 *
 * These functions set the process's TZ, so they are for one thread only.
 */
bool zone_is_valid(const char *name);
/* False when the zoneinfo is older than 2022f and thus wrong for Mexico. */
bool zone_data_is_current(void);
/* False when the zone does not exist. */
bool zone_to_local(const char *name, instant t, struct civil *c);
bool zone_from_local(const char *name, const struct civil *c, instant *t);
/* Minutes east of UTC at `t`; 0 when the zone does not exist. */
int zone_offset(const char *name, instant t);
/* What holds in a zone at an instant. */
struct zone_state {
	int offset;		/* seconds east of UTC */
	bool summer;
	char name[16];		/* "CST", "-03" */
};

/* False when the zone does not exist. */
bool zone_look(const char *name, instant t, struct zone_state *z);
/* The next change of offset after `t`; false when there is none. */
bool zone_next_change(const char *name, instant t, instant *change);

/*
 * Dates as the reader writes them.  `pattern` is a CLDR skeleton ("EEEEdMMMM")
 * or, with `literal` true, a CLDR pattern ("HH:mm"); `locale` as "es-MX";
 * `wall` is civil_to_utc()'s of a date and time that are local already.  The
 * result is UTF-8 in `out`; false when it does not fit, or `locale` is none.
 */
bool wall_date_text(const char *locale, instant wall, const char *pattern,
    bool literal, char *out, size_t size);
/*
 * "es", "es-MX", "zh_Hant_TW": whether it is written like a language.  Others
 * must not reach ICU: version 72 crashes when a part is longer than it thinks
 * possible, "toolongsubtag".
 */
bool locale_is_valid(const char *locale);

#endif
