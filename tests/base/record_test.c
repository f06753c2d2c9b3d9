#undef NDEBUG
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/io.h"
#include "base/record.h"

static char *
written(const struct record *r)
{
	struct buf b = BUF_INIT(4 * RECORD_MAX);
	char *s;

	record_write(r, &b);
	assert(!b.full);
	s = strdup(buf_text(&b));
	assert(s != NULL);
	buf_release(&b);
	return s;
}

static void
is_written(const struct record *r, const char *expected)
{
	char *s = written(r);

	if (strcmp(s, expected) != 0)
		fprintf(stderr, "%s\nis not\n%s\n", s, expected);
	assert(strcmp(s, expected) == 0);
	free(s);
}

static void
parse(struct record *r, const char *line)
{
	struct error e = { .text = "" };

	if (record_parse(r, line, strlen(line), &e) == -1)
		fprintf(stderr, "%s: %s\n", line, e.text);
	assert(e.text[0] == '\0');
}

/* Lines whose bytes a parser and printer of JSON would change. */
static const char *const odd[] = {
	"{}",
	" { } ",
	"{\"a\":0.1}",
	"{\"a\":1.10,\"b\":1e2,\"c\":-0,\"d\":-0.0,\"e\":1E+2}",
	"{\"a\":9223372036854775807,\"b\":-9223372036854775808}",
	"{\"a\":\"\\u00e9\",\"b\":\"\xc3\xa9\",\"c\":\"\\/\\b\\f\\n\\r\\t\"}",
	"{\"\\u0061\\\"}{\\\\\":1,\"\\u00e9]\":[]}",
	"{\"z\" : 1 ,\t\"a\": [ 1 , { \"y\" : 2, \"b\":\"]}\" } ] , \"m\":{} }",
	"{\"a\":\"\\\\\",\"b\":\"\\\\\\\"\",\"c\":\"}\"}",
	"{\"a\":null,\"b\":true,\"c\":false}",
	"{\"\":\"\",\" \":\" \"}",
	"{\"a\":\"\\ud83d\\ude00\",\"b\":\"\xf0\x9f\x98\x80\"}",
	"{\"a\":[[[[]]]],\"b\":{\"a\":{\"a\":{}}}}",
};

static void
test_unchanged(void)
{
	struct record r = RECORD_INIT;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		parse(&r, odd[i]);
		is_written(&r, odd[i]);
	}
	record_release(&r);
}

static void
test_changed_in_place(void)
{
	struct record r = RECORD_INIT;

	parse(&r, "{\"x\": 0.1, \"to\" :\"old\" ,\"y\":[1 , 2]}");
	record_set_string(&r, "to", "n\"ew");
	is_written(&r, "{\"x\": 0.1,\"to\":\"n\\\"ew\",\"y\":[1 , 2]}");
	record_set_integer(&r, "to", INT64_MIN);
	is_written(&r, "{\"x\": 0.1,\"to\":-9223372036854775808,"
	    "\"y\":[1 , 2]}");
	record_set_integer(&r, "x", 7);
	record_set_integer(&r, "y", 8);
	is_written(&r, "{\"x\":7,\"to\":-9223372036854775808,\"y\":8}");
	/* A key is the same key however it was escaped. */
	parse(&r, "{\"\\u0074o\":1,\"b\":\"\\u00e9\"}");
	record_set_integer(&r, "to", 2);
	is_written(&r, "{\"to\":2,\"b\":\"\\u00e9\"}");
	record_release(&r);
}

static void
test_appended_and_removed(void)
{
	struct record r = RECORD_INIT;

	parse(&r, " { } ");
	record_set_string(&r, "a", "1");
	is_written(&r, "{\"a\":\"1\"}");
	parse(&r, "{\"a\":0.10,\"b\":\"\\u00e9\",\"c\":1.0}");
	record_set_string(&r, "d", "x");
	is_written(&r, "{\"a\":0.10,\"b\":\"\\u00e9\",\"c\":1.0,\"d\":\"x\"}");
	record_remove(&r, "b");
	is_written(&r, "{\"a\":0.10,\"c\":1.0,\"d\":\"x\"}");
	assert(record_get(&r, "b") == NULL);
	record_remove(&r, "b");
	record_remove(&r, "a");
	record_remove(&r, "d");
	is_written(&r, "{\"c\":1.0}");
	record_remove(&r, "c");
	is_written(&r, "{}");
	record_set_integer(&r, "c", 1);
	is_written(&r, "{\"c\":1}");
	record_new(&r);
	is_written(&r, "{}");
	record_release(&r);
}

