#ifndef OMNI_TEMPLATES_H
#define OMNI_TEMPLATES_H

#include <stdbool.h>

#include "base/program.h"
#include "base/record.h"
#include "message/template.h"

/*
 * The template directory: one folder a template, with meta.conf and, per
 * language, the parts subject, text, html, sms, whatsapp, voice.  Loaded when
 * first asked for, kept for the life of the process.
 */
struct templates;

enum part { PART_SUBJECT, PART_TEXT, PART_HTML, PART_SMS, PART_WHATSAPP,
	PART_VOICE, PART_MAX };

enum variable_type { VARIABLE_TEXT, VARIABLE_TIME, VARIABLE_NUMBER };

struct variable {
	struct variable *next;
	char *name, *fallback;
	enum variable_type type;
	bool required;
};

struct template_set {
	struct template_set *next;
	char *name, *class, *topic, *channels;
	bool active;
	struct variable *variables;
	struct template_language *languages;
};

/* `dir` and `language`, the default one, must outlive it. */
struct templates *templates_new(const char *dir, const char *language);
void templates_free(struct templates *t);
/* -1 when the directory cannot be read at all. */
int templates_check(const struct templates *t, struct error *e);

/*
 * NULL: no such template (EX_CONFIG), or one that is broken or cannot be read
 * (EX_TEMPFAIL: a person will mend it, and the record is good).
 */
const struct template_set *templates_get(struct templates *t,
    const char *name, struct error *e);
/*
 * The part in `language` ("es-MX", then "es", then the default language).
 * PART_SMS, PART_WHATSAPP and PART_VOICE fall back to PART_TEXT when
 * `fall_back` is set.  NULL when there is none.  *used is the language found.
 */
const struct template *templates_part(const struct templates *t,
    const struct template_set *set, const char *language, enum part part,
    bool fall_back, const char **used);
/*
 * Refuses `r` for a template that templates_get() did not give.  What a person
 * can mend is temporary, and so is all that concerns a ladder: a template that
 * is missing for an hour must not use up everybody's steps.
 */
void templates_refuse(struct filter *f, struct record *r,
    const struct error *why);
/* Whether the template can be sent on a channel of this type. */
bool templates_support(const struct template_set *set, const char *type);

#endif
