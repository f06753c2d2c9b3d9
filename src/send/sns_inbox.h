#ifndef OMNI_SNS_INBOX_H
#define OMNI_SNS_INBOX_H

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/record.h"

/*
 * What the drain does with a webhook of SNS: the front half, which goes to no
 * network, has not looked at its signature.
 */
struct sns_inbox;

struct sns_inbox *sns_inbox_open(struct config *c);
void sns_inbox_close(struct sns_inbox *s);

/*
 * Fetches what sns_inbox_read() will need of the network.  To be called before
 * the ledger is locked; says nothing, whatever the body is.
 */
void sns_inbox_prepare(struct sns_inbox *s, const char *body, size_t len);
/*
 * The events of a body that came at `received`, as an array; see ses_hook.h.
 * Beside those there are the kinds
 *
 *	subscription, unsubscription
 *		kind provider channel_type topic subscribe_url at key
 *
 * -1 and EX_TEMPFAIL: nobody can tell yet; EX_DATAERR: it is none of ours.
 */
int sns_inbox_read(struct sns_inbox *s, const char *body, size_t len,
    instant received, struct value **events, struct error *e);
/*
 * The same for somebody who only wants to see it: no server is asked, nothing
 * is written.  Where the signature cannot be checked like that, `unchecked`
 * says why not, and else its text is empty.
 */
int sns_inbox_look(struct sns_inbox *s, const char *body, size_t len,
    instant received, struct value **events, struct error *unchecked,
    struct error *e);
/*
 * Confirms the event of kind subscription, which that has given, at SNS.  -1
 * and EX_TEMPFAIL or EX_DATAERR, likewise.
 */
int sns_inbox_confirm(struct sns_inbox *s, const struct value *event,
    struct error *e);

#endif
