#include "inbox_impl.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/search.h"

static void
path_of(struct config *c, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/search.db", config_path(c, "paths", NULL,
	    "spool"));
}

static struct value *
found(struct inbox *b, int64_t row)
{
	static const char *const names[] = { "id", "conversation", "person",
	    "direction", "channel", "at", "subject", "text" };
	struct value *v = NULL;
	struct ledger_rows *r;

	r = ledger_select(b->ledger, "SELECT m.id, m.conversation, coalesce("
	    "cc.body ->> '$.name', ac.body, '(erased)'), m.direction, "
	    "m.channel_type, coalesce(m.sent_at, m.created_at), "
	    "c.body ->> '$.subject', c.body ->> '$.text' FROM message m LEFT "
	    "JOIN contact k ON k.id = m.contact LEFT JOIN content cc ON cc.key "
	    "= k.content LEFT JOIN content ac ON ac.key = m.address LEFT JOIN "
	    "content c ON c.key = m.content WHERE m.rowid = ? AND "
	    "m.conversation IS NOT NULL", "i", row);
	if (ledger_next(r)) {
		v = value_new_object();
		for (int i = 0; i < 8; i++)
			inbox_put_text(v, names[i], ledger_text(r, i));
	}
	ledger_end(r);
	return v;
}

struct value *
inbox_search(struct inbox *b, const char *words, size_t limit,
    struct error *e)
{
	struct value *list, *one;
	struct search *s;
	char path[PATH_MAX];
	int64_t *rows;
	size_t n;

	path_of(b->config, path);
	s = search_open(b->ledger, path, e);
	if (s == NULL || search_update(s, e) == -1) {
		search_close(s);
		return NULL;
	}
	if (limit == 0 || limit > INBOX_PAGE_MAX)
		limit = INBOX_PAGE;
	rows = calloc(limit, sizeof(*rows));
	if (rows == NULL)
		die(EX_OSERR, "out of memory");
	n = search_find(s, words, rows, limit);
	list = value_new_array();
	for (size_t i = 0; i < n; i++) {
		one = found(b, rows[i]);
		if (one != NULL)
			value_append_take(list, one);
	}
	free(rows);
	search_close(s);
	return list;
}

int
inbox_search_forget(struct config *c, struct error *e)
{
	char path[PATH_MAX];

	path_of(c, path);
	return search_remove(path, e);
}
