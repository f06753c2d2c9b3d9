#include "preview_html.h"

#include <ctype.h>
#include <string.h>
#include <unicode/utf8.h>

#include "message/html.h"
#include "message/segments.h"
#include "message/whatsapp.h"

/* Text */

void
page_string(struct buf *out, const char *s)
{
	html_text(out, s, strlen(s));
}

void
page_language(struct buf *out, const char *language)
{
	for (; *language != '\0'; language++)
		html_text(out, *language == '_' ? "-" : language, 1);
}

static void
put_link(struct buf *out, const char *s, size_t len)
{
	buf_str(out, "<span class=\"link\">");
	html_text(out, s, len);
	buf_str(out, "</span>");
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* The first letter of a name, for the round picture beside it, or nobody's. */
static void
put_avatar(struct buf *out, const char *name)
{
	size_t n = utf8_length(name, strlen(name));

	buf_str(out, "<span class=\"avatar\" aria-hidden=\"true\">");
	if (n > 0 && is_word(*name) && !isdigit((unsigned char)*name))
		html_text(out, name, n);
	else
		buf_str(out, "<svg viewBox=\"0 0 24 24\"><circle cx=\"12\" "
		    "cy=\"8\" r=\"4\" /><path d=\"M4 21c0-5 4-7 8-7s8 2 8 "
		    "7z\" /></svg>");
	buf_str(out, "</span>");
}

static const char *
site_name(const struct preview_message *m)
{
	return preview_site_name(m->of->preview);
}

/* "10:30" */
static const char *
time_of_day(const struct preview_message *m)
{
	const char *space = strchr(m->of->moment, ' ');

	return space == NULL ? "" : space + 1;
}

/* Mail */

/* 'Clinica Roma <citas@clinic.example>': the name, and the rest of it. */
static void
put_sender(struct buf *out, const struct preview_message *m)
{
	const char *from = preview_from(m), *angle = strchr(from, '<');
	size_t len = angle == NULL ? strlen(from) : (size_t)(angle - from);

	while (len > 0 && from[len - 1] == ' ')
		len--;
	buf_str(out, "<div class=\"sender\">");
	put_avatar(out, len > 0 ? from : site_name(m));
	buf_str(out, "<p><span>");
	html_text(out, from, len);
	buf_str(out, "</span>");
	if (angle != NULL) {
		buf_str(out, " <small>");
		page_string(out, angle);
		buf_str(out, "</small>");
	}
	buf_str(out, "<br /><small>to rosa@example.com, ");
	page_string(out, time_of_day(m));
	buf_str(out, "</small></p></div>\n");
}

/* What a mail program shows; the sandbox lets nothing of it run. */
static void
put_mail(struct buf *out, const struct preview_message *m, const char *where)
{
	const char *subject = record_string(m->record, "subject");
	const char *html = record_string(m->record, "html");

	buf_str(out, "<div class=\"head\">\n<p class=\"subject\" lang=\"");
	page_language(out, m->used);
	buf_str(out, "\">");
	page_string(out, subject == NULL ? "(no subject)" : subject);
	buf_str(out, "</p>\n");
	put_sender(out, m);
	buf_str(out, "</div>\n<iframe sandbox=\"\" title=\"The mail in ");
	page_language(out, m->used);
	buf_printf(out, ", %s\" srcdoc=\"", where);
	page_string(out, html == NULL ? "" : html);
	buf_str(out, "\"></iframe>\n");
}

static void
put_email(struct buf *out, const struct preview_message *m)
{
	buf_str(out, "<div class=\"views\">\n<figure class=\"narrow\">"
	    "<figcaption>On a telephone</figcaption>\n"
	    "<div class=\"phone\"><div class=\"screen\">\n");
	put_mail(out, m, "on a telephone");
	buf_str(out, "</div></div></figure>\n<figure class=\"wide\">"
	    "<figcaption>On a desktop</figcaption>\n<div class=\"scroller\" "
	    "tabindex=\"0\" role=\"group\" aria-label=\"The mail on a "
	    "desktop\"><div class=\"window\">\n");
	put_mail(out, m, "on a desktop");
	buf_str(out, "</div></div></figure>\n</div>\n<details><summary>The "
	    "same as plain text</summary>\n<pre lang=\"");
	page_language(out, m->used);
	buf_str(out, "\">");
	page_string(out, record_string(m->record, "text"));
	buf_str(out, "</pre></details>\n");
}

/* Text messages */

static void
put_conversation(struct buf *out, const char *name, const char *detail)
{
	buf_str(out, "<div class=\"phone\"><div class=\"screen\">\n"
	    "<div class=\"bar\">");
	put_avatar(out, name);
	buf_str(out, "<p>");
	page_string(out, name);
	if (detail != NULL) {
		buf_str(out, "<small>");
		page_string(out, detail);
		buf_str(out, "</small>");
	}
	buf_str(out, "</p></div>\n<div class=\"talk\">\n");
}

/* Characters outside GSM-7 are marked: each of them costs. */
static void
put_sms_text(struct buf *out, const char *s)
{
	size_t n, link, len = strlen(s);
	UChar32 c;

	for (size_t i = 0; i < len; i += n) {
		link = s[i] == 'h' ? html_link_length(s + i) : 0;
		n = link > 0 ? link : utf8_length(s + i, len - i);
		if (link > 0) {
			put_link(out, s + i, link);
			continue;
		}
		U8_GET_UNSAFE((const uint8_t *)s, i, c);
		if (segments_septets((uint32_t)c) > 0)
			html_text(out, s + i, n);
		else {
			buf_str(out, "<mark title=\"not in GSM-7\">");
			html_text(out, s + i, n);
			buf_str(out, "</mark>");
		}
	}
}

static void
put_sms(struct buf *out, const struct preview_message *m)
{
	const char *from = preview_from(m);

	put_conversation(out, *from == '\0' ? site_name(m) : from, NULL);
	buf_str(out, "<p class=\"time\">");
	page_string(out, time_of_day(m));
	buf_str(out, "</p>\n<div class=\"bubble\" lang=\"");
	page_language(out, m->used);
	buf_str(out, "\">");
	put_sms_text(out, record_string(m->record, "text"));
	buf_str(out, "</div>\n</div></div></div>\n");
}

/* WhatsApp */

static const struct style {
	const char *sign, *tag;
} styles[] = {
	{ "```", "code" }, { "*", "strong" }, { "_", "em" }, { "~", "s" }
};

/*
 * The style that begins at s[i], and where it ends: both signs hug the text,
 * stand apart from words and on one line, as WhatsApp wants it.
 */
static const struct style *
find_style(const char *s, size_t len, size_t i, size_t *end)
{
	size_t n;

	if (i > 0 && is_word(s[i - 1]))
		return NULL;
	for (size_t k = 0; k < sizeof(styles) / sizeof(styles[0]); k++) {
		n = strlen(styles[k].sign);
		if (len - i < 2 * n + 1 ||
		    memcmp(s + i, styles[k].sign, n) != 0 ||
		    strchr(" \n", s[i + n]) != NULL)
			continue;
		for (size_t j = i + n + 1; j + n <= len && s[j] != '\n'; j++)
			if (memcmp(s + j, styles[k].sign, n) == 0 &&
			    s[j - 1] != ' ' &&
			    (j + n == len || !is_word(s[j + n]))) {
				*end = j;
				return &styles[k];
			}
	}
	return NULL;
}

/* A style within another may not be the same: so deep it goes, no deeper. */
static void
put_styled(struct buf *out, const char *s, size_t len, int depth)
{
	const struct style *style;
	size_t end = 0, link, n;

	for (size_t i = 0; i < len;) {
		link = s[i] == 'h' ? html_link_length(s + i) : 0;
		if (link > 0 && link <= len - i) {
			put_link(out, s + i, link);
			i += link;
			continue;
		}
		style = depth < 4 ? find_style(s, len, i, &end) : NULL;
		if (style == NULL) {
			html_text(out, s + i, 1);
			i++;
			continue;
		}
		n = strlen(style->sign);
		buf_printf(out, "<%s>", style->tag);
		put_styled(out, s + i + n, end - i - n, depth + 1);
		buf_printf(out, "</%s>", style->tag);
		i = end + n;
	}
}

/* The parameters of the header, as they go over the wire; or NULL. */
static const struct value *
header_parameters(const struct preview_message *m)
{
	const struct value *all = value_path(record_get(m->record,
	    "whatsapp"), "template.components"), *one;

	for (size_t i = 0; (one = value_at(all, i)) != NULL; i++)
		if (strcmp(value_get_string(one, "type"), "header") == 0)
			return value_get(one, "parameters");
	return NULL;
}

static void
put_media(struct buf *out, const struct preview_message *m, const char *type)
{
	const char *link = value_get_string(value_get(value_at(
	    header_parameters(m), 0), type), "link");

	buf_printf(out, "<div class=\"media\">%s<br />", type);
	page_string(out, link == NULL ? "" : link);
	buf_str(out, "</div>\n");
}

/* The registered header with its parameter, of which there is at most one. */
static void
put_header_text(struct buf *out, const struct preview_message *m)
{
	const char *value = value_get_string(value_at(header_parameters(m),
	    0), "text"), *s, *open, *close;
	struct buf text = BUF_INIT(TEMPLATE_MAX);
	struct error ignored;

	if (whatsapp_meta_header(m->of->set, m->used, &text, &ignored) == 0 &&
	    text.len > 0) {
		s = buf_text(&text);
		open = strstr(s, "{{");
		close = strstr(s, "}}");
		buf_str(out, "<p class=\"title\">");
		if (value == NULL || open == NULL || close == NULL)
			page_string(out, s);
		else {
			html_text(out, s, (size_t)(open - s));
			page_string(out, value);
			page_string(out, close + 2);
		}
		buf_str(out, "</p>\n");
	}
	buf_release(&text);
}

static void
put_buttons(struct buf *out, const struct whatsapp_meta *w,
    const struct whatsapp_language *language)
{
	const char *title;

	buf_str(out, "<ul class=\"buttons\">\n");
	for (size_t i = 0; i < w->button_count; i++) {
		title = language->titles[i];
		buf_printf(out, "<li><span aria-hidden=\"true\">%s </span>",
		    w->buttons[i].type == WHATSAPP_QUICK_REPLY ? "↩" : "↗");
		page_string(out, title == NULL ? "" : title);
		buf_str(out, "</li>\n");
	}
	buf_str(out, "</ul>\n");
}

static void
put_whatsapp(struct buf *out, const struct preview_message *m)
{
	const struct whatsapp_meta *w = m->of->set->meta->whatsapp;
	const struct whatsapp_language *language = w == NULL ? NULL :
	    meta_whatsapp_language(m->of->set->meta, m->used);
	const char *text = record_string(m->record, "text");
	const char *footer = language != NULL && language->footer != NULL ?
	    language->footer : w == NULL ? NULL : w->footer;

	put_conversation(out, site_name(m), "Business account");
	buf_str(out, "<div class=\"message\" lang=\"");
	page_language(out, m->used);
	buf_str(out, "\">\n<div class=\"bubble\">\n");
	if (w != NULL && w->header_type > WHATSAPP_TEXT_HEADER)
		put_media(out, m, whatsapp_header_name(w->header_type));
	else if (w != NULL)
		put_header_text(out, m);
	buf_str(out, "<p>");
	put_styled(out, text, strlen(text), 0);
	buf_str(out, "</p>\n");
	if (footer != NULL) {
		buf_str(out, "<p class=\"foot\">");
		page_string(out, footer);
		buf_str(out, "</p>\n");
	}
	buf_str(out, "<p class=\"at\">");
	page_string(out, time_of_day(m));
	buf_str(out, "</p>\n</div>\n");
	if (language != NULL && w->button_count > 0)
		put_buttons(out, w, language);
	buf_str(out, "</div>\n</div></div></div>\n");
}

/* The rest */

static void
put_push(struct buf *out, const struct preview_message *m)
{
	const char *subject = record_string(m->record, "subject");

	buf_str(out, "<div class=\"phone\"><div class=\"screen\"><div "
	    "class=\"lock\"><div class=\"card\">\n");
	put_avatar(out, site_name(m));
	buf_str(out, "<div><p class=\"app\"><span>");
	page_string(out, site_name(m));
	buf_str(out, "</span><span>now</span></p>\n<div lang=\"");
	page_language(out, m->used);
	buf_str(out, "\">");
	if (subject != NULL) {
		buf_str(out, "<p class=\"title\">");
		page_string(out, subject);
		buf_str(out, "</p>\n");
	}
	buf_str(out, "<p>");
	page_string(out, record_string(m->record, "text"));
	buf_str(out, "</p></div></div>\n</div></div></div></div>\n");
}

static void
put_voice(struct buf *out, const struct preview_message *m)
{
	buf_str(out, "<blockquote class=\"spoken\"><span class=\"play\" "
	    "aria-hidden=\"true\"></span>\n<p lang=\"");
	page_language(out, m->used);
	buf_str(out, "\">");
	page_string(out, record_string(m->record, "text"));
	buf_str(out, "</p></blockquote>\n");
}

void
page_picture(struct buf *out, const struct preview_message *m)
{
	static const struct {
		const char *channel;
		void (*put)(struct buf *out, const struct preview_message *m);
	} pictures[] = {
		{ "email", put_email }, { "sms", put_sms },
		{ "whatsapp", put_whatsapp }, { "push", put_push },
		{ "voice", put_voice }
	};

	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
		if (strcmp(m->channel, pictures[i].channel) == 0)
			pictures[i].put(out, m);
}
