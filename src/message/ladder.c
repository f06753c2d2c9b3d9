#include "ladder.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/zone.h"

#define DAY	86400
/* duration_parse() takes no more: 999999 weeks. */
#define WAIT_MAX	((int64_t)999999 * 7 * DAY)
#define FAR	((instant)1 << 36)	/* the year 4147: clock_format() has four
					   digits for the year */

/* Of the templates that come with omni; else TYPE_reminder. */
static void
usual_template(const char *type, char *out, size_t size)
{
	static const struct { const char *type, *template; } named[] = {
		{ "prescription", "prescription_refill" },
		{ "followup", "follow_up" }
	};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strcmp(type, named[i].type) == 0) {
			snprintf(out, size, "%s", named[i].template);
			return;
		}
	snprintf(out, size, "%.64s_reminder", type);
}

static void
read_step(struct ladder_step *s, int number, const char *text,
    const char *type, const char *template)
{
	struct step step;

	/* The configuration has been checked. */
	step_parse(text, &step);
	*s = (struct ladder_step){ .number = number, .when = step.when,
	    .condition = step.condition };
	snprintf(s->channel, sizeof(s->channel), "%s", step.channel);
	if (step.template[0] != '\0')
		template = step.template;
	if (template != NULL)
		snprintf(s->template, sizeof(s->template), "%s", template);
	else
		usual_template(type, s->template, sizeof(s->template));
}

int
ladder_load(const struct config *c, const char *type, struct ladder *l,
    struct error *e)
{
	const char *template, *text;
	int number = 0;

	*l = (struct ladder){ .type = type };
	if (!config_has(c, "ladder", type))
		return error_set(e, EX_CONFIG, "there is no [ladder %.60s]",
		    type);
	template = config_string(c, "ladder", type, "template");
	l->topic = config_string(c, "ladder", type, "topic");
	if (l->topic == NULL && config_has(c, "topic", type))
		l->topic = type;
	l->class = config_string(c, "ladder", type, "class");
	if (l->class == NULL && l->topic != NULL)
		l->class = config_string(c, "topic", l->topic, "class");
	while ((text = config_step(c, "ladder", type, number, &number)) !=
	    NULL) {
		if (l->count == LADDER_STEPS)
			return error_set(e, EX_CONFIG, "[ladder %.60s] has "
			    "more than %d steps", type, LADDER_STEPS);
		read_step(&l->steps[l->count++], number, text, type, template);
	}
	if (l->count == 0)
		return error_set(e, EX_CONFIG, "[ladder %.60s] has no step",
		    type);
	if (!l->steps[0].when.before_event)
		return error_set(e, EX_CONFIG, "[ladder %.60s]: the first "
		    "step must count back from the event, like -24h", type);
	return 0;
}

void
ladder_suit(struct ladder *l, const struct value *preferences)
{
	const struct value *channels = value_get(preferences,
	    "escalation_channels");
	const char *channel;
	int64_t minutes;
	bool waits = value_integer(value_get(preferences,
	    "escalation_after_minutes"), &minutes);
	size_t taken = 0;
	int kept = 0;

	for (int i = 0; i < l->count; i++) {
		struct ladder_step s = l->steps[i];

		if (waits && !s.when.before_event)
			s.when = (struct step_when){ .clock = -1,
			    .offset = minutes * 60 };
		if (value_count(channels) > 0 && i > 0 &&
		    !ladder_is_flag(&s)) {
			channel = value_string(value_at(channels, taken++));
			if (channel == NULL)
				continue;
			snprintf(s.channel, sizeof(s.channel), "%s", channel);
		}
		l->steps[kept++] = s;
	}
	l->count = kept;
}

bool
ladder_is_flag(const struct ladder_step *s)
{
	return strcmp(s->channel, "flag") == 0;
}

const struct ladder_step *
ladder_step(const struct ladder *l, int number)
{
	for (int i = 0; i < l->count; i++)
		if (l->steps[i].number == number)
			return &l->steps[i];
	return NULL;
}

const struct ladder_step *
ladder_after(const struct ladder *l, int number)
{
	for (int i = 0; i < l->count; i++)
		if (l->steps[i].number > number)
			return &l->steps[i];
	return NULL;
}

