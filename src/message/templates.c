#include "templates_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "base/near.h"

static const char *const part_names[PART_MAX] = { "subject", "text", "html",
	"sms", "whatsapp", "voice", "push" };

void *
templates_checked(void *p)
{
	if (p == NULL)
		die(EX_OSERR, "out of memory");
	return p;
}

const char *
part_name(enum part p)
{
	return part_names[p];
}

/* Folders. */

static void
names_release(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->list[i]);
	free(n->list);
	*n = (struct names){ .count = 0 };
}

static void
names_add(struct names *n, const char *name)
{
	n->list = templates_checked(realloc(n->list, (n->count + 2) *
	    sizeof(*n->list)));
	n->list[n->count++] = templates_checked(strdup(name));
	n->list[n->count] = NULL;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_directory(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

int
names_read(struct names *n, const char *path, bool (*wanted)(const char *))
{
	DIR *dir = opendir(path);
	const struct dirent *d;
	int rc;

	if (dir == NULL)
		return -1;
	for (errno = 0; (d = readdir(dir)) != NULL; errno = 0)
		if (wanted(d->d_name) && is_directory(dirfd(dir), d->d_name))
			names_add(n, d->d_name);
	rc = errno;
	closedir(dir);
	if (n->count > 1)
		qsort(n->list, n->count, sizeof(*n->list), compare_names);
	errno = rc;
	return rc == 0 ? 0 : -1;
}

static bool
is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n < NAME_LEN && s[n] == '\0' && s[0] != '_';
}

/* A name that is too long is no folder's. */
struct languages
languages_begin(const char *language, const char *then)
{
	struct languages c = { .then = then };

	if (language != NULL && strlen(language) < sizeof(c.tag))
		snprintf(c.tag, sizeof(c.tag), "%s", language);
	return c;
}

bool
languages_next(struct languages *c)
{
	if (language_widen(c->tag))
		return true;
	if (c->then == NULL)
		return false;
	*c = languages_begin(c->then, NULL);
	return true;
}

struct template_language *
template_find_language(const struct template_set *set, const char *name)
{
	struct template_language *l;

	for (l = set->languages; l != NULL; l = l->next)
		if (language_equal(l->name, name))
			return l;
	return NULL;
}

/* Reading a template. */

void
template_cut_newline(struct buf *text)
{
	if (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
}

static void
parse_part(struct template_set *set, struct template_language *l, int part,
    const char *name, const struct buf *text)
{
	struct error why;

	l->part[part] = template_parse_strict(name, buf_text(text), text->len,
	    &why);
	if (l->part[part] == NULL)
		faults_add_error(&set->faults, name, &why);
	else {
		l->source[part] = templates_checked(strdup(buf_text(text)));
		l->part_count++;
	}
}

static void
read_part(struct template_set *set, struct template_language *l, int dir,
    int part)
{
	char path[64], name[NAME_LEN + 64];
	struct buf text = BUF_INIT(TEMPLATE_MAX);
	struct error why;

	snprintf(path, sizeof(path), "%s/%s", l->name, part_names[part]);
	if (faccessat(dir, path, F_OK, 0) == -1 && errno == ENOENT)
		return;
	snprintf(name, sizeof(name), "%s/%s", set->name, path);
	if (io_read_plain(dir, path, &text, &why) == -1)
		faults_add(&set->faults, name, "%s/%s", set->name, why.text);
	else {
		template_cut_newline(&text);
		parse_part(set, l, part, name, &text);
	}
	buf_release(&text);
}

static void
read_language(struct templates *t, struct template_set *set, int dir,
    const char *name)
{
	struct template_language *l, **last = &set->languages;
	char path[NAME_LEN + LANGUAGE_MAX];

	if (template_find_language(set, name) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", set->name, name);
		faults_add(&set->faults, path, "%s: the same language as %s",
		    path, template_find_language(set, name)->name);
		return;
	}
	l = templates_checked(calloc(1, sizeof(*l)));
	l->name = templates_checked(strdup(name));
	l->loader = (struct template_loader){ template_include, l };
	l->templates = t;
	l->set = set;
	while (*last != NULL)
		last = &(*last)->next;
	*last = l;
	for (int part = 0; part < PART_MAX; part++)
		read_part(set, l, dir, part);
}

/* Each [whatsapp LANG] has its folder: else it is a slip of the pen. */
static void
check_whatsapp(struct template_set *set)
{
	const struct whatsapp_language *w = set->meta->whatsapp == NULL ?
	    NULL : set->meta->whatsapp->languages;
	char file[NAME_LEN + 16];

	snprintf(file, sizeof(file), "%s/meta.conf", set->name);
	for (; w != NULL; w = w->next)
		if (template_find_language(set, w->name) == NULL)
			faults_add(&set->faults, file, "%s:%d: [whatsapp %s]: "
			    "there is no folder of this language", file,
			    w->line, w->name);
}

/* What a text refers to by name must be there: now, not when it is sent. */
struct check {
	struct template_language *language;
	struct template_set *set;
	const struct template *from;
};

static bool
is_told(const struct faults *f, const struct error *e)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->list[i].error.text, e->text) == 0)
			return true;
	return false;
}

