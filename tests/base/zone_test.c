#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"

#define MEXICO	"America/Mexico_City"
#define TIJUANA	"America/Tijuana"

static instant
at(const char *s)
{
	instant t = 0;

	assert(clock_parse(s, &t));
	return t;
}

static void
local(const char *zone, const char *wall, const char *expected)
{
	char text[CLOCK_TEXT];
	struct civil c;
	instant t;

	assert(civil_parse(wall, &c));
	assert(zone_from_local(zone, &c, &t));
	if (strcmp(clock_format(t, text), expected) != 0)
		fprintf(stderr, "%s %s: %s\n", zone, wall, text);
	assert(strcmp(text, expected) == 0);
}

static void
test_offsets(void)
{
	/* Mexico ended its summer time in October 2022. */
	assert(zone_offset(MEXICO, at("2021-07-01T12:00:00Z")) == -5 * 60);
	assert(zone_offset(MEXICO, at("2021-12-01T12:00:00Z")) == -6 * 60);
	assert(zone_offset(MEXICO, at("2022-07-01T12:00:00Z")) == -5 * 60);
	assert(zone_offset(MEXICO, at("2023-07-01T12:00:00Z")) == -6 * 60);
	assert(zone_offset(MEXICO, at("2026-07-01T12:00:00Z")) == -6 * 60);
	assert(zone_offset(MEXICO, at("2026-11-23T12:00:00Z")) == -6 * 60);
	/* The border keeps in step with the United States. */
	assert(zone_offset(TIJUANA, at("2026-07-01T12:00:00Z")) == -7 * 60);
	assert(zone_offset(TIJUANA, at("2026-12-01T12:00:00Z")) == -8 * 60);
	assert(zone_offset("America/Cancun", at("2026-07-01T12:00:00Z")) ==
	    -5 * 60);
	assert(zone_offset("America/Hermosillo", at("2026-07-01T12:00:00Z")) ==
	    -7 * 60);
	assert(zone_offset("Asia/Kathmandu", at("2026-01-01T00:00:00Z")) ==
	    345);
	assert(zone_offset("UTC", at("2026-01-01T00:00:00Z")) == 0);
	assert(zone_offset("Nowhere/At_All", at("2026-01-01T00:00:00Z")) == 0);
}

static void
test_data(void)
{
	assert(zone_data_is_current());
}

static void
test_gap_and_fold(void)
{
	/* 8 March 2026, 02:00 is 03:00: what is skipped moves forward. */
	local(TIJUANA, "2026-03-08T01:59", "2026-03-08T09:59:00Z");
	local(TIJUANA, "2026-03-08T02:00", "2026-03-08T10:00:00Z");
	local(TIJUANA, "2026-03-08T02:30", "2026-03-08T10:30:00Z");
	local(TIJUANA, "2026-03-08T03:00", "2026-03-08T10:00:00Z");
	local(TIJUANA, "2026-03-08T03:30", "2026-03-08T10:30:00Z");
	/* 1 November 2026, 01:30 comes twice: the first is meant. */
	local(TIJUANA, "2026-11-01T00:59", "2026-11-01T07:59:00Z");
	local(TIJUANA, "2026-11-01T01:30", "2026-11-01T08:30:00Z");
	local(TIJUANA, "2026-11-01T02:00", "2026-11-01T10:00:00Z");
	local(MEXICO, "2026-11-24T10:30", "2026-11-24T16:30:00Z");
	local("UTC", "2026-11-24T10:30:15", "2026-11-24T10:30:15Z");
}

/* There and back, over each hour of two years in several zones. */
static void
test_round_trip(void)
{
	static const char *const zones[] = { MEXICO, TIJUANA, "UTC",
	    "Europe/Madrid", "Australia/Lord_Howe", "Asia/Kathmandu",
	    "Pacific/Apia", "America/St_Johns" };
	struct civil c;
	instant back;

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		for (instant t = at("2025-01-01T00:00:00Z");
		    t < at("2027-01-01T00:00:00Z"); t += 1800) {
			assert(zone_to_local(zones[i], t, &c));
			assert(zone_from_local(zones[i], &c, &back));
			/* The second of a fold comes back as the first. */
			if (back != t)
				assert(back < t && t - back <= 3600 &&
				    zone_offset(zones[i], back) >
				    zone_offset(zones[i], t));
		}
}

static void
test_next_change(void)
{
	char text[CLOCK_TEXT];
	instant change;

	assert(zone_next_change(TIJUANA, at("2026-01-01T00:00:00Z"), &change));
	assert(strcmp(clock_format(change, text), "2026-03-08T10:00:00Z") == 0);
	assert(zone_next_change(TIJUANA, change, &change));
	assert(strcmp(clock_format(change, text), "2026-11-01T09:00:00Z") == 0);
	assert(zone_next_change(MEXICO, at("2022-06-01T00:00:00Z"), &change));
	assert(strcmp(clock_format(change, text), "2022-10-30T07:00:00Z") == 0);
	assert(!zone_next_change(MEXICO, change, &change));
	assert(!zone_next_change("UTC", change, &change));
	assert(!zone_next_change("No/Where", change, &change));
}

