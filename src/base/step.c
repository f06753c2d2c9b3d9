#include "step.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "config.h"

#define DAY	86400

static const char *const names[] = {
	[STEP_UNCONFIRMED] = "unconfirmed",
	[STEP_UNDELIVERED] = "undelivered",
	[STEP_UNREAD] = "unread",
	[STEP_ALWAYS] = "always"
};

const char *
step_condition_name(enum step_condition c)
{
	return names[c];
}

bool
step_condition_of(const char *name, enum step_condition *out)
{
	for (size_t i = 0; name != NULL &&
	    i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*out = (enum step_condition)i;
			return true;
		}
	return false;
}

/* The words of a step, one after the other. */
struct words {
	const char *text;
	size_t next;
	char word[96];
};

static bool
take(struct words *w)
{
	return config_word(w->text, w->next++, w->word, sizeof(w->word));
}

/* Whether the next word is this one, which is then taken. */
static bool
take_if(struct words *w, const char *word)
{
	if (take(w) && strcmp(w->word, word) == 0)
		return true;
	w->next--;
	return false;
}

static bool
read_when(struct words *w, struct step_when *when)
{
	when->clock = -1;
	if (!take(w) || (w->word[0] != '-' && w->word[0] != '+') ||
	    !duration_parse(w->word + 1, &when->offset))
		return false;
	when->before_event = w->word[0] == '-';
	when->open = take_if(w, "open");
	if (!take_if(w, "at"))
		return true;
	if (when->open || when->offset % DAY != 0 || !take(w))
		return false;
	when->clock = time_of_day_parse(w->word);
	return when->clock != -1;
}

static bool
read_channel(struct words *w, struct step *s)
{
	if (!take(w) || (config_channel_type_of(w->word) == NULL &&
	    strcmp(w->word, "flag") != 0 && strcmp(w->word, "preferred") != 0))
		return false;
	snprintf(s->channel, sizeof(s->channel), "%s", w->word);
	return true;
}

bool
step_parse(const char *text, struct step *out)
{
	struct words w = { .text = text };
	bool given;

	*out = (struct step){ .condition = STEP_UNCONFIRMED };
	if (!read_when(&w, &out->when) || !read_channel(&w, out))
		return false;
	given = take_if(&w, "if");
	if (!given && take(&w)) {
		snprintf(out->template, sizeof(out->template), "%s", w.word);
		given = take_if(&w, "if");
	}
	if (given && !(take(&w) && step_condition_of(w.word,
	    &out->condition)))
		return false;
	return !take(&w);
}
