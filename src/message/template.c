#include "template.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/zone.h"

#define DATE_MAX	128	/* bytes of a formatted date */
#define NUMBER_MAX	256	/* bytes of a number's text */

/* One variable at work: `text` goes through its filters one by one. */
struct work {
	const struct template *t;
	const struct template_env *env;
	const char *name;
	struct buf text;
	struct error *e;
};

struct filter {
	const char *name;
	int (*apply)(struct work *w, const struct filter *self);
	/* CLDR patterns for the time filters. */
	const char *spanish, *english, *other;
	bool plain;	/* without accents and dots */
};

/* Text when `name` is NULL, else a variable. */
struct node {
	const char *text;
	size_t len;
	char *name;
	const struct filter *filters[TEMPLATE_FILTERS_MAX];
	size_t filter_count;
};

struct template {
	char *name;
	char *text;
	struct node *nodes;
	size_t count, size;
};

static int filter_case(struct work *w, const struct filter *self);
static int filter_time(struct work *w, const struct filter *self);

/*
 * English hours are written "10:30 AM" by a pattern because CLDR 42 and later
 * put U+202F before the AM.  `other` serves languages that have no column; it
 * is a skeleton for dates, so that CLDR orders the parts.
 */
static const struct filter filters[] = {
	{ "day", filter_time, "EEEE d 'de' MMMM", "EEEE, MMMM d", "EEEEdMMMM",
	    false },
	{ "shortday", filter_time, "EEE d MMM", "EEE d MMM", "EEEdMMM", true },
	{ "clock", filter_time, "HH:mm", "h:mm a", "HHmm", false },
	{ "upper", filter_case, NULL, NULL, NULL, false },
	{ "lower", filter_case, NULL, NULL, NULL, false },
};

static void *
checked(void *p)
{
	if (p == NULL)
		die(EX_OSERR, "out of memory");
	return p;
}

/* Parsing. */

struct scan {
	const char *name;	/* of the template */
	const char *start, *p, *end;
	struct error *e;
};

/* "NAME:LINE:COLUMN: what", where `at` is the place. */
static int
refuse(const struct scan *s, const char *at, const char *what,
    const char *object)
{
	size_t line = 1, column = 1;

	for (const char *p = s->start; p < at; p++) {
		if (*p == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80)
			column++;
	}
	return error_set(s->e, EX_CONFIG, "%s:%zu:%zu: %s%s", s->name, line,
	    column, what, object);
}

static int
check_encoding(const struct scan *s)
{
	size_t n;

	for (const char *p = s->start; p < s->end; p += n) {
		n = utf8_length(p, (size_t)(s->end - p));
		if (n == 0 || *p == '\0')
			return refuse(s, p, "not UTF-8", "");
	}
	return 0;
}

static struct node *
add_node(struct template *t)
{
	if (t->count == t->size) {
		t->size = t->size == 0 ? 16 : t->size * 2;
		t->nodes = checked(reallocarray(t->nodes, t->size,
		    sizeof(*t->nodes)));
	}
	t->nodes[t->count] = (struct node){ .name = NULL };
	return &t->nodes[t->count++];
}

