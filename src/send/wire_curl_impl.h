#ifndef OMNI_WIRE_CURL_IMPL_H
#define OMNI_WIRE_CURL_IMPL_H

/* Shared by wire_curl.c and wire_smtp.c, what is SMTP's own in it. */

#include <curl/curl.h>
#include <stdint.h>

#include "wire_impl.h"

#define LINE_CONNECT_S	30L

struct smtp_host;

/* What an SMTP server says in reply to EHLO that it can do. */
struct offers {
	uintmax_t size;		/* bytes of a mail; 0: it does not say */
	bool auth, utf8;
};

/* One handle of libcurl, and the transfer that is on it. */
struct line {
	CURL *curl;
	struct curl_slist *list;	/* of headers, or the recipient */
	struct transfer *t;
	size_t sent;
	bool ended;			/* libcurl has read all of it */
	bool (*stopping)(void);
	char error[CURL_ERROR_SIZE];
	/* Of SMTP: */
	struct smtp_host *host;
	enum smtp_stage stage;		/* of the last command */
	bool greeting;			/* that was EHLO or HELO */
	bool secured;			/* STARTTLS was asked for */
	bool leaving;			/* QUIT was said */
	bool going_on;			/* the reply has further lines */
	bool anew;			/* on a fresh connection by now */
	bool declined;			/* the response says why */
	struct offers offers;		/* in reply to EHLO, so far */
	char reply[ERROR_MAX];
	char from[sizeof(((struct request *)NULL)->from) + 2];
};

/* wire_curl.c */
struct curl_slist *line_add_to_list(struct curl_slist *list,
    const char *text);
void line_set_common(struct line *l, const char *ca);
bool line_is_certificate(CURLcode rc);
void line_say_failed(const struct line *l, CURLcode rc,
    struct response *out);

/*
 * wire_smtp.c: the server of a provider, and what it said that it can do.
 * NULL when its section is not right; the password goes into `secret`.
 */
struct smtp_host *smtp_open(struct config *c, const char *provider,
    struct buf *secret, struct error *e);
void smtp_close(struct smtp_host *h);
void smtp_set(struct smtp_host *h, struct line *l, const struct buf *secret);
/* This server will never take it: the response is filled in. */
bool smtp_declines(const struct smtp_host *h, struct transfer *t);
void smtp_start(struct line *l);
/*
 * Nothing of the mail went out, since the server had closed a connection that
 * was kept: the line is ready for
 * another try.
 */
bool smtp_again(struct line *l, CURLcode rc, long code);
void smtp_result(const struct line *l, CURLcode rc, long code,
    struct response *out);

#endif
