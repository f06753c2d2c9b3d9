#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define DAY	86400

static instant
parsed(const char *s)
{
	instant t = 0;

	if (!clock_parse(s, &t))
		fprintf(stderr, "%s: refused\n", s);
	assert(clock_parse(s, &t));
	return t;
}

static void
same(const char *a, const char *b)
{
	if (parsed(a) != parsed(b))
		fprintf(stderr, "%s is not %s\n", a, b);
	assert(parsed(a) == parsed(b));
}

static void
test_known(void)
{
	char text[CLOCK_TEXT];

	assert(parsed("1970-01-01T00:00:00Z") == 0);
	assert(parsed("2000-02-29T12:00:00Z") == 951825600);
	assert(parsed("2038-01-19T03:14:08Z") == 2147483648);
	assert(parsed("1969-12-31T23:59:59Z") == -1);
	assert(parsed("2026-11-23T17:00:00-06:00") == 1795474800);
	assert(strcmp(clock_format(1795474800, text),
	    "2026-11-23T23:00:00Z") == 0);
	assert(strcmp(clock_format(-1, text), "1969-12-31T23:59:59Z") == 0);
}

/* Every day of 400 years and more, against the C library and back. */
static void
test_round_trip(void)
{
	char text[CLOCK_TEXT], libc[64];
	struct civil c;
	struct tm tm;
	time_t sys;
	instant t;

	for (t = parsed("1800-01-01T00:00:00Z"); t < parsed(
	    "2230-01-01T00:00:00Z"); t += DAY + 61 * 7) {
		sys = (time_t)t;
		assert(gmtime_r(&sys, &tm) != NULL);
		assert(strftime(libc, sizeof(libc), "%Y-%m-%dT%H:%M:%SZ",
		    &tm) == CLOCK_TEXT - 1);
		clock_format(t, text);
		assert(strcmp(text, libc) == 0);
		assert(parsed(text) == t);
		civil_from_utc(t, &c);
		assert(c.weekday == tm.tm_wday);
		assert(civil_is_valid(&c));
		assert(civil_to_utc(&c) == t);
	}
	for (t = parsed("0001-01-01T00:00:00Z"); t < parsed(
	    "9999-12-31T00:00:00Z"); t += 97 * DAY + 12345)
		assert(parsed(clock_format(t, text)) == t);
}

/* Text order is time order: the ledger compares the texts. */
static void
test_order(void)
{
	char a[CLOCK_TEXT], b[CLOCK_TEXT];

	for (instant t = -62135596799; t < 253402300799; t += 333333333)
		assert(strcmp(clock_format(t - 1, a), clock_format(t, b)) < 0);
}

static void
test_leap_years(void)
{
	instant t;

	for (int year = 1; year <= 9999; year++) {
		bool leap = (year % 4 == 0 && year % 100 != 0) ||
		    year % 400 == 0;
		char s[32];

		snprintf(s, sizeof(s), "%04d-02-29T00:00:00Z", year);
		assert(clock_parse(s, &t) == leap);
		snprintf(s, sizeof(s), "%04d-12-31T00:00:00Z", year);
		assert(clock_parse(s, &t));
	}
	assert(parsed("2024-03-01T00:00:00Z") -
	    parsed("2024-02-28T00:00:00Z") == 2 * DAY);
	assert(parsed("1900-03-01T00:00:00Z") -
	    parsed("1900-02-28T00:00:00Z") == DAY);
}

static void
test_offsets(void)
{
	same("2026-11-23T23:00:00Z", "2026-11-23T23:00:00+00:00");
	same("2026-11-23T23:00:00Z", "2026-11-23T23:00:00-00:00");
	same("2026-11-23T23:00:00Z", "2026-11-24T04:45:00+05:45");
	same("2026-11-23T23:00:00Z", "2026-11-23T17:00:00-06:00");
	same("2026-11-23T23:00:00Z", "2026-11-23t23:00:00z");
	same("2026-11-23T23:00:00Z", "2026-11-23T23:00Z");
	same("2026-11-23T23:00:00Z", "2026-11-23 23:00:00Z");
	same("2026-11-23T23:00:00Z", "2026-11-23T23:00:00.999999999Z");
	same("2027-01-01T00:00:00Z", "2026-12-31T23:59:60Z");
	same("2026-01-01T00:00:00Z", "2025-12-31T00:01:00-23:59");
}

