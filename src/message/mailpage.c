#include "mailpage.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PAGE_TEXT_MAX	(1024 * 1024)
#define NAME_SIZE	16	/* of an element; no longer one matters here */
#define ENTITY_LEN	10

struct slice {
	const char *s;
	size_t len;
};

struct tag {
	char name[NAME_SIZE];	/* lower case */
	bool closing, empty;
	struct slice href, src, style;
	bool has_alt, hidden;
};

struct reader {
	const char *p, *end;
	struct mail_page *page;
	/* The link that is open, and where its label begins. */
	struct mail_link *link;
	size_t label;
	/* What is hidden: the element that began it, and how deep it is. */
	char hidden[NAME_SIZE];
	size_t depth;
};

/* The entities of U+00A0 to U+00FF, in order. */
static const char *const latin[] = {
	"nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect",
	"uml", "copy", "ordf", "laquo", "not", "shy", "reg", "macr", "deg",
	"plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil",
	"sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
	"Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
	"Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
	"Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc",
	"Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc",
	"Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc",
	"atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute",
	"ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
	"ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash",
	"ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml"
};

static const struct {
	const char *name;
	uint32_t c;
} others[] = {
	{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
	{ "apos", '\'' }, { "hellip", 0x2026 }, { "ndash", 0x2013 },
	{ "mdash", 0x2014 }, { "lsquo", 0x2018 }, { "rsquo", 0x2019 },
	{ "ldquo", 0x201c }, { "rdquo", 0x201d }, { "bull", 0x2022 },
	{ "euro", 0x20ac }, { "zwnj", 0x200c }, { "zwj", 0x200d },
	{ "ensp", 0x2002 }, { "emsp", 0x2003 }, { "thinsp", 0x2009 }
};

/* These divide words and paragraphs; all others stand within them. */
static const char *const breaks[] = { "address", "blockquote", "br", "center",
	"dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4",
	"h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
	"section", "table", "tbody", "td", "th", "tr", "ul", NULL };

static const char *const raw[] = { "script", "style", "title", NULL };

/* They have no end tag, so nothing is hidden inside of them. */
static const char *const voids[] = { "area", "base", "br", "col", "embed",
	"hr", "img", "input", "link", "meta", "param", "source", "track",
	"wbr", NULL };

static bool
is_one_of(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* Characters */

static void
put_character(struct buf *out, uint32_t c)
{
	if (c == 0xa0 || c == 0x2002 || c == 0x2003 || c == 0x2009)
		c = ' ';
	if (c < 0x80)
		buf_char(out, (char)c);
	else if (c < 0x800) {
		buf_char(out, (char)(0xc0 | c >> 6));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_char(out, (char)(0xe0 | c >> 12));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_char(out, (char)(0xf0 | c >> 18));
		buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_char(out, (char)(0x80 | (c & 0x3f)));
	}
}

static uint32_t
numeric(const char *s)
{
	bool hex = s[1] == 'x' || s[1] == 'X';
	unsigned long c;
	char *end;

	c = strtoul(s + 1 + hex, &end, hex ? 16 : 10);
	if (*end != '\0' || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return (uint32_t)c;
}

/* 0: there is no such entity. */
static uint32_t
entity_value(const char *name)
{
	if (name[0] == '#')
		return numeric(name);
	for (size_t i = 0; i < sizeof(latin) / sizeof(latin[0]); i++)
		if (strcmp(latin[i], name) == 0)
			return (uint32_t)(0xa0 + i);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].name, name) == 0)
			return others[i].c;
	return 0;
}

/* At "&": bytes that were read, 1 when it is none. */
static size_t
put_entity(struct buf *out, const char *s, size_t len)
{
	char name[ENTITY_LEN + 1];
	size_t n = 0;
	uint32_t c;

	while (n < ENTITY_LEN && 1 + n < len &&
	    (isalnum((unsigned char)s[1 + n]) || s[1 + n] == '#')) {
		name[n] = s[1 + n];
		n++;
	}
	name[n] = '\0';
	c = n > 0 && 1 + n < len && s[1 + n] == ';' ? entity_value(name) : 0;
	if (c == 0) {
		buf_char(out, '&');
		return 1;
	}
	put_character(out, c);
	return n + 2;
}

