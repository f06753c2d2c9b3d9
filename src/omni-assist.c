/*
 * omni-assist - drafts of answers to what came in, by a language model.  See
 * omni-assist(1).
 */
#include <getopt.h>
#include <signal.h>

#include "assist/assist.h"
#include "base/confined.h"

static bool waiting, emergencies;

static void
option(int ch, const char *arg, void *ctx)
{
	(void)arg;
	(void)ctx;
	waiting = true;
	emergencies = emergencies || ch == 'e';
}

static int
run(struct assist *a, bool quiet)
{
	/* What the model was paid for goes on at once. */
	struct filter f = { .stage = "assist", .each = assist_record,
	    .batch = 1, .quiet = quiet, .ctx = a };
	int rc = waiting ? assist_waiting(a, quiet, emergencies) : filter_run(&f);

	return assist_status(a) != EX_OK ? assist_status(a) : rc;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "waiting", no_argument, NULL, 'w' },
		{ "emergencies", no_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = {
		.usage = "[--waiting | --emergencies] <events >records",
		.help = "  --waiting             read nothing: take what is "
		    "unread in the ledger\n"
		    "  --emergencies         the same, of emergencies alone\n",
		.longs = longs, .option = option
	};
	struct assist *a;
	struct ledger *l;
	struct error e;
	int rc;

	program_start(&p, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	l = ledger_start(p.config, LEDGER_WRITE, &e);
	if (l == NULL)
		die(e.status, "%s", e.text);
	/* Before the network gets a thread of its own. */
	confined_sender(p.config);
	a = assist_open(p.config, l, &e);
	if (a == NULL)
		die(e.status, "%s", e.text);
	rc = run(a, p.quiet);
	assist_close(a);
	ledger_close(l);
	program_end(&p);
	return rc;
}
