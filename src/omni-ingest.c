/*
 * omni-ingest - take what comes back
 *
 * Two halves that meet only in the spool.  The front half (--cgi, or when a
 * web server starts it) checks a signature, puts the request into the spool as
 * it came, and answers; it opens no ledger.  The drain (no option) applies
 * what lies there.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/form.h"
#include "base/io.h"
#include "base/output.h"
#include "base/program.h"
#include "message/inbound.h"
#include "provider/twilio_hook.h"
#include "store/spool.h"

#define BATCH		1000	/* files of one transaction */
#define FILES_MAX	1000000	/* taken in by one run */
#define FILE_MAX_IN	(4 * 1024 * 1024)
#define SWEEP_AGE	(36 * 3600)

static bool as_cgi;

static void
option(int ch, const char *arg, void *ctx)
{
	(void)arg;
	(void)ctx;
	if (ch == 'C')
		as_cgi = true;
}

/* Ends the program: the web server has its answer, and all memory is free. */
static _Noreturn void
answer(const char *status, const char *type, const char *body,
    const char *why)
{
	static struct buf out = BUF_INIT(64 * 1024);

	if (why != NULL)
		diag("%s: %s", status, why);
	buf_printf(&out, "Status: %s\r\n", status);
	if (strncmp(status, "405", 3) == 0)
		buf_str(&out, "Allow: POST\r\n");
	if (type != NULL)
		buf_printf(&out, "Content-Type: %s\r\n", type);
	buf_printf(&out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	if (io_write_all(STDOUT_FILENO, buf_text(&out), out.len) == -1)
		die(EX_IOERR, "stdout: %s", strerror(errno));
	exit(EX_OK);
}

static const char *
environment(const char *name)
{
	const char *s = getenv(name);

	if (s == NULL)
		return "";
	for (const char *p = s; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			answer("400 Bad Request", NULL, "", name);
	return s;
}

static size_t
body_length(const struct config *c)
{
	const char *s = environment("CONTENT_LENGTH");
	size_t max = (size_t)config_integer(c, "ingest", NULL, "max_body");
	char *end;
	unsigned long n;

	if (*s == '\0')
		return 0;
	if (!isdigit((unsigned char)*s))
		answer("400 Bad Request", NULL, "", "CONTENT_LENGTH");
	errno = 0;
	n = strtoul(s, &end, 10);
	if (*end != '\0')
		answer("400 Bad Request", NULL, "", "CONTENT_LENGTH");
	if (errno != 0 || n > max || n > FILE_MAX_IN / 2)
		answer("413 Content Too Large", NULL, "", "over max_body");
	return n;
}

/* All of the body, within the time limit: a slow client holds a process. */
static void
read_body(const struct config *c, struct buf *body, size_t len)
{
	int64_t deadline = clock_monotonic_ms() + 1000 *
	    config_duration(c, "ingest", NULL, "timeout"), left;
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char chunk[8192];
	ssize_t n;

	while (body->len < len) {
		left = deadline - clock_monotonic_ms();
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			answer("408 Request Timeout", NULL, "",
			    "the body did not come in time");
		n = io_read(STDIN_FILENO, chunk, len - body->len <
		    sizeof(chunk) ? len - body->len : sizeof(chunk));
		if (n <= 0)
			answer("400 Bad Request", NULL, "",
			    "the body is shorter than CONTENT_LENGTH");
		buf_add(body, chunk, (size_t)n);
	}
}

/* Signed by one of the Twilio accounts that the configuration names. */
static bool
is_signed(struct config *c, const char *url, const char *type,
    const struct buf *body, struct arena *mem)
{
	const char *signature = environment("HTTP_X_TWILIO_SIGNATURE");
	struct buf token = BUF_INIT(4096);
	const char *name;
	bool ok = false, unreadable = false;
	struct error e;

	for (size_t i = 0; (name = config_name(c, "provider", i)) != NULL &&
	    !ok; i++) {
		if (strcmp(config_string(c, "provider", name, "kind"),
		    "twilio") != 0)
			continue;
		if (config_secret(c, "provider", name, "auth_token", &token,
		    &e) == -1) {
			diag("%s", e.text);
			unreadable = true;
			continue;
		}
		ok = twilio_signature_valid(buf_text(&token), url, type,
		    buf_text(body), body->len, signature, mem);
		explicit_bzero(token.data, token.len);
	}
	buf_release(&token);
	/* Ours is the fault: the provider must try again. */
	if (!ok && unreadable)
		answer("503 Service Unavailable", NULL, "",
		    "a token cannot be read");
	return ok;
}

/*
 * The request as it came: a few lines about it, an empty line, the body.  It
 * is the only copy until it is drained, so it is synced before the answer.
 */
static void
keep(struct config *c, const char *hook, const char *type,
    const struct buf *body)
{
	static struct buf file = BUF_INIT(FILE_MAX_IN);
	char path[PATH_MAX], name[SPOOL_NAME], now[CLOCK_TEXT];
	struct error e;
	int dir;

	snprintf(path, sizeof(path), "%s/inbound",
	    config_path(c, "paths", NULL, "spool"));
	buf_printf(&file, "Hook: %s\nReceived: %s\nContent-Type: %s\n"
	    "Query: %s\nToken: %s\n\n", hook, clock_format(clock_now(), now),
	    type, environment("QUERY_STRING"),
	    environment("HTTP_I_TWILIO_IDEMPOTENCY_TOKEN"));
	buf_add(&file, buf_text(body), body->len);
	dir = spool_open(path, &e);
	if (file.full || dir == -1 || spool_put(dir, spool_name(name),
	    buf_text(&file), file.len, true, &e) == -1)
		answer("503 Service Unavailable", NULL, "", file.full ?
		    "larger than a spool file may be" : e.text);
	close(dir);
}

static _Noreturn void
cgi(struct config *c)
{
	static const char twiml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";
	const char *path = environment("PATH_INFO");
	const char *type = environment("CONTENT_TYPE");
	const char *query = environment("QUERY_STRING");
	const char *base = config_string(c, "site", NULL, "public_url");
	static struct arena mem = ARENA_INIT(64 * 1024 * 1024);
	static struct buf body = BUF_INIT(FILE_MAX_IN);
	bool message = strcmp(path, "/twilio/sms") == 0;

	if (!message && strcmp(path, "/twilio/status") != 0)
		answer("404 Not Found", NULL, "", path);
	if (strcmp(environment("REQUEST_METHOD"), "POST") != 0)
		answer("405 Method Not Allowed", NULL, "", "not a POST");
	if (base == NULL)
		answer("500 Internal Server Error", NULL, "",
		    "[site] public_url is not set");
	read_body(c, &body, body_length(c));
	if (!is_signed(c, arena_printf(&mem, "%s%s%s%s", base, path,
	    *query == '\0' ? "" : "?", query), type, &body, &mem))
		answer("403 Forbidden", NULL, "", "the signature is missing "
		    "or wrong");
	keep(c, message ? "twilio/sms" : "twilio/status", type, &body);
	if (message)
		answer("200 OK", "text/xml", twiml, NULL);
	answer("204 No Content", NULL, "", NULL);
}

/* The value of "NAME: value" in the lines before the body. */
static const char *
header(const char *file, const char *name, struct arena *mem)
{
	size_t len = strlen(name), n;

	for (; *file != '\n' && *file != '\0'; file += n + (file[n] == '\n')) {
		n = strcspn(file, "\n");
		if (strncmp(file, name, len) == 0 && file[len] == ':' &&
		    file[len + 1] == ' ')
			return arena_strndup(mem, file + len + 2,
			    n - len - 2);
	}
	return NULL;
}

static int
understand(const struct buf *file, struct arena *mem, struct value **event,
    struct error *e)
{
	const char *text = buf_text(file), *hook, *query, *body, *received;
	enum twilio_hook kind;
	struct form form;
	instant t;

	body = strstr(text, "\n\n");
	hook = header(text, "Hook", mem);
	query = header(text, "Query", mem);
	if (body == NULL || hook == NULL)
		return error_set(e, EX_DATAERR, "not a file of omni-ingest");
	body += 2;
	if (strcmp(hook, "twilio/sms") == 0)
		kind = TWILIO_HOOK_MESSAGE;
	else if (strcmp(hook, "twilio/status") == 0)
		kind = TWILIO_HOOK_STATUS;
	else
		return error_set(e, EX_DATAERR, "unknown hook %.40s", hook);
	if (form_parse(&form, body, file->len - (size_t)(body - text), mem,
	    e) == -1)
		return -1;
	if (twilio_hook_read(kind, &form, query, event, e) == -1)
		return -1;
	received = header(text, "Received", mem);
	if (received != NULL && clock_parse(received, &t))
		value_set_string(*event, "received_at", received);
	return 0;
}

struct drain {
	struct config *config;
	struct ledger *ledger;
	struct arena mem;
	int dir;
	uintmax_t bad, failed;
	bool quiet;
};

static void
print(const struct drain *d, const struct value *event)
{
	struct buf line = BUF_INIT(4 * RECORD_MAX);

	if (!d->quiet) {
		value_write(event, &line);
		output_put(&line);
	}
	buf_release(&line);
}

/* False: this file stays where it is, or went to bad/. */
static bool
drain_file(struct drain *d, const char *name)
{
	struct buf file = BUF_INIT(FILE_MAX_IN);
	struct value *event = NULL;
	char path[PATH_MAX];
	struct error e;
	int rc;

	snprintf(path, sizeof(path), "new/%s", name);
	arena_reset(&d->mem);
	if (io_read_file(d->dir, path, &file, &e) == -1) {
		diag("inbound: %s", e.text);
		d->failed++;
		buf_release(&file);
		return false;
	}
	rc = understand(&file, &d->mem, &event, &e);
	buf_release(&file);
	if (rc == -1) {
		diag("inbound/new/%s: %s; set aside in bad/", name, e.text);
		if (spool_reject(d->dir, "new", name, e.text) == -1) {
			diag("inbound/bad/%s: %s", name, strerror(errno));
			d->failed++;
		}
		d->bad++;
		return false;
	}
	inbound_apply(d->ledger, d->config, event, &d->mem);
	print(d, event);
	value_free(event);
	return true;
}

/* Apply, commit, then remove: a crash in between applies it twice, and the
 * second time finds its key there. */
static void
drain_batch(struct drain *d, char **names, size_t count)
{
	bool *done = calloc(count, sizeof(*done));
	char path[PATH_MAX];

	if (done == NULL)
		die(EX_OSERR, "out of memory");
	ledger_begin(d->ledger);
	for (size_t i = 0; i < count; i++)
		done[i] = drain_file(d, names[i]);
	ledger_commit(d->ledger);
	output_flush();
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "new/%s", names[i]);
		if (done[i] && unlinkat(d->dir, path, 0) == -1 &&
		    errno != ENOENT) {
			diag("inbound/%s: %s", path, strerror(errno));
			d->failed++;
		}
	}
	free(done);
}

