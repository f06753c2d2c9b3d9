#ifndef OMNI_REPLY_LEXICON_H
#define OMNI_REPLY_LEXICON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "reply_read.h"

/*
 * The lists of share/words, compiled in, and those of the site: which phrases
 * there are, and what each of them does to an answer; omni-words(5).
 *
 * They are read when the first answer comes, once for the whole process.
 */
enum reply_kind {
	KIND_YES,
	KIND_YES_ALONE,		/* only as the whole message */
	KIND_YES_ACCENTED,	/* "sí puedo", while "si puedo" is an if */
	KIND_COMING,		/* a yes that may name the day */
	KIND_NO,
	KIND_NO_ALONE,
	KIND_NEGATION,		/* a no that a verb may still turn */
	KIND_NOT_COMING,	/* a no whatever is told besides */
	KIND_CANCEL,		/* a no, unless it is denied */
	KIND_CANCEL_FIRM,	/* the same whatever is told besides */
	KIND_CANCEL_REQUEST,	/* the same, also with a question mark */
	KIND_STOP,		/* as the whole message, but for courtesies */
	KIND_STOP_WISH,		/* also inside a longer message */
	KIND_START,
	KIND_HELP,
	KIND_RESCHEDULE,
	KIND_QUESTION,
	KIND_WRONG_NUMBER,
	KIND_MAYBE,
	KIND_UNTIL,		/* a no or a stop for a while only */
	KIND_REGRET,		/* nothing beside a no, doubt beside a yes */
	KIND_DAY,
	KIND_HOUR,
	KIND_APPOINTMENT,	/* nothing, and times that follow are its own */
	KIND_FILLER,		/* nothing, but not beside stop, start, help */
	KIND_NAMED,		/* the same, and names may follow */
	KIND_POLITE,		/* nothing at all */
	KIND_GREETING,		/* the same, and names may follow */
	KIND_CLOSING,		/* the same, also on the next line */
	KIND_WORD,		/* no phrase: unknown, and not misspelt */
	KIND_EMERGENCY,		/* nothing to an answer: emergency.h has it */
	KIND_MAX
};

/* "yes", "not-coming", …, as the lists have it. */
const char *reply_kind_name(enum reply_kind kind);

/* The words that one of a message may be: itself, or what it is close to. */
#define REPLY_SPELLINGS	8
struct reply_spellings {
	const char *as[REPLY_SPELLINGS];
	size_t count;		/* 0: unknown */
	bool doubtful;		/* close to words of different meaning */
};
void reply_lexicon_spell(const struct reply_word *w,
    struct reply_spellings *out);

/*
 * The longest phrase at `at`: its number of words and its kind, or 0.  With
 * `alone` it is one for a whole message.  `s` are the spellings of all words.
 */
size_t reply_lexicon_longest(const struct reply_text *t,
    const struct reply_spellings *s, size_t at, bool alone,
    enum reply_kind *kind);

/*
 * Adds the lists of a file, for the rest of the process; -1 and EX_CONFIG,
 * naming file and line, with nothing to be relied on any more.
 */
int reply_lexicon_add(const char *file, struct error *e);

/* For tests: the i-th phrase, or NULL after the last. */
const char *reply_lexicon_phrase(size_t i, enum reply_kind *kind);

#endif
