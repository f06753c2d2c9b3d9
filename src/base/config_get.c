/* What the programs ask of the configuration. */
#include "config_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "guard.h"

#define SECRET_MAX	4096

/* A secret that was read early. */
struct kept {
	struct buf text;
	struct error why;	/* if `failed` */
	bool failed;
};

static bool
same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

struct entry *
config_entry(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	for (struct entry *e = c->first; e != NULL; e = e->next)
		if (strcmp(e->kind, kind) == 0 && same_name(e->name, name) &&
		    (key == NULL || strcmp(e->key, key) == 0))
			return e;
	return NULL;
}

/* The same for a key of the table, of which there are several for steps. */
static struct entry *
find_value(const struct config *c, const struct config_key *def,
    const char *name, const char *key)
{
	for (struct entry *e = c->first; e != NULL; e = e->next)
		if (e->def == def && same_name(e->name, name) &&
		    (def->type != TYPE_STEP || strcmp(e->key, key) == 0))
			return e;
	return NULL;
}

static bool
read_span(const char *word, struct config_span *span)
{
	char start[6];
	size_t n = strcspn(word, "-");

	if (word[n] != '-' || n >= sizeof(start))
		return false;
	memcpy(start, word, n);
	start[n] = '\0';
	span->start = time_of_day_parse(start);
	span->end = strcmp(word + n + 1, "24:00") == 0 ? 24 * 60 :
	    time_of_day_parse(word + n + 1);
	return span->start != -1 && span->end > span->start;
}

int
config_spans(const char *text, struct config_span spans[CONFIG_SPANS])
{
	char word[16];
	int n = 0;

	if (strcmp(text, "closed") == 0)
		return 0;
	for (; config_word(text, (size_t)n, word, sizeof(word)); n++)
		if (n == CONFIG_SPANS || !read_span(word, &spans[n]) ||
		    (n > 0 && spans[n].start < spans[n - 1].end))
			return -1;
	return n == 0 ? -1 : n;
}

bool
config_word(const char *list, size_t i, char *out, size_t size)
{
	size_t len;

	for (;;) {
		list += strspn(list, " \t,");
		len = strcspn(list, " \t,");
		if (len == 0)
			return false;
		if (i-- == 0)
			break;
		list += len;
	}
	if (len >= size)
		len = size - 1;
	memcpy(out, list, len);
	out[len] = '\0';
	return true;
}

const char *
config_file(const struct config *c)
{
	return c->file;
}

bool
config_has(const struct config *c, const char *kind, const char *name)
{
	return config_entry(c, kind, name, NULL) != NULL;
}

const char *
config_name(const struct config *c, const char *kind, size_t i)
{
	for (const struct entry *e = c->first; e != NULL; e = e->next)
		if (e->is_first && e->name != NULL &&
		    strcmp(e->kind, kind) == 0 && i-- == 0)
			return e->name;
	return NULL;
}

const char *
config_step(const struct config *c, const char *kind, const char *name,
    int after, int *number)
{
	const struct entry *found = NULL;
	int n;

	for (const struct entry *e = c->first; e != NULL; e = e->next) {
		if (e->def->type != TYPE_STEP || strcmp(e->kind, kind) != 0 ||
		    !same_name(e->name, name))
			continue;
		n = (int)strtol(e->key + strlen("step."), NULL, 10);
		if (n > after && (found == NULL || n < *number)) {
			found = e;
			*number = n;
		}
	}
	return found == NULL ? NULL : found->value;
}

static const struct entry *
get(const struct config *c, const char *kind, const char *name,
    const char *key, const char **value)
{
	const struct config_key *def = config_find_key(kind, key);
	const struct entry *e;

	if (def == NULL)
		die(EX_SOFTWARE, "no such configuration key: %s.%s", kind, key);
	e = find_value(c, def, name, key);
	*value = e == NULL ? def->fallback : e->value;
	return e;
}

const char *
config_string(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *value;

	get(c, kind, name, key, &value);
	return value;
}

int64_t
config_integer(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *s = config_string(c, kind, name, key);

	return s == NULL ? 0 : strtoll(s, NULL, 10);
}

bool
config_bool(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *s = config_string(c, kind, name, key);

	return s != NULL && strcmp(s, "yes") == 0;
}

int64_t
config_duration(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *s = config_string(c, kind, name, key);
	int64_t seconds = 0;

	if (s != NULL && !duration_parse(s, &seconds))
		die(EX_SOFTWARE, "%s.%s was not checked", kind, key);
	return seconds;
}

