#ifndef OMNI_SMS_H
#define OMNI_SMS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/program.h"

/*
 * The text of an SMS made ready: cheaper where the channel allows it, counted,
 * and refused where it is too long.
 *
 * Segments are those of plain 3GPP arithmetic (segments.h).  Twilio's own
 * calculator differs only where it keeps a joined emoji whole, and then counts
 * more (74 of the 10,059 texts of corpora/sms); the standard holds for every
 * carrier, and no answer of Twilio's own billing is on file.
 *
 * A character here is a code point.  Positions count them from 1.
 */
#define SMS_TEXT_MAX	1600	/* characters; Twilio's limit */
#define SMS_LISTED	20	/* different characters that are named */

/* The characters that make a text UCS-2, in the order they are met. */
struct sms_offenders {
	struct sms_offender {
		char text[5];	/* in UTF-8 */
		size_t at;	/* where it is first */
		size_t count;
	} item[SMS_LISTED];
	size_t count;		/* different ones that are listed */
	size_t total;		/* all of them, listed or not */
};

void sms_offenders(const char *utf8, struct sms_offenders *o);
/* "í at 2 (3 times)"; what cannot be seen by itself is named, "U+200D". */
void sms_offender_text(const struct sms_offender *o, struct buf *out);

/* What was replaced, each character once, in the order they were met. */
struct sms_change {
	struct sms_change *next;
	const char *from, *to;
	size_t count;
};

/*
 * Both return the text with other characters in it, taken from `mem` as the
 * changes are; those that are there already stay.
 *
 * sms_smart() replaces each look-alike, as Twilio's calculator does, also in a
 * text that stays UCS-2 for other reasons: what is left is what somebody must
 * change by hand.
 *
 * sms_plain() takes from letters the marks that GSM-7 does not have.  It
 * returns NULL, and changes nothing, unless that makes the whole text GSM-7:
 * "Cancún" with an emoji beside it costs the same without its accent.
 */
const char *sms_smart(const char *utf8, struct sms_change **changes,
    struct arena *mem);
const char *sms_plain(const char *utf8, struct sms_change **changes,
    struct arena *mem);

/* The text as the channel `account` wants it, by either of them or both. */
const char *sms_rewrite(const char *utf8, const struct config *c,
    const char *account, struct sms_change **changes, struct arena *mem);

/* "; not in GSM-7: í at 2, ó at 7; 1 with letters of GSM-7 in their place" */
void sms_blame(const char *utf8, struct buf *out, struct arena *mem);

/*
 * Sets what a record of an SMS has beside its text: `segments`, `encoding`,
 * and where there is something to say `replaced` and `ucs2`.  `text` is
 * replaced as the channel `account` is configured.  False when the record was
 * refused.
 */
bool sms_prepare(struct filter *f, struct record *r, const struct config *c,
    const char *account);

#endif
