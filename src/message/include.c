#include "templates_impl.h"

#include <fcntl.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"

/*
 * What {% include %} and {% extends %} name, and where it is found.
 */
#define INCLUDE_LEN	128	/* bytes of a name */
#define SHARED		"_shared"

/* Below the directory: "footer", "mail/footer". */
static bool
is_include(const char *name)
{
	if (strlen(name) > INCLUDE_LEN)
		return false;
	for (;; name++) {
		if (*name == '/' || *name == '.' || *name == '\0')
			return false;
		name += strcspn(name, "/");
		if (*name == '\0')
			return true;
	}
}

/* One place to look at: the path below the directory, which is also told. */
struct place {
	char path[NAME_LEN + LANGUAGE_MAX + INCLUDE_LEN + 4];
};

/* What cannot be told is there: then reading it says what is wrong. */
static bool
is_there(const struct template_language *l, struct place *p,
    const char *folder, const char *language, const char *name)
{
	char full[PATH_MAX];

	snprintf(p->path, sizeof(p->path), "%s/%s%s%s", folder,
	    language == NULL ? "" : language, language == NULL ? "" : "/",
	    name);
	return snprintf(full, sizeof(full), "%s/%s", l->templates->dir,
	    p->path) < (int)sizeof(full) && (access(full, F_OK) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR));
}

static void
read_shared(struct templates *t)
{
	char path[PATH_MAX];

	t->shared_read = true;
	if (snprintf(path, sizeof(path), "%s/" SHARED, t->dir) <
	    (int)sizeof(path) && names_read(&t->shared, path,
	    language_is_tag) == -1 && errno != ENOENT)
		die(errno_status(errno), "%s: %s", path, strerror(errno));
}

/* In the template's own folder for this very language. */
static bool
find_own(const struct template_language *l, struct place *p, const char *tag,
    const char *name)
{
	const struct template_language *own = template_find_language(l->set,
	    tag);

	return own != NULL && is_there(l, p, l->set->name, own->name, name);
}

static bool
find_shared(const struct template_language *l, struct place *p,
    const char *tag, const char *name)
{
	const struct names *n = &l->templates->shared;

	for (size_t i = 0; i < n->count; i++)
		if (language_equal(n->list[i], tag) &&
		    is_there(l, p, SHARED, n->list[i], name))
			return true;
	return false;
}

static bool
find_in_languages(const struct template_language *l, struct place *p,
    const char *language, const char *name, bool shared)
{
	struct languages c = languages_begin(language, NULL);

	do
		if (shared ? find_shared(l, p, c.tag, name) :
		    find_own(l, p, c.tag, name))
			return true;
	while (languages_next(&c));
	return false;
}

/*
 * What is in the language of the text, or in none, comes before what is in
 * the language of the site: that would be another language in its midst.
 */
static bool
find_include(const struct template_language *l, struct place *p,
    const char *name)
{
	const char *site = l->templates->language;

	return find_in_languages(l, p, l->name, name, false) ||
	    is_there(l, p, l->set->name, NULL, name) ||
	    find_in_languages(l, p, l->name, name, true) ||
	    is_there(l, p, SHARED, NULL, name) ||
	    find_in_languages(l, p, site, name, false) ||
	    find_in_languages(l, p, site, name, true);
}

static struct template *
read_include(const struct template_language *l, const struct place *p,
    struct error *e)
{
	struct buf text = BUF_INIT(TEMPLATE_MAX);
	struct template *parsed = NULL;
	char full[PATH_MAX];
	struct error why;

	/* It fitted in is_there(). */
	snprintf(full, sizeof(full), "%s/%s", l->templates->dir, p->path);
	if (io_read_plain(AT_FDCWD, full, &text, &why) == -1)
		error_set(e, EX_CONFIG, "%.480s", why.text);
	else {
		template_clean(&text);
		parsed = template_parse_strict(p->path, buf_text(&text),
		    text.len, e);
	}
	buf_release(&text);
	return parsed;
}

const struct template *
template_include(void *ctx, const char *name, struct error *e)
{
	struct template_language *l = ctx;
	struct included **i = &l->included;
	struct template *parsed;
	struct place p;

	for (; *i != NULL; i = &(*i)->next)
		if (strcmp((*i)->name, name) == 0)
			return (*i)->parsed;
	if (!l->templates->shared_read)
		read_shared(l->templates);
	if (!is_include(name)) {
		error_set(e, EX_NOINPUT, "%.128s: not the name of a template "
		    "that can be included", name);
		return NULL;
	}
	if (!find_include(l, &p, name)) {
		error_set(e, EX_NOINPUT, "there is no %.128s in %s/%s, %s, "
		    SHARED "/%s or " SHARED, name, l->set->name, l->name,
		    l->set->name, l->name);
		return NULL;
	}
	parsed = read_include(l, &p, e);
	if (parsed == NULL)
		return NULL;
	*i = templates_checked(calloc(1, sizeof(**i)));
	(*i)->name = templates_checked(strdup(name));
	(*i)->parsed = parsed;
	return parsed;
}

bool
templates_include(const struct template_set *set, const char *path)
{
	size_t len = strlen(path);
	const char *name;

	for (const struct template_language *l = set->languages; l != NULL;
	    l = l->next)
		for (const struct included *i = l->included; i != NULL;
		    i = i->next) {
			name = template_name(i->parsed);
			if (strncmp(name, path, len) == 0 &&
			    (name[len] == '\0' || name[len] == '/'))
				return true;
		}
	return false;
}

void
template_free_included(struct template_language *l)
{
	struct included *next;

	for (struct included *i = l->included; i != NULL; i = next) {
		next = i->next;
		template_free(i->parsed);
		free(i->name);
		free(i);
	}
}

const struct template_loader *
templates_loader(const struct template_set *set, const char *used)
{
	const struct template_language *l = template_find_language(set, used);

	return l == NULL ? NULL : &l->loader;
}