int
config_time_of_day(const struct config *c, const char *kind, const char *name,
    const char *key)
{
	const char *s = config_string(c, kind, name, key);

	return time_of_day_parse(s);
}

static char *
absolute(const struct config *c, const char *path)
{
	char dir[PATH_MAX], out[PATH_MAX], *slash;
	int n;

	if (path[0] == '/')
		return config_duplicate(path);
	/* The directory has no links in it: going up is cutting off. */
	snprintf(dir, sizeof(dir), "%s", c->dir);
	for (; strncmp(path, "../", 3) == 0; path += 3) {
		slash = strrchr(dir, '/');
		if (slash != NULL)
			*slash = '\0';
	}
	n = snprintf(out, sizeof(out), "%s/%s", dir, path);
	if (n < 0 || (size_t)n >= sizeof(out))
		die(EX_CONFIG, "%.100s...: path too long", path);
	return config_duplicate(out);
}

const char *
config_path(struct config *c, const char *kind, const char *name,
    const char *key)
{
	struct entry *e = config_entry(c, kind, name, key);
	const char *value = config_string(c, kind, name, key);

	if (value == NULL)
		return NULL;
	if (e == NULL) {
		/* A default: remember it as an entry, to own the path. */
		char section[256];

		snprintf(section, sizeof(section), "%s%s%s", kind,
		    name == NULL ? "" : " ", name == NULL ? "" : name);
		config_set(c, 0, section, key, value);
		e = config_entry(c, kind, name, key);
		if (e == NULL)
			die(EX_SOFTWARE, "[%s] %s: no room", section, key);
	}
	if (e->path == NULL)
		e->path = absolute(c, value);
	return e->path;
}

static int
read_secret(struct config *c, const char *source, struct buf *out,
    struct error *e)
{
	const char *s;
	char *path;
	int rc;

	if (strncmp(source, "env:", 4) == 0) {
		s = getenv(source + 4);
		if (s == NULL)
			return error_set(e, EX_CONFIG, "the environment has "
			    "no %.60s", source + 4);
		buf_str(out, s);
		return 0;
	}
	path = absolute(c, source + 5);
	rc = config_read(path, GUARD_READ, out, e);
	if (rc == -1)
		e->status = EX_CONFIG;
	free(path);
	if (rc == 0 && out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	return rc;
}

static void
keep_secret(struct config *c, struct entry *e)
{
	struct kept *k = calloc(1, sizeof(*k));

	if (k == NULL)
		die(EX_OSERR, "out of memory");
	*k = (struct kept){ .text = BUF_INIT(SECRET_MAX) };
	k->failed = read_secret(c, e->value, &k->text, &k->why) == -1;
	e->kept = k;
}

void
config_kept_free(struct kept *k)
{
	if (k == NULL)
		return;
	if (k->text.len > 0)
		explicit_bzero(k->text.data, k->text.len);
	buf_release(&k->text);
	free(k);
}

void
config_keep_secrets(struct config *c, const char *kind, const char *key)
{
	for (struct entry *e = c->first; e != NULL; e = e->next)
		if (e->kept == NULL && strcmp(e->kind, kind) == 0 &&
		    strcmp(e->key, key) == 0)
			keep_secret(c, e);
}

/* As it was kept, or now. */
static int
get_secret(struct config *c, const struct kept *k, const char *source,
    struct buf *out, struct error *why)
{
	if (k == NULL)
		return read_secret(c, source, out, why);
	if (!k->failed) {
		buf_add(out, buf_text(&k->text), k->text.len);
		return 0;
	}
	*why = k->why;
	return -1;
}

int
config_secret(struct config *c, const char *kind, const char *name,
    const char *key, struct buf *out, struct error *e)
{
	const char *source = config_string(c, kind, name, key);
	const struct entry *entry = config_entry(c, kind, name, key);
	const char *space = name == NULL ? "" : " ";
	struct error why;

	buf_clear(out);
	if (name == NULL)
		name = "";
	if (source == NULL)
		return error_set(e, EX_CONFIG, "[%s%s%s] has no %s", kind,
		    space, name, key);
	if (get_secret(c, entry == NULL ? NULL : entry->kept, source, out,
	    &why) == -1)
		return error_set(e, EX_CONFIG, "%s of [%s%s%s]: %.300s", key,
		    kind, space, name, why.text);
	if (out->len == 0)
		return error_set(e, EX_CONFIG, "%s of [%s%s%s] is empty", key,
		    kind, space, name);
	return 0;
}
