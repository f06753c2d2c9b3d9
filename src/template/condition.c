/* {% if %}: a Pratt parser, with Django's operators and binding powers. */
#include <string.h>

#include "template/impl.h"

static const struct infix {
	const char *word;
	enum operator op;
	int power;
} infixes[] = {
	{ "or", OP_OR, 6 }, { "and", OP_AND, 7 }, { "in", OP_IN, 9 },
	{ "is", OP_IS, 10 }, { "==", OP_EQUAL, 10 }, { "!=", OP_DIFFERENT, 10 },
	{ ">", OP_GREATER, 10 }, { ">=", OP_NOT_LESS, 10 },
	{ "<", OP_LESS, 10 }, { "<=", OP_NOT_GREATER, 10 }
};

#define POWER_NOT	8
#define POWER_NOT_IN	9
#define POWER_IS_NOT	10

struct scan {
	struct parser *p;
	size_t word;
	unsigned operators;
};

static struct condition *parse_from(struct scan *s, int power);

static bool
word_is(const struct scan *s, size_t i, const char *word)
{
	return i < s->p->word_count && span_is(s->p->words[i], word);
}

/* The operator at hand and how many words it has; 0 when there is none. */
static size_t
infix_at(const struct scan *s, struct infix *found)
{
	if (word_is(s, s->word, "not") && word_is(s, s->word + 1, "in")) {
		*found = (struct infix){ "not in", OP_NOT_IN, POWER_NOT_IN };
		return 2;
	}
	if (word_is(s, s->word, "is") && word_is(s, s->word + 1, "not")) {
		*found = (struct infix){ "is not", OP_IS_NOT, POWER_IS_NOT };
		return 2;
	}
	for (size_t i = 0; i < sizeof(infixes) / sizeof(infixes[0]); i++)
		if (word_is(s, s->word, infixes[i].word)) {
			*found = infixes[i];
			return 1;
		}
	return 0;
}

static struct condition *
new_condition(struct scan *s, enum operator op)
{
	struct condition *c = arena_alloc(&s->p->t->mem, sizeof(*c));

	c->op = op;
	if (op != OP_VALUE && ++s->operators > CONDITION_MAX) {
		parse_error(s->p, s->p->at, "a condition with more than %d "
		    "operators", CONDITION_MAX);
		return NULL;
	}
	return c;
}

static struct condition *
parse_prefix(struct scan *s)
{
	struct condition *c;
	struct infix found;

	if (s->word == s->p->word_count) {
		parse_error(s->p, s->p->at, "the condition ends where a value "
		    "is needed");
		return NULL;
	}
	if (word_is(s, s->word, "not") && !word_is(s, s->word + 1, "in")) {
		s->word++;
		c = new_condition(s, OP_NOT);
		if (c != NULL)
			c->right = parse_from(s, POWER_NOT);
		return c != NULL && c->right != NULL ? c : NULL;
	}
	if (infix_at(s, &found) > 0) {
		parse_error(s->p, s->p->words[s->word].s,
		    "%s needs a value before it", found.word);
		return NULL;
	}
	c = new_condition(s, OP_VALUE);
	if (c == NULL)
		return NULL;
	c->value = parse_expr(s->p, s->p->words[s->word++], false);
	return c->value != NULL ? c : NULL;
}

static struct condition *
parse_from(struct scan *s, int power)
{
	struct condition *left = parse_prefix(s), *c;
	struct infix found;
	size_t words;

	while (left != NULL && (words = infix_at(s, &found)) > 0 &&
	    found.power > power) {
		s->word += words;
		c = new_condition(s, found.op);
		if (c == NULL)
			return NULL;
		c->left = left;
		c->right = parse_from(s, found.power);
		left = c->right != NULL ? c : NULL;
	}
	return left;
}

struct condition *
parse_condition(struct parser *p)
{
	struct scan s = { .p = p, .word = 1 };
	struct condition *c = parse_from(&s, 0);

	if (c != NULL && s.word < p->word_count) {
		parse_error(p, p->words[s.word].s, "not understood after the "
		    "condition: %.*s", (int)(p->words[s.word].len > 40 ? 40 :
		    p->words[s.word].len), p->words[s.word].s);
		return NULL;
	}
	return c;
}

