#ifndef OMNI_LINK_APPLY_H
#define OMNI_LINK_APPLY_H

#include "base/config.h"
#include "store/ledger.h"

/*
 * What somebody chose on the page behind a link, applied to the ledger: a part
 * of inbound.h, which says what is added to `event`.  A link belongs to one of
 * our messages, `answers`, and is the word of whom that one was for.
 *
 * `purpose` confirm goes the way of all answers; see answer.h.
 *
 * `purpose` unsubscribe has a `scope`:
 *
 *	kind	the topic of the message, at the addresses of that type of
 *		channel that the person has.  Of marketing it is all topics of
 *		marketing: who is tired of offers does not tell them apart.  A
 *		message without a topic has no kind; then it is
 *	channel	all that comes to these addresses, and to those to come
 *	all	everything, at all addresses of the person, and those to come
 *
 * One click in a mail program means kind: what it promises is the list that
 * the mail came by (RFC 2369, 3.2), and who wants no offers may still want to
 * know of an appointment.
 *
 * `purpose` preferences has `set`, with `channel` and `language`,
 * `quiet_start` and `quiet_end`, null for none, `topics` with true and false,
 * and `messages`: start, channel or all.
 */
void link_apply(struct ledger *l, struct config *c, struct value *event,
    struct arena *mem);

#endif
