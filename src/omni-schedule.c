/* omni-schedule - keep reminders in step with a calendar's export */

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "message/ladder_check.h"
#include "message/schedule.h"

#define BATCH	500	/* rows of one transaction */
#define SOURCE_MAX	64
#define SOURCE_BYTES	"abcdefghijklmnopqrstuvwxyz0123456789" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ._-"

struct options {
	struct scheduler *scheduler;
	const char *count, *from, *to;
};

static const struct option longs[] = {
	{ "full", no_argument, NULL, 'F' },
	{ "count", required_argument, NULL, 'C' },
	{ "source", required_argument, NULL, 'S' },
	{ "from", required_argument, NULL, 'a' },
	{ "to", required_argument, NULL, 'z' },
	{ "force", no_argument, NULL, '!' },
	{ NULL, 0, NULL, 0 }
};

static void
option(int ch, const char *arg, void *ctx)
{
	struct options *o = ctx;

	switch (ch) {
	case 'n':
		o->scheduler->dry = true;
		break;
	case 'F':
		o->scheduler->full = true;
		break;
	case 'C':
		o->count = arg;
		break;
	case 'S':
		o->scheduler->source = arg;
		break;
	case 'a':
		o->from = arg;
		break;
	case 'z':
		o->to = arg;
		break;
	default:
		o->scheduler->force = true;
		break;
	}
}

static void
read_time(const struct config *c, const char *name, const char *text,
    instant *t)
{
	if (text != NULL && !schedule_time(c, text, t))
		die(EX_USAGE, "--%s %s: neither a date nor a time", name,
		    text);
}

static void
read_options(struct scheduler *s, const struct options *o)
{
	if (o->count != NULL) {
		if (*o->count == '\0' || strlen(o->count) > 9 ||
		    o->count[strspn(o->count, "0123456789")] != '\0')
			die(EX_USAGE, "--count %s: not a number of rows",
			    o->count);
		s->announced = strtol(o->count, NULL, 10);
	}
	if (s->source != NULL && (*s->source == '\0' ||
	    strlen(s->source) > SOURCE_MAX ||
	    s->source[strspn(s->source, SOURCE_BYTES)] != '\0'))
		die(EX_USAGE, "--source %s: not 1 to %d letters, digits, . _ "
		    "and -", s->source, SOURCE_MAX);
	read_time(s->config, "from", o->from, &s->from);
	read_time(s->config, "to", o->to, &s->to);
	if (s->from >= s->to)
		die(EX_USAGE, "--from %s is not before --to %s", o->from,
		    o->to);
	if (!s->full && (o->from != NULL || o->to != NULL))
		die(EX_USAGE, "--from and --to say what a --full export "
		    "speaks for");
}

static int
run(struct scheduler *s, const struct program *p)
{
	struct filter f = { .stage = "schedule", .prepare = schedule_prepare,
		.each = schedule_record, .commit = schedule_commit,
		.batch = BATCH, .take_refused = true, .quiet = p->quiet,
		.ctx = s };
	struct error e;
	int rc;

	s->ledger = ledger_start(p->config, LEDGER_WRITE, &e);
	if (s->ledger == NULL)
		die(e.status, "%s", e.text);
	if (ladder_hours(p->config, &s->hours, &e) == -1)
		die(e.status, "%s", e.text);
	s->phones = phonebook_new(config_path(p->config, "paths", NULL,
	    "phonenumber"), config_string(p->config, "site", NULL, "region"));
	schedule_start(s);
	rc = schedule_finish(s, &f, filter_run(&f));
	schedule_end(s);
	phonebook_free(s->phones);
	hours_release(&s->hours);
	ledger_close(s->ledger);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct scheduler s = SCHEDULER_INIT;
	struct options o = { .scheduler = &s };
	struct program p = { .usage = "[-n] [--source name] [--count rows]\n"
		"           [--full [--from time] [--to time] [--force]] "
		"<export >records",
		.help = "  -n                    say what would change; write "
		    "nothing\n"
		    "  --full                cancel what the export does not "
		    "mention\n"
		    "  --count rows          how many rows it has\n"
		    "  --source name         whose export it is\n"
		    "  --from time           it speaks for events from then "
		    "on\n"
		    "  --to time             it speaks for events before then\n"
		    "  --force               a person has looked: cancel any "
		    "number\n",
		.letters = "n", .longs = longs, .option = option, .ctx = &o };
	int rc;

	program_start(&p, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	s.config = p.config;
	read_options(&s, &o);
	rc = run(&s, &p);
	program_end(&p);
	return rc;
}
