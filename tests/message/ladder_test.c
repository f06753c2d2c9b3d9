/* When steps are due, by clocks, opening hours and changes of time. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message/ladder.h"

static struct hours hours;

static instant
at(const char *text)
{
	instant t;

	assert(clock_parse(text, &t));
	return t;
}

static struct ladder
ladder_of(const char *const *steps)
{
	struct ladder l = { .type = "t", .hours = &hours };
	struct step s;

	for (; *steps != NULL; steps++) {
		assert(step_parse(*steps, &s));
		l.steps[l.count] = (struct ladder_step){
		    .number = l.count + 1, .when = s.when,
		    .condition = s.condition };
		snprintf(l.steps[l.count].channel, 16, "%s", s.channel);
		l.count++;
	}
	return l;
}

#define LADDER(...) ladder_of((const char *const []){ __VA_ARGS__, NULL })
#define MEXICO	"America/Mexico_City"
#define TIJUANA	"America/Tijuana"

static void
test_due(void)
{
	static const struct {
		const char *step, *zone, *event, *previous, *due;
	} rows[] = {
		{ "-24h sms", MEXICO, "2026-11-24T16:00:00Z", NULL,
		    "2026-11-23T16:00:00Z" },
		{ "+2h sms", MEXICO, "2026-11-24T16:00:00Z",
		    "2026-11-23T16:00:00Z", "2026-11-23T18:00:00Z" },
		/* The day before, at nine, whatever the hour of the event. */
		{ "-1d at 09:00 sms", MEXICO, "2026-11-24T06:30:00Z", NULL,
		    "2026-11-23T15:00:00Z" },
		{ "-1d at 09:00 sms", MEXICO, "2026-11-25T05:30:00Z", NULL,
		    "2026-11-23T15:00:00Z" },
		{ "-0d at 08:00 sms", MEXICO, "2026-11-24T16:00:00Z", NULL,
		    "2026-11-24T14:00:00Z" },
		/* Clocks go back on 1 November in Tijuana: nine stays nine. */
		{ "-1d at 09:00 sms", TIJUANA, "2026-11-02T18:00:00Z", NULL,
		    "2026-11-01T17:00:00Z" },
		{ "-2d at 09:00 sms", TIJUANA, "2026-11-02T18:00:00Z", NULL,
		    "2026-10-31T16:00:00Z" },
		/* But 24 hours are 24 hours. */
		{ "-24h sms", TIJUANA, "2026-11-01T18:00:00Z", NULL,
		    "2026-10-31T18:00:00Z" },
		/* After the step before: today if it is yet to come. */
		{ "+0d at 18:00 sms", MEXICO, "2026-11-30T16:00:00Z",
		    "2026-11-23T16:00:00Z", "2026-11-24T00:00:00Z" },
		{ "+0d at 09:00 sms", MEXICO, "2026-11-30T16:00:00Z",
		    "2026-11-23T16:00:00Z", "2026-11-24T15:00:00Z" },
		{ "+1d at 09:00 sms", MEXICO, "2026-11-30T16:00:00Z",
		    "2026-11-23T16:00:00Z", "2026-11-24T15:00:00Z" },
		/* Open 09-14 and 16-19 from Monday to Friday. */
		{ "+2h open sms", MEXICO, "2026-11-30T16:00:00Z",
		    "2026-11-23T18:00:00Z", "2026-11-23T20:00:00Z" },
		{ "+2h open sms", MEXICO, "2026-11-30T16:00:00Z",
		    "2026-11-23T19:00:00Z", "2026-11-23T23:00:00Z" },
		{ "+2h open sms", MEXICO, "2026-11-30T16:00:00Z",
		    "2026-11-24T03:00:00Z", "2026-11-24T17:00:00Z" },
		/* Friday evening: over the weekend. */
		{ "+2h open sms", MEXICO, "2026-12-30T16:00:00Z",
		    "2026-11-28T00:00:00Z", "2026-11-30T16:00:00Z" },
		{ "-4h open sms", MEXICO, "2026-11-30T16:00:00Z", NULL,
		    "2026-11-27T22:00:00Z" }
	};
	char text[CLOCK_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ladder l = LADDER(rows[i].step);
		const struct ladder_event event = { at(rows[i].event),
		    rows[i].zone };

		clock_format(ladder_due(&l, l.steps, &event,
		    rows[i].previous == NULL ? 0 : at(rows[i].previous)),
		    text);
		if (strcmp(text, rows[i].due) != 0)
			fprintf(stderr, "%zu: %s: %s\n", i, rows[i].step,
			    text);
		assert(strcmp(text, rows[i].due) == 0);
	}
}

static void
test_never_open(void)
{
	const struct hours closed = { .holidays = hours.holidays };
	struct ladder l = LADDER("+2h open sms");
	const struct ladder_event event = { at("2026-11-30T16:00:00Z"),
	    MEXICO };

	l.hours = &closed;
	assert(ladder_due(&l, l.steps, &event, event.at - 86400) >
	    event.at + 365 * 86400);
}

