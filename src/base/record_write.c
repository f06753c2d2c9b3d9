/*
 * Values as JSON.  Most of what omni writes goes through here, several times
 * for each record, so it is done without the library, which guards each object
 * against containing itself; a value of ours cannot.
 */
#include <inttypes.h>
#include <string.h>

#include "record.h"

static bool
is_plain(unsigned char c)
{
	return c >= ' ' && c != '"' && c != '\\';
}

static void
write_escape(unsigned char c, struct buf *out)
{
	static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *p = strchr(special, c);

	if (p == NULL)
		buf_printf(out, "\\u%04X", c);
	else {
		buf_char(out, '\\');
		buf_char(out, letter[p - special]);
	}
}

void
value_write_string(const char *s, struct buf *out)
{
	size_t n;

	buf_char(out, '"');
	for (;; s += n + 1) {
		for (n = 0; is_plain((unsigned char)s[n]); n++)
			;
		buf_add(out, s, n);
		if (s[n] == '\0')
			break;
		write_escape((unsigned char)s[n], out);
	}
	buf_char(out, '"');
}

static void
write_object(const struct value *v, struct buf *out)
{
	bool first = true;

	buf_char(out, '{');
	for (struct value_iter it = { 0 }; value_next(v, &it); first = false) {
		if (!first)
			buf_char(out, ',');
		value_write_string(it.key, out);
		buf_char(out, ':');
		value_write(it.value, out);
	}
	buf_char(out, '}');
}

static void
write_array(const struct value *v, struct buf *out)
{
	buf_char(out, '[');
	for (size_t i = 0; i < value_count(v); i++) {
		if (i > 0)
			buf_char(out, ',');
		value_write(value_at(v, i), out);
	}
	buf_char(out, ']');
}

void
value_write(const struct value *v, struct buf *out)
{
	int64_t n;

	switch (value_type(v)) {
	case VALUE_STRING:
		value_write_string(value_string(v), out);
		break;
	case VALUE_OBJECT:
		write_object(v, out);
		break;
	case VALUE_ARRAY:
		write_array(v, out);
		break;
	case VALUE_INTEGER:
		value_integer(v, &n);
		buf_printf(out, "%" PRId64, n);
		break;
	case VALUE_REAL:
		value_write_real(v, out);
		break;
	case VALUE_BOOL:
		buf_str(out, value_is_true(v) ? "true" : "false");
		break;
	case VALUE_ABSENT:
	case VALUE_NULL:
	default:
		buf_str(out, "null");
	}
}
