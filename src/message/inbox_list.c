/* Lists of conversations, each along an index of its own. */
#include "inbox_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCERPT		160	/* characters of the last thing they wrote */
/* Behind all times and ids. */
#define START_AT	"9999"
#define START_ID	"\x7f"

static const char *const kind_names[] = { "open", "unread", "mine", "all" };

bool
inbox_is_assistant(const char *author)
{
	return author != NULL && (strcmp(author, "assist") == 0 ||
	    strncmp(author, "assist:", 7) == 0);
}

bool
inbox_kind_read(const char *name, enum inbox_kind *kind)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(name, kind_names[i]) == 0) {
			*kind = (enum inbox_kind)i;
			return true;
		}
	return false;
}

/*
 * The columns of one conversation, v, which its contact may not have.  Which
 * ones is decided first, by "chosen", so that nothing else is read of others:
 * ?1 and ?2 are the cursor, ?3 a tag, ?4 an assignee, ?5 the kind of list, ?6 a
 * kind of flag, ?7 how many.
 */
#define AT	"coalesce(v.last_customer_message_at, '')"
#define FLAGS	"(SELECT group_concat(DISTINCT f.kind) FROM flag f WHERE " \
    "f.resolved_at IS NULL AND f.contact = k.contact)"
#define STRANGER_FLAGS	"(SELECT group_concat(DISTINCT f.kind) FROM message " \
    "m JOIN flag f ON f.message = m.id WHERE k.contact IS NULL AND " \
    "m.conversation = k.id AND f.resolved_at IS NULL)"
#define SHOW	" SELECT k.id, k.contact, coalesce(cc.body ->> '$.name', " \
    "ac.body, '(erased)'), sc.body, v.related_type, v.related_id, " \
    "coalesce(v.status, 'active'), coalesce(v.priority, 'normal'), " \
    "v.assignee, v.owner, coalesce(v.tags, '[]'), v.unread_count, " \
    "v.last_customer_message_at, v.last_staff_message_at, " \
    "v.last_message_at, coalesce(" FLAGS ", " STRANGER_FLAGS "), " \
    "lm.channel_type, lc.body ->> '$.text', k.at FROM chosen k LEFT JOIN " \
    "conversation v ON v.id = k.id LEFT JOIN contact c ON c.id = k.contact " \
    "LEFT JOIN content cc ON cc.key = c.content LEFT JOIN content ac ON " \
    "ac.key = 'address/' || v.hash LEFT JOIN content sc ON sc.key = " \
    "v.subject LEFT JOIN message lm ON lm.id = (SELECT m.id FROM message m " \
    "WHERE m.conversation = k.id AND m.direction = 'inbound' ORDER BY " \
    "m.created_at DESC, m.id DESC LIMIT 1) LEFT JOIN content lc ON lc.key = " \
    "lm.content ORDER BY k.at DESC, k.id DESC"
#define CHOOSE	"WITH chosen(id, contact, at) AS MATERIALIZED (SELECT v.id, " \
    "v.contact, " AT " FROM conversation v "
#define CHOSEN	"AND (?3 IS NULL OR EXISTS (SELECT 1 FROM conversation_tag " \
    "t WHERE t.tag = ?3 AND t.conversation = v.id)) AND (?4 IS NULL OR " \
    "v.assignee = ?4) AND (?5 <> 1 OR v.unread_count > 0) AND (?5 = 1 OR " \
    "?5 = 3 OR v.status = 'pending' OR v.status = 'active') "
/* The first condition is for the index: a later page begins where it ends. */
#define ORDER	"AND " AT " <= ?1 AND (" AT ", v.id) < (?1, ?2) ORDER BY " \
    AT " DESC, v.id DESC LIMIT ?7)" SHOW

static const char sql_wrote[] = CHOOSE "INDEXED BY conversation_wrote "
    "WHERE v.last_customer_message_at IS NOT NULL " CHOSEN ORDER;
static const char sql_open[] = CHOOSE "INDEXED BY conversation_open "
    "WHERE v.last_customer_message_at IS NOT NULL AND (v.status = 'pending' "
    "OR v.status = 'active') " CHOSEN ORDER;
