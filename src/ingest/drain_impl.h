#ifndef OMNI_DRAIN_IMPL_H
#define OMNI_DRAIN_IMPL_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/record.h"
#include "message/auto_reply.h"
#include "message/links.h"
#include "inbound_file.h"
#include "store/ledger.h"

#define DRAIN_FILES_MAX	1000000	/* taken in by one run */
#define DRAIN_WAITING	"subscriptions"	/* for a person, below inbound */

struct drain {
	struct config *config;
	struct ledger *ledger;
	struct inbound_readers readers;
	struct links links;	/* once there is a mail */
	bool has_links, confirming, quiet;
	struct auto_reply *auto_reply;	/* or NULL */
	struct arena mem;	/* of one file, or one event */
	int dir;		/* of the inbound spool */
	int media;		/* of spool/media, while that is open */
	int trouble;		/* a status: all was applied, but... */
	uintmax_t bad, failed;
	uintmax_t absent;	/* named for --replay, and not there */
	uintmax_t media_later;	/* could not be fetched in this run */
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

/* Fetches what came along, as far as the ledger says that it waits. */
void drain_media(struct drain *d);

/*
 * Moves files from bad/ back to new/, all of them without names; those that are
 * not there are told and counted.
 */
void drain_replay(struct drain *d, char *const names[], size_t count);
/* Prints what lies in bad/, and why, and changes nothing. */
int drain_list_bad(struct config *c, char *const names[], size_t count);

/* Tells SNS, for each topic that has asked, that its events are wanted. */
void drain_confirm_all(struct drain *d);

#endif