/* Rendering. */

static int evaluate(struct render *r, const struct condition *c,
    struct tval *v);

static bool
contains_text(const struct tval *in, const struct tval *part)
{
	return part->len == 0 || memmem(in->text, in->len, part->text,
	    part->len) != NULL;
}

static bool
has_key(const struct value *object, const struct tval *key)
{
	struct value_iter it = { 0 };

	while (value_next(object, &it))
		if (strlen(it.key) == key->len &&
		    memcmp(it.key, key->text, key->len) == 0)
			return true;
	return false;
}

static bool
contains(const struct tval *in, const struct tval *v)
{
	struct tval item;

	if (in->type == TVAL_STRING)
		return v->type == TVAL_STRING && contains_text(in, v);
	if (in->type == TVAL_OBJECT)
		return v->type == TVAL_STRING && has_key(in->object, v);
	for (size_t i = 0; in->type == TVAL_LIST && i < in->count; i++) {
		item = tval_at(in, i);
		if (tval_equal(&item, v))
			return true;
	}
	return false;
}

/* What "not in" cannot look into is false as well, as "in" is. */
static bool
is_container(const struct tval *in, const struct tval *v)
{
	return in->type == TVAL_LIST || in->type == TVAL_OBJECT ||
	    (in->type == TVAL_STRING && v->type == TVAL_STRING);
}

/* Python's "is", as far as values of JSON have an identity. */
static bool
is_same(const struct tval *a, const struct tval *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == TVAL_LIST)
		return a->json == b->json && a->items == b->items;
	if (a->type == TVAL_OBJECT)
		return a->object == b->object;
	return tval_equal(a, b);
}

static bool
is_in_order(enum operator op, const struct tval *a, const struct tval *b)
{
	int order;

	if (!tval_compare(a, b, &order))
		return false;
	switch (op) {
	case OP_GREATER:
		return order > 0;
	case OP_NOT_LESS:
		return order >= 0;
	case OP_LESS:
		return order < 0;
	default:
		return order <= 0;
	}
}

static bool
compare(enum operator op, const struct tval *a, const struct tval *b)
{
	switch (op) {
	case OP_IN:
		return contains(b, a);
	case OP_NOT_IN:
		return is_container(b, a) && !contains(b, a);
	case OP_IS:
		return is_same(a, b);
	case OP_IS_NOT:
		return !is_same(a, b);
	case OP_EQUAL:
		return tval_equal(a, b);
	case OP_DIFFERENT:
		return !tval_equal(a, b);
	default:
		return is_in_order(op, a, b);
	}
}

static int
evaluate_two(struct render *r, const struct condition *c, struct tval *v)
{
	struct tval right;

	if (evaluate(r, c->left, v) == -1)
		return -1;
	if ((c->op == OP_OR && tval_is_true(v)) ||
	    (c->op == OP_AND && !tval_is_true(v)))
		return 0;
	if (evaluate(r, c->right, &right) == -1)
		return -1;
	render_work(r, v);
	render_work(r, &right);
	*v = c->op == OP_OR || c->op == OP_AND ? right :
	    tval_bool(compare(c->op, v, &right));
	return 0;
}

static int
evaluate_not(struct render *r, const struct condition *c, struct tval *v)
{
	if (evaluate(r, c->right, v) == -1)
		return -1;
	*v = tval_bool(!tval_is_true(v));
	return 0;
}

static int
evaluate(struct render *r, const struct condition *c, struct tval *v)
{
	int rc;

	if (c->op == OP_VALUE)
		return expr_value(r, c->value, true, false, v);
	rc = c->op == OP_NOT ? evaluate_not(r, c, v) : evaluate_two(r, c, v);
	/* To Django an operator that fails is false. */
	if (r->undecided) {
		r->undecided = false;
		*v = tval_bool(false);
		rc = 0;
	}
	return rc;
}

int
condition_holds(struct render *r, const struct condition *c, bool *holds)
{
	struct tval v;
	int rc;

	r->in_condition = true;
	rc = evaluate(r, c, &v);
	r->in_condition = false;
	*holds = rc == 0 && tval_is_true(&v);
	if (r->undecided) {
		r->undecided = false;
		rc = 0;
	}
	return rc;
}
