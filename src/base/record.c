#include "record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "digest.h"
#include "memory.h"

/*
 * `struct value` is json_t under another name.  jansson validates and parses;
 * the spans of the top-level members are found afterwards in a line that is
 * known to be valid, which keeps that scanner small.
 */
struct record_member {
	char *key;		/* decoded */
	size_t start, len;	/* of `"key":value` in the line */
	bool changed;		/* print the value in the tree instead */
};

#define PARSE_FLAGS	JSON_REJECT_DUPLICATES

static json_t *
json(const struct value *v)
{
	/* jansson's readers take a non-const pointer they do not write to. */
	union { const struct value *from; json_t *to; } cast = { .from = v };

	return cast.to;
}

static struct value *
made(json_t *j)
{
	if (j == NULL)
		die(EX_OSERR, "out of memory");
	return (struct value *)(void *)j;
}

void
record_setup(void)
{
	size_t seed;

	json_set_alloc_funcs(memory_get, free);

	/* With 0 it would open a file for it. */
	digest_random(&seed, sizeof(seed));
	json_object_seed(seed | 1);
}

enum value_type
value_type(const struct value *v)
{
	if (v == NULL)
		return VALUE_ABSENT;
	switch (json_typeof(json(v))) {
	case JSON_OBJECT:
		return VALUE_OBJECT;
	case JSON_ARRAY:
		return VALUE_ARRAY;
	case JSON_STRING:
		return VALUE_STRING;
	case JSON_INTEGER:
		return VALUE_INTEGER;
	case JSON_REAL:
		return VALUE_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return VALUE_BOOL;
	case JSON_NULL:
	default:
		return VALUE_NULL;
	}
}

const char *
value_type_name(enum value_type t)
{
	static const char *const name[] = {
		[VALUE_ABSENT] = "missing", [VALUE_NULL] = "null",
		[VALUE_BOOL] = "true or false", [VALUE_INTEGER] = "a number",
		[VALUE_REAL] = "a number", [VALUE_STRING] = "a string",
		[VALUE_ARRAY] = "an array", [VALUE_OBJECT] = "an object"
	};

	return name[t];
}

const char *
value_string(const struct value *v)
{
	return v == NULL ? NULL : json_string_value(json(v));
}

bool
value_integer(const struct value *v, int64_t *n)
{
	if (v == NULL || !json_is_integer(json(v)))
		return false;
	*n = json_integer_value(json(v));
	return true;
}

bool
value_is_true(const struct value *v)
{
	return v != NULL && json_is_true(json(v));
}

size_t
value_count(const struct value *v)
{
	if (v == NULL)
		return 0;
	return json_is_object(json(v)) ? json_object_size(json(v)) :
	    json_array_size(json(v));
}

const struct value *
value_get(const struct value *v, const char *key)
{
	if (v == NULL)
		return NULL;
	return (const struct value *)json_object_get(json(v), key);
}

const struct value *
value_at(const struct value *v, size_t i)
{
	if (v == NULL)
		return NULL;
	return (const struct value *)json_array_get(json(v), i);
}

static const struct value *
step(const struct value *v, const char *name)
{
	char *end;
	unsigned long i;

	if (value_type(v) != VALUE_ARRAY)
		return value_get(v, name);
	if (name[0] < '0' || name[0] > '9')
		return NULL;
	i = strtoul(name, &end, 10);
	return *end == '\0' ? value_at(v, i) : NULL;
}

const struct value *
value_path(const struct value *v, const char *path)
{
	char name[256];
	size_t len;

	for (;;) {
		len = strcspn(path, ".");
		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		v = step(v, name);
		if (v == NULL || path[len] == '\0')
			return v;
		path += len + 1;
	}
}

const char *
value_get_string(const struct value *v, const char *key)
{
	return value_string(value_get(v, key));
}

bool
value_next(const struct value *object, struct value_iter *it)
{
	if (object == NULL)
		return false;
	it->at = it->at == NULL ? json_object_iter(json(object)) :
	    json_object_iter_next(json(object), it->at);
	if (it->at == NULL)
		return false;
	it->key = json_object_iter_key(it->at);
	it->value = (const struct value *)json_object_iter_value(it->at);
	return true;
}

struct value *
value_new_object(void)
{
	return made(json_object());
}

struct value *
value_new_array(void)
{
	return made(json_array());
}

static json_t *
repaired_string(const char *s, size_t len)
{
	struct buf b = BUF_INIT(SIZE_MAX / 8);
	json_t *j;
	size_t n;

	while (len > 0) {
		n = *s == '\0' ? 0 : utf8_length(s, len);
		if (n == 0) {
			buf_str(&b, "\xef\xbf\xbd");
			n = 1;
		} else
			buf_add(&b, s, n);
		s += n;
		len -= n;
	}
	j = json_stringn(buf_text(&b), b.len);
	buf_release(&b);
	return j;
}

struct value *
value_new_string(const char *s)
{
	json_t *j = json_string(s);

	return made(j != NULL ? j : repaired_string(s, strlen(s)));
}

