/*
 * SMTP by libcurl.  It tells its user no more than the last reply, and does
 * with what the server offers as it thinks best; so its commands and all
 * replies are watched: to know what was refused, and to stop where going on
 * would be wrong.
 */
#include "wire_curl_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#define CODE_LEN	3	/* digits of a reply */

struct smtp_host {
	char place[256];	/* "[provider relay] mx.example:25" */
	char url[512];
	const char *user, *ca;
	long use;		/* CURLUSESSL_... */
	bool starttls;
	long reply_s;
	bool known;		/* the offers are */
	struct offers offers;	/* of the last connection that was made */
};

static int
read_tls(struct smtp_host *h, const struct config *c, const char *provider,
    const char **scheme, struct error *e)
{
	const char *tls = config_string(c, "provider", provider, "tls");

	h->starttls = strcmp(tls, "starttls") == 0;
	*scheme = strcmp(tls, "tls") == 0 ? "smtps" : "smtp";
	h->use = strcmp(tls, "none") == 0 ? (long)CURLUSESSL_NONE :
	    (long)CURLUSESSL_ALL;
	if (!h->starttls && strcmp(tls, "none") != 0 &&
	    strcmp(tls, "tls") != 0)
		return error_set(e, EX_CONFIG, "[provider %s] tls: neither "
		    "none, starttls nor tls", provider);
	return 0;
}

/* libcurl would find it out with each mail, and that for ever. */
static int
check_place(const char *host, long long port, const char *provider,
    struct error *e)
{
	if (*host == '\0' || strpbrk(host, " \t/\\@?#") != NULL ||
	    (*host != '[' && strchr(host, ':') != NULL))
		return error_set(e, EX_CONFIG, "[provider %s] host: not a name "
		    "or an address; IPv6 in brackets, the port has a key of "
		    "its own", provider);
	if (port < 1 || port > 65535)
		return error_set(e, EX_CONFIG, "[provider %s] port: not from 1 "
		    "to 65535", provider);
	return 0;
}

static int
read_host(struct smtp_host *h, struct config *c, const char *provider,
    struct buf *secret, struct error *e)
{
	const char *host = config_string(c, "provider", provider, "host");
	long long port = config_integer(c, "provider", provider, "port");
	const char *scheme;

	if (host == NULL)
		return error_set(e, EX_CONFIG, "[provider %s] has no host",
		    provider);
	if (check_place(host, port, provider, e) == -1 ||
	    read_tls(h, c, provider, &scheme, e) == -1)
		return -1;
	h->user = config_string(c, "provider", provider, "user");
	h->ca = config_path(c, "provider", provider, "ca_file");
	h->reply_s = (long)config_duration(c, "provider", provider,
	    "reply_timeout");
	snprintf(h->url, sizeof(h->url), "%s://%s:%lld", scheme, host, port);
	snprintf(h->place, sizeof(h->place), "[provider %.64s] %.128s:%lld",
	    provider, host, port);
	if (h->user == NULL)
		return 0;
	if (h->use == (long)CURLUSESSL_NONE &&
	    !provider_is_this_machine(host))
		return error_set(e, EX_CONFIG, "[provider %s] user: with "
		    "tls = none the password would be there for all to read; "
		    "only this machine itself gets it so", provider);
	return config_secret(c, "provider", provider, "password", secret, e);
}

struct smtp_host *
smtp_open(struct config *c, const char *provider, struct buf *secret,
    struct error *e)
{
	struct smtp_host *h = calloc(1, sizeof(*h));

	if (h == NULL)
		die(EX_OSERR, "out of memory");
	if (read_host(h, c, provider, secret, e) == 0)
		return h;
	free(h);
	return NULL;
}

void
smtp_close(struct smtp_host *h)
{
	free(h);
}

/*
 * What can be told of a mail before anything is sent.
 */

static void
decline(struct transfer *t, int code, const char *text)
{
	t->response.code = code;
	t->response.stage = SMTP_DATA;
	snprintf(t->response.text, sizeof(t->response.text), "%s", text);
}

/* libcurl would send a line end within as it is, and so another command. */
static bool
is_bare(const char *address)
{
	for (; *address != '\0'; address++)
		if ((unsigned char)*address <= ' ' || *address == 0x7f ||
		    *address == '<' || *address == '>')
			return false;
	return true;
}

static bool
is_ascii_local(const char *address)
{
	for (; *address != '\0' && *address != '@'; address++)
		if ((unsigned char)*address >= 0x80)
			return false;
	return true;
}

/* A dot on a line of its own would not be doubled after a bare LF. */
static bool
has_bare_end(const struct buf *body)
{
	const char *s = body->data, *end = s + body->len, *cr, *lf;

	while (s < end) {
		lf = memchr(s, '\n', (size_t)(end - s));
		cr = memchr(s, '\r', (size_t)(end - s));
		if (lf == NULL && cr == NULL)
			return false;
		if (lf == NULL || cr != lf - 1)
			return true;
		s = lf + 1;
	}
	return false;
}

