#include "lint_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/near.h"

/*
 * Names: which are declared, which are used, and what includes what.
 */
#define VISITS_MAX	5000	/* of included templates, for one part */
#define CHAIN_TEXT	400	/* bytes of "a -> b -> a" */

struct names {
	struct lint *lint;
	bool *used;		/* by the index of the variable */
	bool is_incomplete;	/* nothing can be said of what is not used */
	const char *file, *source;	/* what is looked at; or NULL */
};

/* A part, and what it includes down to the template at hand. */
struct walk {
	struct names *names;
	const struct template_loader *loader;
	const struct template *chain[TEMPLATE_INCLUDE_MAX + 2];
	/* How each of them was included; the first was not. */
	const struct template_use *by[TEMPLATE_INCLUDE_MAX + 2];
	size_t depth;
	size_t visits;
};

/* What every record has or may have when it is rendered: omni-record(5). */
static const char *const record_names[] = { "account", "address", "author",
	"channel", "class", "contact", "expires_at", "headers", "id",
	"language", "links", "not_before", "parent", "priority", "related",
	"reminder", "route", "site", "template", "timezone", "to", "topic",
	"type", "vars", NULL };

static const char *const site_names[] = { "emergency", "language", "name",
	"public_url", "timezone", NULL };
static const char *const links_names[] = { "confirm", "preferences",
	"unsubscribe", NULL };
static const char *const contact_names[] = { "email", "id", "language",
	"name", "phone", "preferences", "timezone", "whatsapp", NULL };

static const struct {
	const char *name;
	const char *const *members;
} outer[] = {
	{ "site", site_names },
	{ "links", links_names },
	{ "contact", contact_names }
};

/* The first name of a path, "site" of "site.name"; false: too long a one. */
static bool
first_name(const char *path, char out[TEMPLATE_PATH_MAX + 1])
{
	size_t len = strcspn(path, ".");

	snprintf(out, TEMPLATE_PATH_MAX + 1, "%.*s", (int)len, path);
	return len <= TEMPLATE_PATH_MAX;
}

static bool
is_in(const char *const *list, const char *name)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* Its place among the variables; -1: it is not declared. */
static int
find_variable(const struct lint *l, const char *name)
{
	int i = 0;

	for (const struct variable *v = l->set->meta->variables; v != NULL;
	    v = v->next, i++)
		if (strcmp(v->name, name) == 0)
			return i;
	return -1;
}

static void
mark(struct names *n, const char *path)
{
	char name[TEMPLATE_PATH_MAX + 1];
	int i;

	if (strncmp(path, "vars.", 5) == 0)
		path += 5;
	if (!first_name(path, name))
		return;
	i = find_variable(n->lint, name);
	if (i != -1)
		n->used[i] = true;
}

/* What is not declared. */

static void
tell_unknown(const struct names *n, const struct template_use *u,
    const struct near *near, const char *what)
{
	lint_add_in(n->lint, u->printed ? LINT_ERROR : LINT_WARNING, n->file,
	    n->source, u->line, u->column, "%.128s %s%s%s%s", u->path, what,
	    near->best == NULL ? "" : "; did you mean ",
	    near->best == NULL ? "" : near->best,
	    near->best == NULL ? "" : "?");
}

/* One that is not among the variables; `name` is the first of its path. */
static void
check_outer(const struct names *n, const struct template_use *u,
    const char *name)
{
	struct near near = NEAR_INIT(name, strlen(name));
	char member[TEMPLATE_PATH_MAX + 1];

	for (size_t i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
		if (strcmp(outer[i].name, name) != 0)
			continue;
		if (strchr(u->path, '.') == NULL ||
		    !first_name(strchr(u->path, '.') + 1, member) ||
		    is_in(outer[i].members, member))
			return;
		near = (struct near)NEAR_INIT(member, strlen(member));
		for (const char *const *m = outer[i].members; *m != NULL; m++)
			near_consider(&near, *m);
		tell_unknown(n, u, &near, "is nothing that a template finds");
		return;
	}
	if (is_in(record_names, name))
		return;
	for (const struct variable *v = n->lint->set->meta->variables;
	    v != NULL; v = v->next)
		near_consider(&near, v->name);
	for (const char *const *m = record_names; *m != NULL; m++)
		near_consider(&near, *m);
	tell_unknown(n, u, &near, "is not declared in [variables]");
}

/* A variable of a part itself, or of an expression of meta.conf. */
static void
check_variable(void *ctx, const struct template_use *u)
{
	struct names *n = ctx;
	const char *path = u->path;
	char name[TEMPLATE_PATH_MAX + 1];

	if (strncmp(path, "vars.", 5) == 0)
		path += 5;
	if (!first_name(path, name))
		return;
	if (find_variable(n->lint, name) != -1)
		mark(n, path);
	else
		check_outer(n, u, name);
}

/* What is included. */

/* Whether a "with" on the way down gives this name. */
static bool
is_given(const struct walk *w, const char *path)
{
	char name[TEMPLATE_PATH_MAX + 1];

	if (!first_name(path, name))
		return false;
	for (size_t i = 1; i < w->depth; i++)
		for (size_t j = 0; j < w->by[i]->given_count; j++)
			if (strcmp(w->by[i]->given[j], name) == 0)
				return true;
	return false;
}

