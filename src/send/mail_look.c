/* What is in DNS, beside what should be. */
#include "mail_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SPF_LOOKUPS	10	/* RFC 7208 4.6.4 */
#define SPF_DEPTH	10

const char *
dns_state_name(enum dns_state s)
{
	static const char *const names[] = {
		[DNS_GOOD] = "good", [DNS_MISSING] = "missing",
		[DNS_WRONG] = "wrong", [DNS_WEAK] = "weak",
		[DNS_UNSURE] = "unsure",
		[DNS_UNKNOWN] = "unknown",
		[DNS_NOT_ASKED] = "not_asked"
	};

	return names[s];
}

static void __attribute__((format(printf, 3, 4)))
say(struct dns_result *out, enum dns_state state, const char *fmt, ...)
{
	va_list ap;

	out->state = state;
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
}

/* SPF */

struct spf {
	struct dns *dns;
	struct arena *mem;
	const char *wanted;
	int lookups;
	bool found, failed;
};

static bool
is_spf(const char *text)
{
	return strncasecmp(text, "v=spf1", 6) == 0 &&
	    (text[6] == ' ' || text[6] == '\0');
}

static const char *
spf_of(const struct dns_answer *a, size_t *count)
{
	const char *found = NULL;

	*count = 0;
	for (size_t i = 0; i < a->count; i++)
		if (is_spf(a->texts[i])) {
			found = a->texts[i];
			++*count;
		}
	return found;
}

/* Whether a receiver has to look something up for it. */
static bool
costs_lookup(const char *term)
{
	static const char *const costly[] = { "include:", "exists:",
	    "redirect=", "a", "mx", "ptr", NULL };
	size_t len;

	for (size_t i = 0; costly[i] != NULL; i++) {
		len = strlen(costly[i]);
		if (strncasecmp(term, costly[i], len) == 0 &&
		    (len > 3 || term[len] == '\0' || term[len] == ':' ||
		    term[len] == '/'))
			return true;
	}
	return false;
}

static void spf_walk(struct spf *s, const char *text, int depth);

static void
spf_follow(struct spf *s, const char *domain, int depth)
{
	struct dns_answer a;
	const char *text;
	size_t count;

	if (depth >= SPF_DEPTH || s->lookups > SPF_LOOKUPS)
		return;
	dns_ask(s->dns, domain, "TXT", s->mem, &a);
	s->failed = s->failed || a.status == DNS_FAILED;
	text = spf_of(&a, &count);
	if (text != NULL)
		spf_walk(s, text, depth + 1);
}

static void
spf_walk(struct spf *s, const char *text, int depth)
{
	char word[512], *term;

	for (size_t i = 1; config_word(text, i, word, sizeof(word)); i++) {
		term = word + (strchr("+-~?", word[0]) != NULL);
		if (strcasecmp(term, s->wanted) == 0)
			s->found = true;
		s->lookups += costs_lookup(term);
		if (strncasecmp(term, "include:", 8) == 0)
			spf_follow(s, term + 8, depth);
		else if (strncasecmp(term, "redirect=", 9) == 0)
			spf_follow(s, term + 9, depth);
	}
}

/* The last word that says what holds for all others; '\0': nothing does. */
static char
spf_end(const char *text)
{
	const char *all = strcasestr(text, "all");

	while (all != NULL && (strchr("+-~? ", all[-1]) == NULL ||
	    (all[3] != ' ' && all[3] != '\0')))
		all = strcasestr(all + 1, "all");
	if (all != NULL)
		return all[-1] == ' ' ? '+' : all[-1];
	return strcasestr(text, "redirect=") != NULL ? 'r' : '\0';
}

static void
judge_spf(struct dns *d, const struct dns_advice *advice, struct arena *mem,
    struct dns_result *out)
{
	struct spf s = { .dns = d, .mem = mem, .wanted = advice->part };
	size_t count;
	const char *text = spf_of(&out->found, &count);

	if (text == NULL) {
		say(out, DNS_MISSING, "there is no SPF record");
		return;
	}
	spf_walk(&s, text, 0);
	if (count > 1)
		say(out, DNS_WRONG, "there are %zu SPF records: all of them "
		    "are void", count);
	else if (spf_end(text) == '+')
		say(out, DNS_WRONG, "+all lets everybody send");
	else if (s.lookups > SPF_LOOKUPS)
		say(out, DNS_WRONG, "more than %d look-ups: receivers give up",
		    SPF_LOOKUPS);
	else if (s.failed)
		say(out, DNS_UNKNOWN, "what it includes could not be looked "
		    "up");
	else if (!s.found && strncmp(advice->part, "include:", 8) == 0)
		say(out, DNS_WRONG, "it has no %s", advice->part);
	else if (spf_end(text) == '\0' || spf_end(text) == '?')
		say(out, DNS_WEAK, "it does not end in ~all or -all: it "
		    "forbids nobody to send");
	else if (advice->part[0] == '\0')
		say(out, DNS_UNSURE, "see that it names the server that sends");
	else if (!s.found)
		say(out, DNS_UNSURE, "it has no %s: see that it names the "
		    "relay in another way", advice->part);
}

/* DMARC */

