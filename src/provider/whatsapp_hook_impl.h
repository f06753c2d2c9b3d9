#ifndef OMNI_WHATSAPP_HOOK_IMPL_H
#define OMNI_WHATSAPP_HOOK_IMPL_H

#include "whatsapp_hook.h"

/*
 * Shared by the files that make up whatsapp_hook.h and, as far as it is about
 * any JSON, by ses_hook.c.
 */

#define HOOK_ID_MAX	256	/* a wamid has some 60, a user's id 135 */
#define HOOK_RAW_MAX	(64 * 1024)

struct reading {
	struct value *events;
	bool full;
	const struct value *value;	/* of the change at hand */
	const char *field;
};

/*
 * What a stranger wrote must not cost the other events of a batch: \u0000 and
 * half of a surrogate pair, which strict JSON cannot hold, become U+FFFD.
 */
void hook_mend_escapes(struct buf *out, const char *s, size_t len);
/* A string with something in it, or NULL. */
const char *hook_given(const struct value *v, const char *key);
void hook_put_given(struct value *event, const char *key,
    const struct value *from, const char *member);
/* Keeps strange bytes out of keys and views.  NULL is none. */
bool hook_is_id(const char *s);
/*
 * "5215512345678" or "+52 1 55 1234 5678" as "+525512345678": Meta writes the
 * 1 that Mexico gave up in 2019, and nobody else does.
 */
bool hook_phone(const char *s, char out[17]);
/* False when nobody can be told from it. */
bool hook_put_person(struct value *event, const char *key, const char *wa_id,
    const char *user_id);
/* Text or a number of seconds, returned for a key; "" when it is neither. */
const char *hook_put_time(struct value *event, const struct value *from,
    char seconds[24]);
void hook_put_raw(struct value *event, const struct value *v);
void hook_put_error(struct value *event, const struct value *error);

struct value *hook_event_new(const char *kind);
void hook_add_take(struct reading *r, struct value *event);
void hook_add_other(struct reading *r, const struct value *what);
void hook_read_message(struct reading *r, const struct value *v);

#endif
