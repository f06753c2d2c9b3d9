/* HTML: what comes from outside is text, whatever it looks like. */
#include "desk_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/zone.h"

#define NAV_COUNT_MAX	100	/* "99+" */

/*
 * Control characters are shown as what they are, and do nothing: those of
 * ASCII by their pictures (U+2400), the others, and those that turn the
 * direction of what follows, as U+FFFD.
 */
static bool
put_control(struct buf *out, const char *s, size_t n)
{
	const unsigned char *c = (const unsigned char *)s;

	if (n == 1 && (*c < ' ' || *c == 0x7f) && *c != '\n' && *c != '\t') {
		buf_printf(out, "\xe2\x90%c", *c == 0x7f ? 0xa1 : 0x80 + *c);
		return true;
	}
	if ((n == 2 && c[0] == 0xc2 && c[1] < 0xa0) ||
	    (n == 3 && c[0] == 0xe2 && ((c[1] == 0x80 && c[2] >= 0xaa &&
	    c[2] <= 0xae) || (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9)))) {
		buf_str(out, "\xef\xbf\xbd");
		return true;
	}
	return false;
}

static void
put_escaped(struct buf *out, const char *s)
{
	static const char special[] = "&<>\"'";
	static const char *const escaped[] = { "&amp;", "&lt;", "&gt;",
	    "&quot;", "&#39;" };
	size_t len = strlen(s), n;
	const char *at;

	for (; len > 0; s += n, len -= n) {
		n = utf8_length(s, len);
		if (n == 0) {
			buf_str(out, "\xef\xbf\xbd");
			n = 1;
		} else if (n == 1 && (at = strchr(special, *s)) != NULL)
			buf_str(out, escaped[at - special]);
		else if (!put_control(out, s, n) && *s != '\r')
			buf_add(out, s, n);
	}
}

const char *
desk_say(const struct desk *d, enum desk_text t)
{
	return desk_text_in(t, d->english);
}

void
html(struct desk *d, const char *format, ...)
{
	va_list ap;
	const char *s, *p;

	va_start(ap, format);
	for (p = format; (s = strchr(p, '%')) != NULL; p = s + 2) {
		buf_add(&d->out, p, (size_t)(s - p));
		if (s[1] == 't')
			put_escaped(&d->out, desk_say(d, va_arg(ap, enum
			    desk_text)));
		else if (s[1] == 'd')
			buf_printf(&d->out, "%" PRId64, va_arg(ap, int64_t));
		else if (s[1] == '%')
			buf_char(&d->out, '%');
		else {
			p = va_arg(ap, const char *);
			if (p != NULL && s[1] == 's')
				put_escaped(&d->out, p);
			else if (p != NULL && s[1] == 'q')
				percent_encode(&d->out, p);
			else if (p != NULL)
				buf_str(&d->out, p);
		}
	}
	buf_str(&d->out, p);
	va_end(ap);
}

/*
 * Words of the ledger
 */

