/* Where the links of a mail go, and whether they look like what they are. */
#include "mailcheck_impl.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <libpsl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "message/html.h"

#define HOST_SIZE	256

/* What filters distrust, since nobody sees where it leads. */
static const char *const shorteners[] = { "bit.ly", "buff.ly", "cutt.ly",
	"goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly",
	"s.id", "shorturl.at", "t.co", "t.ly", "tiny.cc", "tinyurl.com",
	"v.gd", NULL };

static const char *const schemes[] = { "https:", "http:", "mailto:", "tel:",
	"sms:", "whatsapp:", "webcal:", "cid:", NULL };

struct told {
	const struct mail_report *out;
	size_t count[4];	/* of each kind, so that a page is no flood */
};
enum { TOLD_PLAIN, TOLD_SHORT, TOLD_ADDRESS, TOLD_LOOKS };

static bool
may_tell(struct told *t, int kind)
{
	return t->count[kind]++ < MAIL_TOLD_MAX;
}

/* Bytes of "https://" or "http://"; 0: neither. */
static size_t
web_prefix(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 ? 8 :
	    strncasecmp(url, "http://", 7) == 0 ? 7 : 0;
}

void
mail_host_of(const char *url, char *out, size_t size)
{
	size_t start = web_prefix(url), len;
	const char *at;

	out[0] = '\0';
	if (start == 0)
		return;
	url += start;
	len = strcspn(url, "/?#");
	at = memrchr(url, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - url);
		url = at + 1;
	}
	if (url[0] == '[')
		len = strcspn(url, "]") + (strchr(url, ']') != NULL);
	else
		len = strcspn(url, ":/?#") < len ? strcspn(url, ":/?#") : len;
	snprintf(out, size, "%.*s", (int)len, url);
	for (char *p = out; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
}

static bool
is_ip_address(const char *host)
{
	struct in_addr four;

	return host[0] == '[' || inet_aton(host, &four) != 0;
}

static bool
is_shortener(const char *host)
{
	for (size_t i = 0; shorteners[i] != NULL; i++)
		if (strcmp(host, shorteners[i]) == 0)
			return true;
	return false;
}

/* The name and password before an @ are there to look like a host. */
static bool
has_user(const char *url)
{
	size_t start = web_prefix(url);

	return start > 0 && memchr(url + start, '@',
	    strcspn(url + start, "/?#")) != NULL;
}

static void
check_address(const char *field, const char *url, struct told *t)
{
	char host[HOST_SIZE];

	mail_host_of(url, host, sizeof(host));
	if (strncasecmp(url, "http://", 7) == 0 && may_tell(t, TOLD_PLAIN))
		mail_found(t->out, MAIL_WARNING, field, "link_plain",
		    "%.120s: http: is not encrypted, and readers are warned",
		    url);
	if (is_shortener(host) && may_tell(t, TOLD_SHORT))
		mail_found(t->out, MAIL_WARNING, field, "link_short",
		    "%.120s: shortened, so nobody sees where it leads: spam "
		    "does that", url);
	if (is_ip_address(host) && may_tell(t, TOLD_ADDRESS))
		mail_found(t->out, MAIL_ERROR, field, "link_number",
		    "%.120s: an address of numbers in the place of a name: "
		    "phishing does that", url);
	if (has_user(url) && may_tell(t, TOLD_LOOKS))
		mail_found(t->out, MAIL_ERROR, field, "link_looks",
		    "%.120s: what stands before the @ is not where it leads",
		    url);
}

/* "clinic.com", in a top-level domain that there is: no end of a sentence. */
static bool
is_host(const char *word)
{
	const char *dot = strrchr(word, '.');

	return dot != NULL && dot > word && dot[1] != '\0' &&
	    word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")] == '\0' &&
	    psl_is_public_suffix2(psl_builtin(), dot + 1,
	    PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
}

/* The host that a label shows which is nothing else; "" when it is words. */
static void
label_host(const char *label, char *out, size_t size)
{
	char word[HOST_SIZE], url[HOST_SIZE + 8];
	size_t len;

	out[0] = '\0';
	label += strspn(label, " \n\t");
	len = strcspn(label, " \n\t");
	if (len == 0 || len >= sizeof(word) ||
	    label[len + strspn(label + len, " \n\t")] != '\0')
		return;
	snprintf(word, sizeof(word), "%.*s", (int)len, label);
	if (web_prefix(word) > 0) {
		mail_host_of(word, out, size);
		return;
	}
	word[strcspn(word, "/")] = '\0';
	if (!is_host(word))
		return;
	snprintf(url, sizeof(url), "https://%s", word);
	mail_host_of(url, out, size);
}

static void
check_label(const struct mail_link *l, struct told *t)
{
	char shown[HOST_SIZE], host[HOST_SIZE];

	mail_host_of(l->href, host, sizeof(host));
	label_host(l->label, shown, sizeof(shown));
	if (shown[0] == '\0' || host[0] == '\0' ||
	    mail_is_aligned(shown, host) || !may_tell(t, TOLD_LOOKS))
		return;
	mail_found(t->out, MAIL_ERROR, "html", "link_looks",
	    "shows %.80s, and leads to %.80s: phishing does that", shown,
	    host);
}

static void
check_scheme(const struct mail_link *l, struct told *t)
{
	if (l->href[0] == '#')
		return;
	for (size_t i = 0; schemes[i] != NULL; i++)
		if (strncasecmp(l->href, schemes[i], strlen(schemes[i])) == 0)
			return;
	if (may_tell(t, TOLD_LOOKS))
		mail_found(t->out, MAIL_ERROR, "html", "link_dead",
		    "%.120s%s: leads nowhere from a mail", l->href,
		    l->href[0] == '\0' ? "an empty link" : "");
}

static bool
is_repeated(const struct mail_page *page, const struct mail_link *l)
{
	for (const struct mail_link *o = page->links; o != l; o = o->next)
		if (strcmp(o->href, l->href) == 0)
			return true;
	return false;
}

void
mail_check_links(const struct mail_content *m, const struct mail_page *page,
    const struct mail_report *out)
{
	struct told in_html = { .out = out }, in_text = { .out = out };
	size_t count = 0, len;
	char url[512];

	for (const struct mail_link *l = page->links; l != NULL &&
	    count <= 10 * MAIL_LINKS_MANY; l = l->next) {
		count++;
		check_label(l, &in_html);
		if (is_repeated(page, l))
			continue;
		check_scheme(l, &in_html);
		check_address("html", l->href, &in_html);
	}
	if (count > MAIL_LINKS_MANY)
		mail_found(out, MAIL_WARNING, "html", "links_many",
		    "%s%zu links, more than %d: filters count them",
		    count > 10 * MAIL_LINKS_MANY ? "at least " : "", count,
		    MAIL_LINKS_MANY);
	/* With HTML the same links are told once. */
	if (page->links != NULL || m->text == NULL)
		return;
	for (const char *p = m->text; *p != '\0'; p += len > 0 ? len : 1) {
		len = *p == 'h' ? html_link_length(p) : 0;
		if (len == 0)
			continue;
		snprintf(url, sizeof(url), "%.*s", (int)len, p);
		check_address("text", url, &in_text);
	}
}
