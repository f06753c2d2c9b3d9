#include "html.h"

#include <stdbool.h>
#include <string.h>

#include "template/filter.h"

/* Characters that XML does not have, not even escaped. */
static bool
is_impossible(unsigned char c)
{
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

void
html_text(struct buf *out, const char *s, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		if (!is_impossible((unsigned char)s[i]))
			continue;
		html_escape(out, s + start, i - start);
		buf_str(out, "\xef\xbf\xbd");
		start = i + 1;
	}
	html_escape(out, s + start, len - start);
}

size_t
html_link_length(const char *s)
{
	size_t len = 0;

	if (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0)
		return 0;
	while (s[len] != '\0' && strchr(" \t\r\n<>\"", s[len]) == NULL)
		len++;
	/* The full stop of a sentence is not the address's. */
	while (len > 0 && strchr(".,;:!?)'", s[len - 1]) != NULL)
		len--;
	return len;
}

static void
add_link(struct buf *out, const char *s, size_t len)
{
	buf_str(out, "<a href=\"");
	html_escape(out, s, len);
	buf_str(out, "\">");
	html_escape(out, s, len);
	buf_str(out, "</a>");
}

static void
add_paragraph(struct buf *out, const char *s, size_t len)
{
	const char *end = s + len, *start = s;
	size_t link;

	buf_str(out, "<p>");
	while (s < end) {
		link = *s == 'h' ? html_link_length(s) : 0;
		if (link == 0 && *s != '\n') {
			s++;
			continue;
		}
		html_escape(out, start, (size_t)(s - start));
		if (link > 0)
			add_link(out, s, link);
		else
			buf_str(out, "<br>\n");
		s += link > 0 ? link : 1;
		start = s;
	}
	html_escape(out, start, (size_t)(end - start));
	buf_str(out, "</p>\n");
}

/* The next paragraph: up to a line with nothing but blanks. */
static size_t
paragraph_length(const char *s)
{
	const char *line = s, *end;
	size_t blanks;

	for (;;) {
		end = strchrnul(line, '\n');
		if (*end == '\0')
			return (size_t)(end - s);
		blanks = strspn(end + 1, " \t\r");
		if (end[1 + blanks] == '\n' || end[1 + blanks] == '\0')
			return (size_t)(end - s);
		line = end + 1;
	}
}

void
html_from_text(const char *text, const char *language, const char *title,
    struct buf *out)
{
	size_t len;

	buf_str(out, "<!DOCTYPE html>\n<html lang=\"");
	html_escape(out, language, strlen(language));
	buf_str(out, "\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<title>");
	html_escape(out, title, strlen(title));
	buf_str(out, "</title>\n</head>\n<body style=\"margin: 1em auto; "
	    "max-width: 34em; padding: 0 1em; font-family: sans-serif; "
	    "line-height: 1.5\">\n");
	for (;;) {
		text += strspn(text, "\n \t\r");
		if (*text == '\0')
			break;
		len = paragraph_length(text);
		add_paragraph(out, text, len);
		text += len;
	}
	buf_str(out, "</body>\n</html>\n");
}
