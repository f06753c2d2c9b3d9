#ifndef OMNI_REPLY_READ_H
#define OMNI_REPLY_READ_H

#include <stdbool.h>
#include <stddef.h>

/*
 * An answer as words: without case, accents, width of letters, colours of skin
 * and what is invisible.  A symbol, such as a thumb, is a word of its own.
 */
#define REPLY_WORDS_MAX	250
#define REPLY_WORD_MAX	32	/* bytes, with the NUL */

struct reply_word {
	char text[REPLY_WORD_MAX];
	bool apart;	/* punctuation separates it from the one before */
	bool accented;	/* as "sí" is, which is a yes and not an if */
	bool number;	/* digits */
};

struct reply_text {
	struct reply_word words[REPLY_WORDS_MAX];
	size_t count;
	size_t len;	/* of the word that is being written, 0: none */
	bool apart;	/* punctuation since the last word */
	bool question;	/* a question mark is in it */
	bool full;	/* more words than fit */
};

/* False when it is not UTF-8, or more than can be understood. */
bool reply_read(const char *utf8, size_t len, struct reply_text *out);

#endif
