/* What the configuration of a channel of mail says about how it will arrive. */
#include "mail_check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "message/email.h"
#include "message/links.h"

static const struct mail_service services[] = {
	{ "Google Workspace", "google.com", "_spf.google.com",
	    { "google" }, "TXT" },
	{ "Google Workspace", "gmail.com", "_spf.google.com",
	    { "google" }, "TXT" },
	{ "Microsoft 365", "office365.com", "spf.protection.outlook.com",
	    { "selector1", "selector2" }, "CNAME" },
	{ "Microsoft 365", "outlook.com", "spf.protection.outlook.com",
	    { "selector1", "selector2" }, "CNAME" },
	{ "SendGrid", "sendgrid.net", "sendgrid.net",
	    { "s1", "s2" }, "CNAME" },
	{ "Mailgun", "mailgun.org", "mailgun.org", { NULL }, "TXT" },
	{ "Fastmail", "fastmail.com", "spf.messagingengine.com",
	    { "fm1", "fm2", "fm3" }, "CNAME" },
	{ "Postmark", "postmarkapp.com", "spf.mtasv.net", { NULL }, "TXT" },
	{ "Mailjet", "mailjet.com", "spf.mailjet.com",
	    { "mailjet" }, "TXT" },
};

/* Domains of everybody's mailboxes, and the servers that may send for them. */
static const struct {
	const char *domain, *server;
} everybodys[] = {
	{ "gmail.com", "gmail.com" }, { "googlemail.com", "gmail.com" },
	{ "hotmail.com", "office365.com" }, { "hotmail.es", "office365.com" },
	{ "outlook.com", "office365.com" }, { "outlook.es", "office365.com" },
	{ "live.com", "office365.com" }, { "live.com.mx", "office365.com" },
	{ "msn.com", "office365.com" }, { "yahoo.com", "yahoo.com" },
	{ "yahoo.com.mx", "yahoo.com" }, { "yahoo.es", "yahoo.com" },
	{ "ymail.com", "yahoo.com" }, { "aol.com", "aol.com" },
	{ "icloud.com", "me.com" }, { "me.com", "me.com" },
	{ "mac.com", "me.com" }, { "gmx.com", "gmx.com" },
	{ "gmx.net", "gmx.net" }, { "gmx.de", "gmx.net" },
	{ "proton.me", "protonmail.ch" }, { "protonmail.com", "protonmail.ch" },
	{ "prodigy.net.mx", "prodigy.net.mx" },
};
#define EVERYBODYS	(sizeof(everybodys) / sizeof(everybodys[0]))

/* Reading */

/* That of an address, "" when it is none. */
static void
domain_of(const char *mailbox, char *out, size_t size)
{
	struct arena mem = ARENA_INIT(64 * 1024);
	char address[320];
	const char *clean, *why;

	out[0] = '\0';
	mail_address_of(mailbox, address, sizeof(address));
	if (email_read(address, &mem, &clean, &why))
		snprintf(out, size, "%s", strrchr(clean, '@') + 1);
	arena_release(&mem);
}

static bool
is_below(const char *host, const char *domain)
{
	size_t len = strlen(host), n = strlen(domain);

	return len >= n && strcasecmp(host + len - n, domain) == 0 &&
	    (len == n || host[len - n - 1] == '.');
}

