#include "filter.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/near.h"
#include "template/impl.h"

#define REASON_MAX	256

static const struct filter *const tables[] = { filters_text, filters_case,
	filters_length, filters_html, filters_striptags, filters_list,
	filters_number, filters_money, filters_words, filters_date,
	filters_time };

const struct filter *
filter_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct filter *f = tables[i]; f->name != NULL; f++)
			if (strlen(f->name) == len &&
			    memcmp(f->name, name, len) == 0)
				return f;
	return NULL;
}

const char *
filter_near(const char *name, size_t len)
{
	struct near n = NEAR_INIT(name, len);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct filter *f = tables[i]; f->name != NULL; f++)
			near_consider(&n, f->name);
	return n.best;
}

int
filter_fail(struct call *c, struct tval *out, struct tval otherwise,
    const char *fmt, ...)
{
	char reason[REASON_MAX];
	va_list ap;

	*out = otherwise;
	if (!c->r->strict)
		return 0;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	return render_fault(c->r, c->r->expr->base.path, "%s", reason);
}

void *
filter_alloc(struct call *c, size_t size)
{
	struct render *r = c->r;

	if (size <= TEMPLATE_VALUE_MAX &&
	    r->mem.used + size <= TEMPLATE_MEMORY_MAX)
		return arena_alloc(&r->mem, size + 1);
	render_fault(r, r->expr->base.path, "becomes too long by the "
	    "filter %s", c->self->name);
	return NULL;
}

int
filter_take(struct call *c, struct buf *b, struct tval *out)
{
	char *text = NULL;

	text = filter_alloc(c, b->full ? TEMPLATE_VALUE_MAX + 1 : b->len);
	if (text != NULL) {
		if (b->len > 0)
			memcpy(text, b->data, b->len);
		*out = TVAL_TEXT(text, b->len);
	}
	buf_release(b);
	return text == NULL ? -1 : 0;
}

int
filter_text(struct call *c, const struct tval *v, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);

	if (v->type == TVAL_STRING) {
		*out = *v;
		return 0;
	}
	tval_print(v, &b);
	return filter_take(c, &b, out);
}

const char *
filter_language(const struct call *c)
{
	return c->env->language == NULL ? "en" : c->env->language;
}

bool
filter_language_is(const struct call *c, const char *code)
{
	const char *name = filter_language(c);

	for (; *code != '\0'; code++, name++)
		if (tolower((unsigned char)*name) !=
		    tolower((unsigned char)*code) &&
		    !(*name == '_' && *code == '-'))
			return false;
	return *name == '\0' || *name == '-' || *name == '_';
}

void
html_escape(struct buf *out, const char *s, size_t len)
{
	static const char *const escapes[] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;",
		['"'] = "&quot;", ['\''] = "&#x27;"
	};
	const char *escape;
	size_t start = 0;
	unsigned char c;

	for (size_t i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		escape = c < sizeof(escapes) / sizeof(escapes[0]) ?
		    escapes[c] : NULL;
		if (escape == NULL)
			continue;
		buf_add(out, s + start, i - start);
		buf_str(out, escape);
		start = i + 1;
	}
	buf_add(out, s + start, len - start);
}
