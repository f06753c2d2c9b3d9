#ifndef OMNI_INBOUND_MEDIA_H
#define OMNI_INBOUND_MEDIA_H

#include <stdbool.h>

#include "base/config.h"
#include "base/record.h"

/*
 * Where a picture that somebody sent can be fetched.  Pure functions, no I/O:
 * what stands in a webhook names hosts, and so does an answer that sends us
 * elsewhere; none is asked that is not the provider's.
 */
#define INBOUND_URL_MAX	2048

struct inbound_media {
	const char *provider;	/* its section, lent by the configuration */
	const char *kind;
	char url[INBOUND_URL_MAX];
	bool asks;		/* what is there only names the link */
};

/*
 * Of one member of the event's `media`.  -1 and EX_DATAERR: it is nowhere that
 * we would look; EX_CONFIG: what is needed for that is not configured.
 */
int inbound_media_find(const struct config *c, const struct value *event,
    const struct value *one, struct inbound_media *m, struct error *e);

enum inbound_host {
	INBOUND_STRANGE,	/* not to be asked */
	INBOUND_KNOWN,		/* the provider's, without our credential */
	INBOUND_OURS		/* may see the credential */
};
enum inbound_host inbound_media_host(const struct config *c,
    const struct inbound_media *m, const char *url);

/* What WhatsApp says of an id. */
struct inbound_link {
	char url[INBOUND_URL_MAX];
	int64_t size;		/* or -1 */
	char digest[65];	/* SHA-256 in hexadecimal, or "" */
};
int inbound_media_link(const char *body, size_t len, struct inbound_link *out,
    struct error *e);

#endif