static void
test_refused(void)
{
	static const char *const bad[] = {
		"", "now", "2026", "2026-11-23", "2026-11-23T23:00:00",
		"2026-11-23T23Z", "2026-11-23T23:00:00 Z",
		" 2026-11-23T23:00:00Z", "2026-11-23T23:00:00Z ",
		"2026-11-23T23:00:00ZZ", "2026-11-23T23:00:00.Z",
		"2026-11-23T23:00:00,5Z", "2026-11-23T24:00:00Z",
		"2026-11-23T23:60:00Z", "2026-11-23T23:00:61Z",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z",
		"0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
		"-001-01-01T00:00:00Z", "+2026-01-01T00:00:00Z",
		"26-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
		"2026-01-01T0:00:00Z", "2026-01-01T00:00:00+0600",
		"2026-01-01T00:00:00+06", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00+06:60", "2026-01-01T00:00:00+6:00",
		"2026-01-01T00:00:00\xe2\x88\x92" "06:00", "1795474800",
		/* These lie outside the four-digit years in UTC. */
		"9999-12-31T23:59:60Z", "9999-12-31T23:59:59-06:00",
		"0001-01-01T00:00:00+06:00",
	};
	instant t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (clock_parse(bad[i], &t))
			fprintf(stderr, "%s: accepted\n", bad[i]);
		assert(!clock_parse(bad[i], &t));
	}
}

static void
test_civil(void)
{
	struct civil c;

	assert(civil_parse("2026-11-24T10:30", &c));
	assert(c.year == 2026 && c.month == 11 && c.day == 24 &&
	    c.hour == 10 && c.minute == 30 && c.second == 0);
	assert(civil_parse("2026-11-24 10:30:15", &c) && c.second == 15);
	assert(!civil_parse("2026-11-24T10:30Z", &c));
	assert(!civil_parse("2026-11-24T10:30-06:00", &c));
	assert(!civil_parse("2026-02-30T10:30", &c));
	assert(!civil_parse("2026-11-24", &c));
	assert(!civil_parse("2026-11-24T24:00", &c));
	civil_from_utc(parsed("2026-11-24T00:00:00Z"), &c);
	assert(c.weekday == 2);
	civil_from_utc(parsed("1969-12-28T00:00:00Z"), &c);
	assert(c.weekday == 0);
}

static void
test_durations(void)
{
	static const char *const bad[] = { "", "5", "s", "-1h", "+1h", "1 h",
	    "1h ", " 1h", "1H", "1y", "1.5h", "1h30m", "1234567s", "h1",
	    "99999999999999999999999s" };
	int64_t n;

	assert(duration_parse("0s", &n) && n == 0);
	assert(duration_parse("90s", &n) && n == 90);
	assert(duration_parse("15m", &n) && n == 900);
	assert(duration_parse("2h", &n) && n == 7200);
	assert(duration_parse("1d", &n) && n == DAY);
	assert(duration_parse("1w", &n) && n == 7 * DAY);
	assert(duration_parse("999999w", &n) && n == 604799395200);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert(!duration_parse(bad[i], &n));
}

/* In a process of its own, as the clock is set once; returns its status. */
static int
with_now(const char *now, instant expected)
{
	int status;
	pid_t pid = fork();

	assert(pid != -1);
	if (pid == 0) {
		close(STDERR_FILENO);
		setenv("OMNI_NOW", now, 1);
		clock_init();
		_exit(*now == '\0' ? clock_is_fixed() :
		    !clock_is_fixed() || clock_now() != expected);
	}
	assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_now(void)
{
	assert(with_now("2026-11-23T17:00:00-06:00", 1795474800) == 0);
	assert(with_now("", 0) == 0);
	assert(with_now("tomorrow", 0) == EX_USAGE);
	assert(with_now("2026-11-23", 0) == EX_USAGE);
	unsetenv("OMNI_NOW");
	clock_init();
	assert(!clock_is_fixed());
	assert(clock_now() >= time(NULL) - 1 && clock_now() <= time(NULL));
	assert(clock_monotonic_ms() <= clock_monotonic_ms());
}

int
main(void)
{
	test_known();
	test_round_trip();
	test_order();
	test_leap_years();
	test_offsets();
	test_refused();
	test_civil();
	test_durations();
	test_now();
	return 0;
}
