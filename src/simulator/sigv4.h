#ifndef OMNI_SIMULATOR_SIGV4_H
#define OMNI_SIMULATOR_SIGV4_H

#include "simulator.h"

/*
 * Whether a request without a query is signed as Signature Version 4 asks for
 * (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html) for service
 * `service`; else false, and AWS's name of the error and its words.
 */
bool sigv4_check(struct exchange *x, const char *service, const char **name,
    const char **text);

#endif
