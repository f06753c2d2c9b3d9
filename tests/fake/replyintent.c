/*
 * Says what the `reply` of each record means: {"intent"}, one line each.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/record.h"
#include "message/reply.h"

static void
answer(const char *line, size_t len)
{
	struct record r = RECORD_INIT;
	struct error why;
	const char *reply;

	if (record_parse(&r, line, len, &why) == -1)
		die(EX_DATAERR, "%s", why.text);
	reply = record_string(&r, "reply");
	if (reply == NULL)
		die(EX_DATAERR, "no reply");
	printf("{\"intent\":\"%s\"}\n",
	    reply_intent_name(reply_classify(reply, strlen(reply))));
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