static void
test_names(void)
{
	static const char *const bad[] = { "", "EST", "GMT+5", "GMT", "CST6CDT",
	    "Mexico City", "America/Atlantis", "America/", "/", "../UTC",
	    "/etc/localtime", "America/Mexico_City ", "Etc/Unknown", "utc",
	    "America/Mexico_City\n", "GMT+05:00", "America/../UTC",
	    "\xff/\xff", "x/0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789" };
	struct civil c;
	instant t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (zone_is_valid(bad[i]))
			fprintf(stderr, "%s: accepted\n", bad[i]);
		assert(!zone_is_valid(bad[i]));
		assert(!zone_to_local(bad[i], 0, &c));
		civil_from_utc(0, &c);
		assert(!zone_from_local(bad[i], &c, &t));
	}
	assert(!zone_is_valid(NULL));
	assert(zone_is_valid("UTC"));
	assert(zone_is_valid(MEXICO));
	assert(zone_is_valid("America/Argentina/Buenos_Aires"));
	assert(zone_is_valid("Asia/Calcutta"));		/* a linked name */
	assert(zone_is_valid("Etc/GMT+6"));
}

/* One zone after the other, and none leaks into the next. */
static void
test_many_zones(void)
{
	static const char *const cities[] = { "Amsterdam", "Andorra", "Athens",
	    "Belgrade", "Berlin", "Brussels", "Bucharest", "Budapest",
	    "Chisinau", "Dublin", "Gibraltar", "Helsinki", "Istanbul", "Kiev",
	    "Lisbon", "London", "Luxembourg", "Madrid", "Malta", "Minsk",
	    "Monaco", "Moscow", "Oslo", "Paris", "Prague", "Riga", "Rome",
	    "Samara", "Sofia", "Stockholm", "Tallinn", "Tirane", "Vienna",
	    "Vilnius", "Warsaw", "Zurich", "Bratislava", "Copenhagen" };
	char name[64];

	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < sizeof(cities) / sizeof(cities[0]);
		    i++) {
			snprintf(name, sizeof(name), "Europe/%s", cities[i]);
			assert(zone_is_valid(name));
			assert(zone_offset(MEXICO, 1795474800) == -360);
		}
	assert(zone_offset("Europe/Madrid", at("2026-07-01T00:00:00Z")) == 120);
	assert(zone_offset("Europe/London", at("2026-07-01T00:00:00Z")) == 60);
}

static void
text(const char *zone, const char *locale, const char *pattern, bool literal,
    const char *expected)
{
	struct civil c;
	char out[128];

	assert(zone_to_local(zone, at("2026-11-24T16:30:00Z"), &c));
	assert(wall_date_text(locale, civil_to_utc(&c), pattern, literal, out,
	    sizeof(out)));
	if (strcmp(out, expected) != 0)
		fprintf(stderr, "%s %s: %s\n", locale, pattern, out);
	assert(strcmp(out, expected) == 0);
}

static void
test_date_text(void)
{
	char out[128];

	text(MEXICO, "es-MX", "EEEEdMMMM", false, "martes, 24 de noviembre");
	text(MEXICO, "en-US", "EEEEdMMMM", false, "Tuesday, November 24");
	text(MEXICO, "es-MX", "HH:mm", true, "10:30");
	text(TIJUANA, "es-MX", "HH:mm", true, "08:30");
	text("UTC", "en-US", "yyyy-MM-dd HH:mm", true, "2026-11-24 16:30");
	text("Pacific/Apia", "es-MX", "EEEE", true, "mi\xc3\xa9rcoles");
	text(MEXICO, "es-MX", "MMMM", true, "noviembre");
	text(MEXICO, "en-US", "MMMM", true, "November");
	/* What does not fit is said not to fit, and nothing runs over. */
	memset(out, 'x', sizeof(out));
	assert(!wall_date_text("es-MX", 0, "EEEEdMMMM", false, out, 5));
	assert(out[5] == 'x');
	assert(!wall_date_text("es-MX", 0, "HH:mm", true, out, 5));
	assert(wall_date_text("es-MX", 0, "HH:mm", true, out, 6));
	assert(strcmp(out, "00:00") == 0);
	assert(!wall_date_text("toolongsubtag", 0, "HH:mm", true, out, 6));
}

int
main(void)
{
	test_data();
	test_offsets();
	test_gap_and_fold();
	test_round_trip();
	test_next_change();
	test_names();
	test_many_zones();
	test_date_text();
	return 0;
}
