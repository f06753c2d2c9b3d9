#include "reply_lists.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define SETS_MAX	64
#define LETTERS		"abcdefghijklmnopqrstuvwxyz"
#define DIGITS		"0123456789"

struct strings {
	const char **s;
	size_t count;
};

struct set {
	const char *name;
	struct strings phrases;
};

struct lists {
	const char *file;
	size_t line;
	struct error *e;
	struct arena names;	/* of the sets; lives as long as the file */
	struct arena mem;	/* of one line */
	struct set sets[SETS_MAX];
	size_t count;
	enum reply_kind kind;	/* KIND_MAX: no section yet */
	reply_phrase_fn *each;
	void *ctx;
};

static int
refuse(struct lists *l, const char *what, const char *name)
{
	return error_set(l->e, EX_CONFIG, "%s:%zu: %s%s%.60s", l->file,
	    l->line, what, *name == '\0' ? "" : ": ", name);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static const char *
skip_spaces(const char *p)
{
	while (is_space(*p))
		p++;
	return p;
}

/* Lent from the arena, or one of the two. */
static const char *
joined(struct arena *mem, const char *a, const char *b)
{
	if (*a == '\0' || *b == '\0')
		return *a == '\0' ? b : a;
	return arena_printf(mem, "%s %s", a, b);
}

/* Each of the one followed by each of the other. */
static int
multiply(struct lists *l, struct strings *left, const struct strings *right)
{
	struct strings out = { .count = 0 };

	if (left->count * right->count > REPLY_PATTERN_PHRASES)
		return refuse(l, "the pattern stands for too many phrases", "");
	out.s = arena_alloc(&l->mem, left->count * right->count *
	    sizeof(*out.s));
	for (size_t i = 0; i < left->count; i++)
		for (size_t j = 0; j < right->count; j++)
			out.s[out.count++] = joined(&l->mem, left->s[i],
			    right->s[j]);
	*left = out;
	return 0;
}

static int
add_all(struct lists *l, struct strings *to, const struct strings *more)
{
	const char **s;

	if (to->count + more->count > REPLY_PATTERN_PHRASES)
		return refuse(l, "the pattern stands for too many phrases", "");
	s = arena_alloc(&l->mem, (to->count + more->count) * sizeof(*s));
	if (to->count > 0)
		memcpy(s, to->s, to->count * sizeof(*s));
	memcpy(s + to->count, more->s, more->count * sizeof(*s));
	to->s = s;
	to->count += more->count;
	return 0;
}

static struct strings
single(struct lists *l, const char *s)
{
	struct strings out = { .count = 1 };

	out.s = arena_alloc(&l->mem, sizeof(*out.s));
	out.s[0] = s;
	return out;
}

static int read_choice(struct lists *l, const char **p, struct strings *out,
    int depth);

/* "word", "@set" or "(one | other)" */
static int
read_item(struct lists *l, const char **p, struct strings *out, int depth)
{
	const char *start = *p, *name;
	size_t n;

	if (*start == '(') {
		*p = start + 1;
		if (depth == 8)
			return refuse(l, "too many brackets in brackets", "");
		if (read_choice(l, p, out, depth + 1) == -1)
			return -1;
		if (**p != ')')
			return refuse(l, "a bracket is not closed", "");
		(*p)++;
		return 0;
	}
	n = strcspn(start, " \t()|?");
	if (n == 0)
		return refuse(l, "a word is missing before", start);
	*p = start + n;
	name = arena_strndup(&l->mem, start, n);
	if (*name != '@') {
		*out = single(l, name);
		return 0;
	}
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->sets[i].name, name) == 0) {
			*out = l->sets[i].phrases;
			return 0;
		}
	return refuse(l, "there is no set of this name above", name);
}

/* Items in a row, until what ends an alternative. */
static int
read_sequence(struct lists *l, const char **p, struct strings *out, int depth)
{
	struct strings item, nothing = single(l, "");

	*out = nothing;
	for (;;) {
		*p = skip_spaces(*p);
		if (**p == '\0' || **p == '|' || **p == ')')
			return 0;
		if (read_item(l, p, &item, depth) == -1)
			return -1;
		if (**p == '?') {
			(*p)++;
			if (add_all(l, &item, &nothing) == -1)
				return -1;
		}
		if (multiply(l, out, &item) == -1)
			return -1;
	}
}

static int
read_choice(struct lists *l, const char **p, struct strings *out, int depth)
{
	struct strings one;

	out->count = 0;
	for (;; (*p)++) {
		if (read_sequence(l, p, &one, depth) == -1 ||
		    add_all(l, out, &one) == -1)
			return -1;
		if (**p != '|')
			return 0;
	}
}

