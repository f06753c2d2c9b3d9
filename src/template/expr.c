/* Expressions: variables, literals and their filters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "template/impl.h"

/* Parsing. */

/* A letter beyond ASCII is a word's, too: {{ dueño }}. */
static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The end of the quoted text that begins at `s`; NULL when it has none. */
static const char *
quoted_end(const char *s, const char *end)
{
	char quote = *s;

	for (s++; s < end && *s != quote; s++)
		if (*s == '\\' && s + 1 < end)
			s++;
	return s < end ? s + 1 : NULL;
}

/* The end of a quoted text, a number or a path; `s` when there is none. */
static const char *
operand_end(const char *s, const char *end)
{
	const char *start = s;

	if (s < end && (*s == '"' || *s == '\'')) {
		s = quoted_end(s, end);
		return s == NULL ? start : s;
	}
	if (s + 1 < end && (*s == '-' || *s == '+') &&
	    (is_digit(s[1]) || (s[1] == '.' && s + 2 < end && is_digit(s[2]))))
		s++;
	while (s < end && (is_word(*s) || *s == '.'))
		s++;
	return s;
}

/* Within quotes a backslash takes the meaning from a quote and itself. */
static void
parse_quoted(struct parser *p, struct span s, struct operand *o)
{
	char *text = arena_alloc(&p->t->mem, s.len);
	size_t len = 0;

	for (size_t i = 1; i + 1 < s.len; i++) {
		if (s.s[i] == '\\' && i + 2 < s.len &&
		    (s.s[i + 1] == s.s[0] || s.s[i + 1] == '\\'))
			i++;
		text[len++] = s.s[i];
	}
	o->literal = TVAL_TEXT(text, len);
	o->literal.safe = o->literal.own = true;
}

/* 3, -3, 1.5, .5, 1e3; not 1.2.3, which is a path. */
static bool
parse_number(struct span s, struct operand *o)
{
	struct tval text = TVAL_TEXT(s.s, s.len);
	const char *digits = s.s + (*s.s == '-' || *s.s == '+');
	bool real = memchr(s.s, '.', s.len) != NULL ||
	    memchr(s.s, 'e', s.len) != NULL || memchr(s.s, 'E', s.len) != NULL;

	if (!is_digit(*digits) && !(*digits == '.' && s.len > 1 &&
	    is_digit(digits[1])))
		return false;
	if (real && s.s[s.len - 1] == '.')
		return false;
	o->literal.type = real ? TVAL_REAL : TVAL_INTEGER;
	return real ? tval_to_real(&text, &o->literal.d) :
	    tval_to_integer(&text, &o->literal.n);
}

static bool
is_whole_number(struct span s)
{
	for (size_t i = *s.s == '-' || *s.s == '+'; i < s.len; i++)
		if (!is_digit(s.s[i]))
			return false;
	return true;
}

static int
parse_path(struct parser *p, struct span s, struct operand *o)
{
	size_t dots = 0;
	char *name;

	if (s.len > TEMPLATE_PATH_MAX)
		return parse_error(p, s.s, "a name of more than %d bytes",
		    TEMPLATE_PATH_MAX);
	for (size_t i = 0; i < s.len; i++) {
		if ((i == 0 || s.s[i - 1] == '.') && s.s[i] == '_')
			return parse_error(p, s.s + i,
			    "a name may not begin with an underscore");
		if (s.s[i] == '.' && (i == 0 || i + 1 == s.len ||
		    s.s[i + 1] == '.'))
			return parse_error(p, s.s + i,
			    "a name is missing beside the dot");
		dots += s.s[i] == '.';
	}
	o->path = parse_copy(p, s);
	o->names = arena_alloc(&p->t->mem, (dots + 1) * sizeof(char *));
	name = parse_copy(p, s);
	for (char *rest = name; name != NULL; name = rest) {
		strsep(&rest, ".");
		o->names[o->count++] = name;
	}
	return 0;
}

