#include "meta_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>


#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define UPPER	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"
#define META_TEMPLATE_MAX	512	/* bytes of Meta's name of a template */
#define WORD_MAX		32	/* bytes of what a quick reply means */

static bool
consists_of(const char *s, const char *charset, size_t max)
{
	size_t n = strspn(s, charset);

	return n > 0 && n <= max && s[n] == '\0';
}

static struct whatsapp_meta *
whatsapp_of(const struct meta_source *s)
{
	if (s->meta->whatsapp == NULL)
		s->meta->whatsapp = meta_checked(calloc(1,
		    sizeof(*s->meta->whatsapp)));
	return s->meta->whatsapp;
}

static void
set_checked(const struct meta_source *s, const struct meta_entry *e,
    char **out, const char *charset, size_t max, const char *why)
{
	meta_set_text(s, e, out);
	if (*out != NULL && !consists_of(*out, charset, max))
		meta_fault(s, e, "%s", why);
}

/* What Meta shows as it stands: one line without variables. */
static void
set_fixed(const struct meta_source *s, const struct meta_entry *e,
    char **out, size_t max)
{
	size_t n;

	meta_set_text(s, e, out);
	if (*out == NULL)
		return;
	n = utf8_count(*out, strlen(*out));
	if (n == 0 || n > max)
		meta_fault(s, e, "has %zu characters; 1 to %zu are allowed",
		    n, max);
	if (strstr(*out, "{{") != NULL || strstr(*out, "{%") != NULL)
		meta_fault(s, e, "takes no variables");
}

static void
set_category(const struct meta_source *s, const struct meta_entry *e,
    struct whatsapp_meta *w)
{
	meta_set_text(s, e, &w->category);
	if (w->category != NULL && strcasecmp(w->category, "utility") != 0 &&
	    strcasecmp(w->category, "marketing") != 0 &&
	    strcasecmp(w->category, "authentication") != 0)
		meta_fault(s, e, "is none of utility, marketing, "
		    "authentication");
}

static void
set_format(const struct meta_source *s, const struct meta_entry *e,
    struct whatsapp_meta *w)
{
	w->named = strcmp(e->value, "named") == 0;
	if (!w->named && strcmp(e->value, "positional") != 0)
		meta_fault(s, e, "is neither positional nor named");
}

static void
name_of(const struct meta_source *s, const struct meta_entry *e,
    char out[ERROR_MAX / 2])
{
	snprintf(out, ERROR_MAX / 2, "%s:%d: %s", s->file, e->line, e->key);
}

static struct template *
parse_text(const struct meta_source *s, const struct meta_entry *e,
    const char *text)
{
	struct template *t;
	char name[ERROR_MAX / 2];
	struct error why;

	if (text == NULL)
		return NULL;
	name_of(s, e, name);
	t = template_parse_strict(name, text, strlen(text), &why);
	if (t == NULL)
		faults_add_error(s->faults, s->file, &why);
	return t;
}

static void
set_template(const struct meta_source *s, const struct meta_entry *e,
    struct template **out)
{
	char *text = meta_text(s, e, e->value);

	*out = parse_text(s, e, text);
	free(text);
}

static void
count_variable(void *ctx, const struct template_use *u)
{
	(void)u;
	++*(size_t *)ctx;
}

/* Quotes that other keys take are a slip here: every reader would get it. */
static bool
is_constant(const struct meta_entry *e, const struct template *expression)
{
	size_t variables = 0;

	template_each_variable(expression, count_variable, &variables);
	return variables == 0 && strchr("\"'", e->value[0]) != NULL;
}

static void
add_parameter(const struct meta_source *s, const struct meta_entry *e,
    struct whatsapp_parameters *p, const char *name)
{
	struct whatsapp_parameter *new = &p->list[p->count];
	char place[ERROR_MAX / 2];
	struct error why;

	if (p->count == WHATSAPP_PARAMETERS_MAX) {
		meta_fault(s, e, "more than %d parameters",
		    WHATSAPP_PARAMETERS_MAX);
		return;
	}
	name_of(s, e, place);
	/* Kept without it, so that nobody is told that it is missing. */
	new->expression = template_parse_expression(place, e->value,
	    strlen(e->value), &why);
	if (new->expression == NULL)
		faults_add_error(s->faults, s->file, &why);
	else if (is_constant(e, new->expression))
		meta_fault(s, e, "is a constant; write the variable without "
		    "quotes");
	new->name = meta_duplicate(name);
	new->source = meta_duplicate(e->value);
	p->count++;
}

