#ifndef OMNI_STATUS_H
#define OMNI_STATUS_H

#include "base/config.h"
#include "store/ledger.h"

/*
 * How things stand: what waits, for how long, what is in doubt and what fails,
 * by channel and over all.  Reads the ledger and the spool, and writes nothing.
 *
 * Everything that is measured is one row of a table in status.c: its name, in
 * words, where it comes from, and the key of [status] that says how much of it
 * is too much.  Text, JSON and Prometheus' format print these rows, so that
 * another one needs no more than its row.
 */
enum status_unit {
	STATUS_COUNT,
	STATUS_SECONDS,		/* an age of what waits */
	STATUS_SINCE,		/* how long ago; for Prometheus never is no 0 */
	STATUS_PERCENT,
	STATUS_MONEY,		/* millionths */
	STATUS_BYTES,
	STATUS_ROOM,		/* bytes, of which there can be too few */
	STATUS_YES		/* 0 or 1 */
};

/* Also the exit status of omni-status. */
enum status_level { STATUS_WELL, STATUS_WARNING, STATUS_CRITICAL };

#define STATUS_NONE	(-1)	/* the oldest of nothing has no age */
#define STATUS_MEASURES	24

struct status_measure {
	const char *name;	/* in JSON; for Prometheus behind a prefix */
	const char *words;	/* the head of a column, or of a line */
	const char *help;
	enum status_unit unit;
	const char *limit;	/* key of [status], or NULL */
};

/* What one place, a channel or the site, has of each measure. */
struct status_place {
	struct status_place *next;
	const char *name, *type;	/* NULL: the site; not configured */
	bool active;
	int64_t values[STATUS_MEASURES];
};

/* When a program was last started, and last changed something. */
struct status_run {
	struct status_run *next;
	const char *program, *at;	/* NULL: it changed nothing lately */
	int64_t age, changes;
	int64_t started;		/* so long ago; or STATUS_NONE */
};

/* Open flags of one kind. */
struct status_flag {
	struct status_flag *next;
	const char *kind;
	int64_t count, age;		/* of the oldest */
};

/* One directory of the spool, as "inbound/new". */
struct status_folder {
	struct status_folder *next;
	const char *name;
	int64_t files, bytes;
};

/* What has reached a threshold. */
struct status_excess {
	struct status_excess *next;
	const struct status_place *place;
	const struct status_measure *measure;
	enum status_level level;
	int64_t value, limit;
};

struct status {
	struct config *config;
	struct ledger *ledger;
	struct arena *mem;
	char at[CLOCK_TEXT];
	struct status_place *channels, site;
	struct status_run *runs;
	struct status_flag *flags;
	struct status_folder *folders;
	struct status_excess *excesses, **last_excess;
	const char *clock;	/* why senders stop; or NULL */
};

/* The i-th measure of a channel, or of the site; NULL after the last. */
const struct status_measure *status_of_channel(size_t i);
const struct status_measure *status_of_site(size_t i);

/*
 * config, ledger and mem are the caller's; fills the rest.  -1 and EX_CONFIG
 * when what is critical would come before what is a warning.
 */
int status_take(struct status *s, struct error *e);
/* The gravest that was found. */
enum status_level status_level(const struct status *s);
const char *status_level_name(enum status_level level);

/* status_spool.c: what files and directories say. */
const char *status_path(struct status *s, const char *below);
int64_t status_age(instant t);
/* Without names that begin with a dot, and reasons; `oldest` by their names. */
int64_t status_files(struct status *s, const char *below, int64_t *oldest);
/* How long ago, by the file of the spool's run; or STATUS_NONE. */
int64_t status_file_age(struct status *s, const char *name);
/* Webhooks that were refused, as far back as they are counted. */
struct status_refusals {
	int64_t all, day;	/* that of 24 hours */
	instant first;		/* if there are any */
};
struct status_refusals status_refusals(struct status *s);
void status_find_folders(struct status *s);
void status_find_started(struct status *s);

/* status_print.c */
void status_text(const struct status *s, struct buf *out);
void status_json(const struct status *s, struct buf *out);
void status_prometheus(const struct status *s, struct buf *out);
/* One line on standard error for each that has reached its threshold. */
void status_complain(const struct status *s);

#endif
