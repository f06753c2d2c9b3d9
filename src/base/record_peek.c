/* One member of a line, without parsing all of it. */
#include "record.h"

#include <string.h>

/* Past the string at `p`, or NULL where it does not end. */
static const char *
string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
	return p < end ? p + 1 : NULL;
}

/* Past the spaces and the sign that has to follow, or NULL. */
static const char *
pass(const char *p, const char *end, char sign)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p < end && *p == sign ? p + 1 : NULL;
}

/* The string at `p`; false: it has an escape in it, or no room in `out`. */
static bool
take_plain(const char *p, const char *end, char *out, size_t size)
{
	const char *last = string_end(p, end);
	size_t len = last == NULL ? 0 : (size_t)(last - p) - 2;

	if (last == NULL || len >= size || memchr(p, '\\', len + 1) != NULL)
		return false;
	memcpy(out, p + 1, len);
	out[len] = '\0';
	return true;
}

bool
record_peek(const char *line, size_t len, const char *key, char *out,
    size_t size)
{
	const char *end = line + len, *p = line, *last, *value;
	const size_t key_len = strlen(key);
	int depth = 0;

	while (p < end) {
		if (*p != '"') {
			depth += (*p == '{' || *p == '[') -
			    (*p == '}' || *p == ']');
			p++;
			continue;
		}
		last = string_end(p, end);
		if (last == NULL)
			return false;
		value = depth == 1 && (size_t)(last - p) == key_len + 2 &&
		    memcmp(p + 1, key, key_len) == 0 ? pass(last, end, ':') :
		    NULL;
		if (value != NULL) {
			value = pass(value, end, '"');
			return value != NULL && take_plain(value - 1, end, out,
			    size);
		}
		p = last;
	}
	return false;
}
