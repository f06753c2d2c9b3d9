#ifndef OMNI_SPOOL_H
#define OMNI_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Spool directories: files handed over through tmp/, new/, cur/ and bad/.
 * omni-spool(5) has the table of states and crash points.
 *
 * A file is written in tmp/, and linked into new/ when it is whole.  Whoever
 * takes it opens it, locks it, makes sure that the name still means the file
 * that was locked, and only then moves it to cur/: so neither a file that was
 * renamed meanwhile nor a lock on a removed file deceives anybody.
 */
#define SPOOL_NAME	80

/* A descriptor of `path`, with its four directories made if need be. */
int spool_open(const char *path, struct error *e);

/* "1790000000.123456789.4711.1.9f86d081": sorts by time; unique. */
char *spool_name(char out[SPOOL_NAME]);

/*
 * Puts one file into new/.  With `durable` it survives a power cut once this
 * returns 0; otherwise only a crash of the process.  An existing new/NAME is
 * never replaced: that is EEXIST.  -1: nothing is in new/.
 */
int spool_put(int dir, const char *name, const void *data, size_t len,
    bool durable, struct error *e);

/*
 * The names in `sub`, sorted, without those that begin with a dot, at most
 * `max`; the caller frees with spool_names_free().
 */
int spool_names(int dir, const char *sub, size_t max, char ***names,
    size_t *count, struct error *e);
void spool_names_free(char **names, size_t count);

/*
 * Takes sub/NAME ("new" or "cur") for this process: locked, and in cur/.
 * Returns its descriptor; -1 with errno EAGAIN when another process has it,
 * ENOENT when it is gone, EINVAL when it is a link or no plain file.
 */
int spool_claim(int dir, const char *sub, const char *name);
/* Removes cur/NAME. */
int spool_done(int dir, const char *name);
/*
 * Sets FROM/NAME aside in bad/, with the reason in bad/NAME.reason if that is
 * not too long for a name.
 */
int spool_reject(int dir, const char *from, const char *name,
    const char *reason);

/*
 * The lock SPOOL/run/NAME.lock, held until the descriptor returned is closed or
 * the process dies.  -1 and EX_TEMPFAIL when another has it.
 */
int spool_lock(const char *spool, const char *name, struct error *e);
/* The same, and waits for another to let go of it. */
int spool_lock_wait(const char *spool, const char *name, struct error *e);

/*
 * Removes every file of a spool directory whose files decide nothing, as those
 * below outbound.  One that is not there is empty.
 */
int spool_empty(const char *path, struct error *e);
/* Removes files in tmp/ older than `age` seconds: their writers are dead. */
void spool_sweep(int dir, long age);

#endif
