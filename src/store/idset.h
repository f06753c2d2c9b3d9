#ifndef OMNI_IDSET_H
#define OMNI_IDSET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A set of ids of any size, for the length of a run.  What does not fit into a
 * few megabytes goes to a file in SQLITE_TMPDIR, TMPDIR or /var/tmp that has
 * no name and is gone with the process.  Where that fails the program ends, as
 * with a ledger: EX_TEMPFAIL for a full disk.
 */
struct idset;

struct idset *idset_new(void);
void idset_free(struct idset *s);	/* NULL is allowed */
/* False when it was there already. */
bool idset_add(struct idset *s, const char *id);
bool idset_has(struct idset *s, const char *id);

#endif
