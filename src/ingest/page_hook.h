#ifndef OMNI_PAGE_HOOK_H
#define OMNI_PAGE_HOOK_H

#include "base/clock.h"
#include "base/config.h"
#include "ingest/page.h"

/*
 * What a web server's request for one of the pages behind links gets: pure,
 * but for reading the key.  A GET shows a page and changes nothing, since mail
 * scanners follow links; a POST is kept, and done by the drain.
 */
struct page_request {
	const char *path;	/* "/confirm" */
	const char *method;
	const char *query, *type, *accepted;	/* Accept-Language; or "" */
	const char *body;	/* of a POST */
	size_t len;
};

struct page_answer {
	const char *status;	/* "200 OK" */
	const char *why;	/* for the log, of what fails; else NULL */
	/* May only be sent once the request is safe; see page_hook_unkept(). */
	bool keep;
	struct buf headers;	/* lines that end in CRLF, for any status */
	struct buf body;	/* empty for HEAD; `length` is that of a GET */
	size_t length;
	/* For page_hook_unkept(). */
	struct page page;
};

#define PAGE_ANSWER_INIT { .headers = BUF_INIT(4096), \
    .body = BUF_INIT(PAGE_MAX) }
#define PAGE_METHODS	"GET, HEAD, POST"

/* Whether such a path is one of these. */
bool page_hook_is(const char *path);
void page_hook(struct config *c, const struct page_request *r, instant now,
    struct arena *mem, struct page_answer *out);
/* In the place of the answer to what could not be kept: 503. */
void page_hook_unkept(struct page_answer *out);
void page_answer_release(struct page_answer *a);

#endif
