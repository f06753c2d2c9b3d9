/*
 * What becomes of a message: as its recipient's answer says, or well.
 */
#include <stdlib.h>
#include <string.h>

#include "callback.h"

/* The carrier said no; with other codes it was not sent at all. */
static bool
is_undelivered(int code)
{
	return (code >= 30003 && code <= 30008) || code == 30017 ||
	    code == 30019 || code == 30410;
}

static int
code_of(const char *what)
{
	const char *colon = what == NULL ? NULL : strchr(what, ':');

	return what == NULL || call_is_answer(what) ? 0 :
	    (int)strtol(colon == NULL ? what : colon + 1, NULL, 10);
}

static void
add(struct plan *p, const char *status)
{
	p->status[p->count++] = status;
}

struct plan
plan_of(const struct message *m)
{
	struct plan p = { .error = code_of(m->answer) };
	bool twilio = m->provider == SCOPE_TWILIO;
	bool undelivered = twilio && is_undelivered(p.error);
	bool well = m->answer == NULL || call_is_answer(m->answer);

	if (m->answer != NULL && strcmp(m->answer, "silent") == 0)
		return p;
	if (strcmp(m->kind, "call") == 0)
		return call_plan(m);
	if (twilio)
		add(&p, "queued");
	if (p.error == 0 || undelivered)
		add(&p, "sent");
	if (p.error != 0)
		add(&p, undelivered ? "undelivered" : "failed");
	else if (well)
		add(&p, "delivered");
	if (!twilio && p.error == 0 && well)
		add(&p, "read");
	return p;
}
