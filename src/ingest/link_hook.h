#ifndef OMNI_LINK_HOOK_H
#define OMNI_LINK_HOOK_H

#include "base/clock.h"
#include "base/config.h"
#include "base/record.h"
#include "ingest/link_choice.h"

/*
 * What the drain makes of a request that page_hook.h kept: the token is
 * verified once more, as of when the request came, and the form read by the
 * same rules.
 */
struct link_hook {
	struct config *config;
	struct links links;
	bool opened;
};

/* A file of the inbound spool. */
struct link_file {
	const char *hook;	/* "confirm" */
	const char *query, *type;
	instant received;
	const char *body;
	size_t len;
};

#define LINK_HOOK_INIT(c) { .config = (c) }

bool link_hook_is(const char *hook);
/*
 * One event, in an array; see link_apply.h.  -1 and EX_DATAERR: it is none
 * that we would keep; EX_TEMPFAIL: the key cannot be read now.
 */
int link_hook_read(struct link_hook *h, const struct link_file *f,
    struct arena *mem, struct value **events, struct error *e);
void link_hook_release(struct link_hook *h);

#endif