/* By the clock of the place, `days` after (or before) the day of `t`. */
static instant
at_clock(const char *zone, instant t, int64_t days, int clock)
{
	struct civil c;
	instant at;

	if (!zone_to_local(zone, t, &c))
		civil_from_utc(t, &c);
	c.hour = c.minute = c.second = 0;
	civil_from_utc(civil_to_utc(&c) + days * DAY + (instant)clock * 60,
	    &c);
	return zone_from_local(zone, &c, &at) ? at : civil_to_utc(&c);
}

static instant
after_clock(const char *zone, instant previous, int64_t days, int clock)
{
	instant at = at_clock(zone, previous, days, clock);

	return at > previous ? at : at_clock(zone, previous, days + 1, clock);
}

static instant
open_after(const struct hours *h, const char *zone, instant t, int64_t seconds)
{
	instant at;

	/* Without a calendar, which was told, any hour is as good. */
	if (h == NULL || h->holidays == NULL)
		return t + seconds;
	if (hours_add(h, zone, t, seconds, &at))
		return at;
	return seconds < 0 ? t + seconds : FAR;
}

instant
ladder_due(const struct ladder *l, const struct ladder_step *s,
    const struct ladder_event *event, instant previous)
{
	const struct step_when *w = &s->when;

	if (w->before_event && w->clock != -1)
		return at_clock(event->zone, event->at, -w->offset / DAY,
		    w->clock);
	if (w->clock != -1)
		return after_clock(event->zone, previous, w->offset / DAY,
		    w->clock);
	if (w->open)
		return open_after(l->hours, event->zone, w->before_event ?
		    event->at : previous, w->before_event ? -w->offset :
		    w->offset);
	return w->before_event ? event->at - w->offset :
	    previous + w->offset;
}

static bool
counts(const struct ladder_step *s, bool confirmed)
{
	return !confirmed || s->condition == STEP_ALWAYS;
}

