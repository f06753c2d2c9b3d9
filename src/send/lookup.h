#ifndef OMNI_CONTACT_LOOKUP_H
#define OMNI_CONTACT_LOOKUP_H

#include "message/contacts.h"

/*
 * omni-contact lookup, as the functions of contacts.h: {"id" or "address"}.
 * Asks Twilio of what kind the lines of these numbers are, and keeps it.  Some
 * are asked for once only: what is known costs nothing.
 */
void contacts_lookup(struct filter *f, struct record *r);
/* Ends what the first record of these began. */
void contacts_lookup_end(void);

#endif