/* What next means, for a message of the step `number` that is due at `now`. */
struct next {
	int number;
	const char *event, *now, *want;
};

static void
check_next(const struct ladder *l, const struct next *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct ladder_event event = { at(rows[i].event),
		    MEXICO };
		const instant now = at(rows[i].now);
		struct value *next = ladder_next(l, rows[i].number, &event,
		    now, false);
		char text[CLOCK_TEXT], got[64] = "none";
		int64_t step;
		instant t;

		if (ladder_resolve(next, now, &hours, &step, &t))
			snprintf(got, sizeof(got), "%d %s", (int)step,
			    clock_format(t, text));
		if (strcmp(got, rows[i].want) != 0)
			fprintf(stderr, "after %d at %s: %s, not %s\n",
			    rows[i].number, rows[i].now, got, rows[i].want);
		assert(strcmp(got, rows[i].want) == 0);
		value_free(next);
	}
}

#define CHECK_NEXT(l, ...) do { \
	static const struct next rows[] = { __VA_ARGS__ }; \
	check_next(l, rows, sizeof(rows) / sizeof(rows[0])); \
} while (0)

static void
test_next(void)
{
	const struct ladder l = LADDER("-24h email", "+2h sms",
	    "+2h whatsapp", "-2h whatsapp", "-1h flag");
	const struct ladder call = LADDER("-2h sms", "-1h flag", "-1h voice");
	const struct ladder open = LADDER("-48h email", "+3h open sms",
	    "+1d at 09:00 voice", "-1h flag");

	CHECK_NEXT(&l,
	    { 1, "2026-11-24T16:00:00Z", "2026-11-23T16:00:00Z",
		"2 2026-11-23T18:00:00Z" },
	    { 3, "2026-11-24T16:00:00Z", "2026-11-23T20:00:00Z",
		"4 2026-11-24T14:00:00Z" },
	    { 5, "2026-11-24T16:00:00Z", "2026-11-24T15:00:00Z",
		"none" },
	    /* Three hours before: two more would be after the last one. */
	    { 1, "2026-11-24T16:00:00Z", "2026-11-24T13:00:00Z",
		"4 2026-11-24T14:00:00Z" },
	    /* Its own time is over, the flag's is not. */
	    { 1, "2026-11-24T16:00:00Z", "2026-11-24T14:30:00Z",
		"5 2026-11-24T15:00:00Z" },
	    { 3, "2026-11-24T16:00:00Z", "2026-11-24T15:30:00Z",
		"5 2026-11-24T15:30:00Z" });
	CHECK_NEXT(&call,
	    /* A call at the time of the flag: it is not over by that. */
	    { 2, "2026-11-24T16:00:00Z", "2026-11-24T15:00:00Z",
		"3 2026-11-24T15:00:00Z" },
	    { 1, "2026-11-24T16:00:00Z", "2026-11-24T15:30:00Z",
		"2 2026-11-24T15:30:00Z" });
	CHECK_NEXT(&open,
	    { 1, "2026-11-25T16:00:00Z", "2026-11-23T19:00:00Z",
		"2 2026-11-24T00:00:00Z" },
	    { 2, "2026-11-25T16:00:00Z", "2026-11-24T00:00:00Z",
		"3 2026-11-24T15:00:00Z" });
}

/* What would come after an event that is early in the day is left out. */
static void
test_early_event(void)
{
	const struct ladder l = LADDER("-0d at 10:00 sms", "-30m sms",
	    "-0d at 12:00 whatsapp", "+2h sms", "-10m flag");
	const struct ladder odd = LADDER("-0d at 23:00 sms", "+1h flag");
	const struct ladder_event early = { at("2026-11-24T15:00:00Z"),
	    MEXICO }, late = { at("2026-11-24T16:00:01Z"), MEXICO };

	assert(ladder_first(&l, &early)->number == 2);
	assert(ladder_first(&l, &late)->number == 1);
	/* None is before it: the first, and the reminder lapses. */
	assert(ladder_first(&odd, &early)->number == 1);
	CHECK_NEXT(&l,
	    { 2, "2026-11-24T15:00:00Z", "2026-11-24T14:30:00Z",
		"5 2026-11-24T14:50:00Z" },
	    { 2, "2026-11-24T20:00:00Z", "2026-11-24T17:00:00Z",
		"3 2026-11-24T18:00:00Z" });
}