/* Whether the contact has what the channel needs; else its step is refused. */
static bool
is_reachable(const struct ladder_step *s, const struct value *contact)
{
	static const struct { const char *channel, *field; } needed[] = {
		{ "email", "email" }, { "sms", "phone" }, { "voice", "phone" },
		{ "whatsapp", "whatsapp" }, { "push", "push" }
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (strcmp(needed[i].channel, s->channel) == 0)
			return value_get(contact, needed[i].field) != NULL;
	return true;
}

/* A clock time of the day itself may be, if the event is early. */
static bool
is_after_event(const struct ladder *l, const struct ladder_step *s,
    const struct ladder_event *event)
{
	return s->when.before_event && ladder_due(l, s, event, event->at) >=
	    event->at;
}

const struct ladder_step *
ladder_first(const struct ladder *l, const struct ladder_event *event)
{
	const struct ladder_step *s = l->steps;

	while (s != NULL && (!s->when.before_event ||
	    is_after_event(l, s, event)))
		s = ladder_after(l, s->number);
	return s == NULL ? l->steps : s;
}

/* A message with a time of its own that is over. */
static bool
is_past(const struct ladder *l, const struct ladder_step *s,
    const struct ladder_event *event, instant now)
{
	return s->when.before_event && ladder_due(l, s, event, now) <= now;
}

const struct ladder_step *
ladder_pick(const struct ladder *l, int number,
    const struct ladder_event *event, instant now, bool confirmed,
    const struct value *contact)
{
	const struct ladder_step *s = ladder_step(l, number), *t, *flag = NULL;

	/* It may have gone, from the configuration or for this person. */
	if (s == NULL)
		s = ladder_after(l, number);
	if (s == NULL || ladder_is_flag(s) || !counts(s, confirmed))
		return s;
	for (t = ladder_after(l, s->number); t != NULL;
	    t = ladder_after(l, t->number)) {
		if (!counts(t, confirmed) || !is_past(l, t, event, now))
			continue;
		if (ladder_is_flag(t) && flag == NULL)
			flag = t;
		else if (!ladder_is_flag(t) && is_reachable(t, contact)) {
			/* The flag on the way to the last one first. */
			if (flag != NULL)
				return flag;
			s = t;
		}
	}
	return s;
}

static void
set_time(struct value *v, const char *key, instant t)
{
	char text[CLOCK_TEXT];

	value_set_string(v, key, clock_format(t, text));
}

static const struct ladder_step *
after_counting(const struct ladder *l, int number, bool confirmed)
{
	const struct ladder_step *s = ladder_after(l, number);

	while (s != NULL && !counts(s, confirmed))
		s = ladder_after(l, s->number);
	return s;
}

/* The next step after `number` that has a time of its own, ahead. */
static void
set_latest(const struct ladder *l, int number,
    const struct ladder_event *event, instant now, bool confirmed,
    struct value *next)
{
	const struct ladder_step *s = after_counting(l, number, confirmed);
	struct value *v;
	instant at = 0;

	for (; s != NULL; s = after_counting(l, s->number, confirmed)) {
		if (!s->when.before_event)
			continue;
		at = ladder_due(l, s, event, now);
		if (at > now && at < event->at)
			break;
	}
	if (s == NULL)
		return;
	v = value_new_object();
	value_set_integer(v, "step", s->number);
	set_time(v, "at", at);
	value_set_take(next, "latest", v);
}

struct value *
ladder_next(const struct ladder *l, int number,
    const struct ladder_event *event, instant now, bool confirmed)
{
	const struct ladder_step *s = after_counting(l, number, confirmed);
	const struct ladder_step *taken = ladder_step(l, number);
	bool sent = taken != NULL && !ladder_is_flag(taken);
	struct value *v;
	char clock[8];

	/*
	 * What was to be sent by now is not sent beside this, nor what would
	 * come after the event; a flag is raised.
	 */
	while (s != NULL && !ladder_is_flag(s) && ((sent &&
	    is_past(l, s, event, now)) || is_after_event(l, s, event)))
		s = after_counting(l, s->number, confirmed);
	if (s == NULL)
		return NULL;
	v = value_new_object();
	value_set_integer(v, "step", s->number);
	if (s->when.before_event) {
		set_time(v, "at", ladder_due(l, s, event, now));
		return v;
	}
	if (s->when.clock != -1) {
		snprintf(clock, sizeof(clock), "%02d:%02d",
		    s->when.clock / 60 % 24, s->when.clock % 60);
		value_set_integer(v, "days", s->when.offset / DAY);
		value_set_string(v, "clock", clock);
	} else
		value_set_integer(v, "after", s->when.offset);
	if (s->when.open)
		value_set_bool(v, "open", true);
	if (s->when.open || s->when.clock != -1)
		value_set_string(v, "timezone", event->zone);
	set_latest(l, s->number, event, now, confirmed, v);
	return v;
}

/* False: `next` has no time that counts from `due`. */
static bool
resolve_relative(const struct value *next, instant due,
    const struct hours *hours, instant *at)
{
	const char *zone = value_get_string(next, "timezone");
	const char *text = value_get_string(next, "clock");
	int clock = time_of_day_parse(text);
	int64_t n;

	if (text != NULL) {
		if (clock == -1 || zone == NULL || !zone_is_valid(zone) ||
		    !value_integer(value_get(next, "days"), &n) || n < 0 ||
		    n > WAIT_MAX / DAY)
			return false;
		*at = after_clock(zone, due, n, clock);
		return true;
	}
	if (!value_integer(value_get(next, "after"), &n) || n < 0 ||
	    n > WAIT_MAX)
		return false;
	*at = value_is_true(value_get(next, "open")) && zone != NULL ?
	    open_after(hours, zone, due, n) : due + n;
	return true;
}

static bool
time_of(const struct value *v, const char *key, instant *t)
{
	const char *text = value_get_string(v, key);

	return text != NULL && clock_parse(text, t);
}

bool
ladder_resolve(const struct value *next, instant due,
    const struct hours *hours, int64_t *step, instant *at)
{
	const struct value *latest = value_get(next, "latest");
	int64_t number;
	instant t;

	if (!value_integer(value_get(next, "step"), step))
		return false;
	if (!resolve_relative(next, due, hours, at)) {
		if (!time_of(next, "at", at) || *at < due)
			*at = due;
		return true;
	}
	if (value_integer(value_get(latest, "step"), &number) &&
	    time_of(latest, "at", &t) && t <= *at) {
		*step = number;
		*at = t < due ? due : t;
	}
	return true;
}