static void
header_key(const struct meta_source *s, const struct meta_entry *e,
    struct whatsapp_meta *w, const char *what)
{
	if (strcmp(what, "link") == 0)
		set_template(s, e, &w->link);
	else if (strcmp(what, "filename") == 0)
		set_template(s, e, &w->filename);
	else if (strcmp(what, "type") != 0)
		add_parameter(s, e, &w->header, what);
	else {
		for (int h = WHATSAPP_TEXT_HEADER; h <= WHATSAPP_VIDEO_HEADER;
		    h++)
			if (strcmp(e->value, whatsapp_header_name(
			    (enum whatsapp_header)h)) == 0)
				w->header_type = (enum whatsapp_header)h;
		if (w->header_type == WHATSAPP_NO_HEADER)
			meta_fault(s, e, "is none of text, image, document, "
			    "video");
	}
}

const char *
whatsapp_header_name(enum whatsapp_header h)
{
	static const char *const names[] = { NULL, "text", "image",
	    "document", "video" };

	return names[h];
}

/* Counted from 0, as Meta does; -1 and a fault when it is none. */
static int
button_index(const struct meta_source *s, const struct meta_entry *e)
{
	const char *digit = e->key + strlen("button.");

	if (consists_of(digit, DIGITS, 1))
		return digit[0] - '0';
	meta_fault(s, e, "buttons are button.0 to button.%d",
	    WHATSAPP_BUTTONS_MAX - 1);
	return -1;
}

static void
set_quick_reply(const struct meta_source *s, const struct meta_entry *e,
    struct whatsapp_button *b, const char *word)
{
	if (!consists_of(word, LOWER DIGITS "_", WORD_MAX)) {
		meta_fault(s, e, "quick_reply, WORD: what it means, such as "
		    "confirm or decline, in small letters, digits and _");
		return;
	}
	b->type = WHATSAPP_QUICK_REPLY;
	b->word = meta_duplicate(word);
}

/*
 * The same with |urlencode:"" behind each expression: what comes from a value
 * is data in a URL, and must not begin a query or climb up a path.
 */
static void
encode_expressions(const char *from, struct buf *out)
{
	const char *end;

	while (*from != '\0') {
		end = strncmp(from, "{{", 2) == 0 ? strstr(from, "}}") : NULL;
		if (end == NULL) {
			buf_char(out, *from++);
			continue;
		}
		buf_add(out, from, (size_t)(end - from));
		buf_str(out, "|urlencode:\"\"}}");
		from = end + 2;
	}
}

/* Tags could print values that no filter of ours stands behind. */
static void
set_suffix(const struct meta_source *s, const struct meta_entry *e,
    struct whatsapp_button *b, const char *from)
{
	struct buf encoded = BUF_INIT(2 * META_MAX);
	char *text = meta_text(s, e, from);

	b->suffix = parse_text(s, e, text);
	if (b->suffix != NULL && template_has_tags(b->suffix))
		meta_fault(s, e, "has tags, {%% %%}: the end of a URL takes "
		    "variables only");
	else if (b->suffix != NULL) {
		encode_expressions(text, &encoded);
		b->encoded = parse_text(s, e, buf_text(&encoded));
	}
	buf_release(&encoded);
	free(text);
}

/* "quick_reply, confirm", "url, c/{{ id }}" or "url" */
static void
button_key(const struct meta_source *s, const struct meta_entry *e,
    struct whatsapp_meta *w)
{
	int i = button_index(s, e);
	size_t len = strcspn(e->value, ", \t");
	const char *rest = e->value + len;
	struct whatsapp_button *b;

	if (i == -1)
		return;
	b = &w->buttons[i];
	b->type = WHATSAPP_BAD_BUTTON;
	rest += strspn(rest, " \t");
	rest += *rest == ',';
	rest += strspn(rest, " \t");
	if ((size_t)i >= w->button_count)
		w->button_count = (size_t)i + 1;
	if (len == 11 && strncmp(e->value, "quick_reply", len) == 0)
		set_quick_reply(s, e, b, rest);
	else if (len == 3 && strncmp(e->value, "url", len) == 0) {
		b->type = WHATSAPP_URL_BUTTON;
		if (*rest != '\0')
			set_suffix(s, e, b, rest);
	} else
		meta_fault(s, e, "%.*s is no kind of button: quick_reply or "
		    "url", (int)(len > 40 ? 40 : len), e->value);
}