static void
mark_included(void *ctx, const struct template_use *u)
{
	struct walk *w = ctx;

	if (!is_given(w, u->path))
		mark(w->names, u->path);
}

/* "a/es/text -> _shared/es/x -> a/es/text" */
static void
tell_cycle(const struct walk *w, size_t from, const struct template_use *u)
{
	struct buf chain = BUF_INIT(CHAIN_TEXT);
	const char *first = template_name(w->chain[from]);

	for (size_t i = from; i < w->depth; i++)
		buf_printf(&chain, "%s -> ", template_name(w->chain[i]));
	buf_str(&chain, first);
	lint_add(w->names->lint, LINT_ERROR,
	    template_name(w->chain[w->depth - 1]), u->line, u->column,
	    "includes itself: %s", buf_text(&chain));
	w->names->lint->is_endless = true;
	buf_release(&chain);
}

static void
follow(void *ctx, const struct template_use *u)
{
	struct walk *w = ctx;
	const struct template *t;
	struct error e;

	t = w->loader->load(w->loader->ctx, u->path, &e);
	if (t == NULL)
		return;		/* a fault, told as such */
	for (size_t i = 0; i < w->depth; i++)
		if (strcmp(template_name(w->chain[i]), template_name(t)) ==
		    0) {
			tell_cycle(w, i, u);
			return;
		}
	/* Too deep is refused when it is rendered. */
	if (w->depth > TEMPLATE_INCLUDE_MAX || w->visits++ > VISITS_MAX) {
		w->names->is_incomplete = true;
		return;
	}
	w->chain[w->depth] = t;
	w->by[w->depth++] = u;
	template_each_variable(t, mark_included, w);
	template_each_reference(t, follow, w);
	w->depth--;
}

static void
check_part(struct names *n, const char *language, enum part part)
{
	const struct template *t = templates_own_part(n->lint->set, language,
	    part);
	struct walk w = { .names = n, .depth = 1,
	    .loader = templates_loader(n->lint->set, language) };

	if (t == NULL)
		return;
	n->file = template_name(t);
	n->source = templates_source(n->lint->set, language, part);
	w.chain[0] = t;
	template_each_variable(t, check_variable, n);
	template_each_reference(t, follow, &w);
}

/* Expressions of meta.conf; their place is the line that their name has. */

struct expression {
	struct names *names;
	size_t line;
};

static void
check_in_meta(void *ctx, const struct template_use *u)
{
	struct expression *x = ctx;
	struct template_use here = *u;

	here.line = x->line;
	here.column = 0;
	check_variable(x->names, &here);
}

static void
check_expression(struct names *n, const struct template *t)
{
	struct expression x = { .names = n };
	const char *colon;

	if (t == NULL)
		return;
	/* "NAME/meta.conf:12: body.1" */
	colon = strchr(template_name(t), ':');
	if (colon != NULL)
		x.line = strtoul(colon + 1, NULL, 10);
	n->file = n->lint->meta;
	n->source = NULL;
	template_each_variable(t, check_in_meta, &x);
}

static void
check_parameters(struct names *n, const struct whatsapp_parameters *p)
{
	for (size_t i = 0; i < p->count; i++)
		check_expression(n, p->list[i].expression);
}

static void
check_whatsapp(struct names *n)
{
	const struct whatsapp_meta *w = n->lint->set->meta->whatsapp;

	if (w == NULL)
		return;
	check_parameters(n, &w->body);
	check_parameters(n, &w->header);
	check_expression(n, w->link);
	check_expression(n, w->filename);
	for (size_t i = 0; i < w->button_count; i++)
		check_expression(n, w->buttons[i].suffix);
	for (const struct whatsapp_language *l = w->languages; l != NULL;
	    l = l->next)
		check_expression(n, l->header);
}

static void
tell_unused(const struct names *n)
{
	size_t i = 0;

	for (const struct variable *v = n->lint->set->meta->variables;
	    v != NULL; v = v->next, i++)
		/* The zone is used though nothing names it. */
		if (!n->used[i] && strcmp(v->name, "timezone") != 0)
			lint_add(n->lint, LINT_WARNING, n->lint->meta,
			    (size_t)v->line, 0, "%s: declared, and not used",
			    v->name);
}

void
lint_names(struct lint *l)
{
	struct names n = { .lint = l };
	const char *language;
	size_t count = 1;

	for (const struct variable *v = l->set->meta->variables; v != NULL;
	    v = v->next)
		count++;
	n.used = calloc(count, sizeof(*n.used));
	if (n.used == NULL)
		die(EX_OSERR, "out of memory");
	for (size_t i = 0; (language = templates_language(l->set, i)) != NULL;
	    i++)
		for (enum part p = 0; p < PART_MAX; p++)
			check_part(&n, language, p);
	check_whatsapp(&n);
	if (!n.is_incomplete)
		tell_unused(&n);
	free(n.used);
}
