#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

static void
test_sha256(void)
{
	char out[DIGEST_HEX];
	char *million;

	/* FIPS 180-4, its examples. */
	assert(strcmp(digest_sha256("", 0, out), "e3b0c44298fc1c149afbf4c8996f"
	    "b92427ae41e4649b934ca495991b7852b855") == 0);
	assert(strcmp(digest_sha256("abc", 3, out), "ba7816bf8f01cfea414140de5"
	    "dae2223b00361a396177a9cb410ff61f20015ad") == 0);
	million = malloc(1000000);
	assert(million != NULL);
	memset(million, 'a', 1000000);
	assert(strcmp(digest_sha256(million, 1000000, out), "cdc76e5c9914fb9281"
	    "a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0);
	free(million);
}

static void
test_hmac(void)
{
	char out[DIGEST_HEX], base64[29], key[131];
	unsigned char md[20];

	/* RFC 4231, cases 1, 2 and 6. */
	memset(key, 0x0b, 20);
	assert(strcmp(digest_hmac_sha256(key, 20, "Hi There", 8, out),
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
	    == 0);
	assert(strcmp(digest_hmac_sha256("Jefe", 4,
	    "what do ya want for nothing?", 28, out),
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
	    == 0);
	memset(key, 0xaa, sizeof(key));
	assert(strcmp(digest_hmac_sha256(key, sizeof(key), "Test Using Larger "
	    "Than Block-Size Key - Hash Key First", 54, out),
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
	    == 0);
	/* RFC 2202, case 2. */
	digest_hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, md);
	digest_base64(md, 20, base64);
	assert(strcmp(base64, "7/zfauXrL6LSdBbV8YTfnCWafHk=") == 0);
}

static void
test_base64(void)
{
	static const struct { const char *in, *out; } rfc4648[] = {
		{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }
	};
	char out[16];

	for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		memset(out, 'x', sizeof(out));
		digest_base64(rfc4648[i].in, strlen(rfc4648[i].in), out);
		assert(strcmp(out, rfc4648[i].out) == 0);
		assert(out[strlen(out) + 1] == 'x');
	}
}

static void
test_base64url(void)
{
	static const unsigned char bytes[] = { 0xfb, 0xff, 0x00, 0x3e };
	static const struct {
		const char *text;
		int len;
	} all[] = { { "", 0 }, { "-_8APg", 4 }, { "+/8APg==", 4 },
	    { "-_8APg==", 4 }, { "-_8A", 3 }, { "-_8", 2 }, { "-w", 1 },
	    { "-", -1 }, { "-_8AP", -1 }, { "-_8A PA", -1 },
	    { "-_8APg===", -1 }, { "-_8APg=x", -1 }, { "-_8\n", -1 },
	    { "-_8APgA", -1 } };
	unsigned char got[5];
	char text[16];

	assert(strcmp(digest_base64url(bytes, 4, text), "-_8APg") == 0);
	assert(strcmp(digest_base64url(bytes, 3, text), "-_8A") == 0);
	assert(strcmp(digest_base64url(bytes, 0, text), "") == 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		memset(got, 'x', sizeof(got));
		assert(digest_base64_read(all[i].text, got, 4) == all[i].len);
		assert(got[4] == 'x');
		if (all[i].len > 0)
			assert(memcmp(got, bytes, (size_t)all[i].len) == 0);
	}
}

static void
test_equal(void)
{
	assert(digest_equal("", ""));
	assert(digest_equal("abc", "abc"));
	assert(!digest_equal("abc", "abd"));
	assert(!digest_equal("abc", "ab"));
	assert(!digest_equal("ab", "abc"));
	assert(!digest_equal("", "a"));
}

static void
test_random(void)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };

	digest_random(a, sizeof(a));
	digest_random(b, sizeof(b));
	assert(memcmp(a, b, sizeof(a)) != 0);
}

int
main(void)
{
	test_sha256();
	test_hmac();
	test_base64();
	test_base64url();
	test_equal();
	test_random();
	return 0;
}
