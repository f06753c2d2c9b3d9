/* What staff changes of a conversation, journalled with their name. */
#include "inbox_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "message/joined.h"

#define NAME_MAX_LEN	64
#define SUBJECT_MAX	500

static const char *const states[] = { "active", "pending", "resolved",
    "archived", NULL };
static const char *const priorities[] = { "low", "normal", "high", "urgent",
    NULL };

static bool
is_one_of(const char *value, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(value, *list) == 0)
			return true;
	return false;
}

/* Words that staff types: one line that shows, of at most `max` bytes. */
static bool
is_plain(const char *s, size_t max)
{
	size_t len = strlen(s);

	return len <= max && !text_is_blank(s, len) && text_fault(s, len,
	    true) == NULL;
}

static struct value *
new_act(struct inbox *b, const char *key, const char *id)
{
	struct value *data = value_new_object();

	value_set_string(data, key, id);
	value_set_string(data, "by", b->author);
	return data;
}

/* A person who never wrote has a conversation once staff says something. */
static struct value *
new_put(struct inbox *b, const char *id)
{
	struct value *data = new_act(b, "id", id);

	if (strncmp(id, "contact:", 8) == 0)
		value_set_string(data, "contact", id + 8);
	return data;
}

/*
 * A transaction on the conversation, which may have become another's since it
 * was looked up: of two who are at it one merges contacts.
 */
int
inbox_begin(struct inbox *b, const char **id, struct error *e)
{
	const char *now;

	ledger_begin(b->ledger);
	now = inbox_still(b, *id);
	if (now == NULL) {
		ledger_rollback(b->ledger);
		return error_set(e, EX_REFUSED, "%.200s: is gone", *id);
	}
	*id = now;
	if (strncmp(now, "contact:", 8) == 0)
		joined_conversations(b->ledger, now + 8);
	return 0;
}

int
inbox_row(struct inbox *b, const char *all, const char *message, int64_t *row,
    struct error *e)
{
	*row = ledger_count(b->ledger, "SELECT m.rowid FROM message m WHERE "
	    "m.id = ?1 AND m.conversation IN (SELECT value FROM "
	    "json_each(?2))", "ss", message, all);
	return *row != 0 ? 0 : error_set(e, EX_REFUSED, "%.200s: no message "
	    "of this conversation", message);
}

struct value *
inbox_mark_read(struct inbox *b, const char *id, int64_t last)
{
	static const char *const names[] = { "id", "channel", "at", "text" };
	const char *all = inbox_together(b, id);
	struct value *list = value_new_array(), *ids = value_new_array();
	struct value *data, *one;
	struct ledger_rows *r;

	r = ledger_select(b->ledger, "SELECT m.id, m.channel_type, "
	    "m.created_at, c.body ->> '$.text' FROM json_each(?1) o CROSS "
	    "JOIN message m INDEXED BY message_unread ON m.conversation = "
	    "o.value LEFT JOIN content c ON c.key = m.content WHERE "
	    "m.is_unread = 1 AND m.rowid <= ?2 ORDER BY m.rowid", "si", all,
	    last == 0 ? INT64_MAX : last);
	while (ledger_next(r)) {
		value_append_take(ids, value_new_string(ledger_text(r, 0)));
		one = value_new_object();
		for (int i = 0; i < 4; i++)
			inbox_put_text(one, names[i], ledger_text(r, i));
		value_append_take(list, one);
	}
	ledger_end(r);
	if (value_count(ids) == 0) {
		value_free(ids);
		return list;
	}
	data = new_act(b, "conversation", id);
	value_set_take(data, "messages", ids);
	ledger_append_take(b->ledger, "conversation.read", data);
	return list;
}

int
inbox_read(struct inbox *b, const char *id, const char *last, struct error *e)
{
	int64_t row = 0;

	if (inbox_begin(b, &id, e) == -1)
		return -1;
	if (last != NULL && inbox_row(b, inbox_together(b, id), last, &row,
	    e) == -1) {
		ledger_rollback(b->ledger);
		return -1;
	}
	value_free(inbox_mark_read(b, id, row));
	ledger_commit(b->ledger);
	return 0;
}

/* NULL: it may be; else what is wrong. */
static const char *
fault(struct inbox *b, const char *member, const char *value)
{
	bool person = strcmp(member, "assignee") == 0 ||
	    strcmp(member, "owner") == 0;

	if (strcmp(member, "status") == 0)
		return value != NULL && is_one_of(value, states) ? NULL :
		    "none of active, pending, resolved, archived";
	if (strcmp(member, "priority") == 0)
		return value != NULL && is_one_of(value, priorities) ? NULL :
		    "none of low, normal, high, urgent";
	if (value == NULL)
		return NULL;
	if (person && !is_plain(value, NAME_MAX_LEN))
		return "no name of a person";
	/* A slip of the pen would be nobody's work. */
	if (person && config_name(b->config, "staff", 0) != NULL &&
	    !config_has(b->config, "staff", value))
		return "there is no such [staff] in the configuration";
	if (strcmp(member, "subject") == 0)
		return is_plain(value, SUBJECT_MAX) ? NULL :
		    "not one line of at most 500 bytes";
	if (strcmp(member, "related") == 0)
		return is_plain(value, 256) && strchr(value, ':') != NULL &&
		    *value != ':' && strchr(value, ':')[1] != '\0' ? NULL :
		    "not a type and an id, as in appointment:42";
	return person ? NULL : "no such member";
}

