#ifndef OMNI_ENGINE_IMPL_H
#define OMNI_ENGINE_IMPL_H

/*
 * Shared by the parts of the engine only: engine.c (what is on its way),
 * order.c (from the ledger to a request), outcome.c (from an answer to the
 * ledger), doubt.c, breaker.c, hosts.c, dry.c, mail_check.c, options.c and
 * sender.c (the program).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/program.h"
#include "message/links.h"
#include "message/policy.h"
#include "provider/provider.h"
#include "send/wire.h"
#include "store/ledger.h"

#define ROOM_MAX	256	/* transfers at once */
#define PAGE		200	/* due messages read at a time */
#define BACKOFF_FIRST	60	/* seconds */
#define BACKOFF_MAX	3600
#define SWEEP_AGE	(36 * 3600)	/* of files in tmp/ */

/*
 * What is to be done next: send a message, ask what became of one, or let a
 * person's telephone know that what they wrote has been read.
 */
enum job_kind {
	JOB_SEND,
	JOB_ASK,
	JOB_READ
};

struct job {
	enum job_kind kind;
	char id[256];
	int attempt;		/* of JOB_ASK */
	char sender[64];	/* as it was configured then; or empty */
	instant started, doubted;
};

/* One attempt on its way, or one question about an earlier one. */
struct flight {
	struct transfer transfer;	/* first: it is what the wire hands out */
	struct job job;
	int attempt;
	uint64_t number;	/* of this run's transfers */
	bool busy, landed;
	bool flown, redirected;
	bool window;		/* as the gate found it */
	struct verdict verdict;
	int segments;
	char cost[32], currency[16], to[TO_MAX];
	char token[LINK_MAIL_TOKEN];	/* of a mail; or empty */
	instant created, expires;
	/* Of a question: */
	char page[2048], found[256];
	size_t pages;
	bool answered, alike;	/* alike: something that may be ours is there */
};

/* A server that asked for a pause, of a provider that has many. */
#define HOSTS_MAX	16
struct host_pause {
	char server[SERVER_MAX];
	instant until;
};

struct breaker {
	bool half_open;		/* one probe, and all depends on it */
	int failures;		/* probes and runs that found nobody, in a row */
	int strikes;		/* since anything came back */
	uint64_t started;	/* transfers of this run */
	uint64_t good;		/* the last one of them that was answered */
	bool blocked, was_down;
	bool waits;		/* until the time for a probe */
	int64_t retry_after;	/* seconds that the provider asked for */
	instant until;		/* when it is tried again */
};

struct engine {
	struct config *config;
	struct ledger *ledger;
	const char *type, *name, *provider_name;
	const struct provider *provider;
	const struct credentials *who;	/* the wire's, or of a dry run */
	struct wire *wire;
	struct arena mem;
	/* What is on its way; `limit` grows from 1 to the room there is. */
	struct flight *flights;
	size_t room, limit, busy;
	/* Where jobs come from; false: there is none (any more). */
	bool (*next)(struct engine *n, struct job *job);
	struct job job;		/* the one that waits for its turn */
	bool has_job, dry;
	/* Pacing, by the monotonic clock: */
	int64_t pause_us, next_us, paused_until_ms;
	struct breaker breaker;
	struct host_pause pauses[HOSTS_MAX];
	size_t pause_count;
	bool quiet, dry_run, setup_failed, output_gone;
	bool check, ask_dns;	/* of mail: --check, --dns */
	const char *dns_server;
	int output_errno;
	struct links links;	/* of mail: the key of its tokens */
	bool tokens;		/* mails have them */
	struct quiet quiet_times;
	struct spending spending;
	size_t held;		/* by this run, for what they would cost */
	char held_reason[160];
	char setup[ERROR_MAX];	/* what is wrong with it, */
	char setup_id[256];	/* and the message that it was said of */
	/* Of "-": the result goes into the record. */
	struct value *result;
	bool keep_result;
	void *source;		/* of `next`: sender.c's or doubt.c's */
};

