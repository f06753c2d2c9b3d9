#include "striptags.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <unicode/utf8.h>

#include "template/chars.h"
#include "template/template.h"

/* Bytes read in vain, as all in "<a <a <a" are; Django takes any number. */
#define VAIN_MAX	(16 * TEMPLATE_VALUE_MAX)

/* An offset that stands for "not there". */
#define NONE		SIZE_MAX

struct stripper {
	const char *s;
	size_t len, at;
	struct buf *out;
	const char *raw_element;	/* "script" or "style", or NULL */
	/* Whether there is no such end in what is left. */
	bool no_comment_end, no_section_end, no_word_section_end;
	size_t last_angle, last_quote, last_double_quote;
	size_t *vain;
	bool closing;		/* Python's close() goes on after feed() */
	bool refused;		/* Python raises an exception */
};

/* The length of the white space at `i` as \s has it, or 0. */
static size_t
space_at(const struct stripper *p, size_t i)
{
	int32_t at = (int32_t)i;
	UChar32 c;

	if (i >= p->len)
		return 0;
	U8_NEXT((const uint8_t *)p->s, at, (int32_t)p->len, c);
	return char_is_space(c) ? (size_t)at - i : 0;
}

static bool
is_space_before(const struct stripper *p, size_t i)
{
	int32_t at = (int32_t)i;
	UChar32 c;

	U8_PREV((const uint8_t *)p->s, 0, at, c);
	return space_at(p, (size_t)at) > 0;
}

static size_t
skip_spaces(const struct stripper *p, size_t i)
{
	size_t n;

	while ((n = space_at(p, i)) > 0)
		i += n;
	return i;
}

static bool
is_at(const struct stripper *p, size_t i, char c)
{
	return i < p->len && p->s[i] == c;
}

static bool
is_letter_at(const struct stripper *p, size_t i)
{
	return i < p->len && char_is_letter(p->s[i]);
}

static bool
starts(const struct stripper *p, size_t i, const char *prefix)
{
	size_t n = strlen(prefix);

	return n <= p->len - i && memcmp(p->s + i, prefix, n) == 0;
}

static size_t
find(const struct stripper *p, size_t from, char c)
{
	const char *found = from >= p->len ? NULL :
	    memchr(p->s + from, c, p->len - from);

	return found == NULL ? NONE : (size_t)(found - p->s);
}

/* The place after the next ">". */
static size_t
after_angle(const struct stripper *p, size_t from)
{
	if (p->last_angle == NONE || from > p->last_angle)
		return NONE;
	return find(p, from, '>') + 1;
}

/* The place after `first`, white space, `second`, white space and ">". */
static size_t
after_end(const struct stripper *p, size_t from, const char *first,
    const char *second, bool *none)
{
	size_t n = strlen(first), end;

	for (size_t i = *none ? NONE : from; i < p->len; i++) {
		i = find(p, i, *first);
		if (i == NONE)
			break;
		if (!starts(p, i, first))
			continue;
		end = skip_spaces(p, i + n);
		if (*second != '\0') {
			if (!is_at(p, end, *second))
				continue;
			end = skip_spaces(p, end + 1);
		}
		if (is_at(p, end, '>'))
			return end + 1;
	}
	*none = true;
	return NONE;
}

static size_t
after_comment(struct stripper *p)
{
	return after_end(p, p->at + 4, "--", "", &p->no_comment_end);
}

static bool
is_one_of(const char *s, size_t len, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == len && strncasecmp(s, *words, len) == 0)
			return true;
	return false;
}

/* "<![CDATA[", "<![if" and the like; without a name Python gives up. */
static size_t
after_section(struct stripper *p)
{
	static const char *const standard[] = { "temp", "cdata", "ignore",
		"include", "rcdata", NULL };
	static const char *const word[] = { "if", "else", "endif", NULL };
	size_t start = p->at + 3, end = start, name;

	if (start == p->len)
		return NONE;
	if (is_letter_at(p, start))
		while (end < p->len && (char_is_letter(p->s[end]) ||
		    (p->s[end] >= '0' && p->s[end] <= '9') ||
		    (p->s[end] != '\0' && strchr("-_.", p->s[end]) != NULL)))
			end++;
	name = end - start;
	if (name > 0 && skip_spaces(p, end) == p->len)
		return NONE;
	if (is_one_of(p->s + start, name, standard))
		return after_end(p, start, "]", "]", &p->no_section_end);
	if (is_one_of(p->s + start, name, word))
		return after_end(p, start, "]", "", &p->no_word_section_end);
	p->refused = true;
	return NONE;
}