static int
read_pattern(struct lists *l, const char *p, struct strings *out)
{
	if (read_choice(l, &p, out, 0) == -1)
		return -1;
	return *p == '\0' ? 0 : refuse(l, "a bracket too many before", p);
}

/* As the words of a message are read; NULL after an error. */
static const char *
fold(struct lists *l, const char *phrase)
{
	struct reply_text t;
	const char *out = "";

	/* Nearly all of them are as they should be. */
	if (phrase[strspn(phrase, LETTERS " ")] == '\0')
		return phrase;
	if (!reply_read(phrase, strlen(phrase), &t)) {
		refuse(l, "not UTF-8, or too long", phrase);
		return NULL;
	}
	for (size_t i = 0; i < t.count; i++) {
		if (i > 0 && t.words[i].apart) {
			refuse(l, "punctuation inside a phrase", phrase);
			return NULL;
		}
		out = joined(&l->mem, out, arena_strdup(&l->mem,
		    t.words[i].text));
	}
	return out;
}

static size_t
count_words(const char *phrase)
{
	size_t n = 1;

	for (; *phrase != '\0'; phrase++)
		n += *phrase == ' ';
	return n;
}

static bool
has_long_word(const char *phrase)
{
	size_t n;

	for (; *phrase != '\0'; phrase += n + (phrase[n] == ' ')) {
		n = strcspn(phrase, " ");
		if (n >= REPLY_WORD_MAX)
			return true;
	}
	return false;
}

static int
take_phrases(struct lists *l, const char *pattern)
{
	struct strings all;
	const char *phrase;

	if (l->kind == KIND_MAX)
		return refuse(l, "no [section] before the first phrase", "");
	if (read_pattern(l, pattern, &all) == -1)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		phrase = fold(l, all.s[i]);
		if (phrase == NULL)
			return -1;
		if (*phrase == '\0')
			return refuse(l, "a phrase without a word", pattern);
		if (count_words(phrase) > REPLY_PHRASE_WORDS ||
		    has_long_word(phrase))
			return refuse(l, "too long", phrase);
		l->each(l->ctx, l->kind, phrase, l->line);
	}
	return 0;
}

/* "@name = one | other" */
static int
take_set(struct lists *l, const char *line)
{
	size_t n = 1 + strspn(line + 1, LETTERS DIGITS "_");
	const char *p = skip_spaces(line + n);
	struct strings all;
	struct set *set;

	if (n == 1 || *p != '=')
		return refuse(l, "not a set, \"@name = one | other\"", line);
	if (l->count == SETS_MAX)
		return refuse(l, "too many sets", "");
	if (read_pattern(l, p + 1, &all) == -1)
		return -1;
	set = &l->sets[l->count++];
	set->name = arena_strndup(&l->names, line, n);
	set->phrases.count = all.count;
	set->phrases.s = arena_alloc(&l->names, all.count *
	    sizeof(*set->phrases.s));
	for (size_t i = 0; i < all.count; i++)
		set->phrases.s[i] = arena_strdup(&l->names, all.s[i]);
	return 0;
}

static int
take_section(struct lists *l, const char *line)
{
	size_t n = strcspn(line, "]");

	for (int k = 0; k < KIND_MAX; k++)
		if (strlen(reply_kind_name((enum reply_kind)k)) == n - 1 &&
		    memcmp(reply_kind_name((enum reply_kind)k), line + 1,
		    n - 1) == 0 && line[n] == ']' && line[n + 1] == '\0') {
			l->kind = (enum reply_kind)k;
			return 0;
		}
	return refuse(l, "there is no section", line);
}

/* One line without comment and without blanks around it. */
static int
take_line(struct lists *l, const char *line)
{
	switch (*line) {
	case '\0':
		return 0;
	case '[':
		return take_section(l, line);
	default:
		break;
	}
	/* A pattern may begin with a set, too: "@there estare". */
	if (*line == '@' && strchr(line, '=') != NULL)
		return take_set(l, line);
	return take_phrases(l, line);
}

int
reply_lists_read(const char *file, const char *text, reply_phrase_fn *each,
    void *ctx, struct error *e)
{
	struct lists l = { .file = file, .e = e, .kind = KIND_MAX,
	    .each = each, .ctx = ctx,
	    .names = ARENA_INIT((size_t)16 * 1024 * 1024),
	    .mem = ARENA_INIT((size_t)64 * 1024 * 1024) };
	size_t n, len;
	int rc = 0;

	for (; rc == 0 && *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		l.line++;
		len = strcspn(text, "\n#");
		while (len > 0 && is_space(text[len - 1]))
			len--;
		arena_reset(&l.mem);
		rc = take_line(&l, skip_spaces(arena_strndup(&l.mem, text,
		    len)));
	}
	arena_release(&l.names);
	arena_release(&l.mem);
	return rc;
}
