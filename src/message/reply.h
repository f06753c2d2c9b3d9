#ifndef OMNI_REPLY_H
#define OMNI_REPLY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a person means who answers a reminder; omni-words(5) says how the lists
 * of share/words are read.
 *
 * For a yes the whole message must be understood, word by word: an appointment
 * taken for confirmed that is not costs more than a question asked twice.  A no
 * and a stop are found in a longer message, too, where they are said in so many
 * words and nothing speaks against them.  What asks for another time, asks
 * something, or is not certain goes to staff.  "Si" is a yes and also an if, so
 * no word decides alone.  Case, accents and punctuation do not count, but for
 * question marks, and for punctuation that separates: "no, cancelo" is a no,
 * "no cancelo" is none.
 *
 * CANCEL and its like decline the appointment; they never opt out.  YES
 * confirms; it never opts in.
 */
#define REPLY_TEXT_MAX	2000	/* bytes; what is longer is unclear */

enum reply_intent {
	REPLY_CONFIRM,
	REPLY_DECLINE,
	REPLY_RESCHEDULE,	/* would come at another time */
	REPLY_STOP,	/* no messages any more */
	REPLY_START,
	REPLY_HELP,
	REPLY_QUESTION,
	REPLY_WRONG_NUMBER,	/* it is somebody else's */
	REPLY_CALL_BACK,	/* wants to be called; never from a text */
	REPLY_AUTOMATIC,	/* no person wrote it; never from a text */
	REPLY_UNCLEAR,
	REPLY_EMPTY,	/* nothing but spaces and punctuation */
	REPLY_MAX
};

/* "confirm", "decline", … for programs. */
const char *reply_intent_name(enum reply_intent intent);
/* Text that is not UTF-8 is unclear. */
enum reply_intent reply_classify(const char *utf8, size_t len);

/* Whether some of it denies, doubts or puts off, whatever else it says. */
bool reply_objects(const char *utf8, size_t len);

#endif
