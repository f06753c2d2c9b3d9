#ifndef OMNI_TEMPLATES_IMPL_H
#define OMNI_TEMPLATES_IMPL_H

/* Shared by templates.c, templates_read.c and include.c only. */

#include "message/templates.h"

#define NAME_LEN	64	/* of a template, with its NUL */

/* Names of folders, sorted, with a NULL behind the last. */
struct names {
	char **list;
	size_t count;
};

/* What was included once, and by which name. */
struct included {
	struct included *next;
	char *name;
	struct template *parsed;
};

/* A folder that is called like a language; it need not have parts. */
struct template_language {
	struct template_language *next;
	char *name;
	struct template *part[PART_MAX];
	char *source[PART_MAX];
	size_t part_count;
	/* For what its parts include: */
	struct template_loader loader;
	struct templates *templates;
	const struct template_set *set;
	struct included *included;
};

struct templates {
	struct config *config;
	const char *dir, *language;
	struct template_set *sets;
	struct names names;		/* of all templates, once asked for */
	struct names shared;		/* languages in _shared */
	bool shared_read;
};

void *templates_checked(void *p);	/* ends the program for NULL */
/* Adds the folders in `path` that are `wanted`; -1 and errno. */
int names_read(struct names *n, const char *path,
    bool (*wanted)(const char *));
void names_release(struct names *n);

/* The languages to look for, from the wanted one on. */
struct languages {
	char tag[LANGUAGE_MAX];
	const char *then;	/* NULL: nothing comes behind */
};

struct languages languages_begin(const char *language, const char *then);
bool languages_next(struct languages *c);

/* The folder of this very language; NULL: there is none. */
struct template_language *template_find_language(
    const struct template_set *set, const char *name);
/*
 * Reads the template `name`, whose folder is `path`, open as `dir`.  Never
 * NULL: what is wrong is among its faults.
 */
struct template_set *template_read(struct templates *t, const char *name,
    const char *path, int dir);
void template_set_free(struct template_set *s);
/*
 * As text_clean(); and the newline that editors put at the end is not part of
 * a text.
 */
void template_clean(struct buf *text);

/* For struct template_loader; ctx is the language. */
const struct template *template_include(void *ctx, const char *name,
    struct error *e);
void template_free_included(struct template_language *l);

#endif
