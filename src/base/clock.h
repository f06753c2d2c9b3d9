#ifndef OMNI_CLOCK_H
#define OMNI_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/*
 * Time.  An instant is a count of seconds since 1970-01-01T00:00:00Z; outside
 * it is written as RFC 3339 in UTC, "2026-11-23T23:00:00Z".
 *
 * Every decision takes the time from clock_now(), which honours OMNI_NOW, so
 * that any run can be replayed at any instant.  Waiting uses
 * clock_monotonic_ms(); the Date of TLS and of signatures is the real time.
 */
typedef int64_t instant;	/* the one typedef: a unit, not a struct */

#define CLOCK_TEXT	21	/* "2026-11-23T23:00:00Z" and a NUL */

/*
 * Reads OMNI_NOW if it is set.  Call once in main(), before clock_now(); ends
 * the program with EX_USAGE when OMNI_NOW is not RFC 3339.
 */
void clock_init(void);
instant clock_now(void);
instant clock_real(void);	/* whatever OMNI_NOW says: for signatures */
bool clock_is_fixed(void);	/* OMNI_NOW is set */
/* From here on it is `t`: for what is only shown. */
void clock_fix(instant t);
int64_t clock_monotonic_ms(void);

/* RFC 3339 with any offset, fractions cut off.  False when it is not. */
bool clock_parse(const char *s, instant *t);
/* Returns `out`. */
char *clock_format(instant t, char out[CLOCK_TEXT]);

/* A date and time of day without a zone. */
struct civil {
	int year, month, day;		/* 1-12, 1-31 */
	int hour, minute, second;
	int weekday;			/* 0 Sunday; filled, never read */
};

bool civil_is_valid(const struct civil *c);
/* "2026-11-24T10:30" or "2026-11-24 10:30:00"; checks the calendar. */
bool civil_parse(const char *s, struct civil *c);
/* As if the zone were UTC. */
instant civil_to_utc(const struct civil *c);
void civil_from_utc(instant t, struct civil *c);

/* "21:00": minutes after midnight; -1 when it is none, or NULL. */
int time_of_day_parse(const char *s);

/* "90s", "15m", "2h", "1d", "1w": seconds.  A bare number is refused. */
bool duration_parse(const char *s, int64_t *seconds);

#endif
