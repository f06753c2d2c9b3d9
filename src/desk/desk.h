#ifndef OMNI_DESK_H
#define OMNI_DESK_H

#include "base/config.h"

/*
 * The staff's page over CGI (RFC 3875).
 *
 * desk_guard() comes first, before anything can fail: whatever ends the
 * program without an answer leaves the web server a page that says what to do.
 * desk() takes one request from the environment and standard input, answers
 * on standard output, and ends the program.
 */
void desk_guard(void);
_Noreturn void desk(struct config *c);

#endif
