/* One conversation: what was said on all channels, and what can be done. */
#include "desk_impl.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"

#define SHOWN	30	/* messages at first */

const char *
desk_find(struct desk *d, const char *word)
{
	struct error e;
	const char *id = word == NULL || *word == '\0' ? NULL :
	    inbox_find(&d->inbox, word, &e);

	if (id == NULL)
		desk_refuse(d, "404 Not Found", T_NO_CONVERSATION,
		    T_NO_CONVERSATION_ADVICE, NULL);
	return id;
}

static bool
is(const struct value *v, const char *key, const char *word)
{
	const char *s = value_get_string(v, key);

	return s != NULL && strcmp(s, word) == 0;
}

/*
 * Messages
 */

/* When what waits goes out. */
static void
put_due(struct desk *d, const char *id)
{
	struct ledger_rows *r = ledger_select(d->inbox.ledger, "SELECT due_at "
	    "FROM message WHERE id = ?", "s", id);

	if (ledger_next(r) && ledger_text(r, 0) != NULL) {
		html(d, ", %t ", T_GOES_AT);
		html_time(d, ledger_text(r, 0));
	}
	ledger_end(r);
}

static void
put_state(struct desk *d, const struct value *m)
{
	const char *state = value_get_string(m, "state");
	const char *status = value_get_string(m, "status");
	const char *reason = value_get_string(m, "reason");
	bool sent = is(m, "state", "sent");

	html(d, "<p class=\"state state-%s\">", sent && status != NULL ?
	    status : state);
	html_word(d, sent && status != NULL ? status : state);
	if (is(m, "state", "queued"))
		put_due(d, value_get_string(m, "id"));
	if (value_get_string(m, "read_at") != NULL) {
		html(d, " ");
		html_time(d, value_get_string(m, "read_at"));
	} else if (value_get_string(m, "delivered_at") != NULL) {
		html(d, " ");
		html_time(d, value_get_string(m, "delivered_at"));
	}
	if (reason != NULL) {
		html(d, ": ");
		html_reason(d, reason);
	}
	html(d, "</p>\n");
}

static void
put_sender(struct desk *d, const struct value *m, const char *person,
    bool in)
{
	const char *author = value_get_string(m, "author");

	html(d, "<p class=\"from\">");
	if (in)
		html(d, "<bdi>%s</bdi>", person);
	else if (inbox_is_assistant(author))
		html(d, "%t", T_ASSIST);
	else if (author != NULL)
		html(d, "<span class=\"unseen\">%t </span>%s", T_FROM_US,
		    desk_name(d, author));
	else
		html(d, "%t", T_FROM_SYSTEM);
	html(d, " · ");
	html_channel(d, value_get_string(m, "channel"));
	html(d, " · ");
	html_time(d, value_get_string(m, "at"));
	if (value_is_true(value_get(m, "unread")))
		html(d, " <span class=\"count\">%t</span>", T_NEW_MESSAGES);
	html(d, "</p>\n");
}

static void
put_message(struct desk *d, const struct value *m, const char *person)
{
	bool in = is(m, "direction", "inbound");
	const char *channel = value_get_string(m, "channel"), *s;

	html(d, "<li class=\"%r by-%s\">\n", in ? "in" : "out",
	    channel == NULL ? "none" : channel);
	put_sender(d, m, person, in);
	s = value_get_string(m, "subject");
	if (s != NULL && *s != '\0')
		html(d, "<p class=\"subject\" dir=\"auto\">%s</p>\n",
		    desk_cut(d, s, DESK_LINE_MAX));
	s = value_get_string(m, "text");
	if (s != NULL)
		html_words(d, s);
	else if (value_is_true(value_get(m, "erased")))
		html(d, "<p class=\"words\">%t</p>\n", T_ERASED);
	s = value_get_string(m, "media");
	if (s != NULL)
		html(d, "<p class=\"media\">%t %s</p>\n", T_MEDIA,
		    desk_cut(d, s, DESK_WORDS_MAX));
	if (!in)
		put_state(d, m);
	if (is(m, "state", "held"))
		desk_put_release(d, m, NULL);
	html(d, "</li>\n");
}

