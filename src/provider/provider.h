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
/* The same of a receipt: this code says that the person unsubscribed there. */
bool provider_code_is_optout(const char *kind, const char *code);

/* How a request travels. */
enum transport {
	TRANSPORT_MAILDIR,
	TRANSPORT_SENDMAIL,
	TRANSPORT_SMTP,
	TRANSPORT_CONSOLE
};

#define REQUEST_MAX	(30 * 1024 * 1024)

struct order {
	const char *id, *channel, *provider;	/* the last two by section */
	int attempt;
	const struct record *record;	/* as omni-queue took it */
	const struct config *config;
	instant now;
};

struct request {
	struct buf body;
	char from[256], to[256];	/* of the envelope */
	char name[128];			/* derived from the id alone */
	char provider_id[600];		/* if accepted */
};

struct response {
	bool started;		/* the whole message may have gone out */
	bool failed;		/* `code` is an errno or a libcurl code */
	int code;		/* or: SMTP reply, exit status */
	char text[ERROR_MAX];	/* what was said, for people */
};

struct verdict {
	enum outcome outcome;
	char code[32];
	char text[ERROR_MAX];
};

struct provider {
	const char *kind;
	const char *types;	/* of the channels it serves */
	enum transport transport;
	/* -1: the record cannot be sent this way at all (OUTCOME_REFUSED). */
	int (*build)(const struct order *o, struct request *out,
	    struct error *e);
	void (*read)(const struct response *r, struct verdict *out);
};

/* NULL: no such kind, or not for this type of channel. */
const struct provider *provider_find(const char *kind, const char *type);

/*
 * The one place that tells temporary from permanent for mail: by the class
 * digit and, where the reply has one, the enhanced status code (RFC 3463).
 */
enum outcome smtp_outcome(int code, const char *text);
enum outcome sendmail_outcome(int status);

#endif
