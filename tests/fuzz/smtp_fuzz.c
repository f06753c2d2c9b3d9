/*
 * Replies of SMTP servers made by chance, for libFuzzer or feed.c.
 *
 * An input is the line of a response as http.h has it, where the number behind
 * the status is the stage, and the reply's text.
 */
#include "http.h"

static void
check_read(const char *kind, const struct response *r)
{
	struct verdict v;

	/* What takes no answer from a server only adds to what is there. */
	memset(&v, strcmp(kind, "smtp") == 0 ? 0x5a : 0, sizeof(v));
	provider_find(kind, "email")->read(r, &v);
	promise(v.outcome < OUTCOME_MAX, "an outcome is one");
	promise(v.outcome != OUTCOME_ACCEPTED || !r->failed,
	    "accepted needs an answer");
	promise(v.wait >= 0 && v.wait <= 7 * 86400, "a wait ends");
	promise(strcmp(kind, "smtp") != 0 || utf8_valid(v.text,
	    strlen(v.text)), "what a server said is UTF-8");
	for (const char *s = v.code; *s != '\0'; s++)
		promise(*s >= ' ' && *s < 0x7f, "a code can be printed");
}

/* Before the dot nothing has been sent; a 5xx is never tried again. */
static void
check_outcome(const struct response *r)
{
	enum outcome o = smtp_outcome(r->code, r->text, r->stage);

	promise(o < OUTCOME_MAX, "a reply means something");
	promise(o != OUTCOME_ACCEPTED || r->code / 100 == 2,
	    "only a 2xx is a yes");
	promise(o != OUTCOME_LATER || r->code / 100 != 5 ||
	    r->stage == SMTP_CONNECT, "a 5xx is for good");
	promise(o != OUTCOME_ADDRESS || r->code / 100 == 5,
	    "no address dies of a 4xx");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct response r;

	if (!read_input(data, size, &r))
		return 0;
	r.stage = r.retry_after >= 0 && r.retry_after <= SMTP_BODY ?
	    (enum smtp_stage)r.retry_after : SMTP_CONNECT;
	r.retry_after = -1;
	snprintf(r.text, sizeof(r.text), "%s", buf_text(&r.body));
	check_read("smtp", &r);
	check_read("sendmail", &r);
	check_read("maildir", &r);
	if (!r.failed && r.code > 0)
		check_outcome(&r);
	buf_release(&r.body);
	return 0;
}
