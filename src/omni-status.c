/* omni-status - how things stand: queues, doubts, failures, in three forms */

#include <stdio.h>

#include "base/confined.h"
#include "base/output.h"
#include "base/program.h"
#include "message/status.h"

#define TEXT_MAX	(4 * 1024 * 1024)

static void
option(int ch, const char *arg, void *ctx)
{
	void (**print)(const struct status *, struct buf *) = ctx;

	(void)arg;
	if (ch == 'j')
		*print = status_json;
	else if (ch == 'p')
		*print = status_prometheus;
}

int
main(int argc, char *argv[])
{
	void (*print)(const struct status *, struct buf *) = status_text;
	struct arena mem = ARENA_INIT((size_t)64 * 1024 * 1024);
	struct program p = { .usage = "[-j | -p]",
	    .help = "  -j                    JSON, one object\n"
	    "  -p                    Prometheus' text format\n",
	    .letters = "jp", .option = option, .ctx = &print };
	struct buf out = BUF_INIT(TEXT_MAX);
	struct status s = { .mem = &mem };
	struct error e;
	int rc;

	program_start(&p, argc, argv);
	s.config = p.config;
	s.ledger = ledger_open(config_path(p.config, "paths", NULL, "ledger"),
	    LEDGER_READ, &e);
	if (s.ledger == NULL)
		die(e.status, "%s", e.text);
	confined_filter(p.config, CONFINED_SPOOL);
	if (status_take(&s, &e) == -1)
		die(e.status, "%s", e.text);
	ledger_close(s.ledger);
	print(&s, &out);
	out.len--;	/* output_put() adds the last newline */
	if (!p.quiet)
		output_put(&out);
	status_complain(&s);
	rc = (int)status_level(&s);
	buf_release(&out);
	arena_release(&mem);
	program_end(&p);
	return rc;
}