static bool
is_this_machine(const char *host)
{
	return strcasecmp(host, "localhost") == 0 ||
	    strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* email-smtp.us-east-1.amazonaws.com */
static bool
read_ses_host(struct mail_account *a)
{
	const char *dot = strchr(a->host, '.');

	if (strncasecmp(a->host, "email-smtp", 10) != 0 || dot == NULL ||
	    !is_below(a->host, "amazonaws.com"))
		return false;
	snprintf(a->region_text, sizeof(a->region_text), "%.*s",
	    (int)strcspn(dot + 1, "."), dot + 1);
	a->region = a->region_text;
	return true;
}

static void
read_smtp(const struct config *c, struct mail_account *a)
{
	a->host = config_string(c, "provider", a->provider, "host");
	a->route = ROUTE_RELAY;
	if (a->host == NULL)
		return;
	if (is_this_machine(a->host))
		a->route = ROUTE_MTA;
	else if (read_ses_host(a))
		a->route = ROUTE_SES;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (is_below(a->host, services[i].server)) {
			a->service = &services[i];
			a->route = ROUTE_SERVICE;
			return;
		}
}

static void
read_route(const struct config *c, struct mail_account *a)
{
	a->route = ROUTE_NOBODY;
	if (strcmp(a->kind, "smtp") == 0)
		read_smtp(c, a);
	else if (strcmp(a->kind, "sendmail") == 0)
		a->route = ROUTE_MTA;
	else if (strcmp(a->kind, "ses") == 0) {
		a->route = ROUTE_SES;
		if (config_knows("provider", "region"))
			a->region = config_string(c, "provider", a->provider,
			    "region");
	}
}

void
mail_account_read(const struct config *c, const char *channel,
    struct mail_account *out)
{
	const char *bounces = config_string(c, "mail", NULL, "bounce_domain");
	char probe[DOMAIN_SIZE + 8];

	*out = (struct mail_account){ .channel = channel,
	    .provider = config_string(c, "channel", channel, "provider"),
	    .from = config_string(c, "channel", channel, "from"),
	    .reply_to = config_string(c, "mail", NULL, "reply_to") };
	out->kind = config_string(c, "provider", out->provider, "kind");
	if (out->from == NULL)
		out->from = config_string(c, "mail", NULL, "from");
	if (out->from != NULL)
		domain_of(out->from, out->domain, sizeof(out->domain));
	snprintf(probe, sizeof(probe), "x@%s", bounces == NULL ? out->domain :
	    bounces);
	domain_of(probe, out->bounces, sizeof(out->bounces));
	domain_of(out->reply_to == NULL ? out->from == NULL ? "" : out->from :
	    out->reply_to, out->answers, sizeof(out->answers));
	read_route(c, out);
}

/* Checking */

bool
mail_domain_is_everybodys(const char *domain)
{
	for (size_t i = 0; i < EVERYBODYS; i++)
		if (strcmp(everybodys[i].domain, domain) == 0)
			return true;
	return false;
}

static bool
may_send_for(const struct mail_account *a)
{
	for (size_t i = 0; i < EVERYBODYS; i++)
		if (strcmp(everybodys[i].domain, a->domain) == 0 &&
		    a->host != NULL && is_below(a->host,
		    everybodys[i].server))
			return true;
	return false;
}

/* RFC 2606 and 6761: nobody on the Internet has these. */
static bool
is_reserved(const char *domain)
{
	static const char *const names[] = { "example", "test", "invalid",
	    "localhost", "local", "lan", "internal", "example.com",
	    "example.net", "example.org", NULL };

	for (size_t i = 0; names[i] != NULL; i++)
		if (is_below(domain, names[i]))
			return true;
	return strchr(domain, '.') == NULL;
}

static void
check_from_domain(const struct mail_account *a, const struct mail_report *out)
{
	if (is_reserved(a->domain))
		mail_found(out, MAIL_WARNING, "from", "from_reserved",
		    "%.100s: nobody on the Internet can have this domain, so "
		    "receivers refuse its mail", a->domain);
	else if (mail_domain_is_everybodys(a->domain) && !may_send_for(a))
		mail_found(out, MAIL_ERROR, "from", "from_everybodys",
		    "%.100s: only its own servers may send for it; from "
		    "others mail is refused (DMARC)", a->domain);
	else if (mail_domain_is_everybodys(a->domain))
		mail_found(out, MAIL_WARNING, "from", "from_everybodys",
		    "%.100s: a mailbox for one person, with a limit of some "
		    "hundred mails a day; a domain of your own has none",
		    a->domain);
}

static void
check_smtp(const struct config *c, const struct mail_account *a,
    const struct mail_report *out)
{
	const char *tls = config_string(c, "provider", a->provider, "tls");
	const char *user = config_string(c, "provider", a->provider, "user");
	char domain[DOMAIN_SIZE];

	if (a->host == NULL) {
		mail_found(out, MAIL_ERROR, "host", "host_missing",
		    "[provider %.60s] has no host: nothing can be sent",
		    a->provider);
		return;
	}
	if (a->route != ROUTE_MTA && strcmp(tls, "none") == 0)
		mail_found(out, MAIL_WARNING, "tls", "tls_none",
		    "none: mail, and a password if there is one, go to %.100s "
		    "for everybody to read", a->host);
	domain_of(user == NULL ? "" : user, domain, sizeof(domain));
	if (domain[0] != '\0' && !mail_is_aligned(domain, a->domain))
		mail_found(out, MAIL_WARNING, "user", "user_domain",
		    "signs in for %.80s and sends as %.80s: many relays "
		    "refuse that, or change the sender", domain, a->domain);
}

static void
check_route(const struct config *c, const struct mail_account *a,
    const struct mail_report *out)
{
	if (a->route == ROUTE_NOBODY)
		mail_found(out, MAIL_NOTE, "provider", "route_nobody",
		    "%.40s: mail stays on this machine, and needs no records "
		    "in DNS", a->kind);
	if (strcmp(a->kind, "smtp") == 0)
		check_smtp(c, a, out);
	if (a->route == ROUTE_SERVICE)
		mail_found(out, MAIL_NOTE, "host", "route_service",
		    "%.80s sends for %.80s: its console must know the domain, "
		    "and give its keys for DKIM", a->service->name, a->domain);
	else if (a->route == ROUTE_RELAY && a->host != NULL &&
	    !mail_is_aligned(a->host, a->domain))
		mail_found(out, MAIL_NOTE, "host", "route_relay",
		    "%.80s is not of %.80s: the SPF record must name it, and "
		    "it must sign as %.80s", a->host, a->domain, a->domain);
	else if (a->route == ROUTE_MTA)
		mail_found(out, MAIL_NOTE, "provider", "route_mta",
		    "the mail server of this machine must sign as %.80s "
		    "(DKIM), or pass mail on to one that does", a->domain);
	else if (a->route == ROUTE_SES && a->region == NULL)
		mail_found(out, MAIL_ERROR, "region", "region_missing",
		    "[provider %.60s] has no region", a->provider);
	else if (a->route == ROUTE_SES)
		mail_found(out, MAIL_NOTE, "from", "route_ses",
		    "%.80s must be a verified identity of SES in %.40s; in "
		    "the sandbox only verified addresses get mail", a->domain,
		    a->region);
}

static void
check_bounces(const struct config *c, const struct mail_account *a,
    const struct mail_report *out)
{
	const char *set = config_string(c, "mail", NULL, "bounce_domain");

	if (a->route == ROUTE_SES && strcmp(a->kind, "ses") == 0 &&
	    config_knows("provider", "configuration_set") &&
	    config_string(c, "provider", a->provider, "configuration_set") ==
	    NULL)
		mail_found(out, MAIL_WARNING, "configuration_set",
		    "events_missing", "not set: bounces and complaints are "
		    "told to nobody but Amazon, which counts them");
	if (set == NULL && a->route != ROUTE_SES)
		mail_found(out, MAIL_NOTE, "bounce_domain", "bounces_mixed",
		    "not set: bounces come to the sender's mailbox, and do "
		    "not say which message they are of");
	if (set != NULL && a->bounces[0] == '\0')
		mail_found(out, MAIL_ERROR, "bounce_domain", "bounce_domain",
		    "%.100s: not a domain that mail can be sent to", set);
	else if (set != NULL && !mail_is_aligned(a->bounces, a->domain))
		mail_found(out, MAIL_WARNING, "bounce_domain",
		    "bounces_elsewhere", "%.80s is not of %.80s: SPF does not "
		    "count for DMARC then, and DKIM alone must carry it",
		    a->bounces, a->domain);
}

static void
check_answers(const struct mail_account *a, const struct mail_report *out)
{
	if (a->reply_to == NULL || a->answers[0] == '\0')
		return;
	if (strcmp(a->answers, a->domain) != 0 &&
	    mail_domain_is_everybodys(a->answers))
		mail_found(out, MAIL_WARNING, "reply_to", "answers_elsewhere",
		    "%.80s, and the sender is of %.80s: filters take that for "
		    "phishing", a->answers, a->domain);
	else if (!mail_is_aligned(a->answers, a->domain))
		mail_found(out, MAIL_NOTE, "reply_to", "answers_elsewhere",
		    "%.80s is not of %.80s: readers wonder whom they write to",
		    a->answers, a->domain);
}

static bool
has_unsubscribe(const struct config *c)
{
	const char *name;

	for (size_t i = 0; (name = config_name(c, "class", i)) != NULL; i++)
		if (config_bool(c, "class", name, "unsubscribe"))
			return true;
	return false;
}

/* Without [links] omni-render cannot write List-Unsubscribe. */
static void
check_links(struct config *c, const struct mail_report *out)
{
	const char *url = config_string(c, "site", NULL, "public_url");
	const char *key = config_string(c, "links", NULL, "key");
	struct links l;
	struct error e;

	if (!has_unsubscribe(c))
		return;
	if (url == NULL)
		mail_found(out, MAIL_WARNING, "public_url", "links_missing",
		    "[site] public_url is not set: mails carry no "
		    "List-Unsubscribe, which the big receivers demand");
	else if (strncmp(url, "https://", 8) != 0)
		mail_found(out, MAIL_WARNING, "public_url", "links_plain",
		    "%.100s is not https: one click to unsubscribe needs it",
		    url);
	if (key == NULL)
		mail_found(out, MAIL_WARNING, "key", "links_missing",
		    "[links] key is not set: mails carry no List-Unsubscribe, "
		    "which the big receivers demand");
	else if (links_init(&l, c, &e) == -1)
		mail_found(out, MAIL_ERROR, "key", "links_broken", "%.400s",
		    e.text);
	else
		links_release(&l);
}

void
mail_account_check(struct config *c, const struct mail_account *a,
    const struct mail_report *out)
{
	if (a->from == NULL)
		mail_found(out, MAIL_ERROR, "from", "from_missing",
		    "neither [channel %.60s] from nor [mail] from is set",
		    a->channel);
	else {
		mail_check_sender(a->from, a->reply_to, out);
		if (a->domain[0] != '\0' && a->route != ROUTE_NOBODY)
			check_from_domain(a, out);
	}
	check_route(c, a, out);
	if (a->route != ROUTE_NOBODY && a->domain[0] != '\0') {
		check_bounces(c, a, out);
		check_answers(a, out);
	}
	check_links(c, out);
}
