#ifndef OMNI_PREVIEW_IMPL_H
#define OMNI_PREVIEW_IMPL_H

#include "base/arena.h"
#include "base/clock.h"
#include "message/preview.h"

/*
 * What the two forms of a preview share: preview.c makes the messages,
 * preview_facts.c says what there is to say about them, preview_text.c and
 * preview_html.c write.
 */

/* Something that the message itself does not show. */
struct preview_fact {
	struct preview_fact *next;
	const char *label, *text;
	bool block;		/* a text of its own, of several lines */
};

struct preview_template {
	struct preview *preview;
	const char *name;
	const struct template_set *set;	/* NULL: see `why` */
	struct error why;
	const char *stand_ins;	/* "contact, links"; what is not real */
	const char *moment;	/* "2026-11-23 10:30" */
	const char *zone;
};

struct preview_message {
	const struct preview_template *of;
	const char *language;	/* of the reader */
	const char *used;	/* of the text; NULL: there is none */
	const char *channel;	/* the type */
	const char *account;
	bool is_configured;	/* the account */
	const struct record *record;	/* as render_record() left it */
	/* Why it is refused; NULL: it is not. */
	const struct error *refusal;
	const char *code;
	const struct preview_fact *facts;
	struct arena *mem;	/* as long as the message */
};

/* Called in this order; `language` and `message` only for what has a set. */
struct preview_writer {
	void (*begin)(void *ctx, const struct preview_template *t);
	void (*language)(void *ctx, const struct preview_template *t,
	    const char *language);
	void (*message)(void *ctx, const struct preview_message *m);
	void (*end_language)(void *ctx, const struct preview_template *t);
	void (*end)(void *ctx, const struct preview_template *t);
	void *ctx;
};

void preview_walk(struct preview *p, const char *const *names,
    const struct preview_writer *w);

/* The facts about a message, taken from m->mem. */
const struct preview_fact *preview_facts(const struct preview_message *m);

/* What is true of the whole template, "class reminder; not active: ...". */
const char *preview_state(const struct preview_template *t,
    struct arena *mem);

/* The sender of a mail, the number of a text message; "" when unset. */
const char *preview_from(const struct preview_message *m);
/* "clock": [site] name, or what stands for it. */
const char *preview_site_name(const struct preview *p);

#endif
