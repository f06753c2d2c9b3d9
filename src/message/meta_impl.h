#ifndef OMNI_META_IMPL_H
#define OMNI_META_IMPL_H

/* Shared by meta.c, meta_variables.c and meta_whatsapp.c only. */

#include "base/buf.h"
#include "message/meta.h"

/* One key of the file, with all lines of its value. */
struct meta_entry {
	char *section, *key;
	struct buf text;
	const char *value;
	int line;
};

struct meta_source {
	const struct config *config;
	const char *name;		/* of the template */
	char file[128];			/* "NAME/meta.conf" */
	struct meta *meta;
	struct faults *faults;
};

void *meta_checked(void *p);		/* ends the program for NULL */
char *meta_duplicate(const char *s);

/* "FILE:LINE: KEY: …" */
void meta_fault(const struct meta_source *s, const struct meta_entry *e,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void meta_unknown_key(const struct meta_source *s, const struct meta_entry *e,
    const char *const *known);
/* A key that stands once and takes any text. */
void meta_set_text(const struct meta_source *s, const struct meta_entry *e,
    char **out);
/*
 * The text that is a value, or its end, with its quotes taken off if it has
 * any, as a copy.  NULL, and a fault, when there is none.
 */
char *meta_text(const struct meta_source *s, const struct meta_entry *e,
    const char *from);
/*
 * The text in quotes at *p, as a copy; *p is then behind it.  NULL, and a
 * fault, when there is none.
 */
char *meta_quoted(const struct meta_source *s, const struct meta_entry *e,
    const char **p);

/* One key of [variables]. */
void meta_variable_key(const struct meta_source *s,
    const struct meta_entry *e);
void meta_variables_free(struct variable *v);

/* One key of [whatsapp]; of [whatsapp LANGUAGE]. */
void meta_whatsapp_key(const struct meta_source *s,
    const struct meta_entry *e);
void meta_whatsapp_language_key(const struct meta_source *s,
    const char *language, const struct meta_entry *e);
/* What only all keys together can tell. */
void meta_whatsapp_check(const struct meta_source *s);
void meta_whatsapp_free(struct whatsapp_meta *w);

#endif
