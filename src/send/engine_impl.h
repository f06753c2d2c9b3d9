#ifndef OMNI_ENGINE_IMPL_H
#define OMNI_ENGINE_IMPL_H

/* Shared by engine.c (attempts), doubt.c and sender.c (the program) only. */

#include <stdbool.h>
#include <stdint.h>

#include "base/program.h"
#include "message/policy.h"
#include "provider/provider.h"
#include "send/transport.h"
#include "store/ledger.h"

#define GROUP_MAX	1	/* attempts open at once: transfers go one by one */
#define PAGE		200	/* due messages read at a time */
#define BACKOFF_FIRST	60	/* seconds */
#define BACKOFF_MAX	3600
#define OUTAGE_LIMIT	3	/* transfers in a row that found nobody */
#define SWEEP_AGE	(36 * 3600)	/* of files in tmp/ */

/* One attempt on its way. */
struct flight {
	char id[256];
	int attempt;
	struct request request;
	struct response response;
	struct verdict verdict;
	bool built, flown;
	int segments;
	char cost[32], currency[16];
	instant created;
};

struct engine {
	struct config *config;
	struct ledger *ledger;
	const char *type, *name, *provider_name;
	const struct provider *provider;
	struct wire *wire;
	struct arena mem;
	struct flight flights[GROUP_MAX];
	size_t count;		/* open now */
	int64_t pause_ms, last_ms;
	bool quiet, setup_failed;
	int outages;		/* in a row */
	struct quiet quiet_times;
	struct spending spending;
	size_t held;		/* by this run, for what they would cost */
	char held_reason[160];
	char setup[ERROR_MAX];
};

/* engine.c: one message, one attempt. */
bool engine_is_stopping(void);
/* The set-up is wrong, or nobody is there: no more attempts in this run. */
bool engine_is_blocked(const struct engine *n);
void engine_catch_signals(void);
void engine_journal(struct engine *n, const char *op, const char *id,
    const char *reason, const char *due, bool bring_forward);
void engine_flag(struct engine *n, const char *kind, const char *id,
    const char *reason);
/* Lost on the way: the attempt stays open until something is known. */
void engine_doubt(struct engine *n, const char *id, int attempt,
    const char *reason);
/* Opts out whoever complained, by receipts that have just been joined in. */
void engine_hear(struct engine *n, const char *id);
/* The request, from the record that omni-queue took. */
int engine_build(struct engine *n, struct flight *f);
struct value *engine_result(const struct engine *n, const struct flight *f);
/*
 * One transaction: what the group that just flew brought, and the intents of
 * the next.  `ids` are tried in order until the group is full; returns how
 * many of them were looked at.
 */
size_t engine_turn(struct engine *n, const char *const *ids, size_t count);
/* The last group's results: a turn with no ids. */
void engine_land(struct engine *n);
void engine_send(struct engine *n, const char *const *ids, size_t count);

/* doubt.c: what a dead sender left, and what waited too long. */
void engine_recover(struct engine *n);
void engine_expire(struct engine *n);

#endif
