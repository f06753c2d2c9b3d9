#ifndef OMNI_TEMPLATE_IMPL_H
#define OMNI_TEMPLATE_IMPL_H

#include "base/arena.h"
#include "template/filter.h"
#include "template/template.h"
#include "template/tval.h"

/*
 * What the files of this layer share.  A template is a tree of nodes made by
 * parse.c and tags.c, of expressions made by expr.c and conditions made by
 * condition.c; render.c and its neighbours walk it, and expr_value.c works the
 * expressions out.  All of it lives in the template's arena.
 */
#define WORDS_MAX	64	/* of one tag */
#define CONDITION_MAX	64	/* operators of one {% if %} */
#define VALUE_STEP	256	/* bytes or items that are as much as a step */

/* A run of the source. */
struct span {
	const char *s;
	size_t len;
};

#define SPAN(literal)	((struct span){ literal, sizeof(literal) - 1 })
bool span_is(struct span a, const char *word);
bool span_equal(struct span a, struct span b);

/* Expressions. */

/* A literal, or a variable looked up name by name. */
struct operand {
	struct tval literal;	/* TVAL_MISSING: it is a variable */
	char *path;		/* "site.name" */
	char **names;		/* "site", "name" */
	size_t count;
};

struct application {
	const struct filter *filter;
	struct operand *arg;	/* or NULL */
};

struct expr {
	struct operand base;
	struct application *filters;
	size_t count;
	const char *at;
	char *source;
};

enum operator {
	OP_OR, OP_AND, OP_NOT, OP_IN, OP_NOT_IN, OP_IS, OP_IS_NOT, OP_EQUAL,
	OP_DIFFERENT, OP_GREATER, OP_NOT_LESS, OP_LESS, OP_NOT_GREATER,
	OP_VALUE
};

struct condition {
	enum operator op;
	struct expr *value;			/* of OP_VALUE */
	struct condition *left, *right;		/* NOT has a right only */
};

/* Nodes. */

enum node_type { NODE_TEXT, NODE_STRAY, NODE_VARIABLE, NODE_IF, NODE_FOR,
	NODE_WITH, NODE_INCLUDE, NODE_BLOCK, NODE_FIRSTOF, NODE_CYCLE,
	NODE_AUTOESCAPE, NODE_FILTER, NODE_SPACELESS, NODE_TYPES };

struct node_list {
	struct node *first, *last;
};

struct assignment {
	struct assignment *next;
	const char *name;
	struct expr *value;
};

struct branch {		/* of {% if %} */
	struct branch *next;
	struct condition *condition;	/* NULL: else */
	struct node_list body;
};

struct cycle {
	size_t index;			/* of its state in a frame */
	struct expr **values;
	size_t count;
	const char *name;		/* or NULL */
	bool silent;
};

struct node {
	enum node_type type;
	struct node *next;
	const char *at;			/* in the source */
	struct node_list body;
	union {
		struct span text;	/* TEXT and STRAY */
		struct expr *expr;	/* VARIABLE and FILTER */
		struct branch *branches;	/* IF */
		bool on;		/* AUTOESCAPE */
		const struct cycle *cycle;
		struct assignment *with;
		struct {		/* FOR */
			struct expr *items;
			char **names;
			size_t name_count;
			bool reversed;
			bool has_empty;
			struct node_list empty;
		} loop;
		struct {
			struct expr *name;
			struct assignment *with;
			bool only;
		} include;
		struct {
			const char *name;
			struct node *others;	/* further blocks */
		} block;
		struct {
			struct expr **values;
			size_t count;
			const char *as;		/* or NULL */
		} firstof;
	};
};

/* What template_each_variable() and template_each_reference() tell. */
struct use {
	struct use *next;
	struct template_use told;
	const char *at;
};

struct template {
	struct arena mem;
	char *name;
	char *text;
	size_t len;
	struct node_list body;
	struct node *blocks;		/* by block.others */
	struct expr *extends;		/* or NULL */
	struct node_list before;	/* it */
	const char *stray;		/* the first of NODE_STRAY */
	size_t cycles;
	bool has_tags;
	struct use *variables, *last_variable;
	struct use *references, *last_reference;
};

/* Parsing. */

enum token_type { TOKEN_END, TOKEN_TEXT, TOKEN_VARIABLE, TOKEN_TAG };

struct local {
	struct local *next;
	struct span name;
};

struct named_cycle {
	struct named_cycle *next;
	struct span name;
	struct node *node;
};

