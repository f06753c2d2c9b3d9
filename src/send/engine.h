#ifndef OMNI_ENGINE_H
#define OMNI_ENGINE_H

#include "base/program.h"
#include "store/ledger.h"

/*
 * Delivery, the same for every channel: one sender a channel, the last look at
 * the gate and "attempt started" in one transaction, the network, "attempt
 * finished".  What a dead sender left open is in doubt and is cleared up
 * first; see omni-spool(5) for what each crash leaves.
 *
 * Transfers go one by one, so never more than one attempt is open; what one
 * group brought and what the next one intends is one transaction, or two when
 * the results are printed in between.
 */

/*
 * The whole of a sender program: options, then each active channel of `type`
 * (or those named on the command line), or with "-" what standard input
 * brings.  Returns the exit status.
 */
int engine_main(int argc, char *argv[], const char *type);

#endif
