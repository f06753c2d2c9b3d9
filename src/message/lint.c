#include "lint_impl.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void *
checked(void *p)
{
	if (p == NULL)
		die(EX_OSERR, "out of memory");
	return p;
}

/* Lists. */

static bool
list_has(const struct lint_list *l, const struct lint_entry *e)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].line == e->line &&
		    l->list[i].column == e->column &&
		    strcmp(l->list[i].file, e->file) == 0 &&
		    strcmp(l->list[i].text, e->text) == 0)
			return true;
	return false;
}

static void
list_add(struct lint_list *l, const struct lint_entry *e)
{
	struct lint_entry *new;

	l->list = checked(realloc(l->list, (l->count + 1) *
	    sizeof(*l->list)));
	new = &l->list[l->count];
	*new = *e;
	new->order = l->count++;
	new->file = checked(strdup(e->file));
	new->text = checked(strdup(e->text));
}

static void
list_release(struct lint_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->list[i].file);
		free(l->list[i].text);
	}
	free(l->list);
	*l = (struct lint_list){ .count = 0 };
}

static bool
is_shared(const char *file)
{
	return strncmp(file, "_shared/", 8) == 0;
}

static void
add(struct lint *l, struct lint_entry *e)
{
	if (list_has(&l->here, e))
		return;
	if (is_shared(e->file)) {
		if (list_has(&l->shared, e))
			return;
		list_add(&l->shared, e);
	}
	list_add(&l->here, e);
}

void
lint_add(struct lint *l, enum lint_severity severity, const char *file,
    size_t line, size_t column, const char *fmt, ...)
{
	char text[LINT_TEXT_MAX];
	struct lint_entry e = { .file = (char *)(uintptr_t)file,
	    .text = text, .line = line, .column = column,
	    .severity = severity };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add(l, &e);
}

/* The byte where a line and a column begin. */
static size_t
offset_of(const char *text, size_t line, size_t column)
{
	const char *p = text;

	for (; line > 1 && *p != '\0'; p++)
		line -= *p == '\n';
	for (; column > 1 && *p != '\0'; column--)
		p += utf8_length(p, strlen(p));
	return (size_t)(p - text);
}

void
lint_add_in(struct lint *l, enum lint_severity severity, const char *file,
    const char *source, size_t line, size_t column, const char *fmt, ...)
{
	char text[LINT_TEXT_MAX];
	struct lint_entry new = { .file = (char *)(uintptr_t)file,
	    .text = text, .line = line, .column = column,
	    .severity = severity };
	struct error e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (source != NULL && column > 0) {
		error_excerpt(&e, source, strlen(source),
		    offset_of(source, line, column));
		memcpy(new.excerpt, e.excerpt, sizeof(new.excerpt));
	}
	add(l, &new);
}

bool
lint_has_error(const struct lint *l, const char *file)
{
	for (size_t i = 0; i < l->here.count; i++)
		if (l->here.list[i].severity == LINT_ERROR &&
		    strcmp(l->here.list[i].file, file) == 0)
			return true;
	return false;
}

/* Errors that bring their place along. */

/* ":12" at *s, which moves behind it; 0 when there is none. */
static size_t
take_number(const char **s)
{
	unsigned long n;
	char *end;

	if (**s != ':' || !isdigit((unsigned char)(*s)[1]))
		return 0;
	n = strtoul(*s + 1, &end, 10);
	if (*end != ':')
		return 0;
	*s = end;
	return n;
}

/* Length of the "NAME/LANG/PART" that `s` begins with; 0: it does not. */
static size_t
place_length(const char *s, const char *file)
{
	size_t len = strlen(file);

	if (strncmp(s, file, len) == 0 && s[len] == ':')
		return len;
	len = strcspn(s, ": ");
	if (s[0] == '/' || memchr(s, '/', len) == NULL || s[len] != ':' ||
	    !isdigit((unsigned char)s[len + 1]))
		return 0;
	return len;
}

/* "template NAME: " of what was refused tells nothing here. */
static const char *
without_preface(const struct lint *l, const char *s)
{
	size_t len = strlen(l->set->name);

	if (strncmp(s, "template ", 9) != 0)
		return s;
	s += 9;
	if (strncmp(s, l->set->name, len) == 0 &&
	    strncmp(s + len, ": ", 2) == 0)
		s += len + 2;
	return s;
}

