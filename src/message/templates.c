#include "templates_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/near.h"
#include "message/misfit.h"

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

void
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

/* -1 and errno when it cannot be told. */
static int
is_directory(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0) == 0)
		return S_ISDIR(st.st_mode);
	return errno == ENOENT || errno == ELOOP ? 0 : -1;
}

int
names_read(struct names *n, const char *path, bool (*wanted)(const char *))
{
	DIR *dir = opendir(path);
	const struct dirent *d;
	int rc, found;

	if (dir == NULL)
		return -1;
	for (rc = 0; rc == 0 && (errno = 0, d = readdir(dir)) != NULL;) {
		found = wanted(d->d_name) ? is_directory(dirfd(dir),
		    d->d_name) : 0;
		if (found == 1)
			names_add(n, d->d_name);
		else if (found == -1)
			rc = errno;
	}
	rc = rc == 0 ? errno : rc;
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

/* Finding a template. */

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
		error_set(e, EX_CONFIG, "\"%.60s\": not a template's "
		    "name", name);
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
		error_errno(e, "template %.60s cannot be read", name);
		e->status = EX_TEMPFAIL;
		return NULL;
	}
	if (guard_open(dir, path, GUARD_WRITE, e) == -1) {
		close(dir);
		e->status = EX_TEMPFAIL;
		return NULL;
	}
	set = template_read(t, name, path, dir);
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
		template_set_free(t->sets);
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
	return guard_parents(t->dir, e) == -1 ? -1 :
	    guard_path(t->dir, GUARD_WRITE, e);
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
