#include "templates_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/io.h"
#include "base/text.h"

/* Reading a template: its folder, and what its parts refer to. */

void
template_clean(struct buf *text)
{
	text_clean(text);
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
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", l->name,
	    part_name((enum part)part));
	/* A link to nothing is a part that somebody wants to be there. */
	if (fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT)
		return;
	snprintf(name, sizeof(name), "%s/%s", set->name, path);
	if (io_read_plain(dir, path, &text, &why) == -1)
		faults_add(&set->faults, name, "%s: cannot be read%s", name,
		    why.text + strlen(path));
	else {
		template_clean(&text);
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

void
template_set_free(struct template_set *s)
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

struct template_set *
template_read(struct templates *t, const char *name, const char *path, int dir)
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
