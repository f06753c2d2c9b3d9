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
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/form.h"
#include "base/io.h"
#include "base/output.h"
#include "base/program.h"
#include "message/inbound.h"
#include "provider/sns.h"
#include "provider/speech.h"
#include "provider/twilio_hook.h"
#include "provider/whatsapp_hook.h"
#include "send/sns_inbox.h"
#include "store/spool.h"

#define BATCH		1000	/* files, or events, of one transaction */
#define FILES_MAX	1000000	/* taken in by one run */
#define FILE_MAX_IN	(4 * 1024 * 1024)
#define SWEEP_AGE	(36 * 3600)
#define WAITING		"subscriptions"	/* for a person, below the spool */

/* Each webhook that is known, by its path below the program. */
static const struct hook {
	const char *path, *methods;
} hooks[] = {
	{ "/twilio/sms", "POST" },
	{ "/twilio/status", "POST" },
	{ "/twilio/call", "POST" },
	{ "/twilio/voice", "POST" },
	{ "/whatsapp", "GET, POST" },
	{ "/ses", "POST" }
};

static bool as_cgi, confirming;

static void
option(int ch, const char *arg, void *ctx)
{
	(void)arg;
	(void)ctx;
	if (ch == 'C')
		as_cgi = true;
	else if (ch == 'S')
		confirming = true;
}

static const struct hook *
find_hook(const char *path)
{
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
		if (path != NULL && strcmp(hooks[i].path, path) == 0)
			return &hooks[i];
	return NULL;
}

