#include "emit.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/record.h"

static bool
is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == '"' || s[i] == '\\')
			return false;
	return utf8_valid(s, len);
}

static void
quote(struct buf *b, const char *s)
{
	size_t len = strlen(s);
	struct value *v;

	if (is_plain(s, len)) {
		buf_char(b, '"');
		buf_add(b, s, len);
		buf_char(b, '"');
		return;
	}
	v = value_new_string(s);
	value_write(v, b);
	value_free(v);
}

static void
begin(struct buf *b, const char *key)
{
	char last = b->len == 0 ? '{' : b->data[b->len - 1];

	if (last != '{' && last != '[')
		buf_char(b, ',');
	if (key != NULL) {
		quote(b, key);
		buf_char(b, ':');
	}
}

void
emit_open(struct buf *b, const char *key, char bracket)
{
	if (b->len > 0)
		begin(b, key);
	buf_char(b, bracket);
}

void
emit_close(struct buf *b, char bracket)
{
	buf_char(b, bracket);
}

void
emit_string(struct buf *b, const char *key, const char *s)
{
	begin(b, key);
	if (s == NULL)
		buf_str(b, "null");
	else
		quote(b, s);
}

void
emit_integer(struct buf *b, const char *key, int64_t n)
{
	begin(b, key);
	buf_printf(b, "%" PRId64, n);
}

void
emit_bool(struct buf *b, const char *key, bool value)
{
	begin(b, key);
	buf_str(b, value ? "true" : "false");
}

void
emit_raw(struct buf *b, const char *key, const char *json)
{
	begin(b, key);
	buf_str(b, json);
}
