#ifndef OMNI_HTMLCHECK_H
#define OMNI_HTMLCHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether HTML is well formed as a mail should be: what is opened is closed,
 * in its order; attributes are in quotes and given once; "&" and "<" are
 * written as entities.  HTML allows more, and browsers mend what is left: but
 * each mail reader, and each filter on the way, mends it differently.
 *
 * Elements that HTML does not have are let through, and so is what it does
 * not allow within another, but for blocks in a <p>, which they would end.
 */
#define HTML_DEPTH_MAX	128	/* elements within each other */
#define HTML_FAULTS_MAX	50	/* told of one text */

struct html_fault {
	size_t at;		/* the byte of the text */
	size_t line, column;	/* both from 1, columns in characters */
	bool warning;		/* well formed, and not good in a mail */
	char text[160];
};

/* Calls `found` for each fault; `text` is UTF-8. */
void html_check(const char *text, size_t len,
    void (*found)(void *ctx, const struct html_fault *f), void *ctx);

#endif