struct value *
value_new_integer(int64_t n)
{
	return made(json_integer(n));
}

struct value *
value_new_bool(bool b)
{
	return made(json_boolean(b));
}

struct value *
value_copy(const struct value *v)
{
	return made(json_deep_copy(json(v)));
}

struct value *
value_copy_shallow(const struct value *v)
{
	return made(json_copy(json(v)));
}

void
value_free(struct value *v)
{
	json_decref(json(v));
}

void
value_set_take(struct value *object, const char *key, struct value *v)
{
	if (json_object_set_new(json(object), key, json(v)) == -1)
		die(EX_SOFTWARE, "cannot set %s", key);
}

void
value_set_string(struct value *object, const char *key, const char *s)
{
	value_set_take(object, key, value_new_string(s));
}

void
value_set_integer(struct value *object, const char *key, int64_t n)
{
	value_set_take(object, key, value_new_integer(n));
}

void
value_set_bool(struct value *object, const char *key, bool b)
{
	value_set_take(object, key, value_new_bool(b));
}

void
value_carry(struct value *object, const char *key, const struct value *from,
    const char *member)
{
	const char *s = value_get_string(from, member);

	if (s != NULL)
		value_set_string(object, key, s);
}

void
value_remove(struct value *object, const char *key)
{
	json_object_del(json(object), key);
}

void
value_append_take(struct value *array, struct value *v)
{
	if (json_array_append_new(json(array), json(v)) == -1)
		die(EX_SOFTWARE, "cannot append to an array");
}

void
value_set_null(struct value *object, const char *key)
{
	value_set_take(object, key, (struct value *)json_null());
}

void
value_replace_take(struct value *array, size_t i, struct value *v)
{
	if (json_array_set_new(json(array), i, json(v)) == -1)
		die(EX_SOFTWARE, "cannot replace in an array");
}

static int
add_bytes(const char *bytes, size_t len, void *out)
{
	buf_add(out, bytes, len);
	return 0;
}

void
value_write_real(const struct value *v, struct buf *out)
{
	if (json_dump_callback(json(v), add_bytes, out, JSON_ENCODE_ANY) == -1)
		die(EX_OSERR, "out of memory");
}

char *
value_json(const struct value *v, struct arena *mem)
{
	struct buf b = BUF_INIT(8 * RECORD_MAX);
	char *s;

	value_write(v, &b);
	s = arena_strndup(mem, buf_text(&b), b.len);
	buf_release(&b);
	return s;
}

/* The shortest text that reads back as the same number. */
static char *
real_text(double d, struct arena *mem)
{
	char s[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(s, sizeof(s), "%.*g", digits, d);
		if (strtod(s, NULL) == d)
			break;
	}
	return arena_strdup(mem, s);
}

char *
value_scalar_text(const struct value *v, struct arena *mem)
{
	switch (value_type(v)) {
	case VALUE_STRING:
		return arena_strdup(mem, value_string(v));
	case VALUE_INTEGER:
		return arena_printf(mem, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(json(v)));
	case VALUE_REAL:
		return real_text(json_real_value(json(v)), mem);
	case VALUE_BOOL:
		return arena_strdup(mem, value_is_true(v) ? "true" : "false");
	default:
		return NULL;
	}
}

/*
 * jansson's text may quote the input ("... near '...'"): enough for a person,
 * and diag() escapes it.
 */
static json_t *
load(const char *text, size_t len, struct error *why)
{
	const char *nul = len == 0 ? NULL : memchr(text, '\0', len);
	json_error_t e;
	json_t *j;

	/* jansson passes over one that stands behind a number. */
	if (nul != NULL) {
		error_set(why, EX_DATAERR, "not JSON: a NUL, at byte %td",
		    nul - text);
		return NULL;
	}
	j = json_loadb(text, len, PARSE_FLAGS, &e);
	if (j == NULL)
		error_set(why, EX_DATAERR, "not JSON: %s, at byte %d", e.text,
		    e.position);
	return j;
}

struct value *
value_parse(const char *text, size_t len, struct error *why)
{
	return (struct value *)(void *)load(text, len, why);
}

/* Past the string, number, literal, array or object that starts at p. */
static const char *
skip_value(const char *p)
{
	int depth = 0;

	do {
		if (*p == '"') {
			for (p++; *p != '"'; p++)
				if (*p == '\\')
					p++;
			p++;
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
		} else if (*p == '}' || *p == ']') {
			depth--;
			p++;
		} else if (depth > 0)
			p++;
		else
			p += strcspn(p, " \t\r\n,}]");
	} while (depth > 0);
	return p;
}

static char *
decode_key(const char *p, size_t len)
{
	json_t *j;
	char *key;

	/* Nearly no key has an escape in it. */
	if (memchr(p, '\\', len) == NULL) {
		key = strndup(p + 1, len - 2);
		if (key == NULL)
			die(EX_OSERR, "out of memory");
		return key;
	}
	j = json_loadb(p, len, JSON_DECODE_ANY, NULL);
	if (j == NULL)
		die(EX_SOFTWARE, "a key that was valid no longer is");
	key = strdup(json_string_value(j));
	json_decref(j);
	if (key == NULL)
		die(EX_OSERR, "out of memory");
	return key;
}