/* engine.c: what is on its way. */
bool engine_is_stopping(void);
/* The set-up is wrong, or nobody is there: no more attempts in this run. */
bool engine_is_blocked(const struct engine *n);
void engine_catch_signals(void);
/* Does what n->next brings until it brings no more, and waits for it all. */
void engine_run(struct engine *n);
/* What the ledger knows of the message, for the attempt that comes next. */
void engine_load(struct engine *n, struct flight *f, const struct gate *g);

/* order.c: what the mail's return path is to name it by. */
void order_name(const struct engine *n, struct flight *f);
/* The record that omni-queue took, and the request from it. */
int order_load(struct engine *n, const char *id, struct record *r,
    struct error *e);
/* What goes with its mail, in the place of the keys. */
int order_load_attachments(struct engine *n, struct record *r,
    struct error *e);
int order_build(struct engine *n, struct flight *f);
/* The next question about the attempt in doubt; -1: it cannot be asked. */
int order_ask(struct engine *n, struct flight *f);
/* The request that tells that message `id` has been read. */
int order_mark_read(struct engine *n, struct flight *f);
/* What its answer tells; true: there is another page to ask for. */
bool order_look(struct engine *n, struct flight *f);

/* outcome.c: what the ledger learns. */
void outcome_journal(struct engine *n, const char *op, const char *id,
    const char *reason, const char *due, bool bring_forward);
void outcome_flag(struct engine *n, const char *kind, const char *id,
    const char *reason);
/* Lost on the way: the attempt stays open until something is known. */
void outcome_doubt(struct engine *n, const char *id, int attempt,
    const char *reason);
/* Opts out whoever complained, by receipts that have just been joined in. */
void outcome_hear(struct engine *n, const char *id);
void outcome_finish(struct engine *n, struct flight *f);
struct value *outcome_result(const struct engine *n, const struct flight *f);

/* doubt.c: what a dead sender left, and what waited too long. */
void doubt_recover(struct engine *n);
/* Whether what the provider calls so is another attempt of ours. */
bool provider_id_is_anothers(struct engine *n, const char *provider_id,
    const char *id, int attempt);
/* [channel] max_age is over. */
bool engine_is_too_old(const struct engine *n, instant created);
/* A question has been answered, or could not be. */
void doubt_settle(struct engine *n, struct flight *f);
void engine_expire(struct engine *n);

/* mark_read.c: for [channel] mark_read. */
void mark_read(struct engine *n);
/* What came back; journals it. */
void mark_read_done(struct engine *n, struct flight *f);

/* breaker.c: an outage costs one probe, not one failure for each message. */
/* False: nobody is to be tried before n->breaker.until. */
bool breaker_open(struct engine *n);
void breaker_count(struct engine *n, const struct flight *f);
/* Journals what this run found, where that is news. */
void breaker_close(struct engine *n);

/* hosts.c: servers that ask for a pause, where messages go to several. */
/* Whether this answer is about one of them, and says nothing of the others. */
bool hosts_note(struct engine *n, const struct flight *f);
/* Whether the server of message `id` wants nothing before `until`. */
bool hosts_wait(struct engine *n, const char *id, instant *until);

/* dry.c: what would be sent on n->name, for -n.  The exit status. */
int dry_run(struct engine *n);
/* Where a page of what is due ended; priority -1 is before the first. */
struct due_place {
	int64_t priority;
	char due[CLOCK_TEXT], id[256];
};
size_t dry_page(struct engine *n, struct due_place *p, struct arena *mem,
    const char *ids[PAGE]);

/* mail_check.c: --check, with its exit status. */
int mail_check_run(struct engine *n, const struct program *p);

/*
 * options.c: reads the command line of a sender of n->type, and fills what it
 * says into both; ends the program where something is wrong.
 */
void engine_options(struct engine *n, struct program *p, int argc,
    char *argv[]);
/* Whether the command line names it, or nothing. */
bool engine_is_wanted(const struct program *p, const char *name);

#endif
