#ifndef OMNI_SEGMENTS_H
#define OMNI_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How many parts a text takes as SMS, and in which encoding.
 *
 * 3GPP TS 23.038 names the alphabets, TS 23.040 the header that joins parts.
 * One character outside GSM-7 makes the whole text UCS-2 (in practice UTF-16),
 * so the first such character is reported: replacing it may halve the price.
 */
#define SEGMENTS_TEXT_MAX	(1024 * 1024)	/* bytes */

struct segments {
	const char *encoding;	/* "GSM-7" or "UCS-2" */
	int count;		/* 1 for an empty text: it is a message too */
	int units;		/* septets or 16-bit units, without headers */
	int first_ucs2;		/* byte offset of the offender, -1: none */
	char offender[5];	/* that character in UTF-8, or "" */
};

/* Septets that a character takes; 0 when it is not in the alphabet. */
int segments_septets(uint32_t c);

/* False when the text is not UTF-8, or longer than the maximum. */
bool segments_count(const char *utf8, struct segments *s);

#endif
