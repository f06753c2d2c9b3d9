#include "cgi.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "cgi_impl.h"
#include "inbound_file.h"
#include "page_hook.h"

/* Of both buffers, the arena, the libraries, and some more. */
#define MEMORY		(256UL * 1024 * 1024)
#define QUERY_MAX	8192	/* bytes, as the drain has it */
#define DISCARD_MS	2000
#define FORM_TYPE	"application/x-www-form-urlencoded"

/*
 * Each webhook that is known, by its path below the program.  Twilio signs JSON
 * too, and some services send it; SNS calls its JSON a text.
 */
static const struct cgi_hook hooks[] = {
	{ "/twilio/sms", "POST", FORM_TYPE " application/json",
	    { { "provider", "auth_token" } }, cgi_twilio },
	{ "/twilio/status", "POST", FORM_TYPE " application/json",
	    { { "provider", "auth_token" } }, cgi_twilio },
	{ "/twilio/call", "POST", FORM_TYPE " application/json",
	    { { "provider", "auth_token" } }, cgi_twilio },
	{ "/twilio/voice", "POST", FORM_TYPE " application/json",
	    { { "provider", "auth_token" } }, cgi_twilio },
	{ "/whatsapp", "GET, POST", "application/json",
	    { { "provider", "app_secret" }, { "provider", "verify_token" } },
	    cgi_whatsapp },
	{ "/ses", "POST", "text/plain application/json", { { NULL, NULL } },
	    cgi_ses },
	{ "/confirm", PAGE_METHODS, NULL, { { "links", "key" } }, cgi_page },
	{ "/unsubscribe", PAGE_METHODS, NULL, { { "links", "key" } },
	    cgi_page },
	{ "/preferences", PAGE_METHODS, NULL, { { "links", "key" } },
	    cgi_page }
};

static size_t taken;	/* of the body */

const struct cgi_hook *
cgi_find_hook(const char *path)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (path != NULL && strcmp(hooks[i].path, path) == 0)
			return &hooks[i];
	return NULL;
}

const char *
cgi_environment(const char *name)
{
	const char *s = getenv(name);

	if (s == NULL)
		return "";
	for (const char *p = s; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			cgi_answer("400 Bad Request", NULL, "", name);
	return s;
}

size_t
cgi_max_body(const struct config *c)
{
	size_t max = (size_t)config_integer(c, "ingest", NULL, "max_body");

	return max < CGI_BODY_BYTES ? max : CGI_BODY_BYTES;
}

/*
 * A server that hands on a body in chunks cannot say how long it is: then its
 * end is that of standard input.
 */
static bool
is_chunked(void)
{
	return *cgi_environment("CONTENT_LENGTH") == '\0' &&
	    strcasecmp(cgi_environment("HTTP_TRANSFER_ENCODING"),
	    "chunked") == 0;
}

/* False when it is no number; one too large to be held is ULONG_MAX. */
static bool
read_length(const char *s, unsigned long *n)
{
	size_t len = strspn(s, "0123456789");

	*n = strtoul(s, NULL, 10);
	return s[len] == '\0';
}

static size_t
body_length(size_t max)
{
	unsigned long n;

	if (!read_length(cgi_environment("CONTENT_LENGTH"), &n))
		cgi_answer("400 Bad Request", NULL, "", "CONTENT_LENGTH");
	if (n > max)
		cgi_answer("413 Content Too Large", NULL, "",
		    "the body is too long");
	return n;
}

/* Ours is the fault: after a 400 the provider would not try again. */
static _Noreturn void
body_unreadable(void)
{
	char why[128];

	snprintf(why, sizeof(why), "the body cannot be read: %s",
	    strerror(errno));
	cgi_answer("503 Service Unavailable", NULL, "", why);
}

/* Ends the program when nothing came in time. */
static void
wait_for_body(int64_t deadline)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left;
	int n = -1;

	while (n == -1) {
		left = deadline - clock_monotonic_ms();
		n = left <= 0 ? 0 : poll(&p, 1, (int)left);
		if (n == 0)
			cgi_answer("408 Request Timeout", NULL, "",
			    "the body did not come in time");
		if (n == -1 && errno != EINTR)
			body_unreadable();
	}
}

void
cgi_read_body(struct config *c, struct cgi_request *r, size_t max)
{
	int64_t deadline = clock_monotonic_ms() + 1000 *
	    config_duration(c, "ingest", NULL, "timeout");
	const bool chunked = is_chunked();
	size_t len = chunked ? max + 1 : body_length(max), left;
	char chunk[8192];
	ssize_t n;

	r->body = (struct buf)BUF_INIT(INBOUND_FILE_MAX);
	taken = 0;
	while (r->body.len < len) {
		wait_for_body(deadline);
		left = len - r->body.len;
		n = io_read(STDIN_FILENO, chunk, left < sizeof(chunk) ? left :
		    sizeof(chunk));
		if (n == -1)
			body_unreadable();
		if (n == 0 && chunked)
			break;
		if (n == 0)
			cgi_answer("400 Bad Request", NULL, "",
			    "the body is shorter than CONTENT_LENGTH");
		buf_add(&r->body, chunk, (size_t)n);
		taken += (size_t)n;
	}
	if (r->body.len > max)
		cgi_answer("413 Content Too Large", NULL, "",
		    "the body is too long");
}