void
lint_add_error(struct lint *l, enum lint_severity severity, const char *file,
    const struct error *e, const char *before)
{
	char name[ERROR_MAX], text[LINT_TEXT_MAX];
	const char *s = without_preface(l, e->text);
	size_t len = place_length(s, file);
	struct lint_entry new = { .file = name, .text = text,
	    .severity = severity };

	if (len == 0)
		snprintf(name, sizeof(name), "%s", file);
	else {
		snprintf(name, sizeof(name), "%.*s", (int)len, s);
		s += len;
		new.line = take_number(&s);
		if (new.line > 0)
			new.column = take_number(&s);
		s += strspn(s, ": ");
	}
	snprintf(text, sizeof(text), "%s%s", before, s);
	memcpy(new.excerpt, e->excerpt, sizeof(new.excerpt));
	add(l, &new);
}

/* Telling. */

static int
compare(const void *one, const void *two)
{
	const struct lint_entry *a = one, *b = two;
	bool a_meta, b_meta;
	int order;

	/* What a template is comes before what it says. */
	a_meta = strstr(a->file, "/meta.conf") != NULL;
	b_meta = strstr(b->file, "/meta.conf") != NULL;
	if (a_meta != b_meta)
		return a_meta ? -1 : 1;
	order = strcmp(a->file, b->file);
	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static void
tell(struct lint *l)
{
	if (l->here.count > 1)
		qsort(l->here.list, l->here.count, sizeof(*l->here.list),
		    compare);
	for (size_t i = 0; i < l->here.count; i++) {
		const struct lint_entry *e = &l->here.list[i];
		struct lint_finding f = { .file = e->file, .line = e->line,
		    .column = e->column, .severity = e->severity,
		    .text = e->text, .excerpt = e->excerpt };

		l->found(l->ctx, &f);
	}
	list_release(&l->here);
}

/* What several checks ask. */

bool
lint_is_about_something(const struct lint *l)
{
	const char *class = l->set->meta->class;

	return l->set->meta->topic != NULL || class == NULL ||
	    strcmp(class, "reminder") == 0;
}

/* Without `channels` any will do, but nobody asked for those not there. */
bool
lint_is_sent_by(const struct lint *l, const char *type)
{
	const char *name;

	if (l->set->meta->channels != NULL)
		return templates_support(l->set, type);
	for (size_t i = 0; (name = config_name(l->config, "channel", i)) !=
	    NULL; i++)
		if (strcmp(config_string(l->config, "channel", name, "type"),
		    type) == 0)
			return true;
	return false;
}

enum part
lint_text_part(const struct lint *l, const char *language, enum part part)
{
	if (templates_own_part(l->set, language, part) != NULL)
		return part;
	return templates_own_part(l->set, language, PART_TEXT) != NULL ?
	    PART_TEXT : PART_MAX;
}

/*
 * A template with faults is looked at no further: what did not parse would
 * seem to be missing, or unused.
 */
static void
check(struct lint *l)
{
	for (size_t i = 0; i < l->set->faults.count; i++)
		lint_add_error(l, LINT_ERROR, l->set->faults.list[i].file,
		    &l->set->faults.list[i].error, "");
	if (l->set->faults.count > 0)
		return;
	lint_names(l);
	lint_parts(l);
	if (!l->is_endless && !lint_has_error(l, l->meta))
		lint_try(l);
	/* Last: an include by a variable's name is known once it was read. */
	lint_files(l);
}

int
lint_template(struct lint *l, const char *name, struct error *e)
{
	l->is_endless = false;
	l->set = templates_inspect(l->templates, name, e);
	if (l->set == NULL && e->status == EX_CONFIG)
		return -1;
	if (l->set == NULL)
		lint_add(l, LINT_ERROR, name, 0, 0, "%s", e->text);
	else {
		snprintf(l->meta, sizeof(l->meta), "%s/meta.conf", name);
		check(l);
	}
	tell(l);
	return 0;
}

struct lint *
lint_new(struct config *c, struct templates *t,
    void (*found)(void *ctx, const struct lint_finding *f), void *ctx)
{
	struct lint *l = checked(calloc(1, sizeof(*l)));

	l->config = c;
	l->templates = t;
	l->found = found;
	l->ctx = ctx;
	return l;
}

void
lint_free(struct lint *l)
{
	if (l == NULL)
		return;
	list_release(&l->here);
	list_release(&l->shared);
	free(l);
}
