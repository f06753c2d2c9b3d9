#include "templates.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/io.h"

#define NAME_LEN	64
#define META_MAX	(64 * 1024)

static const char *const part_name[PART_MAX] = { "subject", "text", "html",
	"sms", "whatsapp", "voice" };

struct template_language {
	struct template_language *next;
	char name[16];
	struct template *part[PART_MAX];
};

struct templates {
	const char *dir, *language;
	struct template_set *sets;
};

static char *
duplicate(const char *s)
{
	char *copy = strdup(s);

	if (copy == NULL)
		die(EX_OSERR, "out of memory");
	return copy;
}

struct templates *
templates_new(const char *dir, const char *language)
{
	struct templates *t = calloc(1, sizeof(*t));

	if (t == NULL)
		die(EX_OSERR, "out of memory");
	t->dir = dir;
	t->language = language;
	return t;
}

static void
set_free(struct template_set *s)
{
	struct template_language *l, *next_l;
	struct variable *v, *next_v;

	for (v = s->variables; v != NULL; v = next_v) {
		next_v = v->next;
		free(v->name);
		free(v->fallback);
		free(v);
	}
	for (l = s->languages; l != NULL; l = next_l) {
		next_l = l->next;
		for (int i = 0; i < PART_MAX; i++)
			template_free(l->part[i]);
		free(l);
	}
	free(s->name);
	free(s->class);
	free(s->topic);
	free(s->channels);
	free(s);
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
	free(t);
}

struct meta {
	struct template_set *set;
	struct error *error;
	bool failed;
};

static int
meta_fail(struct meta *m, const char *key, const char *why)
{
	m->failed = true;
	error_set(m->error, EX_CONFIG, "template %s: meta.conf: %.60s %s",
	    m->set->name, key, why);
	return 0;
}

static int
meta_setting(struct meta *m, const char *key, const char *value)
{
	if (strcmp(key, "class") == 0)
		m->set->class = duplicate(value);
	else if (strcmp(key, "topic") == 0)
		m->set->topic = duplicate(value);
	else if (strcmp(key, "channels") == 0)
		m->set->channels = duplicate(value);
	else if (strcmp(key, "active") == 0) {
		m->set->active = strcmp(value, "yes") == 0;
		if (!m->set->active && strcmp(value, "no") != 0)
			return meta_fail(m, key, "is neither yes nor no");
	}
	else if (strcmp(key, "name") == 0) {
		if (strcmp(value, m->set->name) != 0)
			return meta_fail(m, key, "is not the folder's name");
	} else
		return meta_fail(m, key, "is not a key of [template]");
	return 1;
}

/* The quoted text behind `word`, as a copy; NULL when it is not there. */
static char *
quoted(const char *text, const char *word)
{
	const char *p = strstr(text, word), *end;
	char *out;

	if (p == NULL)
		return NULL;
	p += strlen(word);
	p += strspn(p, " \t");
	end = *p == '"' ? strchr(p + 1, '"') : NULL;
	if (end == NULL)
		return NULL;
	out = strndup(p + 1, (size_t)(end - p - 1));
	if (out == NULL)
		die(EX_OSERR, "out of memory");
	return out;
}

/* TYPE[, required][, default "..."][, example "..."] */
static int
meta_variable(struct meta *m, const char *key, const char *value)
{
	size_t len = strcspn(value, ", ");
	struct variable *v = calloc(1, sizeof(*v)), **last;

	if (v == NULL)
		die(EX_OSERR, "out of memory");
	for (last = &m->set->variables; *last != NULL; last = &(*last)->next)
		continue;
	*last = v;
	v->name = duplicate(key);
	if (len == 4 && strncmp(value, "text", len) == 0)
		v->type = VARIABLE_TEXT;
	else if (len == 4 && strncmp(value, "time", len) == 0)
		v->type = VARIABLE_TIME;
	else if (len == 6 && strncmp(value, "number", len) == 0)
		v->type = VARIABLE_NUMBER;
	else
		return meta_fail(m, key, "is neither text, time nor number");
	v->required = strstr(value, ", required") != NULL;
	v->fallback = quoted(value, ", default ");
	return 1;
}

static int
on_meta(void *ctx, const char *section, const char *key, const char *value)
{
	struct meta *m = ctx;

	if (m->failed)
		return 0;
	if (strcmp(section, "template") == 0)
		return meta_setting(m, key, value);
	if (strcmp(section, "variables") == 0)
		return meta_variable(m, key, value);
	return meta_fail(m, section, "is not a section");
}

static int
read_meta(struct template_set *set, int dir, struct error *e)
{
	struct meta m = { .set = set, .error = e };
	struct buf text = BUF_INIT(META_MAX);
	struct error why;
	int rc;

	if (io_read_file(dir, "meta.conf", &text, &why) == -1) {
		buf_release(&text);
		return error_set(e, EX_CONFIG, "template %s: %.200s",
		    set->name, why.text);
	}
	rc = ini_parse_string(buf_text(&text), on_meta, &m);
	buf_release(&text);
	if (rc != 0 && !m.failed)
		error_set(e, EX_CONFIG, "template %s: meta.conf: line %d is "
		    "not KEY = VALUE", set->name, rc);
	return rc == 0 ? 0 : -1;
}

