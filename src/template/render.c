#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "template/impl.h"

#define REASON_MAX	384

typedef int node_function(struct render *r, const struct node *n);

/* Faults. */

static size_t
line_of(const struct render *r)
{
	size_t line = 1;

	for (const char *p = r->t->text; p < r->at; p++)
		line += *p == '\n';
	return line;
}

static int
report(struct render *r, int status, const char *field, const char *reason)
{
	if (r->failed)
		return -1;
	r->failed = true;
	*r->field = field;
	return error_set(r->e, status, "%s:%zu: %s", r->t->name, line_of(r),
	    reason);
}

int
render_error(struct render *r, int status, const char *fmt, ...)
{
	char reason[REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return report(r, status, NULL, reason);
}

int
render_fault(struct render *r, const char *path, const char *fmt, ...)
{
	char reason[REASON_MAX];
	va_list ap;
	int n;

	n = path == NULL ? snprintf(reason, sizeof(reason), "a quoted text ") :
	    snprintf(reason, sizeof(reason), "variable %s ", path);
	va_start(ap, fmt);
	vsnprintf(reason + n, sizeof(reason) - (size_t)n, fmt, ap);
	va_end(ap);
	return report(r, EX_DATAERR, path, reason);
}

/* Bindings. */

int
render_bind(struct render *r, const char *name, struct tval v)
{
	if (r->binding_count == BINDINGS_MAX)
		return render_error(r, EX_CONFIG, "more than %d names at a "
		    "time", BINDINGS_MAX);
	r->bindings[r->binding_count++] = (struct binding){ name,
	    strlen(name), v };
	return 0;
}

/* Gives a new meaning to the nearest of this name, or binds it here. */
static int
rebind(struct render *r, const char *name, struct tval v)
{
	for (size_t i = r->binding_count; i-- > r->floor; )
		if (strcmp(r->bindings[i].name, name) == 0) {
			r->bindings[i].value = v;
			return 0;
		}
	return render_bind(r, name, v);
}

/* What several nodes need. */

int
render_bind_all(struct render *r, const struct assignment *with)
{
	struct tval values[WORDS_MAX];
	size_t n = 0;

	for (const struct assignment *a = with; a != NULL; a = a->next)
		if (expr_value(r, a->value, false, false, &values[n++]) == -1)
			return -1;
	n = 0;
	for (const struct assignment *a = with; a != NULL; a = a->next)
		if (render_bind(r, a->name, values[n++]) == -1)
			return -1;
	return 0;
}

/* The items of any sequence as a list. */
static int
render_items(struct render *r, const struct tval *v, struct tval *list)
{
	struct tval *items;
	struct value_iter it = { 0 };
	size_t n, count, length;

	*list = *v;
	if (v->type == TVAL_LIST)
		return 0;
	count = tval_count(v);
	if (count > TEMPLATE_STEPS_MAX || r->mem.used + count *
	    sizeof(*items) > TEMPLATE_MEMORY_MAX)
		return render_error(r, EX_DATAERR, "%zu items are too many",
		    count);
	items = arena_alloc(&r->mem, (count + 1) * sizeof(*items));
	if (v->type == TVAL_STRING)
		for (size_t i = n = 0; i < v->len; i += length) {
			length = utf8_length(v->text + i, v->len - i);
			length = length == 0 ? 1 : length;
			items[n++] = TVAL_TEXT(v->text + i, length);
		}
	else
		for (n = 0; value_next(v->object, &it); n++)
			items[n] = TVAL_TEXT(it.key, strlen(it.key));
	*list = (struct tval){ .type = TVAL_LIST, .items = items,
	    .count = n };
	return 0;
}

int
render_capture(struct render *r,
    int (*body)(struct render *r, const void *what), const void *what,
    struct tval *v)
{
	struct buf text = BUF_INIT(TEMPLATE_VALUE_MAX);
	struct buf *outer = r->out;
	char *copy;
	int rc;

	r->out = &text;
	rc = body(r, what);
	r->out = outer;
	if (rc == 0 && (text.full ||
	    r->mem.used + text.len > TEMPLATE_MEMORY_MAX))
		rc = render_error(r, EX_DATAERR, "longer than %d bytes",
		    TEMPLATE_VALUE_MAX);
	if (rc == 0) {
		copy = arena_strndup(&r->mem, buf_text(&text), text.len);
		*v = TVAL_TEXT(copy, text.len);
		v->safe = v->own = true;
	}
	buf_release(&text);
	return rc;
}

static int
body_of(struct render *r, const void *what)
{
	return render_list(r, &((const struct node *)what)->body);
}

/* Nodes. */

static int
render_text(struct render *r, const struct node *n)
{
	buf_add(r->out, n->text.s, n->text.len);
	return 0;
}

static int
render_stray(struct render *r, const struct node *n)
{
	if (r->strict)
		return render_error(r, EX_CONFIG, "%.2s is not closed on its "
		    "line: a reader would see it", n->text.s);
	return render_text(r, n);
}

static int
render_variable(struct render *r, const struct node *n)
{
	struct tval v;

	if (expr_value(r, n->expr, false, true, &v) == -1)
		return -1;
	return render_print(r, n->expr, &v);
}

static int
render_if(struct render *r, const struct node *n)
{
	bool holds = true;

	for (const struct branch *b = n->branches; b != NULL; b = b->next) {
		if (b->condition != NULL &&
		    condition_holds(r, b->condition, &holds) == -1)
			return -1;
		if (b->condition == NULL || holds)
			return render_list(r, &b->body);
	}
	return 0;
}

static const struct loop *
outer_loop(const struct render *r)
{
	for (size_t i = r->binding_count; i-- > r->floor; )
		if (r->bindings[i].value.type == TVAL_LOOP &&
		    strcmp(r->bindings[i].name, "forloop") == 0)
			return r->bindings[i].value.special;
	return NULL;
}

/* One item gives its names a meaning; several names take it apart. */
static int
bind_item(struct render *r, const struct node *n, struct tval item)
{
	struct tval parts = item;
	size_t count = 1;

	if (n->loop.name_count == 1)
		return render_bind(r, n->loop.names[0], item);
	if (tval_is_sequence(&item)) {
		if (render_items(r, &item, &parts) == -1)
			return -1;
		count = parts.count;
	}
	if (count != n->loop.name_count)
		return render_fault(r, n->loop.items->base.path, "has an item "
		    "of %zu values for %zu names", count, n->loop.name_count);
	for (size_t i = 0; i < count; i++)
		if (render_bind(r, n->loop.names[i], tval_at(&parts, i)) == -1)
			return -1;
	return 0;
}

static int
run_loop(struct render *r, const struct node *n, const struct tval *items)
{
	struct loop loop = { 0, items->count, outer_loop(r) };
	struct tval special = { .type = TVAL_LOOP, .special = &loop };
	size_t bound = r->binding_count;
	int rc = render_bind(r, "forloop", special);

	for (; rc == 0 && loop.index < loop.count; loop.index++) {
		/* What a cycle bound in the loop stays until its end. */
		rc = bind_item(r, n, tval_at(items, n->loop.reversed ?
		    loop.count - 1 - loop.index : loop.index));
		if (rc == 0)
			rc = render_list(r, &n->body);
		r->binding_count = bound + 1;
	}
	r->binding_count = bound;
	return rc;
}

static int
render_for(struct render *r, const struct node *n)
{
	const char *path = n->loop.items->base.path;
	struct tval v;

	if (expr_value(r, n->loop.items, true, false, &v) == -1)
		return -1;
	if (v.type == TVAL_NONE || v.type == TVAL_MISSING) {
		if (r->strict && !n->loop.has_empty)
			return render_fault(r, path, "is missing");
		return render_list(r, &n->loop.empty);
	}
	if (!tval_is_sequence(&v))
		return render_fault(r, path, "is %s, not a list",
		    tval_type_name(&v));
	if (render_items(r, &v, &v) == -1)
		return -1;
	if (v.count > 0)
		return run_loop(r, n, &v);
	if (r->strict && !n->loop.has_empty && path != NULL)
		return render_fault(r, path, "is empty");
	return render_list(r, &n->loop.empty);
}

static int
render_with(struct render *r, const struct node *n)
{
	size_t bound = r->binding_count;
	int rc = render_bind_all(r, n->with);

	if (rc == 0)
		rc = render_list(r, &n->body);
	r->binding_count = bound;
	return rc;
}

/* The small ones. */

static int
print_first(struct render *r, const void *what)
{
	const struct node *n = what;
	struct tval v;
	size_t i;

	for (i = 0; i < n->firstof.count; i++) {
		if (expr_value(r, n->firstof.values[i], true, false, &v) == -1)
			return -1;
		if (tval_is_true(&v))
			break;
	}
	if (i == n->firstof.count) {
		if (r->strict && n->firstof.as == NULL)
			return render_fault(r,
			    n->firstof.values[i - 1]->base.path, "is empty, "
			    "and so are all before it");
		return 0;
	}
	/* Once more, as something that a person will read. */
	if (r->strict &&
	    expr_value(r, n->firstof.values[i], false, true, &v) == -1)
		return -1;
	return render_print(r, n->firstof.values[i], &v);
}

/* The name stands for the text that would be printed. */
static int
render_firstof(struct render *r, const struct node *n)
{
	struct tval v;

	if (n->firstof.as == NULL)
		return print_first(r, n);
	if (render_capture(r, print_first, n, &v) == -1)
		return -1;
	return render_bind(r, n->firstof.as, v);
}

static int
render_cycle(struct render *r, const struct node *n)
{
	const struct cycle *c = n->cycle;
	size_t *state = &r->family->levels[r->level].cycles[c->index];
	const struct expr *x = c->values[*state % c->count];
	struct tval v;

	++*state;
	if (expr_value(r, x, false, true, &v) == -1)
		return -1;
	if (c->name != NULL && rebind(r, c->name, v) == -1)
		return -1;
	return c->silent ? 0 : render_print(r, x, &v);
}

static int
render_autoescape(struct render *r, const struct node *n)
{
	bool outer = r->autoescape;
	int rc;

	/* A text is never escaped: a reader would see the entities. */
	r->autoescape = n->on && r->env->html;
	rc = render_list(r, &n->body);
	r->autoescape = outer;
	return rc;
}

static int
render_filter(struct render *r, const struct node *n)
{
	struct tval v;

	if (render_capture(r, body_of, n, &v) == -1 ||
	    render_bind(r, "var", v) == -1 ||
	    expr_value(r, n->expr, false, false, &v) == -1)
		return -1;
	r->binding_count--;
	/* Django does not escape an argument that is printed, "add:name". */
	v.safe = v.own || !r->strict;
	return render_print(r, n->expr, &v);
}

static int
render_spaceless(struct render *r, const struct node *n)
{
	const char *s, *end, *after;
	struct tval v;

	if (render_capture(r, body_of, n, &v) == -1)
		return -1;
	s = v.text;
	end = s + v.len;
	while (s < end && strchr(" \t\n\r\f\v", *s) != NULL)
		s++;
	while (end > s && strchr(" \t\n\r\f\v", end[-1]) != NULL)
		end--;
	for (; s < end; s++) {
		buf_char(r->out, *s);
		if (*s != '>')
			continue;
		after = s + 1;
		while (after < end && strchr(" \t\n\r\f\v", *after) != NULL)
			after++;
		if (after < end && *after == '<')
			s = after - 1;
	}
	return 0;
}

static node_function *const functions[NODE_TYPES] = {
	[NODE_TEXT] = render_text, [NODE_STRAY] = render_stray,
	[NODE_VARIABLE] = render_variable, [NODE_IF] = render_if,
	[NODE_FOR] = render_for, [NODE_WITH] = render_with,
	[NODE_INCLUDE] = render_include, [NODE_BLOCK] = render_block,
	[NODE_FIRSTOF] = render_firstof, [NODE_CYCLE] = render_cycle,
	[NODE_AUTOESCAPE] = render_autoescape,
	[NODE_FILTER] = render_filter, [NODE_SPACELESS] = render_spaceless
};

int
render_list(struct render *r, const struct node_list *list)
{
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		r->at = n->at;
		if (++r->steps > TEMPLATE_STEPS_MAX)
			return render_error(r, EX_DATAERR, "more than %d "
			    "steps: loops too long", TEMPLATE_STEPS_MAX);
		if (functions[n->type](r, n) == -1)
			return -1;
		if (r->out->full)
			return render_error(r, EX_DATAERR, "longer than %zu "
			    "bytes", r->out->max);
	}
	return 0;
}

int
template_render(const struct template *t, const struct template_env *env,
    struct buf *out, const char **field, struct error *e)
{
	struct render r;
	const char *ignored = NULL;
	int rc;

	/* Not zeroed as a whole: the bindings are 12 KiB. */
	memset(&r, 0, offsetof(struct render, bindings));
	r.binding_count = r.floor = 0;
	r.only = false;
	r.env = env;
	r.out = out;
	r.e = e;
	r.field = field == NULL ? &ignored : field;
	*r.field = NULL;
	r.mem = (struct arena)ARENA_INIT(2 * TEMPLATE_MEMORY_MAX);
	r.autoescape = env->html;
	r.strict = env->missing == NULL;
	r.t = t;
	r.at = t->text;
	rc = render_template(&r, t);
	arena_release(&r.mem);
	return rc;
}
