#include "status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY	86400
#define STARTED	".started"	/* of run/PROGRAM.started: see ledger_start() */

const char *
status_path(struct status *s, const char *below)
{
	return arena_printf(s->mem, "%s/%s", config_path(s->config, "paths",
	    NULL, "spool"), below);
}

int64_t
status_age(instant t)
{
	return t > clock_now() ? 0 : clock_now() - t;
}

static DIR *
open_folder(const char *path)
{
	DIR *dir = opendir(path);

	if (dir == NULL)
		die_unless_absent(path);
	return dir;
}

/* The next entry that is not hidden. */
static struct dirent *
next_entry(DIR *dir, const char *path)
{
	struct dirent *d;

	do {
		errno = 0;
		d = readdir(dir);
		if (d == NULL && errno != 0)
			die_unless_absent(path);
	} while (d != NULL && d->d_name[0] == '.');
	return d;
}

/* Their names begin with the second they were made in. */
int64_t
status_files(struct status *s, const char *below, int64_t *oldest)
{
	const char *path = status_path(s, below);
	DIR *dir = open_folder(path);
	struct dirent *d;
	int64_t n = 0, t;

	if (dir == NULL)
		return 0;
	while ((d = next_entry(dir, path)) != NULL) {
		if (strstr(d->d_name, ".reason") != NULL)
			continue;
		n++;
		t = strtoll(d->d_name, NULL, 10);
		if (oldest != NULL && t > 0 && t < *oldest)
			*oldest = t;
	}
	closedir(dir);
	return n;
}

int64_t
status_file_age(struct status *s, const char *name)
{
	const char *path = status_path(s, arena_printf(s->mem, "run/%s",
	    name));
	struct stat st;

	if (stat(path, &st) == 0)
		return status_age(st.st_mtime);
	die_unless_absent(path);
	return STATUS_NONE;
}

/* Programs in the order of their names; none in a spool without run. */
void
status_find_started(struct status *s)
{
	const char *path = status_path(s, "run");
	DIR *dir = open_folder(path);
	struct status_run **at, *run;
	struct dirent *d;
	size_t len;

	if (dir == NULL)
		return;
	while ((d = next_entry(dir, path)) != NULL) {
		len = strlen(d->d_name);
		if (len <= strlen(STARTED) || strcmp(d->d_name + len -
		    strlen(STARTED), STARTED) != 0)
			continue;
		run = arena_alloc(s->mem, sizeof(*run));
		*run = (struct status_run){
		    .program = arena_strndup(s->mem, d->d_name, len -
		    strlen(STARTED)),
		    .started = status_file_age(s, d->d_name) };
		for (at = &s->runs; *at != NULL && strcmp((*at)->program,
		    run->program) < 0; at = &(*at)->next)
			;
		run->next = *at;
		*at = run;
	}
	closedir(dir);
}

/* A file that goes while we look is not counted. */
static bool
weigh(const char *path, struct status_folder *f)
{
	DIR *dir = open_folder(path);
	struct dirent *d;
	struct stat st;

	if (dir == NULL)
		return false;
	while ((d = next_entry(dir, path)) != NULL) {
		if (fstatat(dirfd(dir), d->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1)
			die_unless_absent(path);
		else if (S_ISREG(st.st_mode)) {
			f->files++;
			f->bytes += st.st_size;
		}
	}
	closedir(dir);
	return true;
}

static void
add_folder(struct status *s, const char *name)
{
	struct status_folder **at = &s->folders, *f;

	f = arena_alloc(s->mem, sizeof(*f));
	*f = (struct status_folder){ .name = name };
	if (!weigh(status_path(s, name), f))
		return;
	while (*at != NULL && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
}

/* The four directories of a queue of files: see omni-spool(5). */
static void
add_queue(struct status *s, const char *name)
{
	static const char *const parts[] = { "tmp", "new", "cur", "bad" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		add_folder(s, arena_printf(s->mem, "%s/%s", name, parts[i]));
}

/* Those that are there, in the order of their names. */
void
status_find_folders(struct status *s)
{
	const char *path = status_path(s, "outbound");
	DIR *dir = open_folder(path);
	struct dirent *d;

	while (dir != NULL && (d = next_entry(dir, path)) != NULL)
		add_queue(s, arena_printf(s->mem, "outbound/%s", d->d_name));
	if (dir != NULL)
		closedir(dir);
	add_queue(s, "inbound");
	add_folder(s, "inbound/subscriptions");
	add_folder(s, "bad");
	add_folder(s, "journal");
}

/*
 * The lines that the CGI has written, each of one webhook: see the description
 * of inbound/refused in omni-spool(5).
 */
static void
count_refused(struct status *s, const char *below, struct status_refusals *r)
{
	const char *path = status_path(s, below);
	FILE *f = fopen(path, "re");
	char line[128];
	instant at;

	if (f == NULL) {
		die_unless_absent(path);
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, " \n")] = '\0';
		if (!clock_parse(line, &at))
			continue;
		if (r->all == 0 || at < r->first)
			r->first = at;
		r->all++;
		r->day += at > clock_now() - DAY;
	}
	if (ferror(f))
		die_unless_absent(path);
	fclose(f);
}

struct status_refusals
status_refusals(struct status *s)
{
	struct status_refusals r = { .all = 0 };

	count_refused(s, "inbound/refused.1", &r);
	count_refused(s, "inbound/refused", &r);
	return r;
}