void
meta_whatsapp_key(const struct meta_source *s, const struct meta_entry *e)
{
	static const char *const known[] = { "name", "id", "category",
	    "parameter_format", "header.type", "header.link",
	    "header.filename", "footer", "body.1", "button.0", NULL };
	struct whatsapp_meta *w = whatsapp_of(s);

	if (strcmp(e->key, "name") == 0)
		set_checked(s, e, &w->name, LOWER DIGITS "_",
		    META_TEMPLATE_MAX, "not a name that Meta takes: small "
		    "letters, digits and _");
	else if (strcmp(e->key, "id") == 0)
		set_checked(s, e, &w->id, LOWER UPPER DIGITS, 64,
		    "not letters and digits");
	else if (strcmp(e->key, "category") == 0)
		set_category(s, e, w);
	else if (strcmp(e->key, "parameter_format") == 0)
		set_format(s, e, w);
	else if (strcmp(e->key, "footer") == 0)
		set_fixed(s, e, &w->footer, WHATSAPP_FOOTER_MAX);
	else if (strncmp(e->key, "body.", 5) == 0)
		add_parameter(s, e, &w->body, e->key + 5);
	else if (strncmp(e->key, "header.", 7) == 0)
		header_key(s, e, w, e->key + 7);
	else if (strncmp(e->key, "button.", 7) == 0)
		button_key(s, e, w);
	else
		meta_unknown_key(s, e, known);
}

/* [whatsapp LANG] */

static struct whatsapp_language *
language_of(const struct meta_source *s, const char *name, int line)
{
	struct whatsapp_language **l = &whatsapp_of(s)->languages;

	for (; *l != NULL; l = &(*l)->next)
		if (language_equal((*l)->name, name))
			return *l;
	*l = meta_checked(calloc(1, sizeof(**l)));
	(*l)->name = meta_duplicate(name);
	(*l)->line = line;
	return *l;
}

/* "es", "es_MX", "zh_HANS": the pair of name and code must exist at Meta. */
static void
set_code(const struct meta_source *s, const struct meta_entry *e,
    struct whatsapp_language *l)
{
	meta_set_text(s, e, &l->code);
	if (l->code != NULL && (!language_is_tag(l->code) ||
	    strchr(l->code, '-') != NULL))
		meta_fault(s, e, "not a code of Meta's, such as es or es_MX");
}

void
meta_whatsapp_language_key(const struct meta_source *s, const char *language,
    const struct meta_entry *e)
{
	static const char *const known[] = { "language", "header", "footer",
	    "button.0", NULL };
	struct whatsapp_language *l = language_of(s, language, e->line);
	int i;

	if (strcmp(e->key, "language") == 0)
		set_code(s, e, l);
	else if (strcmp(e->key, "footer") == 0)
		set_fixed(s, e, &l->footer, WHATSAPP_FOOTER_MAX);
	else if (strcmp(e->key, "header") == 0) {
		meta_set_text(s, e, &l->header_source);
		if (l->header == NULL && l->header_source != NULL)
			l->header = parse_text(s, e, l->header_source);
	} else if (strncmp(e->key, "button.", 7) == 0) {
		i = button_index(s, e);
		if (i != -1)
			set_fixed(s, e, &l->titles[i], WHATSAPP_TITLE_MAX);
	} else
		meta_unknown_key(s, e, known);
}

/* What only all keys together can tell. */

static void
check_fault(const struct meta_source *s, const char *key, const char *what)
{
	faults_add(s->faults, s->file, "%s: [whatsapp]: %s %s", s->file, key,
	    what);
}

static void
check_names(const struct meta_source *s, const struct whatsapp_parameters *p,
    const char *which)
{
	char key[META_KEY_MAX + 16];

	for (size_t i = 0; i < p->count; i++) {
		snprintf(key, sizeof(key), "%s.%s", which, p->list[i].name);
		if (!consists_of(p->list[i].name, LOWER DIGITS "_",
		    META_KEY_MAX) ||
		    strspn(p->list[i].name, DIGITS "_") ==
		    strlen(p->list[i].name))
			check_fault(s, key, "is no name that Meta takes: "
			    "small letters, digits and _");
	}
}

/* Puts body.1, body.2, ... in this order, and none may be left out. */
static void
check_positions(const struct meta_source *s, struct whatsapp_parameters *p,
    const char *which)
{
	struct whatsapp_parameter swap;
	char key[META_KEY_MAX + 16], want[24];
	size_t j;

	for (size_t i = 0; i < p->count; i++) {
		snprintf(want, sizeof(want), "%zu", i + 1);
		for (j = i; j < p->count && strcmp(p->list[j].name, want) != 0;
		    j++)
			continue;
		if (j == p->count) {
			snprintf(key, sizeof(key), "%s.%s", which, want);
			check_fault(s, key, "is missing: they are numbered "
			    "from 1 on, unless parameter_format = named");
			return;
		}
		swap = p->list[i];
		p->list[i] = p->list[j];
		p->list[j] = swap;
	}
}

static void
check_header(const struct meta_source *s, const struct whatsapp_meta *w)
{
	bool media = w->header_type > WHATSAPP_TEXT_HEADER;

	if (media && w->link == NULL)
		check_fault(s, "header.link", "is missing");
	if (!media && w->link != NULL)
		check_fault(s, "header.link", "needs a header.type that is "
		    "image, document or video");
	if (w->filename != NULL && w->header_type != WHATSAPP_DOCUMENT_HEADER)
		check_fault(s, "header.filename", "is for documents only");
	if (w->header.count > 0 && w->header_type != WHATSAPP_TEXT_HEADER)
		check_fault(s, "header.type", "must be text, as there are "
		    "parameters");
	if (w->header.count > 1)
		check_fault(s, "header", "takes one parameter");
}

