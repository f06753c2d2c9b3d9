/*
 * Counts the segments of the `text` of each record, for comparison with other
 * people's counters: {"encoding", "segments", "units"}, one line each.
 */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/record.h"
#include "message/segments.h"

static void
answer(const char *line, size_t len)
{
	struct record r = RECORD_INIT;
	struct segments s;
	struct error why;
	const char *text;

	if (record_parse(&r, line, len, &why) == -1)
		die(EX_DATAERR, "%s", why.text);
	text = record_string(&r, "text");
	if (text == NULL || !segments_count(text, &s))
		die(EX_DATAERR, "no text");
	printf("{\"encoding\":\"%s\",\"segments\":%d,\"units\":%d}\n",
	    s.encoding, s.count, s.units);
	record_release(&r);
}

int
main(void)
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
