#ifndef OMNI_INBOUND_SPOOL_H
#define OMNI_INBOUND_SPOOL_H

#include "base/config.h"
#include "base/error.h"

/*
 * The inbound spool, as the front half of omni-ingest has it: opened while
 * everything is still allowed, and written when nothing else is.
 */
#define REFUSED_FILE	"refused"	/* below inbound */
#define REFUSED_OLD	"refused.1"
/* Of one, when the next is begun: a flood must not fill the disk. */
#define REFUSED_BYTES	(1024 * 1024)

struct inbound_spool {
	int dir, refused;	/* -1: it could not be opened */
	struct error why;	/* of `dir` */
};

/*
 * Opens it, and from then on the process may do nothing but read, answer, and
 * make files of at most `file` bytes in it ([ingest] confine).  Secrets must be
 * kept before that (config_keep_secrets()).
 */
void inbound_open(struct inbound_spool *s, struct config *c, bool counts,
    unsigned long memory, unsigned long file);
/* A process that needs no spool at all. */
void inbound_none(struct config *c);
/* Puts a file into new/, synced.  -1: nothing is there. */
int inbound_put(struct inbound_spool *s, const struct buf *file,
    struct error *e);
/*
 * Counts one that was refused: one line, "2026-11-24T01:05:00Z twilio/sms", in
 * one write(2), so that those at the same time stay apart.  What cannot be
 * counted is not.
 */
void inbound_count_refused(const struct inbound_spool *s, const char *hook);

#endif
