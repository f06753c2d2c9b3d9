/* omni-normalize - addresses, language, time zone and times in one form */

#include "base/confined.h"
#include "message/normalize.h"

int
main(int argc, char *argv[])
{
	struct program p = { .usage = "<records >records", .help = "" };
	struct normalizer n;
	struct filter f = { .stage = "normalize",
	    .prepare = normalize_prepare, .each = normalize_record,
	    .ctx = &n };
	int rc;

	program_start(&p, argc, argv);
	normalize_init(&n, p.config);
	f.quiet = p.quiet;
	if (confined_filters(p.config))
		normalize_launch(&n);
	confined_filter(p.config, CONFINED_ASKS);
	rc = filter_run(&f);
	normalize_release(&n);
	program_end(&p);
	return rc;
}
