/*
 * Says what the `reply` of each record means: {"intent"}, one line each.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "each_line.h"
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
	return each_line(answer);
}
