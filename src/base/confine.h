#ifndef OMNI_CONFINE_H
#define OMNI_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Gives up for good whatever a program does not need from here on, so that who
 * takes it over with bytes from outside gains little: seccomp for what it may
 * ask of the kernel, Landlock for which files, and limits for how much.
 *
 * Descriptors that are open stay as they are.  Memory, reading, writing,
 * waiting, closing, the clock, random bytes and ending are always allowed;
 * anything else ends the process with SIGSYS.
 */
#define CONFINE_DIRS	4

struct confine {
	/*
	 * Beneath these directories, by descriptors of theirs, plain files may
	 * be made, written, linked from one to the other, synced and removed.
	 * Without any, nothing can be opened.
	 */
	int dirs[CONFINE_DIRS];
	size_t count;
	/* Seconds of the processor; bytes of memory; bytes of a file. */
	unsigned long seconds, memory, file;
};

/*
 * What the kernel does not know is left out, without a word: an old one must
 * not cost a webhook.  Built with a sanitizer, which needs more than that, it
 * does nothing.
 */
void confine(const struct confine *c);

/* Files, and directories with all that lies beneath them. */
#define CONFINE_PATHS	16
#define CONFINE_DEPTH	3

struct confine_files {
	const char *paths[CONFINE_PATHS];
	size_t count;
	/* Or NULL: one more, and what links as deep as that in it lead to. */
	const char *tree;
};

/*
 * For a program that from here on reads, works and writes to what is open: a
 * filter.  It may open these to read; anything else, or to write, is EACCES.
 * No network, no process, no signal, no program, no change of a file's name or
 * mode: asking for such ends the process with SIGSYS.  With `asks` it may talk
 * to a launcher.
 */
void confine_reading(const struct confine_files *files, bool asks);

/*
 * For a program that needs the network: it may write, make and remove these
 * files only, and run no program.  It may read all that its user may.
 */
void confine_writing(const struct confine_files *files);

/* Whether it would do anything: not in a build with a sanitizer. */
bool confine_is_built(void);

#endif
