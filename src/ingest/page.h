#ifndef OMNI_PAGE_H
#define OMNI_PAGE_H

#include "base/buf.h"
#include "base/config.h"
#include "ingest/link_choice.h"

/*
 * The pages behind the links in messages: HTML without a script, whose style
 * stands in it and is the only one that its policy lets through.  They know
 * nothing of the person: what can be read in them can be read by whoever
 * finds a link.  All of this is pure.
 */
#define PAGE_MAX	(128 * 1024)

enum page_kind {
	/* With a form; `token` is set. */
	PAGE_CONFIRM,
	PAGE_UNSUBSCRIBE,
	PAGE_PREFERENCES,
	/* What was chosen is kept. */
	PAGE_CONFIRMED,
	PAGE_DECLINED,
	PAGE_CALL_BACK,
	PAGE_UNSUBSCRIBED,
	PAGE_SAVED,
	/* It cannot be. */
	PAGE_EXPIRED,
	PAGE_FORGED,
	PAGE_NO_FORM,
	PAGE_LATER,
	PAGE_KINDS
};

struct page {
	const struct config *config;
	enum page_kind kind;
	enum link_purpose purpose;
	const char *language;		/* of page_pick_language() */
	const char *token;		/* good or expired; or NULL */
	/* What was entered and has to be entered again; or NULL. */
	const struct link_choice *entered;
};

void page_write(const struct page *p, struct buf *out);
/* The value of Content-Security-Policy for all of them. */
void page_policy(struct buf *out);
/*
 * "es" or "en": the one that was asked for in the URL, or that comes first in
 * Accept-Language, or that of the site.  Either may be NULL.
 */
const char *page_pick_language(const char *wanted, const char *accepted,
    const char *site);

#endif
