#include "lint_impl.h"

#include <stdio.h>
#include <string.h>

#include "message/whatsapp.h"

/*
 * What shows without filling anything: parts that one language has and another
 * lacks, WhatsApp's registration.
 */

/* Languages and their parts. */

/* In this language or the same without its country, as readers get it. */
static bool
language_has(const struct lint *l, const char *language, enum part part,
    bool fall_back)
{
	char tag[LANGUAGE_MAX];

	snprintf(tag, sizeof(tag), "%s", language);
	do
		if (templates_own_part(l->set, tag, part) != NULL ||
		    (fall_back && lint_text_part(l, tag, part) != PART_MAX))
			return true;
	while (language_widen(tag));
	return false;
}

/* A sibling that has what this one lacks; NULL: there is none. */
static const char *
find_sibling(const struct lint *l, const char *language, enum part part)
{
	const char *other;

	for (size_t i = 0; (other = templates_language(l->set, i)) != NULL;
	    i++)
		if (!language_equal(other, language) &&
		    templates_own_part(l->set, other, part) != NULL)
			return other;
	return NULL;
}

/*
 * Only a subject and a text have nothing that stands for them: the others are
 * made from the text.
 */
static void
check_siblings(struct lint *l, const char *language, const char *file)
{
	const char *other;

	for (enum part p = 0; p < PART_MAX; p++) {
		if (p == PART_HTML || language_has(l, language, p,
		    p >= PART_SMS))
			continue;
		other = find_sibling(l, language, p);
		if (other != NULL)
			lint_add(l, LINT_ERROR, file, 0, 0,
			    "lacks the part %s, which %s has", part_name(p),
			    other);
	}
}

static enum part
part_of_channel(const char *type)
{
	for (enum part p = PART_SMS; p < PART_MAX; p++)
		if (strcmp(part_name(p), type) == 0)
			return p;
	return PART_TEXT;
}

static void
check_channels(struct lint *l, const char *language, const char *file)
{
	const char *type;
	enum part part;

	for (size_t i = 0; (type = config_channel_type(i)) != NULL; i++) {
		if (!lint_is_sent_by(l, type))
			continue;
		part = part_of_channel(type);
		if (!language_has(l, language, part, true))
			lint_add(l, LINT_ERROR, file, 0, 0, "has no part for "
			    "the channel %s: %s%s", type, part == PART_TEXT ?
			    "" : type, part == PART_TEXT ? "text" :
			    " or text");
		if (part == PART_TEXT && !language_has(l, language,
		    PART_SUBJECT, false) &&
		    find_sibling(l, language, PART_SUBJECT) == NULL)
			lint_add(l, LINT_WARNING, file, 0, 0, "mails have no "
			    "subject");
	}
}

static void
check_site_language(struct lint *l)
{
	const char *site = config_string(l->config, "site", NULL, "language");
	const char *language;
	char tag[LANGUAGE_MAX];

	snprintf(tag, sizeof(tag), "%s", site);
	do
		for (size_t i = 0; (language = templates_language(l->set,
		    i)) != NULL; i++)
			if (language_equal(language, tag))
				return;
	while (language_widen(tag));
	lint_add(l, LINT_ERROR, l->set->name, 0, 0, "there is no text in %s, "
	    "the language of [site]: readers of languages without one would "
	    "get none", site);
}

/* WhatsApp. */

static void
check_registration(struct lint *l, const char *language)
{
	const struct whatsapp_language *w = meta_whatsapp_language(
	    l->set->meta, language);
	char file[sizeof(l->meta) + LANGUAGE_MAX];
	struct buf text = BUF_INIT(2 * TEMPLATE_MAX);
	struct error e;

	snprintf(file, sizeof(file), "%s/%s/%s", l->set->name, language,
	    part_name(PART_WHATSAPP));
	if (lint_text_part(l, language, PART_WHATSAPP) == PART_MAX)
		return;
	if (w == NULL || w->code == NULL)
		lint_add(l, LINT_ERROR, l->meta,
		    w == NULL ? 0 : (size_t)w->line, 0, "[whatsapp %s] has no "
		    "language, Meta's code: nothing could be sent in %s "
		    "outside the 24 hours after the reader wrote", language,
		    language);
	if (whatsapp_meta_text(l->set, language, &text, &e) == -1)
		lint_add_error(l, LINT_ERROR, file, &e, "");
	if (whatsapp_meta_header(l->set, language, &text, &e) == -1)
		lint_add_error(l, LINT_ERROR, l->meta, &e, "");
	buf_release(&text);
}

static void
check_whatsapp(struct lint *l)
{
	const struct whatsapp_meta *w = l->set->meta->whatsapp;
	const char *language;

	if (!lint_is_sent_by(l, "whatsapp"))
		return;
	if (w != NULL && w->name != NULL) {
		for (size_t i = 0; (language = templates_language(l->set,
		    i)) != NULL; i++)
			check_registration(l, language);
		return;
	}
	/* Somebody's free words cannot be registered. */
	if (lint_is_about_something(l))
		lint_add(l, LINT_WARNING, l->meta, 0, 0, "[whatsapp] has no "
		    "name: WhatsApp takes it only within 24 hours after the "
		    "reader wrote");
}

void
lint_parts(struct lint *l)
{
	char file[sizeof(l->meta) + LANGUAGE_MAX];
	const char *language;

	check_site_language(l);
	for (size_t i = 0; (language = templates_language(l->set, i)) != NULL;
	    i++) {
		snprintf(file, sizeof(file), "%s/%s", l->set->name, language);
		check_siblings(l, language, file);
		check_channels(l, language, file);
		lint_stop_words(l, language);
	}
	check_whatsapp(l);
}
