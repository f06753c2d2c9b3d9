#ifndef OMNI_TEMPLATE_WORDING_H
#define OMNI_TEMPLATE_WORDING_H

#include "template/filter.h"

/* What Django's own translations say. */
struct wording {
	const char *language;
	const char *answers;	/* of yesno */
	const char *more;	/* of truncatechars */
};

/* In the reader's language; English for those that are not known. */
const struct wording *wording_of(const struct call *c);

#endif