static void
add_text(struct template *t, const char *text, const char *end)
{
	struct node *node;

	if (end == text)
		return;
	node = add_node(t);
	node->text = text;
	node->len = (size_t)(end - text);
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_word(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* Not over the end of a line, where Django's would not go on either. */
static void
skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
}

/* Two characters at `p`; the text ends with a NUL. */
static bool
is_pair(const char *p, char first, char second)
{
	return p[0] == first && p[1] == second;
}

/* A name as Django has it: words joined by dots, the first from a letter. */
static int
scan_path(struct scan *s, struct node *node)
{
	const char *start = s->p;

	if (!is_letter(*s->p))
		return refuse(s, s->p, "a variable name is missing", "");
	for (;;) {
		while (is_word(*s->p))
			s->p++;
		if (*s->p != '.')
			break;
		if (!is_word(*++s->p) || *s->p == '_')
			return refuse(s, s->p, "a name is missing after the "
			    "dot", "");
	}
	if (s->p - start > TEMPLATE_NAME_MAX)
		return refuse(s, start, "the variable name is too long", "");
	node->name = checked(strndup(start, (size_t)(s->p - start)));
	return 0;
}

static const struct filter *
find_filter(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		if (strlen(filters[i].name) == len &&
		    memcmp(filters[i].name, name, len) == 0)
			return &filters[i];
	return NULL;
}

/* After the "|". */
static int
scan_filter(struct scan *s, struct node *node)
{
	const struct filter *filter;
	const char *start;

	skip_blanks(s);
	start = s->p;
	while (is_word(*s->p))
		s->p++;
	filter = find_filter(start, (size_t)(s->p - start));
	if (filter == NULL)
		return refuse(s, start, "no such filter: it is one of ",
		    "day, shortday, clock, upper, lower");
	if (*s->p == ':')
		return refuse(s, s->p, "this filter takes no argument", "");
	if (node->filter_count == TEMPLATE_FILTERS_MAX)
		return refuse(s, start, "too many filters", "");
	node->filters[node->filter_count++] = filter;
	skip_blanks(s);
	return 0;
}

/* At "{{". */
static int
scan_variable(struct scan *s, struct template *t)
{
	struct node *node = add_node(t);
	const char *open = s->p;

	s->p += 2;
	skip_blanks(s);
	if (scan_path(s, node) == -1)
		return -1;
	skip_blanks(s);
	while (*s->p == '|') {
		s->p++;
		if (scan_filter(s, node) == -1)
			return -1;
	}
	if (s->p == s->end || *s->p == '\n')
		return refuse(s, open, "{{ is not closed by }}", "");
	if (!is_pair(s->p, '}', '}'))
		return refuse(s, s->p, "unexpected character before }}", "");
	s->p += 2;
	return 0;
}

static const char *
find_token(const struct scan *s)
{
	const char *p = s->p;

	while (p < s->end && !(p[0] == '{' && p + 1 < s->end &&
	    strchr("{%#", p[1]) != NULL))
		p++;
	return p;
}

static int
scan_template(struct scan *s, struct template *t)
{
	const char *token;

	if (check_encoding(s) == -1)
		return -1;
	while (s->p < s->end) {
		token = find_token(s);
		add_text(t, s->p, token);
		s->p = token;
		if (token == s->end)
			return 0;
		if (token[1] != '{')
			return refuse(s, token, "not supported yet: tag ",
			    token[1] == '%' ? "{% %}" : "{# #}");
		if (scan_variable(s, t) == -1)
			return -1;
	}
	return 0;
}

struct template *
template_parse(const char *name, const char *text, size_t len,
    struct error *e)
{
	struct template *t;
	struct scan s;

	if (len > TEMPLATE_MAX) {
		error_set(e, EX_CONFIG, "%s:1:1: longer than %d bytes", name,
		    TEMPLATE_MAX);
		return NULL;
	}
	t = checked(calloc(1, sizeof(*t)));
	t->name = checked(strdup(name));
	t->text = checked(malloc(len + 1));
	if (len > 0)
		memcpy(t->text, text, len);
	t->text[len] = '\0';
	s = (struct scan){ t->name, t->text, t->text, t->text + len, e };
	if (scan_template(&s, t) == -1) {
		template_free(t);
		return NULL;
	}
	return t;
}

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->nodes[i].name);
	free(t->nodes);
	free(t->text);
	free(t->name);
	free(t);
}

/* Rendering. */

/* "NAME: variable PATH " and why. */
static int
fault(struct work *w, const char *why, const char *object)
{
	return error_set(w->e, EX_DATAERR, "%s: variable %s %s%s", w->t->name,
	    w->name, why, object);
}

