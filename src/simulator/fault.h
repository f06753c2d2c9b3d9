#ifndef OMNI_SIMULATOR_FAULT_H
#define OMNI_SIMULATOR_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "table.h"

/* Whom a request speaks to, and so which faults may meet it. */
enum scope {
	SCOPE_ALL,		/* every request that sends something */
	SCOPE_TWILIO,
	SCOPE_WHATSAPP,
	SCOPE_SES,
	SCOPE_NTFY,
	SCOPE_PUSH,
	SCOPE_SMTP,
	SCOPE_LLM,
	SCOPE_READ,		/* requests that only ask: lists, look-ups */
	SCOPE_MAX
};
const char *scope_name(enum scope s);

/* In two groups: what happens before a message is accepted, and after. */
enum fault {
	FAULT_NONE,
	FAULT_DOWN,
	FAULT_DROP_BEFORE,
	FAULT_ERROR_500,
	FAULT_ERROR_429,
	FAULT_REDIRECT,
	FAULT_UNAUTHORIZED,
	FAULT_DROP_AFTER,
	FAULT_TIMEOUT_AFTER,
	FAULT_ERROR_500_AFTER,
	FAULT_MALFORMED,
	FAULT_HALF,
	FAULT_HUGE,
	FAULT_MAX
};
const char *fault_name(enum fault f);
bool fault_is_before(enum fault f);

/*
 * The share of requests that each fault meets.  Which request it is depends
 * on the seed, on what the request is about, and on how often that was tried
 * before: another order of the same requests meets the same faults.
 */
struct faults {
	double share[SCOPE_MAX][FAULT_MAX];	/* below 0: as SCOPE_ALL */
	double delay_share;
	int64_t delay_ms;
	uint64_t seed;
	struct table tries;
};

void faults_init(struct faults *f, uint64_t seed);
void faults_none(struct faults *f);	/* none any more */
void faults_release(struct faults *f);
/*
 * name "error_500" or "twilio:error_500", value "0.05" or "5%"; or name
 * "delay", value "200" or "200@5%", in milliseconds.
 */
int faults_set(struct faults *f, const char *name, const char *value,
    struct error *e);

struct draw {
	enum fault fault;
	int64_t delay_ms;
	unsigned try;		/* 1 for the first */
};
struct draw faults_draw(struct faults *f, enum scope s, const char *key);
/* The fault is played for each and every request of that scope. */
bool fault_is_certain(const struct faults *f, enum scope s, enum fault kind);

#endif
