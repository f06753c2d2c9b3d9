#include "template/template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "template/impl.h"

/* Nodes of the largest source stay far below. */
#define TREE_MAX	(64 * 1024 * 1024)
#define REASON_MAX	256

bool
span_is(struct span a, const char *word)
{
	return strlen(word) == a.len && memcmp(a.s, word, a.len) == 0;
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

/* Places. */

/* What {% filter %} makes up to be parsed lies elsewhere: see parse_filter(). */
static bool
is_inside(const struct template *t, const char *at)
{
	return (uintptr_t)at >= (uintptr_t)t->text &&
	    (uintptr_t)at <= (uintptr_t)t->text + t->len;
}

static void
place_of(const struct template *t, const char *at, size_t *line,
    size_t *column)
{
	*line = 1;
	*column = 1;
	for (const char *p = t->text; p < at; p++) {
		if (*p == '\n') {
			(*line)++;
			*column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80)
			(*column)++;
	}
}

static int
wrong_at(const struct template *t, const char *at, const char *reason,
    struct error *e)
{
	size_t line, column;

	place_of(t, at, &line, &column);
	error_set(e, EX_CONFIG, "%s:%zu:%zu: %s", t->name, line, column,
	    reason);
	error_excerpt(e, t->text, t->len, (size_t)(at - t->text));
	return -1;
}

const char *
parse_place(const struct parser *p, const char *at)
{
	return is_inside(p->t, at) ? at : p->at;
}

int
parse_error(struct parser *p, const char *at, const char *fmt, ...)
{
	char reason[REASON_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return wrong_at(p->t, parse_place(p, at), reason, p->e);
}

/* Tokens. */

/*
 * Where the token that begins at `s` ends; NULL when it is none.  What is not
 * closed on its line is looked for once, not from each brace anew.
 */
static const char *
token_end(struct parser *p, const char *s)
{
	char close = s[1] == '{' ? '}' : s[1];
	const char **unclosed = &p->unclosed[s[1] == '{' ? 0 : s[1] == '%' ?
	    1 : 2];

	if (s < *unclosed)
		return NULL;
	for (s += 2; s + 1 < p->end && *s != '\n'; s++)
		if (s[0] == close && s[1] == '}')
			return s + 2;
	*unclosed = s;
	return NULL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' ||
	    c == '\n';
}

static struct span
trimmed(struct span s)
{
	while (s.len > 0 && is_blank(s.s[0])) {
		s.s++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.s[s.len - 1]))
		s.len--;
	return s;
}

static const char *
skip_quoted(const char *s, const char *end)
{
	char quote = *s;

	for (s++; s < end && *s != quote; s++)
		if (*s == '\\')
			s++;
	return s < end ? s + 1 : NULL;
}

/*
 * The end of the word that begins at `s`: up to a blank that is not inside
 * quotes.  A quote that nothing closes is an ordinary character.
 */
static const char *
word_end(const char *s, const char *end)
{
	const char *start = s, *closed = NULL, *after;

	while (s < end && !is_blank(*s)) {
		if (*s != '"' && *s != '\'') {
			s++;
			continue;
		}
		after = skip_quoted(s, end);
		if (after != NULL) {
			closed = s = after;
			continue;
		}
		if (closed != NULL)
			return s;
		for (s = start; s < end && !is_blank(*s); s++)
			continue;
	}
	return s;
}

static int
split_words(struct parser *p)
{
	const char *s = p->content.s, *end = s + p->content.len, *word;

	p->word_count = 0;
	for (;;) {
		while (s < end && is_blank(*s))
			s++;
		if (s == end)
			return 0;
		if (p->word_count == WORDS_MAX)
			return parse_error(p, s, "a tag has at most %d words",
			    WORDS_MAX);
		word = s;
		s = word_end(s, end);
		p->words[p->word_count++] = (struct span){ word,
		    (size_t)(s - word) };
	}
}

/* {% verbatim %}, {% verbatim name %}: until the same with "end" before it. */
static bool
begins_verbatim(const struct parser *p)
{
	return p->content.len >= 8 &&
	    memcmp(p->content.s, "verbatim", 8) == 0 &&
	    (p->content.len == 8 || p->content.s[8] == ' ');
}

static bool
ends_verbatim(const struct parser *p, struct span content)
{
	return content.len == p->verbatim.len + 3 &&
	    memcmp(content.s, "end", 3) == 0 &&
	    memcmp(content.s + 3, p->verbatim.s, p->verbatim.len) == 0;
}

static int
take_tag(struct parser *p)
{
	if (p->content.len == 0)
		return parse_error(p, p->at, "a tag without a name");
	return split_words(p);
}

static int
take_variable(struct parser *p)
{
	p->token = TOKEN_VARIABLE;
	return p->content.len > 0 ? 0 :
	    parse_error(p, p->at, "{{ }} without a variable");
}

static void
take_text(struct parser *p, const char *end)
{
	p->token = TOKEN_TEXT;
	p->content = (struct span){ p->at, (size_t)(end - p->at) };
	p->p = end;
}

static bool
opens(const char *s, const char *end)
{
	return s + 1 < end && s[0] == '{' &&
	    (s[1] == '{' || s[1] == '%' || s[1] == '#');
}

/* Inside {% verbatim %} nothing else counts than its end. */
static bool
counts(const struct parser *p, const char *s, const char *close)
{
	struct span content = trimmed((struct span){ s + 2,
	    (size_t)(close - s) - 4 });

	return p->verbatim.s == NULL ||
	    (s[1] == '%' && ends_verbatim(p, content));
}

/* The next thing in the source that is not text. */
static const char *
find_token(struct parser *p, const char *s)
{
	const char *close;

	for (; s < p->end; s++) {
		s = memchr(s, '{', (size_t)(p->end - s));
		if (s == NULL)
			break;
		if (!opens(s, p->end) || (close = token_end(p, s)) == NULL)
			continue;
		if (counts(p, s, close))
			return s;
		s = close - 1;
	}
	return p->end;
}

/* To the next token; its words are not looked at.  False at the end. */
bool
parse_skip(struct parser *p)
{
	const char *close;

	p->at = find_token(p, p->p);
	p->p = p->at;
	p->token = TOKEN_END;
	if (p->at == p->end)
		return false;
	close = token_end(p, p->at);
	p->p = close;
	p->content = trimmed((struct span){ p->at + 2,
	    (size_t)(close - p->at) - 4 });
	p->token = p->at[1] == '%' ? TOKEN_TAG :
	    p->at[1] == '{' ? TOKEN_VARIABLE : TOKEN_TEXT;
	if (p->verbatim.s != NULL)
		p->verbatim.s = NULL;
	else if (p->token == TOKEN_TAG && begins_verbatim(p))
		p->verbatim = p->content;
	return true;
}

int
parse_next(struct parser *p)
{
	const char *start, *found;

	for (;;) {
		start = p->p;
		found = find_token(p, start);
		if (found > start) {
			p->at = start;
			take_text(p, found);
			return 0;
		}
		if (!parse_skip(p))
			return 0;
		if (p->token == TOKEN_TAG)
			return take_tag(p);
		if (p->token == TOKEN_VARIABLE)
			return take_variable(p);
		/* {# … #} */
	}
}

/* Nodes. */

struct node *
parse_node(struct parser *p, struct node_list *list, enum node_type type)
{
	struct node *n = arena_alloc(&p->t->mem, sizeof(*n));

	n->type = type;
	n->at = p->at;
	if (list->last == NULL)
		list->first = n;
	else
		list->last->next = n;
	list->last = n;
	return n;
}

char *
parse_copy(struct parser *p, struct span s)
{
	return arena_strndup(&p->t->mem, s.s, s.len);
}

void
parse_local(struct parser *p, struct span name)
{
	struct local *l = arena_alloc(&p->t->mem, sizeof(*l));

	l->name = name;
	l->next = p->locals;
	p->locals = l;
}

/*
 * Text with an opening brace pair that nothing closes on its line is text to
 * Django; a reader would see it, so a strict rendering refuses it.
 */
static void
add_text(struct parser *p, struct node_list *list)
{
	const char *s = p->content.s, *end = s + p->content.len, *stray;
	struct node *n;

	for (stray = s; stray < end && !opens(stray, end); stray++)
		continue;
	if (stray > s) {
		n = parse_node(p, list, NODE_TEXT);
		n->text = (struct span){ s, (size_t)(stray - s) };
	}
	if (stray < end) {
		p->at = stray;
		n = parse_node(p, list, NODE_STRAY);
		n->text = (struct span){ stray, (size_t)(end - stray) };
		if (p->t->stray == NULL)
			p->t->stray = stray;
	}
}

static int
add_variable(struct parser *p, struct node_list *list)
{
	struct expr *x = parse_expr(p, p->content, true);

	if (x == NULL)
		return -1;
	p->seen_tag = true;
	parse_node(p, list, NODE_VARIABLE)->expr = x;
	return 0;
}

static bool
is_one_of(struct span word, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		if (span_is(word, *words))
			return true;
	return false;
}

/* "endif, else or elif" */
static void
list_words(const char *const *words, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (; *words != NULL && used < size; words++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
		    used == 0 ? "" : words[1] == NULL ? " or " : ", ", *words);
}

int
parse_until(struct parser *p, struct node_list *list,
    const char *const *until)
{
	const char *opened = p->at;
	char words[64];
	int rc = 0;

	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return parse_error(p, p->at, "tags within tags, more than %d "
		    "deep", TEMPLATE_DEPTH_MAX);
	while (rc == 0) {
		if (parse_next(p) == -1)
			return -1;
		if (p->token == TOKEN_END)
			break;
		if (p->token == TOKEN_TEXT)
			add_text(p, list);
		else if (p->token == TOKEN_VARIABLE)
			rc = add_variable(p, list);
		else if (is_one_of(p->words[0], until))
			break;
		else
			rc = parse_tag(p, list);
	}
	p->depth--;
	if (rc == 0 && p->token == TOKEN_END && until != NULL) {
		list_words(until, words, sizeof(words));
		return parse_error(p, opened, "a tag is not closed: %s is "
		    "missing", words);
	}
	return rc;
}

/* Templates. */

static int
check_encoding(struct parser *p)
{
	size_t n;

	for (const char *s = p->p; s < p->end; s += n) {
		n = utf8_length(s, (size_t)(p->end - s));
		if (n == 0 || *s == '\0')
			return parse_error(p, s, "not UTF-8");
	}
	return 0;
}

static struct template *
new_template(const char *name, const char *text, size_t len)
{
	struct template *t = calloc(1, sizeof(*t));

	if (t == NULL)
		die(EX_OSERR, "out of memory");
	t->mem = (struct arena)ARENA_INIT(TREE_MAX);
	t->name = arena_strdup(&t->mem, name);
	t->text = arena_strndup(&t->mem, text, len);
	t->len = len;
	return t;
}

static void
tell_places(struct template *t, struct use *u)
{
	for (; u != NULL; u = u->next)
		place_of(t, u->at, &u->told.line, &u->told.column);
}

static struct template *
parse(const char *name, const char *text, size_t len,
    int (*body)(struct parser *p), struct error *e)
{
	struct template *t;
	struct parser p;

	if (len > TEMPLATE_MAX) {
		error_set(e, EX_CONFIG, "%s:1:1: longer than %d bytes", name,
		    TEMPLATE_MAX);
		return NULL;
	}
	t = new_template(name, text, len);
	p = (struct parser){ .t = t, .e = e, .p = t->text, .at = t->text,
	    .end = t->text + len,
	    .unclosed = { t->text, t->text, t->text } };
	if (check_encoding(&p) == -1 || body(&p) == -1) {
		template_free(t);
		return NULL;
	}
	tell_places(t, t->variables);
	tell_places(t, t->references);
	return t;
}

static int
parse_body(struct parser *p)
{
	return parse_until(p, &p->t->body, NULL);
}

struct template *
template_parse(const char *name, const char *text, size_t len,
    struct error *e)
{
	return parse(name, text, len, parse_body, e);
}

struct template *
template_parse_strict(const char *name, const char *text, size_t len,
    struct error *e)
{
	struct template *t = template_parse(name, text, len, e);
	char reason[64];

	if (t == NULL || t->stray == NULL)
		return t;
	snprintf(reason, sizeof(reason), "%.2s is not closed on its line",
	    t->stray);
	wrong_at(t, t->stray, reason, e);
	template_free(t);
	return NULL;
}

static int
parse_one_expression(struct parser *p)
{
	p->content = trimmed((struct span){ p->p, (size_t)(p->end - p->p) });
	if (memchr(p->p, '\n', p->content.len) != NULL)
		return parse_error(p, p->p, "an expression of several lines");
	return take_variable(p) == -1 ? -1 : add_variable(p, &p->t->body);
}

struct template *
template_parse_expression(const char *name, const char *text, size_t len,
    struct error *e)
{
	return parse(name, text, len, parse_one_expression, e);
}

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	arena_release(&t->mem);
	free(t);
}

const char *
template_name(const struct template *t)
{
	return t->name;
}

void
template_each_variable(const struct template *t,
    void (*each)(void *ctx, const struct template_use *u), void *ctx)
{
	for (const struct use *u = t->variables; u != NULL; u = u->next)
		each(ctx, &u->told);
}

void
template_each_reference(const struct template *t,
    void (*each)(void *ctx, const struct template_use *u), void *ctx)
{
	for (const struct use *u = t->references; u != NULL; u = u->next)
		each(ctx, &u->told);
}

bool
template_has_tags(const struct template *t)
{
	return t->has_tags;
}
