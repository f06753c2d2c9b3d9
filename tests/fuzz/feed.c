/*
 * usage: NAME_fuzz DIRECTORY
 *
 * Gives each file of a corpus to a fuzz target that is built without
 * libFuzzer: what once went wrong must not do so again.  Prints their number.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/io.h"

#define FILE_MAX	(1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
feed(int dir, const char *name)
{
	struct buf file = BUF_INIT(FILE_MAX);
	struct error e;

	if (io_read_file(dir, name, &file, &e) == -1)
		die(e.status, "%s", e.text);
	/* A target that crashes leaves the name behind. */
	diag("%s", name);
	LLVMFuzzerTestOneInput((const uint8_t *)buf_text(&file), file.len);
	buf_release(&file);
}

int
main(int argc, char *argv[])
{
	const struct dirent *d;
	size_t count = 0;
	DIR *dir;

	dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (dir == NULL)
		die(EX_USAGE, "one directory, please");
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.') {
			feed(dirfd(dir), d->d_name);
			count++;
		}
	closedir(dir);
	printf("%zu inputs\n", count);
	return fflush(stdout) == 0 && count > 0 ? EX_OK : EX_IOERR;
}
