#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message/mailhead.h"

#define KEY	"0123456789abcdef0123456789abcdef"
#define ONE_CLICK \
	"\"List-Unsubscribe-Post\":\"List-Unsubscribe=One-Click\""

static char dir[] = "/tmp/omni-mailhead-XXXXXX";
static char conf[64];
static const struct meta *of_template;	/* or NULL */

static struct config *
site(struct links *l, const char *url, const char *more)
{
	FILE *f = fopen(conf, "w");
	struct config *c;
	struct error e;

	assert(f != NULL);
	assert(fprintf(f, "[site]\npublic_url = %s\n"
	    "[class news]\nunsubscribe = yes\n"
	    "[links]\nkey = env:LINKS_KEY\n%s", url, more) > 0);
	assert(fclose(f) == 0);
	c = config_load(conf, NULL, 0, &e);
	assert(c != NULL && links_init(l, c, &e) == 0 && l->on);
	return c;
}

/* What becomes of a record; the caller frees it. */
static char *
set(const struct links *l, const struct config *c, const char *line)
{
	struct filter f = { .stage = "render", .mem = ARENA_INIT(1 << 20) };
	struct record r = RECORD_INIT;
	struct buf out = BUF_INIT(1 << 20);
	struct error e;
	char *text;
	bool ok;

	assert(record_parse(&r, line, strlen(line), &e) == 0);
	ok = mail_headers_set(&f, &r, l, c, of_template);
	assert(ok == !record_is_refused(&r));
	record_write(&r, &out);
	text = strdup(buf_text(&out));
	assert(text != NULL);
	buf_release(&out);
	record_release(&r);
	arena_release(&f.mem);
	return text;
}

static void
expect(const struct links *l, const struct config *c, const char *line,
    const char *want)
{
	char *got = set(l, c, line);

	if (strstr(got, want) == NULL)
		fprintf(stderr, "[%s] not [%s]\n", got, want);
	assert(strstr(got, want) != NULL);
	free(got);
}

static void
expect_same(const struct links *l, const struct config *c, const char *line)
{
	char *got = set(l, c, line);

	if (strcmp(got, line) != 0)
		fprintf(stderr, "[%s]\n", got);
	assert(strcmp(got, line) == 0);
	free(got);
}

/* A class that people can leave shows how, the others do not. */
static void
test_classes(void)
{
	static const char *const shown[] = { "reminder", "announcement",
	    "marketing", "news" };
	static const char *const hidden[] = { "transactional", "alert" };
	struct links l;
	struct config *c = site(&l, "https://a.example/o", "");
	char line[200];

	for (size_t i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), "{\"id\":\"m/1\",\"channel\":"
		    "\"email\",\"class\":\"%s\"}", shown[i]);
		expect(&l, c, line, ",\"headers\":{\"List-Unsubscribe\":"
		    "\"<https://a.example/o/unsubscribe?t=1u");
		expect(&l, c, line, ">\"," ONE_CLICK "}}");
	}
	for (size_t i = 0; i < 2; i++) {
		snprintf(line, sizeof(line), "{\"id\":\"m/1\",\"channel\":"
		    "\"email\",\"class\":\"%s\"}", hidden[i]);
		expect_same(&l, c, line);
	}
	expect_same(&l, c, "{\"id\":\"m/1\",\"channel\":\"email\"}");
	expect_same(&l, c, "{\"channel\":\"email\",\"class\":\"news\"}");
	expect_same(&l, c, "{\"id\":\"m\",\"channel\":\"sms\",\"class\":"
	    "\"news\",\"headers\":{\"Bcc\":1}}");
	links_release(&l);
	expect_same(&l, c,
	    "{\"id\":\"m\",\"channel\":\"email\",\"class\":\"news\"}");
	config_free(c);
}

/* Without omni-route: as it would have found the class. */
static void
test_where_from(void)
{
	static const char want[] = "\"List-Unsubscribe\"";
	char marketing[] = "marketing", alert[] = "alert", sale[] = "sale";
	struct links l;
	struct config *c = site(&l, "https://a.example",
	    "[topic sale]\nclass = marketing\n");
	struct meta m = { .class = marketing };

	of_template = &m;
	expect(&l, c, "{\"id\":\"m\",\"channel\":\"email\"}", want);
	expect_same(&l, c, "{\"id\":\"m\",\"channel\":\"email\",\"class\":"
	    "\"alert\"}");
	m = (struct meta){ .topic = sale };
	expect(&l, c, "{\"id\":\"m\",\"channel\":\"email\"}", want);
	m = (struct meta){ .class = alert };
	expect(&l, c, "{\"id\":\"m\",\"channel\":\"email\",\"class\":"
	    "\"news\"}", want);
	of_template = NULL;
	expect(&l, c, "{\"id\":\"m\",\"channel\":\"email\",\"topic\":"
	    "\"sale\"}", want);
	expect_same(&l, c, "{\"id\":\"m\",\"channel\":\"email\",\"topic\":"
	    "\"none\"}");
	expect(&l, c, "{\"id\":\"m\",\"channel\":\"email\",\"class\":"
	    "\"markting\"}", "\"code\":\"unknown_class\",\"field\":"
	    "\"class\"");
	links_release(&l);
	config_free(c);
}