static void
test_pick(void)
{
	enum { ALL, MAIL };
	static const struct {
		int number;
		const char *now;
		bool confirmed;
		int contact, want;
	} rows[] = {
		{ 1, "2026-11-22T16:00:00Z", false, ALL, 1 },
		{ 1, "2026-11-23T17:00:00Z", false, ALL, 2 },
		{ 1, "2026-11-24T13:00:00Z", false, ALL, 3 },
		{ 1, "2026-11-24T15:15:00Z", false, ALL, 3 },
		/* The flag first on the way to the last message, then that. */
		{ 1, "2026-11-24T15:45:00Z", false, ALL, 4 },
		{ 4, "2026-11-24T15:45:00Z", false, ALL, 4 },
		{ 5, "2026-11-24T15:45:00Z", false, ALL, 5 },
		/* By mail alone for who has no more. */
		{ 1, "2026-11-24T13:00:00Z", false, MAIL, 1 },
		{ 1, "2026-11-24T15:45:00Z", false, MAIL, 1 },
		/* A step that is gone: there is none after it. */
		{ 6, "2026-11-24T15:45:00Z", false, ALL, 0 },
		/* Confirmed: it is skipped, and no later one comes early. */
		{ 1, "2026-11-24T13:00:00Z", true, ALL, 1 },
		{ 5, "2026-11-24T15:45:00Z", true, ALL, 5 }
	};
	const struct ladder l = LADDER("-48h email", "-24h sms",
	    "-4h whatsapp", "-1h flag", "-30m sms if always");
	const struct ladder_event event = { at("2026-11-24T16:00:00Z"),
	    MEXICO };
	struct value *contacts[] = { value_new_object(), value_new_object() };

	value_set_string(contacts[ALL], "email", "a@b.example");
	value_set_string(contacts[ALL], "phone", "+525512345678");
	value_set_string(contacts[ALL], "whatsapp", "+525512345678");
	value_set_string(contacts[MAIL], "email", "a@b.example");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ladder_step *s = ladder_pick(&l, rows[i].number,
		    &event, at(rows[i].now), rows[i].confirmed,
		    contacts[rows[i].contact]);

		if ((s == NULL ? 0 : s->number) != rows[i].want)
			fprintf(stderr, "%zu: not %d\n", i, rows[i].want);
		assert((s == NULL ? 0 : s->number) == rows[i].want);
	}
	value_free(contacts[ALL]);
	value_free(contacts[MAIL]);
}

static void
test_suit(void)
{
	struct ladder l = LADDER("-24h email", "+2h sms", "+2h open whatsapp",
	    "-2h whatsapp", "-1h flag");
	struct value *p = value_new_object(), *list = value_new_array();

	ladder_suit(&l, NULL);
	assert(l.count == 5);
	value_append_take(list, value_new_string("sms"));
	value_append_take(list, value_new_string("voice"));
	value_set_take(p, "escalation_channels", list);
	value_set_integer(p, "escalation_after_minutes", 60);
	ladder_suit(&l, p);
	/* The mail, an hour later SMS, an hour later a call, and the flag. */
	assert(l.count == 4);
	assert(strcmp(l.steps[1].channel, "sms") == 0);
	assert(l.steps[1].when.offset == 3600);
	assert(strcmp(l.steps[2].channel, "voice") == 0);
	assert(l.steps[2].when.offset == 3600 && !l.steps[2].when.open);
	assert(l.steps[3].number == 5 && ladder_is_flag(&l.steps[3]));
	value_free(p);
}

/* What no program of ours has written. */
static void
test_resolve_odd(void)
{
	static const char *const rows[] = { "{}", "{\"step\":\"2\"}",
	    "{\"step\":2,\"at\":5}", "{\"step\":2,\"clock\":\"9\",\"days\":1}",
	    "{\"step\":2,\"clock\":\"09:00\",\"days\":1,\"timezone\":\"x\"}",
	    "{\"step\":2,\"after\":60,\"latest\":{\"step\":3}}",
	    "{\"step\":2,\"clock\":\"09:00\",\"days\":1}",
	    "{\"step\":2,\"after\":9223372036854775807}",
	    "{\"step\":2,\"after\":-5}",
	    "{\"step\":2,\"after\":60,\"open\":true}" };
	const instant now = at("2026-11-24T16:00:00Z");
	int64_t step;
	struct error e;
	instant t;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct value *v = value_parse(rows[i], strlen(rows[i]), &e);

		assert(v != NULL);
		if (ladder_resolve(v, now, NULL, &step, &t))
			assert(step == 2 && t >= now && t <= now + 60);
		else
			assert(i < 2);
		value_free(v);
	}
}

int
main(void)
{
	const char *overrides[] = { "open.monday=09:00-14:00 16:00-19:00",
	    "open.tuesday=09:00-14:00 16:00-19:00",
	    "open.wednesday=09:00-14:00 16:00-19:00",
	    "open.thursday=09:00-14:00 16:00-19:00",
	    "open.friday=09:00-14:00 16:00-19:00", "open.sunday=closed" };
	struct config *c;
	struct error e;

	record_setup();
	c = config_load("/dev/null", overrides,
	    sizeof(overrides) / sizeof(overrides[0]), &e);
	assert(c != NULL && hours_load(&hours, c, &e) == 0);
	test_due();
	test_never_open();
	test_next();
	test_early_event();
	test_pick();
	test_suit();
	test_resolve_odd();
	hours_release(&hours);
	config_free(c);
	return 0;
}
