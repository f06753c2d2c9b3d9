#include "fixture.h"

/* It is Friday, 20 November 2026, 12:00 in Mexico. */
#define NOW	"2026-11-20T18:00:00Z"
#define MEXICO	"America/Mexico_City"

/* The same for a text without anything to escape, such as a time. */
static void
says(const char *text, const char *expression, const char *want)
{
	char json[256];

	snprintf(json, sizeof(json), "\"%s\"", text);
	gives(json, expression, want);
}

static void
reader(const char *language, const char *zone)
{
	env.language = language;
	env.timezone = zone;
}

static void
days_and_hours(void)
{
	static const char t[] = "2026-11-24T16:30:00Z";

	reader("es", MEXICO);
	says(t, "v|day", "martes 24 de noviembre");
	says(t, "v|shortday", "mar 24 nov");
	says(t, "v|clock", "10:30");
	says(t, "v|weekday", "martes");
	says(t, "v|shortweekday", "mar");
	says("2026-11-28T15:05:00Z", "v|shortday", "sab 28 nov");
	says("2026-11-25T15:05:00Z", "v|shortweekday", "mie");
	says("2026-11-25T15:05:00Z", "v|clock", "09:05");
	/* It is still the day before in Mexico. */
	says("2026-11-25T05:59:00Z", "v|day", "martes 24 de noviembre");
	reader("es_MX", "America/Tijuana");
	says(t, "v|clock", "08:30");
	reader("en-US", MEXICO);
	says(t, "v|day", "Tuesday, November 24");
	says(t, "v|shortday", "Tue 24 Nov");
	says(t, "v|clock", "10:30 AM");
	says("2026-11-24T06:05:00Z", "v|clock", "12:05 AM");
	says("2026-11-24T18:00:00Z", "v|clock", "12:00 PM");
	says(t, "v|weekday", "Tuesday");
	says(t, "v|shortweekday", "Tue");
	reader("fr", MEXICO);
	says(t, "v|day", "mardi 24 novembre");
	says("2026-08-12T16:30:00Z", "v|shortday", "mer 12 aout");
	says(t, "v|clock", "10:30");
	reader(NULL, NULL);
	says(t, "v|clock", "4:30 PM");
}

static void
kinds_of_input(void)
{
	reader("es", MEXICO);
	says("2026-11-24T10:30", "v|clock", "10:30");
	says("2026-11-24 10:30:15", "v|date:\"c\"",
	    "2026-11-24T10:30:15-06:00");
	says("2026-11-24T10:30:00.25-06:00", "v|date:\"u c\"",
	    "250000 2026-11-24T10:30:00.250000-06:00");
	says("2026-11-24", "v|day", "martes 24 de noviembre");
	says("2026-11-24", "v|date:\"c\"", "2026-11-24");
	says("10:30", "v|clock", "10:30");
	says("10:30:15", "v|time:\"H:i:s\"", "10:30:15");
	refuses("\"2026-11-24\"", "v|clock", "variable v is a date without a "
	    "time of day, as needed by the filter clock");
	refuses("\"10:30\"", "v|when", "variable v is a time of day without a "
	    "date, as needed by the filter when");
	refuses("\"ma\xc3\xb1" "ana\"", "v|date", "variable v is not a time, "
	    "as needed by the filter date");
	refuses("\"2026-02-30\"", "v|day", "is not a time");
	refuses("\"2026-11-24T10:30:00-06:00 \"", "v|day", "is not a time");
	refuses("1764000000", "v|day", "is not a time");
	refuses("\"24:00\"", "v|clock", "is not a time");
	refuses("\"x\"", "v|day", "is not a time");
	reader("es", "Nowhere/At_All");
	refuses("\"2026-11-24T10:30\"", "v|day", "without a valid time zone");
}

static void
django_letters(void)
{
	static const char t[] = "2026-07-01T20:05:09Z";

	reader("en", "America/Tijuana");
	says(t, "v|date:\"a A b c d D e E f F g G h H i I\"",
	    "p.m. PM jul 2026-07-01T13:05:09-07:00 01 Wed PDT July 1:05 July "
	    "1 13 01 13 05 1");
	says(t, "v|date:\"j l L m M n N o O P r s S\"",
	    "1 Wednesday False 07 Jul 7 July 2026 -0700 1:05 p.m. "
	    "Wed, 01 Jul 2026 13:05:09 -0700 09 st");
	says(t, "v|date:\"t T u U w W y Y z Z\"",
	    "31 PDT 000000 1782936309 3 27 26 2026 182 -25200");
	says(t, "v|date:\"jS \\o\\f F\"", "1st of July");
	says(t, "v|time:\"H:i\"", "13:05");
	says("2026-01-01", "v|date:\"W o jS\"", "1 2026 1st");
	says("2027-01-01", "v|date:\"W o z\"", "53 2026 1");
	says("2024-12-31", "v|date:\"W o z t L\"", "1 2025 366 31 True");
	says("12:00", "v|time", "noon");
	says("00:00", "v|time", "midnight");
	says("10:00", "v|time", "10 a.m.");
	refuses("\"2026-11-24\"", "v|date:\"H\"", "a date without a time");
	refuses("\"10:30\"", "v|date:\"d\"", "a time of day without a date");
	refuses("\"2026-11-24T10:30\"", "v|time:\"d\"", "letter for dates");
}