/* The value of a tag, "p" in "v=DMARC1; p=none"; false: it is not there. */
static bool
tag_value(const char *text, const char *tag, char *out, size_t size)
{
	size_t len = strlen(tag), n;

	for (const char *p = text; *p != '\0'; p += n + (p[n] == ';')) {
		p += strspn(p, " \t");
		n = strcspn(p, ";");
		if (strncasecmp(p, tag, len) != 0 ||
		    p[len + strspn(p + len, " \t")] != '=')
			continue;
		p += len + strspn(p + len, " \t") + 1;
		p += strspn(p, " \t");
		snprintf(out, size, "%.*s", (int)strcspn(p, "; \t"), p);
		return true;
	}
	return false;
}

static void
judge_dmarc(struct dns_result *out, const char *text)
{
	char policy[32], reports[256];

	if (!tag_value(text, "p", policy, sizeof(policy)) ||
	    (strcasecmp(policy, "none") != 0 &&
	    strcasecmp(policy, "quarantine") != 0 &&
	    strcasecmp(policy, "reject") != 0))
		say(out, DNS_WRONG, "its p is none of none, quarantine and "
		    "reject");
	else if (!tag_value(text, "rua", reports, sizeof(reports)))
		say(out, DNS_WEAK, "without rua nobody reports to you");
	else if (strcasecmp(policy, "none") == 0)
		say(out, DNS_GOOD, "p=none: once the reports are clean, go on "
		    "to p=quarantine");
}

/* A subdomain may have a record of its own; that of the domain comes second. */
static void
ask_dmarc(struct dns *d, const struct mail_account *a,
    const struct dns_advice *advice, struct arena *mem,
    struct dns_result *out)
{
	char name[DOMAIN_SIZE + 8];

	snprintf(name, sizeof(name), "_dmarc.%s", a->domain);
	if (strcmp(name, advice->name) != 0) {
		dns_ask(d, name, "TXT", mem, &out->found);
		for (size_t i = 0; i < out->found.count; i++)
			if (strncasecmp(out->found.texts[i], "v=DMARC1", 8) ==
			    0)
				return;
	}
	dns_ask(d, advice->name, "TXT", mem, &out->found);
}

/* MX and the rest */

static void
judge_mx(const struct dns_advice *advice, struct dns_result *out)
{
	for (size_t i = 0; i < out->found.count; i++) {
		const char *host = strchr(out->found.texts[i], ' ') + 1;

		if (strcmp(host, ".") == 0 || *host == '\0') {
			say(out, DNS_WRONG, "it says that it takes no mail");
			return;
		}
		if (advice->part[0] != '\0' &&
		    strcasecmp(host, advice->part) == 0)
			return;
	}
	if (advice->part[0] != '\0')
		say(out, DNS_WRONG, "it is not %s", advice->part);
}

static void
judge_text(const struct dns_advice *advice, struct dns_result *out)
{
	const char *found = NULL;
	size_t count = 0;

	for (size_t i = 0; advice->start != NULL && i < out->found.count; i++)
		if (strncasecmp(out->found.texts[i], advice->start,
		    strlen(advice->start)) == 0) {
			found = out->found.texts[i];
			count++;
		}
	if (advice->start == NULL)
		return;
	if (count == 0)
		say(out, DNS_MISSING, "no record there begins with %s",
		    advice->start);
	else if (count > 1)
		say(out, DNS_WRONG, "there are %zu: all of them are void",
		    count);
	else if (strcmp(advice->code, "dmarc") == 0)
		judge_dmarc(out, found);
}

/*
 * The selector is not known; but a domain without any key has nothing below
 * _domainkey, and a name server says so (RFC 8020).
 */
static void
look_for_keys(struct dns *d, const struct mail_account *a, struct arena *mem,
    struct dns_result *out)
{
	char name[DOMAIN_SIZE + 16];

	snprintf(name, sizeof(name), "_domainkey.%s", a->domain);
	dns_ask(d, name, "TXT", mem, &out->found);
	if (out->found.status == DNS_NO_NAME)
		say(out, DNS_MISSING, "there is nothing below %s: no key at "
		    "all", name);
	else if (out->found.status == DNS_FAILED)
		say(out, DNS_UNKNOWN, "could not be looked up: %s",
		    out->found.why);
	else
		say(out, DNS_UNSURE, "there is something below %s; the key "
		    "itself cannot be found without its name", name);
}

static void
judge(struct dns *d, const struct dns_advice *advice, struct arena *mem,
    struct dns_result *out)
{
	out->state = DNS_GOOD;
	if (out->found.status == DNS_FAILED)
		say(out, DNS_UNKNOWN, "could not be looked up: %s",
		    out->found.why);
	else if (out->found.status != DNS_FOUND)
		say(out, DNS_MISSING, "there is none");
	else if (strcmp(advice->type, "MX") == 0)
		judge_mx(advice, out);
	else if (advice->start != NULL &&
	    strcmp(advice->start, "v=spf1") == 0)
		judge_spf(d, advice, mem, out);
	else if (strcmp(advice->type, "TXT") == 0)
		judge_text(advice, out);
}

void
mail_dns_look(struct dns *d, const struct mail_account *a,
    const struct dns_advice *advice, struct arena *mem,
    struct dns_result *out)
{
	*out = (struct dns_result){ .state = DNS_NOT_ASKED };
	if (advice->nameless && strcmp(advice->code, "dkim") == 0) {
		look_for_keys(d, a, mem, out);
		return;
	}
	if (advice->nameless) {
		say(out, DNS_NOT_ASKED, "its name is not known here");
		return;
	}
	if (strcmp(advice->code, "dmarc") == 0)
		ask_dmarc(d, a, advice, mem, out);
	else
		dns_ask(d, advice->name, advice->type, mem, &out->found);
	judge(d, advice, mem, out);
}
