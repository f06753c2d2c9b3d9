#ifndef OMNI_INBOX_H
#define OMNI_INBOX_H

#include "base/config.h"
#include "message/queue.h"
#include "message/render.h"
#include "message/route.h"
#include "store/ledger.h"

/*
 * The conversations of all channels, for whoever looks after them: one for
 * each contact, and one for each address that is nobody's yet.  The terminal,
 * the page and the assistant's tools show and change them by these functions
 * only, so that they agree.
 *
 * What is shown is JSON; its members are those of omni-inbox(1).
 */
struct inbox {
	struct config *config;
	struct ledger *ledger;
	const char *author;	/* who acts: the journal has it */
	struct arena *mem;	/* of one request */
};

/* What to list.  A member that is NULL or 0 does not choose. */
enum inbox_kind {
	INBOX_OPEN,	/* neither resolved nor archived */
	INBOX_UNREAD,
	INBOX_MINE,	/* assigned to the author, and open */
	INBOX_ALL
};

struct inbox_choice {
	enum inbox_kind kind;
	const char *tag, *flag, *assignee;
	const char *before;	/* "cursor" of the last one shown */
	size_t limit;
};

#define INBOX_PAGE	50	/* shown unless another limit is asked for */
#define INBOX_PAGE_MAX	1000
#define INBOX_TEXT_MAX	4000	/* characters of an answer */
#define INBOX_TAG_MAX	64	/* bytes */
#define INBOX_TAGS_MAX	32

/* Whether a message of this author, or NULL, is by no person: assist, assist:mcp. */
bool inbox_is_assistant(const char *author);

/* False where there is no list of this name: open, unread, mine, all. */
bool inbox_kind_read(const char *name, enum inbox_kind *kind);

/* An array, whoever wrote last first. */
struct value *inbox_list(struct inbox *b, const struct inbox_choice *which);
/* Whether `before` of a list is a cursor. */
bool inbox_is_cursor(const char *s);

/*
 * The id of the conversation that `word` means: its own id, that of a contact,
 * who may have been merged into another, of a message or of a flag, or an
 * address, telephones as they are written in the site's region.  NULL and `e`
 * where there is none.  It lasts as long as the arena.
 */
const char *inbox_find(struct inbox *b, const char *word, struct error *e);

/*
 * One conversation with its last `count` messages, flags, reminders and with
 * what an answer could be.  `id` is of inbox_find().
 */
struct value *inbox_show(struct inbox *b, const char *id, size_t count);

/*
 * Which channel would carry an answer, whether words of one's own may go
 * there, until when, and whether the person sleeps: the member `reply` of
 * inbox_show().  `channel` NULL: the one that the person used last.
 */
struct value *inbox_prospect(struct inbox *b, const char *id,
    const char *channel);

/*
 * What changes a conversation.  Each is one transaction; 0, or -1 and `e` with
 * EX_REFUSED (there is no such thing, it cannot be) where nothing is changed.
 */
/* The author has read it, as far as the message `last`; NULL: all. */
int inbox_read(struct inbox *b, const char *id, const char *last,
    struct error *e);
/* A member and its new value: NULL takes it away, where that can be. */
int inbox_set(struct inbox *b, const char *id, const char *member,
    const char *value, struct error *e);
/* "+urgent", "-urgent". */
int inbox_tag(struct inbox *b, const char *id, const char *const *tags,
    size_t count, struct error *e);
/*
 * A message that is held goes out with the next run of its sender, in the
 * author's name if it is an answer, and that is refused with EX_TEMPFAIL where
 * somebody else has answered since it was written, or the person has written
 * again, unless `anyway`.
 */
int inbox_release(struct inbox *b, const char *id, bool anyway,
    struct error *e);
/* A message that is held or still waits is never sent. */
int inbox_cancel(struct inbox *b, const char *id, struct error *e);
/* A number of open_flag. */
int inbox_resolve(struct inbox *b, const char *flag, struct error *e);

struct inbox_reply {
	const char *conversation;	/* of inbox_find() */
	const char *id;		/* of the message; NULL: a new one */
	const char *channel;	/* a type or a name; NULL: the last one used */
	const char *text, *subject;
	/* Instead of a text, with values for its variables, or NULL. */
	const char *template;
	const struct value *vars;
	/* The last message that the author knows of; NULL: does not say. */
	const char *last;
	/*
	 * As far as this one the answer marks what came in as read; NULL: as
	 * `last` says, and all without that: "read" of the answer has it.
	 */
	const char *seen;
	bool now;		/* in quiet hours too: an answer just now */
	bool anyway;		/* although a colleague has answered */
	bool dry;		/* only shows what would go */
	const char *hold;	/* a person must release it: the reason */
	const char *author;	/* NULL: the inbox's */
	const char *type;	/* of what is no answer; NULL: "reply" */
	const char *not_before;	/* a time to come; NULL: now */
	/*
	 * Whether one more may go: asked within the transaction, so that of two
	 * at once the second knows of the first.  NULL: nobody asks.
	 */
	int (*permit)(void *ctx, struct error *e);
	void *ctx;
};

/*
 * An answer, through route, render and queue like every message: the record as
 * it was queued (or would be), the caller's.  NULL and `e` where it is
 * refused, with EX_TEMPFAIL where a colleague has answered; then nothing is in
 * the ledger.
 */
struct value *inbox_answer(struct inbox *b, const struct inbox_reply *a,
    struct error *e);

/*
 * What is held, the latest first: an array.  `before` is the "cursor" of the
 * last one shown, or NULL.
 */
struct value *inbox_held(struct inbox *b, const char *before, size_t limit);

/* Messages with these words, the latest first; an array like inbox_list(). */
struct value *inbox_search(struct inbox *b, const char *words, size_t limit,
    struct error *e);
/* After somebody was forgotten: what was indexed of them goes as well. */
int inbox_search_forget(struct config *c, struct error *e);

#endif
