/*
 * Requests for the pages behind links, made by chance, for libFuzzer or
 * feed.c: four lines and a body.
 *
 *	POST /confirm\nt=@&l=en\napplication/x-www-form-urlencoded\nes;q=0.5\n
 *	answer=confirm
 *
 * "@" in the query stands for a token that is good there, and "!" for one that
 * has expired: nobody finds one by chance.
 */
#include "http.h"

#include "ingest/link_hook.h"
#include "ingest/page_hook.h"

#define INPUT_MAX	(128 * 1024)
#define NOW		1795475700

/* The next line of `*s`, ended there; NULL: there is none. */
static char *
line(char **s)
{
	char *start = *s, *end = strchr(start, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	*s = end + 1;
	return start;
}

static void
put_token(const char *path, bool expired, struct buf *out)
{
	char token[LINK_TOKEN_SIZE];
	struct links l;
	struct error e;

	promise(links_open(&l, config, &e) == 0, "there is a key");
	for (enum link_purpose p = 0; p < LINK_PURPOSES; p++)
		if (strcmp(path + 1, link_name(p)) == 0)
			buf_str(out, link_token(&l, p, "a 1.r1/1", expired ?
			    NOW - 900 : NOW + 900, token));
	links_release(&l);
}

static void
check_headers(const struct page_answer *a)
{
	const char *s = buf_text(&a->headers);
	size_t n;

	promise(!a->headers.full && a->headers.len > 0, "headers fit");
	for (; *s != '\0'; s += n + 2) {
		n = strcspn(s, "\r\n");
		promise(n > 0 && s[n] == '\r' && s[n + 1] == '\n',
		    "each header is a line");
		promise(memchr(s, ':', n) != NULL, "each header has a name");
		for (size_t i = 0; i < n; i++)
			promise(s[i] >= ' ' && s[i] < 0x7f,
			    "headers are printable");
	}
}

/* " onclick=": no word of a text is followed by that. */
static bool
has_handler(const char *page)
{
	while ((page = strstr(page, " on")) != NULL) {
		page += 3;
		if (page[strspn(page, "abcdefghijklmnopqrstuvwxyz")] == '=')
			return true;
	}
	return false;
}

/* Whoever writes the request writes nothing of the page but its values. */
static void
check_page(const struct page_answer *a, const struct page_request *r)
{
	const char *page = buf_text(&a->body);

	if (strcmp(r->method, "HEAD") == 0) {
		promise(a->body.len == 0, "HEAD has no body");
		return;
	}
	promise(!a->body.full && a->length == a->body.len &&
	    strlen(page) == a->body.len, "the page is whole");
	promise(utf8_valid(page, a->body.len), "the page is UTF-8");
	promise(strcmp(page + a->body.len - 8, "</html>\n") == 0,
	    "the page has an end");
	promise(strstr(page, "<script") == NULL &&
	    strstr(page, " style=") == NULL && !has_handler(page),
	    "the page has no script and no style in an attribute");
}

/* What one half keeps the other one takes, and says in words. */
static void
check_kept(const struct page_request *r, struct arena *mem)
{
	const struct link_file f = { .hook = r->path + 1, .query = r->query,
	    .type = r->type, .received = NOW, .body = r->body, .len = r->len };
	struct link_hook h = LINK_HOOK_INIT(config);
	struct value *events = NULL;
	const char *text;
	struct error e;

	promise(link_hook_read(&h, &f, mem, &events, &e) == 0,
	    "what is kept is understood");
	promise(value_count(events) == 1, "it is one event");
	text = value_get_string(value_at(events, 0), "text");
	promise(text != NULL && *text != '\0', "it has a text");
	for (; *text != '\0'; text++)
		promise(*text >= ' ' && *text < 0x7f, "which can be printed");
	promise(strcmp(value_get_string(value_at(events, 0), "answers"),
	    "a 1.r1/1") == 0, "it is of our message");
	value_free(events);
	link_hook_release(&h);
}

static void
ask(const struct page_request *r, bool good, struct arena *mem)
{
	struct page_answer a = PAGE_ANSWER_INIT;

	page_hook(config, r, NOW, mem, &a);
	promise(a.keep == (strcmp(a.status, "200 OK") == 0 &&
	    strcmp(r->method, "POST") == 0), "a POST that succeeds is kept");
	promise(!a.keep || good, "no token was found by chance");
	promise((a.why == NULL) == (strcmp(a.status, "200 OK") == 0),
	    "what fails says why");
	check_headers(&a);
	check_page(&a, r);
	if (a.keep) {
		check_kept(r, mem);
		page_hook_unkept(&a);
		promise(!a.keep && *a.status == '5', "what is lost is told");
		check_page(&a, r);
	}
	page_answer_release(&a);
}

static void
enter_site(void)
{
	promise(setenv("FUZZ_LINKS_KEY", "0123456789abcdef0123456789abcdef",
	    1) == 0, "there is an environment");
	enter("[site]\nname = C & D\npublic_url = https://c.example\n"
	    "[links]\nkey = env:FUZZ_LINKS_KEY\n[provider p]\nkind = console\n"
	    "[channel sms]\ntype = sms\nprovider = p\n");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena mem = ARENA_INIT(64 * 1024 * 1024);
	struct buf query = BUF_INIT(INPUT_MAX);
	struct page_request r = { .body = "" };
	char *text, *s, *path, *raw;
	bool good;

	if (config == NULL)
		enter_site();
	s = text = arena_strndup(&mem, (const char *)data, size);
	path = line(&s);
	raw = path == NULL ? NULL : line(&s);
	r.type = raw == NULL ? NULL : line(&s);
	r.accepted = r.type == NULL ? NULL : line(&s);
	r.path = path == NULL ? NULL : strchr(path, ' ');
	if (r.accepted == NULL || r.path == NULL || !page_hook_is(++r.path)) {
		arena_release(&mem);
		return 0;
	}
	path[r.path - path - 1] = '\0';
	r.method = path;
	good = strchr(raw, '@') != NULL;
	for (; *raw != '\0'; raw++)
		if (*raw == '@' || *raw == '!')
			put_token(r.path, *raw == '!', &query);
		else
			buf_char(&query, *raw);
	r.query = buf_text(&query);
	r.body = s;
	r.len = size - (size_t)(s - text);
	ask(&r, good, &mem);
	buf_release(&query);
	arena_release(&mem);
	return 0;
}
