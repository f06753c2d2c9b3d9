#ifndef OMNI_TRANSPORT_H
#define OMNI_TRANSPORT_H

#include "provider/provider.h"

/*
 * The input and output behind the providers: a Maildir, the local MTA, an SMTP
 * server, the console.
 */
struct wire;

/*
 * Opens what the provider's section names; NULL when it cannot be used.  While
 * `stopping` says so, a transfer that certainly has not sent its message yet
 * is given up.
 */
struct wire *wire_open(struct config *c, const char *provider,
    enum transport transport, bool (*stopping)(void), struct error *e);
void wire_close(struct wire *w);

/* Sends; `out` says what happened. */
void wire_send(struct wire *w, const struct request *r, struct response *out);

/* After a crash: did this request go out?  -1 when nothing here can tell. */
int wire_was_sent(struct wire *w, const char *name);

#endif