static const char *
decode(struct slice s, struct arena *mem)
{
	struct buf out = BUF_INIT(s.len + 8);
	const char *copy;

	for (size_t i = 0; i < s.len;)
		if (s.s[i] == '&')
			i += put_entity(&out, s.s + i, s.len - i);
		else
			buf_char(&out, s.s[i++]);
	copy = arena_strdup(mem, buf_text(&out));
	buf_release(&out);
	return copy;
}

/* White space is one blank, and none after a line's end. */
static void
put_blank(struct buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] != ' ' &&
	    out->data[out->len - 1] != '\n')
		buf_char(out, ' ');
}

static void
put_break(struct buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		buf_char(out, '\n');
}

/* Tags */

static void
take_name(struct reader *r, struct tag *t)
{
	size_t n = 0;

	while (r->p < r->end && isalnum((unsigned char)*r->p)) {
		if (n < NAME_SIZE - 1)
			t->name[n++] = (char)tolower((unsigned char)*r->p);
		r->p++;
	}
	t->name[n] = '\0';
}

static struct slice
take_value(struct reader *r)
{
	struct slice v = { .s = r->p };
	char quote = *r->p;

	if (quote == '"' || quote == '\'') {
		const char *close = memchr(r->p + 1, quote,
		    (size_t)(r->end - r->p - 1));

		if (close == NULL)
			close = r->end;
		v.s = r->p + 1;
		v.len = (size_t)(close - v.s);
		r->p = close < r->end ? close + 1 : close;
		return v;
	}
	while (r->p < r->end && !isspace((unsigned char)*r->p) &&
	    *r->p != '>')
		r->p++;
	v.len = (size_t)(r->p - v.s);
	return v;
}

static bool
is_name(struct slice n, const char *word)
{
	return n.len == strlen(word) && strncasecmp(n.s, word, n.len) == 0;
}

static void
set_attribute(struct tag *t, struct slice name, struct slice value)
{
	if (is_name(name, "href"))
		t->href = value;
	else if (is_name(name, "src"))
		t->src = value;
	else if (is_name(name, "style"))
		t->style = value;
	else if (is_name(name, "alt"))
		t->has_alt = true;
	else if (is_name(name, "hidden"))
		t->hidden = true;
}

static void
skip_blanks(struct reader *r)
{
	while (r->p < r->end && isspace((unsigned char)*r->p))
		r->p++;
}

static void
take_attribute(struct reader *r, struct tag *t)
{
	struct slice name = { .s = r->p }, value = { .s = "" };

	while (r->p < r->end && !isspace((unsigned char)*r->p) &&
	    *r->p != '\0' && strchr("=>/", *r->p) == NULL)
		r->p++;
	name.len = (size_t)(r->p - name.s);
	skip_blanks(r);
	if (r->p < r->end && *r->p == '=') {
		r->p++;
		skip_blanks(r);
		if (r->p < r->end)
			value = take_value(r);
	}
	if (name.len > 0)
		set_attribute(t, name, value);
	else if (r->p < r->end && *r->p != '>')
		r->p++;
}

/* "display: none", in any case and with any blanks. */
static bool
is_hidden(const struct tag *t)
{
	char style[256];
	size_t n = 0;

	for (size_t i = 0; i < t->style.len && n < sizeof(style) - 1; i++)
		if (!isspace((unsigned char)t->style.s[i]))
			style[n++] = (char)tolower((unsigned char)
			    t->style.s[i]);
	style[n] = '\0';
	return t->hidden || strstr(style, "display:none") != NULL;
}

static bool
begins(struct slice s, const char *word)
{
	return s.len >= strlen(word) &&
	    strncasecmp(s.s, word, strlen(word)) == 0;
}

static void
add_image(struct reader *r, const struct tag *t)
{
	struct mail_page *page = r->page;

	page->images++;
	page->images_without_alt += !t->has_alt;
	page->images_embedded += begins(t->src, "data:");
	if (page->plain_image == NULL && begins(t->src, "http:"))
		page->plain_image = decode(t->src, page->mem);
}

