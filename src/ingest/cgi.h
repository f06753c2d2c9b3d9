#ifndef OMNI_CGI_H
#define OMNI_CGI_H

#include "base/config.h"

/*
 * Takes one request of a web server (RFC 3875) from the environment and
 * standard input, answers on standard output, and ends the program.  What is
 * signed as it must be lies in the inbound spool, synced, before the answer.
 * It opens no ledger and asks nobody on the network.
 */
_Noreturn void cgi(struct config *c);

#endif
