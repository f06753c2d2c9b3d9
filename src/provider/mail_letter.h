#ifndef OMNI_MAIL_LETTER_H
#define OMNI_MAIL_LETTER_H

#include <stdbool.h>

#include "base/record.h"

/*
 * Bounces that keep to no standard: letters of servers to people, which name
 * whom they could not reach and why in words.  Pure functions over text.
 */
struct mail_letter {
	const char *subject, *text;
	const char *failed;		/* X-Failed-Recipients, or "" */
	const struct value *own;	/* addresses that it was sent to */
};

/*
 * Adds to `recipients` what mail_report.h says.  *copy gets where the mail that
 * came back begins in the text, or its end.  False when nothing says that it
 * is a bounce.
 */
bool mail_letter_read(const struct mail_letter *l, struct value *recipients,
    const char **copy);

/*
 * A report that stands in the text, as in mails that were taken apart wrongly:
 * adds its recipients.  *after gets where it ends; NULL: there is none.
 */
void mail_letter_embedded(const char *text, struct value *recipients,
    const char **after);

#endif