static void
put_messages(struct desk *d, const struct value *shown, const char *id,
    size_t count)
{
	const struct value *list = value_get(shown, "messages");
	const char *person = value_get_string(value_get(shown,
	    "conversation"), "person");

	html(d, "<section aria-labelledby=\"said\">\n<h2 id=\"said\">%t</h2>\n",
	    T_MESSAGES);
	if (value_count(list) >= count && count < DESK_MESSAGES)
		html(d, "<p><a href=\"conversation?id=%q&amp;count=%d\">%t"
		    "</a></p>\n", id, (int64_t)(count * 4 > DESK_MESSAGES ?
		    DESK_MESSAGES : count * 4), T_OLDER);
	if (value_count(list) == 0)
		html(d, "<p class=\"empty\">%t</p>\n", T_NO_MESSAGES);
	else
		html(d, "<ol class=\"talk\">\n");
	for (size_t i = 0; i < value_count(list); i++)
		put_message(d, value_at(list, i), person == NULL ?
		    desk_say(d, T_NO_NAME) : person);
	html(d, "%r</section>\n", value_count(list) == 0 ? "" : "</ol>\n");
}

/*
 * What stands beside
 */

static void
put_flags(struct desk *d, const struct value *list, const char *id)
{
	const struct value *f;
	const char *reason;
	int64_t n = 0;

	if (value_count(list) == 0)
		return;
	html(d, "<section class=\"flags\" aria-labelledby=\"flags\">\n<h2 "
	    "id=\"flags\">%t</h2>\n<ul>\n", T_OPEN_FLAGS);
	for (size_t i = 0; i < value_count(list); i++) {
		f = value_at(list, i);
		value_integer(value_get(f, "flag"), &n);
		html(d, "<li><p><b>");
		html_word(d, value_get_string(f, "kind"));
		html(d, "</b> %t ", T_SINCE);
		html_time(d, value_get_string(f, "since"));
		reason = value_get_string(f, "reason");
		if (reason != NULL) {
			html(d, "<br><span class=\"detail\">");
			html_reason(d, reason);
			html(d, "</span>");
		}
		html(d, "</p>\n");
		if (d->may_write) {
			html_form(d, "act", "inline");
			html_hidden(d, "id", id);
			html(d, "<button class=\"other\" name=\"resolve\" "
			    "value=\"%d\">%t<span class=\"unseen\">: ", n,
			    T_RESOLVE);
			html_word(d, value_get_string(f, "kind"));
			html(d, "</span></button>\n</form>\n");
		}
		html(d, "</li>\n");
	}
	html(d, "</ul>\n</section>\n");
}

/* At the place of the appointment, whose zone is named if it is another one. */
static void
put_event(struct desk *d, const struct value *v)
{
	const char *zone = value_get_string(v, "timezone");
	const char *ours = config_string(d->config, "site", NULL, "timezone");

	if (zone == NULL || strcmp(zone, ours) == 0 || !zone_is_valid(zone)) {
		html_time(d, value_get_string(v, "event_at"));
		return;
	}
	html_time_at(d, zone, value_get_string(v, "event_at"));
	html(d, " (%s)", zone);
}

static void
put_reminders(struct desk *d, const struct value *list)
{
	const struct value *v;

	if (value_count(list) == 0)
		return;
	html(d, "<section aria-labelledby=\"ahead\">\n<h2 id=\"ahead\">%t</h2>"
	    "\n<ul>\n", T_REMINDERS);
	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		html(d, "<li>");
		html_word(d, value_get_string(v, "type"));
		html(d, ", ");
		put_event(d, v);
		html(d, ": <b>%t</b></li>\n", is(v, "state", "open") ?
		    T_UNCONFIRMED : desk_word(value_get_string(v, "state"),
		    T_UNCONFIRMED));
	}
	html(d, "</ul>\n</section>\n");
}

static void
put_options(struct desk *d, const char *const *words, const char *chosen)
{
	for (; *words != NULL; words++)
		html(d, "<option value=\"%s\"%r>%t</option>\n", *words,
		    chosen != NULL && strcmp(chosen, *words) == 0 ?
		    " selected" : "", desk_word(*words, T_NORMAL));
}

/* Names that are known are chosen from; else any may be typed. */
static void
put_staff(struct desk *d, const char *chosen)
{
	const char *name;

	if (config_name(d->config, "staff", 0) == NULL) {
		html(d, "<input id=\"assignee\" name=\"value\" value=\"%s\" "
		    "maxlength=\"64\">\n", chosen == NULL ? "" : chosen);
		return;
	}
	html(d, "<select id=\"assignee\" name=\"value\">\n<option value=\"\">"
	    "%t</option>\n", T_NOBODY);
	for (size_t i = 0; (name = config_name(d->config, "staff", i)) != NULL;
	    i++)
		html(d, "<option value=\"%s\"%r>%s</option>\n", name,
		    chosen != NULL && strcmp(chosen, name) == 0 ?
		    " selected" : "", desk_name(d, name));
	html(d, "</select>\n");
}

