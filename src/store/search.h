#ifndef OMNI_SEARCH_H
#define OMNI_SEARCH_H

#include <stdint.h>

#include "store/ledger.h"

/*
 * Words of messages, found by SQLite's FTS5.  The index is a file of its own,
 * search.db in the spool, because it is a convenience: who sends and receives
 * pays nothing for it, who searches brings it up to date first, and it may be
 * removed at any time.  It keeps no texts, only which words are where.  Accents
 * and case do not count.
 *
 * It goes by the rows of the ledger's table message, and is made anew where
 * these are not those that it knows, and where it is damaged.  Whoever has it
 * open has a lock on PATH.lock, so that two do not make or remove it at once.
 *
 * Who may not write it, or cannot as the disk is full, searches what is not in
 * it by an index in memory, which goes with them.
 */
struct search;

#define SEARCH_ASIDE	100000	/* messages of an index in memory */

/* Waits for others who search. */
struct search *search_open(struct ledger *l, const char *path);
/*
 * Gives `take` the rows of messages that have all of the words, each as the
 * beginning of one, the latest first, until it returns false.  -1 and `e`
 * where the index can neither be written nor done without.
 */
int search_find(struct search *s, const char *words,
    bool (*take)(void *ctx, int64_t row), void *ctx, struct error *e);
void search_close(struct search *s);

/*
 * Removes the index, so that nothing is left in it of who was forgotten, once
 * nobody has it open any more.
 */
int search_remove(const char *path, struct error *e);

#endif
