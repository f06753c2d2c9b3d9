/* Flags: what a person has to look after, one by one. */
#include "desk_impl.h"

#include <stdlib.h>
#include <string.h>

#define PAGE	50

static void
put_kinds(struct desk *d, const char *chosen)
{
	struct ledger_rows *r;

	html(d, "<nav class=\"tabs\" aria-label=\"%t\">\n<ul>\n<li><a "
	    "href=\"flags\"%r>%t</a></li>\n", T_KINDS, chosen == NULL ?
	    " aria-current=\"page\"" : "", T_ALL_KINDS);
	r = ledger_select(d->inbox.ledger, "SELECT kind, count(*) FROM flag "
	    "INDEXED BY flag_open WHERE resolved_at IS NULL GROUP BY kind "
	    "ORDER BY kind", "");
	while (ledger_next(r)) {
		html(d, "<li><a href=\"flags?kind=%q\"%r>", ledger_text(r, 0),
		    chosen != NULL && strcmp(chosen, ledger_text(r, 0)) == 0 ?
		    " aria-current=\"page\"" : "");
		html_word(d, ledger_text(r, 0));
		html(d, " <span class=\"count\">%d</span></a></li>\n",
		    ledger_int(r, 1));
	}
	ledger_end(r);
	html(d, "</ul>\n</nav>\n");
}

static void
put_resolve(struct desk *d, int64_t flag, const char *kind,
    const char *person, const char *chosen)
{
	html_form(d, "act", "inline");
	html_hidden(d, "back", "flags");
	html_hidden(d, "kind", chosen);
	html(d, "<button name=\"resolve\" value=\"%d\">%t<span "
	    "class=\"unseen\">: ", flag, T_RESOLVE);
	html_word(d, kind);
	html(d, ", %s</span></button>\n</form>\n", person);
}

/* Columns: 0 flag, 1 kind, 2 at, 3 person, 4 reach, 5 reason, 6 said, 7 id. */
static void
put_flag(struct desk *d, struct ledger_rows *r, const char *chosen)
{
	const char *person = ledger_text(r, 3);

	if (person == NULL || *person == '\0')
		person = ledger_text(r, 4) == NULL ? desk_say(d, T_NO_NAME) :
		    ledger_text(r, 4);
	html(d, "<li class=\"card\">\n<h2>");
	html_word(d, ledger_text(r, 1));
	html(d, ": <bdi>%s</bdi></h2>\n<p class=\"when\">%t ", person,
	    T_SINCE);
	html_time(d, ledger_text(r, 2));
	if (ledger_text(r, 4) != NULL)
		html(d, " · %t <bdi>%s</bdi>", T_REACH_AT, ledger_text(r, 4));
	html(d, "</p>\n");
	if (ledger_text(r, 6) != NULL)
		html(d, "<p>%t</p>\n<blockquote dir=\"auto\">%s"
		    "</blockquote>\n", T_SAID, desk_cut(d, ledger_text(r,
		    6), DESK_WORDS_MAX));
	if (ledger_text(r, 5) != NULL) {
		html(d, "<p class=\"detail\">");
		html_reason(d, ledger_text(r, 5));
		html(d, "</p>\n");
	}
	html(d, "<div class=\"row\">\n");
	if (d->may_write)
		put_resolve(d, ledger_int(r, 0), ledger_text(r, 1), person,
		    chosen);
	if (ledger_text(r, 7) != NULL)
		html(d, "<a class=\"button other\" href=\"conversation?id=%q"
		    "\">%t<span class=\"unseen\">: %s</span></a>\n",
		    ledger_text(r, 7), T_GO_TO, person);
	html(d, "</div>\n</li>\n");
}

static void
put_flags(struct desk *d, const char *kind, const char *after)
{
	struct ledger_rows *r;
	int64_t last = 0, n = 0;

	r = ledger_select(d->inbox.ledger, "SELECT v.flag, v.kind, "
	    "f.created_at, v.person, v.reach_at, v.reason, v.said, "
	    "coalesce(m.conversation, substr('contact:' || coalesce(f.contact, "
	    "r.contact), 1, 258)) FROM open_flag v JOIN flag f ON f.id = "
	    "v.flag LEFT JOIN message m ON m.id = f.message LEFT JOIN "
	    "reminder r ON r.id = f.reminder WHERE (?1 IS NULL OR v.kind = "
	    "?1) AND v.flag > ?2 ORDER BY v.flag LIMIT 50", "si", kind,
	    after == NULL ? (int64_t)0 : (int64_t)strtoll(after, NULL, 10));
	while (ledger_next(r)) {
		if (n++ == 0)
			html(d, "<ol class=\"cards\">\n");
		put_flag(d, r, kind);
		last = ledger_int(r, 0);
	}
	ledger_end(r);
	html(d, n == 0 ? "<p class=\"empty\">%t</p>\n" : "</ol>\n",
	    T_NO_FLAGS);
	if (n == PAGE)
		html(d, "<p><a class=\"button other\" href=\"flags?after=%d"
		    "%r%q\">%t</a></p>\n", last, kind == NULL ? "" :
		    "&amp;kind=", kind == NULL ? "" : kind, T_NEXT_FLAGS);
}

_Noreturn void
desk_flags(struct desk *d)
{
	const char *kind = form_get(&d->query, "kind");

	if (kind != NULL && *kind == '\0')
		kind = NULL;
	desk_open(d, desk_say(d, T_FLAGS), "flags");
	html(d, "<h1>%t</h1>\n", T_FLAGS);
	desk_tell_done(d);
	put_kinds(d, kind);
	put_flags(d, kind, form_get(&d->query, "after"));
	desk_close(d, "200 OK");
}
