#include "mailcheck_impl.h"

#include <ctype.h>
#include <libpsl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/text.h"
#include "message/htmlcheck.h"

#define CAPITALS_MIN	8	/* fewer letters may be a name: "IMSS" */
#define CHECK_MEMORY	((size_t)64 * 1024 * 1024)
#define VISIBLE_MIN	20	/* bytes; less beside a picture is no text */

const char *
mail_level_name(enum mail_level l)
{
	return l == MAIL_ERROR ? "error" : l == MAIL_WARNING ? "warning" :
	    "note";
}

void
mail_found(const struct mail_report *out, enum mail_level level,
    const char *field, const char *code, const char *fmt, ...)
{
	char text[MAIL_FINDING_MAX];
	struct mail_finding f = { .level = level, .field = field,
	    .code = code, .text = text };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out->found(out->ctx, &f);
}

/* Addresses and domains */

void
mail_address_of(const char *mailbox, char *out, size_t size)
{
	const char *open = strrchr(mailbox, '<');

	if (open == NULL)
		snprintf(out, size, "%s", mailbox);
	else
		snprintf(out, size, "%.*s", (int)strcspn(open + 1, ">"),
		    open + 1);
}

const char *
mail_registered(const char *domain)
{
	const char *found = psl_registrable_domain(psl_builtin(), domain);

	return found == NULL ? domain : found;
}

bool
mail_is_aligned(const char *one, const char *other)
{
	return strcmp(mail_registered(one), mail_registered(other)) == 0;
}

/* The sender */

