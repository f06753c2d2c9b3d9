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
	STATUS_SECONDS,		/* an age */
	STATUS_PERCENT,
	STATUS_MONEY,		/* millionths */
	STATUS_BYTES,
	STATUS_YES		/* 0 or 1 */
};

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

struct status_run {
	struct status_run *next;
	const char *program, *at;
	int64_t age, changes;
};

/* What has reached its threshold. */
struct status_excess {
	struct status_excess *next;
	const struct status_place *place;
	const struct status_measure *measure;
	int64_t value, limit;
};

struct status {
	struct config *config;
	struct ledger *ledger;
	struct arena *mem;
	char at[CLOCK_TEXT];
	struct status_place *channels, site;
	struct status_run *runs;
	struct status_excess *excesses, **last_excess;
	const char *clock;	/* why senders stop; or NULL */
};

/* The i-th measure of a channel, or of the site; NULL after the last. */
const struct status_measure *status_of_channel(size_t i);
const struct status_measure *status_of_site(size_t i);

/* config, ledger and mem are the caller's; fills the rest. */
void status_take(struct status *s);
bool status_is_well(const struct status *s);

/* status_print.c */
void status_text(const struct status *s, struct buf *out);
void status_json(const struct status *s, struct buf *out);
void status_prometheus(const struct status *s, struct buf *out);
/* One line on standard error for each that has reached its threshold. */
void status_complain(const struct status *s);

#endif
