/* omni-escalate - what is due now: notices, reminder steps, failovers */

#include "base/program.h"
#include "message/escalate.h"
#include "message/failover.h"
#include "message/notice.h"

int
main(int argc, char *argv[])
{
	struct program p = { .usage = ">records", .help = "" };
	struct escalator s = { .mem = ARENA_INIT((size_t)1 << 30) };
	struct error e;

	program_start(&p, argc, argv);
	s.config = p.config;
	s.quiet = p.quiet;
	s.ledger = ledger_start(p.config, LEDGER_READ, &e);
	if (s.ledger == NULL)
		die(e.status, "%s", e.text);
	if (escalate_check(p.config, &e) == -1)
		die(EX_CONFIG, "%s", e.text);
	notices(&s);
	escalate(&s);
	failover(&s);
	ledger_close(s.ledger);
	idset_free(s.noticed);
	arena_release(&s.mem);
	program_end(&p);
	return s.faults > 0 ? EX_REFUSED : EX_OK;
}
