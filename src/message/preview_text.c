#include "preview_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/*
 * A preview for a terminal.  Texts stand behind a bar, as they are; a line that
 * is too long for the terminal goes on behind a dotted bar, so that nobody
 * takes the end of a row for the end of a line.
 */
#define BAR		"  │ "
#define DOTTED		"  ┊ "
#define MARGIN		4	/* columns of either */
#define LABEL		12	/* columns of a fact's name */
#define WIDTH_MIN	20
#define ESCAPED_MAX	9	/* two bytes as \x.. and the NUL */

struct text {
	struct buf *out;
	int width;		/* for the text itself; 0: no end */
	struct arena mem;
};

/* One character, with nothing in it that a terminal would obey. */
static int
put_character(struct buf *out, const char *s, size_t n, int column)
{
	char safe[ESCAPED_MAX];

	if (*s == '\t') {
		buf_char(out, '\t');
		return 8 - (column + MARGIN) % 8;
	}
	text_escape(safe, sizeof(safe), s, n);
	buf_str(out, safe);
	return strlen(safe) == n ? text_columns(s, n) :
	    (int)strlen(safe);
}

/* Up to the next place where a row may end: behind blanks. */
static size_t
word_length(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] != ' ')
		n++;
	while (n < len && s[n] == ' ')
		n++;
	return n;
}

/* What has to fit: blanks at the end of a row may hang over. */
static int
word_columns(const char *s, size_t len)
{
	int columns = 0;
	size_t n;

	for (size_t i = 0; i < len && s[i] != ' '; i += n) {
		n = utf8_length(s + i, len - i);
		n = n == 0 ? 1 : n;
		columns += text_columns(s + i, n);
	}
	return columns;
}

static void
put_line(struct text *t, const char *s, size_t len)
{
	size_t word, n;
	int column = 0;

	buf_str(t->out, len == 0 ? "  │" : BAR);
	for (size_t i = 0; i < len;) {
		word = word_length(s + i, len - i);
		if (t->width > 0 && column > 0 &&
		    column + word_columns(s + i, word) > t->width) {
			buf_str(t->out, "\n" DOTTED);
			column = 0;
		}
		for (size_t end = i + word; i < end; i += n) {
			n = utf8_length(s + i, end - i);
			n = n == 0 ? 1 : n;
			column += put_character(t->out, s + i, n, column);
		}
	}
	buf_char(t->out, '\n');
}

static void
put_text(struct text *t, const char *s)
{
	const char *end;

	for (;; s = end + 1) {
		end = strchrnul(s, '\n');
		put_line(t, s, (size_t)(end - s));
		if (*end == '\0')
			return;
	}
}

/* Safe to print, and on one line. */
static void
put_safe(struct buf *out, const char *s)
{
	char safe[4 * 8 + 1];
	size_t n;

	for (size_t len = strlen(s); len > 0; s += n, len -= n) {
		n = utf8_length(s, len);
		n = n == 0 ? 1 : n;
		buf_str(out, text_escape(safe, sizeof(safe), s, n));
	}
}

static void
put_fact(struct text *t, const char *label, const char *value)
{
	buf_printf(t->out, "  %-*s ", LABEL, label);
	put_safe(t->out, value);
	buf_char(t->out, '\n');
}

static void
put_excerpt(struct text *t, const char *excerpt)
{
	const char *end;

	for (; *excerpt != '\0'; excerpt = end + 1) {
		end = strchrnul(excerpt, '\n');
		buf_printf(t->out, "      %.*s\n", (int)(end - excerpt),
		    excerpt);
		if (*end == '\0')
			return;
	}
}

static void
put_refusal(struct text *t, const char *code, const struct error *e)
{
	buf_printf(t->out, "  REFUSED: %s: ", code);
	put_safe(t->out, e->text);
	buf_char(t->out, '\n');
	put_excerpt(t, e->excerpt);
}

static void
put_faults(struct text *t, const struct preview_template *of)
{
	if (of->set == NULL)
		put_refusal(t, "bad_template", &of->why);
	else
		for (size_t i = 0; i < of->set->faults.count; i++)
			put_refusal(t, "bad_template",
			    &of->set->faults.list[i].error);
}

static void
begin(void *ctx, const struct preview_template *of)
{
	struct text *t = ctx;
	const char *title = of->set == NULL ? NULL : of->set->meta->title;

	if (t->out->len > 0)
		buf_str(t->out, "\n\n");
	put_safe(t->out, of->name);
	if (title != NULL) {
		buf_str(t->out, ": ");
		put_safe(t->out, title);
	}
	buf_char(t->out, '\n');
	if (of->moment == NULL) {
		put_faults(t, of);
		return;
	}
	put_fact(t, "state", preview_state(of, &t->mem));
	put_fact(t, "values", of->preview->data != NULL ? "those of --data" :
	    "the examples of meta.conf");
	put_fact(t, "stand-ins", of->stand_ins);
	put_fact(t, "time", arena_printf(&t->mem, "as if it were %s in %s",
	    of->moment, of->zone));
}

static void
language(void *ctx, const struct preview_template *of, const char *name)
{
	(void)ctx;
	(void)of;
	(void)name;
}

static void
put_facts(struct text *t, const struct preview_message *m)
{
	for (const struct preview_fact *f = m->facts; f != NULL; f = f->next)
		if (f->block) {
			buf_printf(t->out, "  %s:\n", f->label);
			put_text(t, f->text);
		} else
			put_fact(t, f->label, f->text);
}

static void
message(void *ctx, const struct preview_message *m)
{
	struct text *t = ctx;
	const char *subject = record_string(m->record, "subject");
	const char *text = record_string(m->record, "text");

	buf_char(t->out, '\n');
	put_safe(t->out, arena_printf(&t->mem, "%s · %s · %s", m->of->name,
	    m->language, m->channel));
	buf_char(t->out, '\n');
	if (m->refusal != NULL)
		put_refusal(t, m->code, m->refusal);
	if (*preview_from(m) != '\0')
		put_fact(t, "from", preview_from(m));
	if (subject != NULL)
		put_fact(t, "subject", subject);
	if (text != NULL)
		put_text(t, text);
	put_facts(t, m);
}

static void
end(void *ctx, const struct preview_template *of)
{
	struct text *t = ctx;

	(void)of;
	arena_reset(&t->mem);
}

void
preview_text(struct preview *p, const char *const *names, struct buf *out)
{
	struct text t = { .out = out, .mem = ARENA_INIT(PREVIEW_MAX) };
	struct preview_writer w = { .begin = begin, .language = language,
	    .message = message, .end_language = end, .end = end, .ctx = &t };

	if (p->width > 0)
		t.width = p->width < WIDTH_MIN + MARGIN ? WIDTH_MIN :
		    p->width - MARGIN;
	preview_walk(p, names, &w);
	arena_release(&t.mem);
}
