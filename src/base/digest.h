#ifndef OMNI_DIGEST_H
#define OMNI_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * SHA-256, HMAC and base64 by Nettle, which is a tenth of OpenSSL: the CGI
 * loads it for each webhook.
 */
#define DIGEST_LEN	32
#define DIGEST_HEX	(2 * DIGEST_LEN + 1)

/* Lower-case hexadecimal.  Returns `out`. */
char *digest_sha256(const void *data, size_t len, char out[DIGEST_HEX]);
char *digest_hmac_sha256(const void *key, size_t keylen, const void *data,
    size_t len, char out[DIGEST_HEX]);
void digest_hmac_sha256_bytes(const void *key, size_t keylen,
    const void *data, size_t len, unsigned char out[DIGEST_LEN]);
void digest_hmac_sha1(const void *key, size_t keylen, const void *data,
    size_t len, unsigned char out[20]);
/* `out` has room for 4 * ((len + 2) / 3) + 1 bytes. */
void digest_base64(const void *data, size_t len, char *out);
/* The same for URLs, without padding.  Returns `out`. */
char *digest_base64url(const void *data, size_t len, char *out);
/*
 * What either alphabet says, with or without padding; its length in bytes.
 * -1: it is none, or longer than `size`.
 */
int digest_base64_read(const char *s, void *out, size_t size);
/* In constant time for strings of one length. */
bool digest_equal(const char *a, const char *b);
/* Random bytes from the kernel; ends the program when there are none. */
void digest_random(void *out, size_t len);

#endif
