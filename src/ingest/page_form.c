/* The forms; every field has a label, and every choice begins as it is. */
#include "page_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define FIELD_SIZE	100

static void
open_form(const struct page *p, struct buf *out)
{
	buf_str(out, "<form method=\"post\" action=\"");
	page_address(p, out, p->language);
	buf_str(out, "\">\n");
}

static void
put_button(const struct page *p, struct buf *out, const char *value,
    enum page_text t, bool first)
{
	buf_printf(out, "<button type=\"submit\"%s",
	    first ? "" : " class=\"other\"");
	if (value != NULL)
		buf_printf(out, " name=\"answer\" value=\"%s\"", value);
	buf_char(out, '>');
	page_say(p, out, t);
	buf_str(out, "</button>\n");
}

static void
put_confirm(const struct page *p, struct buf *out)
{
	put_button(p, out, "confirm", TEXT_YES_I_COME, true);
	put_button(p, out, "decline", TEXT_I_CANNOT, false);
	put_button(p, out, "call_back", TEXT_CALL_ME, false);
}

static void
put_scope(const struct page *p, struct buf *out, const char *value,
    enum page_text label, enum page_text hint)
{
	const char *chosen = p->entered == NULL ? NULL : p->entered->scope;

	if (chosen == NULL)
		chosen = "kind";
	buf_printf(out, "<div class=\"choice\">\n<input type=\"radio\" "
	    "name=\"scope\" value=\"%s\" id=\"scope-%s\" "
	    "aria-describedby=\"hint-%s\"%s>\n<label for=\"scope-%s\">",
	    value, value, value, strcmp(chosen, value) == 0 ? " checked" : "",
	    value);
	page_say(p, out, label);
	buf_printf(out, "</label>\n<span class=\"hint\" id=\"hint-%s\">",
	    value);
	page_say(p, out, hint);
	buf_str(out, "</span>\n</div>\n");
}

static void
open_group(const struct page *p, struct buf *out, enum page_text legend)
{
	buf_str(out, "<fieldset>\n<legend>");
	page_say(p, out, legend);
	buf_str(out, "</legend>\n");
}

static void
close_group(struct buf *out)
{
	buf_str(out, "</fieldset>\n");
}

/* The question is the title; who hears the group alone hears it as well. */
static void
put_unsubscribe(const struct page *p, struct buf *out)
{
	buf_str(out, "<fieldset>\n<legend class=\"unseen\">");
	page_say(p, out, TEXT_UNSUBSCRIBE);
	buf_str(out, "</legend>\n");
	put_scope(p, out, "kind", TEXT_KIND, TEXT_KIND_HINT);
	put_scope(p, out, "channel", TEXT_WAY, TEXT_WAY_HINT);
	put_scope(p, out, "all", TEXT_ALL, TEXT_ALL_HINT);
	close_group(out);
	put_button(p, out, NULL, TEXT_STOP, true);
}

/* The language of the label, where it is not that of the page; or NULL. */
static void
put_option(struct buf *out, const char *value, const char *label,
    const char *chosen, const char *language)
{
	buf_str(out, "<option value=\"");
	page_escaped(out, value);
	buf_char(out, '"');
	if (language != NULL) {
		buf_str(out, " lang=\"");
		page_escaped(out, language);
		buf_char(out, '"');
	}
	if (chosen != NULL && strcmp(chosen, value) == 0)
		buf_str(out, " selected");
	buf_char(out, '>');
	page_escaped(out, label);
	buf_str(out, "</option>\n");
}

/* The field that is wrong says so itself, too. */
static void
put_mark(const struct page *p, struct buf *out, enum choice_fault fault)
{
	if (p->entered != NULL && p->entered->fault == fault)
		buf_str(out, " aria-invalid=\"true\" "
		    "aria-describedby=\"fault\"");
}

static void
open_select(const struct page *p, struct buf *out, const char *name,
    const char *label, enum choice_fault fault)
{
	buf_str(out, "<div class=\"field side\">\n<label for=\"");
	page_escaped(out, name);
	buf_str(out, "\">");
	page_escaped(out, label);
	buf_str(out, "</label>\n<select name=\"");
	page_escaped(out, name);
	buf_str(out, "\" id=\"");
	page_escaped(out, name);
	buf_char(out, '"');
	put_mark(p, out, fault);
	buf_str(out, ">\n");
	put_option(out, "", page_text(TEXT_AS_IT_IS, p->language), NULL, NULL);
}

static void
close_select(struct buf *out)
{
	buf_str(out, "</select>\n</div>\n");
}

