#ifndef OMNI_SUBSCRIPTION_H
#define OMNI_SUBSCRIPTION_H

#include <stdbool.h>

#include "base/config.h"
#include "base/p256.h"
#include "base/record.h"

/*
 * Addresses of push: the token of a provider, such as a topic of ntfy; or what
 * a browser's PushSubscription.toJSON() gives (w3.org/TR/push-api, RFC 8291).
 *
 * A subscription comes from outside, and names a server that we will write to.
 * So its endpoint must be https, without a user or a port of its own, at a name
 * that the public DNS can have; else at a host that a [provider] of kind
 * webpush allows by name, such as a simulator's.  Such a name may still lead to
 * a machine of ours, but that has no certificate for it.
 *
 * Its one form, which hashes are made of, is
 *
 *	{"endpoint":"https://...","keys":{"auth":"...","p256dh":"..."}}
 *
 * without anything else that came with it, the keys in base64url.
 */
#define PUSH_TOKEN_MAX		500	/* bytes */
#define SUBSCRIPTION_MAX	2048
#define SUBSCRIPTION_AUTH	16
#define ENDPOINT_MAX		1800

struct subscription {
	char endpoint[ENDPOINT_MAX + 1];
	char origin[300];		/* https://host, with a port if unusual */
	char host[256];
	unsigned char p256dh[P256_POINT], auth[SUBSCRIPTION_AUTH];
};

/*
 * Of a string, which may be no JSON: EX_DATAERR and which member is at fault,
 * "endpoint: ...".
 */
int subscription_parse(const struct config *c, const char *text,
    struct subscription *out, struct error *e);
/* Returns `out`. */
char *subscription_write(const struct subscription *s,
    char out[SUBSCRIPTION_MAX + 1]);
/* Whether a string is meant to be one. */
bool subscription_is_meant(const char *to);

/*
 * Whether a word of the list is the host, or a domain that the host is below:
 * "push.apple.com" allows web.push.apple.com.
 */
bool subscription_host_is_listed(const char *list, const char *host);

/*
 * An address of push as it came, a string or an object, in the form that the
 * ledger keeps, lent from `mem`.  NULL and `why`, to stand behind a name.
 */
const char *push_address(const struct config *c, const struct value *v,
    struct arena *mem, const char **why);

#endif
