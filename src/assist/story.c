/* What the ledger knows of a message that came in, and nobody else's. */
#include <stdlib.h>
#include <string.h>

#include "assist_impl.h"
#include "message/links.h"
#include "message/reply_read.h"

#define TURN_MAX	1000	/* characters of what was said before */
#define APPOINTMENTS	5

static char *
keep(struct arena *mem, const char *s)
{
	return s == NULL ? NULL : arena_strdup(mem, s);
}

static void
read_row(struct story *s, struct ledger_rows *r)
{
	const char *body = ledger_text(r, 7);
	struct error e;

	s->conversation = keep(s->mem, ledger_text(r, 0));
	s->asker.contact = keep(s->mem, ledger_text(r, 1));
	s->asker.hash = keep(s->mem, ledger_text(r, 2));
	s->asker.type = keep(s->mem, ledger_text(r, 3));
	s->channel = keep(s->mem, ledger_text(r, 4));
	s->reminder = keep(s->mem, ledger_text(r, 5));
	s->intent = keep(s->mem, ledger_text(r, 6));
	s->event = body == NULL ? NULL : value_parse(body, strlen(body), &e);
	s->language = keep(s->mem, ledger_text(r, 8));
	s->name = keep(s->mem, ledger_text(r, 9));
	s->unread = ledger_int(r, 10) != 0;
	s->row = ledger_int(r, 11);
}

/* Of the reminder that it answers: its ladder's, or one of the same name. */
static const char *
topic_of(struct assist *a, const struct story *s)
{
	const char *type = NULL, *topic = NULL;
	struct ledger_rows *r;

	if (s->reminder == NULL)
		return NULL;
	r = ledger_select(a->ledger, "SELECT type FROM reminder WHERE id = ?",
	    "s", s->reminder);
	if (ledger_next(r))
		type = arena_strdup(s->mem, ledger_text(r, 0));
	ledger_end(r);
	if (type == NULL)
		return NULL;
	if (config_has(a->config, "ladder", type))
		topic = config_string(a->config, "ladder", type, "topic");
	return topic != NULL ? topic : type;
}

bool
story_load(struct assist *a, const char *id, struct arena *mem,
    struct story *s)
{
	struct ledger_rows *r;
	bool found;

	*s = (struct story){ .mem = mem };
	r = ledger_select(a->ledger, "SELECT m.conversation, m.contact, "
	    "m.hash, m.channel_type, m.channel, m.reminder, m.intent, c.body, "
	    "p.language, pc.body ->> '$.name', m.is_unread, m.rowid FROM "
	    "message m LEFT JOIN content c ON c.key = m.content LEFT JOIN "
	    "contact p ON p.id = m.contact LEFT JOIN content pc ON pc.key = "
	    "p.content WHERE m.id = ? AND m.direction = 'inbound'", "s", id);
	found = ledger_next(r);
	if (found)
		read_row(s, r);
	ledger_end(r);
	if (!found || s->event == NULL || s->asker.hash == NULL ||
	    s->asker.type == NULL || s->channel == NULL ||
	    value_get_string(s->event, "from") == NULL) {
		story_release(s);
		return false;
	}
	s->id = arena_strdup(mem, id);
	s->asker.event = s->event;
	s->asker.from = value_get_string(s->event, "from");
	s->text = value_get_string(s->event, "text");
	if (s->language == NULL)
		s->language = config_string(a->config, "site", NULL,
		    "language");
	s->topic = topic_of(a, s);
	return true;
}

void
story_release(struct story *s)
{
	value_free(s->event);
	s->event = NULL;
}

/* Who has a link of ours can confirm with it: the model need not. */
static void
put_masked(struct value *v, const char *text)
{
	struct buf b = BUF_INIT(64 * TURN_MAX);

	links_mask(text, &b);
	value_set_string(v, "text", buf_text(&b));
	buf_release(&b);
}

/*
 * By the conversation and by the person: what others said from a telephone
 * that they share with them is not theirs.
 */
