/*
 * omni-ingest-drain - the half of omni-ingest(1) that understands
 *
 * It applies what lies in the inbound spool to the ledger, or says what would
 * be understood.  omni-ingest starts it, with its own name and arguments.
 */

#include <getopt.h>
#include <signal.h>
#include <string.h>

#include "base/program.h"
#include "ingest/drain.h"
#include "ingest/try_mail.h"
#include "ingest/try_reply.h"
#include "ingest/usage.h"
#include "message/reply_lexicon.h"

static bool confirming;
static const char *trying;	/* what --try is to show, or NULL */

static void
option(int ch, const char *arg, void *ctx)
{
	(void)ctx;
	if (ch == 'S')
		confirming = true;
	else if (ch == 'T')
		trying = arg;
}

/* What the site adds to the lists of words for answers. */
static void
add_words(struct config *c)
{
	const char *file = config_path(c, "ingest", NULL, "words");
	struct error e;

	if (file != NULL && reply_lexicon_add(file, &e) == -1)
		die(e.status, "%s", e.text);
}

static int
try(struct program *p)
{
	static const struct {
		const char *kind;
		int (*run)(const struct program *p);
	} kinds[] = {
		{ "mail", try_mail }, { "reply", try_reply }
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(trying, kinds[i].kind) == 0)
			return kinds[i].run(p);
	program_usage(p);
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "confirm-subscriptions", no_argument, NULL, 'S' },
		{ "try", required_argument, NULL, 'T' },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = { .usage = INGEST_USAGE, .help = INGEST_HELP,
	    .longs = longs, .option = option };
	int rc;

	program_start(&p, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (confirming && trying != NULL)
		program_usage(&p);
	add_words(p.config);
	rc = trying != NULL ? try(&p) : drain(&p, confirming);
	program_end(&p);
	return rc;
}
