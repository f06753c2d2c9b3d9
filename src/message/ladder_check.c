#include "ladder_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "message/notice.h"
#include "message/templates.h"

#define DAY	86400
#define MINUTES	(24 * 60)

struct check {
	struct config *config;
	struct templates *templates;
	struct hours hours;
	void (*tell)(const struct ladder_complaint *what, void *ctx);
	void *ctx;
	int errors;
};

/* When a step may be due at the earliest and latest, in seconds from the event
   (so before it they are negative). */
struct span {
	int64_t first, last;
};

static void complain(struct check *k, bool error, const struct ladder *l,
    int step, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* `l` is NULL where the words name the ladder, or it is none's. */
static void
complain(struct check *k, bool error, const struct ladder *l, int step,
    const char *fmt, ...)
{
	struct ladder_complaint what = { .error = error };
	va_list ap;
	int n = 0;

	if (l != NULL)
		n = snprintf(what.text, sizeof(what.text), "[ladder %.60s] ",
		    l->type);
	if (step > 0)
		n += snprintf(what.text + n, sizeof(what.text) - (size_t)n,
		    "step.%d: ", step);
	va_start(ap, fmt);
	vsnprintf(what.text + n, sizeof(what.text) - (size_t)n, fmt, ap);
	va_end(ap);
	k->errors += error;
	k->tell(&what, k->ctx);
}

/* An event may be at any minute of its day. */
static struct span
span_of(const struct ladder_step *s, struct span before)
{
	const struct step_when *w = &s->when;
	struct span t = before;

	if (w->before_event && w->clock != -1) {
		t.first = -w->offset - (int64_t)(MINUTES - 1 - w->clock) * 60;
		t.last = -w->offset + (int64_t)w->clock * 60;
		return t;
	}
	if (w->before_event) {
		t.last = -w->offset;
		/* Nights and weekends lie between. */
		t.first = w->open ? INT32_MIN : t.last;
		return t;
	}
	if (w->clock != -1) {
		t.first += w->offset > DAY ? w->offset - DAY : 1;
		t.last += w->offset + DAY;
		return t;
	}
	t.first += w->offset;
	t.last = w->open ? INT32_MAX : t.last + w->offset;
	return t;
}

/*
 * Of two messages for one moment the second would never go.  Staff may well be
 * told while the last message, or the call, goes out.
 */
static bool
is_never_after(const struct ladder *l, const struct ladder_step *s,
    struct span before, struct span t)
{
	if (s == l->steps || !s->when.before_event)
		return false;
	return t.last < before.first || (t.last == before.first &&
	    !ladder_is_flag(s) && !ladder_is_flag(s - 1));
}

static void
check_time(struct check *k, const struct ladder *l,
    const struct ladder_step *s, struct span before, struct span t)
{
	if (t.first >= 0)
		complain(k, true, l, s->number, "never before the event");
	else if (is_never_after(l, s, before, t))
		complain(k, true, l, s->number, "never after the step before "
		    "it");
	else if (t.last >= 0 && !s->when.open)
		complain(k, false, l, s->number, "after the event, if that is "
		    "early in the day");
	if (s->when.open && !k->hours.any)
		complain(k, true, l, s->number, "counts opening hours, and "
		    "[open] has none");
}

static void
check_step(struct check *k, const struct ladder *l,
    const struct ladder_step *s)
{
	struct error why;

	if (s->condition == STEP_ALWAYS && ladder_is_flag(s))
		complain(k, true, l, s->number, "a flag is for who has not "
		    "answered: no \"if always\"");
	if (s == l->steps && (s->condition == STEP_UNREAD ||
	    s->condition == STEP_UNDELIVERED))
		complain(k, false, l, s->number, "\"if %s\" says nothing of "
		    "the first step", step_condition_name(s->condition));
	if (ladder_is_flag(s))
		return;
	if (templates_get(k->templates, s->template, &why) == NULL)
		complain(k, true, l, s->number, "%.300s", why.text);
	if (strcmp(s->channel, "preferred") != 0 &&
	    config_active_channel(k->config, s->channel) == NULL)
		complain(k, true, l, s->number, "no active [channel] is of "
		    "type %s", s->channel);
	if (strcmp(s->channel, "voice") == 0 && l->class != NULL &&
	    strcmp(l->class, "marketing") == 0)
		complain(k, true, l, s->number, "nobody is called for "
		    "marketing");
}

/* A clock time in the quiet hours is moved to their end. */
static void
check_quiet(struct check *k, const struct ladder *l,
    const struct ladder_step *s)
{
	int start = config_time_of_day(k->config, "quiet", NULL, "start");
	int end = config_time_of_day(k->config, "quiet", NULL, "end");
	int at = s->when.clock;
	bool quiet;

	if (at == -1 || start == end || ladder_is_flag(s) ||
	    (l->class != NULL && !config_bool(k->config, "class", l->class,
	    "quiet")))
		return;
	quiet = start < end ? at >= start && at < end :
	    at >= start || at < end;
	if (quiet)
		complain(k, false, l, s->number, "in the quiet hours: it will "
		    "wait for their end");
}

static void
check_ladder(struct check *k, const struct ladder *l)
{
	struct span before = { 0 }, t;

	for (int i = 0; i < l->count; i++) {
		t = span_of(&l->steps[i], before);
		check_time(k, l, &l->steps[i], before, t);
		check_step(k, l, &l->steps[i]);
		check_quiet(k, l, &l->steps[i]);
		before = t;
	}
}

int
ladder_check(struct config *c, void (*tell)(const struct ladder_complaint
    *what, void *ctx), void *ctx)
{
	struct check k = { .config = c, .tell = tell, .ctx = ctx };
	struct ladder l;
	const char *type;
	struct error e;

	k.templates = templates_new(c);
	if (hours_load(&k.hours, c, &e) == -1)
		complain(&k, true, NULL, 0, "%.300s", e.text);
	for (size_t i = 0; (type = config_name(c, "ladder", i)) != NULL;
	    i++) {
		if (ladder_load(c, type, &l, &e) == 0)
			check_ladder(&k, &l);
		else
			complain(&k, true, NULL, 0, "%.300s", e.text);
		if (notice_check(c, k.templates, type, &e) == -1)
			complain(&k, true, NULL, 0, "%.300s", e.text);
	}
	templates_free(k.templates);
	hours_release(&k.hours);
	return k.errors;
}

int
ladder_hours(struct config *c, struct hours *h, struct error *e)
{
	const char *type;
	struct ladder l;
	bool asked = false;

	*h = (struct hours){ .holidays = NULL };
	for (size_t i = 0; (type = config_name(c, "ladder", i)) != NULL; i++)
		if (ladder_load(c, type, &l, e) == 0)
			for (int j = 0; j < l.count; j++)
				asked = asked || l.steps[j].when.open;
	return asked ? hours_load(h, c, e) : 0;
}
