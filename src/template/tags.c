/* The tags, {% … %}. */
#include <string.h>

#include "base/near.h"
#include "template/impl.h"

struct tag {
	const char *name;
	int (*parse)(struct parser *p, struct node_list *list);
};

static int
need_words(struct parser *p, size_t least, size_t most, const char *form)
{
	if (p->word_count >= least && p->word_count <= most)
		return 0;
	return parse_error(p, p->at, "written wrong; it is {%% %s %%}", form);
}

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (strchr(" '\"|{}%:=", s.s[i]) != NULL)
			return false;
	return s.len > 0;
}

/* The end tag of what was just parsed may say nothing more. */
static int
need_bare(struct parser *p)
{
	return p->word_count == 1 ? 0 :
	    parse_error(p, p->words[1].s, "nothing may follow here");
}

/* if, for */

static int
add_branch(struct parser *p, struct branch ***last, bool conditional)
{
	static const char *const until[] = { "elif", "else", "endif", NULL };
	static const char *const final[] = { "endif", NULL };
	struct branch *b = arena_alloc(&p->t->mem, sizeof(*b));

	**last = b;
	*last = &b->next;
	if (!conditional)
		return need_bare(p) == -1 ? -1 :
		    parse_until(p, &b->body, final);
	b->condition = parse_condition(p);
	return b->condition == NULL ? -1 : parse_until(p, &b->body, until);
}

static int
parse_if(struct parser *p, struct node_list *list)
{
	struct branch **last = &parse_node(p, list, NODE_IF)->branches;

	if (add_branch(p, &last, true) == -1)
		return -1;
	while (span_is(p->words[0], "elif"))
		if (add_branch(p, &last, true) == -1)
			return -1;
	if (span_is(p->words[0], "else") && add_branch(p, &last, false) == -1)
		return -1;
	return need_bare(p);
}

/*
 * "key, value" as the words between "for" and "in" have it: separated by
 * commas, with or without blanks.
 */
static int
loop_names(struct parser *p, struct node *n, size_t words)
{
	const char *s = p->words[1].s;
	const char *end = p->words[words].s + p->words[words].len, *start;
	char *names[WORDS_MAX];
	struct span name;

	for (;;) {
		while (s < end && *s == ' ')
			s++;
		for (start = s; s < end && *s != ','; s++)
			continue;
		name = (struct span){ start, (size_t)(s - start) };
		while (name.len > 0 && name.s[name.len - 1] == ' ')
			name.len--;
		if (!is_name(name) || n->loop.name_count == WORDS_MAX)
			return parse_error(p, start, "not a name for the items "
			    "of a loop");
		parse_local(p, name);
		names[n->loop.name_count++] = parse_copy(p, name);
		if (s == end)
			break;
		s++;
	}
	n->loop.names = arena_alloc(&p->t->mem, n->loop.name_count *
	    sizeof(*names));
	memcpy(n->loop.names, names, n->loop.name_count * sizeof(*names));
	return 0;
}

static int
parse_for(struct parser *p, struct node_list *list)
{
	static const char *const until[] = { "empty", "endfor", NULL };
	static const char *const final[] = { "endfor", NULL };
	struct node *n = parse_node(p, list, NODE_FOR);
	struct local *outer = p->locals;
	size_t last = p->word_count - 1;

	n->loop.reversed = last > 0 && span_is(p->words[last], "reversed");
	if (n->loop.reversed)
		last--;
	if (last < 3 || !span_is(p->words[last - 1], "in"))
		return parse_error(p, p->at, "written wrong; it is "
		    "{%% for NAME in LIST %%}");
	n->loop.items = parse_expr(p, p->words[last], false);
	if (n->loop.items == NULL || loop_names(p, n, last - 2) == -1)
		return -1;
	parse_local(p, SPAN("forloop"));
	if (parse_until(p, &n->body, until) == -1)
		return -1;
	p->locals = outer;
	if (span_is(p->words[0], "empty")) {
		n->loop.has_empty = true;
		if (need_bare(p) == -1 ||
		    parse_until(p, &n->loop.empty, final) == -1)
			return -1;
	}
	return need_bare(p);
}

