#ifndef OMNI_ASSIST_IMPL_H
#define OMNI_ASSIST_IMPL_H

#include "assist.h"
#include "message/objection.h"
#include "message/onepass.h"
#include "provider/llm.h"

/* What the parts of src/assist share; nobody else includes it. */

#define ASSIST_AUTHOR	"assist"
#define ASSIST_DAY	86400

struct wire;

struct assist {
	struct config *config;
	struct ledger *ledger;
	const char *provider, *kind, *model;	/* as configured */
	struct value *tools;
	struct buf facts;
	struct wire *wire;
	struct onepass pass;
	char pause[ERROR_MAX];	/* why nobody is asked any more, or "" */
	bool setup;		/* ... until a person has acted */
};

/* A message that came in, as the ledger has it. */
struct story {
	const char *id, *conversation, *channel, *intent, *reminder;
	const char *language, *name, *topic;	/* may be NULL, as may be: */
	const char *text;
	struct asker asker;	/* event is the story's own: see below */
	struct value *event;
	int64_t row;
	bool unread;
	struct arena *mem;
};

/* story.c: false where there is no such message. */
bool story_load(struct assist *a, const char *id, struct arena *mem,
    struct story *out);
void story_release(struct story *s);
/* What was said before it, the oldest first; with this person only. */
struct value *story_turns(struct assist *a, const struct story *s);
/* What is ahead of this person. */
struct value *story_appointments(struct assist *a, const struct story *s);
/* Whether the same words came from there a day before at most. */
bool story_repeats(struct assist *a, const struct story *s);

/* Whether they have asked for a person, now or within the last day. */
bool story_wants_person(struct assist *a, const struct story *s);

/* facts.c: all *.md of the directory, in the order of their names. */
int facts_read(const char *dir, struct buf *out, struct error *e);

/* prompt.c */
void prompt_rules(struct assist *a, const struct story *s, struct buf *out);
void prompt_message(struct assist *a, const struct story *s,
    struct buf *out);

/* What the model made of it. */
enum proposal_kind {
	PROPOSAL_REPLY,
	PROPOSAL_STAFF		/* with a text, perhaps */
};
struct proposal {
	enum proposal_kind kind;
	const char *wish;	/* of PROPOSAL_STAFF, in words for staff */
	const char *text;	/* or NULL; lent from the arena */
};

/* proposal.c: -1 and why it is of no use, in words that hold none of its. */
int proposal_read(const struct llm_answer *answer, struct arena *mem,
    struct proposal *out, struct error *e);
/* Whether it says that something was done: no reader is to get that unread. */
bool proposal_promises(const char *text);

/* check.c: whether a reader may be given it, and why not. */
int check_text(struct config *c, const char *facts, const char *text,
    struct error *e);

/*
 * ask.c: the model's answer, from the ledger where it was asked before.  The
 * ledger is not open in between.
 */
enum ask_outcome {
	ASK_PROPOSED,
	ASK_UNUSABLE,	/* staff must see to it: `why` */
	ASK_LIMIT,	/* none today: `why` */
	ASK_LATER,
	ASK_SETUP
};
enum ask_outcome ask_model(struct assist *a, const struct story *s,
    struct proposal *out, struct error *why);

#endif
