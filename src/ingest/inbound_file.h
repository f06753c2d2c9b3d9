#ifndef OMNI_INBOUND_FILE_H
#define OMNI_INBOUND_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/record.h"
#include "ingest/link_hook.h"
#include "send/sns_inbox.h"

/* Of a webhook with what stands before it; a mail may be longer. */
#define INBOUND_FILE_MAX	(4 * 1024 * 1024)

/* As inbound_file_parse() finds it, all of it lent from `mem` or the file. */
struct inbound_file {
	const char *text, *hook, *query, *type;	/* or NULL */
	const char *received;	/* when it came, or NULL */
	const char *body;
	size_t len;
	instant at;		/* of `received`, or now */
};

/*
 * A file of the inbound spool: lines about where it came from, an empty line,
 * and what came, byte for byte.  -1: it is none.
 */
int inbound_file_parse(struct inbound_file *f, const struct buf *file,
    struct arena *mem, struct error *e);

/* What some hooks need to be understood. */
struct inbound_readers {
	struct sns_inbox *sns;
	struct link_hook links;
};

/* What it says, as an array of events, given to the caller. */
int inbound_file_read(const struct inbound_file *f,
    struct inbound_readers *readers, struct arena *mem,
    struct value **events, struct error *e);

#endif
