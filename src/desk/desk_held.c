/* What waits for a person to let it go: drafts of an assistant, and the like. */
#include "desk_impl.h"

#include <string.h>

#define LABEL_MAX	60	/* of the text that a button is about */

/* Where the button leads back to: "held", or NULL for the conversation. */
void
desk_put_release(struct desk *d, const struct value *message,
    const char *back)
{
	const char *id = value_get_string(message, "id");
	const char *text = value_get_string(message, "text");
	bool stale = d->stale != NULL && strcmp(d->stale, id) == 0;

	if (!d->may_write)
		return;
	html_form(d, "act", "inline");
	html_hidden(d, "back", back == NULL ? "" : back);
	if (stale)
		html_hidden(d, "anyway", "1");
	/* Which of them, for who hears one button after the other. */
	text = text == NULL ? desk_say(d, T_ERASED) : desk_cut(d, text,
	    LABEL_MAX);
	html(d, "<button name=\"release\" value=\"%s\">%t<span "
	    "class=\"unseen\">: %s</span></button>\n<button class=\"other\" "
	    "name=\"discard\" value=\"%s\">%t<span class=\"unseen\">: %s"
	    "</span></button>\n</form>\n", id, stale ? T_RELEASE_ANYWAY :
	    T_RELEASE, text, id, T_DISCARD, text);
}

static void
put_held(struct desk *d, const struct value *v)
{
	const char *person = value_get_string(v, "person"), *s;

	html(d, "<li class=\"card\">\n<h2>");
	s = value_get_string(v, "conversation");
	if (s != NULL)
		html(d, "<a href=\"conversation?id=%q\"><bdi>%s</bdi></a>", s,
		    person);
	else
		html(d, "<bdi>%s</bdi>", person);
	html(d, "</h2>\n<p class=\"when\">");
	html_channel(d, value_get_string(v, "channel"));
	html(d, " · ");
	html_time(d, value_get_string(v, "at"));
	s = value_get_string(v, "reason");
	if (s != NULL) {
		html(d, " · ");
		html_reason(d, s);
	}
	html(d, "</p>\n");
	s = value_get_string(v, "subject");
	if (s != NULL)
		html(d, "<p class=\"subject\" dir=\"auto\">%s</p>\n",
		    desk_cut(d, s, DESK_LINE_MAX));
	s = value_get_string(v, "text");
	if (s == NULL)
		html(d, "<p class=\"words\">%t</p>\n", T_ERASED);
	else
		html_words(d, s);
	desk_put_release(d, v, "held");
	html(d, "</li>\n");
}

void
desk_put_held(struct desk *d, const char *before)
{
	struct value *list = inbox_held(&d->inbox, before, INBOX_PAGE);
	size_t count = value_count(list);

	html(d, count == 0 ? "<p class=\"empty\">%t</p>\n" :
	    "<ol class=\"cards\">\n", T_NOTHING_HELD);
	for (size_t i = 0; i < count; i++)
		put_held(d, value_at(list, i));
	if (count > 0)
		html(d, "</ol>\n");
	if (count == INBOX_PAGE)
		html(d, "<p><a class=\"button other\" href=\"./?list=held&amp;"
		    "before=%q\">%t</a></p>\n", value_get_string(value_at(list,
		    count - 1), "cursor"), T_MORE);
	value_free(list);
}

/* The list has messages of no conversation, too. */
static const char *
found(struct desk *d, const char *message)
{
	return strcmp(desk_field(d, "back"), "held") == 0 ? NULL :
	    desk_find(d, message);
}

/*
 * Refused where somebody else has answered since, or the person has written
 * again: then the conversation is shown, with what was written.
 */
_Noreturn void
desk_release(struct desk *d, const char *message)
{
	struct desk_trouble t = { .what = T_DRAFT_STALE };
	const char *id = found(d, message);
	struct error e;

	if (inbox_release(&d->inbox, message, *desk_field(d, "anyway") != '\0',
	    &e) == 0)
		desk_act_back(d, id, "released");
	if (e.status != EX_TEMPFAIL)
		desk_refuse(d, "409 Conflict", T_NOT_HELD, T_NOT_HELD_ADVICE,
		    e.text);
	d->stale = message;
	t.detail = e.text;
	desk_show(d, desk_find(d, message), NULL, NULL, &t);
}

_Noreturn void
desk_discard_draft(struct desk *d, const char *message)
{
	const char *id = found(d, message);
	struct error e;

	if (inbox_cancel(&d->inbox, message, &e) == -1)
		desk_refuse(d, "409 Conflict", T_NOT_HELD, T_NOT_HELD_ADVICE,
		    e.text);
	desk_act_back(d, id, "discarded");
}