static void
check_reference(void *ctx, const struct template_use *u)
{
	struct check *c = ctx;
	struct error why, here;

	if (template_include(c->language, u->path, &why) != NULL)
		return;
	here = why;
	if (why.status == EX_NOINPUT)
		error_set(&here, EX_CONFIG, "%s:%zu:%zu: %s",
		    template_name(c->from), u->line, u->column, why.text);
	if (!is_told(&c->set->faults, &here))
		faults_add_error(&c->set->faults, template_name(c->from),
		    &here);
}

static void
check_references(struct template_set *set, struct template_language *l)
{
	struct check c = { .language = l, .set = set };

	for (int part = 0; part < PART_MAX; part++) {
		c.from = l->part[part];
		if (c.from != NULL)
			template_each_reference(c.from, check_reference, &c);
	}
	/* What is included goes to the end: the list grows meanwhile. */
	for (struct included *i = l->included; i != NULL; i = i->next) {
		c.from = i->parsed;
		template_each_reference(c.from, check_reference, &c);
	}
}

static void
set_free(struct template_set *s)
{
	struct template_language *l, *next;

	for (l = s->languages; l != NULL; l = next) {
		next = l->next;
		for (int part = 0; part < PART_MAX; part++) {
			template_free(l->part[part]);
			free(l->source[part]);
		}
		template_free_included(l);
		free(l->name);
		free(l);
	}
	meta_free(s->meta);
	faults_release(&s->faults);
	free(s->name);
	free(s);
}

static struct template_set *
read_set(struct templates *t, const char *name, const char *path, int dir)
{
	struct template_set *set = templates_checked(calloc(1, sizeof(*set)));
	struct names languages = { .count = 0 };

	set->name = templates_checked(strdup(name));
	set->meta = meta_read(t->config, name, dir, &set->faults);
	if (names_read(&languages, path, language_is_tag) == -1)
		faults_add(&set->faults, name, "%s: %s", name,
		    strerror(errno));
	for (size_t i = 0; i < languages.count; i++)
		read_language(t, set, dir, languages.list[i]);
	names_release(&languages);
	check_whatsapp(set);
	for (struct template_language *l = set->languages; l != NULL;
	    l = l->next)
		check_references(set, l);
	return set;
}

/* "; did you mean NAME?": one that is much alike, or begins in this way. */
static void
suggest(struct templates *t, const char *name, char *out, size_t size)
{
	struct near near = NEAR_INIT(name, strlen(name));
	const char *const *all, *longer = NULL;
	struct error ignored;

	out[0] = '\0';
	all = templates_names(t, &ignored);
	for (; all != NULL && *all != NULL; all++) {
		near_consider(&near, *all);
		if (strncmp(*all, name, strlen(name)) == 0)
			longer = *all;
	}
	if (near.best == NULL)
		near.best = longer;
	if (near.best != NULL)
		snprintf(out, size, "; did you mean %s?", near.best);
}