static const char sql_unread[] = CHOOSE "INDEXED BY conversation_unread "
    "WHERE v.unread_count > 0 " CHOSEN ORDER;
static const char sql_assignee[] = CHOOSE "INDEXED BY conversation_assignee "
    "WHERE v.assignee = ?4 " CHOSEN ORDER;
static const char sql_tag[] = CHOOSE "WHERE v.id IN (SELECT "
    "conversation FROM conversation_tag WHERE tag = ?3) " CHOSEN ORDER;
/*
 * Whom staff has to look after need not have written, nor have been written
 * to: of who cannot be reached at all there is no conversation.
 */
static const char sql_flag[] = "WITH flagged(id, contact) AS (SELECT "
    "coalesce(m.conversation, substr('contact:' || f.contact, 1, 258)) AS "
    "own, max(coalesce(m.contact, f.contact)) FROM flag f LEFT JOIN message "
    "m ON m.id = f.message WHERE f.kind = ?6 AND f.resolved_at IS NULL AND "
    "own IS NOT NULL GROUP BY own), chosen(id, contact, at) AS MATERIALIZED "
    "(SELECT g.id, coalesce(v.contact, g.contact), " AT " FROM flagged g "
    "LEFT JOIN conversation v ON v.id = g.id WHERE (v.id IS NOT NULL OR (?3 "
    "IS NULL AND ?4 IS NULL AND (?5 = 0 OR ?5 = 3))) AND (v.id IS NULL OR "
    "(true " CHOSEN ")) AND (" AT ", g.id) < (?1, ?2) ORDER BY " AT " DESC, "
    "g.id DESC LIMIT ?7)" SHOW;
static const char sql_one[] = "WITH chosen(id, contact, at) AS (SELECT v.id, "
    "v.contact, " AT " FROM conversation v WHERE v.id = ?1)" SHOW;

void
inbox_put_text(struct value *v, const char *key, const char *s)
{
	if (s != NULL)
		value_set_string(v, key, s);
}

/* No more than `max` characters, on one line. */
static void
put_excerpt(struct inbox *b, struct value *v, const char *s)
{
	char *text;
	size_t len;

	if (s == NULL)
		return;
	len = strlen(s);
	if (utf8_count(s, len) > EXCERPT)
		text = arena_printf(b->mem, "%.*s…", (int)utf8_offset(s, len,
		    EXCERPT - 1), s);
	else
		text = arena_strdup(b->mem, s);
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\n' || *c == '\r' || *c == '\t')
			*c = ' ';
	value_set_string(v, "text", text);
}

static void
put_related(struct value *v, const char *type, const char *id)
{
	struct value *related;

	if (type == NULL || id == NULL)
		return;
	related = value_new_object();
	value_set_string(related, "type", type);
	value_set_string(related, "id", id);
	value_set_take(v, "related", related);
}

static struct value *
words_of(const char *list)
{
	struct value *out = value_new_array();
	char *copy, *save = NULL;

	if (list == NULL)
		return out;
	copy = strdup(list);
	if (copy == NULL)
		die(EX_OSERR, "out of memory");
	for (char *w = strtok_r(copy, ",", &save); w != NULL;
	    w = strtok_r(NULL, ",", &save))
		value_append_take(out, value_new_string(w));
	free(copy);
	return out;
}