static void
check_buttons(const struct meta_source *s, const struct whatsapp_meta *w)
{
	char key[40];

	for (size_t i = 0; i < w->button_count; i++) {
		snprintf(key, sizeof(key), "button.%zu", i);
		if (w->buttons[i].type == WHATSAPP_NO_BUTTON)
			check_fault(s, key, "is missing");
		for (size_t j = 0; j < i; j++)
			if (w->buttons[i].word != NULL &&
			    w->buttons[j].word != NULL &&
			    strcmp(w->buttons[i].word,
			    w->buttons[j].word) == 0)
				check_fault(s, key, "means the same as "
				    "another button");
	}
}

static void
language_fault(const struct meta_source *s, const struct whatsapp_language *l,
    const char *what)
{
	faults_add(s->faults, s->file, "%s:%d: [whatsapp %s]: %s", s->file,
	    l->line, l->name, what);
}

static void
check_titles(const struct meta_source *s, const struct whatsapp_meta *w,
    const struct whatsapp_language *l)
{
	for (size_t i = 0; i < WHATSAPP_BUTTONS_MAX; i++) {
		if (l->titles[i] == NULL)
			continue;
		if (i >= w->button_count)
			language_fault(s, l, "the title of a button that "
			    "[whatsapp] does not have");
		for (size_t j = 0; j < i; j++)
			if (l->titles[j] != NULL &&
			    strcmp(l->titles[i], l->titles[j]) == 0)
				language_fault(s, l, "two buttons have the "
				    "same title");
	}
}

static void
check_language(const struct meta_source *s, const struct whatsapp_meta *w,
    const struct whatsapp_language *l)
{
	if (!language_is_tag(l->name))
		language_fault(s, l, "not the name of a language");
	if (w->name != NULL && l->code == NULL)
		language_fault(s, l, "language is missing: Meta's code, such "
		    "as es_MX");
	if (w->header_type == WHATSAPP_TEXT_HEADER && l->header == NULL)
		language_fault(s, l, "header is missing");
	if (w->header_type != WHATSAPP_TEXT_HEADER && l->header != NULL)
		language_fault(s, l, "header needs header.type = text");
	check_titles(s, w, l);
}

void
meta_whatsapp_check(const struct meta_source *s)
{
	struct whatsapp_meta *w = s->meta->whatsapp;

	if (w == NULL)
		return;
	if (w->named) {
		check_names(s, &w->body, "body");
		check_names(s, &w->header, "header");
	} else {
		check_positions(s, &w->body, "body");
		check_positions(s, &w->header, "header");
	}
	check_header(s, w);
	check_buttons(s, w);
	for (const struct whatsapp_language *l = w->languages; l != NULL;
	    l = l->next)
		check_language(s, w, l);
}

const struct whatsapp_language *
meta_whatsapp_language(const struct meta *m, const char *language)
{
	const struct whatsapp_language *l;
	char tag[LANGUAGE_MAX];

	if (m->whatsapp == NULL || strlen(language) >= sizeof(tag))
		return NULL;
	snprintf(tag, sizeof(tag), "%s", language);
	do
		for (l = m->whatsapp->languages; l != NULL; l = l->next)
			if (language_equal(l->name, tag))
				return l;
	while (language_widen(tag));
	return NULL;
}

static void
parameters_free(struct whatsapp_parameters *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->list[i].name);
		free(p->list[i].source);
		template_free(p->list[i].expression);
	}
}

static void
language_free(struct whatsapp_language *l)
{
	for (size_t i = 0; i < WHATSAPP_BUTTONS_MAX; i++)
		free(l->titles[i]);
	free(l->name);
	free(l->code);
	free(l->header_source);
	template_free(l->header);
	free(l->footer);
	free(l);
}

void
meta_whatsapp_free(struct whatsapp_meta *w)
{
	struct whatsapp_language *next;

	if (w == NULL)
		return;
	for (struct whatsapp_language *l = w->languages; l != NULL; l = next) {
		next = l->next;
		language_free(l);
	}
	for (size_t i = 0; i < WHATSAPP_BUTTONS_MAX; i++) {
		free(w->buttons[i].word);
		template_free(w->buttons[i].suffix);
		template_free(w->buttons[i].encoded);
	}
	parameters_free(&w->body);
	parameters_free(&w->header);
	template_free(w->link);
	template_free(w->filename);
	free(w->name);
	free(w->id);
	free(w->category);
	free(w->footer);
	free(w);
}
