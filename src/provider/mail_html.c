/*
 * HTML as text: enough of it to find a person's words, not to show a page.
 * One pass, no recursion: what strangers nest costs nothing.
 */
#include "mail_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX	1000000
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct page {
	struct buf *out;
	int quotes;		/* open blockquotes */
	int depth;		/* open elements div */
	int marked;		/* the one that is quoted; 0: none */
	bool rest;		/* a quotation that lasts to the end */
	bool at_start;		/* of a line */
	bool blank;		/* one is due before the next word */
};

static bool
is_name(const char *name, size_t len, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(name, names[i], len) == 0)
			return true;
	return false;
}

static void
new_line(struct page *p)
{
	if (!p->at_start)
		buf_char(p->out, '\n');
	p->at_start = true;
	p->blank = false;
}

static void
put(struct page *p, const char *s, size_t len)
{
	if (p->at_start && (p->quotes > 0 || p->rest ||
	    p->marked > 0))
		buf_str(p->out, "> ");
	else if (p->blank && !p->at_start)
		buf_char(p->out, ' ');
	p->at_start = p->blank = false;
	buf_add(p->out, s, len);
}

static size_t
encode(uint32_t c, char out[4])
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* What stands behind the '&' and before the ';'; 0 when nobody knows it. */
static uint32_t
named(const char *s, size_t len)
{
	static const struct {
		const char *name;
		uint32_t c;
	} all[] = {
		{ "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
		{ "apos", '\'' }, { "nbsp", ' ' }, { "aacute", 0xe1 },
		{ "eacute", 0xe9 }, { "iacute", 0xed }, { "oacute", 0xf3 },
		{ "uacute", 0xfa }, { "ntilde", 0xf1 }, { "uuml", 0xfc },
		{ "Aacute", 0xc1 }, { "Eacute", 0xc9 }, { "Iacute", 0xcd },
		{ "Oacute", 0xd3 }, { "Uacute", 0xda }, { "Ntilde", 0xd1 },
		{ "Uuml", 0xdc }, { "iexcl", 0xa1 }, { "iquest", 0xbf },
		{ "ldquo", 0x201c }, { "rdquo", 0x201d }, { "lsquo", 0x2018 },
		{ "rsquo", 0x2019 }, { "ndash", 0x2013 }, { "mdash", 0x2014 },
		{ "hellip", 0x2026 }, { "zwnj", 0x200c }
	};

	for (size_t i = 0; i < COUNT(all); i++)
		if (strlen(all[i].name) == len &&
		    strncmp(all[i].name, s, len) == 0)
			return all[i].c;
	return 0;
}

/* Bytes of the entity at `s`, which begins with '&'; 1 when it is none. */
static size_t
put_entity(struct page *p, const char *s, const char *end)
{
	const char *close = memchr(s, ';', (size_t)(end - s > 12 ? 12 :
	    end - s));
	char bytes[4], digits[12], *stop;
	size_t len = close == NULL ? 0 : (size_t)(close - s - 1);
	uint32_t c = 0;

	if (len > 1 && s[1] == '#') {
		bool hex = s[2] == 'x' || s[2] == 'X';

		snprintf(digits, sizeof(digits), "%.*s",
		    (int)(len - (hex ? 2 : 1)), s + (hex ? 3 : 2));
		c = (uint32_t)strtoul(digits, &stop, hex ? 16 : 10);
		if (*stop != '\0' || stop == digits)
			c = 0;
	} else if (len > 0)
		c = named(s + 1, len);
	if (c == 0) {
		put(p, "&", 1);
		return 1;
	}
	if (c == ' ' || c == 0xa0)
		p->blank = true;
	else
		put(p, bytes, encode(c, bytes));
	return len + 2;
}

static bool
has_any(const char *tag, size_t len, const char *const *marks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memmem(tag, len, marks[i], strlen(marks[i])) != NULL)
			return true;
	return false;
}

/*
 * The classes and ids by which mail programs mark what they quote, or sign:
 * to the end of this element.
 */
static bool
marks_quote(const char *tag, size_t len)
{
	static const char *const marks[] = { "gmail_quote", "gmail_attr",
	    "gmail_signature", "yahoo_quoted", "yahoo-signature",
	    "moz-cite-prefix", "moz-signature", "protonmail_quote",
	    "protonmail_signature", "mail_android_quote",
	    "ms-outlook-mobile-signature", "id=\"Signature\"",
	    "AppleMailSignature", "zmail_extra", "tutanota_quote" };

	return has_any(tag, len, marks, COUNT(marks));
}

