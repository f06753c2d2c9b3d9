/* omni-queue - the gate into the system: commits, then writes work orders */

#include <getopt.h>
#include <signal.h>
#include <string.h>

#include "message/queue.h"

#define BATCH	500	/* records of one transaction */

static void
option(int ch, const char *arg, void *ctx)
{
	struct queue *q = ctx;

	if (ch == 'n')
		q->dry = true;
	else if (ch == 'i')
		q->new_ids = true;
	else if (ch == 'H')
		q->hold = arg;
}

static int
run_command(struct queue *q, struct program *p)
{
	static const struct {
		const char *name, *op, *from;
	} commands[] = {
		{ "hold", "message.held", "queued" },
		{ "release", "message.released", "held" },
		{ "cancel", "message.cancelled", "queued or held" }
	};
	union { char **from; const char *const *to; } ids = {
	    .from = p->argv + 1 };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (p->argc > 1 && strcmp(p->argv[0], commands[i].name) == 0)
			return queue_change(q, commands[i].op,
			    commands[i].from, ids.to, (size_t)p->argc - 1);
	program_usage(p);
}

static int
run_filter(struct queue *q, struct program *p)
{
	struct filter f = { .stage = "queue", .each = queue_record,
	    .commit = queue_commit,
	    .batch = BATCH, .take_refused = true, .quiet = p->quiet,
	    .ctx = q };
	int rc;

	if (q->dry)
		f.commit = NULL;
	rc = filter_run(&f);
	if (q->dry)
		diag("would queue %ju messages for %s %s", q->queued, q->cost,
		    config_string(q->config, "site", NULL, "currency"));
	if (rc == EX_OK)
		rc = q->spool_status;
	return rc;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "new-ids", no_argument, NULL, 'i' },
		{ "hold", required_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 }
	};
	struct queue q = QUEUE_INIT;
	struct program p = {
		.usage = "[-n] [--new-ids] [--hold reason] <records >records"
		    "\n       omni-queue hold | release | cancel id ...",
		.help = "  -n                    say what would be queued, and "
		    "its cost; write nothing\n"
		    "  --new-ids             make an id for records without "
		    "one\n"
		    "  --hold reason         queue, but send nothing until "
		    "released\n",
		.letters = "n", .longs = longs, .option = option,
		.ctx = &q, .takes_arguments = true
	};
	struct error e;
	int rc;

	program_start(&p, argc, argv);
	if (p.argc > 0 && (q.dry || q.new_ids || q.hold != NULL))
		program_usage(&p);
	signal(SIGPIPE, SIG_IGN);
	q.config = p.config;
	q.ledger = ledger_start(p.config, q.dry ? LEDGER_READ : LEDGER_WRITE,
	    &e);
	if (q.ledger == NULL)
		die(e.status, "%s", e.text);
	rc = p.argc > 0 ? run_command(&q, &p) : run_filter(&q, &p);
	ledger_close(q.ledger);
	queue_release(&q);
	program_end(&p);
	return rc;
}
