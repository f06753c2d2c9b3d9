#include "provider_impl.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What a person at a terminal reads; text from outside is escaped. */
int
console_build(const struct order *o, struct request *out, struct error *e)
{
	const char *text = record_string(o->record, "text");
	const char *subject = record_string(o->record, "subject");
	char line[2048];

	if (text == NULL || o->to == NULL)
		return error_set(e, EX_DATAERR, "%s: missing",
		    o->to == NULL ? "to" : "text");
	snprintf(out->to, sizeof(out->to), "%s", o->to);
	snprintf(out->name, sizeof(out->name), "console");
	snprintf(out->provider_id, sizeof(out->provider_id), "console:%s.%d",
	    o->id, o->attempt);
	buf_printf(&out->body, "%s to %s", o->channel, text_escape(line,
	    sizeof(line), o->to, strlen(o->to)));
	buf_printf(&out->body, " (%s, attempt %d)\n", text_escape(line,
	    sizeof(line), o->id, strlen(o->id)), o->attempt);
	if (subject != NULL)
		buf_printf(&out->body, "  %s\n", text_escape(line,
		    sizeof(line), subject, strlen(subject)));
	for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		buf_printf(&out->body, "  %s\n", text_escape(line,
		    sizeof(line), text, len));
	}
	return 0;
}

/* A local file: it is there, or it is not and the disk may have room later. */
void
local_read(const struct response *r, struct verdict *out)
{
	out->outcome = OUTCOME_ACCEPTED;
	if (!r->failed)
		return;
	snprintf(out->code, sizeof(out->code), "errno %d", r->code);
	snprintf(out->text, sizeof(out->text), "%s", r->text);
	out->outcome = errno_status(r->code) == EX_TEMPFAIL ? OUTCOME_LATER :
	    OUTCOME_SETUP;
}