static struct value *
conversation_of(struct inbox *b, struct ledger_rows *r)
{
	struct value *v = value_new_object(), *tags;
	struct error e;

	value_set_string(v, "conversation", ledger_text(r, 0));
	inbox_put_text(v, "contact", ledger_text(r, 1));
	inbox_put_text(v, "person", ledger_text(r, 2));
	inbox_put_text(v, "subject", ledger_text(r, 3));
	put_related(v, ledger_text(r, 4), ledger_text(r, 5));
	value_set_string(v, "status", ledger_text(r, 6));
	value_set_string(v, "priority", ledger_text(r, 7));
	inbox_put_text(v, "assignee", ledger_text(r, 8));
	inbox_put_text(v, "owner", ledger_text(r, 9));
	tags = value_parse(ledger_text(r, 10), strlen(ledger_text(r, 10)), &e);
	value_set_take(v, "tags", tags == NULL ? value_new_array() : tags);
	value_set_integer(v, "unread", ledger_int(r, 11));
	inbox_put_text(v, "wrote_at", ledger_text(r, 12));
	inbox_put_text(v, "answered_at", ledger_text(r, 13));
	inbox_put_text(v, "last_at", ledger_text(r, 14));
	value_set_take(v, "flags", words_of(ledger_text(r, 15)));
	inbox_put_text(v, "channel", ledger_text(r, 16));
	put_excerpt(b, v, ledger_text(r, 17));
	value_set_string(v, "cursor", arena_printf(b->mem, "%s %s",
	    ledger_text(r, 18), ledger_text(r, 0)));
	return v;
}

struct value *
inbox_one(struct inbox *b, const char *id)
{
	struct ledger_rows *r = ledger_select(b->ledger, sql_one, "s", id);
	struct value *v = NULL;

	if (ledger_next(r))
		v = conversation_of(b, r);
	ledger_end(r);
	return v;
}

/* So many have it that the first of them are soon found along the times. */
#define COMMON	1000

static bool
is_common(struct inbox *b, const char *tag)
{
	return tag != NULL && ledger_count(b->ledger, "SELECT count(*) FROM "
	    "(SELECT 1 FROM conversation_tag WHERE tag = ? LIMIT 1000)", "s",
	    tag) == COMMON;
}

static const char *
statement(const struct inbox_choice *w, const char *assignee, bool common)
{
	if (w->flag != NULL)
		return sql_flag;
	if (w->tag != NULL && !common)
		return sql_tag;
	if (assignee != NULL)
		return sql_assignee;
	return w->kind == INBOX_UNREAD ? sql_unread : w->kind == INBOX_ALL ?
	    sql_wrote : sql_open;
}

/* "TIME ID"; who has never written has no time. */
bool
inbox_is_cursor(const char *s)
{
	const char *space = strchr(s, ' ');
	char at[CLOCK_TEXT];
	instant t;

	if (space == NULL || space[1] == '\0' ||
	    (size_t)(space - s) >= sizeof(at))
		return false;
	snprintf(at, sizeof(at), "%.*s", (int)(space - s), s);
	return at[0] == '\0' || clock_parse(at, &t);
}

struct page {
	const struct inbox_choice *which;
	const char *assignee, *at, *id;	/* the cursor */
	size_t limit;
	struct value *list;
};

static void
add_page(struct inbox *b, struct page *p, const char *sql)
{
	const struct inbox_choice *w = p->which;
	struct ledger_rows *r;

	r = ledger_select(b->ledger, sql, "ssssisi", p->at, p->id, w->tag,
	    p->assignee, (int64_t)w->kind, w->flag, (int64_t)(p->limit -
	    value_count(p->list)));
	while (ledger_next(r))
		value_append_take(p->list, conversation_of(b, r));
	ledger_end(r);
}

struct value *
inbox_list(struct inbox *b, const struct inbox_choice *w)
{
	struct page p = { .which = w, .assignee = w->kind == INBOX_MINE ?
	    b->author : w->assignee, .at = START_AT, .id = START_ID,
	    .limit = w->limit == 0 ? INBOX_PAGE : w->limit > INBOX_PAGE_MAX ?
	    INBOX_PAGE_MAX : w->limit, .list = value_new_array() };
	bool common = w->flag == NULL && is_common(b, w->tag);
	const char *space = w->before == NULL ? NULL : strchr(w->before, ' ');

	if (space != NULL) {
		p.at = arena_strndup(b->mem, w->before,
		    (size_t)(space - w->before));
		p.id = space + 1;
	}
	if (!common || *p.at != '\0')
		add_page(b, &p, statement(w, p.assignee, common));
	/* Last come those who have never written. */
	if (common && value_count(p.list) < p.limit) {
		if (*p.at != '\0') {
			p.at = "";
			p.id = START_ID;
		}
		add_page(b, &p, sql_tag);
	}
	return p.list;
}
