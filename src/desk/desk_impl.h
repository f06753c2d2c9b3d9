#ifndef OMNI_DESK_IMPL_H
#define OMNI_DESK_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/form.h"
#include "desk_text.h"
#include "message/inbox.h"

/*
 * Shared by the parts of the page only: desk.c (which request it is),
 * desk_request.c (body, token), desk_out.c (answers), desk_html.c, and a file
 * for each of the pages.
 */
/* 4000 characters of four bytes, each of which may be encoded as three. */
#define DESK_BODY_MAX	(64 * 1024)
#define DESK_QUERY_MAX	4096
#define DESK_PAGE_MAX	(32 * 1024 * 1024)
/*
 * Bytes of a text that are shown: so many messages of this length fit the page
 * even if every character has to be escaped.
 */
#define DESK_WORDS_MAX	(16 * 1024)
#define DESK_LINE_MAX	500
#define DESK_MESSAGES	200
#define DESK_USER_MAX	64	/* bytes */
#define DESK_ID		27	/* 26 hexadecimal digits and a NUL */

/* One request, and its answer as far as it is written. */
struct desk {
	struct config *config;
	struct arena *mem;
	struct inbox inbox;
	const char *user;	/* of the web server */
	bool may_write;		/* by their role */
	bool english;
	const char *path;
	struct form query, body;
	struct buf out;
	const char *token;	/* for forms; NULL: there can be none */
	const char *allow;	/* of a 405 */
	const char *stale;	/* a draft that was not released, or NULL */
	struct value *kept;	/* until the answer is written, or NULL */
};

/* A page each. */
_Noreturn void desk_list(struct desk *d);
_Noreturn void desk_search(struct desk *d);
_Noreturn void desk_conversation(struct desk *d);
_Noreturn void desk_flags(struct desk *d);
_Noreturn void desk_day(struct desk *d);
_Noreturn void desk_preview(struct desk *d);
_Noreturn void desk_send(struct desk *d);
_Noreturn void desk_act(struct desk *d);
/* After it is done: back to where the form was. */
_Noreturn void desk_act_back(struct desk *d, const char *id,
    const char *done);

/* desk_held.c: what waits for a person */
/* The list, from behind a cursor or NULL. */
void desk_put_held(struct desk *d, const char *before);
/*
 * The buttons of a message that is held; `back` "held": to that list, NULL: to
 * the conversation.
 */
void desk_put_release(struct desk *d, const struct value *message,
    const char *back);
_Noreturn void desk_release(struct desk *d, const char *message);
_Noreturn void desk_discard_draft(struct desk *d, const char *message);

/*
 * HTML.  The format has its own directives: %s a text, escaped; %q one for a
 * query, percent-encoded; %t an enum desk_text; %d an int64_t; %r what is HTML
 * already; %% a percent sign.
 */
void html(struct desk *d, const char *format, ...);
const char *desk_say(const struct desk *d, enum desk_text t);
/* <time>, of the site: "17:00" today, else with the day.  NULL: nothing. */
void html_time(struct desk *d, const char *at);
/* The same at another place. */
void html_time_at(struct desk *d, const char *zone, const char *at);
/* Without the day, where that is said elsewhere. */
void html_hour(struct desk *d, const char *at);
/* The text, or so much of it and an ellipsis; lent. */
const char *desk_cut(struct desk *d, const char *text, size_t max);
/* The words of a text from outside, its lines kept. */
void html_words(struct desk *d, const char *text);
/* <form> with the token in it; the caller closes it. */
void html_form(struct desk *d, const char *action, const char *class);
void html_hidden(struct desk *d, const char *name, const char *value);
/* An enum desk_text for a word of the ledger; `otherwise` for others. */
enum desk_text desk_word(const char *word, enum desk_text otherwise);
/* A word of the ledger in the reader's language; unknown ones as they are. */
void html_word(struct desk *d, const char *word);
/* Why something is as it is: the ledger's own words where none are known. */
void html_reason(struct desk *d, const char *reason);
/* The name of a channel's type. */
void html_channel(struct desk *d, const char *type);
/* How staff is called: [staff] name, else the name they log in with. */
const char *desk_name(const struct desk *d, const char *user);
/* Everything around <main>; `title` is a text, escaped here. */
void desk_open(struct desk *d, const char *title, const char *current);
_Noreturn void desk_close(struct desk *d, const char *status);
/* What was done, by the word that a redirect carries: "done=assigned". */
void desk_tell_done(struct desk *d);

/* Takes it, and lends it as long as there is no answer. */
const struct value *desk_keep(struct desk *d, struct value *v);

/* Answers.  Each ends the program; `why` goes to the web server's log. */
_Noreturn void desk_refuse(struct desk *d, const char *status,
    enum desk_text title, enum desk_text advice, const char *why);
_Noreturn void desk_redirect(struct desk *d, const char *location);
_Noreturn void desk_answer(struct desk *d, const char *status,
    const char *type, const char *more);

/* desk_request.c */
/* A variable, or "". */
const char *desk_variable(const char *name);
/* Reads the body into d->body; whatever is wrong is answered. */
void desk_read_form(struct desk *d);
/* What is left of a body that nobody wants, as far as it comes at once. */
void desk_discard(void);
/* The value of a field of the form or "". */
const char *desk_field(const struct desk *d, const char *name);
/* NULL where the ledger's key may not be read. */
const char *desk_token(struct desk *d, int days_ago);
bool desk_token_is_good(struct desk *d);

/* desk_show.c: a conversation, and an answer on its way */
struct desk_reply {
	const char *text, *template, *channel, *subject, *last, *id;
	const struct value *vars;
	bool now, anyway;
};

struct desk_trouble {
	enum desk_text what;
	const char *detail;	/* of the program, in English; or NULL */
	const struct value *colleague;	/* the message; or NULL */
};

/*
 * `r` NULL: nothing is written yet.  `preview` is what would be sent; NULL: the
 * form is shown.  `trouble` NULL: there is none.
 */
_Noreturn void desk_show(struct desk *d, const char *id,
    const struct desk_reply *r, const struct value *preview,
    const struct desk_trouble *trouble);
/* The conversation that the field or query `id` means; else it is answered. */
const char *desk_find(struct desk *d, const char *word);

/* desk_form.c: the box for an answer */
void desk_reply_form(struct desk *d, const struct value *shown,
    const struct desk_reply *r, const struct desk_trouble *trouble);
void desk_reply_preview(struct desk *d, const struct value *shown,
    const struct desk_reply *r, const struct value *preview);

#endif
