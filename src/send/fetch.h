#ifndef OMNI_FETCH_H
#define OMNI_FETCH_H

#include "base/config.h"
#include "base/error.h"

/*
 * One GET by https, whose server is who the URL says, by the certificates of
 * the system or the section's ca_file; within the section's timeout.  A
 * redirect is an answer like any other, and is not followed.
 *
 * Returns the HTTP status, with the body in `out`; -1 and EX_TEMPFAIL when
 * there was no whole answer, EX_DATAERR when it was longer than `out` may be.
 */
int fetch(struct config *c, const char *provider, const char *url,
    struct buf *out, struct error *e);

#endif
