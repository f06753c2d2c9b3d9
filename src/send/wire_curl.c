/* Transfers by libcurl, many at once: HTTP and SMTP. */

#include "wire_impl.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#define CONNECT_S	30L
/* RFC 5321 4.5.3.2.6 gives the final dot ten minutes; libcurl only two. */
#define REPLY_S		600L

/* One handle of libcurl, and the transfer that is on it. */
struct line {
	CURL *curl;
	struct curl_slist *list;	/* of headers, or the recipient */
	struct transfer *t;
	size_t sent;
	bool ended;			/* libcurl has read all of it */
	bool beyond_ascii;		/* an address that needs SMTPUTF8 */
	bool utf8_offered;		/* by the server, of this connection */
	bool given_up;			/* for want of it, before the mail */
	bool (*stopping)(void);
	char error[CURL_ERROR_SIZE], reply[ERROR_MAX];
	char from[sizeof(((struct request *)NULL)->from) + 2];
};

struct lines {
	enum transport transport;
	CURLM *multi;
	struct line *all;
	struct line **idle;
	size_t count, idle_count;
	struct credentials who;
};

static CURL *
new_handle(void)
{
	CURL *curl = curl_easy_init();

	if (curl == NULL)
		die(EX_OSERR, "libcurl cannot start");
	return curl;
}

static struct curl_slist *
add_to_list(struct curl_slist *list, const char *text)
{
	struct curl_slist *more = curl_slist_append(list, text);

	if (more == NULL)
		die(EX_OSERR, "out of memory");
	return more;
}

/* No connection of before: only EHLO brings the offer. */
static bool
lacks_utf8(const struct line *l)
{
	return l->beyond_ascii && !l->utf8_offered;
}

/* RFC 6531: what the server says in answer to EHLO. */
static bool
offers_utf8(const char *line, size_t len)
{
	static const char keyword[] = "SMTPUTF8";
	size_t n = sizeof(keyword) - 1;

	return len >= 4 + n && memcmp(line, "250", 3) == 0 &&
	    strncasecmp(line + 4, keyword, n) == 0 &&
	    (len == 4 + n || strchr(" \r\n", line[4 + n]) != NULL);
}

/*
 * One line of a server's reply; the last one before the outcome is kept.  221
 * answers QUIT, which libcurl sends after a refusal: it says nothing about the
 * mail.
 */
