/* Transfers by libcurl, many at once: HTTP and SMTP. */

#include "wire_curl_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/crypto.h"
#include "base/memory.h"

struct lines {
	enum transport transport;
	CURLM *multi;
	struct line *all;
	struct line **idle;
	size_t count, idle_count;
	bool broken;			/* the last connection over HTTP */
	struct credentials who;
	struct smtp_host *smtp;		/* of TRANSPORT_SMTP */
	struct transfer *done, **last;	/* refused before they began */
};

/* Else an option that found no memory would be left away, a password too. */
static void
start_library(void)
{
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_get, free,
	    memory_again, memory_copy, memory_zero) != CURLE_OK)
		die(EX_OSERR, "libcurl cannot start");
}

static CURL *
new_handle(void)
{
	CURL *curl = curl_easy_init();

	if (curl == NULL)
		die(EX_OSERR, "libcurl cannot start");
	return curl;
}

struct curl_slist *
line_add_to_list(struct curl_slist *list, const char *text)
{
	struct curl_slist *more = curl_slist_append(list, text);

	if (more == NULL)
		die(EX_OSERR, "out of memory");
	return more;
}

static size_t
on_upload(char *out, size_t size, size_t n, void *ctx)
{
	struct line *l = ctx;
	const struct buf *body = &l->t->request.body;
	size_t left = body->len - l->sent, len = size * n;

	if (len > left)
		len = left;
	memcpy(out, body->data + l->sent, len);
	l->stage = SMTP_BODY;
	l->sent += len;
	if (l->sent == body->len)
		l->ended = true;
	return len;
}

/*
 * libcurl sends a request again by itself where a connection that it used
 * before ended without an answer.  That would be a second message.  A body
 * that cannot be read again stops it: CURLE_SEND_FAIL_REWIND.
 */
static int
on_rewind(void *ctx, curl_off_t offset, int origin)
{
	(void)ctx;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

/* What is too long is cut off, and the transfer with it. */
static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct line *l = ctx;
	struct response *r = &l->t->response;
	size_t len = size * n;

	if (len > RESPONSE_MAX - r->body.len) {
		r->cut = true;
		return 0;
	}
	buf_add(&r->body, data, len);
	return len;
}

/* The value of a header of that name (with its colon), without blanks. */
static bool
header_value(const char *data, size_t len, const char *name, char *out,
    size_t size)
{
	size_t skip = strlen(name);

	if (len <= skip || strncasecmp(data, name, skip) != 0)
		return false;
	while (skip < len && data[skip] == ' ')
		skip++;
	while (len > skip && strchr("\r\n ", data[len - 1]) != NULL)
		len--;
	if (len - skip >= size)
		return false;
	memcpy(out, data + skip, len - skip);
	out[len - skip] = '\0';
	return true;
}

/* Of a reply to HTTP the clock, what was made, and what AWS calls an error. */
static size_t
on_header(char *data, size_t size, size_t n, void *ctx)
{
	struct line *l = ctx;
	struct response *r = &l->t->response;
	size_t len = size * n;
	char text[256];
	time_t t;

	header_value(data, len, "location:", r->location,
	    sizeof(r->location));
	if (header_value(data, len, "date:", text, sizeof(text))) {
		t = curl_getdate(text, NULL);
		if (t != -1)
			r->date = t;
	} else if (header_value(data, len, "x-amzn-errortype:", text,
	    sizeof(text)))
		snprintf(r->error_type, sizeof(r->error_type), "%.*s",
		    (int)strcspn(text, ":"), text);
	return len;
}

