#ifndef OMNI_MAIL_CHECK_H
#define OMNI_MAIL_CHECK_H

/*
 * Shared by the parts of omni-send-mail --check, which says what can be said of
 * mail without sending any: mail_check.c (channels, messages, output),
 * mail_account.c (the configuration), mail_dns.c (the records that a domain
 * should have), mail_look.c (those that it has) and dns.c (asking).
 */

#include <stdbool.h>
#include <stddef.h>

#include "engine_impl.h"
#include "message/mailcheck.h"

#define DOMAIN_SIZE	256

/* Who brings the mail to the world. */
enum mail_route {
	ROUTE_NOBODY,	/* it stays on this machine */
	ROUTE_MTA,	/* the mail server of this machine */
	ROUTE_RELAY,	/* a server that is somebody's own */
	ROUTE_SERVICE,	/* one of those in the table */
	ROUTE_SES	/* Amazon's, over HTTP or SMTP */
};

/* A service that sends for its customers, by the names of its servers. */
struct mail_service {
	const char *name, *server;	/* the domain of its hosts */
	const char *spf;		/* for "include:" */
	const char *dkim[3];		/* selectors; NULL: its console's */
	const char *dkim_type;		/* "TXT", "CNAME" */
};

struct mail_account {
	const char *channel, *provider, *kind;
	const char *from, *reply_to;	/* NULL: not set */
	const char *host, *region;	/* NULL: not set, or not of the kind */
	enum mail_route route;
	const struct mail_service *service;
	/* In ASCII and lower case; "": there is none. */
	char domain[DOMAIN_SIZE];	/* of `from` */
	char bounces[DOMAIN_SIZE];	/* of the envelope's sender */
	char answers[DOMAIN_SIZE];	/* of `reply_to`, else of `from` */
	char region_text[64];
};

void mail_account_read(const struct config *c, const char *channel,
    struct mail_account *out);
void mail_account_check(struct config *c, const struct mail_account *a,
    const struct mail_report *out);
/* gmail.com and its like, where nobody can set records. */
bool mail_domain_is_everybodys(const char *domain);

/* One record that the domain should have. */
enum dns_need { DNS_REQUIRED, DNS_RECOMMENDED, DNS_OPTIONAL };

struct dns_advice {
	const char *code;	/* "spf" */
	const char *type;	/* "TXT" */
	enum dns_need need;
	char name[2 * DOMAIN_SIZE], value[3 * DOMAIN_SIZE];
	char why[MAIL_FINDING_MAX / 2];
	/* What shows that a record is the one: its start, or a part. */
	const char *start;
	char part[DOMAIN_SIZE + 16];	/* "": any will do */
	bool nameless;		/* its name is known elsewhere only */
};

#define DNS_ADVICE_MAX	16

size_t mail_dns_advise(const struct mail_account *a,
    struct dns_advice out[DNS_ADVICE_MAX]);

/* What a name server says. */
#define DNS_ANSWERS	32

enum dns_status {
	DNS_FOUND,
	DNS_NO_DATA,	/* the name is there, without records of the type */
	DNS_NO_NAME,
	DNS_FAILED	/* nobody knows: see `why` */
};

struct dns_answer {
	enum dns_status status;
	char *texts[DNS_ANSWERS];	/* "10 mx.example", "v=spf1 ..." */
	size_t count;
	const char *why;
};

struct dns;
/* `server` is "ADDRESS[:PORT]", IPv4; NULL: those of resolv.conf(5). */
struct dns *dns_open(const char *server, struct error *e);
void dns_close(struct dns *d);
/* TXT, MX, CNAME; `out->texts` are kept in `mem`. */
void dns_ask(struct dns *d, const char *name, const char *type,
    struct arena *mem, struct dns_answer *out);

/* What is there of what should be. */
enum dns_state {
	DNS_GOOD,
	DNS_MISSING,
	DNS_WRONG,	/* there is one, and it is not as it must be */
	DNS_WEAK,	/* there is one, and it could do more */
	DNS_UNSURE,	/* there is one, and nobody can tell from here */
	DNS_UNKNOWN,	/* could not be looked up */
	DNS_NOT_ASKED
};
const char *dns_state_name(enum dns_state s);

struct dns_result {
	enum dns_state state;
	struct dns_answer found;
	char text[MAIL_FINDING_MAX / 2];	/* what is wrong; "" */
};

void mail_dns_look(struct dns *d, const struct mail_account *a,
    const struct dns_advice *advice, struct arena *mem,
    struct dns_result *out);

#endif
