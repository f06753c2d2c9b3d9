#ifndef OMNI_LIBRARY_H
#define OMNI_LIBRARY_H

/*
 * Sets SQLite up before its first use; later calls do nothing.  Without memory
 * the program ends with EX_TEMPFAIL, wherever SQLite asked for it: some of its
 * JSON functions would go on with NULL (3.40), and a projection then not be
 * what the journal says.
 */
void library_start(void);

#endif
