#include "try_reply.h"

#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "message/reply.h"
#include "provider/mail_text.h"

/*
 * Whoever tries a sentence need not know all that the ledger does: help is
 * asked for, and a wrong number is for a person.
 */
const char *
try_reply_intent(enum reply_intent intent)
{
	if (intent == REPLY_HELP)
		intent = REPLY_QUESTION;
	if (intent == REPLY_WRONG_NUMBER)
		intent = REPLY_UNCLEAR;
	return reply_intent_name(intent);
}

/* -1 when the record is refused. */
static int
check(struct filter *f, struct record *r, const char **body)
{
	const struct value *language = record_get(r, "language");

	*body = record_string(r, "body");
	if (*body == NULL) {
		filter_refuse(f, r, "bad_body", "body", "body is %s, not a "
		    "string", value_type_name(value_type(record_get(r,
		    "body"))));
		return -1;
	}
	if (value_type(language) != VALUE_ABSENT &&
	    value_type(language) != VALUE_NULL &&
	    value_string(language) == NULL) {
		filter_refuse(f, r, "bad_language", "language", "language is "
		    "%s, not a string",
		    value_type_name(value_type(language)));
		return -1;
	}
	return 0;
}

static void
understand(struct filter *f, struct record *r)
{
	struct buf text = BUF_INIT(RECORD_MAX), own = BUF_INIT(RECORD_MAX);
	const char *body;

	if (check(f, r, &body) == -1)
		return;
	buf_str(&text, body);
	text_clean(&text);
	mail_own_words(buf_text(&text), &own);
	record_release(r);
	record_new(r);
	record_set_string(r, "intent", try_reply_intent(reply_classify(buf_text(&own),
	    own.len)));
	record_set_string(r, "text", buf_text(&own));
	buf_release(&text);
	buf_release(&own);
}

int
try_reply(const struct program *p)
{
	struct filter f = { .stage = "ingest", .each = understand,
	    .quiet = p->quiet };

	/* It writes no state: as the other filters. */
	signal(SIGPIPE, SIG_DFL);
	return filter_run(&f);
}