struct value *
story_turns(struct assist *a, const struct story *s)
{
	struct value *list = value_new_array(), *out = value_new_array(), *v;
	struct ledger_rows *r;

	r = ledger_select(a->ledger, "SELECT m.direction, m.created_at, "
	    "substr(c.body ->> '$.text', 1, ?4) FROM message m JOIN content c "
	    "ON c.key = m.content WHERE m.conversation = ?1 AND m.contact IS "
	    "?2 AND m.rowid < ?3 AND c.body ->> '$.text' IS NOT NULL AND "
	    "(m.direction = 'inbound' OR m.sent_at IS NOT NULL) ORDER BY "
	    "m.created_at DESC, m.rowid DESC LIMIT ?5", "ssiii",
	    s->conversation, s->asker.contact, s->row, (int64_t)TURN_MAX,
	    config_integer(a->config, "assist", NULL, "history"));
	while (ledger_next(r)) {
		v = value_new_object();
		value_set_string(v, "from", strcmp(ledger_text(r, 0),
		    "inbound") == 0 ? "person" : "clinic");
		value_set_string(v, "at", ledger_text(r, 1));
		put_masked(v, ledger_text(r, 2));
		value_append_take(list, v);
	}
	ledger_end(r);
	for (size_t i = value_count(list); i > 0; i--)
		value_append_take(out, value_copy(value_at(list, i - 1)));
	value_free(list);
	return out;
}

/* Of nobody that is known there is none: others may have the same address. */
struct value *
story_appointments(struct assist *a, const struct story *s)
{
	static const char *const names[] = { "type", "state", "local_time",
	    "timezone" };
	struct value *list = value_new_array(), *v, *vars;
	char since[CLOCK_TEXT];
	struct ledger_rows *r;
	struct error e;

	if (s->asker.contact == NULL)
		return list;
	r = ledger_select(a->ledger, "SELECT r.type, r.state, r.event_local, "
	    "r.timezone, c.body -> '$.vars' FROM reminder r LEFT JOIN content "
	    "c ON c.key = r.content WHERE r.contact = ?1 AND (r.event_at > ?2 "
	    "OR r.id = ?3) ORDER BY r.event_at LIMIT ?4", "sssi",
	    s->asker.contact, clock_format(clock_now(), since), s->reminder,
	    (int64_t)APPOINTMENTS);
	while (ledger_next(r)) {
		v = value_new_object();
		for (int i = 0; i < 4; i++)
			value_set_string(v, names[i], ledger_text(r, i));
		vars = ledger_text(r, 4) == NULL ? NULL : value_parse(
		    ledger_text(r, 4), strlen(ledger_text(r, 4)), &e);
		if (vars != NULL)
			value_set_take(v, "details", vars);
		value_append_take(list, v);
	}
	ledger_end(r);
	return list;
}

bool
story_repeats(struct assist *a, const struct story *s)
{
	char since[CLOCK_TEXT];
	struct ledger_rows *r;
	bool found;

	r = ledger_select(a->ledger, "SELECT 1 FROM message m JOIN content c "
	    "ON c.key = m.content WHERE m.hash = ?1 AND m.created_at > ?2 AND "
	    "m.direction = 'inbound' AND m.rowid < ?3 AND c.body ->> '$.text' "
	    "= ?4 LIMIT 1", "ssis", s->asker.hash, clock_format(clock_now() -
	    ASSIST_DAY, since), s->row, s->text);
	found = ledger_next(r);
	ledger_end(r);
	return found;
}

/* The word that the automatic answers name, and its like. */
static bool
is_for_person(const char *text)
{
	static const char *const words[] = { "persona", "person", "humano",
	    "human", "agente", "agent" };
	static struct reply_text t;

	if (text == NULL || !reply_read(text, strlen(text), &t) ||
	    t.count != 1)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(t.words[0].text, words[i]) == 0)
			return true;
	return false;
}

bool
story_wants_person(struct assist *a, const struct story *s)
{
	bool wants = is_for_person(s->text);
	char since[CLOCK_TEXT];
	struct ledger_rows *r;

	r = ledger_select(a->ledger, "SELECT c.body ->> '$.text' FROM message "
	    "m JOIN content c ON c.key = m.content WHERE m.hash = ?1 AND "
	    "m.created_at > ?2 AND m.direction = 'inbound' ORDER BY "
	    "m.created_at DESC LIMIT 50", "ss", s->asker.hash, clock_format(
	    clock_now() - ASSIST_DAY, since));
	while (!wants && ledger_next(r))
		wants = is_for_person(ledger_text(r, 0));
	ledger_end(r);
	return wants;
}
