#include "transport.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"

#define SENDMAIL_MS	120000
#define CONNECT_S	30L
/* RFC 5321 4.5.3.2.6 gives the final dot ten minutes; libcurl only two. */
#define REPLY_S		600L

struct wire {
	enum transport transport;
	char path[PATH_MAX];
	int dir;		/* Maildir */
	FILE *console;
	CURL *curl;
	struct buf password;
	char error[CURL_ERROR_SIZE], reply[ERROR_MAX];
	/* While a mail goes out: */
	const struct request *request;
	size_t sent;
	bool ended;		/* libcurl has read all of it */
	bool (*stopping)(void);
};

static int
open_maildir(struct wire *w, struct error *e)
{
	static const char *const sub[] = { "tmp", "new", "cur" };

	w->dir = io_open_dir(w->path, 0750, e);
	if (w->dir == -1)
		return -1;
	for (size_t i = 0; i < 3; i++)
		if (mkdirat(w->dir, sub[i], 0750) == -1 && errno != EEXIST)
			return error_errno(e, "mkdir %s/%s", w->path, sub[i]);
	return 0;
}

static int
open_console(struct wire *w, struct error *e)
{
	int fd;

	if (*w->path == '\0') {
		w->console = stderr;
		return 0;
	}
	fd = open(w->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd != -1)
		w->console = fdopen(fd, "a");
	return w->console == NULL ? error_errno(e, "%s", w->path) : 0;
}

/*
 * One line of a reply; the last one before the outcome is kept.  221 answers
 * QUIT, which libcurl sends after a refusal: it says nothing about the mail.
 */
static size_t
on_reply(char *data, size_t size, size_t n, void *ctx)
{
	struct wire *w = ctx;
	size_t len = size * n, keep = len;

	if (len >= 3 && memcmp(data, "221", 3) == 0)
		return len;
	if (keep >= sizeof(w->reply))
		keep = sizeof(w->reply) - 1;
	while (keep > 0 && (data[keep - 1] == '\n' || data[keep - 1] == '\r'))
		keep--;
	memcpy(w->reply, data, keep);
	w->reply[keep] = '\0';
	return len;
}

static size_t
on_upload(char *out, size_t size, size_t n, void *ctx)
{
	struct wire *w = ctx;
	size_t left = w->request->body.len - w->sent, len = size * n;

	if (len > left)
		len = left;
	memcpy(out, w->request->body.data + w->sent, len);
	w->sent += len;
	if (w->sent == w->request->body.len)
		w->ended = true;
	return len;
}

static int
on_progress(void *ctx, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
	const struct wire *w = ctx;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return w->stopping() && !w->ended;
}

