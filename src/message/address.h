#ifndef OMNI_ADDRESS_H
#define OMNI_ADDRESS_H

#include "base/record.h"
#include "message/phonebook.h"
#include "message/subscription.h"

/*
 * Addresses as people write them, made into what providers take: see
 * phonebook.h for telephones and email.h for mail.
 */

/*
 * Two addresses are one person's when their identity is the same: mail in
 * lower case, as all servers that matter take it, and +52 1 folded to +52,
 * as WhatsApp and old address books still write it.  A subscription to Web Push
 * is what it is.  Hashes in the ledger are those of identities.
 */
#define ADDRESS_IDENTITY	(SUBSCRIPTION_MAX + 1)
char *address_identity(const char *to, char out[ADDRESS_IDENTITY]);

/*
 * Makes the field `address` of omni-record(5) from `contact`: one member for
 * each channel type, with `to` or with `refused`.  ADDRESS_REFUSED when the
 * contact has no usable address at all; then *field is what is wrong first
 * and *why lists all reasons.  A contact with an id and nothing else gives
 * ADDRESS_OK and *address NULL: the ledger knows more.
 */
enum address_result address_of_contact(struct phonebook *b,
    const struct config *c, const struct value *contact, struct arena *mem,
    struct value **address, const char **field, const char **why,
    struct error *e);
/* A hint that this contact's turn will come; see phonebook.h. */
void address_expect(struct phonebook *b, const struct value *contact);

#endif
