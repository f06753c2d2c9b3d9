#include "digest.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
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
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, data);
	sha256_digest(&ctx, sizeof(md), md);
	return hex(md, sizeof(md), out);
}

void
digest_hmac_sha256_bytes(const void *key, size_t keylen, const void *data,
    size_t len, unsigned char out[DIGEST_LEN])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, keylen, key);
	hmac_sha256_update(&ctx, len, data);
	hmac_sha256_digest(&ctx, DIGEST_LEN, out);
	explicit_bzero(&ctx, sizeof(ctx));
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
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, keylen, key);
	hmac_sha1_update(&ctx, len, data);
	hmac_sha1_digest(&ctx, SHA1_DIGEST_SIZE, out);
	explicit_bzero(&ctx, sizeof(ctx));
}

void
digest_base64(const void *data, size_t len, char *out)
{
	base64_encode_raw(out, len, data);
	out[BASE64_ENCODE_RAW_LENGTH(len)] = '\0';
}

char *
digest_base64url(const void *data, size_t len, char *out)
{
	digest_base64(data, len, out);
	for (char *p = out; *p != '\0'; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p;
	return out;
}

static int
base64_value(char c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(letters, c == '-' ? '+' : c == '_' ? '/' : c);

	return at == NULL ? -1 : (int)(at - letters);
}

int
digest_base64_read(const char *s, void *out, size_t size)
{
	size_t len = strcspn(s, "="), n = 0;
	unsigned char *bytes = out;
	unsigned int bits = 0;
	int value;

	/* No byte ends in the first of four characters. */
	if (len % 4 == 1 || s[len + strspn(s + len, "=")] != '\0' ||
	    strlen(s) - len > 2)
		return -1;
	for (size_t i = 0; i < len; i++) {
		value = base64_value(s[i]);
		if (value == -1)
			return -1;
		bits = bits << 6 | (unsigned int)value;
		if (i % 4 == 0)
			continue;
		if (n == size)
			return -1;
		bytes[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	return (int)n;
}

bool
digest_equal(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == strlen(b) && memeql_sec(a, b, len);
}

void
digest_random(void *out, size_t len)
{
	if (getrandom(out, len, 0) != (ssize_t)len)
		die(EX_OSERR, "the kernel has no random bytes");
}