static const struct {
	const char *word;
	enum desk_text text;
} words[] = {
	{ "queued", T_QUEUED }, { "held", T_HELD }, { "sending", T_SENDING },
	{ "in_doubt", T_IN_DOUBT }, { "sent", T_SENT },
	{ "accepted", T_SENT }, { "delivered", T_DELIVERED },
	{ "read", T_READ }, { "failed", T_FAILED }, { "bounced", T_BOUNCED },
	{ "complained", T_COMPLAINED }, { "cancelled", T_CANCELLED },
	{ "expired", T_EXPIRED }, { "refused", T_REFUSED_STATE },
	{ "received", T_RECEIVED }, { "duplicate", T_QUEUED },
	{ "sms", T_SMS }, { "whatsapp", T_WHATSAPP }, { "email", T_EMAIL },
	{ "voice", T_VOICE }, { "push", T_PUSH }, { "link", T_LINK },
	{ "open", T_OPEN }, { "unread", T_UNREAD }, { "mine", T_MINE },
	{ "all", T_ALL }, { "active", T_ACTIVE }, { "pending", T_PENDING },
	{ "resolved", T_RESOLVED }, { "archived", T_ARCHIVED },
	{ "low", T_LOW }, { "normal", T_NORMAL }, { "high", T_HIGH },
	{ "urgent", T_URGENT }, { "confirmed", T_CONFIRMED },
	{ "declined", T_DECLINED }, { "done", T_OVER }, { "lapsed", T_LAPSED },
	{ "unresponsive", T_UNRESPONSIVE }, { "unreachable", T_UNREACHABLE },
	{ "call_back", T_CALL_BACK }, { "late_reply", T_LATE_REPLY },
	{ "reschedule", T_RESCHEDULE }, { "question", T_QUESTION },
	{ "wrong_number", T_WRONG_NUMBER }, { "ambiguous_reply", T_AMBIGUOUS },
	{ "unclear_reply", T_UNCLEAR }, { "sent_twice", T_SENT_TWICE },
	{ "emergency", T_EMERGENCY }, { "assist", T_ASSIST },
	{ "writes of an emergency", T_WHY_EMERGENCY },
	{ "the assistant leaves it to staff", T_WHY_ASSIST },
	{ "the assistant had no answer that can be used", T_WHY_NO_DRAFT },
	{ "draft of the assistant", T_WHY_DRAFT },
	{ "would rather talk to a person", T_WHY_HUMAN },
	{ "unsubscribed", T_UNSUBSCRIBED }, { "unmatched_link", T_UNMATCHED },
	{ "preferences", T_PREFERENCES }, { "export_refused", T_EXPORT },
	{ "complaint", T_COMPLAINT }, { "soft_bounces", T_SOFT_BOUNCES },
	{ "appointment", T_APPOINTMENT },
	{ "vaccination", T_VACCINATION },
	{ "would come at another time", T_WHY_TIME },
	{ "asks something", T_WHY_ASKS },
	{ "an answer that a person must read", T_WHY_PERSON },
	{ "cannot come: find another time", T_WHY_CANNOT },
	{ "asks to be called back", T_WHY_CALL },
	{ "says that it is somebody else's address", T_WHY_OTHER },
	{ "several reminders are open for this address", T_WHY_SEVERAL },
	{ "the appointment has moved since that message", T_WHY_MOVED },
	{ "no answer to any step", T_WHY_NO_ANSWER },
	{ "to be tried again", T_WHY_RETRY }, { "reply", T_WHY_ANSWER },
	{ "answer", T_WHY_ANSWER }, { "link answer", T_WHY_LINK },
	{ "calendar", T_WHY_CALENDAR }
};

enum desk_text
desk_word(const char *word, enum desk_text otherwise)
{
	for (size_t i = 0; word != NULL && i < sizeof(words) /
	    sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].text;
	return otherwise;
}

void
html_word(struct desk *d, const char *word)
{
	enum desk_text t = desk_word(word, T_COUNT);

	html(d, "%s", t == T_COUNT ? word : desk_say(d, t));
}

void
html_reason(struct desk *d, const char *reason)
{
	enum desk_text t = desk_word(reason, T_COUNT);

	if (t != T_COUNT)
		html(d, "%t", t);
	else
		html(d, "<span lang=\"en\">%s</span>", reason);
}

void
html_channel(struct desk *d, const char *type)
{
	html(d, "<span class=\"channel\">%s</span>", type == NULL ? "" :
	    desk_word(type, T_COUNT) == T_COUNT ? type :
	    desk_say(d, desk_word(type, T_COUNT)));
}

const char *
desk_name(const struct desk *d, const char *user)
{
	const char *name = user == NULL || !config_has(d->config, "staff",
	    user) ? NULL : config_string(d->config, "staff", user, "name");

	return name == NULL ? user : name;
}

/*
 * Times and texts
 */

void
html_time(struct desk *d, const char *at)
{
	html_time_at(d, config_string(d->config, "site", NULL, "timezone"),
	    at);
}

void
html_time_at(struct desk *d, const char *zone, const char *at)
{
	struct civil wall, now;
	char day[64];
	instant t;

	if (at == NULL)
		return;
	if (!clock_parse(at, &t) || !zone_to_local(zone, t, &wall) ||
	    !zone_to_local(zone, clock_now(), &now) ||
	    !wall_date_text(d->english ? "en-GB" : "es-MX",
	    civil_to_utc(&wall), wall.year == now.year ? "EEEdMMM" :
	    "EEEdMMMy", false, day, sizeof(day))) {
		html(d, "%s", at);
		return;
	}
	html(d, "<time datetime=\"%s\">", at);
	if (wall.year != now.year || wall.month != now.month ||
	    wall.day != now.day)
		html(d, "%s ", day);
	buf_printf(&d->out, "%02d:%02d</time>", wall.hour, wall.minute);
}

void
html_hour(struct desk *d, const char *at)
{
	const char *zone = config_string(d->config, "site", NULL, "timezone");
	struct civil wall;
	instant t;

	if (at == NULL || !clock_parse(at, &t) || !zone_to_local(zone, t,
	    &wall))
		return;
	html(d, "<time datetime=\"%s\">", at);
	buf_printf(&d->out, "%02d:%02d</time>", wall.hour, wall.minute);
}

