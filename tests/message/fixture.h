/*
 * For the unit tests of templates: a directory of their own to work in, with
 * templates in t/, and what reads them or fails the test.
 */
#ifndef TESTS_MESSAGE_FIXTURE_H
#define TESTS_MESSAGE_FIXTURE_H

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../remove_tree.h"
#include "base/io.h"
#include "message/templates.h"

static char fixture_home[] = "/tmp/omni-message-XXXXXX";
static struct config *config;
static struct templates *all;

static inline void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert(f != NULL);
	assert(fputs(text, f) != EOF && fclose(f) == 0);
}

/* A file below t/, with its directories. */
static inline void
put(const char *path, const char *text)
{
	char full[1024], dir[1024];
	struct error e;

	snprintf(full, sizeof(full), "t/%s", path);
	snprintf(dir, sizeof(dir), "%s", full);
	*strrchr(dir, '/') = '\0';
	assert(io_make_dirs(dir, 0700, &e) == 0);
	write_file(full, text);
}

/* Forgets what was read; the site speaks `language`. */
static inline void
reopen(const char *language)
{
	char setting[64];
	const char *overrides[] = { setting };
	struct error e = { .text = "" };

	templates_free(all);
	config_free(config);
	snprintf(setting, sizeof(setting), "site.language=%s", language);
	config = config_load("omni.conf", overrides, 1, &e);
	if (config == NULL)
		fprintf(stderr, "%s\n", e.text);
	assert(config != NULL);
	all = templates_new(config);
}

static inline void
enter_home(void)
{
	record_setup();
	assert(setenv("OMNI_NOW", "2026-11-23T17:00:00-06:00", 1) == 0);
	clock_init();
	assert(mkdtemp(fixture_home) != NULL && chdir(fixture_home) == 0);
	write_file("omni.conf", "[paths]\ntemplates = t\n"
	    "[topic grooming]\nclass = reminder\n");
	put("_shared/x", "x");
	reopen("es");
}

static inline void
remove_home(void)
{
	templates_free(all);
	config_free(config);
	assert(chdir("/") == 0);
	remove_tree(fixture_home);
}

/* The template, which must be without a fault. */
static inline const struct template_set *
good(const char *name)
{
	struct error e = { .text = "" };
	const struct template_set *set = templates_get(all, name, &e);

	if (set == NULL)
		fprintf(stderr, "%s: %s\n", name, e.text);
	assert(set != NULL);
	return set;
}

static inline void
same(const char *got, const char *want)
{
	if (got == NULL || strcmp(got, want) != 0)
		fprintf(stderr, "%s\nnot\n%s\n", got == NULL ? "(null)" : got,
		    want);
	assert(got != NULL && strcmp(got, want) == 0);
}

static inline struct value *
json(const char *text)
{
	struct error e = { .text = "" };
	struct value *v = value_parse(text, strlen(text), &e);

	if (v == NULL)
		fprintf(stderr, "%s: %s\n", text, e.text);
	assert(v != NULL);
	return v;
}

static inline void
same_json(const struct value *v, const char *want)
{
	struct buf b = BUF_INIT(RECORD_MAX);

	value_write(v, &b);
	same(buf_text(&b), want);
	buf_release(&b);
}

#endif
