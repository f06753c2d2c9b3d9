#ifndef OMNI_WIRE_IMPL_H
#define OMNI_WIRE_IMPL_H

/* Shared by wire.c, wire_local.c (this machine) and wire_curl.c (networks). */

#include "wire.h"

struct local;

struct local *local_open(struct config *c, const char *provider,
    enum transport transport, struct error *e);
void local_close(struct local *w);
void local_send(struct local *w, const struct request *r,
    struct response *out);
int local_was_sent(const struct local *w, const char *name);

struct lines;

struct lines *lines_open(struct config *c, const char *provider,
    const struct provider *p, size_t count, bool (*stopping)(void),
    struct error *e);
void lines_close(struct lines *w);
const struct credentials *lines_credentials(const struct lines *w);
/* How many more may be started. */
size_t lines_idle(const struct lines *w);
void lines_start(struct lines *w, struct transfer *t);
/*
 * The next one that has come back; NULL when none has within `ms`, or
 * lines_wake(), which any thread may call, asks to look at something else.
 */
struct transfer *lines_wait(struct lines *w, int64_t ms);
void lines_wake(struct lines *w);

#endif
