#ifndef OMNI_TEMPLATE_H
#define OMNI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/record.h"

/*
 * The Django template language without the parts that belong to a web
 * framework: omni-template(5) has its tags and filters.  A template is parsed
 * once and rendered many times; rendering changes nothing but `out`.
 *
 * By default rendering is strict: what a template prints must be there and be
 * something that a person can read.  A reminder with a hole where the hour
 * should be is worse than none.
 *
 * Whatever a template or a value is, rendering ends, in bounded memory.
 */
#define TEMPLATE_MAX		(64 * 1024)	/* bytes of the source */
#define TEMPLATE_PATH_MAX	128		/* bytes of a variable's path */
#define TEMPLATE_FILTERS_MAX	16		/* of one expression */
#define TEMPLATE_DEPTH_MAX	32		/* blocks within each other */
#define TEMPLATE_INCLUDE_MAX	16		/* templates within each other */
#define TEMPLATE_STEPS_MAX	200000		/* of one rendering: nodes, filters */
#define TEMPLATE_VALUE_MAX	(256 * 1024)	/* bytes of one value */
#define TEMPLATE_MEMORY_MAX	(8 * 1024 * 1024)	/* of one rendering */

struct template;

/*
 * Where {% include %} and {% extends %} find theirs.  Lends the template, for
 * as long as the one that asks; NULL and `e` when there is none (EX_NOINPUT),
 * or when it is wrong (any other status).
 */
struct template_loader {
	const struct template *(*load)(void *ctx, const char *name,
	    struct error *e);
	void *ctx;
};

/* All of it is lent for the call. */
struct template_env {
	/* Objects; the first that has a name decides what it means. */
	const struct value *const *scopes;
	size_t scope_count;
	const struct template_loader *loader;	/* NULL: there are no others */
	bool html;		/* escape & < > " ' in values */
	bool one_line;		/* refuse newlines and tabs in values */
	/*
	 * What stands for a variable that is missing: NULL refuses it, and is
	 * the strict way.  "" and any other text is what Django does, with its
	 * leniency in all else.
	 */
	const char *missing;
	const char *language;	/* "es", "es-MX", "en"; NULL is "en" */
	const char *timezone;	/* IANA; NULL is UTC */
	const char *currency;	/* ISO 4217, of money without one; or NULL */
	instant now;		/* for what is said relative to it */
};

/*
 * `name` is for messages ("appointment_reminder/es/sms").  NULL when the
 * template is wrong, with "NAME:LINE:COLUMN: what" and, on two further lines,
 * the line and a caret below the place; columns count characters from 1.
 * Both texts are copied.
 */
struct template *template_parse(const char *name, const char *text, size_t len,
    struct error *e);
void template_free(struct template *t);
/*
 * The same for a template that shall be sent: a {{, {% or {# that is not
 * closed on its line is wrong as well.  To Django it is text, which a lenient
 * rendering prints; a strict one fails.
 */
struct template *template_parse_strict(const char *name, const char *text,
    size_t len, struct error *e);
const char *template_name(const struct template *t);

/*
 * Adds to `out`, whose maximum is the maximum of the result.  Returns -1 with
 * "NAME:LINE: variable PATH is missing" or the like, and sets `field`, which
 * may be NULL, to PATH, or to NULL when no variable is at fault; it lives as
 * long as the template.  A part may have been added by then: throw it away.
 * The status is EX_DATAERR when the values are at fault, EX_CONFIG when the
 * template is.
 *
 * Values are never parsed as templates.  Control characters in values are
 * refused by a strict rendering, but for newline and tab unless `one_line` is
 * set; the template's own text is its author's.
 */
int template_render(const struct template *t, const struct template_env *env,
    struct buf *out, const char **field, struct error *e);

/*
 * A single expression, "at|day": what stands between {{ and }}.  The same as
 * a template of nothing else.
 */
struct template *template_parse_expression(const char *name, const char *text,
    size_t len, struct error *e);

/* What a template names, for those who check templates. */
struct template_use {
	const char *path;	/* "site.name", or the name of a template */
	const char *source;	/* of the whole expression: "at|day" */
	size_t line, column;
	bool printed;		/* by {{ }}: not in a condition or a default */
	bool plain;		/* in the text itself, not inside any tag */
	/* Of an include: the names that its "with" gives. */
	const char *const *given;
	size_t given_count;
};
/* Calls `each` for every variable of the data, in the order of the text. */
void template_each_variable(const struct template *t,
    void (*each)(void *ctx, const struct template_use *u), void *ctx);
/* The same for the names that are written out in include and extends. */
void template_each_reference(const struct template *t,
    void (*each)(void *ctx, const struct template_use *u), void *ctx);
/* Whether the text has tags other than {{ }} and comments. */
bool template_has_tags(const struct template *t);

#endif
