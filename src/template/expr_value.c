#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include "template/chars.h"
#include "base/text.h"
#include "template/impl.h"

/* Expressions as they are worked out: variables, literals and their filters. */

static bool
lookup_builtin(const char *name, struct tval *v)
{
	if (strcmp(name, "True") == 0 || strcmp(name, "False") == 0)
		*v = tval_bool(name[0] == 'T');
	else if (strcmp(name, "None") == 0)
		*v = TVAL_OF(TVAL_NONE);
	else
		return false;
	return true;
}

static struct tval
lookup_first(const struct render *r, const char *name)
{
	const struct value *found;
	struct tval v;
	size_t len;

	if (r->binding_count > r->floor) {
		len = strlen(name);
		for (size_t i = r->binding_count; i-- > r->floor; )
			if (r->bindings[i].len == len &&
			    memcmp(r->bindings[i].name, name, len) == 0)
				return r->bindings[i].value;
	}
	for (size_t i = 0; !r->only && i < r->env->scope_count; i++) {
		found = value_get(r->env->scopes[i], name);
		if (found != NULL)
			return tval_from(found);
	}
	if (!lookup_builtin(name, &v))
		v = TVAL_OF(TVAL_MISSING);
	return v;
}

/* A list of [key, value] pairs, or of keys, or of values. */
static int
object_view(struct render *r, const struct tval *v, const char *name,
    struct tval *out)
{
	struct value_iter it = { 0 };
	size_t n = 0, count = value_count(v->object);
	bool keys = strcmp(name, "values") != 0;
	bool values = strcmp(name, "keys") != 0;
	struct tval *items, *pair;

	if (count > TEMPLATE_STEPS_MAX || r->mem.used + 3 * count *
	    sizeof(*items) > TEMPLATE_MEMORY_MAX)
		return render_error(r, EX_DATAERR, "an object with %zu "
		    "members is too large", count);
	items = arena_alloc(&r->mem, (count + 1) * sizeof(*items));
	for (; value_next(v->object, &it); n++) {
		pair = arena_alloc(&r->mem, 2 * sizeof(*pair));
		pair[0] = TVAL_TEXT(it.key, strlen(it.key));
		pair[1] = tval_from(it.value);
		if (keys && values)
			items[n] = (struct tval){ .type = TVAL_LIST,
			    .items = pair, .count = 2 };
		else
			items[n] = keys ? pair[0] : pair[1];
	}
	*out = (struct tval){ .type = TVAL_LIST, .items = items, .count = n };
	return 0;
}

static int
step_object(struct render *r, struct tval *v, const char *name)
{
	const struct value *found = value_get(v->object, name);

	if (found == NULL && (strcmp(name, "items") == 0 ||
	    strcmp(name, "keys") == 0 || strcmp(name, "values") == 0))
		return object_view(r, v, name, v);
	*v = tval_from(found);
	return 0;
}

static void
step_sequence(struct tval *v, const char *name)
{
	struct tval text = TVAL_TEXT(name, strlen(name));
	int64_t i;

	if (!char_is_digit(*name) || !tval_to_integer(&text, &i) ||
	    (uint64_t)i >= tval_count(v))
		*v = TVAL_OF(TVAL_MISSING);
	else
		*v = tval_at(v, (size_t)i);
}

static void
step_loop(struct tval *v, const char *name)
{
	const struct loop *l = v->special;
	int64_t index = (int64_t)l->index, count = (int64_t)l->count;

	if (strcmp(name, "counter") == 0)
		*v = TVAL_INT(index + 1);
	else if (strcmp(name, "counter0") == 0)
		*v = TVAL_INT(index);
	else if (strcmp(name, "revcounter") == 0)
		*v = TVAL_INT(count - index);
	else if (strcmp(name, "revcounter0") == 0)
		*v = TVAL_INT(count - index - 1);
	else if (strcmp(name, "first") == 0)
		*v = tval_bool(index == 0);
	else if (strcmp(name, "last") == 0)
		*v = tval_bool(index == count - 1);
	else if (strcmp(name, "parentloop") == 0 && l->parent != NULL)
		v->special = l->parent;
	else
		*v = TVAL_OF(TVAL_MISSING);
}

