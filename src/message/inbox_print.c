#include "inbox_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/zone.h"

#define CELL	64
#define INDENT	"    "

/* "2026-11-23 17:00" of the site; what is no time stays as it is. */
static const char *
local(const struct config *c, const char *at, char out[CELL])
{
	const char *zone = config_string(c, "site", NULL, "timezone");
	struct civil wall;
	instant t;

	if (at == NULL || !clock_parse(at, &t) ||
	    !zone_to_local(zone, t, &wall))
		snprintf(out, CELL, "%.*s", CELL - 1, at == NULL ? "-" : at);
	else
		snprintf(out, CELL, "%04d-%02d-%02d %02d:%02d", wall.year,
		    wall.month, wall.day, wall.hour, wall.minute);
	return out;
}

/* U+0080 to U+009F are control characters too, and some terminals obey. */
static bool
is_control(const char *s, size_t n)
{
	return (n == 1 && ((unsigned char)*s < ' ' || *s == 0x7f)) ||
	    (n == 2 && (unsigned char)s[0] == 0xc2 &&
	    (unsigned char)s[1] < 0xa0);
}

/* One line: control characters and bytes that are no text as \xNN. */
static void
put_plain(struct buf *out, const char *s, size_t len)
{
	size_t n;

	while (len > 0) {
		n = utf8_length(s, len);
		if (n > 0 && !is_control(s, n))
			buf_add(out, s, n);
		else
			for (size_t i = 0; i < (n == 0 ? 1 : n); i++)
				buf_printf(out, "\\x%02x",
				    (unsigned char)s[i]);
		n = n == 0 ? 1 : n;
		s += n;
		len -= n;
	}
}

/* Lines of a text, indented. */
static void
put_lines(struct buf *out, const char *s)
{
	size_t len;

	for (; *s != '\0'; s += len + (s[len] == '\n')) {
		len = strcspn(s, "\n");
		buf_str(out, INDENT);
		put_plain(out, s, len > 0 && s[len - 1] == '\r' ? len - 1 :
		    len);
		buf_char(out, '\n');
	}
}

/* A cell of so many characters, cut with an ellipsis. */
static void
put_cell(struct buf *out, const char *s, size_t width)
{
	size_t len = s == NULL ? 0 : strlen(s), n = utf8_count(s == NULL ? "" :
	    s, len);

	if (n > width) {
		put_plain(out, s, utf8_offset(s, len, width - 1));
		buf_str(out, "…");
		n = width;
	} else if (s != NULL)
		put_plain(out, s, len);
	for (; n < width; n++)
		buf_char(out, ' ');
	buf_str(out, "  ");
}

static void
put_words(struct buf *out, const struct value *list, const char *mark)
{
	const char *s;

	for (size_t i = 0; i < value_count(list); i++) {
		s = value_string(value_at(list, i));
		buf_str(out, mark);
		put_plain(out, s, strlen(s));
		buf_char(out, ' ');
	}
}

void
inbox_print_list(const struct config *c, const struct value *list,
    struct buf *out)
{
	const struct value *v;
	const char *text, *assignee;
	char cell[CELL];
	int64_t unread;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		unread = 0;
		value_integer(value_get(v, "unread"), &unread);
		put_cell(out, local(c, value_get_string(v, "wrote_at"), cell),
		    16);
		snprintf(cell, sizeof(cell), unread > 0 ? "%" PRId64 " new" :
		    "-", unread);
		put_cell(out, cell, 6);
		put_cell(out, value_get_string(v, "channel"), 8);
		put_cell(out, value_get_string(v, "person"), 20);
		assignee = value_get_string(v, "assignee");
		put_cell(out, assignee == NULL ? "-" : assignee, 8);
		put_cell(out, value_get_string(v, "conversation"), 24);
		put_words(out, value_get(v, "flags"), "!");
		put_words(out, value_get(v, "tags"), "#");
		text = value_get_string(v, "text");
		if (text != NULL)
			put_plain(out, text, strlen(text));
		buf_char(out, '\n');
	}
}

static void
put_member(struct buf *out, const struct value *v, const char *key)
{
	const char *s = value_get_string(v, key);

	if (s == NULL)
		return;
	buf_printf(out, "%-10s ", key);
	put_plain(out, s, strlen(s));
	buf_char(out, '\n');
}

static void
put_head(struct buf *out, const struct value *v)
{
	static const char *const names[] = { "conversation", "person",
	    "subject", "status", "priority", "assignee", "owner" };
	const struct value *related = value_get(v, "related");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_member(out, v, names[i]);
	if (related != NULL) {
		buf_str(out, "about      ");
		put_plain(out, value_get_string(related, "type"),
		    strlen(value_get_string(related, "type")));
		buf_char(out, ':');
		put_plain(out, value_get_string(related, "id"),
		    strlen(value_get_string(related, "id")));
		buf_char(out, '\n');
	}
	if (value_count(value_get(v, "tags")) > 0) {
		buf_str(out, "tags       ");
		put_words(out, value_get(v, "tags"), "#");
		buf_char(out, '\n');
	}
}

static void
put_flags(const struct config *c, struct buf *out, const struct value *list)
{
	const struct value *v;
	const char *reason;
	char cell[CELL];
	int64_t n = 0;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		value_integer(value_get(v, "flag"), &n);
		reason = value_get_string(v, "reason");
		buf_printf(out, "flag %-5" PRId64 " %s since %s", n,
		    value_get_string(v, "kind"), local(c, value_get_string(v,
		    "since"), cell));
		if (reason != NULL) {
			buf_str(out, ": ");
			put_plain(out, reason, strlen(reason));
		}
		buf_char(out, '\n');
	}
}