void
cgi_discard_body(void)
{
	int64_t deadline = clock_monotonic_ms() + DISCARD_MS;
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	const char *s = getenv("CONTENT_LENGTH");
	size_t most = INBOUND_FILE_MAX;
	unsigned long length = 0;
	char chunk[8192];
	ssize_t n = 1;

	if (s == NULL || !read_length(s, &length))
		return;
	if (length < most)
		most = length;
	for (; taken < most && n > 0; taken += n > 0 ? (size_t)n : 0) {
		if (poll(&p, 1, DISCARD_MS) <= 0 ||
		    clock_monotonic_ms() > deadline)
			return;
		n = io_read(STDIN_FILENO, chunk, most - taken <
		    sizeof(chunk) ? most - taken : sizeof(chunk));
	}
}

bool
cgi_any_secret(struct config *c, const char *kind, const char *key,
    bool (*fits)(struct cgi_request *r, const char *secret),
    struct cgi_request *r)
{
	struct buf secret = BUF_INIT(4096);
	const char *name;
	bool ok = false, unreadable = false, unset = false, set = false;
	struct error e;

	for (size_t i = 0; (name = config_name(c, "provider", i)) != NULL &&
	    !ok; i++) {
		if (strcmp(config_string(c, "provider", name, "kind"),
		    kind) != 0)
			continue;
		if (config_string(c, "provider", name, key) == NULL) {
			unset = true;
			continue;
		}
		set = true;
		if (config_secret(c, "provider", name, key, &secret,
		    &e) == -1) {
			diag("%s", e.text);
			unreadable = true;
			continue;
		}
		ok = fits(r, buf_text(&secret));
		explicit_bzero(secret.data, secret.len);
	}
	buf_release(&secret);
	/* Ours is the fault: the provider must try again. */
	if (!ok && (unreadable || (unset && !set)))
		cgi_answer("503 Service Unavailable", NULL, "", unreadable ?
		    "a secret cannot be read" :
		    "a secret is not in the configuration");
	return ok;
}

/*
 * "Application/JSON; charset=utf-8" is one of "application/json text/plain".
 * Without a type it may be any: the signature decides.
 */
static bool
is_of_types(const char *type, const char *types)
{
	size_t len = strcspn(type, "; \t"), n;

	if (*type == '\0')
		return true;
	for (; *types != '\0'; types += n + (types[n] != '\0')) {
		n = strcspn(types, " ");
		if (n == len && strncasecmp(type, types, n) == 0)
			return true;
	}
	return false;
}

/* "GET" is one of "GET, HEAD, POST". */
static bool
is_one_of(const char *method, const char *methods)
{
	char word[8];

	for (size_t i = 0; config_word(methods, i, word, sizeof(word)); i++)
		if (strcmp(word, method) == 0)
			return true;
	return false;
}

_Noreturn void
cgi_take(struct config *c, struct cgi_request *r)
{
	const char *method = cgi_environment("REQUEST_METHOD");

	r->path = cgi_environment("PATH_INFO");
	r->type = cgi_environment("CONTENT_TYPE");
	if (r->hook == NULL)
		cgi_answer("404 Not Found", NULL, "", r->path);
	r->method = method;
	r->get = strcmp(method, "GET") == 0;
	if (!is_one_of(method, r->hook->methods))
		cgi_answer("405 Method Not Allowed", NULL, "",
		    arena_printf(r->mem, "not a %s", r->hook->methods));
	if (strlen(cgi_environment("QUERY_STRING")) > QUERY_MAX)
		cgi_answer("414 URI Too Long", NULL, "",
		    "the query is too long");
	if (!r->get && r->hook->types != NULL &&
	    !is_of_types(r->type, r->hook->types))
		cgi_answer("415 Unsupported Media Type", NULL, "",
		    arena_printf(r->mem, "CONTENT_TYPE %.100s: none of %s",
		    r->type, r->hook->types));
	r->hook->take(c, r);
	abort();
}

/* All that has to be opened for the path, and then nothing more. */
static void
prepare(struct config *c, struct cgi_request *r)
{
	if (r->hook == NULL) {
		inbound_none(c);
		return;
	}
	for (size_t i = 0; i < CGI_SECRETS &&
	    r->hook->secrets[i].kind != NULL; i++)
		config_keep_secrets(c, r->hook->secrets[i].kind,
		    r->hook->secrets[i].key);
	inbound_open(r->spool, c, true, MEMORY, INBOUND_FILE_MAX);
}

_Noreturn void
cgi(struct config *c)
{
	static struct arena mem = ARENA_INIT(64 * 1024 * 1024);
	static struct inbound_spool spool;
	struct cgi_request r = { .mem = &mem, .spool = &spool,
	    .hook = cgi_find_hook(getenv("PATH_INFO")) };

	prepare(c, &r);
	cgi_take(c, &r);
}
