#include "confined.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "confine.h"

#define ZONES	"/usr/share/zoneinfo"

static void
add(struct confine_files *f, const char *path)
{
	if (path != NULL && f->count < CONFINE_PATHS)
		f->paths[f->count++] = path;
}

bool
confined_filters(const struct config *c)
{
	return confine_is_built() && config_bool(c, "filter", NULL, "confine");
}

void
confined_filter(struct config *c, unsigned int needs)
{
	struct confine_files f = { .count = 0 };

	if (!confined_filters(c))
		return;
	add(&f, ZONES);
	if ((needs & CONFINED_SPOOL) != 0)
		add(&f, config_path(c, "paths", NULL, "spool"));
	if ((needs & CONFINED_ATTACHMENTS) != 0)
		add(&f, config_path(c, "paths", NULL, "attachments"));
	if ((needs & CONFINED_TEXTS) != 0)
		f.tree = config_path(c, "paths", NULL, "templates");
	confine_reading(&f, (needs & CONFINED_ASKS) != 0);
}

/* The directory that it lies in, or would. */
static const char *
directory_of(const char *path, char out[PATH_MAX])
{
	char *slash;

	if (realpath(path, out) == NULL)
		snprintf(out, PATH_MAX, "%s", path);
	slash = strrchr(out, '/');
	if (slash != NULL)
		slash[slash == out] = '\0';
	return out;
}

/* What a sender writes to besides the spool; false: to more, or anything. */
static bool
add_outputs(struct confine_files *f, struct config *c,
    char (*dirs)[PATH_MAX])
{
	const char *name, *kind, *path;

	add(f, directory_of(config_path(c, "paths", NULL, "ledger"),
	    dirs[f->count]));
	for (size_t i = 0; (name = config_name(c, "provider", i)); i++) {
		kind = config_string(c, "provider", name, "kind");
		path = config_path(c, "provider", name, "path");
		if (strcmp(kind, "sendmail") == 0 ||
		    f->count == CONFINE_PATHS)
			return false;
		if (path != NULL)
			add(f, directory_of(path, dirs[f->count]));
	}
	return true;
}

void
confined_sender(struct config *c)
{
	static char dirs[CONFINE_PATHS][PATH_MAX];
	struct confine_files f = { .tree = config_path(c, "paths", NULL,
	    "spool") };

	if (config_bool(c, "send", NULL, "confine") &&
	    add_outputs(&f, c, dirs))
		confine_writing(&f);
}