void
line_set_common(struct line *l, const char *ca)
{
	curl_easy_setopt(l->curl, CURLOPT_PRIVATE, l);
	curl_easy_setopt(l->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(l->curl, CURLOPT_CONNECTTIMEOUT,
	    LINE_CONNECT_S);
	curl_easy_setopt(l->curl, CURLOPT_ERRORBUFFER, l->error);
	curl_easy_setopt(l->curl, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(l->curl, CURLOPT_READDATA, l);
	curl_easy_setopt(l->curl, CURLOPT_SEEKFUNCTION, on_rewind);
	if (ca != NULL)
		curl_easy_setopt(l->curl, CURLOPT_CAINFO, ca);
}

static void
sign_in(struct line *l, const struct credentials *who)
{
	char aws[64];

	if (who->how == SIGN_IN_HEADERS)
		return;
	if (who->how == SIGN_IN_BEARER) {
		curl_easy_setopt(l->curl, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BEARER);
		curl_easy_setopt(l->curl, CURLOPT_XOAUTH2_BEARER,
		    buf_text(&who->secret));
		return;
	}
	if (who->how == SIGN_IN_AWS) {
		snprintf(aws, sizeof(aws), "aws:amz:%s:%s", who->region,
		    who->service);
		curl_easy_setopt(l->curl, CURLOPT_AWS_SIGV4, aws);
	} else
		curl_easy_setopt(l->curl, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BASIC);
	curl_easy_setopt(l->curl, CURLOPT_USERNAME, who->user);
	curl_easy_setopt(l->curl, CURLOPT_PASSWORD, buf_text(&who->secret));
}

static int
open_http(struct lines *w, struct config *c, const char *provider,
    const struct provider *p, struct error *e)
{
	const char *ca = config_path(c, "provider", provider, "ca_file");
	long timeout = (long)config_duration(c, "provider", provider,
	    "timeout");
	struct line *l;

	if (provider_check_base(c, provider, e) == -1 ||
	    p->sign_in(c, provider, &w->who, e) == -1)
		return -1;
	for (l = w->all; l < w->all + w->count; l++) {
		line_set_common(l, ca);
		curl_easy_setopt(l->curl, CURLOPT_PROTOCOLS_STR, "http,https");
		curl_easy_setopt(l->curl, CURLOPT_HTTP_VERSION,
		    (long)CURL_HTTP_VERSION_2TLS);
		curl_easy_setopt(l->curl, CURLOPT_USERAGENT,
		    "omni/" OMNI_VERSION);
		curl_easy_setopt(l->curl, CURLOPT_TIMEOUT, timeout);
		curl_easy_setopt(l->curl, CURLOPT_WRITEFUNCTION, on_body);
		curl_easy_setopt(l->curl, CURLOPT_WRITEDATA, l);
		curl_easy_setopt(l->curl, CURLOPT_HEADERFUNCTION, on_header);
		curl_easy_setopt(l->curl, CURLOPT_HEADERDATA, l);
		sign_in(l, &w->who);
	}
	return 0;
}

static void
make_lines(struct lines *w, size_t count, bool (*stopping)(void))
{
	w->multi = curl_multi_init();
	w->all = calloc(count, sizeof(*w->all));
	w->idle = calloc(count, sizeof(struct line *));
	if (w->multi == NULL || w->all == NULL || w->idle == NULL)
		die(EX_OSERR, "out of memory");
	curl_multi_setopt(w->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
	    (long)count);
	curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long)count);
	for (; w->count < count; w->count++) {
		w->all[w->count].curl = new_handle();
		w->all[w->count].stopping = stopping;
		w->idle[w->idle_count++] = &w->all[w->count];
	}
}

struct lines *
lines_open(struct config *c, const char *provider, const struct provider *p,
    size_t count, bool (*stopping)(void), struct error *e)
{
	struct lines *w = memory_zero(1, sizeof(*w));
	int rc;

	start_library();
	w->transport = p->transport;
	w->last = &w->done;
	w->who.secret = (struct buf)BUF_INIT(4096);
	make_lines(w, count, stopping);
	if (p->transport == TRANSPORT_SMTP) {
		w->smtp = smtp_open(c, provider, &w->who.secret, e);
		rc = w->smtp == NULL ? -1 : 0;
		for (size_t i = 0; w->smtp != NULL && i < count; i++)
			smtp_set(w->smtp, &w->all[i], &w->who.secret);
	} else
		rc = open_http(w, c, provider, p, e);
	if (rc == 0)
		return w;
	lines_close(w);
	return NULL;
}

static void
forget(struct buf *secret)
{
	if (secret->data != NULL)
		explicit_bzero(secret->data, secret->size);
	buf_release(secret);
}

