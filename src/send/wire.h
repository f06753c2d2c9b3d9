#ifndef OMNI_WIRE_H
#define OMNI_WIRE_H

#include "provider/provider.h"

/*
 * The input and output behind the providers: HTTP, an SMTP server, a Maildir,
 * the local MTA, the console.  Many transfers run at once where the far end is
 * a network; the others are done, one by one, when they are started.
 */
struct wire;

struct transfer {
	struct request request;
	struct response response;
	/* The wire's own: */
	struct transfer *next;
	int64_t since;
};

/*
 * Opens what the provider's section names, for up to `connections` transfers
 * at once; NULL when it cannot be used.  While `stopping` says so, a mail that
 * certainly has not been sent yet is given up.
 */
struct wire *wire_open(struct config *c, const char *provider,
    const struct provider *p, size_t connections, bool (*stopping)(void),
    struct error *e);
void wire_close(struct wire *w);

/* Whom the provider takes us for, for what must be in a request; or NULL. */
const struct credentials *wire_credentials(const struct wire *w);
/* How many may be on their way at once. */
size_t wire_room(const struct wire *w);
/* Begins with t->request, which stays until it has come back. */
void wire_start(struct wire *w, struct transfer *t);
/*
 * The next one that has come back, its response filled in; NULL when none has
 * within `ms`, or none is on its way.
 */
struct transfer *wire_wait(struct wire *w, int64_t ms);

/* After a crash: did this request go out?  -1 when nothing here can tell. */
int wire_was_sent(struct wire *w, const char *name);

#endif
