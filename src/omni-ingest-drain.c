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
#include "ingest/try_webhook.h"
#include "ingest/usage.h"
#include "message/reply_lexicon.h"

/* --try KIND: what omni understands of standard input; writes nothing. */
static const struct attempt {
	const char *kind;
	int (*run)(const struct program *p);
} tries[] = {
	{ "mail", try_mail }, { "reply", try_reply },
	{ "webhook", try_webhook }
};

static struct drain_task task;
static const char *try_kind;

static void
option(int ch, const char *arg, void *ctx)
{
	(void)ctx;
	if (ch == 'S')
		task.confirming = true;
	else if (ch == 'R')
		task.replay = true;
	else if (ch == 'n')
		task.list = true;
	else if (ch == 'T')
		try_kind = arg;
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

static bool
is_usage(const struct program *p)
{
	if (task.list && !task.replay)
		return false;
	if (p->argc > 0 && !task.replay)
		return false;
	return !task.confirming || (!task.list && try_kind == NULL);
}

static int
try(struct program *p)
{
	if (task.replay || p->argc > 0)
		program_usage(p);
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (strcmp(tries[i].kind, try_kind) == 0)
			return tries[i].run(p);
	diag("--try %s: no such kind", try_kind);
	program_usage(p);
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "confirm-subscriptions", no_argument, NULL, 'S' },
		{ "replay", no_argument, NULL, 'R' },
		{ "try", required_argument, NULL, 'T' },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = { .usage = INGEST_USAGE, .help = INGEST_HELP,
	    .letters = "n", .longs = longs, .option = option,
	    .takes_arguments = true };
	int rc;

	program_start(&p, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (!is_usage(&p))
		program_usage(&p);
	add_words(p.config);
	if (try_kind != NULL)
		rc = try(&p);
	else
		rc = drain(&p, &task);
	program_end(&p);
	return rc;
}