static size_t
on_reply(char *data, size_t size, size_t n, void *ctx)
{
	struct line *l = ctx;
	size_t len = size * n, keep = len;

	if (len >= 3 && memcmp(data, "221", 3) == 0)
		return len;
	if (offers_utf8(data, len))
		l->utf8_offered = true;
	/* libcurl goes on without the offer; the mail must not go out so. */
	if (len >= 3 && memcmp(data, "354", 3) == 0 && lacks_utf8(l)) {
		l->given_up = true;
		return 0;
	}
	if (keep >= sizeof(l->reply))
		keep = sizeof(l->reply) - 1;
	while (keep > 0 && (data[keep - 1] == '\n' || data[keep - 1] == '\r'))
		keep--;
	memcpy(l->reply, data, keep);
	l->reply[keep] = '\0';
	return len;
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

/* Of a reply to HTTP only the clock is of interest. */
static size_t
on_header(char *data, size_t size, size_t n, void *ctx)
{
	static const char name[] = "date:";
	struct line *l = ctx;
	size_t len = size * n, skip = sizeof(name) - 1;
	char text[64];
	time_t t;

	if (len <= skip || len - skip >= sizeof(text) ||
	    strncasecmp(data, name, skip) != 0)
		return len;
	memcpy(text, data + skip, len - skip);
	text[len - skip] = '\0';
	t = curl_getdate(text, NULL);
	if (t != -1)
		l->t->response.date = t;
	return len;
}

static int
on_progress(void *ctx, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
	const struct line *l = ctx;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	(void)ulnow;
	return l->stopping() && !l->ended;
}

static void
set_common(struct line *l, const char *ca)
{
	curl_easy_setopt(l->curl, CURLOPT_PRIVATE, l);
	curl_easy_setopt(l->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(l->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(l->curl, CURLOPT_ERRORBUFFER, l->error);
	curl_easy_setopt(l->curl, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(l->curl, CURLOPT_READDATA, l);
	curl_easy_setopt(l->curl, CURLOPT_SEEKFUNCTION, on_rewind);
	if (ca != NULL)
		curl_easy_setopt(l->curl, CURLOPT_CAINFO, ca);
}

static int
read_tls(const struct config *c, const char *provider, long *use,
    const char **scheme, struct error *e)
{
	const char *tls = config_string(c, "provider", provider, "tls");

	*scheme = strcmp(tls, "tls") == 0 ? "smtps" : "smtp";
	*use = strcmp(tls, "none") == 0 ? (long)CURLUSESSL_NONE :
	    (long)CURLUSESSL_ALL;
	if (strcmp(tls, "none") != 0 && strcmp(tls, "starttls") != 0 &&
	    strcmp(tls, "tls") != 0)
		return error_set(e, EX_CONFIG, "[provider %s] tls: neither "
		    "none, starttls nor tls", provider);
	return 0;
}

/* User and password are the configuration's; every handle gets them. */
static int
open_smtp(struct lines *w, struct config *c, const char *provider,
    struct error *e)
{
	const char *host = config_string(c, "provider", provider, "host");
	const char *user = config_string(c, "provider", provider, "user");
	const char *ca = config_path(c, "provider", provider, "ca_file");
	const char *scheme;
	char url[512];
	struct line *l;
	long use;

	if (host == NULL)
		return error_set(e, EX_CONFIG, "[provider %s] has no host",
		    provider);
	if (read_tls(c, provider, &use, &scheme, e) == -1 || (user != NULL &&
	    config_secret(c, "provider", provider, "password",
	    &w->who.secret, e) == -1))
		return -1;
	snprintf(url, sizeof(url), "%s://%s:%lld", scheme, host,
	    (long long)config_integer(c, "provider", provider, "port"));
	for (l = w->all; l < w->all + w->count; l++) {
		set_common(l, ca);
		curl_easy_setopt(l->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
		curl_easy_setopt(l->curl, CURLOPT_USE_SSL, use);
		curl_easy_setopt(l->curl, CURLOPT_URL, url);
		if (user != NULL) {
			curl_easy_setopt(l->curl, CURLOPT_USERNAME, user);
			curl_easy_setopt(l->curl, CURLOPT_PASSWORD,
			    buf_text(&w->who.secret));
		}
		curl_easy_setopt(l->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
		    REPLY_S);
		curl_easy_setopt(l->curl, CURLOPT_HEADERFUNCTION, on_reply);
		curl_easy_setopt(l->curl, CURLOPT_HEADERDATA, l);
		curl_easy_setopt(l->curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(l->curl, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(l->curl, CURLOPT_XFERINFOFUNCTION,
		    on_progress);
		curl_easy_setopt(l->curl, CURLOPT_XFERINFODATA, l);
	}
	return 0;
}

/* What goes to this machine in the clear is not shown to any other. */
static bool
shuns_proxies(const struct config *c, const char *provider)
{
	const char *url = config_string(c, "provider", provider, "base_url");

	return url != NULL && strncmp(url, "http://", 7) == 0;
}

static void
sign_in(struct line *l, const struct credentials *who)
{
	if (who->how == SIGN_IN_HEADERS)
		return;
	if (who->how == SIGN_IN_BEARER) {
		curl_easy_setopt(l->curl, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BEARER);
		curl_easy_setopt(l->curl, CURLOPT_XOAUTH2_BEARER,
		    buf_text(&who->secret));
		return;
	}
	curl_easy_setopt(l->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
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
	bool direct = shuns_proxies(c, provider);
	struct line *l;

	if (provider_check_base(c, provider, e) == -1 ||
	    p->sign_in(c, provider, &w->who, e) == -1)
		return -1;
	for (l = w->all; l < w->all + w->count; l++) {
		set_common(l, ca);
		curl_easy_setopt(l->curl, CURLOPT_PROTOCOLS_STR, "http,https");
		curl_easy_setopt(l->curl, CURLOPT_HTTP_VERSION,
		    (long)CURL_HTTP_VERSION_2TLS);
		curl_easy_setopt(l->curl, CURLOPT_PIPEWAIT, 1L);
		if (direct)
			curl_easy_setopt(l->curl, CURLOPT_NOPROXY, "*");
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
	struct lines *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL)
		die(EX_OSERR, "out of memory");
	w->transport = p->transport;
	w->who.secret = (struct buf)BUF_INIT(4096);
	make_lines(w, count, stopping);
	rc = p->transport == TRANSPORT_SMTP ? open_smtp(w, c, provider, e) :
	    open_http(w, c, provider, p, e);
	if (rc == 0)
		return w;
	lines_close(w);
	return NULL;
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
	if (w->who.secret.data != NULL)
		explicit_bzero(w->who.secret.data, w->who.secret.size);
	buf_release(&w->who.secret);
	free(w->all);
	free(w->idle);
	free(w);
}

static bool
is_ascii(const char *s)
{
	while (*s != '\0' && (unsigned char)*s < 0x80)
		s++;
	return *s == '\0';
}

static void
start_mail(struct line *l)
{
	const struct request *r = &l->t->request;
	char to[sizeof(r->to) + 2];

	snprintf(l->from, sizeof(l->from), "<%s>", r->from);
	snprintf(to, sizeof(to), "<%s>", r->to);
	l->list = add_to_list(NULL, to);
	l->utf8_offered = l->given_up = false;
	l->beyond_ascii = !is_ascii(r->from) || !is_ascii(r->to);
	/* So that this transfer sees what the server offers. */
	curl_easy_setopt(l->curl, CURLOPT_FRESH_CONNECT,
	    l->beyond_ascii ? 1L : 0L);
	curl_easy_setopt(l->curl, CURLOPT_MAIL_FROM, l->from);
	curl_easy_setopt(l->curl, CURLOPT_MAIL_RCPT, l->list);
	curl_easy_setopt(l->curl, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)r->body.len);
}

/* They are ours, and have no line end within. */
static void
add_headers(struct line *l, struct buf *headers)
{
	char *line = headers->data, *end;

	for (; line != NULL && (end = strchr(line, '\n')) != NULL;
	    line = end + 1) {
		*end = '\0';
		l->list = add_to_list(l->list, line);
		*end = '\n';
	}
}

static void
start_http(struct line *l)
{
	struct request *r = &l->t->request;
	char type[160];

	curl_easy_setopt(l->curl, CURLOPT_URL, r->url);
	/* Nobody waits for "100 Continue" before a small body. */
	l->list = add_to_list(NULL, "Expect:");
	add_headers(l, &r->headers);
	if (r->content_type == NULL)
		curl_easy_setopt(l->curl, CURLOPT_HTTPGET, 1L);
	else {
		snprintf(type, sizeof(type), "Content-Type: %s",
		    r->content_type);
		l->list = add_to_list(l->list, type);
		curl_easy_setopt(l->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(l->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->body.len);
	}
	curl_easy_setopt(l->curl, CURLOPT_HTTPHEADER, l->list);
}

void
lines_start(struct lines *w, struct transfer *t)
{
	struct line *l = w->idle[--w->idle_count];
	CURLMcode rc;

	l->t = t;
	l->sent = 0;
	l->ended = false;
	l->error[0] = l->reply[0] = '\0';
	if (w->transport == TRANSPORT_SMTP)
		start_mail(l);
	else
		start_http(l);
	rc = curl_multi_add_handle(w->multi, l->curl);
	if (rc != CURLM_OK)
		die(EX_SOFTWARE, "libcurl: %s", curl_multi_strerror(rc));
}

static bool
is_certificate(CURLcode rc)
{
	return rc == CURLE_PEER_FAILED_VERIFICATION ||
	    rc == CURLE_USE_SSL_FAILED || rc == CURLE_SSL_CACERT_BADFILE;
}

static void
say_failed(const struct line *l, CURLcode rc, struct response *out)
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

/* Mails that were refused have a reply; what failed before has none. */
static void
read_mail(const struct line *l, CURLcode rc, long code, struct response *out)
{
	out->started = l->ended;
	if (rc == CURLE_LOGIN_DENIED || is_certificate(rc)) {
		/* Nothing will be sent until someone looks at this. */
		out->code = rc == CURLE_LOGIN_DENIED ? 535 : 530;
		snprintf(out->text, sizeof(out->text), "%s", l->error);
	} else if (lacks_utf8(l) && (l->given_up || code >= 500)) {
		/* Whatever it answered: the code says nothing of the person. */
		out->code = 553;
		snprintf(out->text, sizeof(out->text), "553 5.6.7 the address "
		    "has letters beyond ASCII before the @, and the server "
		    "does not offer SMTPUTF8");
	} else if (rc == CURLE_OK || code >= 400) {
		out->code = (int)code;
		snprintf(out->text, sizeof(out->text), "%s", l->reply);
	} else
		say_failed(l, rc, out);
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
		say_failed(l, rc, out);
		out->certificate = is_certificate(rc);
		return;
	}
	out->code = (int)code;
	out->cut = out->cut || rc != CURLE_OK;
	if (rc != CURLE_OK)
		snprintf(out->text, sizeof(out->text), "%s",
		    curl_easy_strerror(rc));
}

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
	if (w->transport == TRANSPORT_SMTP)
		read_mail(l, rc, code, &t->response);
	else
		read_http(l, rc, code, &t->response);
	curl_multi_remove_handle(w->multi, curl);
	curl_easy_setopt(curl, w->transport == TRANSPORT_SMTP ?
	    CURLOPT_MAIL_RCPT : CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(l->list);
	l->list = NULL;
	l->t = NULL;
	w->idle[w->idle_count++] = l;
	return t;
}

static struct transfer *
next_back(struct lines *w)
{
	struct CURLMsg *m;
	int running, queued;

	curl_multi_perform(w->multi, &running);
	while ((m = curl_multi_info_read(w->multi, &queued)) != NULL)
		if (m->msg == CURLMSG_DONE)
			return take_back(w, m->easy_handle, m->data.result);
	return NULL;
}

struct transfer *
lines_wait(struct lines *w, int64_t ms)
{
	struct transfer *t = next_back(w);

	if (t != NULL || ms == 0)
		return t;
	curl_multi_poll(w->multi, NULL, 0, (int)ms, NULL);
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
