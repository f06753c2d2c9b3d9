#include "inbox_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/zone.h"

#define CELL	64
#define INDENT	"    "
#define REST_MIN	16	/* columns */

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

/*
 * One line: control characters, what turns the direction of writing and bytes
 * that are no text as \xNN.  As much as fits into so many columns; 0: all.
 * Returns how many it took.
 */
static size_t
put_within(struct buf *out, const char *s, size_t len, size_t columns)
{
	size_t n, bytes, taken = 0, wide;
	bool plain;

	for (; len > 0; s += bytes, len -= bytes) {
		n = utf8_length(s, len);
		bytes = n == 0 ? 1 : n;
		plain = n > 0 && text_fault(s, n, true) == NULL;
		wide = plain ? (size_t)text_columns(s, n) : 4 * bytes;
		if (columns > 0 && taken + wide > columns)
			break;
		taken += wide;
		if (plain)
			buf_add(out, s, n);
		else
			for (size_t i = 0; i < bytes; i++)
				buf_printf(out, "\\x%02x",
				    (unsigned char)s[i]);
	}
	return taken;
}

static void
put_plain(struct buf *out, const char *s, size_t len)
{
	put_within(out, s, len, 0);
}

static size_t
columns_of(const char *s, size_t len)
{
	struct buf all = BUF_INIT(16 * RECORD_MAX);
	size_t n = put_within(&all, s, len, 0);

	buf_release(&all);
	return n;
}

static void
put_string(struct buf *out, const char *s)
{
	if (s != NULL)
		put_plain(out, s, strlen(s));
}

/* Lines of a text, indented; nothing of NULL. */
static void
put_lines(struct buf *out, const char *s)
{
	size_t len;

	for (; s != NULL && *s != '\0'; s += len + (s[len] == '\n')) {
		len = strcspn(s, "\n");
		buf_str(out, INDENT);
		put_plain(out, s, len > 0 && s[len - 1] == '\r' ? len - 1 :
		    len);
		buf_char(out, '\n');
	}
}

/* So many columns, the last of which says where something is cut. */
static size_t
put_cut(struct buf *out, const char *s, size_t len, size_t width)
{
	size_t n;

	if (columns_of(s, len) <= width)
		return put_within(out, s, len, 0);
	n = width < 2 ? 0 : put_within(out, s, len, width - 1);
	buf_str(out, "…");
	return n + 1;
}

static void
put_cell(struct buf *out, const char *s, size_t width)
{
	size_t n = s == NULL ? 0 : put_cut(out, s, strlen(s), width);

	for (; n < width; n++)
		buf_char(out, ' ');
	buf_str(out, "  ");
}

static void
put_when(const struct inbox_view *view, struct buf *out, const char *at)
{
	char cell[CELL];

	put_cell(out, local(view->config, at, cell), 16);
}

/*
 * A name to type or to paste is never cut, but for the hash of an address, of
 * which the beginning is enough; inbox_find().
 */
static void
put_id(struct buf *out, const char *s, size_t width)
{
	if (s != NULL && columns_of(s, strlen(s)) > width &&
	    strncmp(s, "address:", 8) != 0) {
		put_string(out, s);
		buf_str(out, "  ");
	} else
		put_cell(out, s, width);
}

static size_t
columns_of_line(const struct buf *out)
{
	const char *end = memrchr(buf_text(out), '\n', out->len);
	size_t start = end == NULL ? 0 : (size_t)(end + 1 - out->data);

	return columns_of(buf_text(out) + start, out->len - start);
}

/*
 * The rest of a line: no more than the terminal has, below it where that is
 * next to nothing.
 */
static void
put_rest(const struct inbox_view *view, struct buf *out, const char *s,
    size_t len)
{
	size_t columns = (size_t)view->columns, from = columns_of_line(out);

	if (columns > 0 && columns < from + REST_MIN && len > 0) {
		while (out->len > 0 && out->data[out->len - 1] == ' ')
			out->data[--out->len] = '\0';
		buf_str(out, "\n" INDENT);
		from = sizeof(INDENT) - 1;
	}
	if (columns == 0)
		put_plain(out, s, len);
	else
		put_cut(out, s, len, columns > from ? columns - from : 1);
}

static void
put_words(struct buf *out, const struct value *list, const char *mark)
{
	for (size_t i = 0; i < value_count(list); i++)
		buf_printf(out, "%s%s ", mark, value_string(value_at(list,
		    i)));
}

