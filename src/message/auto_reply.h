#ifndef OMNI_AUTO_REPLY_H
#define OMNI_AUTO_REPLY_H

#include "base/config.h"
#include "store/ledger.h"

/*
 * [ingest] auto_reply: who writes what a person will have to read gets one
 * answer at once, with the number for emergencies.
 *
 * It is a message like any other: routed, rendered and queued here, in the
 * transaction that enters what was written, under an id that is made of that
 * one's key; and it meets the gate when it is sent.  So a crash neither loses
 * it nor makes two of it, and what stops a message stops this one.
 */
struct auto_reply;

/*
 * *out stays NULL where none is configured.  -1: it is, but the template or
 * what it needs cannot be had.
 */
int auto_reply_open(struct auto_reply **out, struct config *c,
    struct ledger *l, struct error *e);
void auto_reply_close(struct auto_reply *a);

/*
 * After inbound_apply(), inside its transaction.  To an event that is left to
 * staff it adds "auto_reply": {"state", "id", "reason"}, where the state is
 * queued, refused (a fault of ours: the reason is told) or none.
 */
void auto_reply_answer(struct auto_reply *a, struct value *event);
/* Commits, and writes the work orders. */
void auto_reply_commit(struct auto_reply *a);
/* How many could not be made. */
uintmax_t auto_reply_failed(const struct auto_reply *a);

#endif
