/* omni-escalate - what is due now: notices, reminder steps, failovers */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/confined.h"
#include "base/program.h"
#include "message/escalate.h"
#include "message/failover.h"
#include "message/ladder_check.h"
#include "message/ladder_rules.h"
#include "message/notice.h"
#include "message/simulate.h"

static struct {
	bool check, rules, json;
	const char *span, *assume;
} asked;

static void
option(int ch, const char *arg, void *ctx)
{
	(void)ctx;
	switch (ch) {
	case 'C':
		asked.check = true;
		break;
	case 'R':
		asked.rules = true;
		break;
	case 'S':
		asked.span = arg;
		break;
	case 'A':
		asked.assume = arg;
		break;
	default:
		asked.json = true;
	}
}

/* What only may go wrong is told to who asks. */
static void
tell(const struct ladder_complaint *what, void *ctx)
{
	(void)ctx;
	if (what->error)
		diag("%s", what->text);
	else if (asked.check)
		diag("warning: %s", what->text);
}

static int
run(struct program *p)
{
	struct escalator s = { .mem = ARENA_INIT((size_t)1 << 30),
	    .config = p->config, .quiet = p->quiet };
	struct error e;

	s.ledger = ledger_start(p->config, LEDGER_READ, &e);
	if (s.ledger == NULL)
		die(e.status, "%s", e.text);
	if (ladder_hours(p->config, &s.hours, &e) == -1)
		die(e.status, "%s", e.text);
	confined_filter(p->config, CONFINED_TEXTS);
	notices(&s);
	escalate(&s);
	failover(&s);
	hours_release(&s.hours);
	ledger_close(s.ledger);
	idset_free(s.noticed);
	arena_release(&s.mem);
	return s.faults > 0 ? EX_REFUSED : EX_OK;
}

static int
rehearse(struct config *c)
{
	struct simulation s = { .config = c, .json = asked.json };
	struct assume assume = { .count = 0 };
	struct error e;

	if (!simulate_span(asked.span, &s.from, &s.to))
		die(EX_USAGE, "--simulate %.80s: not like 2026-11-20T00:00Z.."
		    "2026-11-27T00:00Z, the earlier time first", asked.span);
	if (asked.assume != NULL && assume_load(&assume, asked.assume,
	    &e) == -1)
		die(e.status == EX_DATAERR ? EX_DATAERR : EX_NOINPUT, "%s",
		    e.text);
	s.assume = &assume;
	if (simulate(&s, &e) == -1)
		die(e.status, "%s", e.text);
	assume_release(&assume);
	return EX_OK;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "check", no_argument, NULL, 'C' },
		{ "rules", no_argument, NULL, 'R' },
		{ "simulate", required_argument, NULL, 'S' },
		{ "assume", required_argument, NULL, 'A' },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = { .usage = ">records\n       omni-escalate "
		"--check\n       omni-escalate --rules <rules >ladders\n"
		"       omni-escalate --simulate from..to [--assume file] "
		"[-j] >timeline",
		.help = "  --check               say what is wrong with the "
		    "ladders, and what may be\n"
		    "  --rules               make ladders of the rows of an "
		    "EscalationRule table\n"
		    "  --simulate from..to   play what will be due, on a copy, "
		    "without sending\n"
		    "  --assume file         what people are taken to do then\n"
		    "  -j                    the timeline as records\n",
		.letters = "j", .longs = longs, .option = option };
	int rc = EX_OK;

	program_start(&p, argc, argv);
	if (asked.check + asked.rules + (asked.span != NULL) > 1 ||
	    (asked.span == NULL && (asked.assume != NULL || asked.json)))
		program_usage(&p);
	if (asked.rules) {
		confined_filter(p.config, 0);
		rc = ladder_rules();
	}
	/* Better nothing, and a clear word, than refusals record by record. */
	else if (ladder_check(p.config, tell, NULL) > 0)
		rc = EX_CONFIG;
	else if (asked.span != NULL)
		rc = rehearse(p.config);
	else if (!asked.check)
		rc = run(&p);
	program_end(&p);
	return rc;
}
