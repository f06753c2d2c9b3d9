#ifndef OMNI_LINK_CHOICE_H
#define OMNI_LINK_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/config.h"
#include "base/form.h"
#include "message/links.h"

/*
 * What somebody chose on a page behind a link: the form that they sent, read
 * once by the program that answers them, and once more, by the same rules, by
 * the drain.  Fields that are not known are left alone, since mail services
 * add some of their own; one that is known may not be there twice.
 *
 *	confirm		answer=confirm, decline or call_back
 *	unsubscribe	scope=kind, channel or all; or
 *			List-Unsubscribe=One-Click
 *	preferences	channel= language= quiet_start= quiet_end= quiet=clear
 *			topic.NAME=yes or no, messages=start, channel or all;
 *			what is empty or missing stays as it is
 */
#define LINK_BODY_MAX	(64 * 1024)

enum choice_fault {
	CHOICE_GOOD,
	CHOICE_TYPE,		/* neither of the two types of a form */
	CHOICE_FORM,		/* no form, or a field twice */
	CHOICE_NOTHING,		/* nothing was chosen */
	CHOICE_ANSWER,		/* from here on: of that field */
	CHOICE_SCOPE,
	CHOICE_CHANNEL,
	CHOICE_LANGUAGE,
	CHOICE_QUIET,		/* no time, or only one of the two */
	CHOICE_QUIET_SAME,	/* all day, or never */
	CHOICE_QUIET_BOTH,	/* set and taken away */
	CHOICE_TOPIC,
	CHOICE_MESSAGES
};

struct link_choice {
	enum choice_fault fault;
	struct form form;
	bool one_click;
	/* Each NULL where nothing was chosen. */
	const char *answer, *scope;
	const char *channel;	/* "any": none is preferred any more */
	const char *language, *quiet_start, *quiet_end, *messages;
	bool quiet_clear;
};

/* All of it is lent from `mem` and the configuration. */
void link_choice_read(struct link_choice *out, struct config *c,
    enum link_purpose purpose, const char *type, const char *body, size_t len,
    struct arena *mem);

/* yes, no, or NULL: as it is. */
const char *link_choice_topic(const struct link_choice *ch, const char *topic);

/* The i-th type of channel that can be chosen: one of the site's is active. */
const char *link_choice_channel(const struct config *c, size_t i);
/* The i-th language that can be chosen: Spanish, English and the site's. */
const char *link_choice_language(const struct config *c, size_t i);

#endif
