#ifndef OMNI_PROGRAM_H
#define OMNI_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

#include "arena.h"
#include "config.h"
#include "record.h"

/*
 * What all programs share: options, set-up, and the loop of a filter.
 */
#define EX_REFUSED	1	/* the run finished; some records carry an error */

struct program {
	const char *usage;	/* what follows the name: "[-n] [id ...]" */
	const char *help;	/* lines for the options of this program */
	const char *letters;	/* getopt(3) letters of this program, or NULL */
	const struct option *longs;	/* ending with zeros, or NULL */
	void (*option)(int ch, const char *arg, void *ctx);
	void *ctx;
	bool takes_arguments;
	/* Filled by program_start(): */
	struct config *config;
	bool quiet;		/* -q: no records on standard output */
	int argc;		/* what is left of the command line */
	char **argv;
};

/*
 * Options -c -o -q -h -V and those of the program; descriptors, umask, clock
 * and configuration.  Ends the program where something is wrong.
 */
void program_start(struct program *p, int argc, char *argv[]);
_Noreturn void program_usage(const struct program *p);
void program_end(struct program *p);

/*
 * A filter: each line in gives one line out.  Lines that are no records, and
 * records that carry an error, go on by themselves (unless `take_refused`);
 * `each` gets the others, and changes them in place.
 *
 * A filter that writes state does so in `each` and makes it durable in
 * `commit`, which is called before any output is written: when input pauses,
 * after `batch` records and at the end.
 *
 * A filter that asks somebody else about each record can do so ahead:
 * `prepare` gets a record that `each` will get later, while others before it
 * still wait for their turn.  It changes nothing, and does not use `mem`.
 * Records are read ahead only while input is at hand, and not many.
 */
struct filter {
	const char *stage;	/* "route" */
	void (*prepare)(struct filter *f, const struct record *r); /* or NULL */
	void (*each)(struct filter *f, struct record *r);
	void (*commit)(struct filter *f);	/* or NULL */
	size_t batch;
	bool take_refused;
	bool quiet;
	/* Or NULL: gets refusals in the place of standard error. */
	struct error *refusal;
	void *ctx;
	/* For `each`: */
	struct arena mem;	/* reset for each record */
	uintmax_t line;
	/* Counters: */
	uintmax_t records, refused, temporary;
	bool truncated;
	size_t held;
	struct ahead *ahead;	/* records read and not yet handed to `each` */
};

/*
 * Reads standard input to its end; returns the exit status.  A program that is
 * stopped (io_set_stop) passes on what it has read, and then it is EX_TEMPFAIL.
 */
int filter_run(struct filter *f);
/* The exit status as the counters stand. */
int filter_status(const struct filter *f);

/* Refuses the record, and says so on standard error. */
void filter_refuse(struct filter *f, struct record *r, const char *code,
    const char *field, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* Without a word on standard error: for what is no news to anybody. */
void filter_refuse_quietly(struct filter *f, struct record *r,
    const char *code, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The same for what a later run may cure. */
void filter_refuse_temporarily(struct filter *f, struct record *r,
    const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
