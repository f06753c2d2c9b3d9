#ifndef OMNI_MEDIA_FETCH_H
#define OMNI_MEDIA_FETCH_H

#include "base/digest.h"
#include "media_type.h"

#include "base/config.h"
#include "base/record.h"

/* Bytes of one file, whatever [ingest] max_media says. */
#define MEDIA_MOST	(100 * 1024 * 1024)

struct fetched {
	const struct media_type *type;
	size_t size;
	char digest[DIGEST_HEX];
};

/*
 * Fetches one member of an event's `media` from its provider into `data`, and
 * looks what it is.  -1 and EX_TEMPFAIL or EX_CONFIG: it may be had later, when
 * somebody has mended what is wrong; EX_DATAERR: it cannot be had, or is not
 * wanted.
 */
int media_fetch(struct config *c, const struct value *event,
    const struct value *one, struct buf *data, struct fetched *out,
    struct error *e);

#endif
