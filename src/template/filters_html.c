#include <string.h>

#include "template/filter.h"

/*
 * Filters for HTML and URLs, as Django 3.2 has them
 * (django/template/defaultfilters.py).
 */

/* Escaping. */

static int
filter_force_escape(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);

	html_escape(&b, in->text, in->len);
	if (filter_take(c, &b, out) == -1)
		return -1;
	out->safe = true;
	return 0;
}

/* Text that is not HTML has nothing to escape. */
static int
filter_escape(struct call *c, const struct tval *in, struct tval *out)
{
	if (c->env->html && !in->safe)
		return filter_force_escape(c, in, out);
	*out = *in;
	return 0;
}

static int
filter_safe(struct call *c, const struct tval *in, struct tval *out)
{
	(void)c;
	*out = *in;
	out->safe = true;
	return 0;
}

/* RFC 3986, 2.3: unreserved. */
static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
}

/* The argument has what else is left as it is: "/" unless it is given. */
static int
filter_urlencode(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);
	struct tval kept = TVAL_TEXT("/", 1);
	char ch;

	if (c->has_arg && c->arg.type != TVAL_NONE)
		kept = c->arg;
	if (kept.type != TVAL_STRING)
		return filter_fail(c, out, *in, "goes to the filter "
		    "urlencode, whose argument is not a text");
	for (size_t i = 0; i < in->len && !b.full; i++) {
		ch = in->text[i];
		if (is_unreserved(ch) || ((ch & 0x80) == 0 && kept.len > 0 &&
		    memchr(kept.text, ch, kept.len) != NULL))
			buf_char(&b, ch);
		else
			buf_printf(&b, "%%%02X", (unsigned char)ch);
	}
	return filter_take(c, &b, out);
}

/* Lines. */

/* The length of the newline at `i`: "\n", "\r\n" or "\r"; 0: none. */
static size_t
newline_at(const struct tval *v, size_t i)
{
	if (i < v->len && v->text[i] == '\r')
		return i + 1 < v->len && v->text[i + 1] == '\n' ? 2 : 1;
	return i < v->len && v->text[i] == '\n';
}

static size_t
line_end(const struct tval *v, size_t i)
{
	while (i < v->len && v->text[i] != '\n' && v->text[i] != '\r')
		i++;
	return i;
}

/* `paragraph` stands for two newlines or more; NULL: they are as one each. */
static int
break_lines(struct call *c, const struct tval *in, struct buf *b,
    const char *paragraph, struct tval *out)
{
	bool escape = c->autoescape && !in->safe;
	size_t end, newlines;

	for (size_t i = 0; i < in->len; i = end) {
		end = line_end(in, i);
		if (escape)
			html_escape(b, in->text + i, end - i);
		else
			buf_add(b, in->text + i, end - i);
		for (newlines = 0; newline_at(in, end) > 0; newlines++)
			end += newline_at(in, end);
		if (paragraph != NULL && newlines > 1)
			buf_str(b, paragraph);
		else
			while (newlines-- > 0 && !b->full)
				buf_str(b, "<br>");
	}
	if (paragraph != NULL)
		buf_str(b, "</p>");
	if (filter_take(c, b, out) == -1)
		return -1;
	out->safe = true;
	return 0;
}

static int
filter_linebreaks(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);

	buf_str(&b, "<p>");
	return break_lines(c, in, &b, "</p>\n\n<p>", out);
}

static int
filter_linebreaksbr(struct call *c, const struct tval *in, struct tval *out)
{
	struct buf b = BUF_INIT(TEMPLATE_VALUE_MAX);

	return break_lines(c, in, &b, NULL, out);
}

const struct filter filters_html[] = {
	{ "escape", filter_escape, FILTER_STRING | FILTER_KEEPS_SAFE },
	{ "force_escape", filter_force_escape,
	    FILTER_STRING | FILTER_KEEPS_SAFE },
	{ "safe", filter_safe, FILTER_STRING | FILTER_KEEPS_SAFE },
	{ "urlencode", filter_urlencode,
	    FILTER_ARG_OPTIONAL | FILTER_STRING },
	{ "linebreaks", filter_linebreaks, FILTER_STRING | FILTER_KEEPS_SAFE },
	{ "linebreaksbr", filter_linebreaksbr,
	    FILTER_STRING | FILTER_KEEPS_SAFE },
	{ NULL, NULL, 0 }
};
