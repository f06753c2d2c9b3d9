#include "provider_impl.h"

#include <string.h>
#include <sysexits.h>

/* What a URL may have (RFC 3986); the rest must come percent-encoded. */
static bool
is_web_address(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%";
	size_t n = strncmp(s, "https://", 8) == 0 ? 8 :
	    strncmp(s, "http://", 7) == 0 ? 7 : 0;

	return n > 0 && s[n] != '\0' && strchr("/?#", s[n]) == NULL &&
	    strspn(s, plain) == strlen(s);
}

static int
read_one(const struct value *v, size_t i, struct media *m, struct error *e)
{
	*m = (struct media){ .url = value_string(v) };
	if (m->url == NULL) {
		m->url = value_get_string(v, "url");
		m->type = value_get_string(v, "type");
		m->filename = value_get_string(v, "filename");
	}
	if (m->url == NULL)
		return error_set(e, EX_DATAERR, "media.%zu: neither a URL nor "
		    "an object with one as url", i);
	if (!is_web_address(m->url))
		return error_set(e, EX_DATAERR, "media.%zu: not an address of "
		    "the web, http:// or https://: %.100s", i, m->url);
	if (strlen(m->url) > MEDIA_URL_MAX)
		return error_set(e, EX_DATAERR, "media.%zu: a URL of more "
		    "than %d bytes", i, MEDIA_URL_MAX);
	return 0;
}

int
media_read(const struct record *r, struct media out[MEDIA_MAX],
    struct error *e)
{
	const struct value *all = record_get(r, "media");
	enum value_type type = value_type(all);
	size_t count = value_count(all);

	if (type == VALUE_ABSENT || type == VALUE_NULL)
		return 0;
	if (type != VALUE_ARRAY)
		return error_set(e, EX_DATAERR, "media: not an array");
	if (count > MEDIA_MAX)
		return error_set(e, EX_DATAERR, "media: %zu of them; at most "
		    "%d go with a message", count, MEDIA_MAX);
	for (size_t i = 0; i < count; i++)
		if (read_one(value_at(all, i), i, &out[i], e) == -1)
			return -1;
	return (int)count;
}
