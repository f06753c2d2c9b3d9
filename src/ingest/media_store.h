#ifndef OMNI_MEDIA_STORE_H
#define OMNI_MEDIA_STORE_H

#include "base/buf.h"
#include "store/ledger.h"

/*
 * spool/media: what people sent, YYYY-MM/DIGEST.ENDING.  The digest is a keyed
 * one, since it stays in the journal when the file is forgotten.
 *
 * A file is whole in tmp/DIGEST, and synced, before the ledger knows of it;
 * after the commit it goes to where the ledger says.  omni-spool(5) has the
 * states.
 */
#define MEDIA_PATH	80

/* A descriptor of the directory. */
int media_store_open(const char *spool, struct error *e);
/* The path that it will have: by its month, its bytes and its type. */
void media_store_path(const char *received, const char *digest,
    const char *ending, char path[MEDIA_PATH]);
/* Into tmp/. */
int media_store_write(int dir, const char *digest, const struct buf *data,
    struct error *e);
/* From tmp/ to `path`. */
int media_store_settle(int dir, const char *digest, const char *path,
    struct error *e);
/* Forgets what lies in tmp/. */
void media_store_drop(int dir, const char *digest);
/*
 * What a crash left in tmp/: what the ledger knows is settled, the rest goes.
 * The caller has the drain's lock.
 */
int media_store_recover(int dir, struct ledger *l, struct error *e);

#endif
