#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/form.h"

static struct arena mem = ARENA_INIT(1024 * 1024);

static struct form
parsed(const char *s, size_t count)
{
	struct error e;
	struct form f;

	assert(form_parse(&f, s, strlen(s), &mem, &e) == 0);
	assert(f.count == count);
	return f;
}

static void
check(const char *s, const char *name, const char *value)
{
	struct form f = parsed(s, 1);

	assert(strcmp(f.pairs[0].name, name) == 0);
	assert(f.pairs[0].name_len == strlen(name));
	assert(strcmp(f.pairs[0].value, value) == 0);
	assert(f.pairs[0].value_len == strlen(value));
}

static void
refuses(const char *s, size_t len, const char *why)
{
	struct error e = { .status = 0 };
	struct form f;

	assert(form_parse(&f, s, len, &mem, &e) == -1);
	assert(e.status == EX_DATAERR);
	assert(strcmp(e.text, why) == 0);
}

static void
test_decoding(void)
{
	check("a=b", "a", "b");
	check("a=", "a", "");
	check("a", "a", "");
	check("=b", "", "b");
	check("a=b=c", "a", "b=c");
	check("To=%2B52+55", "To", "+52 55");
	check("Body=S%C3%AD%c3%b1", "Body", "S\xc3\xad\xc3\xb1");
	check("%41%3d=%26", "A=", "&");
	check("a=%FF", "a", "\xff");
	check("a=1;b=2", "a", "1;b=2");
}

static void
test_bad_escapes_stay(void)
{
	check("a=100%", "a", "100%");
	check("a=%4", "a", "%4");
	check("a=%zz%4g", "a", "%zz%4g");
	check("a=%%41", "a", "%A");
	check("a=%+1", "a", "% 1");
}

/* An escape may not reach over the end of its piece. */
static void
test_pieces(void)
{
	struct form f;

	parsed("", 0);
	parsed("&&", 0);
	f = parsed("&a=%4&1=2&&a=3&", 3);
	assert(strcmp(f.pairs[0].value, "%4") == 0);
	assert(strcmp(f.pairs[1].name, "1") == 0);
	assert(strcmp(f.pairs[2].value, "3") == 0);
	assert(strcmp(form_get(&f, "a"), "%4") == 0);
	assert(form_get(&f, "A") == NULL);
}

static void
test_nul_is_refused(void)
{
	refuses("Body=a%00b", 10, "form: NUL in the value of Body");
	refuses("a=b&%00=", 8, "form: NUL in a name");
	refuses("a=\0", 3, "form: NUL in the value of a");
}

static void
test_too_many(void)
{
	char s[2 * (FORM_PAIRS_MAX + 1)];

	for (size_t i = 0; i < sizeof(s); i += 2)
		memcpy(s + i, "a&", 2);
	refuses(s, sizeof(s), "form: 501 fields, more than 500");
	s[sizeof(s) - 2] = '\0';
	parsed(s, FORM_PAIRS_MAX);
}

/* Under the sanitizer: nothing is read behind the end of the body. */
static void
test_reads_no_further(void)
{
	static const char *const bodies[] = { "a=%", "a=%4", "a", "a&", "=" };
	struct error e;
	struct form f;
	size_t len;
	char *body;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		len = strlen(bodies[i]);
		body = malloc(len);
		assert(body != NULL);
		memcpy(body, bodies[i], len);
		assert(form_parse(&f, body, len, &mem, &e) == 0);
		assert(f.count == 1);
		free(body);
	}
}

static void
test_writing(void)
{
	struct buf out = BUF_INIT(1024);

	form_add(&out, "To", "+525512345678");
	form_add(&out, "Body", "a b&c=d%\xc3\xb1~*-._\n");
	form_add(&out, "a b", "");
	assert(strcmp(buf_text(&out), "To=%2B525512345678&"
	    "Body=a+b%26c%3Dd%25%C3%B1%7E*-._%0A&a+b=") == 0);
	buf_clear(&out);
	percent_encode(&out, "r1/a b~*-._\xc3\xb1\xf0\x9f\x98\x80");
	assert(strcmp(buf_text(&out),
	    "r1%2Fa%20b~%2A-._%C3%B1%F0%9F%98%80") == 0);
	buf_release(&out);
}

/* What is written is read as it was, byte for byte. */
static void
test_there_and_back(void)
{
	struct buf out = BUF_INIT(8192);
	char all[256];
	struct form f;

	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	form_add(&out, all, all);
	f = parsed(buf_text(&out), 1);
	assert(strcmp(f.pairs[0].name, all) == 0);
	assert(strcmp(f.pairs[0].value, all) == 0);
	buf_clear(&out);
	buf_str(&out, "a=");
	percent_encode(&out, all);
	f = parsed(buf_text(&out), 1);
	assert(strcmp(f.pairs[0].value, all) == 0);
	buf_release(&out);
}

int
main(void)
{
	test_decoding();
	test_bad_escapes_stay();
	test_pieces();
	test_nul_is_refused();
	test_too_many();
	test_reads_no_further();
	test_writing();
	test_there_and_back();
	arena_release(&mem);
	return 0;
}
