/* The pages behind links, without a web server. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/page_hook.h"

#define KEY	"0123456789abcdef0123456789abcdef"
#define FORM	"application/x-www-form-urlencoded"

static char conf[] = "/tmp/omni-page-XXXXXX";
static struct config *config;
static struct arena mem = ARENA_INIT(16 * 1024 * 1024);
static struct page_answer got = PAGE_ANSWER_INIT;
static const instant now = 1795475700;	/* 2026-11-23T22:35 */

static void
configure(const char *more)
{
	struct error e = { .text = "" };
	FILE *f = fopen(conf, "w");

	assert(f != NULL);
	assert(fprintf(f, "[site]\npublic_url = https://c.example/omni\n"
	    "[links]\nkey = env:TEST_LINKS_KEY\n[provider p]\nkind = console\n"
	    "[channel sms]\ntype = sms\nprovider = p\n"
	    "[channel mail]\ntype = email\nprovider = p\nactive = no\n"
	    "%s", more) > 0);
	assert(fclose(f) == 0);
	config_free(config);
	config = config_load(conf, NULL, 0, &e);
	if (config == NULL)
		fprintf(stderr, "%s\n", e.text);
	assert(config != NULL);
}

static const char *
token(enum link_purpose p, instant ends)
{
	static char out[LINK_TOKEN_SIZE];
	struct links l;
	struct error e;

	assert(links_open(&l, config, &e) == 0);
	assert(link_token(&l, p, "a.r1/1", ends, out) != NULL);
	links_release(&l);
	return out;
}

static void
ask(const char *method, const char *path, const char *query,
    const char *accepted, const char *body)
{
	const struct page_request r = { .method = method, .path = path,
	    .query = query, .accepted = accepted, .type = FORM, .body = body,
	    .len = strlen(body) };

	page_hook(config, &r, now, &mem, &got);
	assert(!got.headers.full && !got.body.full);
}

static bool
says(const char *text)
{
	return strstr(buf_text(&got.body), text) != NULL;
}

static void
shows(enum link_purpose p, const char *accepted, const char *text)
{
	char path[32], query[LINK_TOKEN_SIZE + 8];

	snprintf(path, sizeof(path), "/%s", link_name(p));
	snprintf(query, sizeof(query), "t=%s", token(p, now + 900));
	ask("GET", path, query, accepted, "");
	if (strcmp(got.status, "200 OK") != 0 || !says(text))
		fprintf(stderr, "%s\n%s\n", got.status, buf_text(&got.body));
	assert(strcmp(got.status, "200 OK") == 0 && says(text));
	assert(!got.keep);
}

static void
test_paths(void)
{
	assert(page_hook_is("/confirm") && page_hook_is("/unsubscribe") &&
	    page_hook_is("/preferences"));
	assert(!page_hook_is("confirm") && !page_hook_is("/confirm/") &&
	    !page_hook_is("//confirm") && !page_hook_is("/") &&
	    !page_hook_is("") && !page_hook_is(NULL));
}

static void
test_languages(void)
{
	static const char *const rows[][4] = {
		/* asked for, accepted, site; what comes */
		{ NULL, NULL, NULL, "es" }, { NULL, "", "en", "en" },
		{ NULL, "", "fr", "es" }, { NULL, "", "en-GB", "en" },
		{ NULL, "fr", "en", "en" }, { NULL, "en", "es", "en" },
		{ NULL, "en-US,en;q=0.9,es;q=0.8", "es", "en" },
		{ NULL, "es-MX,es;q=0.9,en;q=0.8", "en", "es" },
		{ NULL, "fr, EN-gb;q=0.3, es;q=0.2", "es", "en" },
		{ NULL, "en;q=0.1, es;q=0.5", "en", "es" },
		{ NULL, "en;q=0", "es", "es" },
		{ NULL, "en; q=0.2, es ;q=0.9", "en", "es" },
		{ NULL, "english", "es", "es" }, { NULL, ",,;;q=", "en", "en" },
		{ "en", "es", "es", "en" }, { "es", "en", "en", "es" },
		{ "fr", "en", "es", "en" }, { "", "en", "es", "en" }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *one = page_pick_language(rows[i][0], rows[i][1],
		    rows[i][2]);

		if (strcmp(one, rows[i][3]) != 0)
			fprintf(stderr, "row %zu: %s\n", i, one);
		assert(strcmp(one, rows[i][3]) == 0);
	}
}

