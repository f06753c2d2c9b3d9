#ifndef OMNI_FETCH_H
#define OMNI_FETCH_H

#include "base/config.h"
#include "base/error.h"
#include "provider/provider.h"

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

/* The same with a name and password, or a token. */
struct fetching {
	const char *url;
	const struct credentials *who;	/* or NULL */
	bool plain;		/* http:// will do, to this machine */
	/* Of the answer: */
	char type[128];		/* Content-Type, or "" */
	char location[2048];	/* where a redirect leads, or "" */
};
int fetch_signed(struct config *c, const char *provider, struct fetching *f,
    struct buf *out, struct error *e);

#endif
