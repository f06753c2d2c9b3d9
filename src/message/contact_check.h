#ifndef OMNI_CONTACT_CHECK_H
#define OMNI_CONTACT_CHECK_H

#include "base/config.h"
#include "base/record.h"

/*
 * What is wrong with a contact, for a record that is refused: the code of
 * omni-record(5), the member, and words to go behind its name.
 */
struct contact_flaw {
	const char *code, *field, *text;
};

/*
 * What is wrong with the id of a contact, or NULL; that there is none is for
 * the caller to judge.  People with an empty one would all be one person.
 */
const char *contact_id_fault(const struct value *contact);
/* True when nothing is; what is written then is lent from `mem`. */
bool contact_check(const struct config *c, const struct value *contact,
    struct contact_flaw *why, struct arena *mem);

#endif