/* with, include */

static int
assign(struct parser *p, struct assignment ***last, struct span name,
    struct span value)
{
	struct assignment *a = arena_alloc(&p->t->mem, sizeof(*a));

	a->name = parse_copy(p, name);
	a->value = parse_expr(p, value, false);
	**last = a;
	*last = &a->next;
	return a->value == NULL ? -1 : 0;
}

/* name=value; false when the word is none. */
static bool
split_assignment(struct span word, struct span *name, struct span *value)
{
	const char *equals = memchr(word.s, '=', word.len);

	if (equals == NULL || equals == word.s ||
	    equals + 1 == word.s + word.len)
		return false;
	*name = (struct span){ word.s, (size_t)(equals - word.s) };
	*value = (struct span){ equals + 1,
	    word.len - name->len - 1 };
	return is_name(*name) && memchr(name->s, '.', name->len) == NULL;
}

/*
 * a=b c=d from the word *i on, as many as there are; `as` allows the older
 * "b as a and d as c" as well.
 */
static int
parse_assignments(struct parser *p, size_t *i, bool as,
    struct assignment **first)
{
	struct assignment **last = first;
	struct span name, value;

	as = as && *i + 2 < p->word_count && span_is(p->words[*i + 1], "as") &&
	    !split_assignment(p->words[*i], &name, &value);
	while (*i < p->word_count) {
		if (as) {
			if (*i + 2 >= p->word_count ||
			    !span_is(p->words[*i + 1], "as"))
				break;
			if (assign(p, &last, p->words[*i + 2],
			    p->words[*i]) == -1)
				return -1;
			*i += 3;
			if (*i == p->word_count ||
			    !span_is(p->words[*i], "and"))
				break;
			++*i;
			continue;
		}
		if (!split_assignment(p->words[*i], &name, &value))
			break;
		if (assign(p, &last, name, value) == -1)
			return -1;
		++*i;
	}
	return 0;
}

static void
make_local(struct parser *p, const struct assignment *a)
{
	for (; a != NULL; a = a->next)
		parse_local(p, (struct span){ a->name, strlen(a->name) });
}

static int
parse_with(struct parser *p, struct node_list *list)
{
	static const char *const until[] = { "endwith", NULL };
	struct node *n = parse_node(p, list, NODE_WITH);
	struct local *outer = p->locals;
	size_t i = 1;

	if (parse_assignments(p, &i, true, &n->with) == -1)
		return -1;
	if (n->with == NULL || i < p->word_count)
		return parse_error(p, p->at, "written wrong; it is "
		    "{%% with NAME=VALUE %%}");
	make_local(p, n->with);
	if (parse_until(p, &n->body, until) == -1)
		return -1;
	p->locals = outer;
	return need_bare(p);
}

/* Names that are written out can be checked before anything is rendered. */
static void
note_reference(struct parser *p, const struct expr *name,
    const struct assignment *with)
{
	struct use *u;

	if (name->base.path != NULL || name->count > 0 ||
	    name->base.literal.type != TVAL_STRING)
		return;
	u = arena_alloc(&p->t->mem, sizeof(*u));
	u->at = name->at;
	u->told.path = parse_copy(p, (struct span){ name->base.literal.text,
	    name->base.literal.len });
	u->told.source = name->source;
	for (const struct assignment *a = with; a != NULL; a = a->next)
		u->told.given_count++;
	u->told.given = arena_alloc(&p->t->mem, (u->told.given_count + 1) *
	    sizeof(char *));
	for (size_t i = 0; with != NULL; with = with->next)
		((const char **)(uintptr_t)u->told.given)[i++] = with->name;
	if (p->t->last_reference == NULL)
		p->t->references = u;
	else
		p->t->last_reference->next = u;
	p->t->last_reference = u;
}

