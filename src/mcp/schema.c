/* Whether arguments are what a tool's schema says, so that both agree. */
#include "mcp_impl.h"

#include <stdio.h>
#include <string.h>

#define NAME_CHARS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
    "0123456789._:-"

static bool
is_of_type(const char *type, const struct value *v)
{
	enum value_type t = value_type(v);

	return (strcmp(type, "string") == 0 && t == VALUE_STRING) ||
	    (strcmp(type, "integer") == 0 && t == VALUE_INTEGER) ||
	    (strcmp(type, "object") == 0 && t == VALUE_OBJECT);
}

static bool
is_beyond(const struct value *schema, const char *least, const char *most,
    int64_t n, struct error *e, const char *name, const char *unit)
{
	int64_t low = INT64_MIN, high = INT64_MAX;

	value_integer(value_get(schema, least), &low);
	value_integer(value_get(schema, most), &high);
	if (n < low)
		error_set(e, 0, "%.64s: less than %jd%s", name, (intmax_t)low,
		    unit);
	else if (n > high)
		error_set(e, 0, "%.64s: more than %jd%s", name, (intmax_t)high,
		    unit);
	return n < low || n > high;
}

static bool
member_fits(const struct value *schema, const char *name,
    const struct value *v, struct error *e)
{
	const char *type = value_get_string(schema, "type");
	const char *s = value_string(v);
	int64_t n;

	if (!is_of_type(type, v)) {
		error_set(e, 0, "%.64s: is %s, and must be of type %s", name,
		    value_type_name(value_type(v)), type);
		return false;
	}
	if (value_integer(v, &n))
		return !is_beyond(schema, "minimum", "maximum", n, e, name, "");
	if (s == NULL)
		return true;
	if (is_beyond(schema, "minLength", "maxLength",
	    (int64_t)utf8_count(s, strlen(s)), e, name, " characters"))
		return false;
	if (value_get(schema, "pattern") == NULL ||
	    s[strspn(s, NAME_CHARS)] == '\0')
		return true;
	error_set(e, 0, "%.64s: only letters, digits and . _ : - may be in it",
	    name);
	return false;
}

bool
schema_fits(const struct value *schema, const struct value *v,
    struct error *e)
{
	const struct value *properties = value_get(schema, "properties");
	const struct value *required = value_get(schema, "required"), *one;

	for (size_t i = 0; i < value_count(required); i++) {
		const char *name = value_string(value_at(required, i));

		if (value_get(v, name) == NULL) {
			error_set(e, 0, "%.64s: missing", name);
			return false;
		}
	}
	for (struct value_iter it = { 0 }; value_next(v, &it); ) {
		one = value_get(properties, it.key);
		if (one == NULL) {
			error_set(e, 0, "%.64s: there is no such argument",
			    it.key);
			return false;
		}
		if (!member_fits(one, it.key, it.value, e))
			return false;
	}
	return true;
}
