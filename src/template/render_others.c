#include <string.h>
#include <sysexits.h>

#include "template/impl.h"

/* The tags that use other templates: extends, block, include. */

static const struct template *
load(struct render *r, const struct expr *name)
{
	const struct template *t;
	struct error e;
	struct tval v;
	char *text;

	if (expr_value(r, name, false, true, &v) == -1)
		return NULL;
	if (v.type != TVAL_STRING || v.len == 0) {
		render_fault(r, name->base.path, "is %s, not the name of a "
		    "template", tval_type_name(&v));
		return NULL;
	}
	if (r->env->loader == NULL) {
		render_error(r, EX_CONFIG, "there are no other templates");
		return NULL;
	}
	text = arena_strndup(&r->mem, v.text, v.len);
	t = r->env->loader->load(r->env->loader->ctx, text, &e);
	/* A name that the data bring is their fault, not the template's. */
	if (t == NULL && name->base.path != NULL && e.status == EX_NOINPUT)
		render_fault(r, name->base.path, "names a template that is "
		    "not there: %s", e.text);
	else if (t == NULL) {
		render_error(r, EX_CONFIG, "%s", e.text);
		memcpy(r->e->excerpt, e.excerpt, sizeof(e.excerpt));
	}
	return t;
}

static int
add_level(struct render *r, struct family *f, const struct template *t)
{
	if (f->count == TEMPLATE_INCLUDE_MAX)
		return render_error(r, EX_CONFIG, "more than %d templates "
		    "extend each other; the last is %s", TEMPLATE_INCLUDE_MAX,
		    t->name);
	f->levels[f->count++] = (struct level){ t, arena_alloc(&r->mem,
	    (t->cycles + 1) * sizeof(size_t)) };
	return 0;
}

/* A template, the one it extends, and so on to the one that extends none. */
static int
render_family(struct render *r, struct family *f)
{
	const struct template *t;

	for (;;) {
		t = f->levels[f->count - 1].t;
		r->t = t;
		r->at = t->text;
		r->level = f->count - 1;
		if (t->extends == NULL)
			return render_list(r, &t->body);
		if (render_list(r, &t->before) == -1)
			return -1;
		t = load(r, t->extends);
		if (t == NULL || add_level(r, f, t) == -1)
			return -1;
	}
}

int
render_template(struct render *r, const struct template *t)
{
	const struct template *outer_t = r->t;
	const char *outer_at = r->at;
	struct family *outer = r->family;
	size_t outer_level = r->level;
	struct family family;
	int rc;

	family.count = 0;
	r->family = &family;
	rc = add_level(r, &family, t);
	if (rc == 0)
		rc = render_family(r, &family);
	r->t = outer_t;
	r->at = outer_at;
	r->family = outer;
	r->level = outer_level;
	return rc;
}

static int
include(struct render *r, const struct node *n, const struct template *t)
{
	size_t bound = r->binding_count, floor = r->floor;
	bool only = r->only;
	int rc = render_bind_all(r, n->include.with);

	if (n->include.only) {
		r->floor = bound;
		r->only = true;
	}
	if (rc == 0)
		rc = render_template(r, t);
	r->binding_count = bound;
	r->floor = floor;
	r->only = only;
	return rc;
}

int
render_include(struct render *r, const struct node *n)
{
	const struct template *t = load(r, n->include.name);
	int rc;

	if (t == NULL)
		return -1;
	if (r->includes == TEMPLATE_INCLUDE_MAX)
		return render_error(r, EX_CONFIG, "more than %d templates "
		    "include each other; the last is %s",
		    TEMPLATE_INCLUDE_MAX, t->name);
	r->includes++;
	rc = include(r, n, t);
	r->includes--;
	return rc;
}

static const struct node *
find_block(const struct family *f, const char *name, size_t *level)
{
	const struct node *n;

	for (; *level < f->count; ++*level)
		for (n = f->levels[*level].t->blocks; n != NULL;
		    n = n->block.others)
			if (strcmp(n->block.name, name) == 0)
				return n;
	return NULL;
}

static int
render_block_at(struct render *r, const struct node *n, size_t level)
{
	struct block_place place = { n->block.name, level,
	    r->family->count == 1 };
	struct tval special = { .type = TVAL_SUPER, .special = &place };
	const struct template *t = r->t;
	const char *at = r->at;
	size_t bound = r->binding_count, outer = r->level;
	int rc = render_bind(r, "block", special);

	r->t = r->family->levels[level].t;
	r->at = n->at;
	r->level = level;
	if (rc == 0)
		rc = render_list(r, &n->body);
	r->t = t;
	r->at = at;
	r->level = outer;
	r->binding_count = bound;
	return rc;
}

int
render_block(struct render *r, const struct node *n)
{
	size_t level = 0;
	const struct node *found = find_block(r->family, n->block.name,
	    &level);

	/* The block that asks is one of them. */
	return found == NULL ? 0 : render_block_at(r, found, level);
}

struct super {
	const struct node *node;
	size_t level;
};

static int
body_of_super(struct render *r, const void *what)
{
	const struct super *s = what;

	return render_block_at(r, s->node, s->level);
}

int
render_super(struct render *r, const struct block_place *place,
    struct tval *v)
{
	struct super s = { NULL, place->level + 1 };
	const char *at = r->at;
	int rc;

	if (place->alone)
		return render_error(r, EX_CONFIG, "block.super in a template "
		    "that extends none");
	s.node = find_block(r->family, place->name, &s.level);
	*v = TVAL_TEXT("", 0);
	v->safe = true;
	if (s.node == NULL)
		return 0;
	rc = render_capture(r, body_of_super, &s, v);
	r->at = at;
	return rc;
}
