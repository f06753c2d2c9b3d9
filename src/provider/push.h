#ifndef OMNI_PROVIDER_PUSH_H
#define OMNI_PROVIDER_PUSH_H

#include "base/p256.h"
#include "message/subscription.h"
#include "provider/provider.h"

/* What the providers of push share; nobody else includes it. */

#define PUSH_LINK_MAX	2000	/* bytes */
#define PUSH_TAG	33	/* 128 bits in hexadecimal, and a NUL */

struct push_notice {
	const char *title;		/* or NULL */
	const char *text, *link, *language;	/* the last two: or NULL */
	const char *urgency;		/* RFC 8030, 5.3 */
	int priority;			/* of ntfy, 1 to 5 */
	/*
	 * The same for all that is said of one reminder, and else for one
	 * message: what is newer takes the place of what is older.
	 */
	char tag[PUSH_TAG];
};

/* EX_DATAERR and the field that is at fault. */
int push_read_notice(const struct order *o, struct push_notice *out,
    struct error *e);

/*
 * Web Push: encryption (RFC 8291, RFC 8188) and who we are (RFC 8292).
 */
#define WEBPUSH_SALT		16
#define WEBPUSH_RECORD		4096	/* bytes of a body, at most */
#define WEBPUSH_PLAIN_MAX	3993	/* less header, delimiter and tag */

/* In the order in which they follow from each other. */
struct webpush_secrets {
	unsigned char ecdh[P256_SCALAR], prk_key[32], ikm[32], prk[32];
	unsigned char cek[16], nonce[12];
};

/* False: the browser's key is no point of the curve. */
bool webpush_derive(const struct p256_key *ours,
    const struct subscription *theirs,
    const unsigned char salt[WEBPUSH_SALT], struct webpush_secrets *out);
/* Adds header and record; at most WEBPUSH_PLAIN_MAX bytes fit. */
void webpush_seal(const struct webpush_secrets *s,
    const unsigned char salt[WEBPUSH_SALT], const struct p256_key *ours,
    const void *plain, size_t len, struct buf *out);
/* Adds "vapid t=..., k=...". */
void webpush_sign(const struct p256_key *k, const char *origin,
    const char *subject, instant expires, struct buf *out);

#endif
