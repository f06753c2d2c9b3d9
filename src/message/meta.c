#include "meta_impl.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/io.h"
#include "base/near.h"
#include "base/text.h"

#define SECTION_MAX	49	/* inih cuts longer ones without a word */

void *
meta_checked(void *p)
{
	if (p == NULL)
		die(EX_OSERR, "out of memory");
	return p;
}

char *
meta_duplicate(const char *s)
{
	return meta_checked(strdup(s));
}

void
faults_add_error(struct faults *f, const char *file, const struct error *e)
{
	struct fault *new;

	f->list = meta_checked(realloc(f->list, (f->count + 1) *
	    sizeof(*f->list)));
	new = &f->list[f->count++];
	new->file = meta_duplicate(file);
	new->error = *e;
}

void
faults_add(struct faults *f, const char *file, const char *fmt, ...)
{
	char text[ERROR_MAX];
	struct error e;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	error_set(&e, EX_CONFIG, "%s", text);
	faults_add_error(f, file, &e);
}

void
faults_release(struct faults *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->list[i].file);
	free(f->list);
	*f = (struct faults){ .count = 0 };
}

void
meta_fault(const struct meta_source *s, const struct meta_entry *e,
    const char *fmt, ...)
{
	char text[ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	faults_add(s->faults, s->file, "%s:%d: %s: %s", s->file, e->line,
	    e->key, text);
}

/* "; did you mean NAME?", or nothing. */
static const char *
hint(const struct near *n, char out[NEAR_NAME_MAX + 32])
{
	out[0] = '\0';
	if (n->best != NULL)
		snprintf(out, NEAR_NAME_MAX + 32, "; did you mean %s?",
		    n->best);
	return out;
}

void
meta_unknown_key(const struct meta_source *s, const struct meta_entry *e,
    const char *const *known)
{
	struct near near = NEAR_INIT(e->key, strlen(e->key));
	char text[NEAR_NAME_MAX + 32];

	for (; *known != NULL; known++)
		near_consider(&near, *known);
	meta_fault(s, e, "not a key of [%s]%s", e->section,
	    hint(&near, text));
}

void
meta_set_text(const struct meta_source *s, const struct meta_entry *e,
    char **out)
{
	/* As in [whatsapp es] and [whatsapp ES], which are one. */
	if (*out != NULL) {
		meta_fault(s, e, "is given twice");
		return;
	}
	*out = meta_text(s, e, e->value);
}

char *
meta_text(const struct meta_source *s, const struct meta_entry *e,
    const char *from)
{
	char *text;

	if (*from == '\0') {
		meta_fault(s, e, "has no value");
		return NULL;
	}
	if (*from != '"')
		return meta_duplicate(from);
	text = meta_quoted(s, e, &from);
	if (text != NULL && *from != '\0')
		meta_fault(s, e, "something behind the quotes: %.40s", from);
	return text;
}

char *
meta_quoted(const struct meta_source *s, const struct meta_entry *e,
    const char **p)
{
	const char *from = *p + 1;
	char *out, *to;

	if (**p != '"') {
		meta_fault(s, e, "text in double quotes expected at: %.40s",
		    **p == '\0' ? "the end" : *p);
		return NULL;
	}
	out = to = meta_checked(malloc(strlen(from) + 1));
	for (; *from != '"' && *from != '\0'; from++) {
		if (from[0] == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*to = '\0';
	if (*from == '\0') {
		/* inih takes what follows " ;" for a comment. */
		meta_fault(s, e, "quotes that are not closed (a semicolon "
		    "behind a blank begins a comment)");
		free(out);
		return NULL;
	}
	*p = from + 1;
	return out;
}

/* Reading the file into entries. */

struct reader {
	struct meta_source *source;
	const char *text;	/* what is left of the file */
	int line;
	bool continued;		/* the line begins with a blank */
	bool begun;		/* the section has a key */
	struct meta_entry *list;
	size_t count;
};

static void
line_fault(struct reader *r, int line, const char *what)
{
	faults_add(r->source->faults, r->source->file, "%s:%d: %s",
	    r->source->file, line, what);
}

/* What inih would cut off without a word; it gets an empty line instead. */
static const char *
line_is_too_long(const char *line, size_t len)
{
	size_t blanks = strspn(line, " \t");
	size_t key = strcspn(line + blanks, " \t=:\n");

	if (len > META_LINE_MAX)
		return "more than 190 bytes; a line that begins with a blank "
		    "continues the one before";
	if (line[0] == '[' && strcspn(line, "]\n") > SECTION_MAX)
		return "more than 48 bytes in a section's name";
	if (blanks == 0 && strchr("#;[", line[0]) == NULL &&
	    key > META_KEY_MAX)
		return "more than 49 bytes in a key";
	return NULL;
}

static char *
next_line(char *out, int size, void *ctx)
{
	struct reader *r = ctx;
	size_t len = strcspn(r->text, "\n"), keep = len;
	const char *why;

	if (*r->text == '\0')
		return NULL;
	r->line++;
	r->continued = r->text[0] == ' ' || r->text[0] == '\t';
	if (r->text[0] == '[')
		r->begun = false;
	why = line_is_too_long(r->text, len);
	if (why != NULL)
		line_fault(r, r->line, why);
	if (why != NULL || len + 2 > (size_t)size)
		keep = 0;
	memcpy(out, r->text, keep);
	out[keep] = '\n';
	out[keep + 1] = '\0';
	r->text += len + (r->text[len] == '\n');
	return out;
}

static const struct meta_entry *
find_entry(const struct reader *r, const char *section, const char *key)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->list[i].section, section) == 0 &&
		    strcmp(r->list[i].key, key) == 0)
			return &r->list[i];
	return NULL;
}

