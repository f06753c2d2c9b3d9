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
 * Over a network up to [channel] connections transfers are on their way at
 * once, elsewhere one; never are more attempts open than that.  What came back
 * and what is intended next is one transaction; then the results are printed,
 * and what was intended goes out.
 */

/*
 * The whole of a sender program: options, then each active channel of `type`
 * (or those named on the command line), or with "-" what standard input
 * brings.  Returns the exit status.
 */
int engine_main(int argc, char *argv[], const char *type);

#endif