static void
put_member(struct inbox *b, struct value *data, const char *member,
    const char *value)
{
	struct value *set = value_new_object(), *related;
	const char *colon;
	char key[LEDGER_KEY];

	if (strcmp(member, "subject") == 0) {
		if (value == NULL)
			value_set_null(data, "note");
		else {
			ledger_content_put(b->ledger, "note", value,
			    strlen(value), key);
			value_set_string(data, "note", key);
		}
	} else if (value == NULL)
		value_set_null(set, member);
	else if (strcmp(member, "related") == 0) {
		colon = strchr(value, ':');
		related = value_new_object();
		value_set_string(related, "type", arena_strndup(b->mem, value,
		    (size_t)(colon - value)));
		value_set_string(related, "id", colon + 1);
		value_set_take(set, member, related);
	} else
		value_set_string(set, member, value);
	value_set_take(data, "set", set);
}

int
inbox_set(struct inbox *b, const char *id, const char *member,
    const char *value, struct error *e)
{
	const char *why = fault(b, member, value);
	struct value *data;

	if (why != NULL)
		return error_set(e, EX_REFUSED, "%s %.100s: %s", member,
		    value == NULL ? "-" : value, why);
	if (inbox_begin(b, &id, e) == -1)
		return -1;
	data = new_put(b, id);
	put_member(b, data, member, value);
	ledger_append_take(b->ledger, "conversation.put", data);
	ledger_commit(b->ledger);
	return 0;
}

/* The tags that there are, as a set: sorted by the ledger. */
static struct value *
tags_of(struct inbox *b, const char *id)
{
	struct value *list = value_new_array();
	struct ledger_rows *r;

	r = ledger_select(b->ledger, "SELECT tag FROM conversation_tag WHERE "
	    "conversation = ? ORDER BY tag", "s", id);
	while (ledger_next(r))
		value_append_take(list, value_new_string(ledger_text(r, 0)));
	ledger_end(r);
	return list;
}

/* "#urgente" is how people write a tag. */
static const char *
word_of(const char *tag)
{
	return tag[1] == '#' ? tag + 2 : tag + 1;
}

/* The list with the tag behind + or without the one behind -. */
static struct value *
with_tag(struct value *list, const char *tag)
{
	struct value *out = value_new_array();
	const char *one;

	for (size_t i = 0; i < value_count(list); i++) {
		one = value_string(value_at(list, i));
		if (strcmp(one, word_of(tag)) != 0)
			value_append_take(out, value_new_string(one));
	}
	if (*tag == '+')
		value_append_take(out, value_new_string(word_of(tag)));
	value_free(list);
	return out;
}

int
inbox_tag(struct inbox *b, const char *id, const char *const *tags,
    size_t count, struct error *e)
{
	struct value *data, *set, *list;

	for (size_t i = 0; i < count; i++)
		if ((*tags[i] != '+' && *tags[i] != '-') ||
		    !is_plain(word_of(tags[i]), INBOX_TAG_MAX) ||
		    strpbrk(word_of(tags[i]), " ,") != NULL)
			return error_set(e, EX_REFUSED, "tag %.100s: not + or "
			    "- and one word of at most %d bytes", tags[i],
			    INBOX_TAG_MAX);
	if (inbox_begin(b, &id, e) == -1)
		return -1;
	list = tags_of(b, id);
	for (size_t i = 0; i < count; i++)
		list = with_tag(list, tags[i]);
	if (value_count(list) > INBOX_TAGS_MAX) {
		value_free(list);
		ledger_rollback(b->ledger);
		return error_set(e, EX_REFUSED, "more than %d tags",
		    INBOX_TAGS_MAX);
	}
	data = new_put(b, id);
	set = value_new_object();
	value_set_take(set, "tags", list);
	value_set_take(data, "set", set);
	ledger_append_take(b->ledger, "conversation.put", data);
	ledger_commit(b->ledger);
	return 0;
}

int
inbox_resolve(struct inbox *b, const char *flag, struct error *e)
{
	struct value *data;
	struct ledger_rows *r;
	bool open;

	ledger_begin(b->ledger);
	r = ledger_select(b->ledger, "SELECT 1 FROM flag WHERE id = "
	    "CAST(?1 AS INTEGER) AND CAST(id AS TEXT) = ?1 AND resolved_at IS "
	    "NULL", "s", flag);
	open = ledger_next(r);
	ledger_end(r);
	if (!open) {
		ledger_rollback(b->ledger);
		return error_set(e, EX_REFUSED, "%.100s: not an open flag",
		    flag);
	}
	data = value_new_object();
	value_set_integer(data, "id", strtoll(flag, NULL, 10));
	value_set_string(data, "by", b->author);
	ledger_append_take(b->ledger, "flag.resolved", data);
	ledger_commit(b->ledger);
	return 0;
}
