#ifndef OMNI_CERTIFICATES_H
#define OMNI_CERTIFICATES_H

#include "base/config.h"
#include "base/error.h"

/*
 * The certificates by which SNS signs, each fetched once and kept in the
 * spool, below certs/, by the hash of its URL: nobody else may write there.
 * [provider NAME] sns_certs names a directory that has them instead.
 */
struct certificates;

struct certificates *certificates_open(struct config *c);
/* From here on no server is asked, and nothing is written. */
void certificates_stay_offline(struct certificates *s);
void certificates_close(struct certificates *s);

/*
 * Sees that it is at hand, for which it may have to go to the network: not
 * while the ledger is locked.  After a server that did not answer no other is
 * asked, and no more than a few URLs in all: strangers may name them.
 */
void certificates_fetch(struct certificates *s, const char *provider,
    const char *url);
/*
 * The certificate, lent; NULL and the reason: EX_TEMPFAIL when a later run may
 * get it, EX_DATAERR when there is none.  Never goes to the network.
 */
const struct buf *certificates_get(struct certificates *s,
    const char *provider, const char *url, struct error *e);

#endif
