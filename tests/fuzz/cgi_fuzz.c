/*
 * Requests of a web server made by chance, for libFuzzer or feed.c, given to
 * the CGI as far as it goes without ending the process or writing a file.
 *
 * An input is lines "NAME=VALUE" of the environment, an empty line, and the
 * body.  A signature "*" is replaced by the right one: for Meta over the body,
 * for Twilio over the URL alone, which is right for an empty form.
 */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/digest.h"
#include "ingest/cgi_impl.h"
#include "ingest/inbound_file.h"
#include "ingest/page_hook.h"
#include "promise.h"

#define URL	"https://h.example/omni"

static const char *const names[] = { "PATH_INFO", "REQUEST_METHOD",
	"QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH",
	"HTTP_TRANSFER_ENCODING", "HTTP_X_TWILIO_SIGNATURE",
	"HTTP_X_HUB_SIGNATURE_256", "HTTP_I_TWILIO_IDEMPOTENCY_TOKEN" };
#define NAMES	(sizeof(names) / sizeof(names[0]))

static struct config *config;
static struct arena mem = ARENA_INIT(64 * 1024 * 1024);
static jmp_buf answered;
static char status[4];
static bool kept, refused, is_signed;
static int input = -1;

/* In place of those of cgi_answer.c, which end the process. */

_Noreturn void
cgi_answer(const char *line, const char *type, const char *body,
    const char *why)
{
	promise(strlen(line) > 4 && line[3] == ' ' &&
	    strpbrk(line, "\r\n") == NULL, "a status is one line");
	promise(type == NULL || strpbrk(type, "\r\n") == NULL,
	    "a type is one line");
	promise((line[0] == '2') == (why == NULL), "why not is said");
	promise(type != NULL || body[0] == '\0', "a text has a type");
	memcpy(status, line, 3);
	longjmp(answered, 1);
}

_Noreturn void
cgi_refuse(const struct cgi_request *r, const char *why)
{
	promise(r->hook != NULL && !kept, "only what was to be kept");
	refused = true;
	cgi_answer("403 Forbidden", NULL, "", why);
}

void
cgi_keep(const struct cgi_request *r)
{
	promise(!kept, "kept once");
	promise(!r->get && r->body.len <= 3 * 1024 * 1024, "within limits");
	promise(is_signed || strcmp(r->path, "/ses") == 0,
	    "what is kept is signed, or the drain will see");
	kept = true;
}

int
cgi_try_keep(const struct cgi_request *r, struct error *e)
{
	(void)e;
	promise(!kept, "kept once");
	promise(page_hook_is(r->path) && r->body.len <= LINK_BODY_MAX,
	    "within limits");
	kept = true;
	return 0;
}

_Noreturn void
cgi_answer_page(const struct cgi_request *r, const struct page_answer *a)
{
	struct page_answer own = *a;

	(void)r;
	promise((a->status[0] == '2') == (a->why == NULL), "why not is said");
	memcpy(status, a->status, 3);
	refused = strcmp(status, "403") == 0;
	page_answer_release(&own);
	longjmp(answered, 1);
}

static void
load(void)
{
	const char *overrides[] = { "site.public_url=" URL,
	    "provider t.kind=twilio", "provider t.auth_token=env:FUZZ_SECRET",
	    "provider w.kind=whatsapp", "provider w.app_secret=env:FUZZ_SECRET",
	    "provider w.verify_token=env:FUZZ_SECRET", "provider s.kind=ses",
	    "provider s.sns_topic=arn:aws:sns:us-east-1:1:t",
	    "ingest.timeout=1s", "links.key=env:FUZZ_KEY" };
	struct error e;

	setenv("FUZZ_SECRET", "secret", 1);
	setenv("FUZZ_KEY", "0123456789abcdef0123456789abcdef", 1);
	config = config_load("/dev/null", overrides,
	    sizeof(overrides) / sizeof(overrides[0]), &e);
	if (config == NULL)
		fprintf(stderr, "%s\n", e.text);
	promise(config != NULL, "the configuration is good");
	input = memfd_create("body", 0);
	promise(input != -1 && dup2(input, STDIN_FILENO) == STDIN_FILENO,
	    "there is a standard input");
}

/* One line; returns what comes after it, or NULL. */
static char *
take_line(char *s)
{
	char *end = strchr(s, '\n'), *equals;

	if (end != NULL)
		*end = '\0';
	equals = strchr(s, '=');
	for (size_t i = 0; equals != NULL && i < NAMES; i++)
		if (strlen(names[i]) == (size_t)(equals - s) &&
		    strncmp(names[i], s, strlen(names[i])) == 0)
			setenv(names[i], equals + 1, 1);
	return end == NULL ? NULL : end + 1;
}

static bool
asks_for(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && strcmp(s, "*") == 0;
}

static void
sign(const char *body, size_t len)
{
	char text[128] = "sha256=", *url;
	unsigned char mac[20];
	const char *path = getenv("PATH_INFO"), *query = getenv("QUERY_STRING");

	is_signed = false;
	if (asks_for("HTTP_X_HUB_SIGNATURE_256")) {
		digest_hmac_sha256("secret", 6, body, len, text + 7);
		setenv("HTTP_X_HUB_SIGNATURE_256", text, 1);
		is_signed = true;
	}
	if (asks_for("HTTP_X_TWILIO_SIGNATURE")) {
		url = arena_printf(&mem, URL "%s%s%s", path == NULL ? "" : path,
		    query == NULL || *query == '\0' ? "" : "?",
		    query == NULL ? "" : query);
		digest_hmac_sha1("secret", 6, url, strlen(url), mac);
		digest_base64(mac, sizeof(mac), text);
		setenv("HTTP_X_TWILIO_SIGNATURE", text, 1);
		is_signed = true;
	}
}

/* The environment and standard input, of one input. */
static void
set_request(char *text, size_t size)
{
	char *line = text;
	size_t len;

	for (size_t i = 0; i < NAMES; i++)
		unsetenv(names[i]);
	while (line != NULL && line < text + size && *line != '\n')
		line = take_line(line);
	line = line == NULL || line >= text + size ? text + size : line + 1;
	len = (size_t)(text + size - line);
	promise(ftruncate(input, 0) == 0 && lseek(input, 0, SEEK_SET) == 0 &&
	    write(input, line, len) == (ssize_t)len &&
	    lseek(input, 0, SEEK_SET) == 0, "there is a body");
	sign(line, len);
}

static void
check_answer(void)
{
	static const char known[] = "200 204 400 403 404 405 408 410 413 414 "
	    "415 422 ";
	const char *method = getenv("REQUEST_METHOD");

	promise(strstr(known, status) != NULL, "a status of the manual");
	promise(refused == (strcmp(status, "403") == 0),
	    "what is refused is counted");
	if (method != NULL && strcmp(method, "POST") == 0)
		promise(kept == (status[0] == '2'),
		    "what is kept is acknowledged, and nothing else");
	else
		promise(!kept, "only a POST brings anything");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cgi_request r;
	char *text = as_text(data, size);

	if (config == NULL)
		load();
	set_request(text, size);
	kept = refused = false;
	r = (struct cgi_request){ .mem = &mem,
	    .hook = cgi_find_hook(getenv("PATH_INFO")) };
	if (setjmp(answered) == 0)
		cgi_take(config, &r);
	check_answer();
	buf_release(&r.body);
	arena_reset(&mem);
	free(text);
	return 0;
}
