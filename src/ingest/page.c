#include "page_impl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/embed.h"

EMBED(link_page_css, "share/pages/page.css");
extern const char link_page_css[];

#define DIALLED_MAX	24

static const struct {
	enum page_text title, lead;
} sayings[PAGE_KINDS] = {
	[PAGE_CONFIRM] = { TEXT_CONFIRM, TEXT_CONFIRM_LEAD },
	[PAGE_UNSUBSCRIBE] = { TEXT_UNSUBSCRIBE, TEXT_UNSUBSCRIBE_LEAD },
	[PAGE_PREFERENCES] = { TEXT_PREFERENCES, TEXT_PREFERENCES_LEAD },
	[PAGE_CONFIRMED] = { TEXT_CONFIRMED, TEXT_CONFIRMED_LEAD },
	[PAGE_DECLINED] = { TEXT_DECLINED, TEXT_DECLINED_LEAD },
	[PAGE_CALL_BACK] = { TEXT_CALL_BACK, TEXT_CALL_BACK_LEAD },
	[PAGE_UNSUBSCRIBED] = { TEXT_UNSUBSCRIBED, TEXT_UNSUBSCRIBED_LEAD },
	[PAGE_SAVED] = { TEXT_SAVED, TEXT_SAVED_LEAD },
	[PAGE_EXPIRED] = { TEXT_EXPIRED, TEXT_EXPIRED_LEAD },
	[PAGE_FORGED] = { TEXT_FORGED, TEXT_FORGED_LEAD },
	[PAGE_NO_FORM] = { TEXT_NO_FORM, TEXT_NO_FORM_LEAD },
	[PAGE_LATER] = { TEXT_LATER, TEXT_LATER_LEAD }
};

/*
 * Five characters, and not the template engine: the program that answers the
 * web is to have as little in it as it can.
 */
void
page_escaped(struct buf *out, const char *s)
{
	static const char special[] = "&<>\"'";
	static const char *const escaped[] = { "&amp;", "&lt;", "&gt;",
	    "&quot;", "&#39;" };
	size_t n;

	for (; *s != '\0'; s += n) {
		n = strcspn(s, special);
		buf_add(out, s, n);
		if (s[n] != '\0')
			buf_str(out, escaped[strchr(special, s[n++]) -
			    special]);
	}
}

void
page_say(const struct page *p, struct buf *out, enum page_text t)
{
	page_escaped(out, page_text(t, p->language));
}

/* The token is of characters that need no escape in a URL. */
void
page_address(const struct page *p, struct buf *out, const char *language)
{
	buf_printf(out, "%s?", link_name(p->purpose));
	if (p->token != NULL)
		buf_printf(out, "t=%s&amp;", p->token);
	buf_printf(out, "l=%s", language);
}

/*
 * Languages
 */

/* "en-GB;q=0.8": which of ours it is, and how much it is wanted. */
static const char *
read_range(const char *s, size_t len, double *q)
{
	size_t n = strcspn(s, "-;, \t");
	const char *weight = memchr(s, ';', len);

	*q = 1;
	if (weight != NULL) {
		weight += 1 + strspn(weight + 1, " \t");
		if ((*weight == 'q' || *weight == 'Q') && weight[1] == '=')
			*q = strtod(weight + 2, NULL);
	}
	if (n == 2 && strncasecmp(s, "es", 2) == 0)
		return "es";
	return n == 2 && strncasecmp(s, "en", 2) == 0 ? "en" : NULL;
}

static const char *
first_accepted(const char *s)
{
	const char *best = NULL, *one;
	double most = 0, q;
	size_t len;

	for (; *s != '\0'; s += len) {
		s += strspn(s, ", \t");
		len = strcspn(s, ",");
		one = read_range(s, len, &q);
		if (one != NULL && q > most) {
			best = one;
			most = q;
		}
	}
	return best;
}

const char *
page_pick_language(const char *wanted, const char *accepted, const char *site)
{
	const char *best = accepted == NULL ? NULL : first_accepted(accepted);
	double ignored;

	if (wanted != NULL && strcmp(wanted, "es") == 0)
		return "es";
	if (wanted != NULL && strcmp(wanted, "en") == 0)
		return "en";
	if (best == NULL && site != NULL)
		best = read_range(site, strlen(site), &ignored);
	return best == NULL ? "es" : best;
}

/*
 * The frame
 */