/* 0 also when there is no such part. */
static int
read_part(struct template_set *set, struct template_language *l, int dir,
    int part, struct error *e)
{
	char path[64], name[NAME_LEN + 64];
	struct buf text = BUF_INIT(TEMPLATE_MAX);
	struct error why;

	snprintf(path, sizeof(path), "%s/%s", l->name, part_name[part]);
	if (faccessat(dir, path, F_OK, 0) == -1 && errno == ENOENT)
		return 0;
	if (io_read_file(dir, path, &text, &why) == -1) {
		buf_release(&text);
		return error_set(e, EX_CONFIG, "template %s: %.200s",
		    set->name, why.text);
	}
	/* The newline that editors put at the end is not part of the text. */
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	snprintf(name, sizeof(name), "%s/%s", set->name, path);
	l->part[part] = template_parse(name, buf_text(&text), text.len, e);
	buf_release(&text);
	return l->part[part] == NULL ? -1 : 0;
}

static int
read_language(struct template_set *set, int dir, const char *name,
    struct error *e)
{
	struct template_language *l = calloc(1, sizeof(*l));

	if (l == NULL)
		die(EX_OSERR, "out of memory");
	snprintf(l->name, sizeof(l->name), "%s", name);
	l->next = set->languages;
	set->languages = l;
	for (int part = 0; part < PART_MAX; part++)
		if (read_part(set, l, dir, part, e) == -1)
			return -1;
	return 0;
}

static bool
is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n < NAME_LEN && s[n] == '\0';
}

static struct template_set *
load(struct templates *t, const char *name, struct error *e)
{
	struct template_set *set;
	char path[PATH_MAX];
	int dir;

	if (!is_name(name) || snprintf(path, sizeof(path), "%s/%s", t->dir,
	    name) >= (int)sizeof(path)) {
		error_set(e, EX_CONFIG, "%.60s: not a template's name", name);
		return NULL;
	}
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1) {
		if (errno == ENOENT)
			error_set(e, EX_CONFIG, "there is no template %.60s "
			    "in %.200s", name, t->dir);
		else
			error_errno(e, "template %.60s", name);
		if (e->status != EX_CONFIG)
			e->status = EX_TEMPFAIL;
		return NULL;
	}
	set = calloc(1, sizeof(*set));
	if (set == NULL)
		die(EX_OSERR, "out of memory");
	set->name = duplicate(name);
	set->active = true;
	if (read_meta(set, dir, e) == -1)
		goto fail;
	/* Known languages only: a folder may hold other things. */
	for (const char *const *l = (const char *const[]){ "es", "es-MX",
	    "en", NULL }; *l != NULL; l++)
		if (faccessat(dir, *l, F_OK, 0) == 0 &&
		    read_language(set, dir, *l, e) == -1)
			goto fail;
	close(dir);
	return set;
fail:
	e->status = EX_TEMPFAIL;
	close(dir);
	set_free(set);
	return NULL;
}

int
templates_check(const struct templates *t, struct error *e)
{
	int dir;

	dir = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1) {
		error_errno(e, "[paths] templates: %.300s", t->dir);
		e->status = EX_CONFIG;
		return -1;
	}
	close(dir);
	return 0;
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
}

const struct template_set *
templates_get(struct templates *t, const char *name, struct error *e)
{
	struct template_set *s;

	for (s = t->sets; s != NULL; s = s->next)
		if (strcmp(s->name, name) == 0)
			return s;
	s = load(t, name, e);
	if (s == NULL)
		return NULL;
	s->next = t->sets;
	t->sets = s;
	return s;
}

static const struct template_language *
find_language(const struct template_set *set, const char *name, size_t len)
{
	const struct template_language *l;

	for (l = set->languages; l != NULL; l = l->next)
		if (strncasecmp(l->name, name, len) == 0 &&
		    l->name[len] == '\0')
			return l;
	return NULL;
}

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
	const struct template_language *l[3];
	const struct template *found;

	l[0] = find_language(set, language, strlen(language));
	l[1] = find_language(set, language, strcspn(language, "-_"));
	l[2] = find_language(set, t->language, strlen(t->language));
	for (int i = 0; i < 3; i++) {
		found = part_of(l[i], part, fall_back);
		if (found != NULL) {
			*used = l[i]->name;
			return found;
		}
	}
	return NULL;
}

bool
templates_support(const struct template_set *set, const char *type)
{
	char word[32];

	if (set->channels == NULL)
		return true;
	for (size_t i = 0; config_word(set->channels, i, word, sizeof(word));
	    i++)
		if (strcmp(word, type) == 0)
			return true;
	return false;
}