static int
parse_include(struct parser *p, struct node_list *list)
{
	struct node *n = parse_node(p, list, NODE_INCLUDE);
	size_t i = 2;

	if (need_words(p, 2, WORDS_MAX, "include \"NAME\" with A=B") == -1)
		return -1;
	n->include.name = parse_expr(p, p->words[1], true);
	if (n->include.name == NULL)
		return -1;
	while (i < p->word_count) {
		if (span_is(p->words[i], "only") && !n->include.only) {
			n->include.only = true;
			i++;
			continue;
		}
		if (!span_is(p->words[i], "with") || n->include.with != NULL)
			return parse_error(p, p->words[i].s, "not understood "
			    "in an include");
		i++;
		if (parse_assignments(p, &i, false, &n->include.with) == -1)
			return -1;
		if (n->include.with == NULL)
			return parse_error(p, p->at, "\"with\" needs at least "
			    "one NAME=VALUE");
	}
	note_reference(p, n->include.name, n->include.with);
	return 0;
}

/* extends, block */

static int
parse_extends(struct parser *p, struct node_list *list)
{
	if (need_words(p, 2, 2, "extends \"NAME\"") == -1)
		return -1;
	if (p->seen_tag || p->depth > 1)
		return parse_error(p, p->at, p->t->extends != NULL ?
		    "extends may stand only once" :
		    "extends must be the first tag");
	p->t->extends = parse_expr(p, p->words[1], true);
	if (p->t->extends == NULL)
		return -1;
	note_reference(p, p->t->extends, NULL);
	/* Text before it is printed, text after it is not. */
	p->t->before = *list;
	*list = (struct node_list){ NULL, NULL };
	return 0;
}

static int
parse_block(struct parser *p, struct node_list *list)
{
	static const char *const until[] = { "endblock", NULL };
	struct local *outer = p->locals;
	struct node *n, *other;
	struct span name;

	if (need_words(p, 2, 2, "block NAME") == -1)
		return -1;
	name = p->words[1];
	n = parse_node(p, list, NODE_BLOCK);
	n->block.name = parse_copy(p, name);
	for (other = p->t->blocks; other != NULL; other = other->block.others)
		if (span_is(name, other->block.name))
			return parse_error(p, name.s, "there is a block of this "
			    "name already");
	n->block.others = p->t->blocks;
	p->t->blocks = n;
	parse_local(p, SPAN("block"));
	if (parse_until(p, &n->body, until) == -1)
		return -1;
	p->locals = outer;
	if (p->word_count > 2 || (p->word_count == 2 &&
	    !span_equal(p->words[1], name)))
		return parse_error(p, p->at, "this closes another block than "
		    "%s", n->block.name);
	return 0;
}

/* firstof, cycle */

static int
parse_values(struct parser *p, size_t from, size_t to, bool printed,
    struct expr ***values)
{
	*values = arena_alloc(&p->t->mem, (to - from) * sizeof(**values) + 1);
	for (size_t i = from; i < to; i++) {
		(*values)[i - from] = parse_expr(p, p->words[i], printed);
		if ((*values)[i - from] == NULL)
			return -1;
	}
	return 0;
}

static int
parse_firstof(struct parser *p, struct node_list *list)
{
	struct node *n = parse_node(p, list, NODE_FIRSTOF);
	size_t end = p->word_count;

	if (need_words(p, 2, WORDS_MAX, "firstof A B") == -1)
		return -1;
	if (end > 3 && span_is(p->words[end - 2], "as")) {
		n->firstof.as = parse_copy(p, p->words[end - 1]);
		end -= 2;
	}
	n->firstof.count = end - 1;
	if (parse_values(p, 1, end, false, &n->firstof.values) == -1)
		return -1;
	if (n->firstof.as != NULL)
		parse_local(p, p->words[end + 1]);
	return 0;
}

