/*
 * omni-ingest-drain - the half of omni-ingest(1) that understands
 *
 * It applies what lies in the inbound spool to the ledger.  omni-ingest starts
 * it, with its own name and arguments.
 */

#include <getopt.h>
#include <signal.h>

#include "base/program.h"
#include "ingest/drain.h"
#include "ingest/usage.h"

static bool confirming;

static void
option(int ch, const char *arg, void *ctx)
{
	(void)ch;
	(void)arg;
	(void)ctx;
	confirming = true;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "confirm-subscriptions", no_argument, NULL, 'S' },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = { .usage = INGEST_USAGE, .help = INGEST_HELP,
	    .longs = longs, .option = option };
	int rc;

	program_start(&p, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	rc = drain(&p, confirming);
	program_end(&p);
	return rc;
}
