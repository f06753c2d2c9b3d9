#ifndef OMNI_TEMPLATE_H
#define OMNI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/record.h"

/*
 * Templates: text with {{ path }} and {{ path|filter }}, a small part of the
 * Django template language.  Its tags and comments, {% %} and {# #}, are
 * refused when a template is parsed, so that none is ever sent to a reader.
 *
 * Rendering is strict: whatever a template names must be there.  A reminder
 * with a hole where the hour should be is worse than none.
 *
 * Filters: upper, lower; and of a time in RFC 3339, as the reader's calendar
 * and language have it:
 *
 *	day		martes 24 de noviembre	Tuesday, November 24
 *	shortday	mar 24 nov		Tue 24 Nov
 *	clock		10:30			10:30 AM
 *
 * None of them puts a character outside GSM-7 into a Spanish or English
 * text that was not in the name of a day or month, and shortday and clock
 * none at all: a special space would double the price of an SMS.
 */
#define TEMPLATE_MAX		(64 * 1024)	/* bytes of the source */
#define TEMPLATE_NAME_MAX	128		/* bytes of a path */
#define TEMPLATE_FILTERS_MAX	4		/* of one variable */
#define TEMPLATE_VALUE_MAX	(256 * 1024)	/* bytes of a filtered value */

struct template;

/* All of it is lent for the call. */
struct template_env {
	const struct value *vars;	/* looked up first */
	const struct value *const *more;	/* objects, in order */
	size_t more_count;
	bool html;		/* escape & < > " ' in values */
	bool one_line;		/* refuse newlines and tabs in values */
	const char *language;	/* "es", "es-MX", "en"; for filters */
	const char *timezone;	/* for the time filters */
};

/*
 * Parses once what is rendered many times.  `name` is for messages
 * ("appointment_reminder/es/sms").  NULL when the template is wrong, with
 * "NAME:LINE:COLUMN: what"; columns count characters from 1.  Both texts are
 * copied.
 */
struct template *template_parse(const char *name, const char *text, size_t len,
    struct error *e);
void template_free(struct template *t);

/*
 * Adds to `out`, whose maximum is the maximum of the result.  Returns -1 with
 * "NAME: variable PATH is missing" or the like, and sets `field`, which may be
 * NULL, to PATH, or to NULL when no variable is at fault; it lives as long as
 * the template.  A part may have been added by then: throw it away.
 *
 * A path is looked up as a whole in one scope after the other; the first that
 * has it decides, also when it has null.  Values are never parsed as
 * templates.  Control characters in values are refused, but for newline and
 * tab unless `one_line` is set; the template's own text is its author's.
 */
int template_render(const struct template *t, const struct template_env *env,
    struct buf *out, const char **field, struct error *e);

#endif
