#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/multipart.h"

#define TYPE	"multipart/form-data; boundary=x"
#define PART(name)	"Content-Disposition: form-data; name=\"" name "\"\r\n"

static struct arena mem = ARENA_INIT(16 * 1024 * 1024);

static struct form
parsed(const char *type, const char *body, size_t count)
{
	struct error e = { .text = "" };
	struct form f;

	if (multipart_parse(&f, type, body, strlen(body), &mem, &e) == -1)
		fprintf(stderr, "%s\n", e.text);
	assert(e.text[0] == '\0');
	assert(f.count == count);
	return f;
}

static void
refuses(const char *type, const char *body, size_t len, const char *why)
{
	struct error e = { .status = 0 };
	struct form f;

	assert(multipart_parse(&f, type, body, len, &mem, &e) == -1);
	assert(e.status == EX_DATAERR);
	assert(strcmp(e.text, why) == 0);
}

static void
is(const struct form *f, size_t i, const char *name, const char *value)
{
	assert(strcmp(f->pairs[i].name, name) == 0);
	assert(f->pairs[i].name_len == strlen(name));
	assert(strcmp(f->pairs[i].value, value) == 0);
	assert(f->pairs[i].value_len == strlen(value));
}

static void
test_media_types(void)
{
	assert(media_type_is("text/plain", "text/plain"));
	assert(media_type_is("Text/PLAIN; charset=utf-8", "text/plain"));
	assert(media_type_is("text/plain ;x", "text/plain"));
	assert(!media_type_is("text/plainer", "text/plain"));
	assert(!media_type_is("text", "text/plain"));
	assert(!media_type_is("", "text/plain"));
}

static void
test_fields(void)
{
	struct form f;

	f = parsed(TYPE, "--x\r\n" PART("a") "\r\n1\r\n--x\r\n" PART("b")
	    "Content-Type: text/plain\r\n\r\n2\r\n3\r\n\r\n--x--\r\n", 2);
	is(&f, 0, "a", "1");
	is(&f, 1, "b", "2\r\n3\r\n");
	f = parsed(TYPE, "--x\r\n" PART("a") "\r\n\r\n--x--", 1);
	is(&f, 0, "a", "");
	/* Nothing before the delimiter, not even a line end. */
	f = parsed(TYPE, "--x\r\n" PART("a") "\r\n--x--", 1);
	is(&f, 0, "a", "");
	parsed(TYPE, "--x--", 0);
	/* Other boundaries, other line ends, what is nobody's. */
	f = parsed("MULTIPART/form-data; charset=\"a;b\"; Boundary=\"a b\"",
	    "before\n--a b\nCONTENT-DISPOSITION:form-data;NAME=a\n\n1\n"
	    "--a bc\n--a b--\nafter", 1);
	is(&f, 0, "a", "1\n--a bc");
	f = parsed(TYPE, "--x \t\r\n" PART("a") "\r\n1\r\n--x--", 1);
	is(&f, 0, "a", "1");
}

/* What is left out: a file, and a part that is no field. */
static void
test_others(void)
{
	struct form f;

	f = parsed(TYPE, "--x\r\nContent-Disposition: form-data; "
	    "name=\"f\"; filename=\"name=a\"\r\n\r\nbytes\r\n--x\r\n"
	    "X-Other: name=\"c\"\r\n\r\nno\r\n--x\r\n" PART("a")
	    "\r\n1\r\n--x--", 1);
	is(&f, 0, "a", "1");
	f = parsed(TYPE, "--x\r\nContent-Disposition: form-data; "
	    "filename=\"b\"\r\n\r\nno\r\n--x--", 0);
}

static void
test_refused(void)
{
	static const char nul[] = "--x\r\n" PART("a") "\r\n1\0002\r\n--x--";
	static const char *const cut[] = { "--x", "--x\r\n", "--x\r\n"
	    PART("a"), "--x\r\n" PART("a") "\r\n1", "--x\r\n" PART("a")
	    "\r\n1\r\n--x" };

	refuses("multipart/form-data", "--x--", 5, "form: no boundary");
	refuses("multipart/form-data; boundary=", "--x--", 5,
	    "form: no boundary");
	refuses("multipart/form-data; xboundary=x", "--x--", 5,
	    "form: no boundary");
	refuses("multipart/form-data; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "--x--", 5,
	    "form: no boundary");
	refuses(TYPE, "", 0, "form: nothing behind a boundary");
	refuses(TYPE, "a=b", 3, "form: nothing behind a boundary");
	refuses(TYPE, "x --x--", 7, "form: nothing behind a boundary");
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
		refuses(TYPE, cut[i], strlen(cut[i]), "form: cut off");
	refuses(TYPE, nul, sizeof(nul) - 1, "form: NUL in the value of a");
}

static void
test_too_many(void)
{
	struct buf b = BUF_INIT(1024 * 1024);
	struct error e;
	struct form f;

	for (int i = 0; i < FORM_PAIRS_MAX; i++)
		buf_str(&b, "--x\r\n" PART("a") "\r\n1\r\n");
	buf_str(&b, "--x--");
	assert(multipart_parse(&f, TYPE, b.data, b.len, &mem, &e) == 0);
	assert(f.count == FORM_PAIRS_MAX);
	b.len -= 2;
	buf_str(&b, "\r\n" PART("a") "\r\n1\r\n--x--");
	refuses(TYPE, b.data, b.len, "form: more than 500 fields");
	buf_release(&b);
}

int
main(void)
{
	test_media_types();
	test_fields();
	test_others();
	test_refused();
	test_too_many();
	arena_release(&mem);
	return 0;
}
