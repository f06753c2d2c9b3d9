#ifndef OMNI_CGI_IMPL_H
#define OMNI_CGI_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/config.h"
#include "base/form.h"
#include "inbound_spool.h"

/* For the hooks: what comes on one path. */
#define CGI_BODY_BYTES	(2 * 1024 * 1024)	/* whatever max_body says */
#define CGI_SECRETS	2	/* kinds of secrets that a path may need */

struct cgi_request;
struct page_answer;

struct cgi_hook {
	const char *path, *methods;
	/* Of a body, with blanks between them; NULL: the hook sees to it. */
	const char *types;
	/* Read before anything that a stranger sent is looked at. */
	struct { const char *kind, *key; } secrets[CGI_SECRETS];
	void (*take)(struct config *c, struct cgi_request *r);
};

/* The one whose path this is, or NULL. */
const struct cgi_hook *cgi_find_hook(const char *path);

struct cgi_request {
	const struct cgi_hook *hook;
	const char *path, *method, *type;
	bool get;
	const char *url;		/* as the signature has it */
	struct buf body;
	struct form query;
	const char *challenge;		/* to be answered, if it is one */
	const char *signature;		/* read before any secret is */
	struct arena *mem;
	struct inbound_spool *spool;
};

/*
 * Takes the request that the environment and standard input are, up to its
 * answer.  The path has been found.
 */
_Noreturn void cgi_take(struct config *c, struct cgi_request *r);

/* Each ends the program with cgi_answer(). */
_Noreturn void cgi_twilio(struct config *c, struct cgi_request *r);
_Noreturn void cgi_whatsapp(struct config *c, struct cgi_request *r);
_Noreturn void cgi_ses(struct config *c, struct cgi_request *r);
/* A page for a person: whatever happens, it says what to do. */
_Noreturn void cgi_page(struct config *c, struct cgi_request *r);

/*
 * Ends the program: the web server has its answer, and all memory is free.
 * `why` goes to standard error, which is the server's log.
 */
_Noreturn void cgi_answer(const char *status, const char *type,
    const char *body, const char *why);
/* 403, counted: nobody who may has sent this. */
_Noreturn void cgi_refuse(const struct cgi_request *r, const char *why);
/* The same with a page, which a 403 is, too. */
_Noreturn void cgi_answer_page(const struct cgi_request *r,
    const struct page_answer *a);
/* A variable, or ""; one with control characters is a bad request. */
const char *cgi_environment(const char *name);
/*
 * All of the body, of at most `max` bytes and within the time limit: a slow
 * client holds a process.
 */
void cgi_read_body(struct config *c, struct cgi_request *r, size_t max);
/*
 * What is left of a body that was not wanted: a server that cannot get rid of
 * it (fcgiwrap) would lose the answer.  Not all of a huge one, nor for long.
 */
void cgi_discard_body(void);
/* [ingest] max_body */
size_t cgi_max_body(const struct config *c);
/*
 * Whether `fits` says so of the secret `key` of any section [provider] of this
 * kind.  Two numbers of one account need it only once.
 */
bool cgi_any_secret(struct config *c, const char *kind, const char *key,
    bool (*fits)(struct cgi_request *r, const char *secret),
    struct cgi_request *r);
/*
 * The request as it came: a few lines about it, an empty line, the body.  It
 * is the only copy until it is drained, so it is synced when this returns.
 */
void cgi_keep(const struct cgi_request *r);
/* The same, without an answer where it fails. */
int cgi_try_keep(const struct cgi_request *r, struct error *e);

#endif
