#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "base/digest.h"
#include "base/p256.h"

/* RFC 6979, A.2.5: a key, its point, and a message. */
#define PRIVATE "C9AFA9D845BA75166B5C215767B1D693" \
	"4E50C3DB36E89B127B8A622B120F6721"
#define POINT_X "60FED4BA255A9D31C961EB74C6356D68" \
	"C049B8923B61FA6CE669622E60F29FB6"
#define POINT_Y "7903FE1008B8BC99A41AE9E95628BC64" \
	"F2F1B20C2D7E9F5177A3C294D4462299"
/* The signature over "sample" that RFC 6979 gives for SHA-256. */
#define SIGNED	"EFD48B2AACB6A8FD1140DD9CD45E81D6" \
	"9D2C877B56AAF991C34D0EA84EAF3716" \
	"F7CB1C942D657C41D436C7A1B6E29F65" \
	"F3E900DBB9AFF4064DC4AB2F843ACDA8"
#define ORDER "FFFFFFFF00000000FFFFFFFFFFFFFFFF" \
	"BCE6FAADA7179E84F3B9CAC2FC632551"

static void
read_hex(const char *s, unsigned char *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *s != '\0'; s += 2)
		*out++ = (unsigned char)((strchr(digits, s[0]) - digits) *
		    16 + (strchr(digits, s[1]) - digits));
}

static struct p256_key *
known_key(void)
{
	unsigned char scalar[P256_SCALAR];
	struct p256_key *k;

	read_hex(PRIVATE, scalar);
	k = p256_key_new(scalar);
	assert(k != NULL);
	return k;
}

static void
test_point(void)
{
	unsigned char want[P256_POINT] = { 0x04 };
	struct p256_key *k = known_key();

	read_hex(POINT_X POINT_Y, want + 1);
	assert(memcmp(p256_key_point(k), want, P256_POINT) == 0);
	assert(p256_is_point(want));
	want[64] ^= 1;
	assert(!p256_is_point(want));
	want[64] ^= 1;
	want[0] = 0x06;		/* hybrid: the same point otherwise written */
	assert(!p256_is_point(want));
	memset(want, 0, sizeof(want));
	assert(!p256_is_point(want));
	want[0] = 0x04;
	assert(!p256_is_point(want));
	p256_key_free(k);
}

static void
test_numbers(void)
{
	unsigned char scalar[P256_SCALAR] = { 0 };
	struct p256_key *k;

	assert(p256_key_new(scalar) == NULL);
	scalar[31] = 1;
	k = p256_key_new(scalar);
	assert(k != NULL);
	p256_key_free(k);
	read_hex(ORDER, scalar);
	assert(p256_key_new(scalar) == NULL);
	scalar[31] -= 1;
	k = p256_key_new(scalar);
	assert(k != NULL);
	p256_key_free(k);
	memset(scalar, 0xff, sizeof(scalar));
	assert(p256_key_new(scalar) == NULL);
}

static void
test_agree(void)
{
	struct p256_key *a = p256_key_random(), *b = p256_key_random();
	unsigned char ab[P256_SCALAR], ba[P256_SCALAR];
	unsigned char bad[P256_POINT];

	assert(memcmp(p256_key_point(a), p256_key_point(b), P256_POINT) != 0);
	assert(p256_agree(a, p256_key_point(b), ab));
	assert(p256_agree(b, p256_key_point(a), ba));
	assert(memcmp(ab, ba, P256_SCALAR) == 0);
	memcpy(bad, p256_key_point(b), P256_POINT);
	bad[10] ^= 0x80;
	assert(!p256_agree(a, bad, ab));
	p256_key_free(a);
	p256_key_free(b);
}

static void
test_sign(void)
{
	unsigned char sig[P256_SIGNATURE], point[P256_POINT];
	struct p256_key *k = known_key();

	read_hex(SIGNED, sig);
	memcpy(point, p256_key_point(k), P256_POINT);
	assert(p256_verify(point, "sample", 6, sig));
	assert(!p256_verify(point, "Sample", 6, sig));
	for (size_t i = 0; i < P256_SIGNATURE; i += 7) {
		sig[i] ^= 1;
		assert(!p256_verify(point, "sample", 6, sig));
		sig[i] ^= 1;
	}
	memset(sig, 0, sizeof(sig));
	assert(!p256_verify(point, "sample", 6, sig));
	/* Short r and s come about once in 128: they keep their place. */
	for (int i = 0; i < 600; i++) {
		p256_sign(k, &i, sizeof(i), sig);
		assert(p256_verify(point, &i, sizeof(i), sig));
	}
	point[3] ^= 1;
	assert(!p256_verify(point, "sample", 6, sig));
	p256_key_free(k);
}

/* SEC1 and PKCS#8 of one key, as `openssl ecparam` and `genpkey` print them. */
static const char sec1[] = "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\n"
    "AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8\n"
    "maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
    "-----END EC PRIVATE KEY-----\n";
static const char number[] = "ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIPZyE";

static void
reads(const char *text)
{
	struct p256_key *k = p256_key_read(text, strlen(text));
	struct p256_key *want = known_key();

	assert(k != NULL);
	assert(memcmp(p256_key_point(k), p256_key_point(want),
	    P256_POINT) == 0);
	p256_key_free(k);
	p256_key_free(want);
}

static void
test_read(void)
{
	static const char *const bad[] = { "", "x", "-----BEGIN EC PRIVATE",
	    "ya-p2EW6dRZrXCFXZ7HWk05Qw9s26JsSe4piKxIP",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    /* encrypted, with the password "x": nobody is asked for it */
	    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
	    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
	    "AAAAAAAAAAAAAAAAAAAAAA==\n-----END EC PRIVATE KEY-----\n",
	    /* the public half */
	    "-----BEGIN PUBLIC KEY-----\n"
	    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
	    "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
	    "-----END PUBLIC KEY-----\n" };

	reads(sec1);
	reads(number);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert(p256_key_read(bad[i], strlen(bad[i])) == NULL);
}

int
main(void)
{
	test_point();
	test_numbers();
	test_agree();
	test_sign();
	test_read();
	return 0;
}
