#ifndef OMNI_SIMULATOR_STORE_H
#define OMNI_SIMULATOR_STORE_H

#include <pthread.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/record.h"
#include "fault.h"
#include "journal.h"
#include "table.h"

/*
 * The messages that were accepted: in memory to be listed, and one line each
 * in accepted.ndjson, written before anything is answered.
 *
 * A message stays where it is until the store is released, also when it was
 * forgotten, since a callback may still be on its way.  `status`, `sent` and
 * `error` change; read and write them under the lock.
 */
struct message {
	enum scope provider;
	const char *kind;	/* "message" or "call" */
	const char *id;
	const char *to, *from, *body;
	const char *reference;	/* ours, or NULL */
	const char *callback;	/* URL, or NULL */
	const char *account, *service;
	const char *answer;	/* what was set for this recipient, or NULL */
	const char *events;	/* of a call, that are told; NULL: its end */
	bool detects;		/* of a call: who answers */
	int media, segments;
	instant created;
	instant sent;		/* 0: not yet */
	const char *status;
	int error;		/* 0: none */
	struct message *older, *older_to;
};

struct store {
	pthread_mutex_t lock;
	struct arena mem;
	struct table by_id, by_to;
	struct message *newest;
	uintmax_t count[SCOPE_MAX];	/* by provider; all in SCOPE_ALL */
	struct journal accepted;
};

/* Takes back what an earlier run accepted, if there is a directory. */
int store_open(struct store *s, int dir, struct error *e);
void store_close(struct store *s);
/* Copies `m` and all that it points to, writes it down, and lends the copy. */
struct message *store_add(struct store *s, const struct message *m);
/* NULL when it is not known, or not that kind. */
struct message *store_find(struct store *s, const char *id,
    const char *kind);
/* The newest message; of those to `to` if that is not NULL. */
struct message *store_newest(struct store *s, const char *to);
/* Forgets all; the files stay. */
void store_reset(struct store *s);

#endif