struct parser {
	struct template *t;
	struct error *e;
	const char *p, *end;
	/* The token at hand: its place and what is between its braces. */
	enum token_type token;
	const char *at;
	struct span content;
	struct span words[WORDS_MAX];	/* of a tag */
	size_t word_count;
	struct span verbatim;		/* what began it, while inside */
	const char *unclosed[3];	/* no {{, {%, {# before it is closed */
	unsigned depth;
	bool seen_tag;			/* before this one */
	struct local *locals;
	struct named_cycle *named;
};

/* Refuses with the place and what is there; returns -1. */
int parse_error(struct parser *p, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Where that is in the source: what {% filter %} makes up is at its tag. */
const char *parse_place(const struct parser *p, const char *at);
int parse_next(struct parser *p);
/* To the next token that is not text, without a look into it; false: none. */
bool parse_skip(struct parser *p);
/*
 * Up to a tag that is one of `until` (NULL-terminated), which is then the
 * token at hand.
 */
int parse_until(struct parser *p, struct node_list *list,
    const char *const *until);
struct node *parse_node(struct parser *p, struct node_list *list,
    enum node_type type);
char *parse_copy(struct parser *p, struct span s);
void parse_local(struct parser *p, struct span name);
/* At a tag; adds what it makes to the list. */
int parse_tag(struct parser *p, struct node_list *list);
/* NULL and parse_error() when it is none. */
struct expr *parse_expr(struct parser *p, struct span s, bool printed);
struct condition *parse_condition(struct parser *p);

/* Rendering. */

/* A name that a tag gave a meaning. */
struct binding {
	const char *name;
	size_t len;
	struct tval value;
};

struct loop {
	size_t index, count;
	const struct loop *parent;
};

/* The templates that extend each other, the asked-for one first. */
struct level {
	const struct template *t;
	size_t *cycles;
};

struct family {
	struct level levels[TEMPLATE_INCLUDE_MAX];
	size_t count;
};

/* What {{ block.super }} needs. */
struct block_place {
	const char *name;
	size_t level;
	bool alone;		/* in a template that extends nothing */
};

#define BINDINGS_MAX	256

struct render {
	const struct template_env *env;
	struct buf *out;
	struct error *e;
	const char **field;
	struct arena mem;
	size_t steps;
	bool autoescape;
	bool strict;
	bool failed;		/* a message has been set */
	bool in_condition;
	bool undecided;		/* and an argument in it is missing */
	const struct template *t;	/* whose node is rendered */
	const char *at;			/* where in it */
	const struct expr *expr;	/* being worked out, or NULL */
	struct family *family;
	size_t level;
	unsigned includes;
	struct binding bindings[BINDINGS_MAX];
	size_t binding_count;
	size_t floor;		/* bindings below are hidden by "only" */
	bool only;		/* and so is the data */
};

int render_list(struct render *r, const struct node_list *list);
/* "NAME:LINE: " and the text; returns -1. */
int render_error(struct render *r, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "variable PATH " and the text, with the field. */
int render_fault(struct render *r, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Gives a name its meaning, over any that it has. */
int render_bind(struct render *r, const char *name, struct tval v);
/* All values are worked out before any name gets its meaning. */
int render_bind_all(struct render *r, const struct assignment *with);
/*
 * Renders into a text of its own, for the tags that change what stands inside
 * them.
 */
int render_capture(struct render *r,
    int (*body)(struct render *r, const void *what), const void *what,
    struct tval *v);
/*
 * Prints what an expression gave: escaped, and if the rendering is strict only
 * without control characters.
 */
int render_print(struct render *r, const struct expr *x,
    const struct tval *v);

/* With all that it extends. */
int render_template(struct render *r, const struct template *t);
int render_include(struct render *r, const struct node *n);
int render_block(struct render *r, const struct node *n);

/*
 * Works an expression out.  `lenient` is Django's ignore_failures: what is
 * missing is None.  The result may be TVAL_MISSING only when the rendering is
 * strict and `printed` is false.
 */
int expr_value(struct render *r, const struct expr *x, bool lenient,
    bool printed, struct tval *v);
/* Counts as steps what a filter or a comparison will do with the value. */
void render_work(struct render *r, const struct tval *v);
int condition_holds(struct render *r, const struct condition *c, bool *holds);
int render_super(struct render *r, const struct block_place *place,
    struct tval *v);

#endif
