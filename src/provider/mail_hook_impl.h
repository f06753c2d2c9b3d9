#ifndef OMNI_MAIL_HOOK_IMPL_H
#define OMNI_MAIL_HOOK_IMPL_H

/*
 * Between the files mail_hook*.c, which are the only ones that know GMime.
 */
#include <gmime/gmime.h>

#include "base/buf.h"
#include "base/digest.h"
#include "provider/mail_hook.h"

struct mail_reading {
	const struct mail_envelope *env;
	GMimeMessage *message;
	const char *raw;
	size_t len;
	struct buf text, html;		/* of the first part of each */
	struct buf report, feedback;	/* parts of a report */
	struct buf original;		/* head of the mail that came back */
	struct buf inner, inner_original;	/* of a report in a report */
	struct value *attachments, *recipients, *tokens, *ids;
	bool disposition;		/* it tells that somebody has read it */
	bool is_report;			/* multipart/report */
	int parts;
	char key[DIGEST_HEX];
};

/* A header of the mail itself, decoded; never NULL. */
const char *mail_hook_header(const struct mail_reading *r, const char *name);
bool mail_hook_is_one_of(const char *s, const char *const *words,
    size_t count);

/* mail_hook_parts.c: fills `text` to `inner_original`, and `attachments`. */
void mail_hook_parts(struct mail_reading *r);
/* Who sends HTML alone has written it. */
const char *mail_hook_body(struct mail_reading *r);
/* The bytes behind the head, as they came, with no NUL in them. */
void mail_hook_raw_body(const struct mail_reading *r, struct buf *out);

/* mail_hook_origin.c: who wrote it */
bool mail_hook_from(struct mail_reading *r, char out[256]);
bool mail_hook_is_server(const struct mail_reading *r, const char *from);
/* RFC 3834, and what was there before it: NULL, or what gives it away. */
const char *mail_hook_automatic(const struct mail_reading *r,
    const char *from);

/* mail_hook_told.c: whom a bounce or a complaint tells of */
void mail_hook_told(struct mail_reading *r, const char *from,
    struct value *told);
/* The same for what a bounce or a complaint names of ours. */
void mail_hook_returned(struct mail_reading *r);
/* A complaint without a report, as Outlook.com sends them. */
bool mail_hook_is_bare_complaint(const struct mail_reading *r);

#endif
