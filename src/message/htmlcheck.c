#include "htmlcheck.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "message/entity.h"

#define ATTRIBUTES_MAX	64	/* of one tag */
#define SHOWN		30	/* bytes of a name in a message */

struct name {
	const char *s;
	size_t len;
};

struct element {
	struct name name;
	const char *at;
};

struct tag {
	struct name name;
	const char *at;
	struct name attributes[ATTRIBUTES_MAX];
	size_t count;
	bool has_alt, has_lang, is_stylesheet, empty;
};

struct checker {
	const char *text, *p, *end;
	struct element open[HTML_DEPTH_MAX];
	size_t depth;
	bool seen_tag, seen_language;
	size_t told;
	void (*found)(void *ctx, const struct html_fault *f);
	void *ctx;
};

static const char *const voids[] = { "area", "base", "br", "col", "embed",
	"hr", "img", "input", "link", "meta", "param", "source", "track",
	"wbr", NULL };

/* What ends a <p> that is open. */
static const char *const blocks[] = { "address", "article", "aside",
	"blockquote", "center", "div", "dl", "fieldset", "footer", "form",
	"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav",
	"ol", "p", "pre", "section", "table", "ul", NULL };

/* Beyond these a <p> that is open is not ended. */
static const char *const walls[] = { "button", "caption", "html", "object",
	"table", "td", "th", NULL };

/* Telling. */

static void
place_of(const struct checker *c, const char *at, struct html_fault *f)
{
	f->at = (size_t)(at - c->text);
	f->line = f->column = 1;
	for (const char *p = c->text; p < at; p++) {
		if (*p == '\n') {
			f->line++;
			f->column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80)
			f->column++;
	}
}

static size_t
line_of(const struct checker *c, const char *at)
{
	struct html_fault f;

	place_of(c, at, &f);
	return f.line;
}

static void
tell(struct checker *c, const char *at, bool warning, const char *fmt,
    va_list ap)
{
	struct html_fault f = { .warning = warning };

	if (c->told++ >= HTML_FAULTS_MAX)
		return;
	place_of(c, at, &f);
	vsnprintf(f.text, sizeof(f.text), fmt, ap);
	c->found(c->ctx, &f);
}

static void __attribute__((format(printf, 3, 4)))
wrong(struct checker *c, const char *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, at, false, fmt, ap);
	va_end(ap);
}

static void __attribute__((format(printf, 3, 4)))
warn(struct checker *c, const char *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, at, true, fmt, ap);
	va_end(ap);
}

/* Names. */

/* For "%.*s": no more of it than a message takes. */
static int
shown(struct name n)
{
	return (int)(n.len < SHOWN ? n.len : SHOWN);
}

static bool
name_is(struct name n, const char *word)
{
	return strlen(word) == n.len && strncasecmp(n.s, word, n.len) == 0;
}

static bool
name_equal(struct name a, struct name b)
{
	return a.len == b.len && strncasecmp(a.s, b.s, a.len) == 0;
}

static bool
is_one_of(struct name n, const char *const *list)
{
	for (; *list != NULL; list++)
		if (name_is(n, *list))
			return true;
	return false;
}

static struct name
take_name(struct checker *c, const char *end_at)
{
	struct name n = { .s = c->p };

	while (c->p < c->end && !isspace((unsigned char)*c->p) &&
	    *c->p != '\0' && strchr(end_at, *c->p) == NULL)
		c->p++;
	n.len = (size_t)(c->p - n.s);
	return n;
}

static void
skip_blanks(struct checker *c)
{
	while (c->p < c->end && isspace((unsigned char)*c->p))
		c->p++;
}

static bool
at_is(const struct checker *c, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(c->end - c->p) >= len &&
	    strncasecmp(c->p, word, len) == 0;
}

/* Entities. */

/* At "&"; moves behind it. */
static void
check_entity(struct checker *c)
{
	const char *at = c->p++, *s = c->p;
	size_t len = *s == '#';

	while (s + len < c->end && isalnum((unsigned char)s[len]))
		len++;
	if (len == 0 || s + len == c->end || s[len] != ';') {
		wrong(c, at, "& is not written as &amp;");
		return;
	}
	c->p = s + len + 1;
	if (!entity_is_known(s, len))
		wrong(c, at, "&%.*s; is no entity",
		    shown((struct name){ s, len }), s);
}

static void
check_entities(struct checker *c, const char *end)
{
	while (c->p < end)
		if (*c->p == '&')
			check_entity(c);
		else
			c->p++;
	c->p = end;
}

/* Elements that are open. */

static void
push(struct checker *c, const struct tag *t)
{
	if (c->depth == HTML_DEPTH_MAX)
		wrong(c, t->at, "more than %d elements within each other",
		    HTML_DEPTH_MAX);
	else
		c->open[c->depth++] = (struct element){ t->name, t->at };
}

