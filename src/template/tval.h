#ifndef OMNI_TVAL_H
#define OMNI_TVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"

/*
 * What expressions of a template are made of: a value of the data, or one that
 * a filter made.  Small, passed by value; what it points to is lent by the
 * data, the template or the rendering's memory.
 *
 * The words are Python's where Django's are: a list prints as "['a', 1]".
 */
enum tval_type {
	TVAL_MISSING,		/* no such variable */
	TVAL_NONE,
	TVAL_BOOL,
	TVAL_INTEGER,
	TVAL_REAL,
	TVAL_STRING,
	TVAL_LIST,
	TVAL_OBJECT,
	TVAL_LOOP,		/* forloop */
	TVAL_SUPER		/* block: block.super */
};

struct tval {
	enum tval_type type;
	bool safe;		/* a string that needs no escaping in HTML */
	bool own;		/* the template's own, or rendered by it */
	union {
		bool b;
		int64_t n;
		double d;
		struct {
			const char *text;	/* not always NUL-terminated */
			size_t len;
		};
		struct {
			const struct value *json;	/* an array, or NULL */
			const struct tval *items;	/* then these */
			size_t count;
		};
		const struct value *object;
		const void *special;
	};
};

#define TVAL_TEXT(s, n) ((struct tval){ .type = TVAL_STRING, \
	.text = (s), .len = (n) })
#define TVAL_INT(i) ((struct tval){ .type = TVAL_INTEGER, .n = (i) })
#define TVAL_OF(t) ((struct tval){ .type = (t) })

struct tval tval_from(const struct value *v);	/* NULL: missing */
struct tval tval_bool(bool b);
bool tval_is_true(const struct tval *v);
const char *tval_type_name(const struct tval *v);	/* "a list" */

/* Items of a list, keys of an object, characters of a string. */
bool tval_is_sequence(const struct tval *v);
size_t tval_count(const struct tval *v);
struct tval tval_at(const struct tval *v, size_t i);	/* i < count */
/* All there is in it, also in what it holds: what looking through costs. */
size_t tval_weight(const struct tval *v);

/* Whether both are equal as Python has it: 1 == 1.0 == True, [1] == [1]. */
bool tval_equal(const struct tval *a, const struct tval *b);
/* -1, 0, 1; false when they have no order, such as a string and a number. */
bool tval_compare(const struct tval *a, const struct tval *b, int *order);

/* A whole number as Python's int() takes it: 3, 3.7, " 3 ", True. */
bool tval_to_integer(const struct tval *v, int64_t *n);
/* A number as Python's float() takes it. */
bool tval_to_real(const struct tval *v, double *d);

/* As str() writes it; adds to `out`. */
void tval_print(const struct tval *v, struct buf *out);

#endif
