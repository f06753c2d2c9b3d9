#include "why.h"

#include <string.h>

/* What an operation means to a person; the rest is read from its data. */
static const struct phrase {
	const char *op, *text;
} phrases[] = {
	{ "message.queued", "queued" },
	{ "message.refused", "refused" },
	{ "message.held", "held back" },
	{ "message.released", "released" },
	{ "message.deferred", "put off" },
	{ "message.cancelled", "cancelled" },
	{ "message.expired", "too late, not sent" },
	{ "message.received", "an answer came" },
	{ "failover.ended", "no other channel" },
	{ "attempt.started", "handed to the provider" },
	{ "attempt.doubted", "in doubt" },
	{ "attempt.finished", "the provider's answer" },
	{ "event.received", "receipt" },
	{ "reminder.put", "reminder noted" },
	{ "reminder.closed", "reminder ended" },
	{ "reminder.flagged", "staff was told" },
	{ "flag.put", "flag for staff" },
	{ "flag.resolved", "flag resolved" },
};

static const char *
phrase_of(const char *op)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (strcmp(phrases[i].op, op) == 0)
			return phrases[i].text;
	return op;
}

/* Members worth telling, in this order, with the words before them. */
static const struct detail {
	const char *path, *before;
} details[] = {
	{ "channel_type", " by " }, { "channel", " over " },
	{ "provider", " through " }, { "attempt", ", attempt " },
	{ "due_at", ", due " }, { "expires_at", ", until " },
	{ "held", ", held: " }, { "outcome", ": " }, { "status", ": " },
	{ "state", ", now " }, { "code", ", code " },
	{ "provider_id", ", as " }, { "retry_at", ", again at " },
	{ "how", ", because of " }, { "kind", ": " },
	{ "intent", ", understood as " }, { "reason", ": " },
	{ "segments", ", segments " }, { "cost", ", cost " },
	{ "event_at", ", for " }, { "next_step", ", next step " },
	{ "next_due_at", " at " }, { "revision", ", revision " },
};

/* On one line: what stood on several is parted by a bar. */
static void
add_escaped(struct buf *out, const char *s)
{
	char text[1024];
	size_t len;

	for (; *s != '\0'; s += len) {
		len = strcspn(s, "\n");
		buf_str(out, text_escape(text, sizeof(text), s, len));
		if (s[len] == '\n') {
			len += strspn(s + len, "\n");
			if (s[len] != '\0')
				buf_str(out, " | ");
		}
	}
}

static void
add_text(struct buf *out, const char *s)
{
	if (s != NULL)
		add_escaped(out, s);
}

static void
add_details(const struct value *data, struct arena *mem, struct buf *out)
{
	const char *text;

	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
		text = value_scalar_text(value_get(data, details[i].path),
		    mem);
		if (text == NULL)
			continue;
		buf_str(out, details[i].before);
		add_escaped(out, text);
	}
}

/* Why this channel and not another. */
static void
add_route(const struct value *data, struct arena *mem, struct buf *out)
{
	const struct value *route, *list, *c;
	const char *text = value_get_string(data, "route"), *reason;
	struct value *parsed = NULL;
	struct error e;

	if (text != NULL)
		parsed = value_parse(text, strlen(text), &e);
	route = parsed != NULL ? parsed : value_get(data, "route");
	reason = value_get_string(route, "reason");
	if (reason != NULL) {
		buf_str(out, "\n      route: ");
		add_escaped(out, reason);
	}
	reason = value_get_string(value_get(route, "waits"), "for");
	if (reason != NULL) {
		buf_str(out, "\n      waits for: ");
		add_escaped(out, reason);
	}
	list = value_get(route, "considered");
	for (size_t i = 0; (c = value_at(list, i)) != NULL; i++) {
		reason = value_get_string(c, "reason");
		buf_str(out, "\n      ");
		add_text(out, value_scalar_text(value_get(c, "channel"), mem));
		buf_str(out, ": ");
		add_text(out, value_scalar_text(value_get(c, "verdict"), mem));
		buf_str(out, reason == NULL ? "" : ", ");
		add_text(out, reason);
	}
	value_free(parsed);
}

