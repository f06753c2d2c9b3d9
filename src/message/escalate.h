#ifndef OMNI_ESCALATE_H
#define OMNI_ESCALATE_H

#include "base/config.h"
#include "message/ladder.h"
#include "store/idset.h"
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
	struct hours hours;
	uintmax_t faults;
	bool quiet;
	struct idset *noticed;	/* reminders with a notice; NULL: none */
	/* Gets each record in the place of standard output; or NULL. */
	void (*take)(void *ctx, const struct record *r);
	void *ctx;
};

void escalate(struct escalator *s);
/*
 * What the templates get of a reminder: of its content, and of its event.  The
 * record gets the metadata of the content.
 */
struct value *escalate_vars(struct escalator *s, struct record *r,
    const char *key, const char *zone, instant event);
void escalate_put(const struct escalator *s, const struct record *r);

#endif