/* The place after a quoted value; NONE when nothing closes it. */
static size_t
after_quoted(const struct stripper *p, size_t i)
{
	size_t last = p->s[i] == '"' ? p->last_double_quote : p->last_quote;

	return i >= last ? NONE : find(p, i + 1, p->s[i]) + 1;
}

static size_t
after_bare(const struct stripper *p, size_t i)
{
	while (i < p->len && p->s[i] != '>' && space_at(p, i) == 0)
		i++;
	return i;
}

/*
 * "= value" after the name of an attribute that ends at `i`, or `i`.  A quote
 * that nothing closes is left for what comes next, or is part of a bare value
 * after "==", as the backtracking of Python's expression has it.
 */
static size_t
after_value(const struct stripper *p, size_t i)
{
	size_t equals = skip_spaces(p, i), end = equals, value, closed;

	while (is_at(p, end, '='))
		end++;
	if (end == equals)
		return i;
	value = skip_spaces(p, end);
	if (!is_at(p, value, '"') && !is_at(p, value, '\''))
		return after_bare(p, value);
	closed = after_quoted(p, value);
	if (closed != NONE)
		return closed;
	if (value > end)
		return value;
	return end - equals > 1 ? after_bare(p, end - 1) : i;
}

static bool
is_attribute(const struct stripper *p, size_t i)
{
	return i < p->len && p->s[i] != '/' && p->s[i] != '>' &&
	    (strchr("'\"/", p->s[i - 1]) != NULL || is_space_before(p, i)) &&
	    space_at(p, i) == 0;
}

static size_t
after_attribute(const struct stripper *p, size_t i)
{
	size_t n;

	for (i++; i < p->len && strchr("/=>", p->s[i]) == NULL &&
	    space_at(p, i) == 0; i++)
		continue;
	for (i = after_value(p, i); ; i += n) {
		n = space_at(p, i);
		if (n == 0 && is_at(p, i, '/') && !is_at(p, i + 1, '>'))
			n = 1;
		if (n == 0)
			return i;
	}
}

/* The name, white space and attributes of the tag at hand. */
static size_t
after_start(const struct stripper *p, size_t *name_end, bool *closed)
{
	size_t i = p->at + 1, n;

	while (i < p->len && strchr("\t\n\r\f />", p->s[i]) == NULL)
		i++;
	*name_end = i;
	while ((n = is_at(p, i, '/') ? 1 : space_at(p, i)) > 0)
		i += n;
	*closed = p->s[i - 1] == '/';
	while (is_attribute(p, i)) {
		i = after_attribute(p, i);
		*closed = false;
	}
	return i;
}

/* What is no tag is data; NONE: neither. */
static size_t
strip_start(struct stripper *p)
{
	static const char *const raw[] = { "script", "style", NULL };
	size_t name_end, end, name = p->at + 1;
	bool closed;

	end = after_start(p, &name_end, &closed);
	if (end == p->len || is_letter_at(p, end) || is_at(p, end, '=')) {
		*p->vain += end - p->at;
		p->refused = *p->vain > VAIN_MAX;
		return NONE;
	}
	if (is_at(p, end, '/')) {	/* and ">" */
		closed = true;
		end++;
	}
	if (!is_at(p, end, '>')) {
		buf_add(p->out, p->s + p->at, end - p->at);
		return end;
	}
	if (!closed && is_one_of(p->s + name, name_end - name, raw))
		p->raw_element = (p->s[name + 1] | 0x20) == 'c' ? raw[0] :
		    raw[1];
	return end + 1;
}

static size_t
strip_markup(struct stripper *p)
{
	size_t i = p->at;

	if (is_letter_at(p, i + 1))
		return strip_start(p);
	if (starts(p, i, "<!--"))
		return after_comment(p);
	if (starts(p, i, "<!["))
		return after_section(p);
	if (starts(p, i, "</") || starts(p, i, "<?") || starts(p, i, "<!"))
		return after_angle(p, i + 2);
	buf_char(p->out, '<');
	return i + 1;
}

/* At a "<".  What does not end is data up to the next ">" or "<". */
static void
strip_angle(struct stripper *p)
{
	size_t end = strip_markup(p);

	if (end == NONE && !p->refused) {
		p->closing = true;
		end = after_angle(p, p->at + 1);
		if (end == NONE)
			end = find(p, p->at + 1, '<');
		if (end == NONE)
			end = p->at + 1;
		buf_add(p->out, p->s + p->at, end - p->at);
	}
	p->at = end;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' &&
	    (c | 0x20) <= 'f');
}