void
lines_close(struct lines *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++) {
		curl_multi_remove_handle(w->multi, w->all[i].curl);
		curl_easy_cleanup(w->all[i].curl);
		curl_slist_free_all(w->all[i].list);
	}
	curl_multi_cleanup(w->multi);
	forget(&w->who.secret);
	forget(&w->who.token);
	smtp_close(w->smtp);
	free(w->all);
	free(w->idle);
	free(w);
}

const struct credentials *
lines_credentials(const struct lines *w)
{
	return &w->who;
}

/* They are ours, and have no line end within. */
static void
add_headers(struct line *l, struct buf *headers)
{
	char *line = headers->data, *end;

	for (; line != NULL && (end = strchr(line, '\n')) != NULL;
	    line = end + 1) {
		*end = '\0';
		l->list = line_add_to_list(l->list, line);
		*end = '\n';
	}
}

/* What it opens is not for r->headers, which -n prints. */
static void
add_token(struct line *l, const struct buf *token)
{
	struct buf header = BUF_INIT(token->len + 64);

	buf_printf(&header, "X-Amz-Security-Token: %s", buf_text(token));
	l->list = line_add_to_list(l->list, buf_text(&header));
	forget(&header);
}

/*
 * Nobody waits for "100 Continue" before a small body.  libcurl would sign a
 * header that only says that it is not to be sent (7.88), so with AWS a large
 * body does wait, for a second at most.
 */
static void
start_http(struct line *l, const struct credentials *who, bool share)
{
	struct request *r = &l->t->request;
	char type[160];

	curl_easy_setopt(l->curl, CURLOPT_URL, r->url);
	curl_easy_setopt(l->curl, CURLOPT_PIPEWAIT, share ? 1L : 0L);
	/* What goes to this machine in the clear is not shown to any other. */
	curl_easy_setopt(l->curl, CURLOPT_NOPROXY, strncmp(r->url, "http://",
	    7) == 0 ? "*" : NULL);
	if (who->how != SIGN_IN_AWS)
		l->list = line_add_to_list(NULL, "Expect:");
	if (who->token.len > 0)
		add_token(l, &who->token);
	add_headers(l, &r->headers);
	if (r->content_type == NULL)
		curl_easy_setopt(l->curl, CURLOPT_HTTPGET, 1L);
	else {
		snprintf(type, sizeof(type), "Content-Type: %s",
		    r->content_type);
		l->list = line_add_to_list(l->list, type);
		curl_easy_setopt(l->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(l->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->body.len);
	}
	curl_easy_setopt(l->curl, CURLOPT_HTTPHEADER, l->list);
}

static void
add_to_multi(struct lines *w, struct line *l)
{
	CURLMcode rc;

	l->sent = 0;
	l->ended = false;
	l->error[0] = '\0';
	rc = curl_multi_add_handle(w->multi, l->curl);
	if (rc != CURLM_OK)
		die(EX_SOFTWARE, "libcurl: %s", curl_multi_strerror(rc));
}

void
lines_start(struct lines *w, struct transfer *t)
{
	struct line *l = w->idle[w->idle_count - 1];

	if (w->smtp != NULL && smtp_declines(w->smtp, t)) {
		t->next = NULL;
		*w->last = t;
		w->last = &t->next;
		return;
	}
	w->idle_count--;
	l->t = t;
	if (w->smtp != NULL)
		smtp_start(l);
	else
		start_http(l, &w->who, !w->broken);
	add_to_multi(w, l);
}

bool
line_is_certificate(CURLcode rc)
{
	return rc == CURLE_PEER_FAILED_VERIFICATION ||
	    rc == CURLE_USE_SSL_FAILED || rc == CURLE_SSL_CACERT_BADFILE;
}

void
line_say_failed(const struct line *l, CURLcode rc, struct response *out)
{
	const char *text = *l->error != '\0' ? l->error :
	    curl_easy_strerror(rc);

	/* Its own words are of a callback. */
	if (rc == CURLE_SEND_FAIL_REWIND)
		text = "the connection ended without an answer";
	out->failed = true;
	out->code = (int)rc;
	snprintf(out->text, sizeof(out->text), "%s", text);
}

/* Once a byte of it has gone out, who knows how much was understood. */
static void
read_http(const struct line *l, CURLcode rc, long code, struct response *out)
{
	curl_off_t after = 0;
	long bytes = 0;

	curl_easy_getinfo(l->curl, CURLINFO_REQUEST_SIZE, &bytes);
	curl_easy_getinfo(l->curl, CURLINFO_RETRY_AFTER, &after);
	out->started = bytes > 0 || l->sent > 0;
	out->retry_after = after > 0 ? (int64_t)after : -1;
	if (rc != CURLE_OK && code == 0) {
		line_say_failed(l, rc, out);
		out->certificate = line_is_certificate(rc);
		return;
	}
	out->code = (int)code;
	out->cut = out->cut || rc != CURLE_OK;
	if (rc != CURLE_OK)
		snprintf(out->text, sizeof(out->text), "%s",
		    curl_easy_strerror(rc));
}

/*
 * libcurl keeps a connection on which a reply did not come in time: the reply
 * to one mail would be taken for that to the next.  One that is shut down is
 * found to be dead, and closed.
 */
static void
shut(CURL *curl)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
	    fd != CURL_SOCKET_BAD)
		shutdown(fd, SHUT_RDWR);
}