static void
check_paragraph(struct checker *c, const struct tag *t)
{
	if (!is_one_of(t->name, blocks))
		return;
	for (size_t i = c->depth; i-- > 0;) {
		const struct element *e = &c->open[i];

		if (name_is(e->name, "p"))
			wrong(c, t->at, "<%.*s> ends the <p> of line %zu",
			    shown(t->name), t->name.s, line_of(c, e->at));
		if (name_is(e->name, "p") || is_one_of(e->name, walls))
			return;
	}
}

static void
close_element(struct checker *c, struct name n, const char *at)
{
	const struct element *top = &c->open[c->depth - (c->depth > 0)];
	size_t i = c->depth;

	while (i > 0 && !name_equal(c->open[i - 1].name, n))
		i--;
	if (i == 0) {
		wrong(c, at, "</%.*s> closes nothing", shown(n), n.s);
		return;
	}
	if (i < c->depth)
		wrong(c, at, "</%.*s> while the <%.*s> of line %zu is open",
		    shown(n), n.s, shown(top->name), top->name.s,
		    line_of(c, top->at));
	c->depth = i - 1;
}

/* Attributes. */

static void
add_attribute(struct checker *c, struct tag *t, struct name n)
{
	for (size_t i = 0; i < t->count; i++)
		if (name_equal(t->attributes[i], n)) {
			wrong(c, n.s, "%.*s is given twice", shown(n), n.s);
			return;
		}
	if (t->count == ATTRIBUTES_MAX)
		wrong(c, n.s, "more than %d attributes", ATTRIBUTES_MAX);
	else
		t->attributes[t->count++] = n;
}

/* What a mail reader would fetch, or send somebody to. */
static bool
is_address(struct name n)
{
	static const char *const list[] = { "action", "background", "href",
	    "src", NULL };

	return is_one_of(n, list);
}

static void
check_value(struct checker *c, struct tag *t, struct name n, struct name value)
{
	const char *less = memchr(value.s, '<', value.len);

	if (name_is(n, "alt"))
		t->has_alt = true;
	if (name_is(n, "lang") && value.len > 0)
		t->has_lang = true;
	if (name_is(n, "rel") && name_is(value, "stylesheet"))
		t->is_stylesheet = true;
	if (less != NULL)
		wrong(c, less, "< in the value of %.*s: is a quote missing?",
		    shown(n), n.s);
	if (is_address(n) && value.len > 7 &&
	    strncasecmp(value.s, "http://", 7) == 0)
		warn(c, value.s, "%.*s begins with http://: not encrypted",
		    shown(n), n.s);
}

/* Behind "="; false when the text ends first. */
static bool
take_value(struct checker *c, struct tag *t, struct name n)
{
	struct name value;
	const char *close;

	if (c->p < c->end && *c->p != '"' && *c->p != '\'') {
		wrong(c, c->p, "the value of %.*s is not in quotes",
		    shown(n), n.s);
		value = take_name(c, ">");
		check_value(c, t, n, value);
		return true;
	}
	close = c->p == c->end ? NULL :
	    memchr(c->p + 1, *c->p, (size_t)(c->end - c->p - 1));
	if (close == NULL) {
		wrong(c, n.s, "the value of %.*s is not closed", shown(n),
		    n.s);
		c->p = c->end;
		return false;
	}
	c->p++;
	value = (struct name){ c->p, (size_t)(close - c->p) };
	check_value(c, t, n, value);
	check_entities(c, close);
	c->p = close + 1;
	if (c->p < c->end && !isspace((unsigned char)*c->p) &&
	    *c->p != '>' && *c->p != '/')
		wrong(c, c->p, "no blank behind the value of %.*s", shown(n),
		    n.s);
	return true;
}

static bool
take_attribute(struct checker *c, struct tag *t)
{
	const char *start = c->p;
	struct name n = take_name(c, "=>/\"'<");

	if (n.len == 0) {
		wrong(c, start, "%.1s in the tag <%.*s>", start,
		    shown(t->name), t->name.s);
		c->p++;
		return true;
	}
	add_attribute(c, t, n);
	skip_blanks(c);
	if (c->p < c->end && *c->p == '=') {
		c->p++;
		skip_blanks(c);
		return take_value(c, t, n);
	}
	check_value(c, t, n, (struct name){ c->p, 0 });
	return true;
}