static void
put_how(const struct page *p, struct buf *out)
{
	const struct link_choice *e = p->entered;
	const char *s, *chosen = e == NULL ? NULL : e->channel;

	open_group(p, out, TEXT_HOW);
	open_select(p, out, "channel", page_text(TEXT_CHANNEL, p->language),
	    CHOICE_CHANNEL);
	for (size_t i = 0; (s = link_choice_channel(p->config, i)) != NULL;
	    i++)
		put_option(out, s, page_channel(s, p->language), chosen, NULL);
	put_option(out, "any", page_text(TEXT_ANY, p->language), chosen, NULL);
	close_select(out);
	chosen = e == NULL ? NULL : e->language;
	open_select(p, out, "language", page_text(TEXT_LANGUAGE, p->language),
	    CHOICE_LANGUAGE);
	for (size_t i = 0; (s = link_choice_language(p->config, i)) != NULL;
	    i++)
		put_option(out, s, page_language_name(s), chosen, s);
	close_select(out);
	close_group(out);
}

static void
put_time(const struct page *p, struct buf *out, const char *name,
    enum page_text label, const char *value)
{
	buf_printf(out, "<div class=\"field\">\n<label for=\"%s\">", name);
	page_say(p, out, label);
	buf_printf(out, "</label>\n<input type=\"time\" name=\"%s\" id=\"%s\"",
	    name, name);
	/* A browser shows no other. */
	if (time_of_day_parse(value) != -1)
		buf_printf(out, " value=\"%s\"", value);
	put_mark(p, out, CHOICE_QUIET);
	put_mark(p, out, CHOICE_QUIET_SAME);
	put_mark(p, out, CHOICE_QUIET_BOTH);
	buf_str(out, ">\n</div>\n");
}

static void
put_quiet(const struct page *p, struct buf *out)
{
	const struct link_choice *e = p->entered;

	open_group(p, out, TEXT_QUIET);
	buf_str(out, "<p class=\"hint\">");
	page_say(p, out, TEXT_QUIET_HINT);
	buf_str(out, "</p>\n<div class=\"pair\">\n");
	put_time(p, out, "quiet_start", TEXT_FROM,
	    e == NULL ? NULL : e->quiet_start);
	put_time(p, out, "quiet_end", TEXT_UNTIL,
	    e == NULL ? NULL : e->quiet_end);
	buf_printf(out, "</div>\n<div class=\"choice\">\n<input "
	    "type=\"checkbox\" name=\"quiet\" value=\"clear\" id=\"quiet\"%s>\n"
	    "<label for=\"quiet\">", e != NULL && e->quiet_clear ?
	    " checked" : "");
	page_say(p, out, TEXT_QUIET_CLEAR);
	buf_str(out, "</label>\n</div>\n");
	close_group(out);
}

static void
put_topics(const struct page *p, struct buf *out)
{
	const char *topic, *chosen;
	char name[FIELD_SIZE];

	open_group(p, out, TEXT_WHAT);
	buf_str(out, "<p class=\"hint\">");
	page_say(p, out, TEXT_WHAT_HINT);
	buf_str(out, "</p>\n");
	for (size_t i = 0; (topic = config_name(p->config, "topic", i)) !=
	    NULL; i++) {
		chosen = p->entered == NULL ? NULL :
		    link_choice_topic(p->entered, topic);
		snprintf(name, sizeof(name), "topic.%.80s", topic);
		open_select(p, out, name, page_topic(topic, p->language),
		    CHOICE_TOPIC);
		put_option(out, "yes", page_text(TEXT_YES, p->language),
		    chosen, NULL);
		put_option(out, "no", page_text(TEXT_NO, p->language), chosen,
		    NULL);
		close_select(out);
	}
	close_group(out);
}

static void
put_messages(const struct page *p, struct buf *out)
{
	const char *chosen = p->entered == NULL ? NULL : p->entered->messages;

	open_group(p, out, TEXT_MESSAGES);
	open_select(p, out, "messages", page_text(TEXT_ALL_OR_NONE,
	    p->language), CHOICE_MESSAGES);
	put_option(out, "start", page_text(TEXT_START, p->language), chosen,
	    NULL);
	put_option(out, "channel", page_text(TEXT_STOP_WAY, p->language),
	    chosen, NULL);
	put_option(out, "all", page_text(TEXT_STOP_ALL, p->language), chosen,
	    NULL);
	close_select(out);
	close_group(out);
}

void
page_form(const struct page *p, struct buf *out)
{
	open_form(p, out);
	if (p->kind == PAGE_CONFIRM)
		put_confirm(p, out);
	else if (p->kind == PAGE_UNSUBSCRIBE)
		put_unsubscribe(p, out);
	else {
		put_how(p, out);
		put_quiet(p, out);
		put_topics(p, out);
		put_messages(p, out);
		put_button(p, out, NULL, TEXT_SAVE, true);
	}
	buf_str(out, "</form>\n");
}