static int
parse_named_cycle(struct parser *p, struct node_list *list)
{
	for (const struct named_cycle *c = p->named; c != NULL; c = c->next)
		if (span_equal(c->name, p->words[1])) {
			parse_node(p, list, NODE_CYCLE)->cycle =
			    c->node->cycle;
			return 0;
		}
	return parse_error(p, p->words[1].s, "no cycle of this name stands "
	    "above");
}

static int
parse_cycle(struct parser *p, struct node_list *list)
{
	size_t count = p->word_count, end = count;
	struct named_cycle *named;
	struct cycle *c;
	struct node *n;

	if (need_words(p, 2, WORDS_MAX, "cycle A B") == -1)
		return -1;
	if (count == 2)
		return parse_named_cycle(p, list);
	n = parse_node(p, list, NODE_CYCLE);
	c = arena_alloc(&p->t->mem, sizeof(*c));
	if (count > 4 && span_is(p->words[count - 3], "as")) {
		if (!span_is(p->words[count - 1], "silent"))
			return parse_error(p, p->words[count - 1].s, "only "
			    "\"silent\" may follow the name of a cycle");
		c->silent = true;
		end = count - 3;
	} else if (count > 4 && span_is(p->words[count - 2], "as"))
		end = count - 2;
	c->index = p->t->cycles++;
	c->count = end - 1;
	if (parse_values(p, 1, end, true, &c->values) == -1)
		return -1;
	n->cycle = c;
	if (end == count)
		return 0;
	c->name = parse_copy(p, p->words[end + 1]);
	named = arena_alloc(&p->t->mem, sizeof(*named));
	*named = (struct named_cycle){ p->named, p->words[end + 1], n };
	p->named = named;
	parse_local(p, p->words[end + 1]);
	return 0;
}

/* autoescape, filter, spaceless, verbatim, comment, templatetag */

static int
parse_autoescape(struct parser *p, struct node_list *list)
{
	static const char *const until[] = { "endautoescape", NULL };
	struct node *n = parse_node(p, list, NODE_AUTOESCAPE);

	if (need_words(p, 2, 2, "autoescape on|off") == -1)
		return -1;
	n->on = span_is(p->words[1], "on");
	if (!n->on && !span_is(p->words[1], "off"))
		return parse_error(p, p->words[1].s, "neither on nor off");
	return parse_until(p, &n->body, until) == -1 ? -1 : need_bare(p);
}

static int
parse_filter(struct parser *p, struct node_list *list)
{
	static const char *const until[] = { "endfilter", NULL };
	struct node *n = parse_node(p, list, NODE_FILTER);
	struct local *outer = p->locals;
	const char *name;
	char *text;

	if (need_words(p, 2, WORDS_MAX, "filter NAME") == -1)
		return -1;
	/* "filter upper" is {{ var|upper }} of what stands inside. */
	text = arena_printf(&p->t->mem, "var|%.*s", (int)(p->content.s +
	    p->content.len - p->words[1].s), p->words[1].s);
	parse_local(p, SPAN("var"));
	n->expr = parse_expr(p, (struct span){ text, strlen(text) }, false);
	p->locals = outer;
	if (n->expr == NULL)
		return -1;
	for (size_t i = 0; i < n->expr->count; i++) {
		name = n->expr->filters[i].filter->name;
		if (strcmp(name, "escape") == 0 || strcmp(name, "safe") == 0)
			return parse_error(p, p->words[1].s, "the filter %s "
			    "may not stand here; use autoescape", name);
	}
	return parse_until(p, &n->body, until) == -1 ? -1 : need_bare(p);
}

static int
parse_spaceless(struct parser *p, struct node_list *list)
{
	static const char *const until[] = { "endspaceless", NULL };
	struct node *n = parse_node(p, list, NODE_SPACELESS);

	if (need_words(p, 1, 1, "spaceless") == -1)
		return -1;
	return parse_until(p, &n->body, until) == -1 ? -1 : need_bare(p);
}

