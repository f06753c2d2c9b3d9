/* omni-inbox-cgi - the conversations of all channels, for staff in a browser */

#include <signal.h>
#include <stdlib.h>

#include "base/program.h"
#include "desk/desk.h"

int
main(int argc, char *argv[])
{
	struct program p = { .usage = "",
	    .help = "  (a web server starts it, as a CGI)\n" };

	/*
	 * A web server may pass words of the query as arguments (RFC 3875,
	 * 4.4): a stranger must not choose our options.
	 */
	if (getenv("GATEWAY_INTERFACE") != NULL) {
		argc = 1;
		desk_guard();
	}
	program_start(&p, argc, argv);
	if (getenv("GATEWAY_INTERFACE") == NULL)
		die(EX_USAGE, "GATEWAY_INTERFACE: missing; a web server starts "
		    "it, as a CGI");
	signal(SIGPIPE, SIG_IGN);
	desk(p.config);
}
