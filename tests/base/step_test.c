/* Steps of ladders, as a configuration has them. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "base/config.h"
#include "base/step.h"

static void
test_good(void)
{
	static const struct {
		const char *text;
		bool before, open;
		int clock;
		int64_t offset;
		const char *channel, *template;
		enum step_condition condition;
	} rows[] = {
		{ "-24h email", true, false, -1, 86400, "email", "",
		    STEP_UNCONFIRMED },
		{ "+2h sms short", false, false, -1, 7200, "sms", "short",
		    STEP_UNCONFIRMED },
		{ "+2h open sms", false, true, -1, 7200, "sms", "",
		    STEP_UNCONFIRMED },
		{ "-4h open voice if unread", true, true, -1, 14400, "voice",
		    "", STEP_UNREAD },
		{ "-1d at 09:00 email", true, false, 540, 86400, "email", "",
		    STEP_UNCONFIRMED },
		{ "+0d at 18:30 push x if always", false, false, 1110, 0,
		    "push", "x", STEP_ALWAYS },
		{ "-1h flag if unconfirmed", true, false, -1, 3600, "flag", "",
		    STEP_UNCONFIRMED },
		{ "+30m preferred if undelivered", false, false, -1, 1800,
		    "preferred", "", STEP_UNDELIVERED },
		{ "+30m\tsms  if", false, false, -1, 1800, "", "",
		    STEP_UNCONFIRMED }
	};
	struct step s;

	for (size_t i = 0; i + 1 < sizeof(rows) / sizeof(rows[0]); i++) {
		assert(step_parse(rows[i].text, &s));
		assert(s.when.before_event == rows[i].before);
		assert(s.when.open == rows[i].open);
		assert(s.when.clock == rows[i].clock);
		assert(s.when.offset == rows[i].offset);
		assert(strcmp(s.channel, rows[i].channel) == 0);
		assert(strcmp(s.template, rows[i].template) == 0);
		assert(s.condition == rows[i].condition);
	}
	/* The last one lacks its condition. */
	assert(!step_parse(rows[8].text, &s));
}

static void
test_bad(void)
{
	static const char *const rows[] = { "", "24h email", "-24 email",
	    "-24h", "-24h fax", "-24h email a b", "-24h email if never",
	    "-24h email if unread x", "-25h at 09:00 email",
	    "-1d at 9:00 email", "-1d at email", "-1d open at 09:00 email",
	    "-1d at 24:00 sms", "open -1d sms", "+2h open", "-1d at 09:00" };
	struct step s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert(!step_parse(rows[i], &s));
}

static void
test_spans(void)
{
	struct config_span s[CONFIG_SPANS];

	assert(config_spans("closed", s) == 0);
	assert(config_spans("09:00-14:00 16:00-19:30", s) == 2);
	assert(s[0].start == 540 && s[0].end == 840 && s[1].end == 1170);
	assert(config_spans("00:00-24:00", s) == 1 && s[0].end == 1440);
	assert(config_spans("", s) == -1);
	assert(config_spans("09:00", s) == -1);
	assert(config_spans("14:00-09:00", s) == -1);
	assert(config_spans("09:00-12:00 11:00-13:00", s) == -1);
	assert(config_spans("9:00-12:00", s) == -1);
	assert(config_spans("01:00-02:00 03:00-04:00 05:00-06:00 07:00-08:00 "
	    "09:00-10:00", s) == -1);
}

int
main(void)
{
	test_good();
	test_bad();
	test_spans();
	return 0;
}
