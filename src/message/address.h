#ifndef OMNI_ADDRESS_H
#define OMNI_ADDRESS_H

#include "base/record.h"

/*
 * Addresses as people write them, made into what providers take: E.164 for
 * telephones, RFC 5321 with an ASCII domain for mail.
 *
 * Telephone numbers go through the program phonenumber(1), which is started
 * at the first number and asked again after a death once.  Prefixes that
 * Mexico gave up in 2019 (+52 1, 044, 045, 01) are taken off before, so that
 * any version of libphonenumber gives the same answer.
 */
struct phonebook;

enum address_result {
	ADDRESS_OK,
	ADDRESS_REFUSED,	/* *why says so in words */
	ADDRESS_UNKNOWN		/* the helper failed: a later run may cure it */
};

/* `program` and `region` must outlive it. */
struct phonebook *phonebook_new(const char *program, const char *region);
void phonebook_free(struct phonebook *b);

struct phone {
	const char *e164, *line, *extension;	/* extension NULL: none */
};
enum address_result phone_normalize(struct phonebook *b, const char *raw,
    struct arena *mem, struct phone *out, const char **why, struct error *e);

/* `*out` is local@domain: the domain in lower case and ASCII. */
enum address_result email_normalize(const char *raw, struct arena *mem,
    const char **out, const char **why);

/*
 * Two addresses are one person's when their identity is the same: mail in
 * lower case, as all servers that matter take it, and +52 1 folded to +52,
 * as WhatsApp and old address books still write it.  Hashes in the ledger are
 * those of identities.
 */
#define ADDRESS_IDENTITY	512
char *address_identity(const char *to, char out[ADDRESS_IDENTITY]);

/*
 * Makes the field `address` of omni-record(5) from `contact`: one member for
 * each channel type, with `to` or with `refused`.  ADDRESS_REFUSED when the
 * contact has no usable address at all; then *field is what is wrong first
 * and *why lists all reasons.  A contact with an id and nothing else gives
 * ADDRESS_OK and *address NULL: the ledger knows more.
 */
enum address_result address_of_contact(struct phonebook *b,
    const struct value *contact, struct arena *mem, struct value **address,
    const char **field, const char **why, struct error *e);

#endif
