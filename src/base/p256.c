#include "p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "crypto.h"
#include "digest.h"
#include "error.h"

#define CURVE		"prime256v1"	/* what OpenSSL calls it */
#define DER_MAX		80		/* of a signature */

struct p256_key {
	EVP_PKEY *pkey;
	unsigned char point[P256_POINT];
};

/* What cannot fail but for a lack of memory or of random numbers. */
static void
must(bool good, const char *what)
{
	if (!good)
		die(EX_OSERR, "OpenSSL: %s failed", what);
}

static EC_GROUP *
new_group(void)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);

	must(group != NULL, "P-256");
	return group;
}

/* The point that belongs to a number from 1 to below the curve's order. */
static bool
find_point(const BIGNUM *scalar, unsigned char out[P256_POINT])
{
	EC_GROUP *group = new_group();
	EC_POINT *point = EC_POINT_new(group);
	bool good = !BN_is_zero(scalar) &&
	    BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;

	must(point != NULL, "a point");
	if (good)
		must(EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) ==
		    1 && EC_POINT_point2oct(group, point,
		    POINT_CONVERSION_UNCOMPRESSED, out, P256_POINT, NULL) ==
		    P256_POINT, "a multiplication");
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return good;
}

/* `scalar` may be NULL: the public key alone.  NULL: OpenSSL refuses it. */
static EVP_PKEY *
make_key(const unsigned char point[P256_POINT], const BIGNUM *scalar)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	must(build != NULL && ctx != NULL && OSSL_PARAM_BLD_push_utf8_string(
	    build, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	    point, P256_POINT) == 1 && (scalar == NULL ||
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY,
	    scalar) == 1), "a key");
	params = OSSL_PARAM_BLD_to_param(build);
	must(params != NULL && EVP_PKEY_fromdata_init(ctx) == 1, "a key");
	if (EVP_PKEY_fromdata(ctx, &key, scalar == NULL ? EVP_PKEY_PUBLIC_KEY :
	    EVP_PKEY_KEYPAIR, params) != 1) {
		ERR_clear_error();
		key = NULL;
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

struct p256_key *
p256_key_new(const unsigned char scalar[P256_SCALAR])
{
	BIGNUM *number = BN_secure_new();
	struct p256_key *k = calloc(1, sizeof(*k));

	if (number == NULL || k == NULL)
		die(EX_OSERR, "out of memory");
	must(BN_bin2bn(scalar, P256_SCALAR, number) != NULL, "a number");
	if (find_point(number, k->point)) {
		k->pkey = make_key(k->point, number);
		must(k->pkey != NULL, "a key");
	} else {
		free(k);
		k = NULL;
	}
	BN_clear_free(number);
	return k;
}

struct p256_key *
p256_key_random(void)
{
	unsigned char scalar[P256_SCALAR];
	struct p256_key *k;

	do {	/* once: 1 of 2^32 numbers is beyond the order */
		digest_random(scalar, sizeof(scalar));
		k = p256_key_new(scalar);
	} while (k == NULL);
	OPENSSL_cleanse(scalar, sizeof(scalar));
	return k;
}

/* OpenSSL would ask at the terminal. */
static int
no_password(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static bool
read_pem(const char *text, size_t len, unsigned char scalar[P256_SCALAR])
{
	BIO *in = BIO_new_mem_buf(text, (int)len);
	BIGNUM *number = NULL;
	EVP_PKEY *key;
	char curve[32] = "";
	bool good;

	must(in != NULL, "a buffer");
	key = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
	good = key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
	    EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME,
	    curve, sizeof(curve), NULL) == 1 && strcmp(curve, CURVE) == 0 &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) ==
	    1 && BN_bn2binpad(number, scalar, P256_SCALAR) == P256_SCALAR;
	BN_clear_free(number);
	EVP_PKEY_free(key);
	BIO_free(in);
	ERR_clear_error();
	return good;
}

struct p256_key *
p256_key_read(const char *text, size_t len)
{
	unsigned char scalar[P256_SCALAR];
	struct p256_key *k = NULL;

	if (digest_base64_read(text, scalar, sizeof(scalar)) == P256_SCALAR ||
	    read_pem(text, len, scalar))
		k = p256_key_new(scalar);
	OPENSSL_cleanse(scalar, sizeof(scalar));
	return k;
}

void
p256_key_free(struct p256_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

const unsigned char *
p256_key_point(const struct p256_key *k)
{
	return k->point;
}

bool
p256_is_point(const unsigned char point[P256_POINT])
{
	EC_GROUP *group = new_group();
	EC_POINT *p = EC_POINT_new(group);
	bool good;

	must(p != NULL, "a point");
	/* It looks whether it is on the curve, too. */
	good = point[0] == POINT_CONVERSION_UNCOMPRESSED &&
	    EC_POINT_oct2point(group, p, point, P256_POINT, NULL) == 1;
	ERR_clear_error();
	EC_POINT_free(p);
	EC_GROUP_free(group);
	return good;
}

bool
p256_agree(const struct p256_key *k, const unsigned char point[P256_POINT],
    unsigned char out[P256_SCALAR])
{
	size_t len = P256_SCALAR;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *peer;

	if (!p256_is_point(point))
		return false;
	peer = make_key(point, NULL);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	must(peer != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
	    EVP_PKEY_derive(ctx, out, &len) == 1 && len == P256_SCALAR,
	    "ECDH");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return true;
}

void
p256_sign(const struct p256_key *k, const void *data, size_t len,
    unsigned char out[P256_SIGNATURE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char der[DER_MAX];
	const unsigned char *p = der;
	size_t size = sizeof(der);
	const BIGNUM *r, *s;
	ECDSA_SIG *sig;

	must(ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
	    k->pkey) == 1 && EVP_DigestSign(ctx, der, &size, data, len) == 1,
	    "a signature");
	sig = d2i_ECDSA_SIG(NULL, &p, (long)size);
	must(sig != NULL, "a signature");
	ECDSA_SIG_get0(sig, &r, &s);
	must(BN_bn2binpad(r, out, P256_SCALAR) == P256_SCALAR &&
	    BN_bn2binpad(s, out + P256_SCALAR, P256_SCALAR) == P256_SCALAR,
	    "a signature");
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
}

/* As OpenSSL wants it; its length. */
static int
to_der(const unsigned char signature[P256_SIGNATURE],
    unsigned char out[DER_MAX])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *p = out;
	int len;

	must(sig != NULL && ECDSA_SIG_set0(sig, BN_bin2bn(signature,
	    P256_SCALAR, NULL), BN_bin2bn(signature + P256_SCALAR,
	    P256_SCALAR, NULL)) == 1, "a signature");
	len = i2d_ECDSA_SIG(sig, &p);
	must(len > 0 && len <= DER_MAX, "a signature");
	ECDSA_SIG_free(sig);
	return len;
}

bool
p256_verify(const unsigned char point[P256_POINT], const void *data,
    size_t len, const unsigned char signature[P256_SIGNATURE])
{
	unsigned char der[DER_MAX];
	EVP_MD_CTX *ctx;
	EVP_PKEY *key;
	bool good;
	int size;

	if (!p256_is_point(point))
		return false;
	key = make_key(point, NULL);
	ctx = EVP_MD_CTX_new();
	size = to_der(signature, der);
	must(key != NULL && ctx != NULL && EVP_DigestVerifyInit(ctx, NULL,
	    EVP_sha256(), NULL, key) == 1, "a signature");
	good = EVP_DigestVerify(ctx, der, (size_t)size, data, len) == 1;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}
