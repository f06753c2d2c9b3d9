/* omni-route - whether a message may go, where and when */

#include "base/confined.h"
#include "base/program.h"
#include "message/route.h"

int
main(int argc, char *argv[])
{
	struct program p = { .usage = "<records >records", .help = "" };
	struct router router;
	struct filter f = { .stage = "route", .each = route_record,
	    .ctx = &router };
	struct error e;
	int rc;

	program_start(&p, argc, argv);
	router.config = p.config;
	router.ledger = ledger_open(config_path(p.config, "paths", NULL,
	    "ledger"), LEDGER_READ, &e);
	if (router.ledger == NULL)
		die(e.status, "%s", e.text);
	router.templates = templates_new(p.config);
	if (templates_check(router.templates, &e) == -1)
		die(e.status, "%s", e.text);
	if (quiet_open(&router.quiet, p.config, &e) == -1)
		die(e.status, "%s", e.text);
	f.quiet = p.quiet;
	confined_filter(p.config, CONFINED_TEXTS);
	rc = filter_run(&f);
	quiet_close(&router.quiet);
	templates_free(router.templates);
	ledger_close(router.ledger);
	program_end(&p);
	return rc;
}
