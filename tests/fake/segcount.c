/*
 * Counts the segments of the `text` of each record, for comparison with other
 * people's counters: {"encoding", "segments", "units"}, one line each.
 */
#include <stdio.h>
#include <sysexits.h>

#include "each_line.h"
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
	return each_line(answer);
}