void
page_policy(struct buf *out)
{
	char hex[DIGEST_HEX], base64[4 * ((DIGEST_LEN + 2) / 3) + 1];
	unsigned char md[DIGEST_LEN];
	char digits[3] = "";

	digest_sha256(link_page_css, strlen(link_page_css), hex);
	for (size_t i = 0; i < DIGEST_LEN; i++) {
		memcpy(digits, hex + 2 * i, 2);
		md[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
	digest_base64(md, DIGEST_LEN, base64);
	buf_printf(out, "default-src 'none'; style-src 'sha256-%s'; "
	    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
	    base64);
}

static bool
has_form(const struct page *p)
{
	return p->kind <= PAGE_PREFERENCES;
}

static bool
is_trouble(const struct page *p)
{
	return p->kind >= PAGE_EXPIRED;
}

static void
put_head(const struct page *p, struct buf *out, const char *name)
{
	buf_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n<title>", p->language);
	if (p->entered != NULL) {
		page_say(p, out, TEXT_ERROR);
		buf_str(out, ": ");
	}
	page_say(p, out, sayings[p->kind].title);
	if (name != NULL) {
		buf_str(out, " · ");
		page_escaped(out, name);
	}
	buf_str(out, "</title>\n<meta name=\"viewport\" content=\"width=device-"
	    "width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\""
	    "light dark\">\n<meta name=\"robots\" content=\"noindex\">\n"
	    "<style>");
	buf_str(out, link_page_css);
	buf_str(out, "</style>\n</head>\n<body>\n");
}

/* Where there is something to choose the other language is one choice more. */
static void
put_top(const struct page *p, struct buf *out, const char *name)
{
	const char *other = strcmp(p->language, "es") == 0 ? "en" : "es";
	bool can_switch = p->entered == NULL && (has_form(p) ||
	    p->kind == PAGE_EXPIRED || p->kind == PAGE_FORGED);

	if (name == NULL && !can_switch)
		return;
	buf_str(out, "<header>\n");
	if (name != NULL) {
		buf_str(out, "<p class=\"name\">");
		page_escaped(out, name);
		buf_str(out, "</p>\n");
	}
	if (can_switch) {
		buf_printf(out, "<p><a lang=\"%s\" hreflang=\"%s\" href=\"",
		    other, other);
		page_address(p, out, other);
		buf_str(out, "\">");
		page_say(p, out, TEXT_OTHER_LANGUAGE);
		buf_str(out, "</a></p>\n");
	}
	buf_str(out, "</header>\n");
}

static enum page_text
fault_text(enum choice_fault fault)
{
	static const enum page_text said[] = {
		[CHOICE_NOTHING] = TEXT_CHOOSE,
		[CHOICE_ANSWER] = TEXT_CHOOSE,
		[CHOICE_SCOPE] = TEXT_CHOOSE,
		[CHOICE_CHANNEL] = TEXT_NOT_OFFERED,
		[CHOICE_LANGUAGE] = TEXT_NOT_OFFERED,
		[CHOICE_QUIET] = TEXT_QUIET_BAD,
		[CHOICE_QUIET_SAME] = TEXT_QUIET_SAME,
		[CHOICE_QUIET_BOTH] = TEXT_QUIET_BOTH,
		[CHOICE_TOPIC] = TEXT_NOT_OFFERED,
		[CHOICE_MESSAGES] = TEXT_NOT_OFFERED
	};

	return said[fault];
}

static void
put_fault(const struct page *p, struct buf *out)
{
	enum choice_fault fault = p->entered->fault;

	buf_str(out, "<p class=\"fault\" role=\"alert\" id=\"fault\">");
	page_say(p, out, p->kind == PAGE_PREFERENCES &&
	    fault == CHOICE_NOTHING ? TEXT_NOTHING : fault_text(fault));
	buf_str(out, "</p>\n");
}

static void
put_main(const struct page *p, struct buf *out)
{
	buf_str(out, "<main>\n");
	if (!has_form(p))
		buf_printf(out, "<div class=\"%s\" role=\"%s\">\n",
		    is_trouble(p) ? "trouble" : "done",
		    is_trouble(p) ? "alert" : "status");
	buf_str(out, "<h1>");
	page_say(p, out, sayings[p->kind].title);
	buf_str(out, "</h1>\n<p class=\"lead\">");
	page_say(p, out, sayings[p->kind].lead);
	buf_str(out, "</p>\n");
	if (!has_form(p))
		buf_str(out, "</div>\n");
	else {
		if (p->entered != NULL)
			put_fault(p, out);
		page_form(p, out);
	}
	buf_str(out, "</main>\n");
}

/* A number as people write it, for the telephone: "+52 55 5000" loses all
 * but digits and a plus in front; words and extensions cannot be dialled. */
static bool
dialled(const char *s, char out[DIALLED_MAX])
{
	size_t n = 0;

	if (s[strspn(s, "+0123456789 ().-")] != '\0')
		return false;
	for (; *s != '\0' && n + 1 < DIALLED_MAX; s++)
		if ((*s >= '0' && *s <= '9') || (*s == '+' && n == 0))
			out[n++] = *s;
	out[n] = '\0';
	return n >= 3 && *s == '\0';
}

static void
put_contact(const struct page *p, struct buf *out, enum page_text label,
    const char *scheme, const char *target, const char *shown)
{
	buf_str(out, "<p>");
	page_say(p, out, label);
	buf_char(out, ' ');
	if (target != NULL) {
		buf_printf(out, "<a href=\"%s:", scheme);
		page_escaped(out, target);
		buf_str(out, "\">");
	}
	page_escaped(out, shown);
	buf_str(out, target == NULL ? "</p>\n" : "</a></p>\n");
}

/* How a person is reached who can do more than a page. */
static void
put_bottom(const struct page *p, struct buf *out)
{
	const char *phone = config_string(p->config, "site", NULL,
	    "emergency");
	const char *mail = config_string(p->config, "mail", NULL, "reply_to");
	char number[DIALLED_MAX];

	if (phone == NULL && mail == NULL)
		return;
	buf_str(out, "<footer>\n");
	if (phone != NULL)
		put_contact(p, out, TEXT_EMERGENCY, "tel", dialled(phone,
		    number) ? number : NULL, phone);
	/* One with a name before it is none that a link can have. */
	if (mail != NULL)
		put_contact(p, out, TEXT_MAIL, "mailto", mail[strspn(mail,
		    LINK_PLAIN "_+@")] == '\0' ? mail : NULL, mail);
	buf_str(out, "</footer>\n");
}

void
page_write(const struct page *p, struct buf *out)
{
	const char *name = config_string(p->config, "site", NULL, "name");

	put_head(p, out, name);
	put_top(p, out, name);
	put_main(p, out);
	put_bottom(p, out);
	buf_str(out, "</body>\n</html>\n");
}
