#ifndef OMNI_IO_H
#define OMNI_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"
#include "error.h"

/*
 * System calls with EINTR and short counts handled once, and the discipline
 * of durable files: write, fsync, close, name, fsync of the directory.
 */

/* Ends the program with EX_IOERR when descriptor 0, 1 or 2 is closed. */
void io_check_std(void);

/*
 * From here on, while `is_stopping` says so, reading standard input ends with
 * EINTR at once, and writing to standard output when nobody has taken anything
 * for a second.  A signal handler without SA_RESTART makes it say so.
 */
void io_set_stop(bool (*is_stopping)(void));

int io_write_all(int fd, const void *data, size_t len);	/* -1 and errno */
ssize_t io_read(int fd, void *data, size_t len);

/* All of a file, of at most out->max bytes. */
int io_read_file(int dir, const char *path, struct buf *out, struct error *e);
int io_read_fd(int fd, const char *name, struct buf *out, struct error *e);
/* The same of a plain file: a FIFO would keep its reader waiting for ever. */
int io_read_plain(int dir, const char *path, struct buf *out,
    struct error *e);
/*
 * The same of what another user may have put there: it is no symbolic link
 * either.  All that is wrong with the file itself is EX_DATAERR.
 */
int io_read_taken(int dir, const char *path, struct buf *out,
    struct error *e);

int io_sync_dir(int dir, const char *name);	/* -1 and errno */
/*
 * Makes a directory, and syncs the one that it is in: else a power cut would
 * take it away, and with it whatever was synced there.  One that exists is
 * left as it is.  -1 and errno.
 */
int io_make_dir(int dir, const char *path, mode_t mode);
/* The same as mkdir -p does it. */
int io_make_dirs(const char *path, mode_t mode, struct error *e);
/* A directory for openat(2), made if need be. */
int io_open_dir(const char *path, mode_t mode, struct error *e);

/*
 * A durable file in two steps: io_create() makes `tmp`, io_finish() writes,
 * syncs, renames it to `name` and syncs the directory, or removes it.
 */
int io_create(int dir, const char *tmp, struct error *e);
int io_finish(int dir, int fd, const char *tmp, const char *name,
    const struct buf *data, struct error *e);

/*
 * Makes the file `path`, or replaces it as a whole: nobody ever sees half of
 * it.  What is there and no regular file, such as /dev/stdout, is written to.
 * The status is EX_CANTCREAT or EX_IOERR.
 */
int io_replace(const char *path, const struct buf *data, struct error *e);

/*
 * An exclusive lock on `path`, created if need be, held until the descriptor
 * that is returned is closed or the process dies.  With `wait` false a lock
 * held by another gives -1 and EX_TEMPFAIL.
 */
int io_lock(const char *path, bool wait, struct error *e);

#endif