/* "no-reply", "no.responder" and their like before the @. */
static bool
is_no_reply(const char *address)
{
	static const char *const names[] = { "noreply", "donotreply",
	    "noresponder", "noresponda", "nocontestar", "noconteste", NULL };
	char local[64];
	size_t n = 0;

	for (; *address != '\0' && *address != '@'; address++)
		if (isalnum((unsigned char)*address) && n < sizeof(local) - 1)
			local[n++] = (char)tolower((unsigned char)*address);
	local[n] = '\0';
	for (size_t i = 0; names[i] != NULL; i++)
		if (strncmp(local, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* An address in a display name: "" when there is none. */
static void
address_in(const char *name, size_t len, char *out, size_t size)
{
	const char *at = memchr(name, '@', len), *start, *end;

	out[0] = '\0';
	if (at == NULL)
		return;
	for (start = at; start > name && strchr(" \"'(,;:<", start[-1]) ==
	    NULL; start--)
		;
	for (end = at; end < name + len && strchr(" \"'),;:>", *end) == NULL;
	    end++)
		;
	if (start < at && end > at + 1)
		snprintf(out, size, "%.*s", (int)(end - start), start);
}

static void
check_display_name(const char *field, const char *mailbox,
    const struct mail_report *out)
{
	const char *open = strrchr(mailbox, '<');
	char address[320], shown[320];

	if (open == NULL)
		return;
	mail_address_of(mailbox, address, sizeof(address));
	address_in(mailbox, (size_t)(open - mailbox), shown, sizeof(shown));
	if (shown[0] != '\0' && strcasecmp(shown, address) != 0)
		mail_found(out, MAIL_ERROR, field, "name_address",
		    "the name shows %.100s, and the address is %.100s: "
		    "filters take that for phishing", shown, address);
}

void
mail_check_sender(const char *from, const char *reply_to,
    const struct mail_report *out)
{
	char address[320];

	check_display_name("from", from, out);
	mail_address_of(from, address, sizeof(address));
	if (is_no_reply(address))
		mail_found(out, reply_to == NULL ? MAIL_WARNING : MAIL_NOTE,
		    "from", "no_reply", "%.100s: people answer reminders, and "
		    "a sender that wants no answers is trusted less", address);
	if (reply_to == NULL)
		return;
	check_display_name("reply_to", reply_to, out);
	mail_address_of(reply_to, address, sizeof(address));
	if (is_no_reply(address))
		mail_found(out, MAIL_WARNING, "reply_to", "no_reply",
		    "%.100s: answers would be lost", address);
}

/* The subject */

static int
columns(const char *s)
{
	size_t len = strlen(s), n;
	int width = 0;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(s + i, len - i);
		if (n == 0)
			n = 1;
		width += text_columns(s + i, n);
	}
	return width;
}

static bool
is_all_capitals(const char *s)
{
	const uint8_t *bytes = (const uint8_t *)s;
	int32_t i = 0, len = (int32_t)strlen(s);
	size_t letters = 0;
	UChar32 c;

	while (i < len) {
		U8_NEXT(bytes, i, len, c);
		if (c < 0 || !u_isalpha(c))
			continue;
		if (u_islower(c) || !u_isupper(c))
			return false;
		letters++;
	}
	return letters >= CAPITALS_MIN;
}

/* "Re:", "Fwd:" and what mail readers in Spanish and German write. */
static bool
is_answer(const char *s)
{
	static const char *const marks[] = { "re", "fw", "fwd", "rv", "aw",
	    "wg", NULL };
	size_t len;

	s += strspn(s, " \t");
	len = strcspn(s, ":[ ");
	for (size_t i = 0; marks[i] != NULL; i++)
		if (strlen(marks[i]) == len && s[len] == ':' &&
		    strncasecmp(s, marks[i], len) == 0)
			return true;
	return false;
}

static void
check_subject(const struct mail_content *m, const struct mail_report *out)
{
	const char *s = m->subject == NULL ? "" : m->subject;
	int width = columns(s);

	if (s[strspn(s, " \t")] == '\0') {
		mail_found(out, MAIL_ERROR, "subject", "subject_empty",
		    "empty: many filters drop such mail");
		return;
	}
	if (width > MAIL_SUBJECT_COLUMNS)
		mail_found(out, MAIL_WARNING, "subject", "subject_long",
		    "%d columns wide, more than %d: telephones show some 40",
		    width, MAIL_SUBJECT_COLUMNS);
	if (is_all_capitals(s))
		mail_found(out, MAIL_WARNING, "subject", "subject_capitals",
		    "all in capitals: filters count it as spam");
	if (is_answer(s) && m->in_reply_to == NULL)
		mail_found(out, MAIL_ERROR, "subject", "subject_reply",
		    "begins like an answer, without in_reply_to: it misleads, "
		    "and filters know the trick");
}

/* The way out */

static const char *
find_header(const struct mail_content *m, const char *name)
{
	struct value_iter it = { 0 };

	while (value_next(m->headers, &it))
		if (strcasecmp(it.key, name) == 0)
			return value_string(it.value);
	return NULL;
}

/* What nobody asked for by an appointment or an order. */
static bool
is_bulk(const char *class)
{
	return class != NULL && (strcmp(class, "marketing") == 0 ||
	    strcmp(class, "announcement") == 0);
}

static void
check_unsubscribe(const struct mail_content *m, const struct mail_report *out)
{
	const char *list = find_header(m, "List-Unsubscribe");
	const char *post = find_header(m, "List-Unsubscribe-Post");
	const char *class = m->class == NULL ? "" : m->class;
	enum mail_level level = is_bulk(class) ? MAIL_ERROR : MAIL_WARNING;
	const char *field = "headers.List-Unsubscribe";

	if (!is_bulk(class) && !m->can_opt_out && list == NULL)
		return;
	if (list == NULL) {
		mail_found(out, level, field, "unsubscribe_missing",
		    "missing in a mail of class %.40s: the big receivers "
		    "demand one click to unsubscribe from what is sent to "
		    "many", class);
		return;
	}
	if (strcasestr(list, "<https://") == NULL)
		mail_found(out, level, field, "unsubscribe_https",
		    "has no https: address: one click needs one (RFC 8058)");
	if (post == NULL)
		mail_found(out, level, "headers.List-Unsubscribe-Post",
		    "unsubscribe_post", "missing: without it no button to "
		    "unsubscribe is shown (RFC 8058)");
	else if (strcmp(post, "List-Unsubscribe=One-Click") != 0)
		mail_found(out, level, "headers.List-Unsubscribe-Post",
		    "unsubscribe_post", "is not List-Unsubscribe=One-Click, "
		    "the one value it may have (RFC 8058)");
}

/* The message as it goes out */

static void
check_lines(const struct mail_content *m, const struct mail_report *out)
{
	const char *p = m->message, *end = p + m->len, *newline;
	bool head = true, told = false;
	size_t len;

	for (; p < end && !told; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (newline == NULL)
			newline = end;
		len = (size_t)(newline - p);
		len -= len > 0 && p[len - 1] == '\r';
		if (len == 0)
			head = false;
		told = len > MAIL_LINE_MAX;
		if (told)
			mail_found(out, MAIL_ERROR, head ? "headers" :
			    "message", "line_long", "a line of %zu bytes "
			    "(%.30s...): %d is the limit, and servers cut or "
			    "refuse it", len, p, MAIL_LINE_MAX);
		if (newline == end)
			break;
	}
}

static void
check_message(const struct mail_content *m, const struct mail_report *out)
{
	if (m->message == NULL)
		return;
	if (m->len > MAIL_TOO_LARGE)
		mail_found(out, MAIL_WARNING, "message", "too_large",
		    "%zu bytes, more than %d: many servers take no more",
		    m->len, MAIL_TOO_LARGE);
	if (!utf8_valid(m->message, m->len))
		mail_found(out, MAIL_ERROR, "message", "not_utf8",
		    "is not UTF-8: readers see other characters");
	check_lines(m, out);
}

/* HTML */

struct form {
	const struct mail_report *out;
	size_t told;
};

static void
on_fault(void *ctx, const struct html_fault *f)
{
	struct form *form = ctx;

	/* What is only no good in a mail is told by others here. */
	if (f->warning || form->told++ >= MAIL_TOLD_MAX)
		return;
	mail_found(form->out, MAIL_WARNING, "html", "html_form",
	    "line %zu, column %zu: %s: each reader mends that in its own way",
	    f->line, f->column, f->text);
}

static void
check_html(const struct mail_content *m, const struct mail_page *page,
    const struct mail_report *out)
{
	struct form form = { .out = out };
	size_t len = strlen(m->html);

	html_check(m->html, len, on_fault, &form);
	if (len > MAIL_CLIPPED)
		mail_found(out, MAIL_WARNING, "html", "html_clipped",
		    "%zu bytes: Gmail shows the first %d, and hides the rest, "
		    "with the way to unsubscribe", len, MAIL_CLIPPED);
	if (page->images_without_alt > 0)
		mail_found(out, MAIL_WARNING, "html", "image_alt",
		    "%zu of %zu images have no alt: most readers show no "
		    "images at first", page->images_without_alt,
		    page->images);
	if (page->images_embedded > 0)
		mail_found(out, MAIL_WARNING, "html", "image_data",
		    "an image in a data: address: Gmail and Outlook show none");
	if (page->plain_image != NULL)
		mail_found(out, MAIL_WARNING, "html", "image_plain",
		    "%.120s: an image that is not encrypted on its way",
		    page->plain_image);
	if (page->images > 0 && page->text.len < VISIBLE_MIN)
		mail_found(out, MAIL_ERROR, "html", "image_only",
		    "images and no text: filters count it as spam, and most "
		    "readers see nothing at first");
}

void
mail_check(const struct mail_content *m, const struct mail_report *out)
{
	struct arena mem = ARENA_INIT(CHECK_MEMORY);
	struct mail_page page = { .mem = NULL };
	char shown[320] = "";

	check_subject(m, out);
	check_unsubscribe(m, out);
	if (m->to_name != NULL)
		address_in(m->to_name, strlen(m->to_name), shown,
		    sizeof(shown));
	if (shown[0] != '\0')
		mail_found(out, MAIL_WARNING, "contact.name", "name_address",
		    "the reader's name has an address in it, %.100s: filters "
		    "take that for phishing", shown);
	mail_page_read(m->html == NULL ? "" : m->html, &page, &mem);
	if (m->html != NULL && m->html[0] != '\0')
		check_html(m, &page, out);
	mail_check_links(m, &page, out);
	mail_check_parts(m, &page, &mem, out);
	check_message(m, out);
	buf_release(&page.text);
	arena_release(&mem);
}
