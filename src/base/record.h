#ifndef OMNI_RECORD_H
#define OMNI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "error.h"

/*
 * JSON, and records made of it.  Only record.c knows the JSON library.
 *
 * A record is one JSON object on one line (omni-record(5)).  The line is
 * parsed for reading, but a top-level member that nobody sets is written as
 * the very bytes it came in with, in its place: 0.1 stays 0.1, and escapes,
 * spaces inside a member and the order of members stay as they are.
 */
#define RECORD_MAX	(256 * 1024)	/* bytes of a line, newline excluded */

/*
 * Values.  A function that returns `const struct value *` lends what it
 * returns: it lives as long as what it was taken from.  A function that
 * returns `struct value *` gives it away: value_free() it, or hand it to a
 * function whose name ends in _take, also when that function fails.  Passing
 * NULL where a value is read is allowed and means "not there".
 */
struct value;

enum value_type {
	VALUE_ABSENT,
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INTEGER,
	VALUE_REAL,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT
};

enum value_type value_type(const struct value *v);
const char *value_type_name(enum value_type t);	/* "a string", "missing" */
const char *value_string(const struct value *v);	/* NULL: not a string */
bool value_integer(const struct value *v, int64_t *n);
bool value_is_true(const struct value *v);
size_t value_count(const struct value *v);	/* of an array or object */
const struct value *value_get(const struct value *v, const char *key);
const struct value *value_at(const struct value *v, size_t i);
/* "contact.name", "items.0.price"; NULL when any step is not there. */
const struct value *value_path(const struct value *v, const char *path);
/* value_string(value_get(v, key)) */
const char *value_get_string(const struct value *v, const char *key);

/* for (it = (struct value_iter){ 0 }; value_next(object, &it); ) */
struct value_iter {
	void *at;
	const char *key;
	const struct value *value;
};
bool value_next(const struct value *object, struct value_iter *it);

/*
 * Making values.  Text that is not UTF-8 gets U+FFFD for each bad byte, and
 * NUL cannot occur: what goes into a record can always be written.
 */
struct value *value_new_object(void);
struct value *value_new_array(void);
struct value *value_new_string(const char *s);
struct value *value_new_integer(int64_t n);
struct value *value_new_bool(bool b);
struct value *value_copy(const struct value *v);	/* deep */
/* Shares what is inside, which nobody must then change. */
struct value *value_copy_shallow(const struct value *v);
void value_free(struct value *v);
void value_set_take(struct value *object, const char *key, struct value *v);
void value_set_string(struct value *object, const char *key, const char *s);
void value_set_integer(struct value *object, const char *key, int64_t n);
void value_set_bool(struct value *object, const char *key, bool b);
/* Copies from[member] to object[key] when it is a string. */
void value_carry(struct value *object, const char *key,
    const struct value *from, const char *member);
void value_remove(struct value *object, const char *key);
void value_set_null(struct value *object, const char *key);
void value_append_take(struct value *array, struct value *v);
void value_replace_take(struct value *array, size_t i, struct value *v);

/* Compact JSON.  value_json() lends from the arena. */
void value_write(const struct value *v, struct buf *out);
void value_write_string(const char *s, struct buf *out);
/* Of a number with a fraction only: as it was read, all its digits. */
void value_write_real(const struct value *v, struct buf *out);
char *value_json(const struct value *v, struct arena *mem);
/* A scalar as a person would write it: "7", "0.1", "true", the string. */
char *value_scalar_text(const struct value *v, struct arena *mem);
/* NULL and `why` when `text` is not strict JSON, object or array. */
struct value *value_parse(const char *text, size_t len, struct error *why);

struct record_member;

struct record {
	struct value *root;		/* the object, as it stands now */
	struct record_member *members;	/* in the order of output */
	size_t count, size;
	const char *line;		/* lent by the caller of record_parse */
	size_t len;
	bool changed;
};

#define RECORD_INIT { .root = NULL }

/*
 * Parses a line, which must stay unchanged until the record is released or
 * parsed anew.  Refuses what is not an object, duplicate keys, \u0000, and
 * integers beyond 64 bits.
 */
int record_parse(struct record *r, const char *line, size_t len,
    struct error *why);
/*
 * A string among the members of a line that nobody has checked, at a tenth of
 * the price of parsing it, for where the rest does not matter.  False where it
 * is not to be had so cheaply, as with an escape in it: then parse the line.
 * Of a record it tells what record_string() would.
 */
bool record_peek(const char *line, size_t len, const char *key, char *out,
    size_t size);
/* An empty record: {} */
void record_new(struct record *r);
void record_release(struct record *r);

const struct value *record_get(const struct record *r, const char *key);
const char *record_string(const struct record *r, const char *key);
void record_set_take(struct record *r, const char *key, struct value *v);
void record_set_string(struct record *r, const char *key, const char *s);
void record_set_integer(struct record *r, const char *key, int64_t n);
void record_remove(struct record *r, const char *key);
/* The record as one line without the newline. */
void record_write(const struct record *r, struct buf *out);

/* What `error` says; see omni-record(5). */
struct refusal {
	const char *stage;	/* program without "omni-" */
	const char *code;	/* one word, for programs */
	const char *field;	/* or NULL */
	uintmax_t line;		/* or 0 */
	bool temporary;
};
void record_refuse(struct record *r, const struct refusal *why,
    const char *message);
bool record_is_refused(const struct record *r);
bool record_is_refused_temporarily(const struct record *r);

/* Call before anything confines the process: seeds hash tables. */
void record_setup(void);

#endif