/* Removing what is not there changes no byte. */
static void
test_no_change_is_no_change(void)
{
	struct record r = RECORD_INIT;

	parse(&r, "{ \"a\" : 1 }");
	record_remove(&r, "b");
	is_written(&r, "{ \"a\" : 1 }");
	record_release(&r);
}

static void
test_many_members(void)
{
	struct buf line = BUF_INIT(RECORD_MAX), expected = BUF_INIT(RECORD_MAX);
	struct record r = RECORD_INIT;

	for (int i = 0; i < 1000; i++) {
		buf_printf(&line, "%s\"k%d\": %d.0", i == 0 ? "{" : ", ", i, i);
		buf_printf(&expected, i % 3 == 0 ? "%s\"k%d\":%d" :
		    "%s\"k%d\": %d.0", i == 0 ? "{" : ",", i, i);
	}
	buf_char(&line, '}');
	buf_char(&expected, '}');
	parse(&r, buf_text(&line));
	for (int i = 0; i < 1000; i += 3) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		record_set_integer(&r, key, i);
	}
	is_written(&r, buf_text(&expected));
	record_release(&r);
	buf_release(&line);
	buf_release(&expected);
}

static void
refuses(const char *line, size_t len)
{
	struct record r = RECORD_INIT;
	struct error e = { .status = 0 };

	assert(record_parse(&r, line, len, &e) == -1);
	assert(e.status == EX_DATAERR);
	assert(e.text[0] != '\0');
	record_release(&r);
}

static void
test_refused(void)
{
	static const char *const lines[] = {
		"", " ", "[]", "[{}]", "1", "\"a\"", "null", "true", "{", "}",
		"{}{}", "{} x", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}",
		"{\"o\":{\"a\":1,\"a\":1}}", "{\"a\":\"\\u0000\"}",
		"{\"\\u0000\":1}", "{\"a\\u0000b\":1}", "{\"a\":NaN}",
		"{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\":01}", "{\"a\":+1}",
		"{\"a\":.1}", "{\"a\":1.}", "{\"a\":9223372036854775808}",
		"{\"a\":-9223372036854775809}", "{\"a\":\"\\ud800\"}",
		"{\"a\":\"\xff\"}", "{\"a\":\"\xc0\xaf\"}",
		"{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\t\"}", "{\"a\":\"",
		"{\"a\":\"x", "{\"a\"", "{\"a\":", "\xef\xbb\xbf{}"
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		refuses(lines[i], strlen(lines[i]));
	refuses("{\"a\":\"x\0y\"}", 11);
	refuses("{\"a\":1}\0", 8);
	refuses("{}\0{}", 5);
}

/* After a refusal the same record parses the next line. */
/* It finds what a parser would find, or says that it cannot. */
static void
test_peek(void)
{
	static const struct {
		const char *line, *id;	/* NULL: not to be had */
	} all[] = {
		{ "{\"id\":\"m1\"}", "m1" },
		{ " { \"a\" : [1,{\"id\":\"no\"}] ,\t\"id\" : \"m1\" } ", "m1" },
		{ "{\"x\":{\"id\":\"no\"},\"id\":\"m2\",\"y\":1}", "m2" },
		{ "{\"x\":\"\\\"id\\\":\\\"no\\\"\",\"id\":\"m3\"}", "m3" },
		{ "{\"x\":\"}{]\\\\\",\"id\":\"m4\"}", "m4" },
		{ "{\"x\":\"id\",\"y\":\"z\",\"id\":\"\"}", "" },
		{ "{\"id\":\"\xc3\xb1\"}", "\xc3\xb1" },
		{ "{\"id\":\"1234567\"}", "1234567" },
		{ "{\"id\":\"12345678\"}", NULL },
		{ "{\"id\":\"a\\n\"}", NULL },
		{ "{\"i\\u0064\":\"m1\"}", NULL },
		{ "{\"id\":7}", NULL },
		{ "{\"id\":{\"id\":\"no\"}}", NULL },
		{ "{\"ids\":\"no\",\"i\":\"id\"}", NULL },
		{ "[{\"id\":\"no\"}]", NULL },
		{ "{\"id\":\"m1", NULL },
		{ "{\"id\":\"m1\\", NULL },
		{ "{\"id\":", NULL },
		{ "{\"id\"", NULL },
		{ "{\"x\":\"\\", NULL },
		{ "", NULL }
	};
	struct record r = RECORD_INIT;
	struct error e;
	char out[8];
	size_t len;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		len = strlen(all[i].line);
		assert(record_peek(all[i].line, len, "id", out, sizeof(out)) ==
		    (all[i].id != NULL));
		if (all[i].id == NULL)
			continue;
		assert(strcmp(out, all[i].id) == 0);
		assert(record_parse(&r, all[i].line, len, &e) == 0);
		assert(strcmp(record_string(&r, "id"), out) == 0);
		/* Cut off anywhere it says the same or nothing. */
		for (size_t n = 0; n < len; n++)
			assert(!record_peek(all[i].line, n, "id", out,
			    sizeof(out)) || strcmp(out, all[i].id) == 0);
	}
	record_release(&r);
}