static void
named_formats(void)
{
	static const char t[] = "2026-09-05T20:05:09Z";

	reader("en", MEXICO);
	says(t, "v|date", "Sept. 5, 2026");
	says(t, "v|time", "2:05 p.m.");
	says(t, "v|date:\"DATETIME_FORMAT\"", "Sept. 5, 2026, 2:05 p.m.");
	says(t, "v|date:\"SHORT_DATE_FORMAT\"", "09/05/2026");
	says(t, "v|date:\"YEAR_MONTH_FORMAT\"", "September 2026");
	reader("es-MX", MEXICO);
	says(t, "v|date", "5 de septiembre de 2026");
	says(t, "v|time", "14:05");
	says(t, "v|date:\"DATETIME_FORMAT\"",
	    "5 de septiembre de 2026 a las 14:05");
	says(t, "v|date:\"SHORT_DATETIME_FORMAT\"", "05/09/2026 14:05");
	says(t, "v|date:\"l D N b M P\"",
	    "s\xc3\xa1" "bado S\xc3\xa1" "b Sept. sep Sep 2:05 p.m.");
	says("12:00", "v|time:\"P\"", "mediod\xc3\xad" "a");
	reader("de", MEXICO);
	says(t, "v|date", "5. September 2026");
	says(t, "v|date:\"l, j. F\"", "Samstag, 5. September");
}

static void
relative_to_now(void)
{
	reader("es", MEXICO);
	says("2026-11-20T10:30", "v|when", "hoy a las 10:30");
	says("2026-11-21T13:30", "v|when",
	    "ma\xc3\xb1" "ana a las 13:30");
	says("2026-11-21T01:30", "v|when", "ma\xc3\xb1" "ana a la 1:30");
	says("2026-11-19T10:30", "v|when", "ayer a las 10:30");
	says("2026-11-22T09:05", "v|when", "el domingo a las 9:05");
	says("2026-11-26T23:59", "v|when", "el jueves a las 23:59");
	/* The same weekday as today. */
	says("2026-11-27T10:30", "v|when",
	    "el viernes 27 de noviembre a las 10:30");
	says("2026-11-18T10:30", "v|when",
	    "el mi\xc3\xa9rcoles 18 de noviembre a las 10:30");
	says("2027-01-05", "v|when", "el martes 5 de enero de 2027");
	says("2026-11-21", "v|when", "ma\xc3\xb1" "ana");
	says("2026-11-21T10:30", "v|shortwhen", "ma\xc3\xb1" "ana 10:30");
	says("2026-11-24T10:30", "v|shortwhen", "mar 24 nov 10:30");
	says("2027-01-05T10:30", "v|shortwhen", "mar 5 ene 2027 10:30");
	reader("en", MEXICO);
	says("2026-11-20T10:30", "v|when", "today at 10:30 AM");
	says("2026-11-21", "v|when", "tomorrow");
	says("2026-11-24T10:30", "v|when", "on Tuesday at 10:30 AM");
	says("2027-01-05T10:30", "v|when",
	    "on Tuesday, January 5, 2027 at 10:30 AM");
	says("2026-11-24T10:30", "v|shortwhen", "Tue 24 Nov 10:30 AM");
	/* Already tomorrow there. */
	reader("en", "Asia/Tokyo");
	says("2026-11-20T18:30:00Z", "v|when", "today at 3:30 AM");
	reader("fr", MEXICO);
	says("2026-11-24T10:30", "v|when",
	    "mardi 24 novembre \xc3\xa0 10:30");
}

/* ICU 72 crashes on a part that is too long. */
static void
no_such_language(void)
{
	static const char *const names[] = { "", "toolongsubtag-xx", "@@@",
	    "fr/../x", "de-", "fr-FR-a-b-c-d" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		reader(names[i], MEXICO);
		refuses("\"2026-11-24T10:30\"", "v|day",
		    "cannot be written in this language");
	}
}

/* With leniency Django's empty text stands for what is no time. */
static void
leniency(void)
{
	reader("es", MEXICO);
	env.missing = "";
	says("x", "v|date", "");
	says("x", "v|day", "");
	says("2026-11-24", "v|time:\"d\"", "");
	env.missing = NULL;
}

int
main(void)
{
	assert(clock_parse(NOW, &env.now));
	days_and_hours();
	kinds_of_input();
	django_letters();
	named_formats();
	relative_to_now();
	no_such_language();
	leniency();
	return 0;
}
