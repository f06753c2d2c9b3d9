#include "cgi.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "cgi_impl.h"
#include "inbound_file.h"
#include "store/spool.h"

/* Each webhook that is known, by its path below the program. */
static const struct hook {
	const char *path, *methods;
	void (*take)(struct config *c, struct cgi_request *r);
} hooks[] = {
	{ "/twilio/sms", "POST", cgi_twilio },
	{ "/twilio/status", "POST", cgi_twilio },
	{ "/twilio/call", "POST", cgi_twilio },
	{ "/twilio/voice", "POST", cgi_twilio },
	{ "/whatsapp", "GET, POST", cgi_whatsapp },
	{ "/ses", "POST", cgi_ses }
};

static const struct hook *
find_hook(const char *path)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (path != NULL && strcmp(hooks[i].path, path) == 0)
			return &hooks[i];
	return NULL;
}

_Noreturn void
cgi_answer(const char *status, const char *type, const char *body,
    const char *why)
{
	static struct buf out = BUF_INIT(64 * 1024);
	const struct hook *hook = find_hook(getenv("PATH_INFO"));

	if (why != NULL)
		diag("%s: %s", status, why);
	buf_printf(&out, "Status: %s\r\n", status);
	if (strncmp(status, "405", 3) == 0 && hook != NULL)
		buf_printf(&out, "Allow: %s\r\n", hook->methods);
	if (type != NULL)
		buf_printf(&out, "Content-Type: %s\r\n", type);
	buf_printf(&out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	if (io_write_all(STDOUT_FILENO, buf_text(&out), out.len) == -1)
		die(EX_IOERR, "stdout: %s", strerror(errno));
	exit(EX_OK);
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

static size_t
body_length(size_t max)
{
	const char *s = cgi_environment("CONTENT_LENGTH");
	char *end;
	unsigned long n;

	if (*s == '\0')
		return 0;
	if (!isdigit((unsigned char)*s))
		cgi_answer("400 Bad Request", NULL, "", "CONTENT_LENGTH");
	errno = 0;
	n = strtoul(s, &end, 10);
	if (*end != '\0')
		cgi_answer("400 Bad Request", NULL, "", "CONTENT_LENGTH");
	if (errno != 0 || n > max)
		cgi_answer("413 Content Too Large", NULL, "",
		    "the body is too long");
	return n;
}

void
cgi_read_body(struct config *c, struct cgi_request *r, size_t max)
{
	static struct buf body = BUF_INIT(INBOUND_FILE_MAX);
	int64_t deadline = clock_monotonic_ms() + 1000 *
	    config_duration(c, "ingest", NULL, "timeout"), left;
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t len = body_length(max);
	char chunk[8192];
	ssize_t n;

	while (body.len < len) {
		left = deadline - clock_monotonic_ms();
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			cgi_answer("408 Request Timeout", NULL, "",
			    "the body did not come in time");
		n = io_read(STDIN_FILENO, chunk, len - body.len <
		    sizeof(chunk) ? len - body.len : sizeof(chunk));
		if (n <= 0)
			cgi_answer("400 Bad Request", NULL, "",
			    "the body is shorter than CONTENT_LENGTH");
		buf_add(&body, chunk, (size_t)n);
	}
	r->body = &body;
}

bool
cgi_any_secret(struct config *c, const char *kind, const char *key,
    bool (*fits)(struct cgi_request *r, const char *secret), struct cgi_request *r)
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

void
cgi_keep(struct config *c, const struct cgi_request *r)
{
	static struct buf file = BUF_INIT(INBOUND_FILE_MAX);
	char path[PATH_MAX], name[SPOOL_NAME], now[CLOCK_TEXT];
	struct error e;
	int dir;

	snprintf(path, sizeof(path), "%s/inbound",
	    config_path(c, "paths", NULL, "spool"));
	buf_printf(&file, "Hook: %s\nReceived: %s\nContent-Type: %s\n"
	    "Query: %s\nToken: %s\n\n", r->path + 1,
	    clock_format(clock_now(), now), r->type,
	    cgi_environment("QUERY_STRING"),
	    cgi_environment("HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"));
	buf_add(&file, buf_text(r->body), r->body->len);
	dir = spool_open(path, &e);
	if (file.full || dir == -1 || spool_put(dir, spool_name(name),
	    buf_text(&file), file.len, true, &e) == -1)
		cgi_answer("503 Service Unavailable", NULL, "", file.full ?
		    "larger than a spool file may be" : e.text);
	close(dir);
}

_Noreturn void
cgi(struct config *c)
{
	static struct arena mem = ARENA_INIT(64 * 1024 * 1024);
	struct cgi_request r = { .path = cgi_environment("PATH_INFO"),
	    .type = cgi_environment("CONTENT_TYPE"), .mem = &mem };
	const char *method = cgi_environment("REQUEST_METHOD");
	const struct hook *hook = find_hook(r.path);

	if (hook == NULL)
		cgi_answer("404 Not Found", NULL, "", r.path);
	r.get = strcmp(method, "GET") == 0;
	if (strcmp(method, "POST") != 0 &&
	    !(r.get && strstr(hook->methods, "GET") != NULL))
		cgi_answer("405 Method Not Allowed", NULL, "",
		    arena_printf(&mem, "not a %s", hook->methods));
	hook->take(c, &r);
	abort();
}
