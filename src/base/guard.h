#ifndef OMNI_GUARD_H
#define OMNI_GUARD_H

#include "error.h"

/*
 * Whether a file is safe to go by: what everybody on the machine may write can
 * say anything, and a secret that everybody may read is none.  The group is
 * trusted, since somebody chose it; so is a directory with the sticky bit, in
 * which nobody exchanges what is another's.
 *
 * All give 0, or -1 with EX_CONFIG and what to do about it.
 */

enum guard {
	GUARD_WRITE,	/* others may not write it */
	GUARD_READ	/* nor read it */
};

/* What is open there; only a plain file or a directory has such rights. */
int guard_open(int fd, const char *path, enum guard what, struct error *e);
/* By its path, which may not be there. */
int guard_path(const char *path, enum guard what, struct error *e);
/* The directories that an absolute path leads through, without links. */
int guard_parents(const char *path, struct error *e);
/*
 * For root only: that the file is root's own.  It would do what another says
 * (`why` tells), or leave files behind that the other cannot use.
 */
int guard_root(int fd, const char *path, const char *why, struct error *e);

#endif