static int
parse_operand(struct parser *p, struct span s, struct operand *o)
{
	o->literal = TVAL_OF(TVAL_MISSING);
	if (*s.s == '"' || *s.s == '\'')
		parse_quoted(p, s, o);
	else if (parse_number(s, o))
		return 0;
	else if (is_whole_number(s))
		return parse_error(p, s.s, "a number of more than 64 bits");
	else
		return parse_path(p, s, o);
	return 0;
}

static bool
is_local(const struct parser *p, const char *name)
{
	for (const struct local *l = p->locals; l != NULL; l = l->next)
		if (span_is(l->name, name))
			return true;
	return false;
}

/* NULL: it is no variable of the data. */
static struct use *
note_variable(struct parser *p, const struct operand *o, const char *at,
    const char *source, bool printed)
{
	static const char *const builtin[] = { "True", "False", "None" };
	struct use *u;

	if (o->path == NULL || is_local(p, o->names[0]))
		return NULL;
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		if (o->count == 1 && strcmp(o->path, builtin[i]) == 0)
			return NULL;
	u = arena_alloc(&p->t->mem, sizeof(*u));
	u->at = parse_place(p, at);
	u->told = (struct template_use){ .path = o->path, .source = source,
	    .printed = printed, .plain = printed && p->depth <= 1 };
	if (p->t->last_variable == NULL)
		p->t->variables = u;
	else
		p->t->last_variable->next = u;
	p->t->last_variable = u;
	return u;
}

static int
parse_argument(struct parser *p, const char **s, const char *end,
    struct expr *x, struct application *a)
{
	const char *start = *s + 1;

	*s = operand_end(start, end);
	if (*s == start)
		return parse_error(p, start, "the argument of the filter %s "
		    "is missing", a->filter->name);
	a->arg = arena_alloc(&p->t->mem, sizeof(*a->arg));
	if (parse_operand(p, (struct span){ start, (size_t)(*s - start) },
	    a->arg) == -1)
		return -1;
	note_variable(p, a->arg, start, x->source, true);
	return 0;
}

static int
unknown_filter(struct parser *p, const char *name, size_t len)
{
	const char *near = filter_near(name, len);

	if (len == 0)
		return parse_error(p, name, "the name of a filter is missing "
		    "after |");
	return parse_error(p, name, "no such filter: %.*s%s%s%s",
	    (int)(len > 40 ? 40 : len), name,
	    near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
	    near == NULL ? "" : "?");
}

/* At a "|", maybe with blanks before it. */
static int
parse_filter(struct parser *p, const char **s, const char *end,
    struct expr *x)
{
	struct application *a = &x->filters[x->count];
	const char *name;

	name = *s + 1;
	while (name < end && (*name == ' ' || *name == '\t'))
		name++;
	for (*s = name; *s < end && is_word(**s); (*s)++)
		continue;
	if (x->count == TEMPLATE_FILTERS_MAX)
		return parse_error(p, name, "more than %d filters",
		    TEMPLATE_FILTERS_MAX);
	a->filter = filter_find(name, (size_t)(*s - name));
	if (a->filter == NULL)
		return unknown_filter(p, name, (size_t)(*s - name));
	if (*s < end && **s == ':' && parse_argument(p, s, end, x, a) == -1)
		return -1;
	if (a->arg == NULL && (a->filter->flags & FILTER_ARG) != 0)
		return parse_error(p, name, "the filter %s needs an argument",
		    a->filter->name);
	if (a->arg != NULL && (a->filter->flags &
	    (FILTER_ARG | FILTER_ARG_OPTIONAL)) == 0)
		return parse_error(p, name, "the filter %s takes no argument",
		    a->filter->name);
	if ((a->filter->flags & FILTER_MAY_BE_EMPTY) != 0)
		x->may_be_empty = true;
	x->count++;
	return 0;
}

