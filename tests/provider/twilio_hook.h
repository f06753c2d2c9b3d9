/* For the tests of Twilio's webhooks: a form, and the event that it becomes. */
#ifndef TESTS_PROVIDER_TWILIO_HOOK_H
#define TESTS_PROVIDER_TWILIO_HOOK_H

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "provider/twilio_hook.h"

static struct arena mem = ARENA_INIT(4 * 1024 * 1024);

static inline int
read_hook(enum twilio_hook kind, const char *body, const char *query,
    struct value **event, struct error *e)
{
	struct form f;

	assert(form_parse(&f, body, strlen(body), &mem, e) == 0);
	return twilio_hook_read(kind, &f, query, event, e);
}

static inline void
check(enum twilio_hook kind, const char *body, const char *query,
    const char *want)
{
	struct value *event;
	struct error e;
	const char *got;

	assert(read_hook(kind, body, query, &event, &e) == 0);
	got = value_json(event, &mem);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "got:  %s\nwant: %s\n", got, want);
	assert(strcmp(got, want) == 0);
	value_free(event);
}

#endif
