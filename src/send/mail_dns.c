/*
 * The records that the domain of a channel should have.  SPF says which servers
 * send for a domain, DKIM has the key of the signature, DMARC says what holds
 * where neither fits; RFC 7208, 6376, 7489.
 */
#include "mail_check.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct list {
	struct dns_advice *at, *end;
	size_t count;
};

static struct dns_advice *
add(struct list *l, const char *code, const char *type, enum dns_need need,
    const char *name)
{
	struct dns_advice *d = l->at;

	if (l->at < l->end) {
		l->at++;
		l->count++;
	} else
		d = l->at - 1;
	*d = (struct dns_advice){ .code = code, .type = type, .need = need };
	snprintf(d->name, sizeof(d->name), "%s", name);
	return d;
}

static void __attribute__((format(printf, 2, 3)))
set_name(struct dns_advice *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->name, sizeof(d->name), fmt, ap);
	va_end(ap);
}

static void __attribute__((format(printf, 2, 3)))
set_value(struct dns_advice *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->value, sizeof(d->value), fmt, ap);
	va_end(ap);
}

static void __attribute__((format(printf, 2, 3)))
set_why(struct dns_advice *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->why, sizeof(d->why), fmt, ap);
	va_end(ap);
}

/* "ip4:192.0.2.1", "ip6:...", or "a:HOST" for all addresses of a name. */
static void
mechanism_of(const char *host, char *out, size_t size)
{
	struct in6_addr six;
	struct in_addr four;

	snprintf(out, size, "%s%s", inet_pton(AF_INET, host, &four) == 1 ?
	    "ip4:" : inet_pton(AF_INET6, host, &six) == 1 ? "ip6:" : "a:",
	    host);
}

static void
add_spf(struct list *l, const struct mail_account *a)
{
	struct dns_advice *d = add(l, "spf", "TXT", DNS_REQUIRED, a->bounces);

	d->start = "v=spf1";
	if (a->route == ROUTE_SERVICE) {
		snprintf(d->part, sizeof(d->part), "include:%s",
		    a->service->spf);
		set_why(d, "names the servers of %s; add it to the record "
		    "that is there, a second one makes both void",
		    a->service->name);
	} else if (a->route == ROUTE_RELAY && a->host != NULL) {
		mechanism_of(a->host, d->part, sizeof(d->part));
		set_why(d, "names the relay; if it sends from other addresses "
		    "than its own, they must be named, too");
	} else
		set_why(d, "names the public address of the server that sends, "
		    "with ip4: and ip6:; only one such record may be there");
	set_value(d, "v=spf1 %s ~all", d->part[0] != '\0' ? d->part :
	    "ip4:<public address of the server>");
}

static void
add_dkim(struct list *l, const struct mail_account *a)
{
	const struct mail_service *s = a->service;
	bool cname = s != NULL && strcmp(s->dkim_type, "CNAME") == 0;
	struct dns_advice *d;

	for (size_t i = 0; s != NULL && i < 3 && s->dkim[i] != NULL; i++) {
		d = add(l, "dkim", s->dkim_type, DNS_REQUIRED, "");
		set_name(d, "%s._domainkey.%s", s->dkim[i], a->domain);
		set_value(d, cname ? "<as its console shows>" :
		    "v=DKIM1; k=rsa; p=<public key>");
		set_why(d, "the key that %s signs with; its console shows the "
		    "record", s->name);
	}
	if (s != NULL && s->dkim[0] != NULL)
		return;
	d = add(l, "dkim", "TXT", DNS_REQUIRED, "");
	set_name(d, "<selector>._domainkey.%s", a->domain);
	set_value(d, "v=DKIM1; k=rsa; p=<public key>");
	d->nameless = true;
	if (s != NULL)
		set_why(d, "the key that %s signs with; its console shows the "
		    "record", s->name);
	else
		set_why(d, "the key that the mail server signs with as "
		    "d=%s; its configuration has the selector", a->domain);
}

/* Easy DKIM: three names, so that Amazon can change the keys. */
static void
add_ses_dkim(struct list *l, const struct mail_account *a)
{
	struct dns_advice *d;

	for (int i = 1; i <= 3; i++) {
		d = add(l, "dkim", "CNAME", DNS_REQUIRED, "");
		set_name(d, "<token %d>._domainkey.%s", i, a->domain);
		set_value(d, "<token %d>.dkim.amazonses.com", i);
		set_why(d, "Easy DKIM: the console of SES shows the three "
		    "tokens under Verified identities");
		d->nameless = true;
	}
}

/*
 * SES writes its own sender into the envelope, but for a subdomain of the
 * identity that is used for nothing else.
 */