static struct record_member *
member_add(struct record *r)
{
	struct record_member *m;

	if (r->count == r->size) {
		r->size = r->size == 0 ? 32 : r->size * 2;
		m = reallocarray(r->members, r->size, sizeof(*m));
		if (m == NULL)
			die(EX_OSERR, "out of memory");
		r->members = m;
	}
	m = &r->members[r->count++];
	*m = (struct record_member){ .key = NULL };
	return m;
}

static const char *
skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
		p++;
	return p;
}

static void
find_members(struct record *r)
{
	const char *p = skip_space(r->line), *start;
	struct record_member *m;

	p = skip_space(p + 1);
	while (*p != '}') {
		start = p;
		p = skip_value(p);
		m = member_add(r);
		m->key = decode_key(start, (size_t)(p - start));
		p = skip_space(p);	/* now at the colon */
		p = skip_value(skip_space(p + 1));
		m->start = (size_t)(start - r->line);
		m->len = (size_t)(p - start);
		p = skip_space(p);
		if (*p == ',')
			p = skip_space(p + 1);
	}
}

static void
clear(struct record *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->members[i].key);
	r->count = 0;
	value_free(r->root);
	r->root = NULL;
	r->changed = false;
	r->line = NULL;
	r->len = 0;
}

int
record_parse(struct record *r, const char *line, size_t len,
    struct error *why)
{
	json_t *j;

	clear(r);
	j = load(line, len, why);
	if (j == NULL)
		return -1;
	if (!json_is_object(j)) {
		json_decref(j);
		return error_set(why, EX_DATAERR, "not an object");
	}
	r->root = made(j);
	r->line = line;
	r->len = len;
	find_members(r);
	return 0;
}

void
record_new(struct record *r)
{
	clear(r);
	r->root = value_new_object();
	r->changed = true;
}

void
record_release(struct record *r)
{
	clear(r);
	free(r->members);
	*r = (struct record)RECORD_INIT;
}

const struct value *
record_get(const struct record *r, const char *key)
{
	return value_get(r->root, key);
}

const char *
record_string(const struct record *r, const char *key)
{
	return value_get_string(r->root, key);
}

static struct record_member *
member_find(const struct record *r, const char *key)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->members[i].key, key) == 0)
			return &r->members[i];
	return NULL;
}

void
record_set_take(struct record *r, const char *key, struct value *v)
{
	struct record_member *m = member_find(r, key);

	if (m == NULL) {
		m = member_add(r);
		m->key = strdup(key);
		if (m->key == NULL)
			die(EX_OSERR, "out of memory");
	}
	m->changed = true;
	r->changed = true;
	value_set_take(r->root, key, v);
}

void
record_set_string(struct record *r, const char *key, const char *s)
{
	record_set_take(r, key, value_new_string(s));
}

void
record_set_integer(struct record *r, const char *key, int64_t n)
{
	record_set_take(r, key, value_new_integer(n));
}

void
record_remove(struct record *r, const char *key)
{
	struct record_member *m = member_find(r, key);
	size_t after;

	if (m == NULL)
		return;
	after = r->count - (size_t)(m - r->members) - 1;
	free(m->key);
	memmove(m, m + 1, after * sizeof(*m));
	r->count--;
	r->changed = true;
	value_remove(r->root, key);
}

void
record_write(const struct record *r, struct buf *out)
{
	const struct record_member *m;

	if (!r->changed) {
		buf_add(out, r->line, r->len);
		return;
	}
	buf_char(out, '{');
	for (m = r->members; m < r->members + r->count; m++) {
		if (m != r->members)
			buf_char(out, ',');
		if (!m->changed) {
			buf_add(out, r->line + m->start, m->len);
			continue;
		}
		value_write_string(m->key, out);
		buf_char(out, ':');
		value_write(value_get(r->root, m->key), out);
	}
	buf_char(out, '}');
}

void
record_refuse(struct record *r, const struct refusal *why, const char *message)
{
	struct value *e = value_new_object();

	value_set_string(e, "stage", why->stage);
	value_set_string(e, "code", why->code);
	if (why->field != NULL)
		value_set_string(e, "field", why->field);
	value_set_string(e, "message", message);
	if (why->line > 0)
		value_set_integer(e, "line", (int64_t)why->line);
	value_set_bool(e, "temporary", why->temporary);
	record_set_take(r, "error", e);
}

bool
record_is_refused(const struct record *r)
{
	enum value_type t = value_type(record_get(r, "error"));

	return t != VALUE_ABSENT && t != VALUE_NULL;
}

bool
record_is_refused_temporarily(const struct record *r)
{
	return value_is_true(value_get(record_get(r, "error"), "temporary"));
}
