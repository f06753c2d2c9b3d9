/* The command line of a sender. */
#include "engine_impl.h"

#include <getopt.h>
#include <string.h>

#define OPTION_CHECK	256
#define OPTION_DNS	257

bool
engine_is_wanted(const struct program *p, const char *name)
{
	if (p->argc == 0 || (p->argc == 1 && strcmp(p->argv[0], "-") == 0 &&
	    strcmp(name, "-") != 0))
		return true;
	for (int i = 0; i < p->argc; i++)
		if (strcmp(p->argv[i], name) == 0)
			return true;
	return false;
}

static void
check_arguments(const struct program *p, const char *type)
{
	for (int i = 0; i < p->argc; i++)
		if (strcmp(p->argv[i], "-") != 0 &&
		    (!config_has(p->config, "channel", p->argv[i]) ||
		    strcmp(config_string(p->config, "channel", p->argv[i],
		    "type"), type) != 0))
			die(EX_USAGE, "%s: no channel of type %s", p->argv[i],
			    type);
}

static void
option(int ch, const char *arg, void *ctx)
{
	struct engine *n = ctx;

	if (ch == OPTION_CHECK)
		n->check = true;
	else if (ch == OPTION_DNS) {
		n->ask_dns = true;
		n->dns_server = arg;
	} else
		n->dry_run = true;
}

/* Which of the options go together. */
static void
check_options(const struct engine *n, const struct program *p)
{
	bool input = p->argc > 0 && engine_is_wanted(p, "-");

	if (n->ask_dns && !n->check)
		die(EX_USAGE, "--dns goes with --check only");
	if (n->check && n->dry_run)
		die(EX_USAGE, "one of -n and --check");
	if (n->ask_dns && input)
		die(EX_USAGE, "--dns looks at channels, not at standard "
		    "input");
	if (n->dry_run && input)
		die(EX_USAGE, "-n looks at what is due, not at standard input");
}

/* Mail alone has something to check before it is sent. */
static struct program
program_of(const char *type)
{
	static const struct option longs[] = {
		{ "dry-run", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 }
	}, longs_of_mail[] = {
		{ "dry-run", no_argument, NULL, 'n' },
		{ "check", no_argument, NULL, OPTION_CHECK },
		{ "dns", optional_argument, NULL, OPTION_DNS },
		{ NULL, 0, NULL, 0 }
	};
	struct program p = { .usage = "[-n] [-] [channel ...]",
	    .help = "  -                     send what standard input brings\n"
	    "  -n, --dry-run         print the requests, and send nothing\n",
	    .letters = "n", .longs = longs, .option = option,
	    .takes_arguments = true };

	if (strcmp(type, "email") != 0)
		return p;
	p.longs = longs_of_mail;
	p.usage = "[-n] [-] [channel ...]\n"
	    "       omni-send-mail [-q] [-c file] [-o section.key=value] "
	    "--check\n           [--dns[=server]] [-] [channel ...]";
	p.help = "  -                     send what standard input brings\n"
	    "  -n, --dry-run         print the requests, and send nothing\n"
	    "  --check               find what keeps mail from arriving\n"
	    "  --dns[=server]        look the domain's records up, too\n";
	return p;
}

void
engine_options(struct engine *n, struct program *p, int argc, char *argv[])
{
	*p = program_of(n->type);
	p->ctx = n;
	program_start(p, argc, argv);
	n->config = p->config;
	n->quiet = p->quiet;
	check_arguments(p, n->type);
	check_options(n, p);
}
