#ifndef OMNI_CONFINED_H
#define OMNI_CONFINED_H

#include "config.h"

/*
 * Confinement (confine.h) as the configuration has it, for filters and senders.
 * Call it when all is set up: what is open by then stays so, like a ledger.
 */

/* What a filter opens later, besides zones. */
enum {
	CONFINED_TEXTS = 1,	/* templates */
	CONFINED_SPOOL = 2,
	CONFINED_ATTACHMENTS = 4,
	CONFINED_ASKS = 8	/* nothing, but it has a launcher */
};

/* Whether filters are to be confined: [filter] confine. */
bool confined_filters(const struct config *c);
void confined_filter(struct config *c, unsigned int needs);

/*
 * A sender, unless [send] confine says no.  Where mails go to a sendmail(8),
 * which is a program, and of Postfix one with rights of its own, it is not.
 */
void confined_sender(struct config *c);

#endif
