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
 * these are not those that it knows.
 */
struct search;

/*
 * EX_NOPERM where it may be neither written nor read; who may only read it
 * finds what it has.
 */
struct search *search_open(struct ledger *l, const char *path,
    struct error *e);
/* Takes in what is new; -1 and `e` where that cannot be written. */
int search_update(struct search *s, struct error *e);
/*
 * The rows of messages that have all of the words, each as the beginning of
 * one, the latest first; at most `max`.  Returns how many.
 */
size_t search_find(struct search *s, const char *words, int64_t *rows,
    size_t max);
void search_close(struct search *s);

/* Removes the index, so that nothing is left in it of who was forgotten. */
int search_remove(const char *path, struct error *e);

#endif
