#ifndef OMNI_PROVIDER_IMPL_H
#define OMNI_PROVIDER_IMPL_H

#include "provider/provider.h"

/* What the files of src/provider share; nobody else includes it. */

/* mail.c */
int mail_build(const struct order *o, struct request *out, struct error *e);
void sendmail_read(const struct response *r, struct verdict *out);

/* smtp.c */
void smtp_read(const struct response *r, struct verdict *out);
/* Whether 5.SUBJECT.DETAIL says that the address is none. */
bool smtp_is_dead(int subject, int detail);

/* ses.c */
int ses_build(const struct order *o, struct request *out, struct error *e);
void ses_read(const struct response *r, struct verdict *out);
int ses_sign_in(struct config *c, const char *provider,
    struct credentials *out, struct error *e);

/* console.c; local_read() is also that of a Maildir. */
int console_build(const struct order *o, struct request *out,
    struct error *e);
void local_read(const struct response *r, struct verdict *out);

/* twilio.c, twilio_list.c */
int twilio_build(const struct order *o, struct request *out, struct error *e);
void twilio_read(const struct response *r, struct verdict *out);
int twilio_sign_in(struct config *c, const char *provider,
    struct credentials *out, struct error *e);
int twilio_ask(const struct order *o, const char *page, struct request *out,
    struct error *e);
int twilio_look(const struct order *o, const struct response *r,
    bool (*found)(void *ctx, const char *provider_id, bool certain),
    void *ctx, char page[2048]);

/* twilio_call.c */
int twilio_call_build(const struct order *o, struct request *out,
    struct error *e);
void twilio_call_read(const struct response *r, struct verdict *out);
int twilio_call_ask(const struct order *o, const char *page,
    struct request *out, struct error *e);
int twilio_call_look(const struct order *o, const struct response *r,
    bool (*found)(void *ctx, const char *provider_id, bool certain),
    void *ctx, char page[2048]);

#define TWILIO_BASE	"https://api.twilio.com"
#define TWILIO_VERSION	"/2010-04-01"
#define TWILIO_SID_LEN	34

/* Two capitals, as `prefix` says, and 32 hexadecimal digits. */
bool twilio_is_sid(const char *s, const char *prefix);
/* NULL: it is missing or no such sid. */
const char *twilio_sid_of(const struct order *o, const char *key,
    const char *prefix, struct error *e);
/* A POST of what is in the body to that resource of the account. */
int twilio_post(const struct order *o, const char *resource,
    struct request *out, struct error *e);
/* Adds StatusCallback, to `path`, where [site] public_url says where. */
void twilio_add_callback(const struct order *o, const char *path,
    struct buf *form);
/* An answer; what was made has an id that begins with one of these two. */
void twilio_read_created(const struct response *r, const char *prefix,
    const char *other, struct verdict *out);

/*
 * Twilio's lists, of which the newest come first.  twilio_list_ask() is `ask`,
 * and twilio_list_look() is `look` of an answer that is JSON: all pages are
 * read until one ends before `first`, or one of ours is found.
 */
#define TWILIO_PAGE	50	/* of 1600 characters: below RESPONSE_MAX */

struct twilio_list {
	const char *resource, *member;	/* "Messages", "messages" */
};
int twilio_list_ask(const struct order *o, const struct twilio_list *l,
    const char *page, struct request *out, struct error *e);
/* What an entry of the list is to us. */
enum twilio_match {
	TWILIO_NO,
	TWILIO_ALIKE,	/* it may be ours, but nothing proves it */
	TWILIO_OURS,
	TWILIO_UNCLEAR	/* what would tell is missing, or was taken away */
};
typedef enum twilio_match twilio_matcher(const void *search,
    const struct value *entry);
int twilio_list_look(const struct order *o, const struct twilio_list *l,
    instant first, const struct value *json, twilio_matcher *is_ours,
    const void *search, bool (*found)(void *ctx, const char *provider_id,
    bool certain), void *ctx, char page[2048]);
/* "Fri, 20 Nov 2026 18:00:00 +0000", of RFC 2822. */
bool twilio_read_date(const char *s, instant *t);

/* whatsapp.c */
int whatsapp_build(const struct order *o, struct request *out,
    struct error *e);
void whatsapp_read(const struct response *r, struct verdict *out);
int whatsapp_sign_in(struct config *c, const char *provider,
    struct credentials *out, struct error *e);

