#ifndef OMNI_DRAIN_IMPL_H
#define OMNI_DRAIN_IMPL_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/record.h"
#include "message/links.h"
#include "send/sns_inbox.h"
#include "store/ledger.h"

#define DRAIN_FILES_MAX	1000000	/* taken in by one run */
#define DRAIN_WAITING	"subscriptions"	/* for a person, below inbound */

struct drain {
	struct config *config;
	struct ledger *ledger;
	struct sns_inbox *sns;
	struct links links;	/* once there is a mail */
	bool has_links, confirming, quiet;
	struct arena mem;	/* of one file, or one event */
	int dir;		/* of the inbound spool */
	uintmax_t bad, failed;
	uintmax_t later;	/* files that nobody can judge today */
};

/* What a file says. */
struct drained {
	struct value *events;	/* an array */
	char received[CLOCK_TEXT];	/* or "" */
	size_t len;		/* of the file */
};

/*
 * Reads FROM/NAME.  False: `d` counts and has told why not, and a file that is
 * no good lies in bad/.
 */
bool drain_load(struct drain *d, const char *from, const char *name,
    struct drained *file);
/* Sets the file aside in bad/, or leaves it, as the status of `e` says. */
void drain_refuse(struct drain *d, const char *from, const char *name,
    const struct error *e);
/* FROM/NAME is seen to, and goes. */
void drain_remove(struct drain *d, const char *from, const char *name);
void drain_print(const struct drain *d, const struct value *event);

/* Tells SNS, for each topic that has asked, that its events are wanted. */
void drain_confirm_all(struct drain *d);

#endif
