#ifndef OMNI_INBOX_IMPL_H
#define OMNI_INBOX_IMPL_H

#include "message/inbox.h"

/*
 * Shared by the parts of the inbox only: inbox_list.c, inbox_find.c (by name),
 * inbox_show.c (one conversation), inbox_act.c (what changes it),
 * inbox_reply.c (answers), inbox_held.c (drafts) and inbox_search.c.
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
/* The conversation that it is by now; NULL: there is none any more. */
const char *inbox_still(struct inbox *b, const char *id);
/* Begins a transaction, with `id` as it is by now; -1: none is open. */
int inbox_begin(struct inbox *b, const char **id, struct error *e);
/* The first column of the only row, which it ends; NULL: there is none. */
const char *inbox_text(struct inbox *b, struct ledger_rows *r);
/* The row of a message, which must be of one of these; see inbox_together(). */
int inbox_row(struct inbox *b, const char *all, const char *message,
    int64_t *row, struct error *e);
/*
 * inbox_read() within a transaction, as far as the row `last`; 0: all.  Gives
 * what it was: "id", "channel", "at", "text".
 */
struct value *inbox_mark_read(struct inbox *b, const char *id, int64_t last);
/*
 * Whether somebody else has answered: behind the row `last`, or, if that is 0,
 * since the person wrote.  -1 and EX_TEMPFAIL: so it is.
 */
int inbox_colleague(struct inbox *b, const char *id, const char *author,
    int64_t last, struct error *e);

#endif