static void
add_ses_mail_from(struct list *l, const struct mail_account *a)
{
	const char *region = a->region == NULL ? "<region>" : a->region;
	size_t len = strlen(a->bounces), n = strlen(a->domain);
	char name[DOMAIN_SIZE + 8];
	struct dns_advice *d;

	if (len > n && a->bounces[len - n - 1] == '.' &&
	    strcmp(a->bounces + len - n, a->domain) == 0)
		snprintf(name, sizeof(name), "%s", a->bounces);
	else
		snprintf(name, sizeof(name), "bounce.%s", a->domain);
	d = add(l, "mail_from_mx", "MX", DNS_RECOMMENDED, name);
	snprintf(d->part, sizeof(d->part), "feedback-smtp.%s.amazonses.com",
	    region);
	set_value(d, "10 %s", d->part);
	set_why(d, "custom MAIL FROM of SES, the only MX there: without it the "
	    "envelope is Amazon's, and SPF does not count for DMARC");
	if (a->region == NULL)
		d->part[0] = '\0';
	d = add(l, "mail_from_spf", "TXT", DNS_RECOMMENDED, name);
	d->start = "v=spf1";
	snprintf(d->part, sizeof(d->part), "include:amazonses.com");
	set_value(d, "v=spf1 %s ~all", d->part);
	set_why(d, "names the servers of SES for the custom MAIL FROM");
}

static void
add_dmarc(struct list *l, const struct mail_account *a)
{
	const char *domain = mail_registered(a->domain);
	struct dns_advice *d = add(l, "dmarc", "TXT", DNS_REQUIRED, "");

	set_name(d, "_dmarc.%s", domain);
	d->start = "v=DMARC1";
	set_value(d, "v=DMARC1; p=none; rua=mailto:dmarc@%s", domain);
	set_why(d, "the big receivers demand it; when the reports show "
	    "nothing but your own servers, make it p=quarantine, later "
	    "p=reject");
}

static void
add_mx(struct list *l, const struct mail_account *a)
{
	struct dns_advice *d;

	/* Of SES itself; bounces do not come by mail. */
	if (a->route != ROUTE_SES) {
		d = add(l, "mx_bounces", "MX", DNS_REQUIRED, a->bounces);
		set_value(d, "10 <the server that takes its mail>");
		set_why(d, "bounces come there, and who cannot be answered is "
		    "not trusted");
	}
	if ((a->route != ROUTE_SES && strcmp(a->answers, a->bounces) == 0) ||
	    mail_domain_is_everybodys(a->answers))
		return;
	d = add(l, "mx_answers", "MX", DNS_REQUIRED, a->answers);
	set_value(d, "10 <the server that takes its mail>");
	set_why(d, "people's answers come there");
}

static void
add_optional(struct list *l, const struct mail_account *a)
{
	struct dns_advice *d;

	if (a->route == ROUTE_MTA || a->route == ROUTE_RELAY) {
		d = add(l, "ptr", "PTR", DNS_RECOMMENDED,
		    "<public address of the server>");
		set_value(d, "<its name, as it says in EHLO>");
		set_why(d, "the big receivers refuse servers without; who "
		    "gives the address sets it");
		d->nameless = true;
	}
	if (mail_domain_is_everybodys(a->answers))
		return;
	d = add(l, "tls_rpt", "TXT", DNS_OPTIONAL, "");
	set_name(d, "_smtp._tls.%s", a->answers);
	d->start = "v=TLSRPTv1";
	set_value(d, "v=TLSRPTv1; rua=mailto:tls@%s", a->answers);
	set_why(d, "others report when mail to you could not be encrypted");
	d = add(l, "mta_sts", "TXT", DNS_OPTIONAL, "");
	set_name(d, "_mta-sts.%s", a->answers);
	d->start = "v=STSv1";
	set_value(d, "v=STSv1; id=<number of the policy>");
	set_why(d, "answers and bounces come encrypted or not at all, with "
	    "https://mta-sts.%.60s/.well-known/mta-sts.txt", a->answers);
}

size_t
mail_dns_advise(const struct mail_account *a,
    struct dns_advice out[DNS_ADVICE_MAX])
{
	struct list l = { .at = out, .end = out + DNS_ADVICE_MAX };

	if (a->route == ROUTE_NOBODY || a->domain[0] == '\0' ||
	    a->bounces[0] == '\0' || a->answers[0] == '\0' ||
	    mail_domain_is_everybodys(a->domain))
		return 0;
	if (a->route == ROUTE_SES) {
		add_ses_dkim(&l, a);
		add_ses_mail_from(&l, a);
	} else {
		add_spf(&l, a);
		add_dkim(&l, a);
	}
	add_dmarc(&l, a);
	add_mx(&l, a);
	add_optional(&l, a);
	return l.count;
}
