#include "config_impl.h"

#include <ini.h>
#include <limits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "guard.h"
#include "io.h"

#define SYSTEM_FILE	"/etc/omni.conf"
#define FILE_MAX	(1024 * 1024)
#define LINE_MAX_INI	190	/* inih reads lines of at most 199 bytes */
#define SECTION_MAX_INI	49	/* and cuts sections at 49 */
#define SECRET_MAX	4096

/* A secret that was read early. */
struct kept {
	struct buf text;
	struct error why;	/* if `failed` */
	bool failed;
};

static char *
duplicate(const char *s)
{
	char *copy = s == NULL ? NULL : strdup(s);

	if (s != NULL && copy == NULL)
		die(EX_OSERR, "out of memory");
	return copy;
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

static bool
same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct entry *
find_entry(const struct config *c, const char *kind, const char *name,
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

/* "the file:LINE" or "-o", for messages. */
static const char *
place(const struct config *c, int line, char *out, size_t size)
{
	if (line == -1)
		snprintf(out, size, "-o");
	else if (line == 0)
		snprintf(out, size, "built-in default");
	else
		snprintf(out, size, "%s:%d", c->file, line);
	return out;
}

static void
fail(struct config *c, int line, const char *what, const char *object,
    const char *rest)
{
	char where[PATH_MAX + 32];

	if (c->failed)
		return;
	c->failed = true;
	error_set(c->error, EX_CONFIG, "%.300s: %s %.60s%.100s",
	    place(c, line, where, sizeof(where)), what, object, rest);
}

static bool
is_section_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && n < NAME_LEN && s[n] == '\0';
}

/* Splits "channel sms" in place; false when it is no section of ours. */
static bool
split_section(struct config *c, int line, char *section, char **name)
{
	*name = strpbrk(section, " \t");
	if (*name != NULL) {
		*(*name)++ = '\0';
		*name += strspn(*name, " \t");
	}
	if (*section == '\0') {
		fail(c, line, "key before any section", "", "");
		return false;
	}
	if (!config_is_kind(section)) {
		fail(c, line, "unknown section", section, "");
		return false;
	}
	if (config_is_named(section) != (*name != NULL)) {
		fail(c, line, "section", section, *name != NULL ?
		    " takes no name" : " needs a name");
		return false;
	}
	if (*name != NULL && !is_section_name(*name)) {
		fail(c, line, "bad section name", *name, "");
		return false;
	}
	return true;
}

static void
set(struct config *c, int line, const char *section, const char *key,
    const char *value)
{
	char copy[256], *name;
	const struct config_key *def;
	struct entry *e;

	if (snprintf(copy, sizeof(copy), "%s", section) >= (int)sizeof(copy)) {
		fail(c, line, "section name too long:", section, "");
		return;
	}
	if (!split_section(c, line, copy, &name))
		return;
	def = config_find_key(copy, key);
	if (def == NULL) {
		fail(c, line, "unknown key", key, "");
		return;
	}
	if (!config_fits(def->type, value)) {
		/* A secret written where it does not belong is not repeated. */
		fail(c, line, key, def->type == TYPE_SECRET ?
		    "must be env:NAME or file:PATH" : "is not a value of type ",
		    def->type == TYPE_SECRET ? "" :
		    config_type_name(def->type));
		return;
	}
	e = find_entry(c, copy, name, key);
	if (e != NULL && e->line > 0 && line > 0) {
		fail(c, line, "key given twice:", key, "");
		return;
	}
	if (e == NULL) {
		e = calloc(1, sizeof(*e));
		if (e == NULL)
			die(EX_OSERR, "out of memory");
		e->kind = duplicate(copy);
		e->name = duplicate(name);
		e->key = duplicate(key);
		e->is_first = find_entry(c, copy, name, NULL) == NULL;
		*c->last = e;
		c->last = &e->next;
	}
	free(e->value);
	e->value = duplicate(value);
	e->def = def;
	e->line = line;
}

/* inih's fgets: it cannot tell line numbers, so we count what it takes. */
static char *
next_line(char *out, int size, void *ctx)
{
	struct config *c = ctx;
	size_t len = strcspn(c->text, "\n");

	if (*c->text == '\0')
		return NULL;
	c->line++;
	if (len > LINE_MAX_INI || len + 2 > (size_t)size) {
		fail(c, c->line, "line too long:", "", "more than 190 bytes");
		return NULL;
	}
	/* inih would cut a longer name off without a word. */
	if (*c->text == '[' && strcspn(c->text, "]\n") > SECTION_MAX_INI) {
		fail(c, c->line, "section name too long", "", "");
		return NULL;
	}
	memcpy(out, c->text, len);
	out[len] = '\n';
	out[len + 1] = '\0';
	c->text += len + (c->text[len] == '\n');
	return out;
}

static int
on_entry(void *ctx, const char *section, const char *key, const char *value)
{
	struct config *c = ctx;

	set(c, c->pass == 0 ? 0 : c->line, section, key, value);
	return c->failed ? 0 : 1;
}

static int
read_text(struct config *c, const char *text, int pass)
{
	int rc;

	c->text = text;
	c->line = 0;
	c->pass = pass;
	rc = ini_parse_stream(next_line, c, on_entry, c);
	if (rc > 0 && !c->failed) {
		char where[PATH_MAX + 32];

		c->failed = true;
		error_set(c->error, EX_CONFIG, "%.300s: not a section, a "
		    "key = value or a comment",
		    place(c, rc, where, sizeof(where)));
	}
	return c->failed ? -1 : 0;
}

/* It names addresses that we write to, and programs that we run. */
static int
read_guarded(const char *path, enum guard what, struct buf *out,
    struct error *e)
{
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return error_errno(e, "%s", path);
	rc = guard_open(fd, path, what, e);
	if (rc == 0 && what == GUARD_WRITE)
		rc = guard_root(fd, path, "would run what it names", e);
	if (rc == 0)
		rc = io_read_fd(fd, path, out, e);
	close(fd);
	return rc;
}

static int
read_file(struct config *c)
{
	struct buf text = BUF_INIT(FILE_MAX);
	int rc;

	if (guard_parents(c->file, c->error) == -1 ||
	    read_guarded(c->file, GUARD_WRITE, &text, c->error) == -1) {
		c->error->status = EX_CONFIG;
		return -1;
	}
	if (!utf8_valid(buf_text(&text), text.len))
		rc = error_set(c->error, EX_CONFIG, "%.300s: not UTF-8 text",
		    c->file);
	else
		rc = read_text(c, buf_text(&text), 1);
	buf_release(&text);
	return rc;
}

/* "channel sms.active=no": section up to the first dot, key up to "=". */
static int
override(struct config *c, const char *text)
{
	const char *dot = strchr(text, '.'), *eq = strchr(text, '=');
	char section[256], key[NAME_LEN];

	if (dot == NULL || eq == NULL || dot > eq ||
	    (size_t)(dot - text) >= sizeof(section) ||
	    (size_t)(eq - dot) > sizeof(key))
		/* What follows "=" may be a secret. */
		return error_set(c->error, EX_USAGE,
		    "-o %.*s: not section.key=value",
		    (int)strcspn(text, "="), text);
	snprintf(section, sizeof(section), "%.*s", (int)(dot - text), text);
	snprintf(key, sizeof(key), "%.*s", (int)(eq - dot - 1), dot + 1);
	set(c, -1, section, key, eq + 1);
	return c->failed ? -1 : 0;
}

static bool
exists(const char *path)
{
	/* Else another would be taken; so reading it says what is wrong. */
	return access(path, F_OK) == 0 || (errno != ENOENT &&
	    errno != ENOTDIR && errno != EACCES);
}

/* Where the running program lies, without /bin/NAME. */
static bool
beside_program(char *out, size_t size)
{
	char exe[PATH_MAX], *slash;
	ssize_t n;

	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n <= 0)
		return false;
	exe[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(exe, '/');
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	n = snprintf(out, size, "%s/etc/omni.conf", exe);
	return n > 0 && (size_t)n < size && exists(out);
}

static int
find_file(struct config *c, const char *path)
{
	char beside[PATH_MAX];

	if (path == NULL)
		path = getenv("OMNI_CONF");
	if (path == NULL && beside_program(beside, sizeof(beside)))
		path = beside;
	if (path == NULL && exists(SYSTEM_FILE))
		path = SYSTEM_FILE;
	if (path == NULL)
		return error_set(c->error, EX_CONFIG, "no configuration: "
		    "neither -c, OMNI_CONF, ../etc/omni.conf beside the "
		    "program nor %s", SYSTEM_FILE);
	if (realpath(path, c->file) == NULL) {
		error_errno(c->error, "%.300s", path);
		c->error->status = EX_CONFIG;
		return -1;
	}
	snprintf(c->dir, sizeof(c->dir), "%s", c->file);
	*strrchr(c->dir, '/') = '\0';
	return 0;
}

/* Paths of ours begin with a slash, and a signature is over just one. */
static void
trim_public_url(struct config *c)
{
	size_t len;

	for (struct entry *e = c->first; e != NULL; e = e->next) {
		if (strcmp(e->kind, "site") != 0 ||
		    strcmp(e->key, "public_url") != 0)
			continue;
		len = strlen(e->value);
		while (len > 0 && e->value[len - 1] == '/')
			e->value[--len] = '\0';
	}
}

struct config *
config_load(const char *path, const char *const *overrides, size_t count,
    struct error *e)
{
	struct config *c;
	int rc;

	c = calloc(1, sizeof(*c));
	if (c == NULL)
		die(EX_OSERR, "out of memory");
	c->last = &c->first;
	c->error = e;
	rc = read_text(c, config_defaults, 0);
	if (rc == 0)
		rc = find_file(c, path);
	if (rc == 0)
		rc = read_file(c);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = override(c, overrides[i]);
	trim_public_url(c);
	if (rc == 0)
		rc = config_check(c);
	if (rc == 0)
		return c;
	config_free(c);
	return NULL;
}

void
config_free(struct config *c)
{
	struct entry *next;

	if (c == NULL)
		return;
	for (struct entry *e = c->first; e != NULL; e = next) {
		next = e->next;
		free(e->kind);
		free(e->name);
		free(e->key);
		free(e->value);
		free(e->path);
		if (e->kept != NULL) {
			if (e->kept->text.len > 0)
				explicit_bzero(e->kept->text.data,
				    e->kept->text.len);
			buf_release(&e->kept->text);
			free(e->kept);
		}
		free(e);
	}
	free(c);
}

const char *
config_file(const struct config *c)
{
	return c->file;
}

bool
config_has(const struct config *c, const char *kind, const char *name)
{
	return find_entry(c, kind, name, NULL) != NULL;
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
		return duplicate(path);
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
	return duplicate(out);
}

const char *
config_path(struct config *c, const char *kind, const char *name,
    const char *key)
{
	struct entry *e = find_entry(c, kind, name, key);
	const char *value = config_string(c, kind, name, key);

	if (value == NULL)
		return NULL;
	if (e == NULL) {
		/* A default: remember it as an entry, to own the path. */
		char section[256];

		snprintf(section, sizeof(section), "%s%s%s", kind,
		    name == NULL ? "" : " ", name == NULL ? "" : name);
		set(c, 0, section, key, value);
		e = find_entry(c, kind, name, key);
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
	rc = read_guarded(path, GUARD_READ, out, e);
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
	const struct entry *entry = find_entry(c, kind, name, key);
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