/* The end of "&#10" or "&#xa"; NONE when it is none, or ends the text. */
static size_t
reference_end(const struct stripper *p)
{
	size_t start = p->at + 2, i;
	bool hex = is_at(p, start, 'x') || is_at(p, start, 'X');

	start += hex;
	for (i = start; i < p->len && (hex ? is_hex(p->s[i]) :
	    p->s[i] >= '0' && p->s[i] <= '9'); i++)
		continue;
	return i == start || i == p->len || is_hex(p->s[i]) ? NONE : i;
}

/* The end of "&amp"; at the end of the text it must end with "." or "-". */
static size_t
entity_end(const struct stripper *p)
{
	size_t i = p->at + 1;
	char c;

	if (!is_letter_at(p, i))
		return NONE;
	for (; i < p->len; i++) {
		c = p->s[i];
		if (!char_is_letter(c) && !(c >= '0' && c <= '9') && c != '-' &&
		    c != '.')
			return i;
	}
	while (--i > p->at + 1)
		if (p->s[i] == '-' || p->s[i] == '.')
			return i;
	return NONE;
}

/* "&#" that begins nothing stops the parser, once it is closing for good. */
static bool
strip_bad_reference(struct stripper *p)
{
	bool closing = p->closing;

	p->closing = true;
	if (find(p, p->at, ';') == NONE)
		return false;
	buf_str(p->out, "&#");
	p->at += 2;
	return !closing;
}

/* At a "&".  False when the parser stops: all that is left is data. */
static bool
strip_ampersand(struct stripper *p)
{
	bool number = is_at(p, p->at + 1, '#');
	size_t end = number ? reference_end(p) : entity_end(p);

	if (end != NONE) {
		buf_add(p->out, p->s + p->at, end - p->at);
		buf_char(p->out, ';');
		p->at = end + is_at(p, end, ';');
		return true;
	}
	if (number)
		return strip_bad_reference(p);
	if (is_letter_at(p, p->at + 1)) {
		/* Python loses a "&" before the last character. */
		p->at += p->at + 2 == p->len;
		return false;
	}
	if (p->at + 1 == p->len)
		return false;
	buf_char(p->out, '&');
	p->at++;
	return true;
}

/* The text of a script, as far as "</script>". */
static bool
strip_raw(struct stripper *p)
{
	size_t name = strlen(p->raw_element), start, end;

	for (size_t i = p->at; (i = find(p, i, '<')) != NONE; i++) {
		if (!is_at(p, i + 1, '/'))
			continue;
		start = skip_spaces(p, i + 2);
		if (name > p->len - start ||
		    strncasecmp(p->s + start, p->raw_element, name) != 0)
			continue;
		end = skip_spaces(p, start + name);
		if (!is_at(p, end, '>'))
			continue;
		buf_add(p->out, p->s + p->at, i - p->at);
		p->at = end + 1;
		p->raw_element = NULL;
		return true;
	}
	p->at = p->len;		/* and Python throws it away */
	return false;
}

/* At what is neither "<" nor "&" outside of scripts. */
static void
strip_data(struct stripper *p)
{
	size_t end = p->at;

	while (end < p->len && p->s[end] != '<' && p->s[end] != '&')
		end++;
	buf_add(p->out, p->s + p->at, end - p->at);
	p->at = end;
}

/* Until the parser stops, which need not be at the end. */
static void
strip_markup_all(struct stripper *p)
{
	bool on = true;

	while (on && p->at < p->len && !p->refused) {
		if (p->raw_element != NULL)
			on = strip_raw(p);
		else if (p->s[p->at] == '&')
			on = strip_ampersand(p);
		else if (p->s[p->at] != '<')
			strip_data(p);
		else if (p->at + 1 < p->len)
			strip_angle(p);
		else
			on = false;
	}
}

static size_t
last_of(const struct tval *v, char c)
{
	const char *found = memrchr(v->text, c, v->len);

	return found == NULL ? NONE : (size_t)(found - v->text);
}

bool
striptags_once(const struct tval *v, struct buf *out, size_t *vain)
{
	struct stripper p = { .s = v->text, .len = v->len, .out = out,
	    .vain = vain,
	    .last_angle = last_of(v, '>'), .last_quote = last_of(v, '\''),
	    .last_double_quote = last_of(v, '"') };

	strip_markup_all(&p);
	if (p.refused)
		return false;
	buf_add(out, p.s + p.at, p.len - p.at);
	return true;
}
