#ifndef OMNI_TEMPLATE_FILTER_H
#define OMNI_TEMPLATE_FILTER_H

#include "template/template.h"
#include "template/tval.h"

/*
 * Filters.  Each file filters_*.c has a table of its own; filter.c finds them.
 */
struct render;		/* one rendering at work; see impl.h */

struct call {
	struct render *r;
	const struct template_env *env;
	const struct filter *self;
	bool autoescape;	/* in force where the filter stands */
	bool has_arg;
	struct tval arg;
};

enum filter_flag {
	/* The input is made a string first, as Django's @stringfilter does. */
	FILTER_STRING = 1,
	/* Django's is_safe: what was safe still is. */
	FILTER_KEEPS_SAFE = 2,
	FILTER_ARG = 4,		/* needs an argument */
	FILTER_ARG_OPTIONAL = 8,
	/* An empty result is meant, not a hole in the text. */
	FILTER_MAY_BE_EMPTY = 16,
	/* Also a variable that is missing or empty has a meaning here. */
	FILTER_TAKES_MISSING = 32,
	/* Takes lists, objects or truth values in a strict rendering. */
	FILTER_TAKES_ANY = 64
};

struct filter {
	const char *name;
	/* -1 when the rendering fails: filter_fail() or no memory. */
	int (*apply)(struct call *c, const struct tval *in, struct tval *out);
	unsigned flags;
};

/* Each ends with a NULL name. */
extern const struct filter filters_text[], filters_case[], filters_length[],
    filters_html[], filters_striptags[], filters_list[], filters_number[],
    filters_money[], filters_words[], filters_date[], filters_time[];

const struct filter *filter_find(const char *name, size_t len);
/* The names that are most like it, for a message: "truncatechars"; or NULL. */
const char *filter_near(const char *name, size_t len);

/*
 * What cannot be done with this value.  A strict rendering is refused with
 * "variable PATH " and the reason; else the result is `otherwise`, which is
 * what Django would print.
 */
int filter_fail(struct call *c, struct tval *out, struct tval otherwise,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * Memory of the rendering, not zeroed; NULL when there is too much of it, and
 * then the rendering has failed: return -1.
 */
void *filter_alloc(struct call *c, size_t size);
/* A new string from a buffer's content, which is released.  -1 as above. */
int filter_take(struct call *c, struct buf *b, struct tval *out);
/* The value as a string; -1 as above. */
int filter_text(struct call *c, const struct tval *v, struct tval *out);
/* The reader's language: "en" when nobody says. */
const char *filter_language(const struct call *c);
/*
 * Whether the reader's language is this one: "es" is also "es-MX", and "es-MX"
 * "es_mx".
 */
bool filter_language_is(const struct call *c, const char *code);
/* Adds the text with & < > " ' written as entities. */
void html_escape(struct buf *out, const char *s, size_t len);

#endif
