/* The lists: who wrote, and what a search finds. */
#include "desk_impl.h"

#include <inttypes.h>
#include <string.h>

static const char *const kinds[] = { "open", "unread", "mine", "all" };

#define HELD	"held"		/* beside them */

static const char *
asked(const struct desk *d, const char *name)
{
	const char *s = form_get(&d->query, name);

	return s == NULL || *s == '\0' ? NULL : s;
}

static void
put_tabs(struct desk *d, const struct inbox_choice *w, bool filtered,
    bool held)
{
	html(d, "<nav class=\"tabs\" aria-label=\"%t\">\n<ul>\n", T_LISTS);
	for (int i = 0; i < 4; i++)
		html(d, "<li><a href=\"./?list=%s\"%r>%t</a></li>\n",
		    kinds[i], !filtered && !held && (int)w->kind == i ?
		    " aria-current=\"page\"" : "", desk_word(kinds[i],
		    T_ALL));
	html(d, "<li><a href=\"./?list=" HELD "\"%r>%t</a></li>\n</ul>\n"
	    "</nav>\n", held ? " aria-current=\"page\"" : "", T_HELD_ONES);
}

static void
put_search(struct desk *d, const char *words)
{
	html(d, "<form method=\"get\" action=\"search\" role=\"search\" "
	    "class=\"search\">\n<label for=\"q\">%t</label>\n<input "
	    "type=\"search\" id=\"q\" name=\"q\" value=\"%s\" "
	    "maxlength=\"200\" required>\n<button type=\"submit\">%t"
	    "</button>\n</form>\n", T_SEARCH_WHAT, words == NULL ? "" : words,
	    T_SEARCH);
}

static void
put_filter(struct desk *d, enum desk_text what, const char *which)
{
	html(d, "<p class=\"filter\">%t <b>", what);
	if (what == T_ONLY_FLAG)
		html_word(d, which);
	else
		html(d, "%s", what == T_ONLY_OF ? desk_name(d, which) :
		    which);
	html(d, "</b> · <a href=\"./\">%t</a></p>\n", T_SHOW_ALL);
}

static void
put_marks(struct desk *d, const struct value *v)
{
	const struct value *flags = value_get(v, "flags");
	const struct value *tags = value_get(v, "tags");
	const char *s = value_get_string(v, "priority");

	html(d, "<p class=\"marks\">");
	if (s != NULL && strcmp(s, "normal") != 0)
		html(d, "<span class=\"mark priority-%s\">%t: %t</span> ", s,
		    T_PRIORITY, desk_word(s, T_NORMAL));
	for (size_t i = 0; i < value_count(flags); i++) {
		html(d, "<span class=\"mark flag\">");
		html_word(d, value_string(value_at(flags, i)));
		html(d, "</span> ");
	}
	for (size_t i = 0; i < value_count(tags); i++) {
		s = value_string(value_at(tags, i));
		html(d, "<a class=\"mark tag\" href=\"./?tag=%q\">#%s</a> ", s,
		    s);
	}
	s = value_get_string(v, "assignee");
	if (s != NULL)
		html(d, "<a class=\"mark\" href=\"./?assignee=%q\">%t: "
		    "%s</a> ", s, T_ASSIGNEE, desk_name(d, s));
	s = value_get_string(v, "status");
	if (s != NULL && strcmp(s, "pending") != 0)
		html(d, "<span class=\"mark\">%t</span>", desk_word(s,
		    T_ACTIVE));
	html(d, "</p>\n");
}

static void
put_conversation(struct desk *d, const struct value *v)
{
	const char *person = value_get_string(v, "person");
	const char *text = value_get_string(v, "text");
	int64_t unread = 0;

	value_integer(value_get(v, "unread"), &unread);
	html(d, "<li class=\"%r\">\n<h2><a href=\"conversation?id=%q\"><bdi>%s"
	    "</bdi></a>", unread > 0 ? "card unread" : "card",
	    value_get_string(v, "conversation"), person == NULL ?
	    desk_say(d, T_NO_NAME) : person);
	if (unread > 0)
		html(d, " <span class=\"count\">%d<span class=\"unseen\"> "
		    "%t</span></span>", unread, T_NEW_MESSAGES);
	html(d, "</h2>\n<p class=\"when\">");
	html_channel(d, value_get_string(v, "channel"));
	html(d, " ");
	html_time(d, value_get_string(v, "wrote_at"));
	html(d, "</p>\n");
	if (value_get_string(v, "subject") != NULL)
		html(d, "<p class=\"subject\" dir=\"auto\">%s</p>\n",
		    value_get_string(v, "subject"));
	if (text != NULL)
		html(d, "<p class=\"excerpt\" dir=\"auto\">%s</p>\n", text);
	put_marks(d, v);
	html(d, "</li>\n");
}

