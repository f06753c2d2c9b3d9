#ifndef OMNI_CONTACTS_SHOW_H
#define OMNI_CONTACTS_SHOW_H

#include "message/contacts.h"

/*
 * omni-contact's commands that only read.  They write to standard output and
 * return the exit status; a name that is not known is told, and the others
 * are done.
 */
int contacts_show(struct contacts *c, char **names, int count);
int contacts_show_consent(struct contacts *c, char **names, int count);

struct contacts_filter {
	const char *tag, *language;	/* or NULL */
	bool opted_out, unreachable;
};

/* Page by page, so that a slow reader keeps nobody from writing. */
int contacts_list(struct contacts *c, const struct contacts_filter *which,
    bool whole);

#endif