static void
end_link(struct reader *r)
{
	struct buf *text = &r->page->text;

	if (r->link == NULL)
		return;
	r->link->label = text->len <= r->label ? "" :
	    arena_strndup(r->page->mem, text->data + r->label,
	    text->len - r->label);
	r->link = NULL;
}

static void
begin_link(struct reader *r, const struct tag *t)
{
	struct mail_link *l;

	end_link(r);
	if (t->href.s == NULL)
		return;
	l = arena_alloc(r->page->mem, sizeof(*l));
	l->href = decode(t->href, r->page->mem);
	l->label = "";
	*r->page->last = l;
	r->page->last = &l->next;
	r->link = l;
	r->label = r->page->text.len;
}

/* Whether the tag belongs to what is hidden, and is done with. */
static bool
hide(struct reader *r, const struct tag *t)
{
	if (r->depth > 0) {
		if (strcmp(t->name, r->hidden) != 0)
			return true;
		if (t->closing)
			r->depth--;
		else if (!t->empty)
			r->depth++;
		return true;
	}
	if (t->closing || is_one_of(t->name, voids) || !is_hidden(t))
		return false;
	memcpy(r->hidden, t->name, sizeof(r->hidden));
	r->depth = 1;
	return true;
}

static void
skip_raw(struct reader *r, const struct tag *t)
{
	const char *p = r->p;
	size_t len = strlen(t->name);

	for (; p + 2 + len <= r->end; p++)
		if (p[0] == '<' && p[1] == '/' &&
		    strncasecmp(p + 2, t->name, len) == 0) {
			r->p = p;
			return;
		}
	/* Never closed: browsers show nothing of the rest. */
	r->p = r->end;
}

static void
act(struct reader *r, const struct tag *t)
{
	if (hide(r, t))
		return;
	if (is_one_of(t->name, breaks))
		put_break(&r->page->text);
	if (strcmp(t->name, "a") == 0) {
		if (t->closing)
			end_link(r);
		else
			begin_link(r, t);
	} else if (strcmp(t->name, "img") == 0)
		add_image(r, t);
	else if (!t->closing && !t->empty && is_one_of(t->name, raw))
		skip_raw(r, t);
}

static void
take_tag(struct reader *r)
{
	struct tag t = { .closing = r->p[1] == '/' };

	r->p += 1 + t.closing;
	take_name(r, &t);
	for (;;) {
		skip_blanks(r);
		if (r->p == r->end || *r->p == '>')
			break;
		if (*r->p == '/') {
			t.empty = r->p + 1 < r->end && r->p[1] == '>';
			r->p++;
			continue;
		}
		take_attribute(r, &t);
	}
	r->p += r->p < r->end;
	act(r, &t);
}

static void
skip_past(struct reader *r, const char *close)
{
	const char *found = strstr(r->p, close);

	r->p = found == NULL ? r->end : found + strlen(close);
}

static void
markup(struct reader *r)
{
	char next = r->p[1];

	if (strncmp(r->p, "<!--", 4) == 0)
		skip_past(r, "-->");
	else if (next == '!' || next == '?')
		skip_past(r, ">");
	else if (isalpha((unsigned char)next) ||
	    (next == '/' && isalpha((unsigned char)r->p[2])))
		take_tag(r);
	else {
		if (r->depth == 0)
			buf_char(&r->page->text, '<');
		r->p++;
	}
}

void
mail_page_read(const char *html, struct mail_page *page, struct arena *mem)
{
	struct reader r = { .p = html, .end = html + strlen(html),
	    .page = page };

	*page = (struct mail_page){ .text = BUF_INIT(PAGE_TEXT_MAX),
	    .mem = mem };
	page->last = &page->links;
	while (r.p < r.end) {
		if (*r.p == '<')
			markup(&r);
		else if (r.depth > 0)
			r.p++;
		else if (*r.p == '&')
			r.p += put_entity(&page->text, r.p,
			    (size_t)(r.end - r.p));
		else if (isspace((unsigned char)*r.p)) {
			put_blank(&page->text);
			r.p++;
		} else
			buf_char(&page->text, *r.p++);
	}
	end_link(&r);
}
