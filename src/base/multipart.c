#include "multipart.h"

#include <string.h>
#include <strings.h>
#include <sysexits.h>

/* What is left to be read; `at` never goes behind `end`. */
struct span {
	const char *at, *end;
};

static size_t
left(const struct span *s)
{
	return (size_t)(s->end - s->at);
}

bool
media_type_is(const char *type, const char *media)
{
	size_t len = strlen(media);

	return strncasecmp(type, media, len) == 0 &&
	    strchr("; \t", type[len]) != NULL;
}

/*
 * The value of a parameter `name` in "x; name=value; other=\"quoted\"", or
 * NULL.  In quotes a backslash stands for itself, but before a quote: browsers
 * write none, and %22 for a quote.
 */
static char *
parameter(const char *s, const char *name, struct arena *mem)
{
	size_t n = strlen(name), len;
	bool ours;

	while ((s = strchr(s, ';')) != NULL) {
		s += 1 + strspn(s + 1, " \t");
		ours = strncasecmp(s, name, n) == 0 && s[n] == '=';
		s += strcspn(s, "=;");
		if (*s != '=')
			continue;
		s++;
		if (*s == '"') {
			s++;
			len = strcspn(s, "\"");
		} else
			len = strcspn(s, "; \t");
		if (ours)
			return arena_strndup(mem, s, len);
		s += len;
	}
	return NULL;
}

/* The next line without its end; false when there is none that ends. */
static bool
next_line(struct span *s, const char **line, size_t *len)
{
	const char *newline = memchr(s->at, '\n', left(s));

	if (newline == NULL)
		return false;
	*line = s->at;
	*len = (size_t)(newline - s->at);
	if (*len > 0 && (*line)[*len - 1] == '\r')
		--*len;
	s->at = newline + 1;
	return true;
}

/*
 * Whether a delimiter begins at `p`, and where it ends.  "--xy" is none of the
 * boundary x.
 */
static bool
is_delimiter(const struct span *s, const char *p, const char *boundary,
    const char **end)
{
	size_t n = strlen(boundary);

	if ((size_t)(s->end - p) < n + 2 || p[0] != '-' || p[1] != '-' ||
	    memcmp(p + 2, boundary, n) != 0)
		return false;
	*end = p + 2 + n;
	return *end == s->end || memchr("- \t\r\n", **end, 5) != NULL;
}

/*
 * Goes behind the next delimiter, which begins a line; `*value` is what stood
 * before it, without the end of line that belongs to the delimiter.
 */
static bool
to_delimiter(struct span *s, const char *boundary, const char **value,
    size_t *len)
{
	const char *p = s->at, *end;

	*value = s->at;
	while (p != NULL && p < s->end) {
		if (is_delimiter(s, p, boundary, &end)) {
			*len = (size_t)(p - *value);
			if (*len > 0)
				--*len;
			if (*len > 0 && (*value)[*len - 1] == '\r')
				--*len;
			s->at = end;
			return true;
		}
		p = memchr(p, '\n', (size_t)(s->end - p));
		if (p != NULL)
			p++;
	}
	return false;
}

/* The name of a field, NULL for a file and for what is no field at all. */
static const char *
field_name(struct span *s, struct arena *mem)
{
	static const char header[] = "Content-Disposition:";
	const char *line, *name = NULL;
	bool file = false;
	size_t len;
	char *text;

	while (next_line(s, &line, &len) && len > 0) {
		if (len < sizeof(header) ||
		    strncasecmp(line, header, sizeof(header) - 1) != 0)
			continue;
		text = arena_strndup(mem, line, len);
		name = parameter(text, "name", mem);
		file = parameter(text, "filename", mem) != NULL;
	}
	return file ? NULL : name;
}

static int
add_pair(struct form *f, const char *name, const char *value, size_t len,
    struct arena *mem, struct error *e)
{
	struct form_pair *p = &f->pairs[f->count];

	if (f->count == FORM_PAIRS_MAX)
		return error_set(e, EX_DATAERR, "form: more than %d fields",
		    FORM_PAIRS_MAX);
	if (memchr(value, '\0', len) != NULL)
		return error_set(e, EX_DATAERR, "form: NUL in the value of %s",
		    name);
	p->name = name;
	p->name_len = strlen(name);
	p->value = arena_strndup(mem, value, len);
	p->value_len = len;
	f->count++;
	return 0;
}

static bool
is_last(const struct span *s)
{
	return left(s) >= 2 && s->at[0] == '-' && s->at[1] == '-';
}

int
multipart_parse(struct form *f, const char *type, const char *body,
    size_t len, struct arena *mem, struct error *e)
{
	const char *boundary = parameter(type, "boundary", mem);
	struct span s = { .at = body, .end = body + len };
	const char *value, *name, *rest;
	size_t n;

	*f = (struct form){ .count = 0 };
	if (boundary == NULL || *boundary == '\0' ||
	    strlen(boundary) > MULTIPART_BOUNDARY_MAX)
		return error_set(e, EX_DATAERR, "form: no boundary");
	f->pairs = arena_alloc(mem, FORM_PAIRS_MAX * sizeof(*f->pairs));
	if (len == 0 || !to_delimiter(&s, boundary, &value, &n))
		return error_set(e, EX_DATAERR, "form: nothing behind a "
		    "boundary");
	while (!is_last(&s)) {
		/* Blanks may stand behind a delimiter. */
		if (!next_line(&s, &rest, &n))
			return error_set(e, EX_DATAERR, "form: cut off");
		name = field_name(&s, mem);
		if (!to_delimiter(&s, boundary, &value, &n))
			return error_set(e, EX_DATAERR, "form: cut off");
		if (name != NULL && add_pair(f, name, value, n, mem, e) == -1)
			return -1;
	}
	return 0;
}
