/*
 * The template engine under inputs made by chance, for libFuzzer or feed.c:
 * the parser, the renderer, and what template.h promises of them.
 *
 * An input is a text in parts that lines of "%%" divide:
 *
 *	hs			letters that choose the environment: choose()
 *	%%
 *	Hola {{ name }}		the template
 *	%%
 *	{"name": "Ana"}		the data, an object; none when it is not JSON
 *	%%
 *	[{{ x }}]		the template "a" of include and extends
 *	%%
 *	...			"b", and so on
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "template/template.h"
#include "promise.h"

#define PARTS_MAX	10
#define OUT_MAX		(128 * 1024)

struct part {
	const char *s;
	size_t len;
};

struct input {
	struct part parts[PARTS_MAX];
	size_t count;
	struct value *data;
	const struct value *scopes[1];
	struct template_env env;
	struct template_loader loader;
	/* What the loader parsed. */
	struct template *shelf[PARTS_MAX];
};

/* What one rendering gave. */
struct answer {
	int rc;
	struct buf out;
	struct error e;
	const char *field;
};

static struct part
part_of(const struct input *in, size_t i)
{
	return i < in->count ? in->parts[i] : (struct part){ "", 0 };
}

/* The last part that fits takes all the rest. */
static void
split(struct input *in, const char *s, size_t len)
{
	static const char line[] = "\n%%\n";
	const char *end = s + len, *at;

	while (in->count < PARTS_MAX - 1 && s < end) {
		at = memmem(s, (size_t)(end - s), line, sizeof(line) - 1);
		if (at == NULL)
			break;
		in->parts[in->count++] = (struct part){ s, (size_t)(at - s) };
		s = at + sizeof(line) - 1;
	}
	in->parts[in->count++] = (struct part){ s, (size_t)(end - s) };
}

static bool
part_has(struct part p, const char *word)
{
	return p.len > 0 && memmem(p.s, p.len, word, strlen(word)) != NULL;
}

static bool
templates_have(const struct input *in, const char *word)
{
	for (size_t i = 1; i < in->count; i++)
		if (i != 2 && part_has(in->parts[i], word))
			return true;
	return false;
}

static const struct template *
load(void *ctx, const char *name, struct error *e)
{
	struct input *in = ctx;
	size_t i = 3 + (size_t)(*name - 'a');
	struct part p;

	if (*name < 'a' || name[1] != '\0' || i >= in->count) {
		error_set(e, EX_NOINPUT, "there is no %.100s", name);
		return NULL;
	}
	p = in->parts[i];
	if (in->shelf[i] == NULL)
		in->shelf[i] = template_parse(name, p.s, p.len, e);
	return in->shelf[i];
}

static void
choose(struct input *in)
{
	struct part letters = part_of(in, 0), text = part_of(in, 2);
	struct template_env *env = &in->env;
	struct error ignored;

	env->html = part_has(letters, "h");
	env->one_line = part_has(letters, "o");
	env->missing = part_has(letters, "l") ? "" :
	    part_has(letters, "i") ? "INVALID" : NULL;
	env->language = part_has(letters, "e") ? "en" :
	    part_has(letters, "p") ? "pt" : "es-MX";
	env->timezone = part_has(letters, "z") ? "Asia/Kolkata" :
	    part_has(letters, "u") ? NULL : "America/Mexico_City";
	env->currency = part_has(letters, "n") ? NULL : "MXN";
	clock_parse("2026-11-23T17:00:00-06:00", &env->now);
	in->loader = (struct template_loader){ load, in };
	env->loader = part_has(letters, "a") ? NULL : &in->loader;
	in->data = value_parse(text.s, text.len, &ignored);
	in->scopes[0] = in->data;
	env->scopes = in->scopes;
	env->scope_count = value_type(in->data) == VALUE_OBJECT;
}

/* Control characters other than those in `but`; U+0080 to U+009F are some. */
static bool
has_control(const char *s, size_t len, const char *but)
{
	unsigned char c;

	for (size_t i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		if ((c < ' ' && (c == '\0' || strchr(but, c) == NULL)) ||
		    c == 0x7f || (c == 0xc2 && i + 1 < len &&
		    (unsigned char)s[i + 1] < 0xa0))
			return true;
	}
	return false;
}

static bool
templates_have_control(const struct input *in, const char *but)
{
	for (size_t i = 1; i < in->count; i++)
		if (i != 2 && has_control(in->parts[i].s, in->parts[i].len,
		    but))
			return true;
	return false;
}

