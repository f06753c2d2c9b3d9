#ifndef OMNI_EMAIL_H
#define OMNI_EMAIL_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * Mail addresses: the syntax of RFC 5321 and IDNA, and a look for slips of
 * the pen in the names of big mail providers.
 */
#define EMAIL_MAX	254	/* RFC 5321 4.5.3.1.3, less the brackets */

/*
 * `*out` is local@domain: the domain in lower case and ASCII, a local part in
 * quotes without them where it needs none.  False, and `*why`, to go behind
 * "email", when it is no address that mail can be sent to.
 */
bool email_read(const char *raw, struct arena *mem, const char **out,
    const char **why);

/* gmail.com for gmial.com; NULL when `domain`, in ASCII, is not suspicious. */
const char *email_domain_meant(const char *domain, struct arena *mem);

/* <one@host>, as omni-record(5) wants it in in_reply_to. */
bool email_is_message_id(const char *s);

#endif
