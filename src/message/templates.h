#ifndef OMNI_TEMPLATES_H
#define OMNI_TEMPLATES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/config.h"
#include "base/program.h"
#include "base/record.h"
#include "message/meta.h"
#include "template/template.h"

/*
 * The template directory, [paths] templates: one folder a template, with
 * meta.conf and, for each language, a folder of parts.  A template is read when
 * first asked for and kept for the life of the process.
 *
 * A language is looked for as "es-MX", then "es", then as that of [site], with
 * its country and without; case does not count, and - and _ are the same.
 */
struct templates;

enum part { PART_SUBJECT, PART_TEXT, PART_HTML, PART_SMS, PART_WHATSAPP,
	PART_VOICE, PART_PUSH, PART_MAX };

const char *part_name(enum part p);	/* "subject": also of the file */

struct template_set {
	struct template_set *next;
	char *name;
	struct meta *meta;		/* never NULL */
	struct template_language *languages;
	struct faults faults;		/* none: it can be used */
};

/* The configuration must outlive it. */
struct templates *templates_new(struct config *c);
void templates_free(struct templates *t);
/* -1 when the directory cannot be read at all. */
int templates_check(const struct templates *t, struct error *e);
/* All there are, sorted; lent, NULL at the end.  NULL: it cannot be read. */
const char *const *templates_names(struct templates *t, struct error *e);

/*
 * NULL: no such template (EX_CONFIG), or one that is broken or cannot be read
 * (EX_TEMPFAIL: a person will mend it, and the record is good).
 */
const struct template_set *templates_get(struct templates *t,
    const char *name, struct error *e);
/*
 * The same, for those who check templates: a broken one is given too, as far
 * as it could be read, and its `faults` are all that is wrong.
 */
const struct template_set *templates_inspect(struct templates *t,
    const char *name, struct error *e);
/*
 * The template that the record names.  NULL when there is none that could be
 * sent: the record is then refused, as bad_template, inactive_template or
 * unapproved_template.
 */
const struct template_set *templates_for(struct templates *t,
    struct filter *f, struct record *r);

/*
 * The part in `language`, or in the one that is looked for next.  PART_SMS,
 * PART_WHATSAPP, PART_VOICE and PART_PUSH fall back to PART_TEXT when
 * `fall_back` is set: a text in the right language is better than an SMS in
 * the wrong one.  NULL when there is none.  *used is the language found, as
 * its folder is called.
 */
const struct template *templates_part(const struct templates *t,
    const struct template_set *set, const char *language, enum part part,
    bool fall_back, const char **used);
/* What {% include %} finds in a part of the language `used`. */
const struct template_loader *templates_loader(
    const struct template_set *set, const char *used);
/*
 * How the Meta template for a reader of `language` is registered: in the
 * language of the text that would be used.  NULL: there is none, and without
 * one WhatsApp takes nothing outside the 24 hours after the reader wrote.
 */
const struct whatsapp_language *templates_whatsapp(const struct templates *t,
    const struct template_set *set, const char *language);

/*
 * Whether something that was read includes this file, "visit/es/footer", or
 * one below the folder of this name.
 */
bool templates_include(const struct template_set *set, const char *path);

/* The languages there are parts in, sorted; NULL at the end. */
const char *templates_language(const struct template_set *set, size_t i);
/* A part of just that language, and its text; NULL: there is none. */
const struct template *templates_own_part(const struct template_set *set,
    const char *language, enum part part);
const char *templates_source(const struct template_set *set,
    const char *language, enum part part);

/* Whether the template can be sent on a channel of this type. */
bool templates_support(const struct template_set *set, const char *type);

#endif
