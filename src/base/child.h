#ifndef OMNI_CHILD_H
#define OMNI_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"
#include "error.h"

/*
 * Child processes, started from an argument vector, never through a shell.
 * Descriptors above 2 are not inherited (all of ours are close-on-exec).
 */

/*
 * A coprocess that answers each line with one line.  Deadlines are in
 * milliseconds of the monotonic clock.
 */
struct coprocess {
	pid_t pid;
	int to, from;
	struct buf pending;	/* bytes read and not yet handed out */
};

#define COPROCESS_LINE_MAX	4096

int coprocess_start(struct coprocess *c, const char *const argv[],
    struct error *e);
/*
 * Sends `line` (its newline included) and lends one answer without newline,
 * valid until the next call.  -1 when the child died, closed its output, sent
 * too much or let the deadline pass: stop it then.
 */
int coprocess_ask(struct coprocess *c, const char *line, size_t len,
    int timeout_ms, const char **answer, struct error *e);
void coprocess_stop(struct coprocess *c);

/*
 * Runs argv with `input` on its standard input; its standard output is thrown
 * away and its standard error goes into `errors` (as much as fits).
 * `*status` is that of waitpid(2).  -1 when it could not be started or let
 * the deadline pass (then it is killed and *status is set).
 */
int child_run(const char *const argv[], const void *input, size_t len,
    struct buf *errors, int timeout_ms, int *status, struct error *e);
/* "exit status 75", "killed by signal 9 (Killed)"; returns `out`. */
const char *child_status_text(int status, char *out, size_t size);

#endif
