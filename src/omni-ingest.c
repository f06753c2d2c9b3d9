/*
 * omni-ingest - take what comes back
 *
 * Two halves that meet only in the spool.  This is the front half: it takes a
 * request of a web server (--cgi, or when one starts it) or a mail (--mail),
 * puts it into the spool as it came, and answers; it opens no ledger.  For
 * anything else it becomes omni-ingest-drain, which lies beside it: whatever
 * is needed to understand what came is not loaded for each webhook.
 */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/program.h"
#include "ingest/cgi.h"
#include "ingest/mail_take.h"
#include "ingest/usage.h"

static bool as_cgi, as_mail;
static const char *mail_sender;

static void
option(int ch, const char *arg, void *ctx)
{
	(void)ctx;
	if (ch == 'C')
		as_cgi = true;
	else if (ch == 'M')
		as_mail = true;
	else
		mail_sender = arg;
}

/*
 * A mail server bounces a mail for most statuses, and which ones it takes for
 * "later" differs from one to the next: all agree on 75.
 */
static void
only_later(int status, void *ctx)
{
	(void)ctx;
	if (status != EX_OK)
		_exit(EX_TEMPFAIL);
}

/* Whether an argument says so, as getopt_long(3) takes it: "--m" is enough. */
static bool
asks_for(const char *option, int argc, char *argv[])
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strlen(argv[i]) > 2 && strncmp(argv[i], option,
		    strlen(argv[i])) == 0)
			return true;
	return false;
}

static _Noreturn void
become_drain(char *argv[])
{
	char path[PATH_MAX + sizeof("-drain")];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);

	if (n <= 0)
		die(EX_OSERR, "/proc/self/exe: %s", strerror(errno));
	snprintf(path + n, sizeof(path) - (size_t)n, "-drain");
	execv(path, argv);
	die(EX_OSERR, "%s: %s", path, strerror(errno));
}

static int
take_mail(const struct program *p)
{
	struct error e;

	if (p->argc > 1)
		program_usage(p);
	if (mail_take(p->config, mail_sender, p->argc == 1 ? p->argv[0] : NULL,
	    &e) == -1)
		die(EX_TEMPFAIL, "%s", e.text);
	return EX_OK;
}

int
main(int argc, char *argv[])
{
	static const struct option longs[] = {
		{ "cgi", no_argument, NULL, 'C' },
		{ "mail", no_argument, NULL, 'M' }, { NULL, 0, NULL, 0 }
	};
	struct program p = { .usage = INGEST_USAGE, .help = INGEST_HELP,
	    .letters = "f:", .longs = longs, .option = option,
	    .takes_arguments = true };
	int rc = EX_OK;

	/*
	 * A web server may pass words of the query as arguments (RFC 3875,
	 * 4.4): a stranger must not choose our options.
	 */
	if (getenv("GATEWAY_INTERFACE") != NULL) {
		as_cgi = true;
		argc = 1;
	} else if (asks_for("--mail", argc, argv)) {
		/* Before anything can fail, the options among it. */
		if (on_exit(only_later, NULL) != 0)
			die(EX_TEMPFAIL, "out of memory");
	} else if (!asks_for("--cgi", argc, argv))
		become_drain(argv);
	program_start(&p, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (as_cgi == as_mail ||
	    (as_cgi && (p.argc > 0 || mail_sender != NULL)))
		program_usage(&p);
	if (as_cgi)
		cgi(p.config);
	rc = take_mail(&p);
	program_end(&p);
	return rc;
}