static const struct value *
look_up(const struct template_env *env, const char *path)
{
	const struct value *v = value_path(env->vars, path);

	for (size_t i = 0; v == NULL && i < env->more_count; i++)
		v = value_path(env->more[i], path);
	return v;
}

static void
add_number(struct buf *out, const struct value *v)
{
	struct arena mem = ARENA_INIT(NUMBER_MAX);

	buf_str(out, value_scalar_text(v, &mem));
	arena_release(&mem);
}

static int
fetch(struct work *w)
{
	const struct value *v = look_up(w->env, w->name);
	enum value_type type = value_type(v);

	switch (type) {
	case VALUE_STRING:
		buf_str(&w->text, value_string(v));
		break;
	case VALUE_BOOL:
	case VALUE_INTEGER:
	case VALUE_REAL:
		add_number(&w->text, v);
		break;
	default:
		return fault(w, "is ", value_type_name(type));
	}
	return 0;
}

/* White space and what cannot be seen, such as U+200B. */
static bool
is_invisible(UChar32 c)
{
	return u_isUWhiteSpace(c) || u_charType(c) == U_FORMAT_CHAR ||
	    u_charType(c) == U_CONTROL_CHAR;
}

/* U+2028 and U+2029 are line breaks to some readers of headers. */
static bool
is_allowed(UChar32 c, bool one_line)
{
	if (c == '\n' || c == '\t')
		return !one_line;
	if (c == 0x2028 || c == 0x2029)
		return !one_line;
	return u_charType(c) != U_CONTROL_CHAR;
}

static int
check_text(struct work *w)
{
	const uint8_t *s = (const uint8_t *)buf_text(&w->text);
	int32_t i = 0, len = (int32_t)w->text.len;
	bool blank = true;
	UChar32 c;

	while (i < len) {
		U8_NEXT(s, i, len, c);
		if (c < 0)
			return fault(w, "is not UTF-8", "");
		if (!is_allowed(c, w->env->one_line))
			return fault(w, "has a ", c == '\n' ?
			    "newline in a line" : "control character");
		blank = blank && is_invisible(c);
	}
	return blank ? fault(w, "is empty", "") : 0;
}

static void
add_escaped(struct buf *out, const char *s, size_t len)
{
	static const char *const escapes[] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;",
		['"'] = "&quot;", ['\''] = "&#x27;"
	};
	const char *escape;
	unsigned char c;

	for (size_t i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		escape = c < sizeof(escapes) / sizeof(escapes[0]) ?
		    escapes[c] : NULL;
		if (escape != NULL)
			buf_str(out, escape);
		else
			buf_char(out, s[i]);
	}
}

static int
render_variable(struct work *w, const struct node *node, struct buf *out)
{
	if (fetch(w) == -1 || check_text(w) == -1)
		return -1;
	for (size_t i = 0; !w->text.full && i < node->filter_count; i++)
		if (node->filters[i]->apply(w, node->filters[i]) == -1)
			return -1;
	if (w->text.full)
		return fault(w, "is too long", "");
	if (w->env->html)
		add_escaped(out, buf_text(&w->text), w->text.len);
	else
		buf_add(out, buf_text(&w->text), w->text.len);
	return 0;
}

int
template_render(const struct template *t, const struct template_env *env,
    struct buf *out, const char **field, struct error *e)
{
	struct work w = { .t = t, .env = env, .e = e,
	    .text = BUF_INIT(TEMPLATE_VALUE_MAX) };
	const struct node *node;
	const char *ignored;
	int rc = 0;

	if (field == NULL)
		field = &ignored;
	*field = NULL;
	for (size_t i = 0; rc == 0 && i < t->count; i++) {
		node = &t->nodes[i];
		if (node->name == NULL) {
			buf_add(out, node->text, node->len);
			continue;
		}
		buf_clear(&w.text);
		w.name = node->name;
		rc = render_variable(&w, node, out);
		if (rc == -1)
			*field = node->name;
	}
	buf_release(&w.text);
	if (rc == 0 && out->full)
		rc = error_set(e, EX_DATAERR, "%s: longer than %zu bytes",
		    t->name, out->max);
	return rc;
}

