#include "inbox_impl.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/unicode.h"
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

struct finding {
	struct inbox *inbox;
	struct value *list;
	size_t limit;
};

static bool
take_row(void *ctx, int64_t row)
{
	struct finding *f = ctx;
	struct value *one = found(f->inbox, row);

	if (one != NULL)
		value_append_take(f->list, one);
	return value_count(f->list) < f->limit;
}

/* The index knows letters and digits, and nothing else. */
static bool
has_word(const char *s)
{
	size_t len = strlen(s);
	UChar32 c;

	for (size_t i = 0; i < len;) {
		U8_NEXT((const uint8_t *)s, i, len, c);
		if (c >= 0 && u_isalnum(c))
			return true;
	}
	return false;
}

struct value *
inbox_search(struct inbox *b, const char *words, size_t limit,
    struct error *e)
{
	struct finding f = { .inbox = b, .limit = limit == 0 ||
	    limit > INBOX_PAGE_MAX ? INBOX_PAGE : limit };
	struct search *s;
	char path[PATH_MAX];
	int rc;

	if (!utf8_valid(words, strlen(words)) || !has_word(words)) {
		error_set(e, EX_REFUSED, "%.200s: no word to look for", words);
		return NULL;
	}
	path_of(b->config, path);
	s = search_open(b->ledger, path);
	f.list = value_new_array();
	rc = search_find(s, words, take_row, &f, e);
	search_close(s);
	if (rc == 0)
		return f.list;
	value_free(f.list);
	return NULL;
}

int
inbox_search_forget(struct config *c, struct error *e)
{
	char path[PATH_MAX];

	path_of(c, path);
	return search_remove(path, e);
}
