#include "mail_hook_impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "provider/mail_letter.h"
#include "provider/mail_report.h"
#include "provider/mail_sns.h"
#include "provider/mail_words.h"

#define RAW_MAX		(256 * 1024)

/*
 * Which letters of strangers are of servers: one from a person says nothing
 * about addresses, however it is worded.
 */
static bool
is_letter(struct mail_reading *r, const char *from)
{
	if (r->disposition || mail_words_is_absence(mail_hook_header(r,
	    "Subject")) || strcasestr(mail_hook_header(r, "Auto-Submitted"),
	    "vacation") != NULL)
		return false;
	if (mail_hook_is_server(r, from) || r->is_report ||
	    mail_hook_header(r, "X-Failed-Recipients")[0] != '\0')
		return true;
	return r->original.len > 0 && mail_hook_automatic(r, from) != NULL &&
	    mail_words_is_failure(mail_hook_body(r));
}

/* What came back stands in the text. */
static void
keep_copy(struct mail_reading *r, const char *copy)
{
	size_t len = strlen(copy), room = r->original.max - r->original.len;

	if (r->original.len == 0 && len > 0)
		buf_add(&r->original, copy, len < room ? len : room - 1);
}

static void
read_text(struct mail_reading *r, const char *text, struct value *told)
{
	const char *to = mail_hook_header(r, "To"), *copy;
	struct value *own = value_new_array();
	struct mail_letter l = { .text = text, .own = own,
	    .subject = mail_hook_header(r, "Subject"),
	    .failed = mail_hook_header(r, "X-Failed-Recipients") };
	char addr[256];

	if (mail_report_address(to, strlen(to), addr))
		value_append_take(own, value_new_string(addr));
	mail_letter_embedded(text, told, &copy);
	if (copy != NULL || mail_letter_read(&l, told, &copy))
		keep_copy(r, copy);
	value_free(own);
}

static bool
names_somebody(const struct value *told)
{
	return value_count(told) > 0 && value_get(value_at(told, 0), "to") !=
	    NULL;
}

static void
take_over(const struct value *from, struct value *told)
{
	for (size_t i = 0; i < value_count(from); i++)
		value_append_take(told, value_copy(value_at(from, i)));
}

/* Also in the mail as it came, where its parts are not where it says. */
static void
read_letter(struct mail_reading *r, struct value *told)
{
	struct value *text = value_new_array(), *all = value_new_array();
	struct buf raw = BUF_INIT(RAW_MAX);

	read_text(r, mail_hook_body(r), text);
	if (!names_somebody(text) && (r->is_report || text_is_blank(
	    buf_text(&r->text), r->text.len))) {
		mail_hook_raw_body(r, &raw);
		read_text(r, buf_text(&raw), all);
	}
	take_over(names_somebody(all) || value_count(text) == 0 ? all : text,
	    told);
	value_free(text);
	value_free(all);
	buf_release(&raw);
}

static void
read_inner(struct mail_reading *r, struct value *told)
{
	mail_report_delivery(buf_text(&r->inner), told);
	if (value_count(told) > 0 && r->inner_original.len > 0) {
		buf_clear(&r->original);
		buf_add(&r->original, buf_text(&r->inner_original),
		    r->inner_original.len);
	}
}

static void
read_sns(struct mail_reading *r, const char *from, struct value *told)
{
	char id[128], text[192];

	if (strcasecmp(from, "no-reply@sns.amazonaws.com") != 0 ||
	    !mail_sns_read(mail_hook_body(r), told, id))
		return;
	snprintf(text, sizeof(text), "<%s@email.amazonses.com>", id);
	if (id[0] != '\0')
		mail_report_id_list(text, r->ids);
}

/* A file or a program is where it was to go: the address is in a header. */
static void
name_failed(const struct mail_reading *r, struct value *told)
{
	const char *failed = mail_hook_header(r, "X-Failed-Recipients");
	struct value *one;
	char addr[256];

	if (value_count(told) != 1 || names_somebody(told) ||
	    !mail_report_address(failed, strlen(failed), addr))
		return;
	one = value_copy(value_at(told, 0));
	value_set_string(one, "to", addr);
	value_replace_take(told, 0, one);
}

void
mail_hook_told(struct mail_reading *r, const char *from, struct value *told)
{
	if (r->report.len > 0)
		mail_report_delivery(buf_text(&r->report), told);
	name_failed(r, told);
	if (value_count(told) == 0)
		read_sns(r, from, told);
	if (value_count(told) > 0 || !is_letter(r, from))
		return;
	if (r->inner.len > 0)
		read_inner(r, told);
	if (value_count(told) == 0)
		read_letter(r, told);
}

void
mail_hook_returned(struct mail_reading *r)
{
	struct buf raw = BUF_INIT(RAW_MAX);

	mail_report_tokens(buf_text(&r->feedback), r->tokens);
	mail_report_tokens(buf_text(&r->original), r->tokens);
	mail_report_ids(buf_text(&r->original), r->ids);
	mail_report_tokens(buf_text(&r->text), r->tokens);
	mail_report_ids(buf_text(&r->text), r->ids);
	if (value_count(r->ids) == 0 || value_count(r->tokens) == 0) {
		mail_hook_raw_body(r, &raw);
		mail_report_ids(buf_text(&raw), r->ids);
		mail_report_tokens(buf_text(&raw), r->tokens);
	}
	mail_report_id_list(mail_hook_header(r, "In-Reply-To"), r->ids);
	mail_report_id_list(mail_hook_header(r, "References"), r->ids);
	buf_release(&raw);
}

bool
mail_hook_is_bare_complaint(const struct mail_reading *r)
{
	static const char words[] = "complaint about message from ";
	const char *subject = mail_hook_header(r, "Subject");

	while (*subject == ' ')
		subject++;
	return r->original.len > 0 && strncasecmp(subject, words,
	    strlen(words)) == 0;
}