static int
step(struct render *r, struct tval *v, const char *name)
{
	switch (v->type) {
	case TVAL_OBJECT:
		return step_object(r, v, name);
	case TVAL_LIST:
	case TVAL_STRING:
		/* A text is counted from its beginning. */
		if (v->type == TVAL_STRING)
			render_work(r, v);
		step_sequence(v, name);
		return 0;
	case TVAL_LOOP:
		step_loop(v, name);
		return 0;
	case TVAL_SUPER:
		if (strcmp(name, "super") == 0)
			return render_super(r, v->special, v);
		break;
	default:
		break;
	}
	*v = TVAL_OF(TVAL_MISSING);
	return 0;
}

static int
look_up(struct render *r, const struct operand *o, struct tval *v)
{
	if (o->path == NULL) {
		*v = o->literal;
		return 0;
	}
	*v = lookup_first(r, o->names[0]);
	for (size_t i = 1; i < o->count && v->type != TVAL_MISSING; i++)
		if (step(r, v, o->names[i]) == -1)
			return -1;
	return 0;
}

static bool
is_empty(const struct tval *v)
{
	if (v->type == TVAL_LIST)
		return v->count == 0;
	return v->type == TVAL_STRING && text_is_blank(v->text, v->len);
}

static bool
is_absent(const struct tval *v)
{
	return v->type == TVAL_MISSING || v->type == TVAL_NONE;
}

/* Before the filters, in a strict rendering. */
static int
check_input(struct render *r, const struct expr *x, const struct tval *v)
{
	unsigned flags = x->count > 0 ? x->filters[0].filter->flags : 0;

	if (x->base.path == NULL || (flags & FILTER_TAKES_MISSING) != 0)
		return 0;
	if (is_absent(v))
		return render_fault(r, x->base.path, "is %s",
		    tval_type_name(v));
	if (is_empty(v))
		return render_fault(r, x->base.path, "is empty");
	if ((flags & FILTER_TAKES_ANY) == 0 && v->type != TVAL_STRING &&
	    v->type != TVAL_INTEGER && v->type != TVAL_REAL &&
	    v->type != TVAL_SUPER)
		return render_fault(r, x->base.path, "is %s, which nobody "
		    "could read", tval_type_name(v));
	return 0;
}

/* What a filter of texts would print as Python's words for it. */
static bool
is_unreadable(const struct tval *v)
{
	return v->type == TVAL_NONE || v->type == TVAL_MISSING ||
	    v->type == TVAL_BOOL || v->type == TVAL_LIST ||
	    v->type == TVAL_OBJECT;
}

/* After them; `meant` is whether an empty text is what the author wants. */
static int
check_output(struct render *r, const struct expr *x, const struct tval *v,
    bool meant)
{
	if (is_unreadable(v))
		return render_fault(r, x->base.path, "becomes %s, which "
		    "nobody could read", tval_type_name(v));
	if (is_empty(v) && !meant)
		return render_fault(r, x->base.path, "becomes empty by its "
		    "filters");
	return 0;
}

/* A loop over little may do much with something large. */
void
render_work(struct render *r, const struct tval *v)
{
	if (v->type == TVAL_STRING)
		r->steps += v->len / VALUE_STEP;
	else if (v->type == TVAL_LIST || v->type == TVAL_OBJECT)
		r->steps += tval_weight(v) / VALUE_STEP;
}

/* To Django a condition is false then, and any other tag fails. */
static int
missing_argument(struct render *r, const char *path)
{
	if (!r->strict && r->in_condition) {
		r->undecided = true;
		return -1;
	}
	return render_fault(r, path, "is missing");
}