static bool
exceeds_offers(const struct smtp_host *h, const struct offers *o,
    struct transfer *t)
{
	const struct request *r = &t->request;
	char text[ERROR_MAX];

	if (o->size > 0 && r->body.len > o->size) {
		snprintf(text, sizeof(text), "552 5.3.4 the mail has %zu "
		    "bytes, and %s takes at most %ju", r->body.len, h->place,
		    o->size);
		decline(t, 552, text);
		return true;
	}
	if (!o->utf8 && (!is_ascii_local(r->to) || !is_ascii_local(r->from))) {
		snprintf(text, sizeof(text), "550 5.6.7 an address that is "
		    "not ASCII, and %s does not offer SMTPUTF8", h->place);
		decline(t, 550, text);
		return true;
	}
	return false;
}

bool
smtp_declines(const struct smtp_host *h, struct transfer *t)
{
	const struct request *r = &t->request;

	if (!is_bare(r->to) || !is_bare(r->from))
		decline(t, 553, "553 an address with a character that cannot "
		    "stand in a command");
	else if (has_bare_end(&r->body))
		decline(t, 554, "554 5.6.0 a line end that is not CR LF");
	else
		return h->known && exceeds_offers(h, &h->offers, t);
	return true;
}

/*
 * Watching.
 */

static bool
begins(const char *data, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && strncasecmp(data, with, n) == 0;
}

/* What is sent, of which each command is one piece; no password is kept. */
static int
on_debug(CURL *curl, curl_infotype type, char *data, size_t len, void *ctx)
{
	struct line *l = ctx;

	(void)curl;
	if (type != CURLINFO_HEADER_OUT)
		return 0;
	l->greeting = begins(data, len, "EHLO ") || begins(data, len, "HELO ");
	if (l->greeting)
		l->offers = (struct offers){ .size = 0 };
	else if (begins(data, len, "STARTTLS\r\n"))
		l->secured = true;
	else if (begins(data, len, "MAIL FROM:"))
		l->stage = SMTP_MAIL;
	else if (begins(data, len, "RCPT TO:"))
		l->stage = SMTP_RCPT;
	else if (begins(data, len, "DATA\r\n"))
		l->stage = SMTP_DATA;
	else if (begins(data, len, "QUIT\r\n"))
		l->leaving = true;
	return 0;
}

static void
take_offer(struct offers *o, const char *text)
{
	if (strncasecmp(text, "SIZE ", 5) == 0)
		o->size = strtoumax(text + 5, NULL, 10);
	else if (strncasecmp(text, "AUTH ", 5) == 0 ||
	    strncasecmp(text, "AUTH=", 5) == 0)
		o->auth = true;
	else if (strcasecmp(text, "SMTPUTF8") == 0)
		o->utf8 = true;
}

/*
 * Without an offer libcurl would go on without a password, and send an address
 * that is not ASCII as it is.  False: it must not go on.
 */
static bool
suits(struct line *l)
{
	struct smtp_host *h = l->host;
	struct response *r = &l->t->response;

	if (h->starttls && !l->secured)
		return true;		/* what counts is said after it */
	h->offers = l->offers;
	h->known = true;
	if (h->user != NULL && !h->offers.auth) {
		r->failed = r->certificate = true;
		r->code = CURLE_LOGIN_DENIED;
		snprintf(r->text, sizeof(r->text), "%s: there is a user, but "
		    "the server does not offer AUTH", h->place);
		l->declined = true;
	} else if (exceeds_offers(h, &h->offers, l->t))
		l->declined = true;
	return !l->declined;
}

/* Further lines of a reply are joined to the first, without its codes. */
static void
keep(struct line *l, const char *text)
{
	size_t len = strlen(l->reply), code;

	if (!l->going_on) {
		snprintf(l->reply, sizeof(l->reply), "%s", text);
		return;
	}
	if (strspn(text, "0123456789") == CODE_LEN) {
		text += CODE_LEN;
		text += *text == '-' || *text == ' ';
	}
	code = strspn(text, "0123456789.");
	if (code > 0 && strncmp(l->reply + CODE_LEN + 1, text, code) == 0)
		text += code;
	text += strspn(text, " ");
	snprintf(l->reply + len, sizeof(l->reply) - len, " %s", text);
}

