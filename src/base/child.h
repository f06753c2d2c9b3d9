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
 * A coprocess that answers each line with one line, in order.  Questions may
 * be sent ahead of the answers.  Neither side can block the other for ever:
 * what the pipe does not take is kept here, and waiting for an answer goes on
 * writing it.  Deadlines are in milliseconds of the monotonic clock.
 */
struct launcher;

struct coprocess {
	pid_t pid;		/* -1: it has ended, or is a launcher's */
	struct launcher *by;	/* who started it, or NULL */
	int to, from;
	struct buf out;		/* questions not yet written */
	struct buf in;		/* bytes read; handed out up to `taken` */
	size_t taken;
	size_t owed;		/* questions not yet answered */
};

#define COPROCESS_LINE_MAX	4096	/* of an answer, in bytes */
#define COPROCESS_AHEAD_MAX	(256 * 1024)	/* of questions not answered */

int coprocess_start(struct coprocess *c, const char *const argv[],
    struct error *e);
/* The same by a launcher, for who may start nothing; it has one at a time. */
int coprocess_start_by(struct coprocess *c, struct launcher *by,
    struct error *e);
/*
 * Sends `line`, its newline included, without waiting.  That the child takes
 * no input shows when its answer is asked for.
 */
void coprocess_send(struct coprocess *c, const char *line, size_t len);
/*
 * Waits for the answer to the oldest question that has none, and lends it
 * without its newline, valid until the next call.  -1 when the child died,
 * closed its output, sent more lines than questions, too long a line or a
 * NUL, or let the deadline pass: stop it then.
 */
int coprocess_answer(struct coprocess *c, int timeout_ms,
    const char **answer, struct error *e);
void coprocess_stop(struct coprocess *c);
/* For a launcher: somebody else talks to it; and whether it ended, or soon. */
void coprocess_forget_ends(struct coprocess *c);
bool coprocess_ended(struct coprocess *c, int *status);

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
