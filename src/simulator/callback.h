#ifndef OMNI_SIMULATOR_CALLBACK_H
#define OMNI_SIMULATOR_CALLBACK_H

#include "emit.h"
#include "simulator.h"

/*
 * What a provider tells about a message after it was accepted.
 *
 * A message gets a plan: the statuses it goes through.  A thread of its own
 * takes each step when it is due: the message's status moves, and if somebody
 * wants to know, a request goes to them by libcurl, or into a file.
 */
struct callbacks *callbacks_start(struct simulator *s);
void callbacks_stop(struct callbacks *c);	/* frees it */
/*
 * Plans for a message that Twilio or WhatsApp accepted.  When all of its steps
 * are over, `ticket` of the hold is let go, unless it is 0.
 */
void callbacks_plan(struct callbacks *c, struct message *m, uint64_t ticket);
void callbacks_show(struct callbacks *c, struct buf *out);
/* Forgets what waits, and the counts. */
void callbacks_reset(struct callbacks *c);

/* plan.c: the statuses it goes through; the last may have an error */
#define STEPS_MAX	4

struct plan {
	const char *status[STEPS_MAX];	/* NULL: no more */
	size_t count;
	int error;		/* 0: none */
};

struct plan plan_of(const struct message *m);

/* call.c: what happens on the line */
/* "busy", "machine", "digits:1" and the like, which are of calls alone. */
bool call_is_answer(const char *what);
struct plan call_plan(const struct message *m);
/* Who answered, as Twilio's AnsweredBy; NULL: nobody yet, or not asked for. */
const char *call_answered_by(const struct message *m, const char *status);
/* The nth key, from 0, that is pressed; '\0': none. */
char call_key(const struct message *m, int n);
/*
 * The URL of the <Gather> in `twiml`, if there is one that will be called,
 * `pressed` or not; to be freed.
 */
char *call_gather(const char *twiml, bool pressed);
/* Whether Twilio was asked to tell of this status. */
bool call_is_told(const struct message *m, const char *status);

/* hook.c: the request that tells of one step, or of several */
struct hook {
	struct buf url, body;
	const char *type;
	char header[192];	/* with the signature */
	char host[280];		/* the header, if it is told elsewhere */
	int tries;		/* at most */
	bool any_failure;	/* retried, and not only failed connections */
};

struct step {
	int64_t due;		/* of clock_monotonic_ms() */
	uint64_t number;	/* in the order of planning */
	struct message *message;
	const char *status;
	int error;		/* 0: none */
	uint64_t ticket;
	/* Of a call: its place in the plan, or where a key is told. */
	int sequence;
	char *action;
	int keys;		/* how many times a key was asked for before */
	struct buf answer;	/* to what was told: how the call goes on */
	struct step *then;	/* waits for this one to be over */
	struct step *batch;	/* told in the same request */
	/* While it is told: */
	struct hook hook;
	int tried;
	bool repeated;
	struct curl_slist *headers;
};

/* False when nobody wants to know. */
bool hook_build(const struct simulator *s, struct step *e);
void hook_release(struct hook *h);
void hook_write(const struct hook *h, struct buf *raw);
/*
 * Where the request really goes: to the path of the URL at `server`, or if
 * that is NULL to the URL as it is.  False when that is not on loopback.
 */
bool hook_target(struct hook *h, const char *server, struct buf *url);

#endif