static void
put_reminders(const struct config *c, struct buf *out,
    const struct value *list)
{
	const struct value *v;
	char cell[CELL];

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		buf_printf(out, "%s %s, %s: ", value_get_string(v, "type"),
		    local(c, value_get_string(v, "event_at"), cell),
		    value_get_string(v, "state"));
		put_plain(out, value_get_string(v, "id"),
		    strlen(value_get_string(v, "id")));
		buf_char(out, '\n');
	}
}

static void
put_message(const struct config *c, struct buf *out, const struct value *v)
{
	static const char *const names[] = { "state", "status", "author",
	    "template", "intent", "reason" };
	bool in = strcmp(value_get_string(v, "direction"), "inbound") == 0;
	const char *s;
	char cell[CELL];

	buf_printf(out, "\n%s %s ", in ? "<" : ">", local(c,
	    value_get_string(v, "at"), cell));
	s = value_get_string(v, "channel");
	if (s != NULL)
		put_plain(out, s, strlen(s));
	for (size_t i = in ? 1 : 0; i < sizeof(names) / sizeof(names[0]);
	    i++) {
		s = value_get_string(v, names[i]);
		if (s == NULL)
			continue;
		buf_str(out, ", ");
		put_plain(out, s, strlen(s));
	}
	buf_printf(out, "%s  [", value_is_true(value_get(v, "unread")) ?
	    ", unread" : "");
	put_plain(out, value_get_string(v, "id"), strlen(value_get_string(v,
	    "id")));
	buf_str(out, "]\n");
	s = value_get_string(v, "subject");
	if (s != NULL)
		put_lines(out, s);
	s = value_get_string(v, "text");
	if (s != NULL)
		put_lines(out, s);
	if (value_is_true(value_get(v, "erased")))
		buf_str(out, INDENT "(erased)\n");
	s = value_get_string(v, "media");
	if (s != NULL)
		put_lines(out, s);
}

static void
put_prospect(const struct config *c, struct buf *out, const struct value *v)
{
	const char *s = value_get_string(v, "impossible");
	char cell[CELL];

	buf_str(out, "\nanswer: ");
	if (s != NULL) {
		buf_printf(out, "%s\n", s);
		return;
	}
	buf_printf(out, "by %s to ", value_get_string(v, "channel"));
	put_plain(out, value_get_string(v, "to"), strlen(value_get_string(v,
	    "to")));
	s = value_get_string(v, "opted_out");
	if (s != NULL)
		buf_printf(out, "; cannot be: opted out, %s", s);
	s = value_get_string(v, "window_until");
	if (s != NULL)
		buf_printf(out, "; words of your own until %s", local(c, s,
		    cell));
	if (value_is_true(value_get(v, "template_only")))
		buf_str(out, "; only with a template that Meta approved, as "
		    "nothing came in the last 24 hours");
	s = value_get_string(v, "waits_until");
	if (s != NULL)
		buf_printf(out, "; waits until %s (%s)%s", local(c, s, cell),
		    value_get_string(v, "waits_for"), value_is_true(
		    value_get(v, "just_wrote")) ?
		    ", or goes at once with --now" : "");
	buf_char(out, '\n');
}

void
inbox_print_one(const struct config *c, const struct value *shown,
    struct buf *out)
{
	const struct value *list = value_get(shown, "messages");

	put_head(out, value_get(shown, "conversation"));
	put_flags(c, out, value_get(shown, "flags"));
	put_reminders(c, out, value_get(shown, "reminders"));
	for (size_t i = 0; i < value_count(list); i++)
		put_message(c, out, value_at(list, i));
	put_prospect(c, out, value_get(shown, "reply"));
}

void
inbox_print_found(const struct config *c, const struct value *list,
    struct buf *out)
{
	const struct value *v;
	const char *text;
	char cell[CELL];

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		put_cell(out, local(c, value_get_string(v, "at"), cell), 16);
		put_cell(out, strcmp(value_get_string(v, "direction"),
		    "inbound") == 0 ? "<" : ">", 1);
		put_cell(out, value_get_string(v, "channel"), 8);
		put_cell(out, value_get_string(v, "person"), 20);
		put_cell(out, value_get_string(v, "conversation"), 24);
		text = value_get_string(v, "text");
		if (text != NULL)
			put_plain(out, text, strcspn(text, "\n"));
		buf_char(out, '\n');
	}
}

void
inbox_print_sent(const struct config *c, const struct value *record,
    struct buf *out)
{
	const struct value *queue = value_get(record, "queue");
	const char *cost = value_get_string(record, "cost");
	const char *due = value_get_string(queue, "due_at");
	int64_t segments = 0;
	char cell[CELL];

	buf_printf(out, "%s %s by %s to ", value_get_string(record, "id") ==
	    NULL ? "-" : value_get_string(record, "id"),
	    value_get_string(queue, "state"), value_get_string(record,
	    "channel"));
	put_plain(out, value_get_string(record, "to"),
	    strlen(value_get_string(record, "to")));
	if (due != NULL)
		buf_printf(out, " at %s", local(c, due, cell));
	if (value_integer(value_get(record, "segments"), &segments) &&
	    segments > 0)
		buf_printf(out, ", %" PRId64 " segment%s", segments,
		    segments == 1 ? "" : "s");
	if (cost != NULL)
		buf_printf(out, ", %s %s", cost, value_get_string(record,
		    "currency") == NULL ? "" : value_get_string(record,
		    "currency"));
	buf_char(out, '\n');
	put_lines(out, value_get_string(record, "text"));
}