static int
set_tls(struct wire *w, const struct config *c, const char *provider,
    const char *url, struct error *e)
{
	const char *tls = config_string(c, "provider", provider, "tls");

	if (strcmp(tls, "none") == 0)
		curl_easy_setopt(w->curl, CURLOPT_USE_SSL, (long)CURLUSESSL_NONE);
	else if (strcmp(tls, "starttls") == 0 || strcmp(tls, "tls") == 0)
		curl_easy_setopt(w->curl, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	else
		return error_set(e, EX_CONFIG, "[provider %s] tls: neither "
		    "none, starttls nor tls", provider);
	curl_easy_setopt(w->curl, CURLOPT_URL, url);
	return 0;
}

static int
open_smtp(struct wire *w, struct config *c, const char *provider,
    struct error *e)
{
	const char *host = config_string(c, "provider", provider, "host");
	const char *user = config_string(c, "provider", provider, "user");
	const char *ca = config_path(c, "provider", provider, "ca_file");
	bool implicit = strcmp(config_string(c, "provider", provider, "tls"),
	    "tls") == 0;
	char url[512];

	if (host == NULL)
		return error_set(e, EX_CONFIG, "[provider %s] has no host",
		    provider);
	w->curl = curl_easy_init();
	if (w->curl == NULL)
		die(EX_OSERR, "libcurl cannot start");
	snprintf(url, sizeof(url), "%s://%s:%lld", implicit ? "smtps" : "smtp",
	    host, (long long)config_integer(c, "provider", provider, "port"));
	if (set_tls(w, c, provider, url, e) == -1)
		return -1;
	if (ca != NULL)
		curl_easy_setopt(w->curl, CURLOPT_CAINFO, ca);
	if (user != NULL) {
		if (config_secret(c, "provider", provider, "password",
		    &w->password, e) == -1)
			return -1;
		curl_easy_setopt(w->curl, CURLOPT_USERNAME, user);
		curl_easy_setopt(w->curl, CURLOPT_PASSWORD,
		    buf_text(&w->password));
	}
	curl_easy_setopt(w->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(w->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(w->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(w->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, REPLY_S);
	curl_easy_setopt(w->curl, CURLOPT_ERRORBUFFER, w->error);
	curl_easy_setopt(w->curl, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(w->curl, CURLOPT_HEADERDATA, w);
	curl_easy_setopt(w->curl, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(w->curl, CURLOPT_READDATA, w);
	curl_easy_setopt(w->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(w->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(w->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(w->curl, CURLOPT_XFERINFODATA, w);
	return 0;
}

struct wire *
wire_open(struct config *c, const char *provider, enum transport transport,
    bool (*stopping)(void), struct error *e)
{
	struct wire *w = calloc(1, sizeof(*w));
	const char *path = config_path(c, "provider", provider, "path");
	int rc = 0;

	if (w == NULL)
		die(EX_OSERR, "out of memory");
	w->transport = transport;
	w->stopping = stopping;
	w->dir = -1;
	w->password = (struct buf)BUF_INIT(4096);
	snprintf(w->path, sizeof(w->path), "%s", path == NULL ? "" : path);
	if (transport == TRANSPORT_MAILDIR && path == NULL)
		rc = error_set(e, EX_CONFIG, "[provider %s] has no path",
		    provider);
	else if (transport == TRANSPORT_MAILDIR)
		rc = open_maildir(w, e);
	else if (transport == TRANSPORT_CONSOLE)
		rc = open_console(w, e);
	else if (transport == TRANSPORT_SMTP)
		rc = open_smtp(w, c, provider, e);
	else if (path == NULL)
		snprintf(w->path, sizeof(w->path), "/usr/sbin/sendmail");
	if (rc == 0)
		return w;
	wire_close(w);
	return NULL;
}

void
wire_close(struct wire *w)
{
	if (w == NULL)
		return;
	if (w->dir != -1)
		close(w->dir);
	if (w->console != NULL && w->console != stderr)
		fclose(w->console);
	if (w->curl != NULL)
		curl_easy_cleanup(w->curl);
	if (w->password.data != NULL)
		explicit_bzero(w->password.data, w->password.size);
	buf_release(&w->password);
	free(w);
}

static void
failure(struct response *out, int code, const char *what)
{
	out->failed = true;
	out->code = code;
	snprintf(out->text, sizeof(out->text), "%.200s: %s", what,
	    strerror(code));
}

/* Lines end in LF in a Maildir and on sendmail's input. */
static void
to_lf(const struct buf *crlf, struct buf *out)
{
	const char *p = crlf->data, *end = p + crlf->len, *cr;

	while (p < end && (cr = memchr(p, '\r', (size_t)(end - p))) != NULL) {
		buf_add(out, p, (size_t)(cr - p));
		p = cr + 1;
	}
	buf_add(out, p, (size_t)(end - p));
}

/* Delivered already: in new/, or in cur/ with the flags a reader gave it. */
static int
is_in_maildir(const struct wire *w, const char *name)
{
	char path[256];
	struct dirent *d;
	size_t len = strlen(name);
	int found = 0, fd;
	DIR *handle;

	snprintf(path, sizeof(path), "new/%s", name);
	if (faccessat(w->dir, path, F_OK, 0) == 0)
		return 1;
	fd = openat(w->dir, "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	handle = fd == -1 ? NULL : fdopendir(fd);
	if (handle == NULL)
		return 0;
	while (!found && (d = readdir(handle)) != NULL)
		found = strncmp(d->d_name, name, len) == 0 &&
		    (d->d_name[len] == '\0' || d->d_name[len] == ':');
	closedir(handle);
	return found;
}

static int
write_maildir(const struct wire *w, const char *tmp, const struct buf *body)
{
	int fd, saved;

	fd = openat(w->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0640);
	if (fd == -1)
		return -1;
	if (io_write_all(fd, buf_text(body), body->len) == -1 ||
	    fsync(fd) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return close(fd);
}

/*
 * The name comes from the message's id: a second delivery of the same message
 * finds the first one there.
 */
static void
send_maildir(struct wire *w, const struct request *r, struct response *out)
{
	struct buf body = BUF_INIT(REQUEST_MAX);
	char tmp[256], new[256];

	snprintf(tmp, sizeof(tmp), "tmp/%s", r->name);
	snprintf(new, sizeof(new), "new/%s", r->name);
	to_lf(&r->body, &body);
	if (is_in_maildir(w, r->name))
		goto done;
	if (write_maildir(w, tmp, &body) == -1 ||
	    (linkat(w->dir, tmp, w->dir, new, 0) == -1 && errno != EEXIST) ||
	    io_sync_dir(w->dir, "new") == -1)
		failure(out, errno, w->path);
done:
	unlinkat(w->dir, tmp, 0);
	buf_release(&body);
}

static void
send_console(struct wire *w, const struct request *r, struct response *out)
{
	out->started = true;
	if (fwrite(buf_text(&r->body), 1, r->body.len, w->console) !=
	    r->body.len || fflush(w->console) == EOF) {
		failure(out, errno, *w->path == '\0' ? "stderr" : w->path);
		clearerr(w->console);
	}
}

static void
send_sendmail(struct wire *w, const struct request *r, struct response *out)
{
	const char *argv[] = { w->path, "-i", "-f", r->from, "--", r->to,
	    NULL };
	struct buf body = BUF_INIT(REQUEST_MAX), said = BUF_INIT(ERROR_MAX);
	struct error e;
	int status;

	to_lf(&r->body, &body);
	if (child_run(argv, buf_text(&body), body.len, &said, SENDMAIL_MS,
	    &status, &e) == -1) {
		out->failed = true;
		out->started = e.status == EX_TEMPFAIL;
		snprintf(out->text, sizeof(out->text), "%s", e.text);
	} else if (WIFEXITED(status)) {
		out->code = WEXITSTATUS(status);
		snprintf(out->text, sizeof(out->text), "%s", buf_text(&said));
	} else {
		out->failed = true;
		out->started = true;
		child_status_text(status, out->text, sizeof(out->text));
	}
	buf_release(&body);
	buf_release(&said);
}

/* Mails that were refused have a reply; what failed before has none. */
static void
read_curl(struct wire *w, CURLcode rc, struct response *out)
{
	long code = 0;

	curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &code);
	out->started = w->ended;
	if (rc == CURLE_LOGIN_DENIED) {
		out->code = 535;
		snprintf(out->text, sizeof(out->text), "%s", w->error);
		return;
	}
	if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_USE_SSL_FAILED ||
	    rc == CURLE_SSL_CACERT_BADFILE) {
		/* Nothing will be sent until someone looks at this. */
		out->code = 530;
		snprintf(out->text, sizeof(out->text), "%s", w->error);
		return;
	}
	if (rc == CURLE_OK || code >= 400) {
		out->code = (int)code;
		snprintf(out->text, sizeof(out->text), "%s", w->reply);
		return;
	}
	out->failed = true;
	out->code = (int)rc;
	snprintf(out->text, sizeof(out->text), "%s", *w->error != '\0' ?
	    w->error : curl_easy_strerror(rc));
}

static void
send_smtp(struct wire *w, const struct request *r, struct response *out)
{
	struct curl_slist *to;
	char from[sizeof(r->from) + 2], rcpt[sizeof(r->to) + 2];

	snprintf(from, sizeof(from), "<%s>", r->from);
	snprintf(rcpt, sizeof(rcpt), "<%s>", r->to);
	to = curl_slist_append(NULL, rcpt);
	if (to == NULL)
		die(EX_OSERR, "out of memory");
	w->request = r;
	w->sent = 0;
	w->ended = false;
	w->error[0] = w->reply[0] = '\0';
	curl_easy_setopt(w->curl, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(w->curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(w->curl, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)r->body.len);
	read_curl(w, curl_easy_perform(w->curl), out);
	curl_easy_setopt(w->curl, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(to);
}

void
wire_send(struct wire *w, const struct request *r, struct response *out)
{
	*out = (struct response){ .code = 0 };
	switch (w->transport) {
	case TRANSPORT_MAILDIR:
		send_maildir(w, r, out);
		break;
	case TRANSPORT_CONSOLE:
		send_console(w, r, out);
		break;
	case TRANSPORT_SENDMAIL:
		send_sendmail(w, r, out);
		break;
	case TRANSPORT_SMTP:
	default:
		send_smtp(w, r, out);
	}
}

int
wire_was_sent(struct wire *w, const char *name)
{
	return w->transport == TRANSPORT_MAILDIR ? is_in_maildir(w, name) : -1;
}
