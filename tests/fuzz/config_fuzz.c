/*
 * omni.conf under files made by chance, for libFuzzer or feed.c: one that is
 * taken gives each key a value of its type, and ladders that can be loaded; one
 * that is refused says where.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/record.h"
#include "message/ladder_check.h"
#include "promise.h"

static char path[] = "/tmp/omni-fuzz-XXXXXX";

static void
leave(void)
{
	unlink(path);
}

static void
put_file(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd == -1) {
		fd = mkstemp(path);
		promise(fd != -1, "files can be made");
		record_setup();
		atexit(leave);
	}
	promise(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) ==
	    (ssize_t)size, "files can be written");
}

static void
check_value(struct config *c, const char *kind, const char *name,
    const char *key, const char *type)
{
	const char *text = config_string(c, kind, name, key);

	if (strcmp(type, "path") == 0)
		promise(text == NULL || *text == '\0' ||
		    config_path(c, kind, name, key)[0] == '/',
		    "a path is whole");
	else if (strcmp(type, "integer") == 0)
		promise(config_integer(c, kind, name, key) >= 0,
		    "a number is none below 0");
	else if (strcmp(type, "duration") == 0)
		promise(config_duration(c, kind, name, key) >= 0,
		    "a duration is none below 0");
	else if (strcmp(type, "HH:MM") == 0)
		promise(config_time_of_day(c, kind, name, key) < 24 * 60,
		    "a day ends");
	else if (strcmp(type, "yes|no") == 0)
		config_bool(c, kind, name, key);
}

/* Each key there is, in each section that has it. */
static void
check_keys(struct config *c)
{
	char kind[64], key[64], type[64];
	struct buf line = BUF_INIT(4096);
	const char *name;

	for (size_t i = 0; config_describe(i, &line) != NULL; i++) {
		promise(sscanf(buf_text(&line), "%63s %63s %63s", kind, key,
		    type) == 3, "a key is described");
		if (config_is_key(kind, key))
			check_value(c, kind, NULL, key, type);
		else if (strcmp(key, "step.*") != 0)
			for (size_t k = 0; (name = config_name(c, kind, k)) !=
			    NULL; k++)
				check_value(c, kind, name, key, type);
		buf_clear(&line);
	}
	buf_release(&line);
}

static void
check_ladders(struct config *c)
{
	struct error e = { .text = "" };
	struct ladder l;
	const char *type;

	for (size_t i = 0; (type = config_name(c, "ladder", i)) != NULL; i++)
		if (ladder_load(c, type, &l, &e) == -1)
			promise(e.text[0] != '\0', "it is said why");
		else
			promise(l.count > 0 && l.count <= LADDER_STEPS &&
			    ladder_step(&l, l.steps[0].number) == &l.steps[0],
			    "a ladder has steps");
}

static void
complain(const struct ladder_complaint *what, void *ctx)
{
	size_t *count = ctx;

	promise(what->text[0] != '\0', "what is wrong is said");
	*count += what->error;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = { .text = "" };
	struct config *c;
	size_t errors = 0;

	put_file(data, size);
	c = config_load(path, NULL, 0, &e);
	if (c == NULL) {
		promise(e.text[0] != '\0' && utf8_valid(e.text,
		    strlen(e.text)), "why it is refused is said in UTF-8");
		return 0;
	}
	check_keys(c);
	check_ladders(c);
	promise(ladder_check(c, complain, &errors) == (int)errors,
	    "errors are counted");
	config_free(c);
	return 0;
}
