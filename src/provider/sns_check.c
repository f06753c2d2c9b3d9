/*
 * Whether an envelope is Amazon's: for the drain, which can fetch the
 * certificate.  Source as in sns.c.
 */
#include "base/crypto.h"
#include "sns.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/digest.h"

#define SIGNATURE_MAX	1024	/* bytes: of a key of 8192 bits */
#define KEY_BITS_MIN	2048
/*
 * SNS goes on trying for up to an hour.  What is older was held back by
 * somebody, or one of the two clocks is wrong.
 */
#define FRESH		7200

/* To be freed; NULL when it is none, or has no RSA key of a decent length. */
static X509 *
certificate(const char *pem, size_t len)
{
	BIO *bio = len > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
	EVP_PKEY *key;
	X509 *x = NULL;

	if (bio != NULL)
		x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	key = x == NULL ? NULL : X509_get0_pubkey(x);
	if (x != NULL && (key == NULL || EVP_PKEY_get_base_id(key) !=
	    EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < KEY_BITS_MIN)) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

bool
sns_is_certificate(const char *pem, size_t len)
{
	X509 *x = certificate(pem, len);
	bool is_one = x != NULL;

	X509_free(x);
	return is_one;
}

/* "Name\nValue\n" of each member that there is, as it was before JSON. */
static void
signed_text(const struct sns *m, struct buf *out)
{
	static const char *const notification[] = { "Message", "MessageId",
	    "Subject", "Timestamp", "TopicArn", "Type", NULL };
	static const char *const confirmation[] = { "Message", "MessageId",
	    "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type", NULL };
	const char *const *name = m->type == SNS_NOTIFICATION ? notification :
	    confirmation;
	const char *value;

	for (; *name != NULL; name++) {
		value = value_get_string(m->root, *name);
		if (value == NULL)
			continue;
		buf_str(out, *name);
		buf_char(out, '\n');
		buf_str(out, value);
		buf_char(out, '\n');
	}
}

static bool
is_signed(const struct sns *m, X509 *x, const EVP_MD *digest)
{
	const char *s = value_get_string(m->root, "Signature");
	unsigned char signature[SIGNATURE_MAX];
	struct buf text = BUF_INIT(2 * SNS_BODY_BYTES);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	int len = s == NULL ? -1 : digest_base64_read(s, signature,
	    sizeof(signature));
	bool good;

	signed_text(m, &text);
	good = md != NULL && len > 0 && !text.full &&
	    EVP_DigestVerifyInit(md, NULL, digest, NULL,
	    X509_get0_pubkey(x)) == 1 && EVP_DigestVerify(md, signature,
	    (size_t)len, (const unsigned char *)buf_text(&text),
	    text.len) == 1;
	EVP_MD_CTX_free(md);
	buf_release(&text);
	ERR_clear_error();
	return good;
}

static const EVP_MD *
digest_of(const struct sns *m)
{
	const char *version = value_get_string(m->root, "SignatureVersion");

	if (version != NULL && strcmp(version, "1") == 0)
		return EVP_sha1();
	if (version != NULL && strcmp(version, "2") == 0)
		return EVP_sha256();
	return NULL;
}

static int
check(const struct sns *m, X509 *x, instant received, struct error *e)
{
	const EVP_MD *digest = digest_of(m);
	time_t at = (time_t)received;
	instant sent;

	if (digest == NULL)
		return error_set(e, EX_DATAERR, "SignatureVersion: neither 1 "
		    "nor 2");
	/* Neither result may be 0, which says that the date is none. */
	if (X509_cmp_time(X509_get0_notBefore(x), &at) >= 0 ||
	    X509_cmp_time(X509_get0_notAfter(x), &at) <= 0)
		return error_set(e, EX_DATAERR, "SigningCertURL: the "
		    "certificate was not valid when this came");
	if (!is_signed(m, x, digest))
		return error_set(e, EX_DATAERR, "Signature: missing or "
		    "wrong");
	if (!clock_parse(m->timestamp, &sent))
		return error_set(e, EX_DATAERR, "Timestamp: not a time");
	if (sent < received - FRESH || sent > received + FRESH)
		return error_set(e, EX_DATAERR, "Timestamp: %.40s: more than "
		    "%d hours from when this came: held back, or a clock is "
		    "wrong", m->timestamp, FRESH / 3600);
	return 0;
}

int
sns_check(const struct sns *m, const char *pem, size_t len, instant received,
    struct error *e)
{
	X509 *x = certificate(pem, len);
	int rc;

	if (x == NULL)
		return error_set(e, EX_DATAERR, "SigningCertURL: no "
		    "certificate with an RSA key of %d bits or more",
		    KEY_BITS_MIN);
	rc = check(m, x, received, e);
	X509_free(x);
	return rc;
}
