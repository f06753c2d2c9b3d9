#include "digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "error.h"

static char *
hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digit[bytes[i] >> 4];
		out[2 * i + 1] = digit[bytes[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

char *
digest_sha256(const void *data, size_t len, char out[DIGEST_HEX])
{
	unsigned char md[DIGEST_LEN];

	if (!EVP_Digest(data, len, md, NULL, EVP_sha256(), NULL))
		die(EX_SOFTWARE, "SHA-256 failed");
	return hex(md, sizeof(md), out);
}

void
digest_hmac_sha256_bytes(const void *key, size_t keylen, const void *data,
    size_t len, unsigned char out[DIGEST_LEN])
{
	unsigned int n;

	if (HMAC(EVP_sha256(), key, (int)keylen, data, len, out, &n) == NULL)
		die(EX_SOFTWARE, "HMAC-SHA-256 failed");
}

char *
digest_hmac_sha256(const void *key, size_t keylen, const void *data,
    size_t len, char out[DIGEST_HEX])
{
	unsigned char md[DIGEST_LEN];

	digest_hmac_sha256_bytes(key, keylen, data, len, md);
	return hex(md, sizeof(md), out);
}

void
digest_hmac_sha1(const void *key, size_t keylen, const void *data,
    size_t len, unsigned char out[20])
{
	unsigned int n;

	if (HMAC(EVP_sha1(), key, (int)keylen, data, len, out, &n) == NULL)
		die(EX_SOFTWARE, "HMAC-SHA-1 failed");
}

void
digest_base64(const void *data, size_t len, char *out)
{
	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
}

bool
digest_equal(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

void
digest_random(void *out, size_t len)
{
	if (getrandom(out, len, 0) != (ssize_t)len)
		die(EX_OSERR, "the kernel has no random bytes");
}