/* Filters. */

static int
filter_case(struct work *w, const struct filter *self)
{
	bool upper = strcmp(self->name, "upper") == 0;
	struct buf in = w->text;
	UErrorCode rc = U_ZERO_ERROR;
	UCaseMap *map;
	int32_t len, size;
	char *text;

	/* A character may triple: U+0390 is three in upper case. */
	size = (int32_t)(3 * in.len + 1);
	text = checked(malloc((size_t)size));
	/* ICU takes NULL for the locale of the process. */
	map = ucasemap_open(w->env->language == NULL ? "" : w->env->language,
	    0, &rc);
	len = upper ?
	    ucasemap_utf8ToUpper(map, text, size, in.data, (int32_t)in.len,
	    &rc) :
	    ucasemap_utf8ToLower(map, text, size, in.data, (int32_t)in.len,
	    &rc);
	if (map != NULL)
		ucasemap_close(map);
	if (U_SUCCESS(rc)) {
		buf_clear(&w->text);
		buf_add(&w->text, text, (size_t)len);
	}
	free(text);
	return U_SUCCESS(rc) ? 0 : fault(w, "has no such case", "");
}

static bool
is_language(const char *language, const char *code)
{
	size_t len = strlen(code);

	return strncmp(language, code, len) == 0 &&
	    strchr("-_", language[len]) != NULL;
}

/*
 * Special spaces become plain ones; in a `plain` text accents and dots go, so
 * that it stays GSM-7.  False when it does not fit.
 */
static bool
simplify(char text[DATE_MAX], bool plain)
{
	UChar wide[DATE_MAX], apart[DATE_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	const UNormalizer2 *form = plain ? unorm2_getNFDInstance(&rc) :
	    unorm2_getNFCInstance(&rc);
	int32_t len, kept = 0;

	u_strFromUTF8(wide, DATE_MAX, &len, text, -1, &rc);
	len = unorm2_normalize(form, wide, len, apart, DATE_MAX, &rc);
	for (int32_t i = 0; U_SUCCESS(rc) && i < len; i++) {
		if (plain && (apart[i] == '.' ||
		    u_charType(apart[i]) == U_NON_SPACING_MARK))
			continue;
		apart[kept++] = u_isUWhiteSpace(apart[i]) ? ' ' : apart[i];
	}
	u_strToUTF8(text, DATE_MAX, &len, apart, kept, &rc);
	return U_SUCCESS(rc) && len < DATE_MAX;
}

static bool
format_time(const struct template_env *env, instant t,
    const struct filter *self, char out[DATE_MAX])
{
	const char *locale = env->language, *pattern = self->other;
	bool literal = false;

	if (is_language(locale, "es")) {
		pattern = self->spanish;
		literal = true;
	} else if (is_language(locale, "en")) {
		/* Not by country: en-AU writes "am", and "Sept". */
		locale = "en";
		pattern = self->english;
		literal = true;
	}
	return zone_date_text(env->timezone, locale, t, pattern, literal, out,
	    DATE_MAX) && simplify(out, self->plain);
}

static int
filter_time(struct work *w, const struct filter *self)
{
	const struct template_env *env = w->env;
	char text[DATE_MAX];
	instant t;

	if (strlen(buf_text(&w->text)) != w->text.len ||
	    !clock_parse(buf_text(&w->text), &t))
		return fault(w, "is not a time, as needed by the filter ",
		    self->name);
	if (env->language == NULL || *env->language == '\0')
		return fault(w, "cannot be written without a language", "");
	if (env->timezone == NULL || !zone_is_valid(env->timezone))
		return fault(w, "cannot be written without a time zone", "");
	if (!format_time(env, t, self, text))
		return fault(w, "cannot be written in language ",
		    env->language);
	buf_clear(&w->text);
	buf_str(&w->text, text);
	return 0;
}
