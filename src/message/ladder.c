#include "ladder.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

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
	char word[32];

	*s = (struct ladder_step){ .number = number };
	config_word(text, 0, word, sizeof(word));
	s->before_event = word[0] == '-';
	duration_parse(word + 1, &s->offset);
	config_word(text, 1, s->channel, sizeof(s->channel));
	if (config_word(text, 2, s->template, sizeof(s->template)))
		return;
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
	char key[24];

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
	for (int i = 1; i < 100 && l->count < LADDER_STEPS; i++) {
		snprintf(key, sizeof(key), "step.%d", i);
		text = config_string(c, "ladder", type, key);
		if (text != NULL)
			read_step(&l->steps[l->count++], i, text, type,
			    template);
	}
	if (l->count == 0)
		return error_set(e, EX_CONFIG, "[ladder %.60s] has no step",
		    type);
	if (!l->steps[0].before_event)
		return error_set(e, EX_CONFIG, "[ladder %.60s]: the first "
		    "step must count back from the event, like -24h", type);
	return 0;
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

instant
ladder_due(const struct ladder_step *s, instant event, instant previous)
{
	return s->before_event ? event - s->offset : previous + s->offset;
}

const struct ladder_step *
ladder_next(const struct ladder *l, int number, instant event, instant now)
{
	const struct ladder_step *s = ladder_after(l, number);

	while (s != NULL && s->before_event && event - s->offset <= now &&
	    ladder_after(l, s->number) != NULL)
		s = ladder_after(l, s->number);
	return s;
}
