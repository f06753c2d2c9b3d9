#include "mail_letter.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "provider/mail_report.h"
#include "provider/mail_words.h"

#define TITLE_MAX	400
#define LINE_SHOWN	200	/* bytes of a line that are looked at */
#define PART_MAX	(64 * 1024)
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* A line in lower case, without what decorates it. */
static void
plain_line(const char *line, size_t len, char out[LINE_SHOWN])
{
	static const char around[] = " \t\r-=*_>|.:#";

	while (len > 0 && strchr(around, *line) != NULL) {
		line++;
		len--;
	}
	while (len > 0 && strchr(around, line[len - 1]) != NULL)
		len--;
	snprintf(out, LINE_SHOWN, "%.*s", (int)(len >= LINE_SHOWN ?
	    LINE_SHOWN - 1 : len), line);
	for (char *p = out; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
}

/* From here on the server quotes what it got. */
static bool
is_copy(const char *line, size_t len)
{
	static const char *const begins[] = { "below this line is a copy",
	    "this is a copy of", "below is a copy of", "here is a copy of",
	    "a copy of your message", "a copy of the message",
	    "copy of the original message", "copy of the message",
	    "original message follows", "original message headers",
	    "original message header", "the original message headers",
	    "unsent message below", "unsent message follows",
	    "unsent message", "returned message follows",
	    "start of returned message", "message header follows",
	    "message headers follow", "the header of the original",
	    "header of the returned message", "header of the original",
	    "undelivered message follows", "text of your message",
	    "included is a copy", "the first lines of the message",
	    "forwarded message", "original headers" };
	static const char *const wholes[] = { "original message",
	    "mensaje original", "original mail info", "message headers",
	    "returned message", "original message text",
	    "message d'origine", "mensagem original", "undelivered message" };
	static const char *const heads[] = { "received: ", "return-path: ",
	    "message-id: <" };
	char text[LINE_SHOWN];

	for (size_t i = 0; i < COUNT(heads); i++)
		if (len > strlen(heads[i]) && strncasecmp(line, heads[i],
		    strlen(heads[i])) == 0)
			return true;
	plain_line(line, len, text);
	for (size_t i = 0; i < COUNT(begins); i++)
		if (strncmp(text, begins[i], strlen(begins[i])) == 0)
			return true;
	for (size_t i = 0; i < COUNT(wholes); i++)
		if (strcmp(text, wholes[i]) == 0)
			return true;
	return false;
}

static const char *
find_copy(const char *text)
{
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (is_copy(text, n))
			break;
	}
	return text;
}

/*
 * Addresses
 */

static bool
is_in(const struct value *list, const char *addr)
{
	for (size_t i = 0; i < value_count(list); i++)
		if (strcasecmp(value_string(value_at(list, i)), addr) == 0)
			return true;
	return false;
}

