#ifndef TESTS_FAKE_EACH_LINE_H
#define TESTS_FAKE_EACH_LINE_H

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/record.h"

/* Answers each record of standard input; the program's status. */
static inline int
each_line(void (*answer)(const char *line, size_t len))
{
	enum reader_status rc;
	struct reader in;
	char *line;
	size_t len;

	record_setup();
	reader_init(&in, STDIN_FILENO, RECORD_MAX, NULL, NULL);
	while ((rc = reader_next(&in, &line, &len)) == READER_LINE)
		answer(line, len);
	if (rc != READER_END)
		die(EX_DATAERR, "input is cut off or too long");
	reader_release(&in);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

#endif
