/* omni-schedule - keep reminders in step with a calendar's export */

#include <signal.h>

#include "message/schedule.h"

#define BATCH	500	/* rows of one transaction */

static void
option(int ch, const char *arg, void *ctx)
{
	(void)arg;
	if (ch == 'n')
		((struct scheduler *)ctx)->dry = true;
}

int
main(int argc, char *argv[])
{
	struct scheduler s = { .dry = false };
	struct program p = { .usage = "[-n] <export >records",
		.help = "  -n                    say what would change; write "
		    "nothing\n",
		.letters = "n", .option = option, .ctx = &s };
	struct filter f = { .stage = "schedule", .prepare = schedule_prepare,
		.each = schedule_record, .commit = schedule_commit,
		.batch = BATCH, .ctx = &s };
	struct error e;
	int rc;

	program_start(&p, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	s.config = p.config;
	s.ledger = ledger_start(p.config, LEDGER_WRITE, &e);
	if (s.ledger == NULL)
		die(e.status, "%s", e.text);
	s.phones = phonebook_new(config_path(p.config, "paths", NULL,
	    "phonenumber"), config_string(p.config, "site", NULL, "region"));
	f.quiet = p.quiet;
	rc = filter_run(&f);
	phonebook_free(s.phones);
	ledger_close(s.ledger);
	program_end(&p);
	return rc;
}