static void
put_conversation(const struct inbox_view *view, const struct value *v,
    struct buf *out)
{
	const char *text = value_get_string(v, "text"), *assignee, *priority;
	struct buf rest = BUF_INIT(RECORD_MAX);
	char cell[CELL];
	int64_t unread = 0;

	value_integer(value_get(v, "unread"), &unread);
	put_when(view, out, value_get_string(v, "wrote_at"));
	snprintf(cell, sizeof(cell), unread > 0 ? "%" PRId64 " new" : "-",
	    unread);
	put_cell(out, cell, 6);
	put_cell(out, value_get_string(v, "channel"), 8);
	put_cell(out, value_get_string(v, "person"), 20);
	assignee = value_get_string(v, "assignee");
	put_cell(out, assignee == NULL ? "-" : assignee, 8);
	put_id(out, value_get_string(v, "conversation"), 24);
	priority = value_get_string(v, "priority");
	if (priority != NULL && strcmp(priority, "normal") != 0)
		buf_printf(&rest, "%s ", priority);
	put_words(&rest, value_get(v, "flags"), "!");
	put_words(&rest, value_get(v, "tags"), "#");
	buf_str(&rest, text == NULL ? "" : text);
	put_rest(view, out, buf_text(&rest), rest.len);
	buf_char(out, '\n');
	buf_release(&rest);
}

void
inbox_print_list(const struct inbox_view *view, const struct value *list,
    struct buf *out)
{
	for (size_t i = 0; i < value_count(list); i++)
		put_conversation(view, value_at(list, i), out);
}

/* The first line of a text. */
static void
put_text(const struct inbox_view *view, struct buf *out, const char *text)
{
	if (text != NULL)
		put_rest(view, out, text, strcspn(text, "\r\n"));
	buf_char(out, '\n');
}

void
inbox_print_held(const struct inbox_view *view, const struct value *list,
    struct buf *out)
{
	static const struct {
		const char *key;
		size_t width;
		bool is_id;
	} cells[] = { { "channel", 8, false }, { "person", 20, false },
	    { "author", 10, false }, { "conversation", 24, true },
	    { "id", 26, true }, { "reason", 20, false } };
	const struct value *v;
	const char *s;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		put_when(view, out, value_get_string(v, "at"));
		for (size_t j = 0; j < sizeof(cells) / sizeof(cells[0]); j++) {
			s = value_get_string(v, cells[j].key);
			if (s != NULL && cells[j].is_id)
				put_id(out, s, cells[j].width);
			else
				put_cell(out, s == NULL ? "-" : s,
				    cells[j].width);
		}
		put_text(view, out, value_get_string(v, "text"));
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
put_time(const struct config *c, struct buf *out, const char *name,
    const char *at)
{
	char cell[CELL];

	if (at != NULL)
		buf_printf(out, "%-10s %s\n", name, local(c, at, cell));
}

static void
put_head(const struct config *c, struct buf *out, const struct value *v)
{
	static const char *const names[] = { "conversation", "person",
	    "subject", "status", "priority", "assignee", "owner" };
	const struct value *related = value_get(v, "related");
	struct buf tags = BUF_INIT(RECORD_MAX);
	int64_t unread = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put_member(out, v, names[i]);
	if (value_integer(value_get(v, "unread"), &unread) && unread > 0)
		buf_printf(out, "unread     %" PRId64 "\n", unread);
	put_time(c, out, "wrote", value_get_string(v, "wrote_at"));
	put_time(c, out, "answered", value_get_string(v, "answered_at"));
	if (related != NULL) {
		buf_str(out, "about      ");
		put_string(out, value_get_string(related, "type"));
		buf_char(out, ':');
		put_string(out, value_get_string(related, "id"));
		buf_char(out, '\n');
	}
	if (value_count(value_get(v, "tags")) > 0) {
		put_words(&tags, value_get(v, "tags"), "#");
		buf_str(out, "tags       ");
		put_plain(out, buf_text(&tags), tags.len);
		buf_char(out, '\n');
		buf_release(&tags);
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
		buf_printf(out, "flag %-5" PRId64 " ", n);
		put_string(out, value_get_string(v, "kind"));
		buf_printf(out, " since %s", local(c, value_get_string(v,
		    "since"), cell));
		if (reason != NULL) {
			buf_str(out, ": ");
			put_plain(out, reason, strlen(reason));
		}
		buf_char(out, '\n');
	}
}

/* At the place of the appointment, whose zone is named if it is another one. */
static void
put_event(const struct config *c, struct buf *out, const struct value *v)
{
	const char *wall = value_get_string(v, "event_local");
	const char *zone = value_get_string(v, "timezone");
	char cell[CELL];

	if (wall == NULL || zone == NULL || strcmp(zone, config_string(c,
	    "site", NULL, "timezone")) == 0) {
		put_string(out, local(c, value_get_string(v, "event_at"),
		    cell));
		return;
	}
	snprintf(cell, sizeof(cell), "%.10s %.5s", wall, strlen(wall) < 16 ?
	    "" : wall + 11);
	put_string(out, cell);
	buf_str(out, " (");
	put_string(out, zone);
	buf_char(out, ')');
}

static void
put_reminders(const struct config *c, struct buf *out,
    const struct value *list)
{
	const struct value *v;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		put_string(out, value_get_string(v, "type"));
		buf_char(out, ' ');
		put_event(c, out, v);
		buf_printf(out, ", %s: ", value_get_string(v, "state"));
		put_string(out, value_get_string(v, "id"));
		buf_char(out, '\n');
	}
}

