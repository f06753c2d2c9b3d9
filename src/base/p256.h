#ifndef OMNI_P256_H
#define OMNI_P256_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The elliptic curve P-256 by OpenSSL: to agree on a secret, and to sign as
 * ES256 does (RFC 7518, 3.4).  A point is 0x04 and its two coordinates, a
 * signature r and s, each 32 bytes: as the wire has them, not DER.
 */
#define P256_SCALAR	32
#define P256_POINT	65
#define P256_SIGNATURE	64

struct p256_key;

/* NULL: no number that can be a key. */
struct p256_key *p256_key_new(const unsigned char scalar[P256_SCALAR]);
struct p256_key *p256_key_random(void);
/*
 * From PEM, as `openssl ecparam -genkey` and `openssl genpkey` write it, or
 * from the number alone in base64url.  NULL: neither, of another curve, or
 * encrypted: nobody is asked for a password.
 */
struct p256_key *p256_key_read(const char *text, size_t len);
void p256_key_free(struct p256_key *k);
const unsigned char *p256_key_point(const struct p256_key *k);

bool p256_is_point(const unsigned char point[P256_POINT]);
/* ECDH.  False: that is no point of the curve. */
bool p256_agree(const struct p256_key *k,
    const unsigned char point[P256_POINT], unsigned char out[P256_SCALAR]);
void p256_sign(const struct p256_key *k, const void *data, size_t len,
    unsigned char out[P256_SIGNATURE]);
bool p256_verify(const unsigned char point[P256_POINT], const void *data,
    size_t len, const unsigned char signature[P256_SIGNATURE]);

#endif