static int
apply(struct render *r, const struct application *a, struct tval *v)
{
	struct call c = { .r = r, .env = r->env, .self = a->filter,
	    .autoescape = r->autoescape };
	bool safe = v->safe, own = v->own;
	struct tval in = *v;

	r->steps++;
	render_work(r, v);
	if (a->arg != NULL) {
		c.has_arg = true;
		if (look_up(r, a->arg, &c.arg) == -1)
			return -1;
		if (c.arg.type == TVAL_MISSING)
			return missing_argument(r, a->arg->path);
		render_work(r, &c.arg);
		own = own && (c.arg.own || c.arg.type == TVAL_INTEGER);
	}
	if ((a->filter->flags & FILTER_STRING) != 0) {
		if (r->strict && is_unreadable(v) &&
		    (a->filter->flags & FILTER_TAKES_ANY) == 0)
			return render_fault(r, r->expr->base.path, "is %s "
			    "where the filter %s needs a text",
			    tval_type_name(v), a->filter->name);
		if (filter_text(&c, v, &in) == -1)
			return -1;
	}
	if (a->filter->apply(&c, &in, v) == -1)
		return -1;
	if (v->type != TVAL_STRING)
		return 0;
	v->own = own;
	if (safe && (a->filter->flags & FILTER_KEEPS_SAFE) != 0)
		v->safe = true;
	return 0;
}

/* A default that is itself empty would leave a hole. */
static int
check_default(struct render *r, const struct application *a,
    const struct tval *v)
{
	if (a->arg == NULL || a->arg->path == NULL || !is_empty(v) ||
	    (a->filter->flags & FILTER_MAY_BE_EMPTY) == 0)
		return 0;
	return render_fault(r, a->arg->path, "is empty");
}

/* What is not there stays so through all filters that have no word for it. */
static int
evaluate_strictly(struct render *r, const struct expr *x, bool printed,
    struct tval *v)
{
	const struct application *a;
	/* Nobody but the author of a template may leave a text empty. */
	bool meant = x->base.path == NULL, was_empty;

	if (printed && check_input(r, x, v) == -1)
		return -1;
	for (size_t i = 0; i < x->count; i++) {
		a = &x->filters[i];
		if (is_absent(v) &&
		    (a->filter->flags & FILTER_TAKES_MISSING) == 0) {
			v->type = TVAL_MISSING;
			break;
		}
		was_empty = is_empty(v);
		if (apply(r, a, v) == -1 ||
		    (printed && check_default(r, a, v) == -1))
			return -1;
		meant = (meant && was_empty) ||
		    (a->filter->flags & FILTER_MAY_BE_EMPTY) != 0;
	}
	return printed ? check_output(r, x, v, meant) : 0;
}

static int
evaluate(struct render *r, const struct expr *x, bool lenient, bool printed,
    struct tval *v)
{
	if (look_up(r, &x->base, v) == -1)
		return -1;
	if (r->strict) {
		if (evaluate_strictly(r, x, printed, v) == -1)
			return -1;
		if (v->type == TVAL_MISSING && lenient)
			v->type = TVAL_NONE;
		return 0;
	}
	if (v->type == TVAL_MISSING && lenient)
		v->type = TVAL_NONE;
	else if (v->type == TVAL_MISSING) {
		*v = TVAL_TEXT(r->env->missing, strlen(r->env->missing));
		/* Django shows such a text as it stands. */
		if (v->len > 0)
			return 0;
	}
	for (size_t i = 0; i < x->count; i++)
		if (apply(r, &x->filters[i], v) == -1)
			return -1;
	return 0;
}

int
expr_value(struct render *r, const struct expr *x, bool lenient, bool printed,
    struct tval *v)
{
	const struct expr *outer = r->expr;
	int rc;

	r->expr = x;
	rc = evaluate(r, x, lenient, printed, v);
	r->expr = outer;
	return rc;
}
