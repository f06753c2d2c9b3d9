#ifndef OMNI_TWILIO_HOOK_IMPL_H
#define OMNI_TWILIO_HOOK_IMPL_H

#include "provider/twilio_hook.h"

/* What twilio_hook.c and twilio_hook_call.c share; nobody else includes it. */

#define TWILIO_SID_MAX	64

/* Twilio sends empty parameters for what it does not know. */
const char *twilio_param(const struct form *f, const char *name);
bool twilio_consists_of(const char *s, const char *charset, size_t min,
    size_t max);
/* Refused when it has not the shape; left out when it is not there. */
int twilio_put_address(struct value *event, const char *key,
    const struct form *f, const char *name, struct error *e);
/* `ref` of the query. */
void twilio_put_reference(struct value *event, const char *query);
/* "twilio:SM...:WHAT"; a replayed request has the key of the first. */
void twilio_put_key(struct value *event, const char *sid, const char *what);

int twilio_hook_read_call(enum twilio_hook kind, const struct form *f,
    const char *query, struct value **event, struct error *e);

#endif
