/*
 * What happens on the line of a call: who answers, what is pressed, and where
 * that is told, as far as the TwiML has to be understood for it.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "callback.h"

#define KEYS	"0123456789*#-"

static const char *const failures[] = { "busy", "no-answer", "failed",
	"canceled", NULL };

static bool
is(const struct message *m, const char *what)
{
	return m->answer != NULL && strcmp(m->answer, what) == 0;
}

bool
call_is_answer(const char *what)
{
	for (size_t i = 0; failures[i] != NULL; i++)
		if (strcmp(what, failures[i]) == 0)
			return true;
	if (strcmp(what, "machine") == 0 || strcmp(what, "fax") == 0)
		return true;
	return strncmp(what, "digits:", 7) == 0 && what[7] != '\0' &&
	    strlen(what) < 32 && what[7 + strspn(what + 7, KEYS)] == '\0';
}

struct plan
call_plan(const struct message *m)
{
	struct plan p = { .count = 0 };

	p.status[p.count++] = "initiated";
	if (!is(m, "failed") && !is(m, "canceled"))
		p.status[p.count++] = "ringing";
	for (size_t i = 0; failures[i] != NULL; i++)
		if (is(m, failures[i])) {
			p.status[p.count++] = failures[i];
			return p;
		}
	p.status[p.count++] = "in-progress";
	p.status[p.count++] = "completed";
	return p;
}

const char *
call_answered_by(const struct message *m, const char *status)
{
	/* It takes some seconds to tell; until then nothing is said of it. */
	if (!m->detects || strcmp(status, "completed") != 0)
		return NULL;
	return is(m, "machine") ? "machine_start" : is(m, "fax") ? "fax" :
	    "human";
}

char
call_key(const struct message *m, int n)
{
	const char *keys = m->answer != NULL &&
	    strncmp(m->answer, "digits:", 7) == 0 ? m->answer + 7 : "";

	return (size_t)n >= strlen(keys) || keys[n] == '-' ? '\0' : keys[n];
}

/* Entities of XML become what they stand for. */
static void
decode(char *s)
{
	static const struct { const char *name; char c; } all[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' },
		{ "&quot;", '"' }, { "&apos;", '\'' }
	};
	char *to = s;
	size_t n;

	for (; *s != '\0'; s += n, to++) {
		n = 1;
		*to = *s;
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
			if (strncmp(s, all[i].name, strlen(all[i].name)) ==
			    0) {
				n = strlen(all[i].name);
				*to = all[i].c;
			}
	}
	*to = '\0';
}

/* The value of an attribute of the tag at `tag`, to be freed; or NULL. */
static char *
attribute(const char *tag, const char *name)
{
	size_t len = strcspn(tag, ">"), n;
	char *copy = strndup(tag, len), *at, *value = NULL;
	char begin[64];

	if (copy == NULL)
		die(EX_OSERR, "out of memory");
	snprintf(begin, sizeof(begin), " %s=\"", name);
	at = strstr(copy, begin);
	if (at != NULL) {
		at += strlen(begin);
		n = strcspn(at, "\"");
		value = strndup(at, n);
		if (value == NULL)
			die(EX_OSERR, "out of memory");
		decode(value);
	}
	free(copy);
	return value;
}

char *
call_gather(const char *twiml, bool pressed)
{
	const char *tag = twiml == NULL ? NULL : strstr(twiml, "<Gather ");
	char *empty, *action;
	bool called;

	if (tag == NULL)
		return NULL;
	empty = attribute(tag, "actionOnEmptyResult");
	called = pressed || (empty != NULL && strcmp(empty, "true") == 0);
	action = called ? attribute(tag, "action") : NULL;
	free(empty);
	return action;
}

bool
call_is_told(const struct message *m, const char *status)
{
	const char *event = strcmp(status, "in-progress") == 0 ? "answered" :
	    strcmp(status, "initiated") == 0 || strcmp(status, "ringing") ==
	    0 ? status : "completed";
	const char *wanted = m->events == NULL ? "completed" : m->events;

	return strstr(wanted, event) != NULL;
}
