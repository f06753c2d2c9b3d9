#include <string.h>

#include "template/chars.h"
#include "template/impl.h"

/* Expressions as they are read: variables, literals and their filters. */

/* A letter beyond ASCII is a word's, too: {{ dueño }}. */
static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || (unsigned char)c >= 0x80;
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
	    (char_is_digit(s[1]) || (s[1] == '.' && s + 2 < end &&
	    char_is_digit(s[2]))))
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

	if (!char_is_digit(*digits) && !(*digits == '.' && s.len > 1 &&
	    char_is_digit(digits[1])))
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
		if (!char_is_digit(s.s[i]))
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
