#ifndef OMNI_SIMULATOR_EMIT_H
#define OMNI_SIMULATOR_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * JSON written straight into a buffer, which is several times as fast as
 * building a tree first.  Commas come by themselves.  Text that is not UTF-8
 * is repaired as record.h says.
 */
void emit_open(struct buf *b, const char *key, char bracket);	/* '{' or '[' */
void emit_close(struct buf *b, char bracket);			/* '}' or ']' */
/* Without a key (NULL) it is an element of an array.  NULL is written null. */
void emit_string(struct buf *b, const char *key, const char *s);
void emit_integer(struct buf *b, const char *key, int64_t n);
void emit_bool(struct buf *b, const char *key, bool value);
/* What is JSON already. */
void emit_raw(struct buf *b, const char *key, const char *json);

#endif