/*
 * libcurl (7.88) has transfers wait for a connection that they might share, and
 * when that one breaks they wait for ever, as do those that come after it.  They
 * begin again without it, if nothing of theirs has gone out.
 */
static void
remind(struct lines *w)
{
	struct line *l;
	long bytes;

	for (l = w->all; l < w->all + w->count; l++) {
		bytes = 0;
		if (l->t == NULL || l->sent > 0 ||
		    curl_easy_getinfo(l->curl, CURLINFO_REQUEST_SIZE, &bytes) !=
		    CURLE_OK || bytes > 0)
			continue;
		curl_multi_remove_handle(w->multi, l->curl);
		curl_easy_setopt(l->curl, CURLOPT_PIPEWAIT, 0L);
		add_to_multi(w, l);
	}
}

/* NULL: the transfer goes on, over another connection. */
static struct transfer *
take_back(struct lines *w, CURL *curl, CURLcode rc)
{
	struct transfer *t;
	struct line *l;
	char *private;
	long code = 0;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &private);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	l = (struct line *)(void *)private;
	t = l->t;
	if (w->smtp != NULL && rc != CURLE_OK)
		shut(curl);
	if (w->smtp != NULL && smtp_again(l, rc, code)) {
		curl_multi_remove_handle(w->multi, curl);
		add_to_multi(w, l);
		return NULL;
	}
	if (w->smtp != NULL)
		smtp_result(l, rc, code, &t->response);
	else
		read_http(l, rc, code, &t->response);
	curl_multi_remove_handle(w->multi, curl);
	curl_easy_setopt(curl, w->transport == TRANSPORT_SMTP ?
	    CURLOPT_MAIL_RCPT : CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(l->list);
	l->list = NULL;
	l->t = NULL;
	w->idle[w->idle_count++] = l;
	w->broken = rc != CURLE_OK;
	if (w->smtp == NULL && w->broken)
		remind(w);
	return t;
}

static struct transfer *
take_done(struct lines *w)
{
	struct transfer *t = w->done;

	w->done = t->next;
	if (w->done == NULL)
		w->last = &w->done;
	return t;
}

/* The next one that libcurl is through with. */
static struct transfer *
next_back(struct lines *w)
{
	struct transfer *t = NULL;
	struct CURLMsg *m;
	int queued;

	while (t == NULL && (m = curl_multi_info_read(w->multi, &queued)) !=
	    NULL)
		if (m->msg == CURLMSG_DONE)
			t = take_back(w, m->easy_handle, m->data.result);
	return t;
}

struct transfer *
lines_wait(struct lines *w, int64_t ms)
{
	struct transfer *t;
	int running;

	if (w->done != NULL)
		return take_done(w);
	curl_multi_perform(w->multi, &running);
	t = next_back(w);
	if (t != NULL || ms == 0)
		return t;
	curl_multi_poll(w->multi, NULL, 0, (int)ms, NULL);
	curl_multi_perform(w->multi, &running);
	return next_back(w);
}

size_t
lines_idle(const struct lines *w)
{
	return w->idle_count;
}

void
lines_wake(struct lines *w)
{
	curl_multi_wakeup(w->multi);
}