static void
open_setting(struct desk *d, const char *id, const char *member,
    enum desk_text label)
{
	html_form(d, "act", "setting");
	html_hidden(d, "id", id);
	html_hidden(d, "set", member);
	html(d, "<label for=\"%s\">%t</label>\n", member, label);
}

static void
close_setting(struct desk *d, enum desk_text label)
{
	html(d, "<button class=\"other\">%t<span class=\"unseen\">: %t</span>"
	    "</button>\n</form>\n", T_SAVE, label);
}

static void
put_line_setting(struct desk *d, const char *id, const char *member,
    enum desk_text label, const char *value, const char *hint)
{
	open_setting(d, id, member, label);
	html(d, "<input id=\"%s\" name=\"value\" value=\"%s\" "
	    "maxlength=\"200\" placeholder=\"%s\">\n", member, value == NULL ?
	    "" : value, hint);
	close_setting(d, label);
}

static void
put_tags(struct desk *d, const struct value *tags, const char *id)
{
	const char *tag;

	if (value_count(tags) > 0) {
		html_form(d, "act", "inline");
		html_hidden(d, "id", id);
		for (size_t i = 0; i < value_count(tags); i++) {
			tag = value_string(value_at(tags, i));
			html(d, "<button class=\"other\" name=\"untag\" "
			    "value=\"%s\"><span class=\"unseen\">%t "
			    "</span>#%s <span aria-hidden=\"true\">×</span>"
			    "</button>\n", tag, T_REMOVE, tag);
		}
		html(d, "</form>\n");
	}
	html_form(d, "act", "setting");
	html_hidden(d, "id", id);
	html(d, "<label for=\"tag\">%t</label>\n<input id=\"tag\" name=\"tag\" "
	    "maxlength=\"%d\" required autocapitalize=\"none\">\n<button "
	    "class=\"other\">%t<span class=\"unseen\">: %t</span></button>\n"
	    "</form>\n", T_ADD_TAG, (int64_t)INBOX_TAG_MAX, T_ADD, T_ADD_TAG);
}

static void
put_buttons(struct desk *d, const struct value *shown, const char *id)
{
	const struct value *c = value_get(shown, "conversation");
	bool shut = is(c, "status", "resolved") || is(c, "status", "archived");
	int64_t unread = 0;

	value_integer(value_get(c, "unread"), &unread);
	html_form(d, "act", "inline");
	html_hidden(d, "id", id);
	html_hidden(d, "last", value_get_string(shown, "last"));
	if (unread > 0)
		html(d, "<button name=\"read\" value=\"1\">%t</button>\n",
		    T_MARK_READ);
	if (!is(c, "assignee", d->user))
		html(d, "<button class=\"other\" name=\"take\" value=\"1\">%t"
		    "</button>\n", T_TAKE);
	html(d, "<button class=\"other\" name=\"%s\" value=\"1\">%t"
	    "</button>\n", shut ? "reopen" : "close", shut ? T_REOPEN :
	    T_CLOSE);
	if (!is(c, "status", "archived"))
		html(d, "<button class=\"other\" name=\"archive\" "
		    "value=\"1\">%t</button>\n", T_ARCHIVE);
	html(d, "</form>\n");
}

static void
put_settings(struct desk *d, const struct value *c, const char *id)
{
	static const char *const priorities[] = { "low", "normal", "high",
	    "urgent", NULL };
	const struct value *related = value_get(c, "related");
	const char *about = related == NULL ? NULL : arena_printf(d->mem,
	    "%s:%s", value_get_string(related, "type"),
	    value_get_string(related, "id"));

	html(d, "<section class=\"manage\" aria-labelledby=\"manage\">\n<h2 "
	    "id=\"manage\">%t</h2>\n", T_MANAGE);
	open_setting(d, id, "assignee", T_ASSIGNEE);
	put_staff(d, value_get_string(c, "assignee"));
	close_setting(d, T_ASSIGNEE);
	open_setting(d, id, "priority", T_PRIORITY);
	html(d, "<select id=\"priority\" name=\"value\">\n");
	put_options(d, priorities, value_get_string(c, "priority"));
	html(d, "</select>\n");
	close_setting(d, T_PRIORITY);
	put_line_setting(d, id, "subject", T_SUBJECT, value_get_string(c,
	    "subject"), "");
	put_line_setting(d, id, "related", T_ABOUT, about, "appointment:42");
	put_tags(d, value_get(c, "tags"), id);
	html(d, "</section>\n");
}