static int
drain(struct program *p)
{
	struct drain d = { .config = p->config, .quiet = p->quiet,
	    .mem = ARENA_INIT(64 * 1024 * 1024) };
	const char *spool = config_path(p->config, "paths", NULL, "spool");
	char path[PATH_MAX], **names;
	struct error e;
	size_t count;
	int lock;

	lock = spool_lock(spool, "ingest", &e);
	if (lock == -1)
		die(e.status, "%s", e.text);
	snprintf(path, sizeof(path), "%s/inbound", spool);
	d.dir = spool_open(path, &e);
	if (d.dir == -1)
		die(e.status, "%s", e.text);
	d.ledger = ledger_start(p->config, LEDGER_WRITE, &e);
	if (d.ledger == NULL)
		die(e.status, "%s", e.text);
	/* All of them first: in what order they came matters to consent. */
	if (spool_names(d.dir, "new", FILES_MAX, &names, &count, &e) == -1)
		die(e.status, "%s", e.text);
	for (size_t i = 0; i < count && d.failed == 0; i += BATCH)
		drain_batch(&d, names + i, count - i < BATCH ? count - i :
		    BATCH);
	spool_names_free(names, count);
	spool_sweep(d.dir, SWEEP_AGE);
	ledger_close(d.ledger);
	arena_release(&d.mem);
	close(lock);
	if (d.failed > 0)
		return EX_TEMPFAIL;
	return d.bad > 0 ? EX_REFUSED : EX_OK;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "cgi", no_argument, NULL, 'C' }, { NULL, 0, NULL, 0 }
	};
	struct program p = { .usage = "[--cgi] >records",
		.help = "  --cgi                 take one webhook; also when "
		    "a web server starts it\n",
		.longs = longs, .option = option };
	int rc;

	/*
	 * A web server may pass words of the query as arguments (RFC 3875,
	 * 4.4): a stranger must not choose our options.
	 */
	if (getenv("GATEWAY_INTERFACE") != NULL) {
		as_cgi = true;
		argc = 1;
	}
	program_start(&p, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (as_cgi)
		cgi(p.config);
	rc = drain(&p);
	program_end(&p);
	return rc;
}
