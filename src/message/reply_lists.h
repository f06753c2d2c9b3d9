#ifndef OMNI_REPLY_LISTS_H
#define OMNI_REPLY_LISTS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "reply_lexicon.h"

/*
 * The form of a word list, omni-words(5): sections of patterns, of which each
 * stands for several phrases.
 */
#define REPLY_PATTERN_PHRASES	16384	/* phrases of one pattern */
#define REPLY_PHRASE_WORDS	16

/* Gets each phrase, folded, its words divided by one space. */
typedef void reply_phrase_fn(void *ctx, enum reply_kind kind,
    const char *phrase, size_t line);

/* -1 and EX_CONFIG, naming `file` and the line. */
int reply_lists_read(const char *file, const char *text, reply_phrase_fn *each,
    void *ctx, struct error *e);

#endif