/* The same where they open no element around it: to the end of all. */
static bool
marks_rest(const char *tag, size_t len)
{
	static const char *const marks[] = { "divRplyFwdMsg",
	    "appendonsend", "OLK_SRC_BODY_SECTION",
	    "mail-editor-reference-message-container" };

	return has_any(tag, len, marks, COUNT(marks));
}

/* Behind "</NAME" for the content of which nobody sees. */
static const char *
skip_unseen(const char *s, const char *end, const char *name, size_t len)
{
	for (; (s = memchr(s, '<', (size_t)(end - s))) != NULL; s++)
		if ((size_t)(end - s) > len + 1 && s[1] == '/' &&
		    strncasecmp(s + 2, name, len) == 0)
			return s;
	return end;
}

static const char *
tag_end(const char *s, const char *end)
{
	const char *close = memchr(s, '>', (size_t)(end - s));

	return close == NULL ? end : close + 1;
}

static void
read_div(struct page *p, const char *tag, size_t len, bool closing)
{
	if (closing) {
		if (p->marked == p->depth)
			p->marked = 0;
		p->depth -= p->depth > 0;
		return;
	}
	p->depth += p->depth < DEPTH_MAX;
	p->rest |= marks_rest(tag, len);
	if (p->marked == 0 && marks_quote(tag, len))
		p->marked = p->depth;
}

/* What is struck out is not said: with the sign that telephones put there. */
static void
read_struck(struct page *p, const char *tag, size_t len, const char *name,
    size_t n)
{
	static const char *const names[] = { "s", "strike", "del" };

	if (is_name(name, n, names, COUNT(names)) ||
	    memmem(tag, len, "line-through", strlen("line-through")) != NULL)
		put(p, "~", 1);
}

/* The tag at `s`; returns where the text goes on. */
static const char *
read_tag(struct page *p, const char *s, const char *end)
{
	static const char *const unseen[] = { "style", "script", "head",
	    "title" };
	static const char *const blocks[] = { "p", "div", "br", "tr", "li",
	    "ul", "ol", "table", "blockquote", "h1", "h2", "h3", "h4", "hr",
	    "body", "pre" };
	const char *after = tag_end(s, end), *name = s + 1;
	bool closing = name < end && *name == '/';
	size_t n = 0;

	if (end - s > 4 && memcmp(s, "<!--", 4) == 0) {
		const char *close = memmem(s, (size_t)(end - s), "-->", 3);

		return close == NULL ? end : close + 3;
	}
	name += closing;
	while (name + n < end && isalnum((unsigned char)name[n]))
		n++;
	if (!closing && is_name(name, n, unseen, COUNT(unseen)))
		return skip_unseen(after, end, name, n);
	if (is_name(name, n, blocks, COUNT(blocks)))
		new_line(p);
	if (n == 10 && strncasecmp(name, "blockquote", n) == 0)
		p->quotes += closing ? -(p->quotes > 0) :
		    p->quotes < DEPTH_MAX;
	read_struck(p, s, (size_t)(after - s), name, n);
	if (n == 3 && strncasecmp(name, "div", n) == 0)
		read_div(p, s, (size_t)(after - s), closing);
	else if (!closing)
		p->rest |= marks_rest(s, (size_t)(after - s));
	return after;
}

void
mail_html_text(const char *html, size_t len, struct buf *out)
{
	struct page p = { .out = out, .at_start = true };
	const char *s = html, *end = html + len;
	size_t n;

	while (s < end) {
		if (*s == '<' && end - s > 1 && (isalpha((unsigned char)s[1]) ||
		    s[1] == '/' || s[1] == '!' || s[1] == '?'))
			s = read_tag(&p, s, end);
		else if (*s == '&')
			s += put_entity(&p, s, end);
		else if (isspace((unsigned char)*s)) {
			p.blank = true;
			s++;
		} else {
			for (n = 1; s + n < end && s[n] != '<' && s[n] !=
			    '&' && !isspace((unsigned char)s[n]); )
				n++;
			put(&p, s, n);
			s += n;
		}
	}
}
