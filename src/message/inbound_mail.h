#ifndef OMNI_INBOUND_MAIL_H
#define OMNI_INBOUND_MAIL_H

#include "message/links.h"
#include "store/ledger.h"

/*
 * Which of our messages a mail is about.  Before inbound.h applies it, inside
 * the same transaction.
 *
 * A token that link_mail_token() made with a key proves that its bearer got
 * the mail, or carried it.  A Message-ID, which is made of an id and may be
 * guessed, and a token without a key prove nothing: then the event is
 * `unproven`, and an answer counts only if it comes from an address of the one
 * whom the message was for.
 */

/* Whether `event` is of mail_hook.h and nobody has looked for it yet. */
bool inbound_mail_is(const struct value *event);

/*
 * Sets `provider`, `provider_id`, `reference` and `unproven` as far as they
 * can be told, and takes `mail` away.  What came to [links] mailto becomes an
 * event `unsubscribe`, with `message` if its token is good.
 */
void inbound_mail_find(struct ledger *l, const struct config *c,
    const struct links *links, struct value *event, struct arena *mem);

/*
 * Of an event of kind message, without a ledger: "unsubscribe", "auto" or
 * "reply".  Sets `automatic` and `opt_out_type` as inbound_mail_find() does.
 */
const char *inbound_mail_kind(const struct config *c,
    const struct links *links, struct value *event, struct arena *mem);

/*
 * After a status was applied: on how many days mails to this address came
 * back that it may yet take, since it was last heard of, goes to
 * `soft_bounces`; on the third day staff gets a flag.
 */
#define INBOUND_SOFT_DAYS	3
void inbound_mail_count(struct ledger *l, struct value *event);

#endif