/* What the next page has to ask for, behind the last one of this page. */
static void
put_more(struct desk *d, const struct inbox_choice *w,
    const struct value *list)
{
	const char *cursor;

	if (value_count(list) < INBOX_PAGE)
		return;
	cursor = value_get_string(value_at(list, value_count(list) - 1),
	    "cursor");
	html(d, "<p><a class=\"button other\" href=\"./?list=%s",
	    kinds[w->kind]);
	if (w->tag != NULL)
		html(d, "&amp;tag=%q", w->tag);
	if (w->flag != NULL)
		html(d, "&amp;flag=%q", w->flag);
	if (w->kind != INBOX_MINE && w->assignee != NULL)
		html(d, "&amp;assignee=%q", w->assignee);
	html(d, "&amp;before=%q\">%t</a></p>\n", cursor, T_MORE);
}

static _Noreturn void
held_list(struct desk *d, const struct inbox_choice *w)
{
	desk_open(d, desk_say(d, T_HELD_ONES), "inbox");
	html(d, "<h1>%t</h1>\n", T_INBOX);
	put_tabs(d, w, false, true);
	desk_tell_done(d);
	desk_put_held(d, w->before);
	desk_close(d, "200 OK");
}

_Noreturn void
desk_list(struct desk *d)
{
	struct inbox_choice w = { .tag = asked(d, "tag"),
	    .flag = asked(d, "flag"), .assignee = asked(d, "assignee"),
	    .before = asked(d, "before") };
	const char *name = asked(d, "list");
	bool filtered = w.tag != NULL || w.flag != NULL || w.assignee != NULL;
	struct value *list;

	if (name != NULL && strcmp(name, HELD) == 0)
		held_list(d, &w);
	if (name == NULL || !inbox_kind_read(name, &w.kind))
		w.kind = filtered ? INBOX_ALL : INBOX_OPEN;
	list = inbox_list(&d->inbox, &w);
	desk_open(d, desk_say(d, T_INBOX), "inbox");
	html(d, "<h1>%t</h1>\n", T_INBOX);
	put_tabs(d, &w, filtered, false);
	put_search(d, NULL);
	if (w.tag != NULL)
		put_filter(d, T_ONLY_TAG, w.tag);
	if (w.flag != NULL)
		put_filter(d, T_ONLY_FLAG, w.flag);
	if (w.assignee != NULL)
		put_filter(d, T_ONLY_OF, w.assignee);
	if (value_count(list) == 0)
		html(d, "<p class=\"empty\">%t</p>\n", T_NO_CONVERSATIONS);
	else
		html(d, "<ol class=\"cards\">\n");
	for (size_t i = 0; i < value_count(list); i++)
		put_conversation(d, value_at(list, i));
	if (value_count(list) > 0)
		html(d, "</ol>\n");
	put_more(d, &w, list);
	value_free(list);
	desk_close(d, "200 OK");
}

static void
put_found(struct desk *d, const struct value *v)
{
	const char *person = value_get_string(v, "person");
	const char *text = value_get_string(v, "text");
	const char *direction = value_get_string(v, "direction");

	html(d, "<li class=\"card\">\n<h2><a href=\"conversation?id=%q\"><bdi>"
	    "%s</bdi></a></h2>\n<p class=\"when\">%t · ",
	    value_get_string(v, "conversation"), person == NULL ?
	    desk_say(d, T_NO_NAME) : person, strcmp(direction, "inbound") ==
	    0 ? T_FROM_THEM : T_SENT);
	html_channel(d, value_get_string(v, "channel"));
	html(d, " ");
	html_time(d, value_get_string(v, "at"));
	html(d, "</p>\n<p class=\"excerpt\" dir=\"auto\">%s</p>\n</li>\n",
	    text == NULL ? desk_say(d, T_ERASED) : desk_cut(d, text,
	    DESK_LINE_MAX));
}

_Noreturn void
desk_search(struct desk *d)
{
	const char *words = asked(d, "q");
	struct value *list = NULL;
	struct error e = { .text = "" };

	if (words != NULL && utf8_valid(words, strlen(words)))
		list = inbox_search(&d->inbox, words, 0, &e);
	if (list == NULL && e.text[0] != '\0')
		desk_refuse(d, e.status == EX_REFUSED ? "400 Bad Request" :
		    "503 Service Unavailable", T_NOT_DONE, T_NOT_DONE_ADVICE,
		    e.text);
	desk_open(d, desk_say(d, T_FOUND), "inbox");
	html(d, "<h1>%t</h1>\n", T_FOUND);
	put_search(d, words);
	if (value_count(list) == 0)
		html(d, "<p class=\"empty\">%t</p>\n", T_NOTHING_FOUND);
	else
		html(d, "<ol class=\"cards\">\n");
	for (size_t i = 0; i < value_count(list); i++)
		put_found(d, value_at(list, i));
	if (value_count(list) > 0)
		html(d, "</ol>\n");
	html(d, "<p><a href=\"./\">%t</a></p>\n", T_BACK_TO_LIST);
	value_free(list);
	desk_close(d, "200 OK");
}
