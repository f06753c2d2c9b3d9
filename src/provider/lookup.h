#ifndef OMNI_LOOKUP_H
#define OMNI_LOOKUP_H

#include "provider/provider.h"

/* What a provider knows of a telephone number; paid for by the number. */
struct lookup {
	bool valid;
	const char *line;	/* of phonenumber(1); "unknown" */
	char carrier[128];
};

/* o->to is E.164; -1: no number, or the set-up. */
int lookup_build(const struct order *o, struct request *out,
    struct error *e);
/* -1: nothing is known, and `fault` says why. */
int lookup_read(const struct response *r, struct lookup *out,
    struct verdict *fault);

#endif
