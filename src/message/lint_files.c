#include "lint_impl.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/near.h"

/*
 * What lies in a template's folder and is never read.  Somebody wrote a file
 * "sms.txt", or a folder "spanish", and believes that it is sent.
 */

/* Hidden files, and what editors leave behind, are meant for nobody. */
static bool
is_leftover(const char *name)
{
	size_t len = strlen(name);

	return name[0] == '.' || name[len - 1] == '~' ||
	    (name[0] == '#' && name[len - 1] == '#') ||
	    (len > 4 && strcmp(name + len - 4, ".swp") == 0);
}

static enum part
part_of_name(const char *name, size_t len)
{
	for (enum part p = 0; p < PART_MAX; p++)
		if (strlen(part_name(p)) == len &&
		    strncmp(part_name(p), name, len) == 0)
			return p;
	return PART_MAX;
}

/* The part that "SMS", "sms.txt" or "subjet" was to be; NULL: none. */
static const char *
meant_part(const char *name, char low[NEAR_NAME_MAX + 1])
{
	size_t len = strcspn(name, ".");
	struct near near = NEAR_INIT(low, len);

	if (len == 0 || len > NEAR_NAME_MAX)
		return NULL;
	for (size_t i = 0; i < len; i++)
		low[i] = (char)tolower((unsigned char)name[i]);
	low[len] = '\0';
	for (enum part p = 0; p < PART_MAX; p++)
		near_consider(&near, part_name(p));
	return near.best;
}

/* In the folder of a language: parts, and what they include. */
static void
check_in_language(struct lint *l, const char *file, const char *name,
    bool folder)
{
	char low[NEAR_NAME_MAX + 1];
	const char *meant;

	if (part_of_name(name, strlen(name)) != PART_MAX)
		return;
	meant = folder ? NULL : meant_part(name, low);
	if (meant != NULL)
		lint_add(l, LINT_WARNING, file, 0, 0, "nothing reads it; did "
		    "you mean %s?", meant);
	else
		lint_add(l, LINT_WARNING, file, 0, 0, "nothing %s: no "
		    "part is called so, and nothing includes it", folder ?
		    "in it is read" : "reads it");
}

/* In the template's own: meta.conf, languages, and what is included. */
static void
check_in_template(struct lint *l, const char *file, const char *name,
    bool folder)
{
	struct near near = NEAR_INIT(name, strlen(name));
	size_t stem = strcspn(name, ".");

	if (folder) {
		lint_add(l, LINT_WARNING, file, 0, 0, "nothing in it is read: "
		    "it is not called like a language, such as es or es-MX");
		return;
	}
	near_consider(&near, "meta.conf");
	if (near.best != NULL)
		lint_add(l, LINT_WARNING, file, 0, 0, "nothing reads it; did "
		    "you mean meta.conf?");
	else if (part_of_name(name, stem) != PART_MAX)
		lint_add(l, LINT_WARNING, file, 0, 0, "nothing reads it: "
		    "parts stand in the folder of a language, such as es/%.*s",
		    (int)stem, name);
	else
		lint_add(l, LINT_WARNING, file, 0, 0, "nothing reads it: "
		    "nothing includes it");
}

static void check_folder(struct lint *l, const char *language);

/* `language` is NULL in the template's own folder. */
static void
check_entry(struct lint *l, int dir, const char *language, const char *name)
{
	char file[NAME_MAX + sizeof(l->meta) + LANGUAGE_MAX];
	struct stat st;
	bool folder;

	/* What a link leads to is looked at in its own place, if at all. */
	if (is_leftover(name) || fstatat(dir, name, &st,
	    AT_SYMLINK_NOFOLLOW) == -1 || S_ISLNK(st.st_mode))
		return;
	folder = S_ISDIR(st.st_mode);
	snprintf(file, sizeof(file), "%s/%s%s%s", l->set->name,
	    language == NULL ? "" : language, language == NULL ? "" : "/",
	    name);
	if (language == NULL && folder && language_is_tag(name))
		check_folder(l, name);
	else if (templates_include(l->set, file))
		return;
	else if (language != NULL)
		check_in_language(l, file, name, folder);
	else if (strcmp(name, "meta.conf") != 0)
		check_in_template(l, file, name, folder);
}

static void
check_folder(struct lint *l, const char *language)
{
	const char *root = config_path(l->config, "paths", NULL, "templates");
	const struct dirent *d;
	char path[PATH_MAX];
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s/%s/%s", root, l->set->name,
	    language == NULL ? "" : language) >= (int)sizeof(path))
		return;
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((d = readdir(dir)) != NULL)
		check_entry(l, dirfd(dir), language, d->d_name);
	closedir(dir);
}

void
lint_files(struct lint *l)
{
	check_folder(l, NULL);
}