const char *
desk_cut(struct desk *d, const char *text, size_t max)
{
	if (text == NULL || strlen(text) <= max)
		return text;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return arena_printf(d->mem, "%.*s…", (int)max, text);
}

void
html_words(struct desk *d, const char *text)
{
	html(d, "<div class=\"words\" dir=\"auto\">%s</div>\n", desk_cut(d,
	    text, DESK_WORDS_MAX));
	if (strlen(text) > DESK_WORDS_MAX)
		html(d, "<p class=\"hint\">%t</p>\n", T_CUT);
}

/*
 * Forms
 */

void
html_form(struct desk *d, const char *action, const char *class)
{
	html(d, "<form method=\"post\" action=\"%s\" class=\"%s\">\n", action,
	    class);
	html_hidden(d, "token", d->token);
}

void
html_hidden(struct desk *d, const char *name, const char *value)
{
	if (value != NULL)
		html(d, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n",
		    name, value);
}

/*
 * The frame
 */

static void
put_link(struct desk *d, const char *href, enum desk_text t, bool current,
    int64_t count)
{
	html(d, "<li><a href=\"%s\"%r>%t", href, current ?
	    " aria-current=\"page\"" : "", t);
	if (count >= NAV_COUNT_MAX)
		html(d, " <span class=\"count\">99+</span>");
	else if (count > 0)
		html(d, " <span class=\"count\">%d</span>", count);
	html(d, "</a></li>\n");
}

/* Along partial indexes, and no farther than is shown. */
static void
put_navigation(struct desk *d, const char *current)
{
	struct ledger *l = d->inbox.ledger;

	html(d, "<nav aria-label=\"%t\">\n<ul>\n", T_PAGES);
	put_link(d, "./", T_INBOX, strcmp(current, "inbox") == 0,
	    ledger_count(l, "SELECT count(*) FROM (SELECT 1 FROM conversation "
	    "INDEXED BY conversation_unread WHERE unread_count > 0 LIMIT "
	    "100)", ""));
	put_link(d, "flags", T_FLAGS, strcmp(current, "flags") == 0,
	    ledger_count(l, "SELECT count(*) FROM (SELECT 1 FROM flag INDEXED "
	    "BY flag_open WHERE resolved_at IS NULL LIMIT 100)", ""));
	put_link(d, "day", T_DAY, strcmp(current, "day") == 0, 0);
	html(d, "</ul>\n</nav>\n");
}

void
desk_open(struct desk *d, const char *title, const char *current)
{
	const char *site = config_string(d->config, "site", NULL, "name");

	html(d, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta "
	    "charset=\"utf-8\">\n<title>%s%s%s</title>\n<meta "
	    "name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
	    "dark\">\n<meta name=\"robots\" content=\"noindex\">\n<link "
	    "rel=\"stylesheet\" href=\"style.css\">\n</head>\n<body>\n"
	    "<a class=\"skip\" href=\"#main\">%t</a>\n<header>\n",
	    d->english ? "en" : "es", title, site == NULL ? "" : " · ", site,
	    T_SKIP);
	html(d, "<p class=\"name\">%s</p>\n", site == NULL ? "omni" : site);
	if (current != NULL)
		put_navigation(d, current);
	if (d->user != NULL)
		html(d, "<p class=\"user\">%s%s%s</p>\n", desk_name(d,
		    d->user), d->may_write || current == NULL ? "" : " · ",
		    d->may_write || current == NULL ? "" : desk_say(d,
		    T_ONLY_READS));
	html(d, "</header>\n<main id=\"main\" tabindex=\"-1\">\n");
}

_Noreturn void
desk_close(struct desk *d, const char *status)
{
	html(d, "</main>\n</body>\n</html>\n");
	desk_answer(d, status, "text/html; charset=utf-8", d->english ?
	    "Content-Language: en\r\nCache-Control: no-store\r\n" :
	    "Content-Language: es\r\nCache-Control: no-store\r\n");
}

void
desk_tell_done(struct desk *d)
{
	static const struct {
		const char *word;
		enum desk_text text;
	} said[] = {
		{ "sent", T_DONE_SENT }, { "read", T_DONE_READ },
		{ "set", T_DONE_SET }, { "closed", T_DONE_CLOSED },
		{ "reopened", T_DONE_REOPENED },
		{ "resolved", T_DONE_RESOLVED },
		{ "released", T_DONE_RELEASED },
		{ "discarded", T_DONE_DISCARDED }
	};
	const char *done = form_get(&d->query, "done");

	for (size_t i = 0; done != NULL && i < sizeof(said) /
	    sizeof(said[0]); i++)
		if (strcmp(said[i].word, done) == 0)
			html(d, "<p class=\"done\" role=\"status\">%t</p>\n",
			    said[i].text);
}
