#ifndef OMNI_PROVIDER_H
#define OMNI_PROVIDER_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/record.h"

/*
 * Providers: from a message to the bytes that go out, and from what came back
 * to an outcome.  Pure functions; src/send does the input and output.  Adding
 * a provider is adding a row to the table in provider.c.
 */

/* What a sender knows of an attempt, in the words of all providers. */
enum outcome {
	OUTCOME_ACCEPTED,	/* the provider has it */
	OUTCOME_REFUSED,	/* certainly not sent, and never will be */
	OUTCOME_ADDRESS,	/* the same; the address is dead */
	OUTCOME_OPTOUT,		/* the same; the person does not want it */
	OUTCOME_LATER,		/* certainly not sent; try again */
	OUTCOME_SETUP,		/* certainly not sent; a person must act first */
	OUTCOME_UNKNOWN,	/* may have been sent */
	OUTCOME_MAX
};
const char *outcome_name(enum outcome o);
/*
 * The same of a receipt that says a message failed: what the code in it means,
 * OUTCOME_MAX where the kind's table does not have it.  OUTCOME_UNKNOWN: not
 * even the provider knows whether it arrived.
 */
enum outcome provider_code_outcome(const char *kind, const char *code);
/* What the person unsubscribed from there: a scope of consent, or NULL. */
const char *provider_code_opt_out(const char *kind, const char *code);

/* How a request travels. */
enum transport {
	TRANSPORT_MAILDIR,
	TRANSPORT_SENDMAIL,
	TRANSPORT_SMTP,
	TRANSPORT_HTTP,
	TRANSPORT_CONSOLE
};

/* How far an SMTP server let us get before it gave its last reply. */
enum smtp_stage {
	SMTP_CONNECT,		/* greeting, EHLO, STARTTLS, AUTH */
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BODY		/* the mail, and the dot at its end */
};

#define REQUEST_MAX	(30 * 1024 * 1024)
#define HEADERS_MAX	(16 * 1024)
#define RESPONSE_MAX	(1024 * 1024)
#define TO_MAX		2049	/* a subscription to Web Push, and a NUL */
#define ASK_PAGES_MAX	20	/* to one recipient since the attempt */

/* Whom the provider takes us for. */
enum sign_in {
	SIGN_IN_BASIC,		/* a user and password */
	SIGN_IN_BEARER,		/* a token */
	SIGN_IN_AWS,		/* Signature Version 4 of each request */
	SIGN_IN_HEADERS		/* each request brings its own, or none */
};
struct credentials {
	enum sign_in how;
	char user[128];
	struct buf secret;
	char region[32], service[16];	/* of SIGN_IN_AWS, as is the token */
	struct buf token;		/* of a session; or empty */
};

struct order {
	const char *id, *channel, *provider;	/* the last two by section */
	int attempt;
	const char *to;			/* where it goes, after [test] redirect */
	const struct record *record;	/* as omni-queue took it */
	const struct config *config;
	instant now, expires;
	instant started;		/* of an attempt in doubt */
	const char *sender;		/* of such a one, or NULL: as now */
	/* Of a request that is signed: what sign_in gave, and the real time. */
	const struct credentials *who;
	instant signing;
	bool window;			/* WhatsApp's 24 hours are open */
	const char *token;		/* of a mail: link_mail_token(), or NULL */
};

struct request {
	struct buf body;
	char from[256], to[TO_MAX];	/* of the envelope */
	char name[128];			/* derived from the id alone */
	char provider_id[600];		/* if accepted, where it is ours to choose */
	/* Of TRANSPORT_HTTP; the credentials are added on the way. */
	const char *method, *content_type;	/* NULL: no body */
	char url[2048];
	struct buf headers;	/* more of them, each "Name: value\n" */
};

struct response {
	bool started;		/* the whole message may have gone out */
	bool failed;		/* `code` is an errno or a libcurl code */
	bool untried;		/* failed: stopped, or waited for too long */
	int code;		/* or: SMTP reply, exit status, HTTP status */
	char text[ERROR_MAX];	/* what was said, for people */
	enum smtp_stage stage;	/* of TRANSPORT_SMTP */
	/* Of TRANSPORT_HTTP: */
	struct buf body;	/* up to RESPONSE_MAX */
	bool cut;		/* there was more, or the end did not come */
	bool certificate;	/* failed, and waiting does not help: TLS */
	int64_t retry_after;	/* seconds; -1: not said */
	instant date;		/* by its own clock; 0: not said */
	char error_type[64];	/* x-amzn-ErrorType; or empty */
	char location[600];	/* header Location; or empty */
};

struct verdict {
	enum outcome outcome;
	char code[32];
	char text[ERROR_MAX];
	char provider_id[600];	/* that the provider chose; or empty */
	int segments;		/* as billed; 0: not said */
	char cost[32], currency[16];	/* as billed; or empty */
	int64_t wait;		/* seconds, at least, before another try */
	bool outage;		/* the provider's trouble, not this message's */
	bool bring_forward;	/* another channel may do */
};

#define SERVER_MAX	300

struct provider {
	const char *kind;
	const char *types;	/* of the channels it serves */
	enum transport transport;
	bool repeats_ids;	/* one that comes again names nothing */
	/* -1: the record cannot be sent this way at all (OUTCOME_REFUSED). */
	int (*build)(const struct order *o, struct request *out,
	    struct error *e);
	void (*read)(const struct response *r, struct verdict *out);
	/* Of TRANSPORT_HTTP: -1 and EX_CONFIG when the keys are not there. */
	int (*sign_in)(struct config *c, const char *provider,
	    struct credentials *out, struct error *e);
	/*
	 * What became of an attempt that nobody answered, or NULL: the request
	 * that asks for it, and what the answer says.  `ask` begins with
	 * `page` NULL.  `look` calls `found` for each message of the page that
	 * reads like this attempt's; it is not `certain` where its time or its
	 * sender are others.  `found` says whether that is the one, and then
	 * `look` returns 0.  Else it returns 1 and the next `page` where there
	 * is more, 0 at the end, -1 when the answer is none.
	 */
	int (*ask)(const struct order *o, const char *page,
	    struct request *out, struct error *e);
	int (*look)(const struct order *o, const struct response *r,
	    bool (*found)(void *ctx, const char *provider_id, bool certain),
	    void *ctx, char page[2048]);
	/*
	 * The server that a message to this address goes to, where each names
	 * its own, or NULL; false: it names none.
	 */
	bool (*server)(const struct config *c, const char *to,
	    char out[SERVER_MAX]);
	/*
	 * The request that tells the person's phone that we have read a
	 * message of theirs, and with it all before, or NULL; the answer is
	 * 200.  Of the order only config, provider and channel are there.
	 */
	int (*mark_read)(const struct order *o, const char *theirs,
	    struct request *out, struct error *e);
};

/*
 * Of TRANSPORT_HTTP: -1 and EX_CONFIG unless base_url, where it is set, is a
 * place to send to.
 */
int provider_check_base(const struct config *c, const char *provider,
    struct error *e);

/* "127.0.0.1", "localhost" or "[::1]", with or without a port and a path. */
bool provider_is_this_machine(const char *host);

/* NULL: no such kind, or not for this type of channel. */
const struct provider *provider_find(const char *kind, const char *type);

/*
 * The one place that tells temporary from permanent for mail: by the class
 * digit, by what was refused, and by the enhanced status code (RFC 3463) where
 * the reply has one.  `text` begins with the reply's code.
 */
enum outcome smtp_outcome(int code, const char *text, enum smtp_stage stage);
enum outcome sendmail_outcome(int status);

#endif