static void
test_used_again(void)
{
	struct record r = RECORD_INIT;
	struct error e;

	parse(&r, "{\"a\":1}");
	record_set_string(&r, "b", "2");
	assert(record_parse(&r, "nonsense", 8, &e) == -1);
	parse(&r, "{\"c\":0.1}");
	assert(record_get(&r, "a") == NULL && record_get(&r, "b") == NULL);
	is_written(&r, "{\"c\":0.1}");
	record_release(&r);
}

static void
test_refusal(void)
{
	struct refusal why = { .stage = "route", .code = "no_address",
	    .field = "to", .line = 17 };
	struct record r = RECORD_INIT;

	parse(&r, "{\"id\":1.0}");
	assert(!record_is_refused(&r));
	record_refuse(&r, &why, "no\naddress");
	is_written(&r, "{\"id\":1.0,\"error\":{\"stage\":\"route\",\"code\":"
	    "\"no_address\",\"field\":\"to\",\"message\":\"no\\naddress\","
	    "\"line\":17,\"temporary\":false}}");
	assert(record_is_refused(&r) && !record_is_refused_temporarily(&r));
	why.temporary = true;
	record_refuse(&r, &why, "x");
	assert(record_is_refused_temporarily(&r));
	parse(&r, "{\"error\":null}");
	assert(!record_is_refused(&r));
	record_release(&r);
}

static void
test_values(void)
{
	struct arena mem = ARENA_INIT(1024 * 1024);
	struct record r = RECORD_INIT;
	struct value_iter it = { .at = NULL };
	struct value *list;
	int64_t n;

	parse(&r, "{\"a\":[{\"b\":7},\"x\",0.1,true,null],\"c\":{\"d\":\"e\"}}");
	assert(value_integer(value_path(r.root, "a.0.b"), &n) && n == 7);
	assert(strcmp(value_string(value_path(r.root, "c.d")), "e") == 0);
	assert(value_path(r.root, "a.9") == NULL);
	assert(value_path(r.root, "a.-1") == NULL);
	assert(value_path(r.root, "a.0x") == NULL);
	assert(value_path(r.root, "c.d.e") == NULL);
	assert(value_path(r.root, "") == NULL);
	assert(value_path(NULL, "a.b") == NULL);
	assert(value_count(record_get(&r, "a")) == 5);
	assert(value_type(value_path(r.root, "a.4")) == VALUE_NULL);
	assert(strcmp(value_scalar_text(value_path(r.root, "a.2"), &mem),
	    "0.1") == 0);
	assert(strcmp(value_scalar_text(value_path(r.root, "a.3"), &mem),
	    "true") == 0);
	assert(value_scalar_text(record_get(&r, "a"), &mem) == NULL);
	assert(value_next(r.root, &it) && strcmp(it.key, "a") == 0);
	assert(value_next(r.root, &it) && strcmp(it.key, "c") == 0);
	assert(!value_next(r.root, &it));
	/* What is not UTF-8 is mended, so that it can be written. */
	list = value_new_array();
	value_append_take(list, value_new_string("a\xff\xc3"));
	assert(strcmp(value_json(list, &mem),
	    "[\"a\xef\xbf\xbd\xef\xbf\xbd\"]") == 0);
	value_free(list);
	record_release(&r);
	arena_release(&mem);
}