/* The tokens give nothing but text until its end. */
static int
parse_verbatim(struct parser *p, struct node_list *list)
{
	const char *opened = p->at;
	struct node *n;

	for (;;) {
		if (parse_next(p) == -1)
			return -1;
		if (p->token == TOKEN_END)
			return parse_error(p, opened, "a tag is not closed: "
			    "endverbatim is missing");
		if (p->token == TOKEN_TAG)
			return 0;
		n = parse_node(p, list, NODE_TEXT);
		n->text = p->content;
	}
}

/* What stands inside need not be right, only its tokens be closed. */
static int
parse_comment(struct parser *p, struct node_list *list)
{
	const char *opened = p->at;

	(void)list;
	do {
		if (!parse_skip(p))
			return parse_error(p, opened, "a tag is not closed: "
			    "endcomment is missing");
	} while (p->token != TOKEN_TAG || !span_is(p->content, "endcomment"));
	return 0;
}

static int
parse_templatetag(struct parser *p, struct node_list *list)
{
	static const struct { const char *name, *text; } braces[] = {
		{ "openblock", "{%" }, { "closeblock", "%}" },
		{ "openvariable", "{{" },
		{ "closevariable", "}}" }, { "openbrace", "{" },
		{ "closebrace", "}" }, { "opencomment", "{#" },
		{ "closecomment", "#}" }
	};

	if (need_words(p, 2, 2, "templatetag NAME") == -1)
		return -1;
	for (size_t i = 0; i < sizeof(braces) / sizeof(braces[0]); i++)
		if (span_is(p->words[1], braces[i].name)) {
			parse_node(p, list, NODE_TEXT)->text = (struct span){
			    braces[i].text, strlen(braces[i].text) };
			return 0;
		}
	return parse_error(p, p->words[1].s, "one of openblock, closeblock, "
	    "openvariable, closevariable, openbrace, closebrace, opencomment, "
	    "closecomment is needed");
}

static const struct tag tags[] = {
	{ "autoescape", parse_autoescape }, { "block", parse_block },
	{ "comment", parse_comment }, { "cycle", parse_cycle },
	{ "extends", parse_extends }, { "filter", parse_filter },
	{ "firstof", parse_firstof }, { "for", parse_for },
	{ "if", parse_if }, { "include", parse_include },
	{ "spaceless", parse_spaceless },
	{ "templatetag", parse_templatetag }, { "verbatim", parse_verbatim },
	{ "with", parse_with }
};

/* Those that only close or divide others. */
static const char *const enders[] = { "elif", "else", "empty",
	"endautoescape", "endblock", "endcomment", "endfilter", "endfor",
	"endif", "endspaceless", "endverbatim", "endwith" };

static int
unknown_tag(struct parser *p, struct span name)
{
	struct near near = NEAR_INIT(name.s, name.len);

	for (size_t i = 0; i < sizeof(enders) / sizeof(enders[0]); i++) {
		if (span_is(name, enders[i]))
			return parse_error(p, p->at, "%s has nothing to close "
			    "or divide here", enders[i]);
		near_consider(&near, enders[i]);
	}
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		near_consider(&near, tags[i].name);
	return parse_error(p, name.s, "no such tag: %.*s%s%s%s",
	    (int)(name.len > 40 ? 40 : name.len), name.s,
	    near.best == NULL ? "" : "; did you mean ",
	    near.best == NULL ? "" : near.best, near.best == NULL ? "" : "?");
}

int
parse_tag(struct parser *p, struct node_list *list)
{
	struct span name = p->words[0];

	p->t->has_tags = p->t->has_tags || !span_is(name, "comment");
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (span_is(name, tags[i].name)) {
			if (tags[i].parse(p, list) == -1)
				return -1;
			p->seen_tag = true;
			return 0;
		}
	return unknown_tag(p, name);
}
