#ifndef OMNI_ESCALATE_H
#define OMNI_ESCALATE_H

#include "base/config.h"
#include "message/ladder.h"
#include "store/ledger.h"

/*
 * Each reminder step that is due now, as a record on standard output.  Nothing
 * is written: omni-queue says what came of it, so a broken pipe is run again.
 */
struct escalator {
	struct config *config;
	struct ledger *ledger;
	struct arena mem;
	struct ladder ladder;
	uintmax_t faults;
	bool quiet;
};

/*
 * -1 when a ladder names a template that is not there, or broken: it would be
 * refused record by record; better nothing, and one clear word.
 */
int escalate_check(struct config *c, struct error *e);
void escalate(struct escalator *s);
void escalate_put(const struct escalator *s, const struct record *r);

#endif
