/*
 * What keeping a webhook costs, for tests/bench-ingest:
 *
 *	spoolbench files|append DIRECTORY PROCESSES COUNT SIZE
 *
 * Each process, once all of them are there, keeps COUNT webhooks of SIZE bytes:
 * as synced files of a spool, as omni-ingest does; or one behind the other in
 * one file, each with an fdatasync(2) of its own, which is what would be done
 * instead.  The lock by which a drain would take that file is held for the
 * write alone, so that the syncs of several can be one.  Prints how many are
 * kept a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "store/spool.h"

static char data[64 * 1024];
static size_t size;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
put_files(const char *path, long count)
{
	char name[SPOOL_NAME];
	struct error e;
	int dir;

	/* As the CGI does, whose process ends after one. */
	for (long i = 0; i < count; i++) {
		dir = spool_open(path, &e);
		if (dir == -1 || spool_put(dir, spool_name(name), data, size,
		    true, &e) == -1)
			die(EX_IOERR, "%s", e.text);
		close(dir);
	}
}

static void
append(const char *path, long count)
{
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s/all", path);
	for (long i = 0; i < count; i++) {
		fd = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
		    0640);
		if (fd == -1 || flock(fd, LOCK_SH) == -1 ||
		    io_write_all(fd, data, size) == -1 ||
		    flock(fd, LOCK_UN) == -1 || fdatasync(fd) == -1)
			die(EX_IOERR, "%s: %s", name, strerror(errno));
		close(fd);
	}
}

int
main(int argc, char *argv[])
{
	long processes, count;
	int start[2], status;
	bool files, good = true;
	double begin;
	char go;

	if (argc != 6)
		die(EX_USAGE, "usage: spoolbench files|append directory "
		    "processes count size");
	files = strcmp(argv[1], "files") == 0;
	processes = strtol(argv[3], NULL, 10);
	count = strtol(argv[4], NULL, 10);
	size = strtoul(argv[5], NULL, 10);
	if (size > sizeof(data) || pipe(start) == -1)
		die(EX_USAGE, "at most %zu bytes", sizeof(data));
	memset(data, 'x', sizeof(data));
	for (long i = 0; i < processes; i++)
		if (fork() == 0) {
			close(start[1]);
			/* Ends for all at once. */
			if (read(start[0], &go, 1) != 0)
				_exit(1);
			(files ? put_files : append)(argv[2], count);
			_exit(0);
		}
	begin = now();
	close(start[1]);
	while (wait(&status) != -1)
		good = good && status == 0;
	printf("%.0f\n", (double)(processes * count) / (now() - begin));
	return fflush(stdout) == 0 && good ? EX_OK : EX_IOERR;
}