static struct template_set *
load(struct templates *t, const char *name, struct error *e)
{
	struct template_set *set;
	char path[PATH_MAX], hint[NAME_LEN + 32];
	int dir;

	if (!is_name(name) || snprintf(path, sizeof(path), "%s/%s", t->dir,
	    name) >= (int)sizeof(path)) {
		error_set(e, EX_CONFIG, "%.60s: not a template's name", name);
		return NULL;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 && errno == ENOENT) {
		suggest(t, name, hint, sizeof(hint));
		error_set(e, EX_CONFIG, "there is no template %.60s in "
		    "%.200s%s", name, t->dir, hint);
		return NULL;
	}
	if (dir == -1) {
		error_errno(e, "template %.60s", name);
		e->status = EX_TEMPFAIL;
		return NULL;
	}
	set = read_set(t, name, path, dir);
	close(dir);
	set->next = t->sets;
	t->sets = set;
	return set;
}

const struct template_set *
templates_inspect(struct templates *t, const char *name, struct error *e)
{
	for (struct template_set *s = t->sets; s != NULL; s = s->next)
		if (strcmp(s->name, name) == 0)
			return s;
	return load(t, name, e);
}

const struct template_set *
templates_get(struct templates *t, const char *name, struct error *e)
{
	const struct template_set *set = templates_inspect(t, name, e);
	const struct error *first;

	if (set == NULL || set->faults.count == 0)
		return set;
	first = &set->faults.list[0].error;
	error_set(e, EX_TEMPFAIL, "template %.500s", first->text);
	memcpy(e->excerpt, first->excerpt, sizeof(e->excerpt));
	return NULL;
}

/* The directory. */

struct templates *
templates_new(struct config *c)
{
	struct templates *t = templates_checked(calloc(1, sizeof(*t)));

	t->config = c;
	t->dir = config_path(c, "paths", NULL, "templates");
	t->language = config_string(c, "site", NULL, "language");
	return t;
}

void
templates_free(struct templates *t)
{
	struct template_set *next;

	if (t == NULL)
		return;
	for (; t->sets != NULL; t->sets = next) {
		next = t->sets->next;
		set_free(t->sets);
	}
	names_release(&t->names);
	names_release(&t->shared);
	free(t);
}

static int
directory_error(const struct templates *t, struct error *e)
{
	error_errno(e, "[paths] templates: %.300s", t->dir);
	e->status = EX_CONFIG;
	return -1;
}

int
templates_check(const struct templates *t, struct error *e)
{
	int dir;

	dir = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return directory_error(t, e);
	close(dir);
	return 0;
}

const char *const *
templates_names(struct templates *t, struct error *e)
{
	static const char *const none[] = { NULL };

	if (t->names.count == 0 &&
	    names_read(&t->names, t->dir, is_name) == -1) {
		directory_error(t, e);
		names_release(&t->names);
		return NULL;
	}
	return t->names.count == 0 ? none :
	    (const char *const *)t->names.list;
}

/* Parts. */

static const struct template *
part_of(const struct template_language *l, enum part part, bool fall_back)
{
	if (l == NULL)
		return NULL;
	if (l->part[part] == NULL && fall_back && part >= PART_SMS)
		part = PART_TEXT;
	return l->part[part];
}

const struct template *
templates_part(const struct templates *t, const struct template_set *set,
    const char *language, enum part part, bool fall_back, const char **used)
{
	struct languages c = languages_begin(language, t->language);
	const struct template_language *l;
	const struct template *found;

	do {
		l = template_find_language(set, c.tag);
		found = part_of(l, part, fall_back);
		if (found != NULL) {
			*used = l->name;
			return found;
		}
	} while (languages_next(&c));
	return NULL;
}