static void
put_facts(struct desk *d, const struct value *c)
{
	const char *s = value_get_string(c, "assignee");

	html(d, "<p class=\"facts\"><span class=\"mark\">%t</span>",
	    desk_word(value_get_string(c, "status"), T_ACTIVE));
	if (!is(c, "priority", "normal"))
		html(d, " <span class=\"mark priority-%s\">%t: %t</span>",
		    value_get_string(c, "priority"), T_PRIORITY,
		    desk_word(value_get_string(c, "priority"), T_NORMAL));
	if (s != NULL)
		html(d, " <span class=\"mark\">%t: %s</span>", T_ASSIGNEE,
		    desk_name(d, s));
	s = value_get_string(c, "owner");
	if (s != NULL)
		html(d, " <span class=\"mark\">%t: %s</span>", T_OWNER,
		    desk_name(d, s));
	for (size_t i = 0; i < value_count(value_get(c, "tags")); i++)
		html(d, " <span class=\"mark tag\">#%s</span>",
		    value_string(value_at(value_get(c, "tags"), i)));
	html(d, "</p>\n");
	s = value_get_string(c, "subject");
	if (s != NULL)
		html(d, "<p class=\"subject\" dir=\"auto\">%s</p>\n", s);
}

static void
put_side(struct desk *d, const struct value *shown, const char *id)
{
	html(d, "<div class=\"side\">\n");
	if (d->may_write)
		put_buttons(d, shown, id);
	put_flags(d, value_get(shown, "flags"), id);
	put_reminders(d, value_get(shown, "reminders"));
	if (d->may_write)
		put_settings(d, value_get(shown, "conversation"), id);
	html(d, "</div>\n");
}

static void
put_trouble(struct desk *d, const struct desk_trouble *t)
{
	html(d, "<div class=\"trouble\" role=\"alert\" id=\"trouble\">\n<p>"
	    "<b>%t%r%s</b></p>\n", t->what, t->colleague == NULL ? "" : " ",
	    t->colleague == NULL ? "" : desk_name(d,
	    value_get_string(t->colleague, "author")));
	if (t->colleague != NULL) {
		html(d, "<blockquote dir=\"auto\">%s</blockquote>\n",
		    desk_cut(d, value_get_string(t->colleague, "text"),
		    DESK_WORDS_MAX));
		html(d, "<p>%t</p>\n", T_COLLEAGUE_ADVICE);
	}
	if (t->detail != NULL)
		html(d, "<p class=\"detail\" lang=\"en\">%s</p>\n",
		    t->detail);
	html(d, "</div>\n");
}

static size_t
asked_count(const struct desk *d)
{
	const char *s = form_get(&d->query, "count");
	long n = s == NULL ? SHOWN : strtol(s, NULL, 10);

	return n < SHOWN ? SHOWN : n > DESK_MESSAGES ? DESK_MESSAGES :
	    (size_t)n;
}

_Noreturn void
desk_show(struct desk *d, const char *id, const struct desk_reply *r,
    const struct value *preview, const struct desk_trouble *trouble)
{
	size_t count = asked_count(d);
	struct value *shown = inbox_show(&d->inbox, id, count);
	const struct value *c = value_get(shown, "conversation");
	const char *person = value_get_string(c, "person");

	if (person == NULL)
		person = desk_say(d, T_NO_NAME);
	desk_open(d, person, "inbox");
	html(d, "<p class=\"back\"><a href=\"./\">%t</a></p>\n"
	    "<h1><bdi>%s</bdi></h1>\n", T_BACK_TO_LIST, person);
	put_facts(d, c);
	desk_tell_done(d);
	html(d, "<div class=\"columns\">\n<div class=\"talking\">\n");
	if (trouble != NULL)
		put_trouble(d, trouble);
	if (preview != NULL)
		desk_reply_preview(d, shown, r, preview);
	/* What has to be mended comes first, then what was said. */
	if (trouble != NULL)
		desk_reply_form(d, shown, r, trouble);
	put_messages(d, shown, id, count);
	if (preview == NULL && trouble == NULL && d->may_write)
		desk_reply_form(d, shown, r, NULL);
	html(d, "</div>\n");
	put_side(d, shown, id);
	html(d, "</div>\n");
	value_free(shown);
	desk_close(d, trouble == NULL ? "200 OK" : trouble->colleague != NULL ?
	    "409 Conflict" : "422 Unprocessable Content");
}

_Noreturn void
desk_conversation(struct desk *d)
{
	desk_show(d, desk_find(d, form_get(&d->query, "id")), NULL, NULL,
	    NULL);
}
