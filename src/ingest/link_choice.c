#include "link_choice.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/multipart.h"

#define TOPIC_FIELD	100

static bool
is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

const char *
link_choice_channel(const struct config *c, size_t i)
{
	const char *type;

	for (size_t k = 0; (type = config_channel_type(k)) != NULL; k++)
		if (config_active_channel(c, type) != NULL && i-- == 0)
			return type;
	return NULL;
}

const char *
link_choice_language(const struct config *c, size_t i)
{
	const char *own = config_string(c, "site", NULL, "language");
	const char *const known[] = { "es", "en", own };
	const size_t count = strcmp(own, "es") == 0 || strcmp(own, "en") == 0 ?
	    2 : 3;

	return i < count ? known[i] : NULL;
}

/* NULL: not there or empty, which leaves things as they are. */
static const char *
entered(const struct link_choice *ch, const char *name)
{
	const char *s = form_get(&ch->form, name);

	return s == NULL || *s == '\0' ? NULL : s;
}

const char *
link_choice_topic(const struct link_choice *ch, const char *topic)
{
	char name[TOPIC_FIELD];

	snprintf(name, sizeof(name), "topic.%.80s", topic);
	return entered(ch, name);
}

static enum choice_fault
read_answer(struct link_choice *ch)
{
	static const char *const answers[] = { "confirm", "decline",
	    "call_back", NULL };

	ch->answer = entered(ch, "answer");
	if (ch->answer == NULL)
		return CHOICE_NOTHING;
	return is_one_of(ch->answer, answers) ? CHOICE_GOOD : CHOICE_ANSWER;
}

static enum choice_fault
read_scope(struct link_choice *ch)
{
	static const char *const scopes[] = { "kind", "channel", "all", NULL };
	const char *click = form_get(&ch->form, "List-Unsubscribe");

	/* What the button of a mail program sends (RFC 8058, 3.2). */
	ch->one_click = click != NULL && strcmp(click, "One-Click") == 0;
	ch->scope = ch->one_click ? "kind" : entered(ch, "scope");
	if (ch->scope == NULL)
		return CHOICE_NOTHING;
	return is_one_of(ch->scope, scopes) ? CHOICE_GOOD : CHOICE_SCOPE;
}

/* Both or none; browsers send them as HH:MM. */
static enum choice_fault
read_quiet(struct link_choice *ch)
{
	const char *clear = entered(ch, "quiet");
	int start, end;

	ch->quiet_start = entered(ch, "quiet_start");
	ch->quiet_end = entered(ch, "quiet_end");
	ch->quiet_clear = clear != NULL;
	if (clear != NULL && strcmp(clear, "clear") != 0)
		return CHOICE_QUIET;
	if (ch->quiet_start == NULL && ch->quiet_end == NULL)
		return CHOICE_GOOD;
	if (ch->quiet_clear)
		return CHOICE_QUIET_BOTH;
	start = time_of_day_parse(ch->quiet_start);
	end = time_of_day_parse(ch->quiet_end);
	if (start == -1 || end == -1)
		return CHOICE_QUIET;
	return start == end ? CHOICE_QUIET_SAME : CHOICE_GOOD;
}

/* A topic that is not configured is a form of yesterday, or made up. */
static enum choice_fault
read_topics(struct link_choice *ch, const struct config *c, bool *any)
{
	const struct form_pair *p;

	for (size_t i = 0; i < ch->form.count; i++) {
		p = &ch->form.pairs[i];
		if (strncmp(p->name, "topic.", 6) != 0 || *p->value == '\0')
			continue;
		if (!config_has(c, "topic", p->name + 6) ||
		    (strcmp(p->value, "yes") != 0 &&
		    strcmp(p->value, "no") != 0))
			return CHOICE_TOPIC;
		*any = true;
	}
	return CHOICE_GOOD;
}

static bool
is_offered(const struct config *c, const char *word,
    const char *(*list)(const struct config *c, size_t i))
{
	const char *s;

	for (size_t i = 0; (s = list(c, i)) != NULL; i++)
		if (strcmp(s, word) == 0)
			return true;
	return false;
}

static enum choice_fault
read_preferences(struct link_choice *ch, const struct config *c)
{
	static const char *const messages[] = { "start", "channel", "all",
	    NULL };
	enum choice_fault fault;
	bool any = false;

	ch->channel = entered(ch, "channel");
	ch->language = entered(ch, "language");
	ch->messages = entered(ch, "messages");
	if (ch->channel != NULL && strcmp(ch->channel, "any") != 0 &&
	    !is_offered(c, ch->channel, link_choice_channel))
		return CHOICE_CHANNEL;
	if (ch->language != NULL && !is_offered(c, ch->language,
	    link_choice_language))
		return CHOICE_LANGUAGE;
	fault = read_quiet(ch);
	if (fault == CHOICE_GOOD)
		fault = read_topics(ch, c, &any);
	if (fault != CHOICE_GOOD)
		return fault;
	if (ch->messages != NULL && !is_one_of(ch->messages, messages))
		return CHOICE_MESSAGES;
	return any || ch->channel != NULL || ch->language != NULL ||
	    ch->quiet_start != NULL || ch->quiet_clear ||
	    ch->messages != NULL ? CHOICE_GOOD : CHOICE_NOTHING;
}

static bool
is_known(const char *name)
{
	static const char *const names[] = { "answer", "scope", "channel",
	    "language", "quiet_start", "quiet_end", "quiet", "messages", NULL };

	return is_one_of(name, names) || strncmp(name, "topic.", 6) == 0;
}

/* Who says a thing twice may have said two things. */
static bool
is_ambiguous(const struct form *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (is_known(f->pairs[i].name) &&
		    form_count(f, f->pairs[i].name) > 1)
			return true;
	return false;
}

/* No type is what a form has that is sent by hand. */
static enum choice_fault
read_form(struct link_choice *ch, const char *type, const char *body,
    size_t len, struct arena *mem)
{
	struct error ignored;
	int rc;

	if (media_type_is(type, "multipart/form-data"))
		rc = multipart_parse(&ch->form, type, body, len, mem,
		    &ignored);
	else if (*type == '\0' || media_type_is(type,
	    "application/x-www-form-urlencoded"))
		rc = form_parse(&ch->form, body, len, mem, &ignored);
	else
		return CHOICE_TYPE;
	return rc == -1 || is_ambiguous(&ch->form) ? CHOICE_FORM : CHOICE_GOOD;
}

void
link_choice_read(struct link_choice *out, struct config *c,
    enum link_purpose purpose, const char *type, const char *body, size_t len,
    struct arena *mem)
{
	*out = (struct link_choice){ .fault = CHOICE_GOOD };
	out->fault = read_form(out, type, body, len, mem);
	if (out->fault != CHOICE_GOOD)
		return;
	if (purpose == LINK_CONFIRM)
		out->fault = read_answer(out);
	else if (purpose == LINK_UNSUBSCRIBE)
		out->fault = read_scope(out);
	else
		out->fault = read_preferences(out, c);
}