/* webpush.c */
int webpush_build(const struct order *o, struct request *out,
    struct error *e);
void webpush_read(const struct response *r, struct verdict *out);
bool webpush_server(const struct config *c, const char *to,
    char out[SERVER_MAX]);
int webpush_sign_in(struct config *c, const char *provider,
    struct credentials *out, struct error *e);

/* ntfy.c */
int ntfy_build(const struct order *o, struct request *out, struct error *e);
void ntfy_read(const struct response *r, struct verdict *out);
int ntfy_sign_in(struct config *c, const char *provider,
    struct credentials *out, struct error *e);
int ntfy_ask(const struct order *o, const char *page, struct request *out,
    struct error *e);
int ntfy_look(const struct order *o, const struct response *r,
    bool (*found)(void *ctx, const char *provider_id, bool certain),
    void *ctx, char page[2048]);

/* What a WhatsApp message may hold: -1 and the field that is at fault. */
int whatsapp_check_template(const struct value *t, struct error *e);
int whatsapp_check_session(const struct value *session, struct error *e);

/*
 * Error codes, one row each or one for a range.  A code may come as the answer
 * to a request, and later in the receipt of a message that was accepted.
 */
struct code {
	int first, last;		/* 0: `first` alone */
	enum outcome answer, receipt;	/* OUTCOME_MAX: none there */
	int wait;			/* seconds before another try */
	unsigned flags;
};
#define CODE_OUTAGE	1U	/* the provider's trouble */
#define CODE_FORWARD	2U	/* another channel may do */
#define CODE_MARKETING	4U	/* of OUTCOME_OPTOUT: from advertising only */

/* NULL: not in the table. */
const struct code *twilio_code(int64_t code);
const struct code *whatsapp_code(int64_t code);
const struct code *code_find(const struct code *table, size_t count,
    int64_t code);

/* http.c */

/*
 * The provider's base_url, or `standard`, without a slash at its end.  http://
 * is for this machine alone: what goes there is not encrypted.
 */
int http_base(const struct order *o, const char *standard, char *out,
    size_t size, struct error *e);
/* The key of [provider NAME], which must be there. */
const char *http_setting(const struct order *o, const char *key,
    struct error *e);
/* EX_CONFIG: the secret has a character that would break a header. */
int http_secret(struct config *c, const char *provider, const char *key,
    struct credentials *out, struct error *e);
/* To [+][8-15 digits]; EX_DATAERR. */
int http_check_number(const char *to, struct error *e);

/*
 * What can be said without looking into the body: the transfer failed, or the
 * HTTP status alone.  Sets outcome, code, text, wait and outage.  A status
 * that somebody on the way may have given is OUTCOME_LATER and an outage.
 */
void http_read(const struct response *r, struct verdict *out);
/* Seconds that the server asks to wait; 0: it did not, and at most a week. */
int64_t http_wait(const struct response *r);
/*
 * The same, and what the body says: of 2xx to `accepted`, from 400 on to
 * `refused`; `json` is NULL where http_json() is.
 */
typedef void http_reader(const struct response *r, const struct value *json,
    struct verdict *out);
void http_read_json(const struct response *r, http_reader *accepted,
    http_reader *refused, struct verdict *out);
/* The body as JSON, to be freed; NULL: it is none, or its end is missing. */
struct value *http_json(const struct response *r);
/* Why there was none. */
const char *http_json_fault(const struct response *r);
/* What an error code of the provider's own changes in that. */
void http_apply(const struct response *r, int64_t number,
    const struct code *code, struct verdict *out);
/*
 * `said`, cut and escaped, and without what may be a credential: providers
 * quote tokens that they refuse.
 */
void http_say(struct verdict *out, const char *said);
/* A success that proves nothing: `what` says why. */
void http_doubt(struct verdict *out, const char *what);

/* The record's `media`, which omni-record(5) describes. */
#define MEDIA_MAX	10
#define MEDIA_URL_MAX	2000	/* bytes */

struct media {
	const char *url, *type, *filename;	/* the last two: or NULL */
};

/* How many there are; -1 and the field that is at fault. */
int media_read(const struct record *r, struct media out[MEDIA_MAX],
    struct error *e);

int whatsapp_mark_read(const struct order *o, const char *wamid,
    struct request *out, struct error *e);

#endif