static int
on_entry(void *ctx, const char *section, const char *key, const char *value)
{
	struct reader *r = ctx;
	struct meta_entry *e;
	bool again;

	/* inih gives each line of a value by itself, under the same key. */
	if (r->continued && r->begun &&
	    strcmp(r->list[r->count - 1].key, key) == 0) {
		e = &r->list[r->count - 1];
		buf_char(&e->text, ' ');
		buf_str(&e->text, value);
		return 1;
	}
	again = find_entry(r, section, key) != NULL;
	r->list = meta_checked(realloc(r->list, (r->count + 1) *
	    sizeof(*r->list)));
	e = &r->list[r->count++];
	*e = (struct meta_entry){ .text = BUF_INIT(META_MAX) };
	e->section = meta_duplicate(section);
	e->key = meta_duplicate(key);
	e->line = r->line;
	buf_str(&e->text, value);
	r->begun = true;
	if (again)
		meta_fault(r->source, e, "given twice in [%s]", section);
	return 1;
}

static void
release_entries(struct reader *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->list[i].section);
		free(r->list[i].key);
		buf_release(&r->list[i].text);
	}
	free(r->list);
}

/* [template] */

static void
set_name(const struct meta_source *s, const struct meta_entry *e)
{
	if (strcmp(e->value, s->name) != 0)
		meta_fault(s, e, "%.60s is not the folder's name", e->value);
}

/* A class or a topic of the configuration. */
static void
set_section(const struct meta_source *s, const struct meta_entry *e,
    char **out)
{
	struct near near = NEAR_INIT(e->value, strlen(e->value));
	char text[NEAR_NAME_MAX + 32];
	const char *name;

	if (config_has(s->config, e->key, e->value)) {
		*out = meta_duplicate(e->value);
		return;
	}
	for (size_t i = 0; (name = config_name(s->config, e->key, i)) != NULL;
	    i++)
		near_consider(&near, name);
	meta_fault(s, e, "there is no [%s %.60s] in the configuration%s",
	    e->key, e->value, hint(&near, text));
}

static void
set_channels(const struct meta_source *s, const struct meta_entry *e)
{
	char word[64];
	size_t i;

	for (i = 0; config_word(e->value, i, word, sizeof(word)); i++)
		if (config_channel_type_of(word) == NULL) {
			meta_fault(s, e, "%s is not a type of channel", word);
			return;
		}
	if (i == 0)
		meta_fault(s, e, "names no type of channel");
	else
		s->meta->channels = meta_duplicate(e->value);
}

static void
set_bool(const struct meta_source *s, const struct meta_entry *e, bool *out)
{
	if (strcmp(e->value, "yes") != 0 && strcmp(e->value, "no") != 0)
		meta_fault(s, e, "is neither yes nor no");
	*out = strcmp(e->value, "yes") == 0;
}

