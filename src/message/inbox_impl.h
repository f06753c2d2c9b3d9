#ifndef OMNI_INBOX_IMPL_H
#define OMNI_INBOX_IMPL_H

#include "message/inbox.h"

/*
 * Shared by the parts of the inbox only: inbox_list.c, inbox_show.c (one
 * conversation), inbox_act.c (what changes it), inbox_reply.c (answers) and
 * inbox_search.c.
 */

/* A conversation as inbox_list() has it; NULL: there is none of this id. */
struct value *inbox_one(struct inbox *b, const char *id);
/* Sets the member unless `s` is NULL. */
void inbox_put_text(struct value *v, const char *key, const char *s);
/*
 * All conversations that are shown as this one: a person's own, and those of
 * their addresses from before anybody knew whose they are.  A JSON list.
 */
const char *inbox_together(struct inbox *b, const char *id);
/* inbox_read() within a transaction. */
void inbox_mark_read(struct inbox *b, const char *id, const char *last);

#endif