static void
add_content(struct ledger *l, const struct value *data, const char *name,
    const char *path, const char *label, struct arena *mem, struct buf *out)
{
	char *body = ledger_content(l, value_get_string(data, name), mem);
	struct value *v;
	struct error e;

	if (body == NULL)
		return;
	v = path == NULL ? NULL : value_parse(body, strlen(body), &e);
	if (path == NULL)
		body = body[0] == '\0' ? NULL : body;
	else
		body = value_scalar_text(value_path(v, path), mem);
	value_free(v);
	if (body == NULL || *body == '\0')
		return;
	buf_printf(out, "\n      %s", label);
	add_escaped(out, body);
}

static void
tell_row(struct ledger *l, struct ledger_rows *r, struct arena *mem,
    struct buf *out)
{
	const char *op = ledger_text(r, 2), *text = ledger_text(r, 3);
	struct value *data;
	struct error e;

	data = value_parse(text, strlen(text), &e);
	buf_printf(out, "  %s  %s", ledger_text(r, 0), phrase_of(op));
	add_details(data, mem, out);
	buf_printf(out, " [%s]", ledger_text(r, 1));
	if (strcmp(op, "message.queued") == 0) {
		add_route(data, mem, out);
		add_content(l, data, "address", NULL, "to ", mem, out);
		add_content(l, data, "content", "subject", "subject: ", mem,
		    out);
		add_content(l, data, "content", "text", "text: ", mem, out);
	} else if (strcmp(op, "message.refused") == 0)
		add_content(l, data, "content", "error.message", "", mem, out);
	else if (strcmp(op, "attempt.finished") == 0)
		add_content(l, data, "response", NULL, "said: ", mem, out);
	else if (strcmp(op, "message.received") == 0)
		add_content(l, data, "content", "text", "text: ", mem, out);
	buf_char(out, '\n');
	value_free(data);
}

/* The rows of one id, below a line that says whose they are. */
static bool
tell_one(struct ledger *l, const char *id, const char *parent,
    struct arena *mem, struct buf *out)
{
	struct ledger_rows *r;
	size_t found = 0;

	/*
	 * A row belongs to the story when its data names the id: as its own,
	 * as its reminder's, or as what it answers.
	 */
	r = ledger_select(l, "SELECT at, by, op, data FROM journal WHERE "
	    "op NOT IN ('contact.put', 'consent.put', 'site.put', "
	    "'channel.put') AND (data ->> '$.id' = ?1 "
	    "OR data ->> '$.reminder.id' = ?1 OR data ->> '$.reminder' = ?1 "
	    "OR data ->> '$.message' = ?1 OR substr(data ->> '$.id', 1, "
	    "length(?1) + 2) = ?1 || '.r') ORDER BY seq", "s", id);
	while (ledger_next(r)) {
		if (found++ == 0) {
			add_escaped(out, id);
			if (parent != NULL) {
				buf_str(out, ", in place of ");
				add_escaped(out, parent);
			}
			buf_char(out, '\n');
		}
		tell_row(l, r, mem, out);
		arena_reset(mem);
	}
	ledger_end(r);
	return found > 0;
}

/*
 * The messages that stand in for one another, the first of them first: a
 * message failed, and was sent anew by another channel.
 */
#define CHAIN	"WITH RECURSIVE up(id, parent, depth) AS (" \
	"SELECT id, parent, 0 FROM message WHERE id = ?1 UNION ALL " \
	"SELECT m.id, m.parent, depth + 1 FROM message m JOIN up ON " \
	"m.id = up.parent WHERE depth < 32), " \
	"down(id, parent, depth) AS (SELECT id, NULL, 0 FROM (SELECT id FROM " \
	"up ORDER BY depth DESC LIMIT 1) UNION ALL SELECT m.id, m.parent, " \
	"depth + 1 FROM message m JOIN down ON m.parent = down.id " \
	"WHERE depth < 32) "

bool
why_tell(struct ledger *l, const char *id, struct buf *out)
{
	struct arena mem = ARENA_INIT(256 * RECORD_MAX);
	struct ledger_rows *r;
	bool found = false;

	r = ledger_select(l, CHAIN "SELECT id, parent FROM down "
	    "ORDER BY depth, id LIMIT 64", "s", id);
	while (ledger_next(r))
		found = tell_one(l, ledger_text(r, 0), ledger_text(r, 1), &mem,
		    out) || found;
	ledger_end(r);
	/* A reminder, or what only the journal knows. */
	if (!found)
		found = tell_one(l, id, NULL, &mem, out);
	arena_release(&mem);
	return found;
}