static void
test_forms(void)
{
	static const char line[] = "{\"id\":\"m 1\",\"channel\":\"email\","
	    "\"class\":\"news\"}";
	struct links l;
	struct config *c = site(&l, "https://a.example", "mailto = x@b.example");
	char *got = set(&l, c, line), *again, *mail;

	mail = strstr(got, ">, <mailto:x@b.example?subject=1u");
	assert(mail != NULL);
	/* The same token in both, and the same bytes from what came out. */
	assert(strncmp(strstr(got, "?t=") + 3, strstr(mail, "subject=") + 8,
	    strcspn(strstr(mail, "subject=") + 8, ">")) == 0);
	again = set(&l, c, got);
	assert(strcmp(got, again) == 0);
	free(again);
	free(got);
	links_release(&l);
	config_free(c);
	/* One-Click needs TLS. */
	c = site(&l, "http://a.example", "");
	expect(&l, c, line, "{\"List-Unsubscribe\":\"<http://a.example/"
	    "unsubscribe?t=1u");
	got = set(&l, c, line);
	assert(strstr(got, "One-Click") == NULL);
	free(got);
	links_release(&l);
	config_free(c);
}

static void
test_brought(void)
{
	struct links l;
	struct config *c = site(&l, "https://a.example", "");

	/* The caller's own list has its own way out. */
	expect_same(&l, c, "{\"id\":\"m\",\"channel\":\"email\",\"class\":"
	    "\"news\",\"headers\":{ \"list-unsubscribe\" : \"<x:y>\" }}");
	expect(&l, c, "{\"id\":\"m\",\"channel\":\"email\",\"class\":\"news\","
	    "\"headers\":{\"X-A\":\"1\",\"list-unsubscribe-post\":\"x\"}}",
	    "\"headers\":{\"X-A\":\"1\",\"List-Unsubscribe\":\"<https://");
	/* Ours, from a record that was another message, is made anew. */
	expect(&l, c, "{\"id\":\"new\",\"channel\":\"email\",\"class\":\"news\""
	    ",\"headers\":{\"list-unsubscribe\":\"<https://a.example/"
	    "unsubscribe?t=1uAAAAoldMMMMMMMMMMMMMA>\"," ONE_CLICK "}}",
	    "\"class\":\"news\",\"headers\":{\"List-Unsubscribe\":"
	    "\"<https://a.example/unsubscribe?t=1uHvm8new");
	expect(&l, c, "{\"id\":\"new\",\"channel\":\"email\",\"class\":"
	    "\"alert\",\"headers\":{\"List-Unsubscribe\":\"<https://a.example/"
	    "unsubscribe?t=1u>\"," ONE_CLICK "}}", "\"alert\"}");
	expect_same(&l, c, "{\"id\":\"m\",\"channel\":\"email\",\"class\":"
	    "\"alert\",\"headers\":{\"X-\\u0041\":\"1\"}}");
	links_release(&l);
	config_free(c);
}

static void
test_refusals(void)
{
	static const struct { const char *members, *code, *field, *why; } t[] = {
		{ "\"headers\":7", "bad_header", "headers", "not an object" },
		{ "\"headers\":null", "bad_header", "headers",
		    "not an object" },
		{ "\"headers\":{\"X-A\":\"a\\r\\nBcc: b@c.example\"}",
		    "bad_header", "headers.X-A", "line end" },
		{ "\"headers\":{\"X-A\":\"a\\u0085b\"}", "bad_header",
		    "headers.X-A", "line end" },
		{ "\"headers\":{\"X-A\\r\\nBcc\":\"b@c.example\"}",
		    "bad_header", "headers.X-A\\r\\nBcc", "bad name" },
		{ "\"headers\":{\"X-A:\":\"1\"}", "bad_header",
		    "headers.X-A:", "bad name" },
		{ "\"headers\":{\"\":\"1\"}", "bad_header", "headers.",
		    "bad name" },
		{ "\"headers\":{\"bCC\":\"b@c.example\"}", "bad_header",
		    "headers.bCC", "may not be set" },
		{ "\"headers\":{\"Content-Type\":\"text/html\"}",
		    "bad_header", "headers.Content-Type", "may not be set" },
		{ "\"headers\":{\"auto-submitted\":\"no\"}", "bad_header",
		    "headers.auto-submitted", "may not be set" },
		{ "\"headers\":{\"X-A\":1}", "bad_header", "headers.X-A",
		    "not a string" },
		{ "\"headers\":{\"X-A\":\"\"}", "bad_header", "headers.X-A",
		    "empty" },
		{ "\"headers\":{\"X-A\":\"a \"}", "bad_header", "headers.X-A",
		    "space at an end" },
		{ "\"subject\":\"a\\r\\nBcc: b@c.example\"", "bad_subject",
		    "subject", "line end" },
		{ "\"subject\":\"a\\u007f\"", "bad_subject", "subject",
		    "control" },
	};
	struct links l;
	struct config *c = site(&l, "https://a.example", "");
	char line[300], want[300];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(line, sizeof(line), "{\"id\":\"m\",\"channel\":"
		    "\"email\",\"class\":\"news\",%s}", t[i].members);
		snprintf(want, sizeof(want), "\"code\":\"%s\",\"field\":\"%s\"",
		    t[i].code, t[i].field);
		expect(&l, c, line, want);
		expect(&l, c, line, t[i].why);
	}
	links_release(&l);
	/* Also where there are no links. */
	expect(&l, c, "{\"channel\":\"email\",\"headers\":{\"To\":\"x\"}}",
	    "bad_header");
	config_free(c);
}

int
main(void)
{
	assert(setenv("OMNI_NOW", "2026-11-23T23:00:00Z", 1) == 0);
	assert(setenv("LINKS_KEY", KEY, 1) == 0);
	clock_init();
	assert(mkdtemp(dir) != NULL);
	snprintf(conf, sizeof(conf), "%s/omni.conf", dir);
	test_classes();
	test_where_from();
	test_forms();
	test_brought();
	test_refusals();
	assert(unlink(conf) == 0 && rmdir(dir) == 0);
	return 0;
}
