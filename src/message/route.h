#ifndef OMNI_ROUTE_H
#define OMNI_ROUTE_H

#include "base/program.h"
#include "message/quiet.h"
#include "message/templates.h"
#include "store/ledger.h"

/*
 * Whether a message may go, where and when.  Channels are considered in this
 * order: the explicit wish (then no other), the contact's preference, the
 * table of the message's class or, where the class has none, the site's.  Each
 * that falls away leaves its reason in `route.considered`.
 */
struct router {
	struct config *config;
	struct ledger *ledger;
	struct templates *templates;
	struct quiet quiet;
};

/* For filter_run(): decides one record.  f->ctx is the router. */
void route_record(struct filter *f, struct record *r);

#endif
