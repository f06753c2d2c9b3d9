#ifndef OMNI_LINT_H
#define OMNI_LINT_H

#include <stddef.h>

#include "message/templates.h"

/*
 * What is wrong with templates, found before a record meets it: all that
 * templates_inspect() knows, and what only shows when the parts of a template
 * are laid side by side or filled with the examples of its meta.conf.
 *
 * Everything is rendered several times: with all variables, without each of
 * those that may be missing, and with nothing but what every record has.  The
 * clock stands a day before the first time among the examples, so that a
 * template is as good next year as it is today.
 */
#define LINT_TEXT_MAX	1200	/* bytes of a finding, with its NUL */

enum lint_severity {
	LINT_WARNING,	/* it can be sent, and somebody will be sorry */
	LINT_ERROR	/* records will be refused, or readers misled */
};

/* All of it is lent for the call. */
struct lint_finding {
	const char *file;	/* "appointment_reminder/es/sms" */
	size_t line, column;	/* from 1; 0: of the file, of the line */
	enum lint_severity severity;
	const char *text;
	const char *excerpt;	/* as of struct error, or "" */
};

struct lint;

/* The configuration and the templates must outlive it. */
struct lint *lint_new(struct config *c, struct templates *t,
    void (*found)(void *ctx, const struct lint_finding *f), void *ctx);
void lint_free(struct lint *l);

/*
 * Calls `found` for each finding in the template, in the order of files and
 * lines.  What several templates include is told once.  -1 and `e` (EX_CONFIG)
 * when there is no such template.
 */
int lint_template(struct lint *l, const char *name, struct error *e);

#endif