static void
template_key(const struct meta_source *s, const struct meta_entry *e)
{
	static const char *const known[] = { "name", "title", "class",
	    "topic", "channels", "active", "requires_approval", "approved",
	    NULL };

	if (strcmp(e->key, "name") == 0)
		set_name(s, e);
	else if (strcmp(e->key, "title") == 0)
		meta_set_text(s, e, &s->meta->title);
	else if (strcmp(e->key, "class") == 0)
		set_section(s, e, &s->meta->class);
	else if (strcmp(e->key, "topic") == 0)
		set_section(s, e, &s->meta->topic);
	else if (strcmp(e->key, "channels") == 0)
		set_channels(s, e);
	else if (strcmp(e->key, "active") == 0)
		set_bool(s, e, &s->meta->active);
	else if (strcmp(e->key, "requires_approval") == 0)
		set_bool(s, e, &s->meta->requires_approval);
	else if (strcmp(e->key, "approved") == 0)
		set_bool(s, e, &s->meta->approved);
	else
		meta_unknown_key(s, e, known);
}

/* All of it. */

static void
unknown_section(const struct meta_source *s, const struct meta_entry *e)
{
	if (*e->section == '\0')
		meta_fault(s, e, "stands before any section");
	else
		faults_add(s->faults, s->file, "%s:%d: [%s] is not a section",
		    s->file, e->line, e->section);
}

/* False when its section is none: one fault for it is enough. */
static bool
interpret(const struct meta_source *s, const struct meta_entry *e)
{
	const char *section = e->section;

	if (strcmp(section, "template") == 0)
		template_key(s, e);
	else if (strcmp(section, "variables") == 0)
		meta_variable_key(s, e);
	else if (strcmp(section, "whatsapp") == 0)
		meta_whatsapp_key(s, e);
	else if (strncmp(section, "whatsapp ", 9) == 0)
		meta_whatsapp_language_key(s, section + 9 +
		    strspn(section + 9, " \t"), e);
	else
		return false;
	return true;
}

static void
interpret_all(struct reader *r)
{
	const char *unknown = NULL;

	for (size_t i = 0; i < r->count; i++) {
		struct meta_entry *e = &r->list[i];

		e->value = buf_text(&e->text);
		if (find_entry(r, e->section, e->key) != e ||
		    interpret(r->source, e))
			continue;
		if (unknown == NULL || strcmp(unknown, e->section) != 0)
			unknown_section(r->source, e);
		unknown = e->section;
	}
	meta_whatsapp_check(r->source);
}

static void
read_text(struct meta_source *s, const char *text)
{
	struct reader r = { .source = s, .text = text };
	int rc;

	rc = ini_parse_stream(next_line, &r, on_entry, &r);
	if (rc > 0)
		line_fault(&r, rc, "neither a [section], KEY = VALUE nor a "
		    "comment");
	interpret_all(&r);
	release_entries(&r);
}

struct meta *
meta_read(const struct config *c, const char *name, int dir,
    struct faults *faults)
{
	struct meta_source s = { .config = c, .name = name,
	    .faults = faults };
	struct buf text = BUF_INIT(META_MAX);
	struct error why;

	s.meta = meta_checked(calloc(1, sizeof(*s.meta)));
	s.meta->active = true;
	snprintf(s.file, sizeof(s.file), "%.100s/meta.conf", name);
	if (io_read_plain(dir, "meta.conf", &text, &why) == -1)
		faults_add(faults, s.file, "%s: cannot be read%s", s.file,
		    why.text + strlen("meta.conf"));
	else if (!utf8_valid(buf_text(&text), text.len))
		faults_add(faults, s.file, "%s: not UTF-8 text", s.file);
	else {
		text_clean(&text);
		read_text(&s, buf_text(&text));
	}
	buf_release(&text);
	return s.meta;
}

void
meta_free(struct meta *m)
{
	if (m == NULL)
		return;
	meta_variables_free(m->variables);
	meta_whatsapp_free(m->whatsapp);
	free(m->class);
	free(m->topic);
	free(m->channels);
	free(m->title);
	free(m);
}