struct expr *
parse_expr(struct parser *p, struct span span, bool printed)
{
	const char *s = span.s, *end = s + span.len, *bar;
	struct expr *x = arena_alloc(&p->t->mem, sizeof(*x));
	struct application filters[TEMPLATE_FILTERS_MAX + 1];
	struct use *use;

	memset(filters, 0, sizeof(filters));
	x->at = s;
	x->source = parse_copy(p, span);
	x->filters = filters;
	s = operand_end(s, end);
	if (s == x->at) {
		parse_error(p, s, "no name, number or quoted text");
		return NULL;
	}
	if (parse_operand(p, (struct span){ x->at, (size_t)(s - x->at) },
	    &x->base) == -1)
		return NULL;
	use = note_variable(p, &x->base, x->at, x->source, printed);
	while (s < end) {
		for (bar = s; bar < end && (*bar == ' ' || *bar == '\t'); bar++)
			continue;
		if (bar == end || *bar != '|') {
			parse_error(p, bar, "not understood: %.*s",
			    (int)(end - bar > 40 ? 40 : end - bar), bar);
			return NULL;
		}
		s = bar;
		if (parse_filter(p, &s, end, x) == -1)
			return NULL;
	}
	x->filters = arena_alloc(&p->t->mem, x->count * sizeof(filters[0]) + 1);
	memcpy(x->filters, filters, x->count * sizeof(filters[0]));
	/* A default may stand for what is not there. */
	if (use != NULL && x->count > 0 &&
	    (filters[0].filter->flags & FILTER_TAKES_MISSING) != 0)
		use->told.printed = false;
	return x;
}

/* Rendering. */

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

	if (!is_digit(*name) || !tval_to_integer(&text, &i) ||
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

/* White space and what cannot be seen, such as U+200B. */
static bool
is_invisible(UChar32 c)
{
	return u_isUWhiteSpace(c) || u_charType(c) == U_FORMAT_CHAR ||
	    u_charType(c) == U_CONTROL_CHAR;
}

static bool
is_empty(const struct tval *v)
{
	int32_t i = 0, len = (int32_t)v->len;
	UChar32 c;

	if (v->type == TVAL_LIST)
		return v->count == 0;
	if (v->type != TVAL_STRING)
		return false;
	while (i < len) {
		U8_NEXT((const uint8_t *)v->text, i, len, c);
		if (!is_invisible(c))
			return false;
	}
	return true;
}

/* Before the filters, in a strict rendering. */
static int
check_input(struct render *r, const struct expr *x, const struct tval *v)
{
	unsigned flags = x->count > 0 ? x->filters[0].filter->flags : 0;

	if (x->base.path == NULL || (flags & FILTER_TAKES_MISSING) != 0)
		return 0;
	if (v->type == TVAL_MISSING || v->type == TVAL_NONE)
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

/* After them. */
static int
check_output(struct render *r, const struct expr *x, const struct tval *v)
{
	if (is_unreadable(v))
		return render_fault(r, x->base.path, "becomes %s, which "
		    "nobody could read", tval_type_name(v));
	if (is_empty(v) && !x->may_be_empty && x->base.path != NULL)
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
		r->steps += tval_count(v) / VALUE_STEP;
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
apply(struct render *r, const struct application *a, bool printed,
    struct tval *v)
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
		if (r->strict && printed && is_unreadable(v) &&
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

static int
evaluate(struct render *r, const struct expr *x, bool lenient, bool printed,
    struct tval *v)
{
	if (look_up(r, &x->base, v) == -1)
		return -1;
	if (r->strict && printed && check_input(r, x, v) == -1)
		return -1;
	if (v->type == TVAL_MISSING) {
		if (lenient || (r->strict && x->count > 0))
			v->type = TVAL_NONE;
		else if (!r->strict) {
			*v = TVAL_TEXT(r->env->missing,
			    strlen(r->env->missing));
			/* Django shows such a text as it stands. */
			if (v->len > 0)
				return 0;
		}
	}
	for (size_t i = 0; i < x->count; i++)
		if (apply(r, &x->filters[i], printed, v) == -1)
			return -1;
	return r->strict && printed ? check_output(r, x, v) : 0;
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