/* Each byte that has to be written in another way, and each kind of value. */
static void
test_written(void)
{
	struct arena mem = ARENA_INIT(1024 * 1024);
	struct value *v = value_new_object();

	value_set_string(v, "a\"\\", "\b\f\n\r\t\x01\x1f\x7f\xc3\xa9/");
	value_set_null(v, "n");
	value_set_take(v, "e", value_new_array());
	value_set_integer(v, "i", INT64_MIN);
	value_set_bool(v, "b", true);
	value_set_bool(v, "c", false);
	assert(strcmp(value_json(v, &mem), "{\"a\\\"\\\\\":\"\\b\\f\\n\\r\\t"
	    "\\u0001\\u001F\x7f\xc3\xa9/\",\"n\":null,\"e\":[],"
	    "\"i\":-9223372036854775808,\"b\":true,\"c\":false}") == 0);
	value_free(v);
	arena_release(&mem);
}

/* JSONTestSuite's files that our rules for records refuse all the same. */
static bool
is_refused_by_rule(const char *name)
{
	static const char *const names[] = { "y_object_duplicated_key.json",
	    "y_object_duplicated_key_and_value.json",
	    "y_object_escaped_null_in_key.json" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static void
check_file(const char *name, const struct buf *text)
{
	const char *s = buf_text(text);
	struct record r = RECORD_INIT;
	bool accepted, object;
	struct error e;
	char *out;

	accepted = record_parse(&r, s, text->len, &e) == 0;
	object = s[strspn(s, " \t\r\n")] == '{';
	if (name[0] != 'i' &&
	    accepted != (name[0] == 'y' && object && !is_refused_by_rule(name)))
		fprintf(stderr, "%s: %s\n", name,
		    accepted ? "accepted" : e.text);
	assert(name[0] != 'n' || !accepted);
	assert(name[0] != 'y' ||
	    accepted == (object && !is_refused_by_rule(name)));
	if (accepted) {
		is_written(&r, s);
		/* What was changed is still JSON, and has all its members. */
		record_set_integer(&r, "added", 1);
		out = written(&r);
		assert(record_parse(&r, out, strlen(out), &e) == 0);
		assert(value_type(record_get(&r, "added")) == VALUE_INTEGER);
		record_release(&r);
		free(out);
	}
	record_release(&r);
}

static void
test_corpus(void)
{
	struct buf text = BUF_INIT(1024 * 1024);
	const char *root = getenv("OMNI_CORPORA");
	char path[PATH_MAX];
	struct dirent *d;
	struct error e;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/json/test_parsing",
	    root == NULL ? "../shared/corpora" : root);
	dir = opendir(path);
	if (dir == NULL) {
		printf("# skip no corpus at %s\n", path);
		return;
	}
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		buf_clear(&text);
		assert(io_read_file(dirfd(dir), d->d_name, &text, &e) == 0);
		check_file(d->d_name, &text);
		count++;
	}
	closedir(dir);
	buf_release(&text);
	assert(count > 300);
}

/* A parser that passes over one would have us walk on behind the line. */
static void
test_nul(void)
{
	static const struct {
		const char *line;
		size_t len;
	} lines[] = {
		{ "{\"a\":1\0}", 8 }, { "{\"a\":0.1\0,\"b\":2}", 16 },
		{ "{\"a\":\"x\0\"}", 10 }, { "{}\0", 3 }, { "\0", 1 }
	};
	struct record r = RECORD_INIT;
	struct error e;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert(record_parse(&r, lines[i].line, lines[i].len, &e) ==
		    -1);
		assert(strncmp(e.text, "not JSON: a NUL, at byte ", 25) == 0);
		assert(value_parse(lines[i].line, lines[i].len, &e) == NULL);
	}
	record_release(&r);
}

int
main(void)
{
	record_setup();
	test_unchanged();
	test_changed_in_place();
	test_appended_and_removed();
	test_no_change_is_no_change();
	test_many_members();
	test_refused();
	test_nul();
	test_peek();
	test_used_again();
	test_refusal();
	test_values();
	test_written();
	test_corpus();
	return 0;
}
