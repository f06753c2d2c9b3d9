/* The file, the built-in defaults and -o: read, and kept as entries. */
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

char *
config_duplicate(const char *s)
{
	char *copy = s == NULL ? NULL : strdup(s);

	if (s != NULL && copy == NULL)
		die(EX_OSERR, "out of memory");
	return copy;
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

void
config_set(struct config *c, int line, const char *section, const char *key,
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
		    "must be env:NAME or file:PATH" : *value == '\0' ?
		    "is empty" : "is not a value of type ",
		    def->type == TYPE_SECRET || *value == '\0' ? "" :
		    config_type_name(def->type));
		return;
	}
	e = config_entry(c, copy, name, key);
	if (e != NULL && e->line > 0 && line > 0) {
		fail(c, line, "key given twice:", key, "");
		return;
	}
	if (e == NULL) {
		e = calloc(1, sizeof(*e));
		if (e == NULL)
			die(EX_OSERR, "out of memory");
		e->kind = config_duplicate(copy);
		e->name = config_duplicate(name);
		e->key = config_duplicate(key);
		e->is_first = config_entry(c, copy, name, NULL) == NULL;
		*c->last = e;
		c->last = &e->next;
	}
	free(e->value);
	e->value = config_duplicate(value);
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

	config_set(c, c->pass == 0 ? 0 : c->line, section, key, value);
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

int
config_read(const char *path, enum guard what, struct buf *out,
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
	    config_read(c->file, GUARD_WRITE, &text, c->error) == -1) {
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
	config_set(c, -1, section, key, eq + 1);
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
		config_kept_free(e->kept);
		free(e);
	}
	free(c);
}