const struct whatsapp_language *
templates_whatsapp(const struct templates *t, const struct template_set *set,
    const char *language)
{
	const struct whatsapp_language *w;
	const char *used;

	if (set->meta->whatsapp == NULL || set->meta->whatsapp->name == NULL ||
	    templates_part(t, set, language, PART_WHATSAPP, true, &used) ==
	    NULL)
		return NULL;
	w = meta_whatsapp_language(set->meta, used);
	return w == NULL || w->code == NULL ? NULL : w;
}

const char *
templates_language(const struct template_set *set, size_t i)
{
	const struct template_language *l;

	for (l = set->languages; l != NULL; l = l->next)
		if (l->part_count > 0 && i-- == 0)
			return l->name;
	return NULL;
}

const struct template *
templates_own_part(const struct template_set *set, const char *language,
    enum part part)
{
	return part_of(template_find_language(set, language), part, false);
}

const char *
templates_source(const struct template_set *set, const char *language,
    enum part part)
{
	const struct template_language *l = template_find_language(set,
	    language);

	return l == NULL ? NULL : l->source[part];
}

bool
templates_support(const struct template_set *set, const char *type)
{
	char word[32];

	if (set->meta->channels == NULL)
		return true;
	for (size_t i = 0; config_word(set->meta->channels, i, word,
	    sizeof(word)); i++)
		if (strcmp(word, type) == 0)
			return true;
	return false;
}

/* Refusing records. */

int
misfit_set(struct misfit *m, const char *code, const char *field,
    const char *fmt, ...)
{
	char text[ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	m->code = code;
	snprintf(m->field, sizeof(m->field), "%s", field);
	return error_set(&m->error, EX_DATAERR, "%s", text);
}

/* What a template may use beside the variables of its record. */
static bool
is_outside(const char *path)
{
	static const char *const others[] = { "site.", "links.", "contact." };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strncmp(path, others[i], strlen(others[i])) == 0)
			return true;
	return false;
}

int
misfit_render(struct misfit *m, const char *field, const struct error *e)
{
	bool data = e->status == EX_DATAERR;

	m->code = data ? "bad_variable" : "bad_template";
	if (data && field != NULL)
		snprintf(m->field, sizeof(m->field), "%s%.150s",
		    is_outside(field) ? "" : "vars.", field);
	else
		snprintf(m->field, sizeof(m->field), "template");
	m->error = *e;
	error_set(&m->error, data ? EX_DATAERR : EX_TEMPFAIL,
	    "template %.500s", e->text);
	memcpy(m->error.excerpt, e->excerpt, sizeof(e->excerpt));
	return -1;
}

void
templates_refuse(struct filter *f, struct record *r, const struct error *why)
{
	if (why->status == EX_TEMPFAIL || record_get(r, "reminder") != NULL)
		filter_refuse_temporarily(f, r, "bad_template", "%s",
		    why->text);
	else
		filter_refuse(f, r, "bad_template", "template", "%s",
		    why->text);
	if (f->refusal != NULL)
		memcpy(f->refusal->excerpt, why->excerpt,
		    sizeof(why->excerpt));
	else
		diag_excerpt(why);
}

void
misfit_refuse(struct filter *f, struct record *r, const struct misfit *m)
{
	if (m->error.status == EX_TEMPFAIL)
		templates_refuse(f, r, &m->error);
	else
		filter_refuse(f, r, m->code, m->field, "%s", m->error.text);
}

const struct template_set *
templates_for(struct templates *t, struct filter *f, struct record *r)
{
	const char *name = record_string(r, "template");
	const struct template_set *set;
	struct error e;

	set = templates_get(t, name, &e);
	if (set == NULL) {
		templates_refuse(f, r, &e);
		return NULL;
	}
	if (!set->meta->active) {
		filter_refuse(f, r, "inactive_template", "template",
		    "template %s is not active", name);
		return NULL;
	}
	if (set->meta->requires_approval && !set->meta->approved) {
		filter_refuse(f, r, "unapproved_template", "template",
		    "template %s awaits approval: approved = yes in its "
		    "meta.conf", name);
		return NULL;
	}
	return set;
}