/* Ends the program: the web server has its answer, and all memory is free. */
static _Noreturn void
answer(const char *status, const char *type, const char *body,
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
max_body(const struct config *c)
{
	size_t max = (size_t)config_integer(c, "ingest", NULL, "max_body");

	return max < FILE_MAX_IN / 2 ? max : FILE_MAX_IN / 2;
}

static size_t
body_length(size_t max)
{
	const char *s = environment("CONTENT_LENGTH");
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
	if (errno != 0 || n > max)
		answer("413 Content Too Large", NULL, "",
		    "the body is too long");
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

struct request {
	const char *url, *type;
	const struct buf *body;
	struct form query;
	const char *challenge;		/* to be answered, if it is one */
	struct arena *mem;
};

/*
 * Whether `fits` says so of the secret `key` of any section [provider] of this
 * kind.  Two numbers of one account need it only once.
 */
static bool
any_secret(struct config *c, const char *kind, const char *key,
    bool (*fits)(struct request *r, const char *secret), struct request *r)
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
		answer("503 Service Unavailable", NULL, "", unreadable ?
		    "a secret cannot be read" :
		    "a secret is not in the configuration");
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

static bool
is_of_twilio(struct request *r, const char *token)
{
	return twilio_signature_valid(token, r->url, r->type,
	    buf_text(r->body), r->body->len,
	    environment("HTTP_X_TWILIO_SIGNATURE"), r->mem);
}

static bool
is_of_meta(struct request *r, const char *secret)
{
	return whatsapp_signature_valid(secret, buf_text(r->body),
	    r->body->len, environment("HTTP_X_HUB_SIGNATURE_256"));
}

static bool
is_challenge(struct request *r, const char *token)
{
	r->challenge = whatsapp_challenge(&r->query, token);
	return r->challenge != NULL;
}

/* The call goes on as this says: somebody is listening. */
static _Noreturn void
answer_call(struct config *c, const struct request *r)
{
	static struct buf out = BUF_INIT(64 * 1024);
	struct form form = { .count = 0 };
	struct error e;

	/* Its signature was good, which says that it is a form. */
	if (form_parse(&form, buf_text(r->body), r->body->len, r->mem,
	    &e) == -1)
		answer("400 Bad Request", NULL, "", e.text);
	speech_answer(c, environment("QUERY_STRING"), &form, &out);
	answer("200 OK", "text/xml", buf_text(&out), NULL);
}

static _Noreturn void
cgi_twilio(struct config *c, struct request *r, const char *path)
{
	static const char twiml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>";
	const char *base = config_string(c, "site", NULL, "public_url");
	const char *query = environment("QUERY_STRING");
	static struct buf body = BUF_INIT(FILE_MAX_IN);

	if (base == NULL)
		answer("500 Internal Server Error", NULL, "",
		    "[site] public_url is not set");
	read_body(c, &body, body_length(max_body(c)));
	r->body = &body;
	r->url = arena_printf(r->mem, "%s%s%s%s", base, path,
	    *query == '\0' ? "" : "?", query);
	if (!any_secret(c, "twilio", "auth_token", is_of_twilio, r))
		answer("403 Forbidden", NULL, "", "the signature is missing "
		    "or wrong");
	keep(c, path + 1, r->type, &body);
	if (strcmp(path, "/twilio/sms") == 0)
		answer("200 OK", "text/xml", twiml, NULL);
	if (strcmp(path, "/twilio/voice") == 0)
		answer_call(c, r);
	answer("204 No Content", NULL, "", NULL);
}

/* Meta asks once, when somebody enters our URL in its pages. */
static _Noreturn void
answer_challenge(struct config *c, struct request *r)
{
	const char *query = environment("QUERY_STRING");
	struct error e;

	if (form_parse(&r->query, query, strlen(query), r->mem, &e) == -1)
		answer("400 Bad Request", NULL, "", e.text);
	if (!any_secret(c, "whatsapp", "verify_token", is_challenge, r))
		answer("403 Forbidden", NULL, "", "no challenge, or the "
		    "verify_token is wrong");
	answer("200 OK", "text/plain", r->challenge, NULL);
}

static _Noreturn void
cgi_whatsapp(struct config *c, struct request *r, bool get)
{
	static struct buf body = BUF_INIT(FILE_MAX_IN);

	if (get)
		answer_challenge(c, r);
	/* Whatever max_body says: Meta sends up to 3 MB, or never again. */
	read_body(c, &body, body_length(WHATSAPP_BODY_BYTES));
	r->body = &body;
	if (!any_secret(c, "whatsapp", "app_secret", is_of_meta, r))
		answer("403 Forbidden", NULL, "", "the signature is missing "
		    "or wrong");
	keep(c, "whatsapp", r->type, &body);
	answer("200 OK", NULL, "", NULL);
}

/*
 * The signature is the drain's affair: for that it may have to fetch Amazon's
 * certificate.  SNS takes a 403 for an answer and does not come back.
 */
static _Noreturn void
cgi_ses(struct config *c, struct request *r)
{
	static struct buf body = BUF_INIT(FILE_MAX_IN);
	const char *why = NULL;
	bool any;
	struct error e;
	struct sns m;

	read_body(c, &body, body_length(SNS_BODY_BYTES));
	if (sns_read(&m, buf_text(&body), body.len, &e) == -1)
		answer("403 Forbidden", NULL, "", e.text);
	if (sns_provider(c, m.topic, &any) == NULL)
		why = arena_printf(r->mem, "TopicArn: %.300s: no [provider] "
		    "has it as sns_topic", m.topic);
	sns_release(&m);
	if (why != NULL)
		answer(any ? "403 Forbidden" : "503 Service Unavailable",
		    NULL, "", why);
	keep(c, "ses", r->type, &body);
	answer("200 OK", NULL, "", NULL);
}

static _Noreturn void
cgi(struct config *c)
{
	static struct arena mem = ARENA_INIT(64 * 1024 * 1024);
	struct request r = { .type = environment("CONTENT_TYPE"),
	    .mem = &mem };
	const char *path = environment("PATH_INFO");
	const char *method = environment("REQUEST_METHOD");
	const struct hook *hook = find_hook(path);
	bool get = strcmp(method, "GET") == 0;

	if (hook == NULL)
		answer("404 Not Found", NULL, "", path);
	if (strcmp(method, "POST") != 0 &&
	    !(get && strstr(hook->methods, "GET") != NULL))
		answer("405 Method Not Allowed", NULL, "", arena_printf(&mem,
		    "not a %s", hook->methods));
	if (strcmp(path, "/whatsapp") == 0)
		cgi_whatsapp(c, &r, get);
	if (strcmp(path, "/ses") == 0)
		cgi_ses(c, &r);
	cgi_twilio(c, &r, path);
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
understand_twilio(enum twilio_hook kind, const char *body, size_t len,
    const char *query, struct arena *mem, struct value **events,
    struct error *e)
{
	struct value *event;
	struct form form;

	if (form_parse(&form, body, len, mem, e) == -1 ||
	    twilio_hook_read(kind, &form, query, &event, e) == -1)
		return -1;
	*events = value_new_array();
	value_append_take(*events, event);
	return 0;
}

struct drain {
	struct config *config;
	struct ledger *ledger;
	struct sns_inbox *sns;
	struct arena mem;	/* of one file */
	struct arena one;	/* of one event */
	size_t applied;		/* events of this transaction */
	int dir;
	uintmax_t bad, failed;
	uintmax_t later;	/* files that nobody can judge today */
	bool quiet;
};

/* What the file says, as an array; *received is lent from d->mem, or NULL. */
static int
understand(struct drain *d, const struct buf *file, struct value **events,
    const char **received, struct error *e)
{
	static const char *const kinds[] = {
		[TWILIO_HOOK_MESSAGE] = "twilio/sms",
		[TWILIO_HOOK_STATUS] = "twilio/status",
		[TWILIO_HOOK_CALL] = "twilio/call",
		[TWILIO_HOOK_KEY] = "twilio/voice" };
	const char *text = buf_text(file), *hook, *query, *body;
	struct arena *mem = &d->mem;
	instant t = clock_now();
	size_t len;

	body = strstr(text, "\n\n");
	hook = header(text, "Hook", mem);
	query = header(text, "Query", mem);
	if (body == NULL || hook == NULL)
		return error_set(e, EX_DATAERR, "not a file of omni-ingest");
	body += 2;
	len = file->len - (size_t)(body - text);
	*received = header(text, "Received", mem);
	if (*received != NULL && !clock_parse(*received, &t))
		*received = NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(hook, kinds[i]) == 0)
			return understand_twilio((enum twilio_hook)i, body,
			    len, query, mem, events, e);
	if (strcmp(hook, "whatsapp") == 0)
		return whatsapp_hook_read(body, len, events, e);
	if (strcmp(hook, "ses") == 0)
		return sns_inbox_read(d->sns, body, len, t, events, e);
	return error_set(e, EX_DATAERR, "unknown hook %.40s", hook);
}

static void
print(const struct drain *d, const struct value *event)
{
	struct buf line = BUF_INIT(4 * FILE_MAX_IN);

	if (!d->quiet) {
		value_write(event, &line);
		output_put(&line);
	}
	buf_release(&line);
}

static void
apply(struct drain *d, const struct value *events, const char *received)
{
	struct value *event;

	for (size_t i = 0; i < value_count(events); i++) {
		event = value_copy(value_at(events, i));
		arena_reset(&d->one);
		if (received != NULL)
			value_set_string(event, "received_at", received);
		inbound_apply(d->ledger, d->config, event, &d->one);
		print(d, event);
		value_free(event);
		d->applied++;
	}
}

/* A file that is not understood; of many that must wait one is enough. */
static void
refuse(struct drain *d, const char *from, const char *name,
    const struct error *e)
{
	if (e->status == EX_TEMPFAIL) {
		if (d->later++ == 0)
			diag("inbound/%s/%s: %s; left for the next run", from,
			    name, e->text);
		return;
	}
	diag("inbound/%s/%s: %s; set aside in bad/", from, name, e->text);
	if (spool_reject(d->dir, from, name, e->text) == -1) {
		diag("inbound/bad/%s: %s", name, strerror(errno));
		d->failed++;
	}
	d->bad++;
}

/* What becomes of a file in new/ once the ledger is committed. */
enum fate {
	FATE_STAYS,	/* or is in bad/ already */
	FATE_DONE,
	FATE_WAITS	/* for --confirm-subscriptions */
};

static enum fate
drain_file(struct drain *d, const char *name)
{
	struct buf file = BUF_INIT(FILE_MAX_IN);
	struct value *events = NULL;
	const char *received = NULL, *kind;
	char path[PATH_MAX];
	enum fate fate = FATE_DONE;
	struct error e;
	int rc;

	snprintf(path, sizeof(path), "new/%s", name);
	arena_reset(&d->mem);
	if (io_read_file(d->dir, path, &file, &e) == -1) {
		diag("inbound: %s", e.text);
		d->failed++;
		buf_release(&file);
		return FATE_STAYS;
	}
	rc = understand(d, &file, &events, &received, &e);
	buf_release(&file);
	if (rc == -1) {
		refuse(d, "new", name, &e);
		return FATE_STAYS;
	}
	apply(d, events, received);
	kind = value_get_string(value_at(events, 0), "kind");
	if (kind != NULL && strcmp(kind, "subscription") == 0)
		fate = FATE_WAITS;
	value_free(events);
	return fate;
}

/* Webhooks of SNS may need a certificate: the network, or none. */
static void
prepare(struct drain *d, const char *path)
{
	static const char first[] = "Hook: ses\n";
	struct buf file = BUF_INIT(FILE_MAX_IN);
	char line[sizeof(first)] = "";
	int fd = openat(d->dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *body;
	struct error e;

	if (fd != -1 && io_read(fd, line, sizeof(first) - 1) > 0 &&
	    strcmp(line, first) == 0 &&
	    io_read_file(d->dir, path, &file, &e) == 0) {
		body = strstr(buf_text(&file), "\n\n");
		if (body != NULL)
			sns_inbox_prepare(d->sns, body + 2, file.len -
			    (size_t)(body + 2 - file.data));
	}
	if (fd != -1)
		close(fd);
	buf_release(&file);
}

static void
settle(struct drain *d, const char *name, enum fate fate)
{
	char path[PATH_MAX], to[PATH_MAX];

	snprintf(path, sizeof(path), "new/%s", name);
	snprintf(to, sizeof(to), WAITING "/%s", name);
	if (fate == FATE_DONE && unlinkat(d->dir, path, 0) == -1 &&
	    errno != ENOENT) {
		diag("inbound/%s: %s", path, strerror(errno));
		d->failed++;
	}
	if (fate == FATE_WAITS && ((mkdirat(d->dir, WAITING, 0750) == -1 &&
	    errno != EEXIST) || renameat(d->dir, path, d->dir, to) == -1)) {
		diag("inbound/%s: %s", to, strerror(errno));
		d->failed++;
	} else if (fate == FATE_WAITS && !confirming)
		diag("inbound/%s: a topic of SNS asks to be confirmed; see "
		    "--confirm-subscriptions", to);
}

/*
 * Apply, commit, then remove: a crash in between applies it twice, and the
 * second time finds its key there.  Returns how many files it has seen to, as
 * many as make a thousand events.
 */
static size_t
drain_batch(struct drain *d, char **names, size_t count)
{
	enum fate *fate = calloc(count, sizeof(*fate));
	char path[PATH_MAX];
	size_t n = 0;

	if (fate == NULL)
		die(EX_OSERR, "out of memory");
	d->applied = 0;
	/* Nobody waits for the ledger while we wait for the network. */
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "new/%s", names[i]);
		prepare(d, path);
	}
	ledger_begin(d->ledger);
	for (; n < count && d->applied < BATCH; n++)
		fate[n] = drain_file(d, names[n]);
	ledger_commit(d->ledger);
	output_flush();
	for (size_t i = 0; i < n; i++)
		settle(d, names[i], fate[i]);
	free(fate);
	return n;
}

/* What the drain has checked is checked again: topics come and go. */
static void
confirm(struct drain *d, const char *name)
{
	struct buf file = BUF_INIT(FILE_MAX_IN);
	struct value *events = NULL;
	const char *received = NULL;
	struct value *event;
	char path[PATH_MAX];
	struct error e;

	snprintf(path, sizeof(path), WAITING "/%s", name);
	arena_reset(&d->mem);
	prepare(d, path);
	if (io_read_file(d->dir, path, &file, &e) == -1) {
		diag("inbound: %s", e.text);
		d->failed++;
	} else if (understand(d, &file, &events, &received, &e) == -1 ||
	    sns_inbox_confirm(d->sns, value_at(events, 0), &e) == -1)
		refuse(d, WAITING, name, &e);
	else if (unlinkat(d->dir, path, 0) == -1) {
		diag("inbound/%s: %s", path, strerror(errno));
		d->failed++;
	} else {
		event = value_copy(value_at(events, 0));
		value_set_string(event, "applied", "confirmed");
		print(d, event);
		value_free(event);
	}
	value_free(events);
	buf_release(&file);
}

static void
confirm_all(struct drain *d)
{
	struct error e;
	char **names;
	size_t count;

	/* None has ever come. */
	if (faccessat(d->dir, WAITING, F_OK, 0) == -1 && errno == ENOENT)
		return;
	if (spool_names(d->dir, WAITING, FILES_MAX, &names, &count, &e) == -1)
		die(e.status, "%s", e.text);
	for (size_t i = 0; i < count && d->failed == 0; i++)
		confirm(d, names[i]);
	output_flush();
	spool_names_free(names, count);
}

static void
drain_all(struct drain *d)
{
	struct error e;
	char **names;
	size_t count;

	/* All of them first: in what order they came matters to consent. */
	if (spool_names(d->dir, "new", FILES_MAX, &names, &count, &e) == -1)
		die(e.status, "%s", e.text);
	for (size_t i = 0; i < count && d->failed == 0; )
		i += drain_batch(d, names + i, count - i < BATCH ?
		    count - i : BATCH);
	spool_names_free(names, count);
	if (d->later > 1)
		diag("inbound: %ju files are left for the next run",
		    d->later);
}

static int
drain(struct program *p)
{
	struct drain d = { .config = p->config, .quiet = p->quiet,
	    .mem = ARENA_INIT(64 * 1024 * 1024),
	    .one = ARENA_INIT(64 * 1024 * 1024) };
	const char *spool = config_path(p->config, "paths", NULL, "spool");
	char path[PATH_MAX];
	struct error e;
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
	d.sns = sns_inbox_open(p->config);
	drain_all(&d);
	if (confirming && d.failed == 0)
		confirm_all(&d);
	spool_sweep(d.dir, SWEEP_AGE);
	sns_inbox_close(d.sns);
	ledger_close(d.ledger);
	arena_release(&d.mem);
	arena_release(&d.one);
	close(lock);
	if (d.failed > 0 || d.later > 0)
		return EX_TEMPFAIL;
	return d.bad > 0 ? EX_REFUSED : EX_OK;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "cgi", no_argument, NULL, 'C' },
		{ "confirm-subscriptions", no_argument, NULL, 'S' },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = {
		.usage = "[--cgi | --confirm-subscriptions] >records",
		.help = "  --cgi                 take one webhook; also when "
		    "a web server starts it\n"
		    "  --confirm-subscriptions\n"
		    "                        drain, then tell Amazon SNS that "
		    "its topics are wanted\n",
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
	if (as_cgi && confirming)
		program_usage(&p);
	if (as_cgi)
		cgi(p.config);
	rc = drain(&p);
	program_end(&p);
	return rc;
}