static void
check_text(const struct input *in, const struct buf *out)
{
	const char *allowed = in->env.one_line ? "" : "\n\t";
	const char *s = buf_text(out);

	promise(utf8_valid(s, out->len), "the text is UTF-8");
	promise(out->len <= OUT_MAX, "the text is no longer than may be");
	/* No "<" by the templates: then there is none by a value either. */
	if (in->env.html && !templates_have(in, "<") &&
	    !templates_have(in, "safe") && !templates_have(in, "linebreaks") &&
	    !templates_have(in, "autoescape"))
		promise(memchr(s, '<', out->len) == NULL,
		    "values are escaped");
	if (in->env.missing == NULL && !templates_have_control(in, allowed) &&
	    !templates_have(in, "linebreaks"))
		promise(!has_control(s, out->len, allowed),
		    "values bring no control characters");
}

static void
check_answer(const struct input *in, const struct answer *a)
{
	if (a->rc == 0) {
		promise(a->field == NULL, "no field without a fault");
		check_text(in, &a->out);
		return;
	}
	promise(a->e.text[0] != '\0', "a fault is said");
	promise(a->e.status == EX_DATAERR || a->e.status == EX_CONFIG,
	    "the data are at fault or the template");
	promise(a->field == NULL || (a->e.status == EX_DATAERR &&
	    strlen(a->field) <= TEMPLATE_PATH_MAX), "a field is a path");
}

static void
answer(const struct input *in, const struct template *t, struct answer *a)
{
	a->out = (struct buf)BUF_INIT(OUT_MAX);
	a->e = (struct error){ .status = EX_OK };
	a->field = NULL;
	a->rc = template_render(t, &in->env, &a->out, &a->field, &a->e);
	check_answer(in, a);
}

static bool
is_same(const struct answer *a, const struct answer *b)
{
	return a->rc == b->rc && a->e.status == b->e.status &&
	    (a->rc == -1 || (a->out.len == b->out.len &&
	    memcmp(buf_text(&a->out), buf_text(&b->out), a->out.len) == 0));
}

/* Renders both and compares. */
static void
check_same(const struct input *in, const struct template *t,
    const struct template *u, const char *what)
{
	struct answer a, b;

	answer(in, t, &a);
	answer(in, u, &b);
	promise(is_same(&a, &b), what);
	buf_release(&a.out);
	buf_release(&b.out);
}

static void
count_use(void *ctx, const struct template_use *u)
{
	size_t *count = ctx;

	++*count;
	promise(u->path != NULL && u->line > 0 && u->column > 0,
	    "what is named has a place");
}

static void
check_uses(const struct template *t, size_t len)
{
	size_t count = 0;

	template_each_variable(t, count_use, &count);
	template_each_reference(t, count_use, &count);
	promise(count <= len, "there are no more names than characters");
}

/* An expression is what stands between {{ and }}. */
static void
check_expression(const struct input *in, struct part p)
{
	struct template *x, *t;
	struct buf text = BUF_INIT(TEMPLATE_MAX);
	struct error e;

	x = template_parse_expression("a", p.s, p.len, &e);
	if (x == NULL)
		return;
	buf_str(&text, "{{");
	buf_add(&text, p.s, p.len);
	buf_str(&text, "}}");
	if (!text.full && !part_has(p, "\n") && !part_has(p, "}}")) {
		t = template_parse("a", buf_text(&text), text.len, &e);
		promise(t != NULL, "an expression can stand in a template");
		check_same(in, x, t, "an expression is its template");
		template_free(t);
	}
	buf_release(&text);
	template_free(x);
}

static void
check_template(const struct input *in, struct part p)
{
	struct error e = { .text = "" };
	struct template *t = template_parse("main", p.s, p.len, &e);

	if (t == NULL) {
		promise(strncmp(e.text, "main:", 5) == 0,
		    "what is wrong with a template is said");
		return;
	}
	template_has_tags(t);
	check_uses(t, p.len);
	check_same(in, t, t, "the same gives the same");
	template_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .count = 0 };

	split(&in, (const char *)data, size);
	choose(&in);
	check_template(&in, part_of(&in, 1));
	check_expression(&in, part_of(&in, 1));
	for (size_t i = 0; i < PARTS_MAX; i++)
		template_free(in.shelf[i]);
	value_free(in.data);
	return 0;
}