/* Addresses that a server writes to are its own, or whoever it tells of. */
static bool
is_of_server(const char *addr)
{
	static const char *const names[] = { "mailer-daemon@", "postmaster@",
	    "abuse@", "support@", "helpdesk@", "noreply@", "no-reply@" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (strncasecmp(addr, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/*
 * The address that a line begins with, behind a code, a bullet or a bracket:
 * "<ana@example.net>: ...", "  ana@example.net", "550 <ana@example.net>...".
 * Of "Ana@x <ana@example.net>" the one in brackets.
 */
static bool
entry_address(const char *line, size_t len, char addr[256])
{
	static const char bullets[] = " \t*-\"'";
	const char *s = line, *end = line + len, *open, *word;

	while (s < end && strchr(bullets, *s) != NULL)
		s++;
	if (end - s > 4 && (*s == '4' || *s == '5') && isdigit(
	    (unsigned char)s[1]) && isdigit((unsigned char)s[2]) &&
	    s[3] == ' ' && memchr(s, '<', (size_t)(end - s)) == s + 4)
		s += 4;
	if (s < end && *s == '<')
		s++;
	for (word = s; word < end && !isspace((unsigned char)*word) &&
	    strchr("<>:,;[(", *word) == NULL; )
		word++;
	if (memchr(s, '@', (size_t)(word - s)) == NULL ||
	    memchr(s, '=', (size_t)(word - s)) != NULL ||
	    !mail_report_address(s, (size_t)(word - s), addr))
		return false;
	open = word;
	while (open < end && *open == ' ')
		open++;
	if (open < end && *open == '<' && mail_report_address(open,
	    strcspn(open, ">\n"), addr))
		return true;
	/* "ana@example.net wrote:", and sentences that begin so. */
	return strncasecmp(open, "wrote", 5) != 0;
}

/* The address behind words that tell of a recipient. */
static bool
told_address(const char *line, size_t len, char addr[256])
{
	static const char *const words[] = { "rcpt to:", "recipient:",
	    "recipient address:", "recipients:", "delivery to ",
	    "delivered to:", "delivered to ", "delivering your mail to",
	    "deliver to ", "deliver mail to", "deliver the message to",
	    "deliver your message to", "undeliverable to", "undelivered to",
	    "your message to", "your mail to", "your email to",
	    "your e-mail to", "message for ", "message to ", "sent to ",
	    "mail to ", "addressed to ", "address:", "address <", "user: ",
	    "user <", "mailbox <", "mailbox for ", "failed: ", "for user ",
	    "destinatario:", "destinatario ", "entregar a ", "enviado a ",
	    "expanded from:", "generated by ", "account <", "account " };
	char text[LINE_SHOWN];
	const char *at;
	size_t n;

	snprintf(text, sizeof(text), "%.*s", (int)(len >= sizeof(text) ?
	    sizeof(text) - 1 : len), line);
	for (size_t i = 0; i < COUNT(words); i++) {
		at = strcasestr(text, words[i]);
		if (at == NULL)
			continue;
		at += strlen(words[i]);
		at += strspn(at, " \t<\"'[(");
		n = strcspn(at, " \t>\"'])<,");
		if (memchr(at, '@', n) != NULL && mail_report_address(at, n,
		    addr))
			return true;
	}
	return false;
}

static bool
any_address(const char *line, size_t len, char addr[256])
{
	return mail_report_address(line, len, addr);
}

/* "To: ana@example.net", of the mail that came back. */
static bool
to_address(const char *line, size_t len, char addr[256])
{
	size_t blank = strspn(line, " \t>");

	return blank + 3 < len && strncasecmp(line + blank, "to:", 3) == 0 &&
	    mail_report_address(line + blank, len - blank, addr);
}

/*
 * Who did not get it
 */

struct told {
	char addr[256];
	const char *from;	/* the line that names it; NULL: a header */
	const char *end;	/* of what is said of it */
};

struct finding {
	struct told all[MAIL_RECIPIENTS_MAX];
	size_t count;
};

static void
add(struct finding *f, const char *addr, const char *from)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcasecmp(f->all[i].addr, addr) == 0)
			return;
	if (f->count == COUNT(f->all))
		return;
	snprintf(f->all[f->count].addr, 256, "%s", addr);
	f->all[f->count].from = f->all[f->count].end = from;
	f->count++;
}

/* `own`: people do write to themselves. */
static void
find_by(bool (*reads)(const char *line, size_t len, char addr[256]),
    const struct mail_letter *l, const char *end, bool own,
    struct finding *f)
{
	char addr[256];
	size_t n;

	for (const char *s = l->text; s < end; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		if (!reads(s, n, addr))
			continue;
		if (reads != told_address && is_of_server(addr))
			continue;
		if (!own && is_in(l->own, addr))
			continue;
		add(f, addr, s);
	}
}

/*
 * "a@example.net, b@example.net", in a header: of entries only those count that
 * are in it, too.  If there is none of these, the letter knows better: it tells
 * whom an alias stands for.
 */
static void
find_failed(const char *list, struct finding *f)
{
	struct finding entries = *f;
	char addr[256];
	size_t n;

	f->count = 0;
	for (; *list != '\0'; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		if (!mail_report_address(list, n, addr))
			continue;
		for (size_t i = 0; i < entries.count; i++)
			if (strcasecmp(entries.all[i].addr, addr) == 0)
				add(f, addr, entries.all[i].from);
		if (entries.count == 0)
			add(f, addr, NULL);
	}
	if (f->count == 0)
		*f = entries;
}

/* The surest first. */
static void
find_all(const struct mail_letter *l, const char *end, struct finding *f)
{
	find_by(entry_address, l, end, false, f);
	find_failed(l->failed, f);
	if (f->count == 0)
		find_by(told_address, l, end, false, f);
	if (f->count == 0)
		find_by(to_address, l, end, false, f);
	if (f->count == 0)
		find_by(entry_address, l, end, true, f);
	if (f->count == 0)
		find_by(any_address, l, end, false, f);
	for (size_t i = 0; i < f->count; i++)
		if (f->all[i].from != NULL)
			f->all[i].end = i + 1 < f->count &&
			    f->all[i + 1].from != NULL ?
			    f->all[i + 1].from : end;
}

/*
 * Why
 */

static bool
find_code(const char *text, struct mail_code *code)
{
	return mail_words_enhanced(text, code) ||
	    mail_words_meaning(text, code) || mail_words_basic(text, code);
}

/* The line that says why, for people. */
static void
find_title(const char *text, size_t len, char title[TITLE_MAX])
{
	struct mail_code ignored;
	char line[TITLE_MAX];
	size_t n;

	title[0] = '\0';
	for (const char *s = text; s < text + len; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		snprintf(line, sizeof(line), "%.*s",
		    (int)(n >= sizeof(line) ? sizeof(line) - 1 : n), s);
		if (find_code(line, &ignored)) {
			s += strspn(s, " \t");
			text_escape(title, TITLE_MAX, s, strcspn(s, "\r\n"));
			return;
		}
	}
}

struct cause {
	struct mail_code code;
	const char *action;
	char title[TITLE_MAX];
};

/*
 * Of a text that begins with its subject.  Full marks for a code of 5; a delay
 * that names one of 4 is no failure yet, but "could not be delivered for five
 * days" is.
 */
static void
find_cause(const char *text, size_t len, bool late, struct cause *c)
{
	struct buf part = BUF_INIT(PART_MAX);

	buf_add(&part, text, len < PART_MAX ? len : PART_MAX - 1);
	c->code.text[0] = '\0';
	find_code(buf_text(&part), &c->code);
	c->action = late && c->code.text[0] != '5' ? "delayed" : "failed";
	find_title(buf_text(&part), part.len, c->title);
	buf_release(&part);
}

static void
put_all(const struct finding *f, const struct cause *whole, bool late,
    struct value *recipients)
{
	struct cause one;
	const struct cause *c;

	for (size_t i = 0; i < f->count; i++) {
		c = whole;
		if (f->count > 1 && f->all[i].from != NULL) {
			find_cause(f->all[i].from, (size_t)(f->all[i].end -
			    f->all[i].from), late, &one);
			if (one.code.text[0] != '\0')
				c = &one;
		}
		mail_report_put(recipients, f->all[i].addr, "", c->action,
		    c->code.text, c->title);
	}
}

bool
mail_letter_read(const struct mail_letter *l, struct value *recipients,
    const char **copy)
{
	struct buf head = BUF_INIT(256 * 1024);
	struct finding f = { .count = 0 };
	struct cause whole;
	bool is, late;

	*copy = find_copy(l->text);
	buf_printf(&head, "%.500s\n", l->subject);
	buf_add(&head, l->text, (size_t)(*copy - l->text) < 250 * 1024 ?
	    (size_t)(*copy - l->text) : 250 * 1024);
	late = mail_words_is_delay(buf_text(&head));
	find_cause(buf_text(&head), head.len, late, &whole);
	is = l->failed[0] != '\0' || whole.code.text[0] != '\0' || late ||
	    mail_words_is_failure(buf_text(&head));
	buf_release(&head);
	if (!is)
		return false;
	find_all(l, *copy, &f);
	put_all(&f, &whole, late, recipients);
	if (f.count == 0)
		mail_report_put(recipients, "", "", whole.action,
		    whole.code.text, whole.title);
	return true;
}

/*
 * Reports within the text
 */

static bool
is_field_of_report(const char *line, size_t len)
{
	static const char *const names[] = { "Final-Recipient:",
	    "Original-Recipient:", "Action:", "Status:", "Diagnostic-Code:",
	    "Remote-MTA:", "Last-Attempt-Date:", "Reporting-MTA:",
	    "X-Actual-Recipient:", "Arrival-Date:", "Received-From-MTA:" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (len > strlen(names[i]) && strncasecmp(line, names[i],
		    strlen(names[i])) == 0)
			return true;
	return false;
}

/* Only lines of a report, what they fold into, and what parts its blocks. */
void
mail_letter_embedded(const char *text, struct value *recipients,
    const char **after)
{
	struct value *found = value_new_array();
	struct buf report = BUF_INIT(PART_MAX);
	bool in = false;
	size_t n;

	*after = NULL;
	for (const char *s = text; *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		in = is_field_of_report(s, n) ||
		    (in && (*s == ' ' || *s == '\t'));
		if (in) {
			*after = s + n;
			buf_add(&report, s, n);
		}
		buf_char(&report, '\n');
	}
	mail_report_delivery(buf_text(&report), found);
	for (size_t i = 0; i < value_count(found); i++)
		if (value_get(value_at(found, i), "to") != NULL)
			value_append_take(recipients, value_copy(value_at(
			    found, i)));
	if (value_count(recipients) == 0)
		*after = NULL;
	value_free(found);
	buf_release(&report);
}