/* Up to and with ">"; false when there is none. */
static bool
take_attributes(struct checker *c, struct tag *t)
{
	for (;;) {
		skip_blanks(c);
		if (c->p == c->end || *c->p == '<') {
			wrong(c, t->at, "<%.*s has no >", shown(t->name),
			    t->name.s);
			return c->p < c->end;
		}
		if (*c->p == '>') {
			c->p++;
			return true;
		}
		if (*c->p == '/' && c->p + 1 < c->end && c->p[1] == '>') {
			t->empty = true;
			c->p += 2;
			return true;
		}
		if (!take_attribute(c, t))
			return false;
	}
}

/* Tags. */

/* What stands up to the end of these is no markup. */
static void
skip_raw(struct checker *c, const struct tag *t)
{
	bool code = name_is(t->name, "script") || name_is(t->name, "style");
	char close[16];
	const char *end;

	if (!code && !name_is(t->name, "title") &&
	    !name_is(t->name, "textarea"))
		return;
	snprintf(close, sizeof(close), "</%.*s", (int)t->name.len, t->name.s);
	end = strcasestr(c->p, close);
	if (end == NULL)
		end = c->end;
	if (!code)
		check_entities(c, end);
	c->p = end;
}

static void
warn_of_tag(struct checker *c, const struct tag *t)
{
	if (name_is(t->name, "img") && !t->has_alt)
		warn(c, t->at, "an image without alt: many readers show no "
		    "images");
	if (name_is(t->name, "html")) {
		c->seen_language = true;
		if (!t->has_lang)
			warn(c, t->at, "<html> without lang");
	}
	if (name_is(t->name, "script"))
		warn(c, t->at, "a script, which mail readers drop");
	if (name_is(t->name, "link") && t->is_stylesheet)
		warn(c, t->at, "a stylesheet elsewhere, which mail readers do "
		    "not fetch");
}

static void
start_tag(struct checker *c)
{
	struct tag t = { .at = c->p++ };

	c->seen_tag = true;
	t.name = take_name(c, "/>\"'<=");
	if (!take_attributes(c, &t))
		return;
	warn_of_tag(c, &t);
	check_paragraph(c, &t);
	if (is_one_of(t.name, voids))
		return;
	if (t.empty) {
		wrong(c, t.at, "<%.*s /> stays open: only <br> and the like "
		    "are closed so", shown(t.name), t.name.s);
		return;
	}
	push(c, &t);
	skip_raw(c, &t);
}

static void
end_tag(struct checker *c)
{
	const char *at = c->p;
	struct name n;

	c->p += 2;
	n = take_name(c, "/>\"'<=");
	skip_blanks(c);
	if (c->p < c->end && *c->p == '>')
		c->p++;
	else
		wrong(c, at, "</%.*s has no >", shown(n), n.s);
	if (is_one_of(n, voids))
		wrong(c, at, "</%.*s>: there is no such tag", shown(n), n.s);
	else
		close_element(c, n, at);
}

/* Past `close`, or to the end. */
static void
skip_past(struct checker *c, const char *close, const char *what)
{
	const char *end = strstr(c->p, close);

	if (end == NULL)
		wrong(c, c->p, "%s is not closed", what);
	c->p = end == NULL ? c->end : end + strlen(close);
}

static void
declaration(struct checker *c)
{
	if (at_is(c, "<!--"))
		skip_past(c, "-->", "the comment");
	else if (at_is(c, "<!["))	/* [if mso], of Outlook */
		skip_past(c, ">", "the condition");
	else if (at_is(c, "<!doctype")) {
		if (c->seen_tag)
			wrong(c, c->p, "the doctype is not at the beginning");
		skip_past(c, ">", "the doctype");
	} else {
		wrong(c, c->p, "neither a comment nor a doctype");
		c->p += 2;
	}
}

static void
markup(struct checker *c)
{
	char next = c->p + 1 < c->end ? c->p[1] : '\0';

	if (next == '!')
		declaration(c);
	else if (next == '/' && c->p + 2 < c->end &&
	    isalpha((unsigned char)c->p[2]))
		end_tag(c);
	else if (isalpha((unsigned char)next))
		start_tag(c);
	else
		wrong(c, c->p++, "< is not written as &lt;");
}

void
html_check(const char *text, size_t len,
    void (*found)(void *ctx, const struct html_fault *f), void *ctx)
{
	struct checker c = { .text = text, .p = text, .end = text + len,
	    .found = found, .ctx = ctx };

	while (c.p < c.end && c.told < HTML_FAULTS_MAX)
		if (*c.p == '<')
			markup(&c);
		else if (*c.p == '&')
			check_entity(&c);
		else
			c.p++;
	for (size_t i = c.depth; i-- > 0;)
		wrong(&c, c.open[i].at, "<%.*s> is not closed",
		    shown(c.open[i].name), c.open[i].name.s);
	if (!c.seen_language)
		warn(&c, text, "there is no <html lang=\"...\">: readers do "
		    "not know the language");
}