/* What the configuration says is text, in whatever place. */
static void
test_escapes(void)
{
	configure("[site]\nname = A & <b>\"O'Hara\"</b>\n"
	    "emergency = 55 <i>\n[mail]\nreply_to = A <a@c.example>\n"
	    "[topic grooming]\nclass = reminder\n");
	shows(LINK_PREFERENCES, "en", " · A &amp; &lt;b&gt;&quot;O&#39;Hara"
	    "&quot;&lt;/b&gt;</title>");
	/* A topic of the site's own is called what it is called there. */
	assert(says("<label for=\"topic.grooming\">grooming</label>"));
	/* Neither can be a link. */
	assert(says("<p>Emergencies: 55 &lt;i&gt;</p>"));
	assert(says("<p>Email: A &lt;a@c.example&gt;</p>"));
	assert(!says("<b>") && !says("<i>"));
}

static void
test_contact(void)
{
	configure("[site]\nemergency = +52 (55) 5000-0000\n"
	    "[mail]\nreply_to = citas+a@c.example\n");
	shows(LINK_CONFIRM, "", "<a href=\"tel:+525550000000\">+52 (55) "
	    "5000-0000</a>");
	assert(says("<a href=\"mailto:citas+a@c.example\">"));
	configure("[site]\nemergency = 1\n");
	shows(LINK_CONFIRM, "", "<p>Urgencias: 1</p>");
	configure("");
	shows(LINK_CONFIRM, "", "<title>¿Podrá venir a su cita?</title>");
	assert(!says("<footer>") && !says("class=\"name\""));
}

/* Only what somebody could choose is offered. */
static void
test_offers(void)
{
	configure("[site]\nlanguage = fr\n");
	shows(LINK_PREFERENCES, "", "<option value=\"sms\">");
	assert(!says("<option value=\"email\">") &&
	    !says("<option value=\"voice\">"));
	assert(says("<option value=\"fr\" lang=\"fr\">Français</option>"));
	configure("[site]\nlanguage = ja\n");
	shows(LINK_PREFERENCES, "", "<option value=\"ja\" lang=\"ja\">ja");
	configure("");
	shows(LINK_PREFERENCES, "", "<option value=\"en\" lang=\"en\">English");
	assert(!says("lang=\"fr\""));
}

static void
test_expiry(void)
{
	char query[LINK_TOKEN_SIZE + 8];
	instant ends = now - now % 900 + 900;

	snprintf(query, sizeof(query), "t=%s", token(LINK_CONFIRM, ends));
	for (int i = -1; i < 2; i++) {
		const struct page_request r = { .method = "POST",
		    .path = "/confirm", .query = query, .accepted = "",
		    .type = FORM, .body = "answer=confirm", .len = 14 };

		page_hook(config, &r, ends + i, &mem, &got);
		assert(got.keep == (i < 0));
		assert(strcmp(got.status, i < 0 ? "200 OK" : "410 Gone") == 0);
	}
	/* Who comes too late may still read it in the other language. */
	assert(says("href=\"confirm?t=1c"));
}

static void
test_unkept(void)
{
	char query[LINK_TOKEN_SIZE + 8];

	snprintf(query, sizeof(query), "l=en&t=%s", token(LINK_CONFIRM,
	    now + 900));
	ask("POST", "/confirm", query, "", "answer=decline");
	assert(got.keep && says("Thank you for telling us"));
	page_hook_unkept(&got);
	assert(!got.keep && says("We could not save it") &&
	    !says("Thank you"));
	assert(strcmp(got.status, "503 Service Unavailable") == 0);
	assert(strstr(buf_text(&got.headers), "Retry-After: ") != NULL);
}

static void
test_head(void)
{
	char query[LINK_TOKEN_SIZE + 8];
	size_t length;

	snprintf(query, sizeof(query), "t=%s", token(LINK_CONFIRM, now + 900));
	ask("GET", "/confirm", query, "", "");
	length = got.length;
	assert(length > 0 && length == got.body.len);
	ask("HEAD", "/confirm", query, "", "");
	assert(got.body.len == 0 && got.length == length && !got.keep);
}

static void
test_key(void)
{
	assert(unsetenv("TEST_LINKS_KEY") == 0);
	ask("GET", "/confirm", "t=1cAAAAa", "", "");
	assert(strcmp(got.status, "503 Service Unavailable") == 0);
	assert(strcmp(got.why, "key of [links]: the environment has no "
	    "TEST_LINKS_KEY") == 0);
	assert(setenv("TEST_LINKS_KEY", KEY, 1) == 0);
}

int
main(void)
{
	int fd = mkstemp(conf);

	assert(fd != -1 && close(fd) == 0);
	assert(setenv("TEST_LINKS_KEY", KEY, 1) == 0);
	configure("");
	test_paths();
	test_languages();
	test_escapes();
	test_contact();
	test_offers();
	test_expiry();
	test_unkept();
	test_head();
	test_key();
	config_free(config);
	page_answer_release(&got);
	arena_release(&mem);
	unlink(conf);
	return 0;
}