static void
put_message(const struct config *c, struct buf *out, const struct value *v)
{
	static const char *const names[] = { "state", "status", "author",
	    "released_by", "template", "intent", "reason" };
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
		buf_str(out, strcmp(names[i], "released_by") == 0 ?
		    ", released by " : ", ");
		put_string(out, s);
	}
	buf_printf(out, "%s  [", value_is_true(value_get(v, "unread")) ?
	    ", unread" : "");
	put_string(out, value_get_string(v, "id"));
	buf_str(out, "]\n");
	put_lines(out, value_get_string(v, "subject"));
	put_lines(out, value_get_string(v, "text"));
	if (value_is_true(value_get(v, "erased")))
		buf_str(out, INDENT "(erased)\n");
	put_lines(out, value_get_string(v, "media"));
	s = value_get_string(v, "state");
	if (s != NULL && strcmp(s, "held") == 0)
		buf_str(out, INDENT "(waits for omni-inbox release, or "
		    "cancel)\n");
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
	put_string(out, value_get_string(v, "to"));
	s = value_get_string(v, "opted_out");
	if (s != NULL) {
		buf_str(out, "; cannot be: opted out, ");
		put_string(out, s);
	}
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
inbox_print_one(const struct inbox_view *view, const struct value *shown,
    struct buf *out)
{
	const struct config *c = view->config;
	const struct value *list = value_get(shown, "messages");

	put_head(c, out, value_get(shown, "conversation"));
	put_flags(c, out, value_get(shown, "flags"));
	put_reminders(c, out, value_get(shown, "reminders"));
	for (size_t i = 0; i < value_count(list); i++)
		put_message(c, out, value_at(list, i));
	put_prospect(c, out, value_get(shown, "reply"));
}

void
inbox_print_found(const struct inbox_view *view, const struct value *list,
    struct buf *out)
{
	const struct value *v;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		put_when(view, out, value_get_string(v, "at"));
		put_cell(out, strcmp(value_get_string(v, "direction"),
		    "inbound") == 0 ? "<" : ">", 1);
		put_cell(out, value_get_string(v, "channel"), 8);
		put_cell(out, value_get_string(v, "person"), 20);
		put_id(out, value_get_string(v, "conversation"), 24);
		put_text(view, out, value_get_string(v, "text"));
	}
}

/* So that nothing is read unseen that came while the answer was written. */
static void
put_read(const struct inbox_view *view, const struct value *list,
    struct buf *out)
{
	const struct value *v;

	for (size_t i = 0; i < value_count(list); i++) {
		v = value_at(list, i);
		buf_str(out, "read       ");
		put_when(view, out, value_get_string(v, "at"));
		put_cell(out, value_get_string(v, "channel"), 8);
		put_text(view, out, value_get_string(v, "text"));
	}
}

void
inbox_print_sent(const struct inbox_view *view, const struct value *record,
    struct buf *out)
{
	const struct value *queue = value_get(record, "queue");
	const char *cost = value_get_string(record, "cost");
	const char *due = value_get_string(queue, "due_at");
	const char *id = value_get_string(record, "id");
	int64_t segments = 0;
	char cell[CELL];

	put_string(out, id == NULL ? "-" : id);
	buf_printf(out, " %s by %s to ", value_get_string(queue, "state"),
	    value_get_string(record, "channel"));
	put_string(out, value_get_string(record, "to"));
	if (due != NULL)
		buf_printf(out, " at %s", local(view->config, due, cell));
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
	put_read(view, value_get(record, "read"), out);
}