/* One line of a server's reply; 0 has libcurl end the transfer. */
static size_t
on_reply(char *data, size_t size, size_t n, void *ctx)
{
	struct line *l = ctx;
	size_t len = size * n, text_len = len;
	char text[ERROR_MAX];
	bool last;

	/* What answers QUIT says nothing about the mail. */
	if (l->leaving)
		return len;
	while (text_len > 0 && strchr("\r\n", data[text_len - 1]) != NULL)
		text_len--;
	snprintf(text, sizeof(text), "%.*s", text_len < sizeof(text) ?
	    (int)text_len : (int)sizeof(text) - 1, data);
	last = text_len == CODE_LEN || (text_len > CODE_LEN &&
	    text[CODE_LEN] == ' ');
	keep(l, text);
	l->going_on = !last;
	if (!l->greeting || strncmp(text, "250", CODE_LEN) != 0)
		return len;
	if (text_len > CODE_LEN)
		take_offer(&l->offers, text + CODE_LEN + 1);
	return !last || suits(l) ? len : 0;
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

/*
 * PLAIN and LOGIN alone: what else libcurl may choose needs more than a
 * password, or is older than TLS.
 */
static void
set_user(const struct smtp_host *h, struct line *l, const struct buf *secret)
{
	if (h->user == NULL)
		return;
	curl_easy_setopt(l->curl, CURLOPT_USERNAME, h->user);
	curl_easy_setopt(l->curl, CURLOPT_PASSWORD, buf_text(secret));
	curl_easy_setopt(l->curl, CURLOPT_LOGIN_OPTIONS,
	    "AUTH=PLAIN;AUTH=LOGIN");
}

/* A server that takes no more of a mail is waited for as one that is silent. */
void
smtp_set(struct smtp_host *h, struct line *l, const struct buf *secret)
{
	l->host = h;
	line_set_common(l, h->ca);
	set_user(h, l, secret);
	curl_easy_setopt(l->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(l->curl, CURLOPT_USE_SSL, h->use);
	curl_easy_setopt(l->curl, CURLOPT_URL, h->url);
	curl_easy_setopt(l->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
	    h->reply_s);
	curl_easy_setopt(l->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(l->curl, CURLOPT_LOW_SPEED_TIME, h->reply_s);
	curl_easy_setopt(l->curl, CURLOPT_HEADERFUNCTION, on_reply);
	curl_easy_setopt(l->curl, CURLOPT_HEADERDATA, l);
	curl_easy_setopt(l->curl, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(l->curl, CURLOPT_DEBUGDATA, l);
	curl_easy_setopt(l->curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(l->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(l->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(l->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(l->curl, CURLOPT_XFERINFODATA, l);
}

static void
begin(struct line *l, bool anew)
{
	l->stage = SMTP_CONNECT;
	l->greeting = l->secured = l->leaving = l->going_on = false;
	l->declined = false;
	l->anew = anew;
	l->reply[0] = '\0';
	curl_easy_setopt(l->curl, CURLOPT_FRESH_CONNECT, anew ? 1L : 0L);
}

void
smtp_start(struct line *l)
{
	const struct request *r = &l->t->request;
	char to[sizeof(r->to) + 2];

	snprintf(l->from, sizeof(l->from), "<%s>", r->from);
	snprintf(to, sizeof(to), "<%s>", r->to);
	l->list = line_add_to_list(NULL, to);
	curl_easy_setopt(l->curl, CURLOPT_MAIL_FROM, l->from);
	curl_easy_setopt(l->curl, CURLOPT_MAIL_RCPT, l->list);
	curl_easy_setopt(l->curl, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)r->body.len);
	begin(l, false);
}

/*
 * Servers close what is idle for too long, or had its share of mails, with or
 * without a 421.
 */
static bool
was_closed(const struct line *l, CURLcode rc, long code)
{
	long made = 1;

	curl_easy_getinfo(l->curl, CURLINFO_NUM_CONNECTS, &made);
	return made == 0 && (code == 421 || (code < 400 &&
	    (rc == CURLE_SEND_ERROR || rc == CURLE_RECV_ERROR ||
	    rc == CURLE_WEIRD_SERVER_REPLY)));
}

bool
smtp_again(struct line *l, CURLcode rc, long code)
{
	if (l->anew || l->declined || l->stage == SMTP_BODY ||
	    !was_closed(l, rc, code))
		return false;
	begin(l, true);
	return true;
}

/* Nothing will be sent until someone looks at this. */
static void
say_setup(const struct line *l, CURLcode rc, struct response *out)
{
	out->failed = out->certificate = true;
	out->code = (int)rc;
	snprintf(out->text, sizeof(out->text), "%s: %.250s", l->host->place,
	    *l->error != '\0' ? l->error : curl_easy_strerror(rc));
}

/* Before any mail was spoken of the place matters to who is to look at it. */
static void
say_reply(const struct line *l, long code, struct response *out)
{
	out->code = (int)code;
	if (l->stage == SMTP_CONNECT)
		snprintf(out->text, sizeof(out->text), "%s: %.250s",
		    l->host->place, l->reply);
	else
		snprintf(out->text, sizeof(out->text), "%s", l->reply);
}

/*
 * Only a 250 after all of it went out is a success.  Mails that were refused
 * have a reply; what failed before has none.
 */
void
smtp_result(const struct line *l, CURLcode rc, long code,
    struct response *out)
{
	if (l->declined)
		return;
	out->stage = l->stage;
	out->started = l->ended || rc == CURLE_OK;
	if ((rc == CURLE_OK && code == 250 && l->ended) || code >= 400)
		say_reply(l, code, out);
	else if (rc == CURLE_ABORTED_BY_CALLBACK) {
		out->failed = true;
		out->untried = !out->started;
		snprintf(out->text, sizeof(out->text),
		    "stopped before it was sent");
	} else if (line_is_certificate(rc) || rc == CURLE_LOGIN_DENIED)
		say_setup(l, rc, out);
	else
		line_say_failed(l, rc, out);
}
