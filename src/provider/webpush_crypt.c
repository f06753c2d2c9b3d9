/*
 * Message encryption for Web Push (RFC 8291) in one record of aes128gcm (RFC
 * 8188), and voluntary identification of the sender (RFC 8292).
 */
#include "base/crypto.h"
#include "push.h"

#include <openssl/evp.h>
#include <string.h>
#include <sysexits.h>

#include "base/digest.h"

#define TAG		16	/* of AES-GCM */
#define DELIMITER	0x02	/* of the last record */

static void
extract(const unsigned char *salt, size_t salt_len, const unsigned char *key,
    size_t len, unsigned char out[32])
{
	digest_hmac_sha256_bytes(salt, salt_len, key, len, out);
}

/* HKDF-Expand for as much as one block gives. */
static void
expand(const unsigned char prk[32], const void *info, size_t len,
    unsigned char *out, size_t size)
{
	unsigned char text[256], block[32];

	memcpy(text, info, len);
	text[len] = 1;
	digest_hmac_sha256_bytes(prk, 32, text, len + 1, block);
	memcpy(out, block, size);
	explicit_bzero(block, sizeof(block));
}

bool
webpush_derive(const struct p256_key *ours, const struct subscription *theirs,
    const unsigned char salt[WEBPUSH_SALT], struct webpush_secrets *out)
{
	/* Each with the NUL at its end. */
	static const char key_info[] = "WebPush: info";
	static const char cek_info[] = "Content-Encoding: aes128gcm";
	static const char nonce_info[] = "Content-Encoding: nonce";
	unsigned char info[sizeof(key_info) + 2 * (size_t)P256_POINT];

	if (!p256_agree(ours, theirs->p256dh, out->ecdh))
		return false;
	memcpy(info, key_info, sizeof(key_info));
	memcpy(info + sizeof(key_info), theirs->p256dh, P256_POINT);
	memcpy(info + sizeof(key_info) + P256_POINT, p256_key_point(ours),
	    P256_POINT);
	extract(theirs->auth, SUBSCRIPTION_AUTH, out->ecdh, sizeof(out->ecdh),
	    out->prk_key);
	expand(out->prk_key, info, sizeof(info), out->ikm, sizeof(out->ikm));
	extract(salt, WEBPUSH_SALT, out->ikm, sizeof(out->ikm), out->prk);
	expand(out->prk, cek_info, sizeof(cek_info), out->cek,
	    sizeof(out->cek));
	expand(out->prk, nonce_info, sizeof(nonce_info), out->nonce,
	    sizeof(out->nonce));
	return true;
}

/* `out` has room for `len` and TAG bytes. */
static void
encrypt(const struct webpush_secrets *s, const unsigned char *plain, int len,
    unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, more = 0;

	if (ctx == NULL || EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL,
	    s->cek, s->nonce) != 1 || EVP_EncryptUpdate(ctx, out, &n, plain,
	    len) != 1 || EVP_EncryptFinal_ex(ctx, out + n, &more) != 1 ||
	    n + more != len || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG,
	    TAG, out + len) != 1)
		die(EX_SOFTWARE, "OpenSSL: AES-128-GCM failed");
	EVP_CIPHER_CTX_free(ctx);
}

/* salt(16), record size(4), length of the key(1), key(65), record */
void
webpush_seal(const struct webpush_secrets *s,
    const unsigned char salt[WEBPUSH_SALT], const struct p256_key *ours,
    const void *plain, size_t len, struct buf *out)
{
	static const unsigned char head[] = { WEBPUSH_RECORD >> 24,
	    (WEBPUSH_RECORD >> 16) & 0xff, (WEBPUSH_RECORD >> 8) & 0xff,
	    WEBPUSH_RECORD & 0xff, P256_POINT };
	unsigned char text[WEBPUSH_PLAIN_MAX + 1];
	unsigned char sealed[WEBPUSH_PLAIN_MAX + 1 + TAG];

	if (len > WEBPUSH_PLAIN_MAX)
		die(EX_SOFTWARE, "a notice of %zu bytes", len);
	memcpy(text, plain, len);
	text[len] = DELIMITER;
	encrypt(s, text, (int)len + 1, sealed);
	buf_add(out, salt, WEBPUSH_SALT);
	buf_add(out, head, sizeof(head));
	buf_add(out, p256_key_point(ours), P256_POINT);
	buf_add(out, sealed, len + 1 + TAG);
	explicit_bzero(text, sizeof(text));
}

static void
add_base64(struct buf *out, const void *data, size_t len)
{
	char text[2048];

	if (4 * ((len + 2) / 3) + 1 > sizeof(text))
		die(EX_SOFTWARE, "a token of %zu bytes", len);
	buf_str(out, digest_base64url(data, len, text));
}

void
webpush_sign(const struct p256_key *k, const char *origin,
    const char *subject, instant expires, struct buf *out)
{
	static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
	struct value *claims = value_new_object();
	struct buf json = BUF_INIT(1024), token = BUF_INIT(4096);
	unsigned char signature[P256_SIGNATURE];

	value_set_string(claims, "aud", origin);
	value_set_integer(claims, "exp", expires);
	value_set_string(claims, "sub", subject);
	value_write(claims, &json);
	add_base64(&token, header, sizeof(header) - 1);
	buf_char(&token, '.');
	add_base64(&token, buf_text(&json), json.len);
	p256_sign(k, buf_text(&token), token.len, signature);
	buf_char(&token, '.');
	add_base64(&token, signature, sizeof(signature));
	buf_printf(out, "vapid t=%s, k=", buf_text(&token));
	add_base64(out, p256_key_point(k), P256_POINT);
	value_free(claims);
	buf_release(&json);
	buf_release(&token);
}
